"""Sheets whose labels say little: a sheet that a person has named, and strips of one to three leads, by rows of ink."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from digitize.arrange import SPEEDS_MM_S, SYMMETRIC, Arrangement, anchor
from digitize.extents import measure_ends
from digitize.rows import beat_together, beats_alone, find_rows, measure_coverage
from digitize.sheets import PAGE_S, KnownSheet
from digitize.stages import Word

LABEL_LEAD_IN_MM = 1.0
"""A label's left edge stands this far right of where its panel begins, when no separator says better."""
MIN_TOGETHER = 0.25
"""A row that no label names must beat with the others."""
MAX_STRIPS = 3
MIN_STRIP_MM = 40.0
SURE_STRIP = 0.6
"""On a sheet of strips each must be named at least this surely: nothing else on it says that it is an ECG's."""
LABEL_X_MM, LABEL_Y_MM = (-14.0, 12.0), (-14.0, 10.0)
"""Where a strip's label stands, from the beginning of its ink and from its baseline."""
SAME_OFFSET_MM = 4.0
REACH_MM = 10.0
"""How far from its baseline a strip's beats are looked for."""


def row_beats(
    inked: NDArray[np.uint8],
    px_per_mm: tuple[float, float],
    baselines_mm: list[float],
    y_mm: float,
    extent_mm: tuple[float, float],
    reach_mm: float,
) -> bool:
    """True when a row beats with the others or, where their columns all show the same seconds, alone.

    Parameters
    ----------
    inked : ndarray of uint8, shape (H, W)
        From `digitize.rows.keep_long`.
    px_per_mm : (float, float)
    baselines_mm : list of float
        Of the other rows.
    y_mm : float
        Height of the row in question.
    extent_mm : (float, float)
        From where to where the rows run.
    reach_mm : float
        How far above and below ink is still the row's.
    """
    together = beat_together(inked, px_per_mm, baselines_mm, y_mm, extent_mm)
    return together >= MIN_TOGETHER or beats_alone(inked, px_per_mm, y_mm, extent_mm, reach_mm)


def arrange_ink(sheet: KnownSheet, inked: NDArray[np.uint8], px_per_mm: tuple[float, float]) -> Arrangement | None:
    """Lay a sheet that a person has named over the rows of ink alone; None when there are too few rows."""
    coverage = measure_coverage(inked, px_per_mm)
    page = 0.0, inked.shape[1] / px_per_mm[0]
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


def arrange_strips(
    inked: NDArray[np.uint8], px_per_mm: tuple[float, float], labels: tuple[Word, ...]
) -> Arrangement | None:
    """One to three long rows of ink, each with a label at its beginning; None when it is anything else."""
    rows: list[float] = []
    matched: list[tuple[int, int, Word]] = []
    for baseline in find_rows(measure_coverage(inked, px_per_mm), px_per_mm[1]):
        left, right = measure_ends(inked, px_per_mm, [baseline])
        if left is None or right is None or right - left < MIN_STRIP_MM:
            return None
        near = [
            w
            for w in labels
            if LABEL_X_MM[0] < anchor(w)[0] - left < LABEL_X_MM[1]
            and LABEL_Y_MM[0] < anchor(w)[1] - baseline < LABEL_Y_MM[1]
        ]
        word = max(near, key=lambda w: w.confidence, default=None)
        if word is None and not beats_alone(inked, px_per_mm, baseline, (left, right), REACH_MM):
            continue  # a line that frames the page or its grid
        if word is None or word.confidence < SURE_STRIP:
            return None
        matched.append((len(rows), 0, word))
        rows.append(baseline)
    if not 1 <= len(rows) <= MAX_STRIPS:
        return None
    chosen = {id(w) for _, _, w in matched}
    others = [w for w in labels if id(w) not in chosen and w.confidence > SURE_STRIP and w.text not in SYMMETRIC]
    if any(LABEL_Y_MM[0] < anchor(w)[1] - y < LABEL_Y_MM[1] for w in others for y in rows):
        return None  # other leads in these rows: a part of a larger sheet
    names = [w.text for _, _, w in matched]
    offsets = [anchor(w)[1] - y for (_, _, w), y in zip(matched, rows, strict=True)]
    if len(set(names)) < len(names) or max(offsets) - min(offsets) > SAME_OFFSET_MM:
        return None
    x0_mm = float(np.median([anchor(w)[0] for _, _, w in matched]))
    sheet = KnownSheet("", tuple((name,) for name in names), (), PAGE_S)
    return Arrangement(
        sheet, x0_mm, PAGE_S * SPEEDS_MM_S[0], tuple(anchor(w)[1] for _, _, w in matched), tuple(matched), 0.0
    )
