"""Panels to curves: follow the pen through the ink, sub-pixel, without ever inventing a stroke."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from digitize.centreline import draw_centreline
from digitize.runs import find_runs
from digitize.separators import measure_separators
from digitize.stages import Box, Curve, Ink, Layout, Panel, Word

INK_GAIN = 0.4
"""What a pixel that is all ink gains the path, against 1 that bare paper costs it: a stroke left out must cost, yet a
neighbouring row with more ink must not pay for the way there and back."""
FOREIGN_GAIN = 0.25
"""Part of the gain that ink nearer to another row's baseline still brings: it is mostly that row's."""
UNSURE_COST = 0.2
"""Cost of a pixel on a dark grid line: a stroke crosses one for less than a pixel of paper, none runs along one."""
STRAY_MM = 6.0
STRAY_COST = 0.02
"""What a path pays in each column for each pixel that it runs further than this from its row's height: nothing for a
QRS, more than it could gain for a frame, a line of text or another row."""
THRESHOLD = 0.35
"""Ink at which a pixel neither gains nor costs."""
REACH_ROWS = 1.15
"""How far from its baseline a trace is followed, in row gaps: a tall QRS crosses into the next row."""
REACH_MM = 42.0
GAP_MM = 1.2
"""A path over bare paper for longer than this is no trace."""
OWN_MM = 3.0
OWN_SHARE = 0.15
"""Ink along a row's baseline makes connected ink that row's, unless another row has several times as much of it."""
LABEL_MARGIN_MM = 0.3
SEPARATOR_REACH_MM = 0.8
"""How near a panel's edge a stroke must stand to be a separator."""
SEPARATOR_SOLIDITY = 0.6
TALL_MM, RIM_PX = 25.0, 2
"""A separator taller than any tick is a rule drawn through the rows, and is hidden with its rim."""


def trace_panels(
    ink: Ink, px_per_mm: tuple[float, float], layout: Layout, labels: tuple[Word, ...]
) -> tuple[Curve, ...]:
    """Follow every row of the sheet and cut it into the curves of its panels.

    Parameters
    ----------
    ink : Ink
    px_per_mm : (float, float)
    layout : Layout
    labels : tuple of Word
        Their ink gains a path nothing.

    Returns
    -------
    tuple of Curve
        One for each panel; NaN where there is no ink to follow.
    """
    scored = score_pixels(ink, px_per_mm, labels)
    baselines = sorted({(p.row, p.baseline_mm) for p in layout.panels})
    owners = own_ink(ink.trace, px_per_mm, [b for _, b in baselines])
    curves: list[Curve] = []
    for k, (row, baseline) in enumerate(baselines):
        panels = [p for p in layout.panels if p.row == row]
        neighbours = [b for j, (_, b) in enumerate(baselines) if abs(j - k) == 1]
        reach = min([REACH_MM, *(REACH_ROWS * abs(b - baseline) for b in neighbours)])
        mine = owners[k]
        row_ink = Ink(np.where(mine, ink.trace, np.float32(0)), ink.sure.copy())
        row_score = np.where(mine, scored, np.float32(-1))
        for neighbour in neighbours:
            border = round((neighbour + baseline) / 2 * px_per_mm[1])
            beyond = np.s_[:border] if neighbour < baseline else np.s_[border:]
            row_score[beyond] = np.minimum(row_score[beyond], row_score[beyond] * FOREIGN_GAIN)
        hidden = hide_separators(row_score, row_ink, px_per_mm, panels, baseline)
        begin = min(p.x_mm[0] for p in panels)
        begin = max([begin, *(right for left, _, right, _ in hidden if left <= begin + SEPARATOR_REACH_MM)])
        for curve in _trace_row(row_score, row_ink, px_per_mm, panels, (baseline, begin), reach):
            y = _blank(curve, hidden)
            curves.append(replace(curve, y_mm=y, confidence=np.where(np.isfinite(y), curve.confidence, 0.0)))
    return tuple(curves)


