"""Which lead is printed where: the joint explanation of lead labels, rows of ink and separators by a known sheet."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d

from digitize.arrange import (
    LABEL_DX_MM,
    LABEL_DY_MM,
    SPEEDS_MM_S,
    SURE,
    SYMMETRIC,
    Arrangement,
    anchor,
    arrange_labels,
    count_contradictions,
)
from digitize.errors import UnknownLayout
from digitize.rows import beat_together, find_rows, keep_long, measure_coverage
from digitize.separators import find_columns
from digitize.sheets import KnownSheet, load_layouts
from digitize.stages import Layout, Panel, Word

USUAL_SPEED_MM_S = 25.0
LABEL_REACH_MM = 14.0
"""How far above or below the baseline labels stand."""
LABEL_LEAD_IN_MM = 1.0
"""A label's left edge stands this far right of where its panel begins, when no separator says better."""
MIN_LABELS = 3.0
"""Sum of the confidences of labels that must agree before a layout counts as read."""
CONTRADICTED = 2
"""Labels of other kinds at this many places make another sheet, of which nobody has told."""
SNAP = 0.03
STRIP_GAP = (0.35, 1.7)
"""A strip follows the row above it at this many times the usual distance of rows."""
MIN_STRIP_COVERAGE, MIN_NAMED_COVERAGE = 0.5, 0.3
SURE_STRIP = 0.85
"""II and III are misread for each other easily: less sure than this, the usual name stands."""
MIN_TOGETHER = 0.25
"""A strip that no label names must beat with the rows."""
MIN_SHOWN = 0.3
"""A row or column without a single label is there only when ink runs along this part of it."""

Lower = tuple[float, float, float]
"""Height of a row of ink below the sheet's rows, its coverage, and how well it beats with them."""


