"""Traces that are printed and that the layout does not take: they must not be left out in silence."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from digitize.extents import PULSE_MM
from digitize.inkrows import row_beats
from digitize.record import Note
from digitize.rows import find_rows, measure_coverage
from digitize.stages import Box, Layout

APART = 0.5
"""Rows nearer than this part of the usual distance to one that is taken are its own high or low ink."""
SINGLE_APART_MM = 12.0
"""The same where there is only one row."""
BEYOND_MM = 25.0
"""A column of another lead lasts at least this long; a pulse is shorter."""
MIN_RUN = 0.8
"""Part of such a stretch along which a trace has ink."""
MIN_ROWS = 2


def find_left_out(layout: Layout, inked: NDArray[np.uint8], px_per_mm: tuple[float, float]) -> tuple[Box, ...]:
    """Where traces lie that belong to no panel.

    Parameters
    ----------
    layout : Layout
    inked : ndarray of uint8, shape (H, W)
        From `digitize.rows.keep_long`.
    px_per_mm : (float, float)

    Returns
    -------
    tuple of Box
        In mm: rows that beat above, between or below those of the layout, and columns before or after its own.
    """
    if not layout.panels:
        return ()
    baselines = sorted({p.baseline_mm for p in layout.panels})
    gap_mm = float(np.median(np.diff(baselines))) if len(baselines) > 1 else SINGLE_APART_MM / APART
    extent = min(p.x_mm[0] for p in layout.panels), max(p.x_mm[1] for p in layout.panels)
    boxes = []
    for y in find_rows(measure_coverage(inked, px_per_mm, extent), px_per_mm[1]):
        apart = np.abs(np.subtract(baselines, y)).min() > APART * gap_mm
        if apart and row_beats(inked, px_per_mm, baselines, y, extent, gap_mm / 2):
            boxes.append((extent[0], y - gap_mm / 2, extent[1], y + gap_mm / 2))
    return (*boxes, *_find_columns(layout, inked, px_per_mm, extent, gap_mm))


def _find_columns(
    layout: Layout,
    inked: NDArray[np.uint8],
    px_per_mm: tuple[float, float],
    extent: tuple[float, float],
    gap_mm: float,
) -> list[Box]:
    """Stretches before and after the panels along which most rows go on."""
    rows = sorted({p.baseline_mm for p in layout.panels if not p.strip})
    page_mm = inked.shape[1] / px_per_mm[0]
    boxes = []
    for start in (extent[0] - PULSE_MM[1] - BEYOND_MM, extent[1] + PULSE_MM[1]):
        first, last = start, start + BEYOND_MM
        if first < 0 or last > page_mm:
            continue
        stretch = inked[:, round(first * px_per_mm[0]) : round(last * px_per_mm[0])]
        coverage = measure_coverage(stretch, px_per_mm)
        bands = [(max(0, round((y - gap_mm / 4) * px_per_mm[1])), round((y + gap_mm / 4) * px_per_mm[1])) for y in rows]
        runs = sum(coverage[a:b].max(initial=0.0) > MIN_RUN for a, b in bands)
        if runs >= max(MIN_ROWS, len(rows) / 2):
            boxes.append((first, rows[0] - gap_mm / 2, last, rows[-1] + gap_mm / 2))
    return boxes


def tell_left_out(layout: Layout) -> tuple[Note, ...]:
    """A note where there are traces that the layout does not take."""
    places = len(layout.left_out)
    if not places:
        return ()
    message = f"Traces in {places} place{'s' * (places > 1)} belong to no lead of the {layout.name} sheet: left out."
    hint = "They are framed on the overlay. Name the layout with --layout if it is another."
    return (Note("trace_left_out", "warning", message, hint),)
