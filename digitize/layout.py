"""Which lead is printed where: the joint explanation of lead labels, rows of ink, separators and Einthoven's law."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d

from digitize.arrange import Arrangement
from digitize.einthoven import measure_law
from digitize.errors import UnknownLayout
from digitize.explain import explain_labels
from digitize.inkrows import LABEL_LEAD_IN_MM, arrange_ink, arrange_strips, row_beats
from digitize.leftover import find_left_out
from digitize.panels import lay_panels
from digitize.rows import find_rows, keep_long, measure_coverage
from digitize.sheets import KnownSheet, load_layouts
from digitize.stages import Layout, Word
from digitize.striprows import MIN_NAMED_COVERAGE, LowerRow, find_strips

LABEL_REACH_MM = 14.0
"""How far above or below the baseline labels stand."""
NEAR_COST, FAR_COST = 0.004, 0.02
"""For each millimetre between label and row, and for each beyond half-way to the next row."""
FULL = 0.8
"""Coverage of a row that has all its ink."""
RIVAL = 2.0
"""Explanations within this of the best score are compared by Einthoven's law."""

LAW_FINE, LAW_POOR, LAW_BROKEN = 0.7, 0.4, -0.1
"""Of `measure_law`: leads that are named rightly and do not run into each other reach 0.8 to 1, others 0.5 at most; aVR
upside down falls below zero."""
_AVR = frozenset({"aVR", "I", "II"})


def recognise_layout(
    trace: NDArray[np.float32],
    px_per_mm: tuple[float, float],
    labels: tuple[Word, ...],
    hint: str | None = None,
    sure: NDArray[np.float32] | None = None,
) -> Layout:
    """Explain the sheet.

    Parameters
    ----------
    trace : ndarray of float32, shape (H, W)
    px_per_mm : (float, float)
    labels : tuple of Word
        Lead labels found anywhere on the upright sheet.
    hint : str, optional
        Name of the layout, when a person has named it; labels may then be missing altogether.
    sure : ndarray of float32, shape (H, W), optional
        From `Ink`: where dark grid lines hide the trace.

    Returns
    -------
    Layout
        Panels with the heights of their rows and where they begin and end. Leads that the sheet lacks are left out;
        traces that it does not take are told.

    Raises
    ------
    UnknownLayout
        When too few labels agree on any sheet, or the hint is not the name of one.
    """
    known = load_layouts()
    if hint is not None and hint not in known:
        raise UnknownLayout(f"No layout is called {hint!r}.", f"Known layouts: {', '.join(known)}.")
    sheets = [known[hint]] if hint else list(known.values())
    bodies = {sheet.rows: sheet for sheet in sorted(sheets, key=lambda s: -len(s.strips))}
    inked = keep_long(trace, px_per_mm, sure)
    explained = list(explain_labels(list(bodies.values()), labels, only_known=hint is not None))
    if not explained:
        found = arrange_ink(sheets[0], inked, px_per_mm) if hint else arrange_strips(inked, px_per_mm, labels)
        explained = [found] if found else []
    if not explained:
        raise UnknownLayout("The lead labels could not be read well enough to say which lead is which.")
    rivals = [a for a in explained if a.score > explained[0].score - RIVAL and a.sheet.rows != explained[0].sheet.rows]
    layouts = [
        lay_sheet(found, trace, inked, px_per_mm, labels, sheets, "hint" if hint else "labels")
        for found in (explained[0], *rivals[:1])
    ]
    layout = choose_layout(layouts, inked, px_per_mm)
    return replace(layout, left_out=find_left_out(layout, inked, px_per_mm))