def hide_separators(
    score: NDArray[np.float32], ink: Ink, px_per_mm: tuple[float, float], panels: list[Panel], baseline_mm: float
) -> list[Box]:
    """Mark the strokes between panels as hiding what lies under them; return them, in mm.

    A pulse's leg at the beginning of a row counts as one. ``score`` and ``ink.sure`` are changed in place.
    """
    hidden = []
    sx, sy = px_per_mm
    y = round(baseline_mm * sy)
    begin = min(p.x_mm[0] for p in panels)
    for boundary in sorted({edge for p in panels for edge in p.x_mm}):
        x0 = max(0, round((boundary - SEPARATOR_REACH_MM) * sx))
        x1 = round((boundary + SEPARATOR_REACH_MM) * sx) + 1
        strength = measure_separators(ink.trace[:, x0:x1], px_per_mm, [baseline_mm], both_arms=boundary != begin)
        strokes = np.flatnonzero(strength > SEPARATOR_SOLIDITY)
        if not len(strokes):
            continue
        left, right = max(x0 + int(strokes[0]) - 1, 0), x0 + int(strokes[-1]) + 2
        top, bottom = _stretch(np.median(ink.trace[:, left + 1 : right - 1], axis=1), y)
        tallest = _stretch(ink.trace[:, x0 + strokes].max(axis=1), y)
        if tallest[1] - tallest[0] > TALL_MM * sy:  # a rule through all rows: its blurred rim is as tall as it
            top, bottom = tallest
            left, right = max(left - RIM_PX, 0), right + RIM_PX
        score[top:bottom, left:right] = -UNSURE_COST
        ink.sure[top:bottom, left:right] = 0
        hidden.append((left / sx, top / sy, (right - 1) / sx, (bottom - 1) / sy))
    return hidden


def _stretch(stroke: NDArray[np.float32], middle: int) -> tuple[int, int]:
    """First and one-past-last row of the solid stretch around the middle; gaps of a grid line's width do not end it."""
    solid = stroke > SEPARATOR_SOLIDITY
    top = bottom = min(max(middle, 0), len(solid) - 1)
    for step, limit in ((-1, 0), (1, len(solid) - 1)):
        y, blank = middle, 0
        while y != limit and blank < 5:
            y += step
            blank = 0 if solid[y] else blank + 1
            if solid[y]:
                top, bottom = min(top, y), max(bottom, y)
    return max(top - 2, 0), bottom + 3


def _blank(curve: Curve, hidden: list[Box]) -> NDArray[np.float64]:
    """The curve's heights without those that lie under a separator."""
    y = curve.y_mm.copy()
    for left, top, right, bottom in hidden:
        y[(curve.x_mm >= left) & (curve.x_mm <= right) & (y >= top) & (y <= bottom)] = np.nan
    return y


def own_ink(
    trace: NDArray[np.float32], px_per_mm: tuple[float, float], baselines_mm: list[float]
) -> list[NDArray[np.bool_]]:
    """Which pixels each row may use: all but the connected ink that lies along another row's baseline and not its own.

    Ink that joins two rows, a tall QRS reaching its neighbour, is open to both.

    Returns
    -------
    list of ndarray of bool, shape (H, W)
        One for each baseline.
    """
    inked = (trace > THRESHOLD).astype(np.uint8)
    count, label = cv2.connectedComponents(inked, connectivity=8, ltype=cv2.CV_32S)
    half = round(OWN_MM * px_per_mm[1])
    along = np.zeros((len(baselines_mm), count), np.int64)
    for k, baseline in enumerate(baselines_mm):
        y = round(baseline * px_per_mm[1])
        along[k] = np.bincount(label[max(0, y - half) : y + half].ravel(), minlength=count)
    along[:, 0] = 0
    least = OWN_SHARE * along.max(axis=0)
    return [((along[k] > 0) & (along[k] >= least) | (along.max(axis=0) == 0))[label] for k in range(len(baselines_mm))]


def score_pixels(ink: Ink, px_per_mm: tuple[float, float], labels: tuple[Word, ...]) -> NDArray[np.float32]:
    """Score of each pixel for a path: positive on ink, negative on paper, at most 0 within a label's box.

    On a grid line as dark as the trace nothing is known: a path passes at little cost and gains nothing.
    """
    score = (ink.trace - THRESHOLD) / (1 - THRESHOLD)
    score = np.where(score < 0, score * ((1 - THRESHOLD) / THRESHOLD), score * INK_GAIN)
    score = (score * ink.sure - UNSURE_COST * (1 - ink.sure)).astype(np.float32)
    for word in labels:
        left, top, right, bottom = word.box_mm
        x0, x1 = (round(v * px_per_mm[0]) for v in (left - LABEL_MARGIN_MM, right + LABEL_MARGIN_MM))
        y0, y1 = (round(v * px_per_mm[1]) for v in (top - LABEL_MARGIN_MM, bottom + LABEL_MARGIN_MM))
        box = score[max(y0, 0) : max(y1, 0), max(x0, 0) : max(x1, 0)]
        np.minimum(box, 0.02, out=box)
    return np.asarray(score, np.float32)