def recognise_layout(
    trace: NDArray[np.float32], px_per_mm: tuple[float, float], labels: tuple[Word, ...], hint: str | None = None
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

    Returns
    -------
    Layout
        Panels with the heights of their rows and where they begin and end. Leads that the sheet lacks are left out.

    Raises
    ------
    UnknownLayout
        When too few labels agree on any known sheet, or the hint is not the name of one.
    """
    known = load_layouts()
    if hint is not None and hint not in known:
        raise UnknownLayout(f"No layout is called {hint!r}.", f"Known layouts: {', '.join(known)}.")
    sheets = [known[hint]] if hint else list(known.values())
    bodies = {sheet.rows: sheet for sheet in sorted(sheets, key=lambda s: -len(s.strips))}
    arrangements = [a for sheet in bodies.values() if (a := arrange_labels(sheet, labels))]
    found = max(arrangements, key=lambda a: a.score, default=None)
    if found is None or found.weight < MIN_LABELS or count_contradictions(found, labels) >= CONTRADICTED:
        found = arrange_ink(sheets[0], trace, px_per_mm) if hint else None
    if found is None:
        raise UnknownLayout("The lead labels could not be read well enough to say which lead is which.")
    extent = found.x0_mm - LABEL_LEAD_IN_MM, found.x0_mm + found.sheet.columns * found.dx_mm
    coverage = measure_coverage(trace, px_per_mm, extent)
    baselines = place_rows(found, coverage, px_per_mm[1])
    inked = keep_long(trace, px_per_mm)
    lower = [
        (y, float(coverage[round(y * px_per_mm[1])]), beat_together(inked, px_per_mm, baselines, y, extent))
        for y in find_rows(coverage, px_per_mm[1], MIN_NAMED_COVERAGE)
        if y > baselines[-1]
    ]
    strips = find_strips(found, baselines, lower, labels, sheets)
    return lay_panels(found, baselines, strips, trace, px_per_mm, "hint" if hint else "labels")


def arrange_ink(sheet: KnownSheet, trace: NDArray[np.float32], px_per_mm: tuple[float, float]) -> Arrangement | None:
    """Lay a sheet that a person has named over the rows of ink alone; None when there are too few rows."""
    coverage = measure_coverage(trace, px_per_mm)
    inked = keep_long(trace, px_per_mm)
    page = 0.0, trace.shape[1] / px_per_mm[0]
    heights = find_rows(coverage, px_per_mm[1])
    others = [[z for z in heights if z != y] for y in heights]
    rows = np.array(
        [
            y
            for y, rest in zip(heights, others, strict=True)
            if rest and beat_together(inked, px_per_mm, rest, y, page) > MIN_TOGETHER
        ]
    )
    count = len(sheet.rows) + len(sheet.strips)
    if len(rows) < count:
        return None
    stacks = [rows[k : k + count] for k in range(len(rows) - count + 1)]
    gaps = [np.diff(stack) for stack in stacks]
    best = stacks[int(np.argmin([np.std(g) / np.mean(g) for g in gaps]))]
    ends = []
    for y in best:
        along = np.flatnonzero(inked[round((y - 3) * px_per_mm[1]) : round((y + 3) * px_per_mm[1])].any(axis=0))
        ends.append((along[0] / px_per_mm[0], along[-1] / px_per_mm[0]))
    left, right = np.median(ends, axis=0)
    # Before the traces there may be pulses, behind them nothing: what is too much is cut off at the left.
    widths = np.array([sheet.column_s * speed * sheet.columns for speed in SPEEDS_MM_S])
    fits = widths[widths < right - left + 5]
    width = float(fits.max()) if len(fits) else float(right - left)
    body = tuple(float(y) for y in best[: len(sheet.rows)])
    return Arrangement(sheet, float(right) - width + LABEL_LEAD_IN_MM, width / sheet.columns, body, (), 0.0)


def place_rows(found: Arrangement, coverage: NDArray[np.float64], px_per_mm: float) -> list[float]:
    """Baselines of the sheet's rows, in mm: the labels stand at about one distance from all of them."""
    heights = np.array(found.rows_mm)
    reach = min(LABEL_REACH_MM, 0.48 * float(np.diff(heights).min())) if found.matched else 0.0
    offsets = np.arange(-reach, reach + 0.1, 0.2)
    smooth = np.convolve(coverage, np.hanning(int(3 * px_per_mm) | 1) / (1.5 * px_per_mm), mode="same")
    roomy = maximum_filter1d(smooth, int(3 * px_per_mm) | 1)
    at = np.arange(len(smooth)) / px_per_mm
    sums = [np.interp(heights - o, at, roomy + 0.3 * smooth, left=0, right=0).sum() - 0.004 * abs(o) for o in offsets]
    expected = heights - offsets[int(np.argmax(sums))]
    reach_mm = min(4.0, 0.25 * found.dy_mm)
    baselines = []
    for height in expected:
        near = np.abs(at - height) <= reach_mm
        baselines.append(float(at[near][np.argmax(coverage[near])]) if near.any() else float(height))
    return baselines


def find_strips(
    found: Arrangement,
    baselines: list[float],
    lower: list[Lower],
    labels: tuple[Word, ...],
    sheets: Sequence[KnownSheet],
) -> list[tuple[str, float]]:
    """Rhythm strips below the rows: name and baseline of each.

    A strip without a label gets the name that a known sheet gives it; where none does, it is left out.
    """
    offset = float(np.median([anchor(w)[1] - baselines[r] for r, _, w in found.matched] or [0.0]))
    column = [w for w in labels if abs(anchor(w)[0] - found.x0_mm) < 1.5 * LABEL_DX_MM and w.confidence > SURE]
    last, strips = baselines[-1], list[tuple[str, float]]()
    names = {name for row in found.sheet.rows for name in row}
    for y, coverage, together in lower:
        near = [w for w in column if abs(anchor(w)[1] - y - offset) < LABEL_DY_MM and w.text in names]
        word = max(near, key=lambda w: w.confidence, default=None)
        label = word.text if word and (word.text not in SYMMETRIC or word.confidence > SURE_STRIP) else ""
        if not word and (coverage < MIN_STRIP_COVERAGE or together < MIN_TOGETHER):
            continue
        if y > last + STRIP_GAP[1] * found.dy_mm:  # a footer or a frame, not the next row
            break
        if y > last + STRIP_GAP[0] * found.dy_mm:
            strips.append((label, y))
            last = y
    named = max((k + 1 for k, (label, _) in enumerate(strips) if label), default=0)
    usual = {len(s.strips): s.strips for s in sheets if s.rows == found.sheet.rows}
    for count in range(len(strips), named - 1, -1):
        if count in usual and all(a in ("", b) for (a, _), b in zip(strips, usual[count], strict=False)):
            return [(name, y) for name, (_, y) in zip(usual[count], strips, strict=False)]
    return [(name, y) for name, y in strips if name]


def lay_panels(
    found: Arrangement,
    baselines: list[float],
    strips: list[tuple[str, float]],
    trace: NDArray[np.float32],
    px_per_mm: tuple[float, float],
    source: str,
) -> Layout:
    """Panels with their beginnings and ends: boundaries where separators stand, else by the labels."""
    columns, dx = found.sheet.columns, found.dx_mm
    width_mm, height_mm = trace.shape[1] / px_per_mm[0], trace.shape[0] / px_per_mm[1]
    nominal = min((found.sheet.column_s * s for s in SPEEDS_MM_S), key=lambda w: abs(np.log(dx / w)))
    if columns == 1 or abs(dx / nominal - 1) < SNAP:
        dx = nominal  # labels stand within a millimetre or two; the paper speed is surer than that
    begin, dx = find_columns(trace, px_per_mm, found.x0_mm - LABEL_LEAD_IN_MM, dx, columns, baselines)
    inked = keep_long(trace, px_per_mm)
    panels = []
    rows, cols = {r for r, _, _ in found.matched}, {c for _, c, _ in found.matched}
    for r, (row, y) in enumerate(zip(found.sheet.rows, baselines, strict=True)):
        for c, name in enumerate(row):
            left, right = max(begin + c * dx, 0.0), min(begin + (c + 1) * dx, width_mm)
            shown = 0 < y < height_mm and right - left > MIN_SHOWN * dx
            if shown and (not found.matched or (r in rows and c in cols) or _runs(inked, px_per_mm, left, right, y)):
                panels.append(Panel(name, r, c, (left, right), y, c * dx / USUAL_SPEED_MM_S))
    span = max(begin, 0.0), min(begin + columns * dx, width_mm)
    for k, (name, y) in enumerate(strips):
        panels.append(Panel(name, len(baselines) + k, 0, span, y, 0.0, strip=True))
    name = f"{len({p.row for p in panels if not p.strip})}x{len({p.column for p in panels if not p.strip})}"
    sure = sum(w.confidence for _, _, w in found.matched) / (len(found.sheet.rows) * columns)
    return Layout(f"{name}+{len(strips)}" if strips else name, tuple(panels), source, float(np.clip(sure, 0, 1)))


def _runs(
    inked: NDArray[np.uint8], px_per_mm: tuple[float, float], left_mm: float, right_mm: float, y_mm: float
) -> bool:
    """True when a trace runs along this stretch of a row."""
    top, bottom = (max(0, round((y_mm + d) * px_per_mm[1])) for d in (-3, 3))
    part = inked[top:bottom, round(left_mm * px_per_mm[0]) : round(right_mm * px_per_mm[0])]
    return bool(part.size and part.any(axis=0).mean() > MIN_SHOWN)
