"""Panels with their beginnings and ends: boundaries where separators stand, else by labels and the ends of the rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from digitize.arrange import SPEEDS_MM_S, Arrangement
from digitize.extents import PULSE_MM, SAME_MM, find_begin, measure_ends, measure_overhang
from digitize.inkrows import LABEL_LEAD_IN_MM
from digitize.separators import find_columns
from digitize.sheets import load_layouts
from digitize.stages import Layout, Panel
from digitize.striprows import Strip

USUAL_SPEED_MM_S = 25.0
SNAP = 0.03
COLUMN_S = (1.25, 2.0, 2.5, 3.0, 10 / 3, 4.0, 5.0, 6.0, 10.0)
"""Seconds that columns of other sheets last."""
MIN_SHOWN = 0.3
"""A row or column without a single label is there only when ink runs along this part of it."""
SAME_LENGTH_MM = 13.0
"""Rows of one column as long as a usual page, within this, are as long."""
MARK_MM, DOT_MM = 0.5, 0.127
"""What prints grid and traces together begins its rows on a line of the grid or half-way to the next; its separators
are moved to the nearest dot, up to half a one: so far from that they tell it, where 100 dots go to an inch."""


def lay_panels(
    found: Arrangement,
    baselines: list[float],
    strips: list[Strip],
    trace: NDArray[np.float32],
    inked: NDArray[np.uint8],
    px_per_mm: tuple[float, float],
    source: str,
) -> Layout:
    """Panels of a sheet laid over the ink.

    Parameters
    ----------
    found : Arrangement
    baselines : list of float
        Of the sheet's rows, in mm.
    strips : list of Strip
    trace : ndarray of float32, shape (H, W)
    inked : ndarray of uint8, shape (H, W)
        Its strokes alone, from `digitize.rows.keep_long`.
    px_per_mm : (float, float)
    source : str
        For the layout.
    """
    columns = found.sheet.columns
    begin, dx, marked = place_columns(found, baselines, inked, trace, px_per_mm)
    if not marked:
        heights = [*baselines, *(strip.baseline_mm for strip in strips)]
        begin += measure_overhang(trace, px_per_mm, heights, begin + columns * dx)
    begin = settle_begin(begin)
    width_mm, height_mm = trace.shape[1] / px_per_mm[0], trace.shape[0] / px_per_mm[1]
    panels, missing = [], []
    rows, cols = {r for r, _, _ in found.matched}, {c for _, c, _ in found.matched}
    for r, (row, y) in enumerate(zip(found.sheet.rows, baselines, strict=True)):
        for c, name in enumerate(row):
            left, right = max(begin + c * dx, 0.0), min(begin + (c + 1) * dx, width_mm)
            shown = 0 < y < height_mm and right - left > MIN_SHOWN * dx
            if shown and (not found.matched or (r in rows and c in cols) or _runs(inked, px_per_mm, left, right, y)):
                if name:
                    panels.append(Panel(name, r, c, (left, right), y, c * dx / USUAL_SPEED_MM_S))
            elif name:
                missing.append(name)
    span = max(begin, 0.0), min(begin + columns * dx, width_mm)
    for k, strip in enumerate(strips):
        below = len(baselines) + k
        panels.append(Panel(strip.name, below, 0, span, strip.baseline_mm, 0.0, strip=True, sure=strip.sure))
    shape = f"{len({p.row for p in panels if not p.strip})}x{len({p.column for p in panels if not p.strip})}"
    order = " Cabrera" if any(p.lead == "-aVR" for p in panels) else ""
    sure = sum(w.confidence for _, _, w in found.matched) / (len(found.sheet.rows) * columns)
    name = f"{shape}{order}+{len(strips)}" if strips else f"{shape}{order}"
    return Layout(name, tuple(panels), source, float(np.clip(sure, 0, 1)), tuple(missing))


def settle_begin(begin_mm: float) -> float:
    """Where rows begin, in mm, moved to the mark of the grid that is meant: time zero to a fraction of a sample."""
    mark_mm = round(begin_mm / MARK_MM) * MARK_MM
    return mark_mm if abs(begin_mm - mark_mm) <= DOT_MM else begin_mm


def place_columns(
    found: Arrangement,
    baselines: list[float],
    inked: NDArray[np.uint8],
    trace: NDArray[np.float32],
    px_per_mm: tuple[float, float],
) -> tuple[float, float, bool]:
    """Where the first column begins and how wide all are, in mm, and whether separators tell it."""
    columns = found.sheet.columns
    begin = found.x0_mm - LABEL_LEAD_IN_MM
    known = any(found.sheet.rows == sheet.rows for sheet in load_layouts().values())
    seconds = (found.sheet.column_s,) if known else COLUMN_S
    usual = [s * speed for speed in SPEEDS_MM_S for s in sorted(seconds, reverse=True)]
    if columns == 1:
        dx = measure_length(usual, measure_ends(inked, px_per_mm, baselines), begin)
    else:
        nominal = min(usual, key=lambda w: abs(np.log(found.dx_mm / w)))
        # Labels stand within a millimetre or two; the paper speed is surer than that.
        dx = nominal if abs(found.dx_mm / nominal - 1) < SNAP else found.dx_mm
    ends, sure = find_begin(inked, px_per_mm, baselines, begin, columns * dx)
    placed = find_columns(trace, px_per_mm, ends, dx, columns, baselines, sure)
    if sure or placed[2] or ends == begin:
        return placed
    by_labels = find_columns(trace, px_per_mm, begin, dx, columns, baselines)
    return by_labels if by_labels[2] else placed  # one end alone is no proof against labels with separators


def measure_length(usual_mm: list[float], ends_mm: tuple[float | None, float | None], begin_mm: float) -> float:
    """Length of rows of one column: a usual one that the ends of the ink allow, pulse or not, or what is there.

    Parameters
    ----------
    usual_mm : list of float
        The commonest first.
    ends_mm : (float or None, float or None)
        From `measure_ends`.
    begin_mm : float
        Where the labels put the beginning.
    """
    left, right = ends_mm
    if right is None:
        return usual_mm[0]
    if left is not None:
        spares = [(right - left - w, w) for w in usual_mm]
        fits = [w for spare, w in spares if abs(spare) <= SAME_MM or PULSE_MM[0] <= spare <= PULSE_MM[1]]
        if fits:
            return fits[0]
    nominal = min(usual_mm, key=lambda w: abs(w - right + begin_mm))
    return nominal if abs(nominal - right + begin_mm) < SAME_LENGTH_MM else right - begin_mm


def _runs(
    inked: NDArray[np.uint8], px_per_mm: tuple[float, float], left_mm: float, right_mm: float, y_mm: float
) -> bool:
    """True when a trace runs along this stretch of a row."""
    top, bottom = (max(0, round((y_mm + d) * px_per_mm[1])) for d in (-3, 3))
    part = inked[top:bottom, round(left_mm * px_per_mm[0]) : round(right_mm * px_per_mm[0])]
    return bool(part.size and part.any(axis=0).mean() > MIN_SHOWN)