def _trace_row(
    score: NDArray[np.float32],
    ink: Ink,
    px_per_mm: tuple[float, float],
    panels: list[Panel],
    home_mm: tuple[float, float],
    reach_mm: float,
) -> list[Curve]:
    """Follow one row, whose baseline and first millimetre after the pulse are ``home_mm``, and cut it into panels."""
    baseline_mm, begin_mm = home_mm
    x0 = int(max(0, round(begin_mm * px_per_mm[0])))
    x1 = int(min(score.shape[1], max(p.x_mm[1] for p in panels) * px_per_mm[0] + 1))
    y0 = int(max(0, (baseline_mm - reach_mm) * px_per_mm[1]))
    y1 = int(min(score.shape[0], (baseline_mm + reach_mm) * px_per_mm[1]))
    window = np.s_[y0:y1, x0:x1]
    enters, leaves = follow_path(score[window], baseline_mm * px_per_mm[1] - y0, STRAY_MM * px_per_mm[1])
    x_px, y_px, confidence = draw_centreline(ink.trace[window], ink.sure[window], enters, leaves)
    x_mm, y_mm = (x0 + x_px) / px_per_mm[0], (y0 + y_px) / px_per_mm[1]
    y_mm = _bridge(x_mm, y_mm)
    curves = []
    for panel in panels:
        left, right = panel.x_mm
        inside = (x_mm >= left) & (x_mm < right)
        y = np.where(inside, y_mm, np.nan)[inside]
        curves.append(Curve(panel, x_mm[inside], y, np.where(np.isfinite(y), confidence[inside], 0.0)))
    return curves


def follow_path(
    score: NDArray[np.float32], home_y: float, free_px: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The path from left to right that visits the most ink and the least paper.

    In each column the pen enters at one height, moves up or down through the pixels between, and leaves at another:
    all it passes counts, so a stroke that is not visited is a gain forgone, and a short cut over paper costs.

    Parameters
    ----------
    score : ndarray of float32, shape (height, columns)
    home_y : float
        Height of the row.
    free_px : float
        How far from there a path may run without paying for it.

    Returns
    -------
    enters, leaves : ndarray of int, shape (columns,)
        Pixel heights.
    """
    height, columns = score.shape
    heights = np.arange(height)
    stray = STRAY_COST * np.maximum(np.abs(heights - home_y) - free_px, 0)
    value = -stray
    came_from = np.empty((columns, height), np.int32)
    for x in range(columns):
        total = np.cumsum(score[:, x], dtype=np.float64)
        before = total - score[:, x]
        down = value - before
        best_down = np.maximum.accumulate(down)
        from_down = np.maximum.accumulate(np.where(down >= best_down, heights, 0))
        up = (value + total)[::-1]
        best_up = np.maximum.accumulate(up)
        from_up = (height - 1 - np.maximum.accumulate(np.where(up >= best_up, heights, 0)))[::-1]
        gain_down, gain_up = best_down + total, best_up[::-1] - before
        value = np.maximum(gain_down, gain_up) - stray
        came_from[x] = np.where(gain_down >= gain_up, from_down, from_up)
    enters, leaves = np.empty(columns, np.int64), np.empty(columns, np.int64)
    y = int(np.argmax(value))
    for x in range(columns - 1, -1, -1):
        leaves[x] = y
        y = int(came_from[x, y])
        enters[x] = y
    return enters, leaves


def _bridge(x_mm: NDArray[np.float64], y_mm: NDArray[np.float64]) -> NDArray[np.float64]:
    """Join the ends of gaps no longer than `GAP_MM`: a pen that skipped, not one that was lifted."""
    known = np.isfinite(y_mm)
    if known.sum() < 2:
        return y_mm
    joined = np.interp(x_mm, x_mm[known], y_mm[known], left=np.nan, right=np.nan)
    for first, last in find_runs(~known):
        if first > 0 and last < len(x_mm) and x_mm[last] - x_mm[first - 1] > GAP_MM:
            joined[first:last] = np.nan
    return np.asarray(joined, np.float64)