def lay_sheet(
    found: Arrangement,
    trace: NDArray[np.float32],
    inked: NDArray[np.uint8],
    px_per_mm: tuple[float, float],
    labels: tuple[Word, ...],
    sheets: Sequence[KnownSheet],
    source: str,
) -> Layout:
    """Lay the rows, strips and panels of a sheet over the ink."""
    extent = found.x0_mm - LABEL_LEAD_IN_MM, found.x0_mm + found.sheet.columns * found.dx_mm
    coverage = measure_coverage(inked, px_per_mm, extent)
    baselines = place_rows(found, coverage, px_per_mm[1])
    lower = []
    for y in find_rows(coverage, px_per_mm[1], MIN_NAMED_COVERAGE):
        if y > baselines[-1]:
            beats = row_beats(inked, px_per_mm, baselines, y, extent, found.dy_mm / 2)
            lower.append(LowerRow(y, float(coverage[round(y * px_per_mm[1])]), beats))
    strips = find_strips(found, baselines, lower, labels, sheets)
    return lay_panels(found, baselines, strips, trace, inked, px_per_mm, source)


def place_rows(found: Arrangement, coverage: NDArray[np.float64], px_per_mm: float) -> list[float]:
    """Baselines of the sheet's rows, in mm: the labels stand at about one distance from all of them."""
    heights = np.array(found.rows_mm)
    reach = LABEL_REACH_MM if found.matched else 0.0
    offsets = np.arange(-reach, reach + 0.1, 0.2)
    # Labels nearer to the next row than to their own are rare, yet printed: all rows must then have their ink.
    near = min(reach, 0.48 * float(np.diff(heights).min())) if len(heights) > 1 else reach
    costs = NEAR_COST * np.abs(offsets) + FAR_COST * np.maximum(np.abs(offsets) - near, 0)
    smooth = np.convolve(coverage, np.hanning(int(3 * px_per_mm) | 1) / (1.5 * px_per_mm), mode="same")
    # A flat row, all of its ink on one height, does not outweigh one of tall beats.
    roomy = maximum_filter1d(np.minimum(smooth, FULL), int(3 * px_per_mm) | 1)
    at = np.arange(len(smooth)) / px_per_mm
    sums = [np.interp(heights - o, at, roomy + 0.1 * smooth, left=0, right=0).sum() for o in offsets]
    expected = heights - offsets[int(np.argmax(np.array(sums) - costs))]
    reach_mm = min(4.0, 0.25 * found.dy_mm)
    baselines = []
    for height in expected:
        around = np.abs(at - height) <= reach_mm
        baselines.append(float(at[around][np.argmax(coverage[around])]) if around.any() else float(height))
    return baselines


def choose_layout(layouts: list[Layout], inked: NDArray[np.uint8], px_per_mm: tuple[float, float]) -> Layout:
    """The layout whose limb leads obey Einthoven best, the first of several as good; aVR turned where the law says so.

    Its confidence is that of the labels, less where the law is broken.
    """
    laws = [measure_law(inked, px_per_mm, layout.panels) for layout in layouts]
    means = [float(np.mean(list(law.values()))) if law else None for law in laws]
    best = 0
    if len(layouts) > 1 and means[0] is not None and means[1] is not None:
        best = int(means[0] < LAW_POOR and means[1] > LAW_FINE)
    layout, law = turn_avr(layouts[best], laws[best], inked, px_per_mm)
    obeyed = float(np.mean(list(law.values()))) if law else LAW_FINE
    doubt = float(np.clip((LAW_FINE - obeyed) / LAW_FINE, 0, 1)) / 2
    return replace(layout, confidence=layout.confidence * (1 - doubt))


def turn_avr(
    layout: Layout, law: dict[frozenset[str], float], inked: NDArray[np.uint8], px_per_mm: tuple[float, float]
) -> tuple[Layout, dict[frozenset[str], float]]:
    """Name aVR -aVR, or the other way, where the law holds with it upside down and not as it is named."""
    if law.get(_AVR, 1.0) > LAW_BROKEN:
        return layout, law
    turned = {"aVR": "-aVR", "-aVR": "aVR"}
    panels = tuple(replace(p, lead=turned.get(p.lead, p.lead)) for p in layout.panels)
    other = measure_law(inked, px_per_mm, panels)
    if other.get(_AVR, -1.0) < LAW_FINE:
        return layout, law
    return replace(layout, panels=panels), other
