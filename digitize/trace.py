"""Panels to curves: follow the pen through the ink, sub-pixel, without ever inventing a stroke."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from digitize.stages import Curve, Ink, Layout, Panel, Word

INK_GAIN = 0.4
"""What a pixel that is all ink gains the path, against 1 that bare paper costs it: a stroke left out must cost, yet a
neighbouring row with more ink must not pay for the way there and back."""
THRESHOLD = 0.35
"""Ink at which a pixel neither gains nor costs."""
EDGE = 0.5
"""Ink at the edge of a stroke: half of full, where a sharp edge lies after any symmetric blur."""
REACH_ROWS = 1.15
"""How far from its baseline a trace is followed, in row gaps: a tall QRS crosses into the next row."""
REACH_MM = 42.0
GAP_MM = 0.8
"""A path over bare paper for longer than this is no trace."""
OWN_MM = 3.0
OWN_SHARE = 0.15
"""Ink along a row's baseline makes connected ink that row's, unless another row has several times as much of it."""
LABEL_MARGIN_MM = 0.3
SEPARATOR_MM = 0.45
"""Half the width blanked at a separator: what the stroke hides is not known."""
CLOSE_MM = 0.35


@dataclass(frozen=True, eq=False)
class Visited:
    """Ink that a row's path visits: first and last pixel per column, shape (columns,); support is the mean ink there."""

    top_px: NDArray[np.float64]
    bottom_px: NDArray[np.float64]
    support: NDArray[np.float64]


def trace_panels(ink: Ink, px_per_mm: tuple[float, float], layout: Layout, labels: tuple[Word, ...]) -> tuple[Curve, ...]:
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
    scored = score_pixels(ink.trace, px_per_mm, labels)
    baselines = sorted({(p.row, p.baseline_mm) for p in layout.panels})
    owners = own_ink(ink.trace, px_per_mm, [b for _, b in baselines])
    curves: list[Curve] = []
    for k, (row, baseline) in enumerate(baselines):
        panels = [p for p in layout.panels if p.row == row]
        gaps = [abs(b - baseline) for j, (_, b) in enumerate(baselines) if abs(j - k) == 1]
        reach = min([REACH_MM, *[REACH_ROWS * g for g in gaps]])
        mine = owners[k]
        row_ink = np.where(mine, ink.trace, 0)
        curves.extend(_trace_row(np.where(mine, scored, -1), row_ink, px_per_mm, panels, baseline, reach))
    return tuple(curves)


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


def score_pixels(
    trace: NDArray[np.float32], px_per_mm: tuple[float, float], labels: tuple[Word, ...]
) -> NDArray[np.float32]:
    """Score of each pixel for a path: positive on ink, negative on paper, at most 0 within a label's box."""
    score = (trace - THRESHOLD) / (1 - THRESHOLD)
    score = np.where(score < 0, score * ((1 - THRESHOLD) / THRESHOLD), score * INK_GAIN).astype(np.float32)
    for word in labels:
        left, top, right, bottom = word.box_mm
        x0, x1 = (int(round(v * px_per_mm[0])) for v in (left - LABEL_MARGIN_MM, right + LABEL_MARGIN_MM))
        y0, y1 = (int(round(v * px_per_mm[1])) for v in (top - LABEL_MARGIN_MM, bottom + LABEL_MARGIN_MM))
        box = score[max(y0, 0) : max(y1, 0), max(x0, 0) : max(x1, 0)]
        np.minimum(box, 0.02, out=box)
    return score


def _trace_row(
    score: NDArray[np.float32],
    trace: NDArray[np.float32],
    px_per_mm: tuple[float, float],
    panels: list[Panel],
    baseline_mm: float,
    reach_mm: float,
) -> list[Curve]:
    x0 = int(max(0, min(p.x_mm[0] for p in panels) * px_per_mm[0]))
    x1 = int(min(score.shape[1], max(p.x_mm[1] for p in panels) * px_per_mm[0] + 1))
    y0 = int(max(0, (baseline_mm - reach_mm) * px_per_mm[1]))
    y1 = int(min(score.shape[0], (baseline_mm + reach_mm) * px_per_mm[1]))
    window = np.s_[y0:y1, x0:x1]
    enters, leaves = follow_path(score[window], baseline_mm * px_per_mm[1] - y0)
    visited = measure_visited(trace[window], enters, leaves)
    y_px, confidence = draw_centreline(visited, px_per_mm)
    x_mm = (x0 + np.arange(x1 - x0)) / px_per_mm[0]
    y_mm = (y_px + y0) / px_per_mm[1]
    curves = []
    for panel in panels:
        left, right = panel.x_mm
        inside = (x_mm >= left) & (x_mm < right)
        y = np.where(inside, y_mm, np.nan)[inside]
        curves.append(Curve(panel, x_mm[inside], y, np.where(np.isfinite(y), confidence[inside], 0.0)))
    return curves


def follow_path(score: NDArray[np.float32], start_y: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The path from left to right that visits the most ink and the least paper.

    In each column the pen enters at one height, moves up or down through the pixels between, and leaves at another:
    all it passes counts, so a stroke that is not visited is a gain forgone, and a short cut over paper costs.

    Parameters
    ----------
    score : ndarray of float32, shape (height, columns)
    start_y : float
        Height near which the path begins.

    Returns
    -------
    enters, leaves : ndarray of int, shape (columns,)
        Pixel heights.
    """
    height, columns = score.shape
    heights = np.arange(height)
    value = -0.02 * np.abs(heights - start_y)
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
        value = np.maximum(gain_down, gain_up)
        came_from[x] = np.where(gain_down >= gain_up, from_down, from_up)
    enters, leaves = np.empty(columns, np.int64), np.empty(columns, np.int64)
    y = int(np.argmax(value - 0.02 * np.abs(heights - start_y)))
    for x in range(columns - 1, -1, -1):
        leaves[x] = y
        y = int(came_from[x, y])
        enters[x] = y
    return enters, leaves


def measure_visited(
    trace: NDArray[np.float32], enters: NDArray[np.int64], leaves: NDArray[np.int64]
) -> Visited:
    """Upper and lower edge, sub-pixel, of the ink that the path visits in each column."""
    height, columns = trace.shape
    top, bottom = np.minimum(enters, leaves), np.maximum(enters, leaves)
    rows = np.arange(height)[:, None]
    path = (rows >= top) & (rows <= bottom)
    inked = trace >= EDGE
    # The stroke in a column is the run of ink that the path touches, not only the pixels that it passed.
    touched = path & inked
    has_ink = touched.any(axis=0)
    first = np.where(has_ink, touched.argmax(axis=0), top)
    last = np.where(has_ink, height - 1 - touched[::-1].argmax(axis=0), bottom)
    edge_up, edge_down = np.empty(columns), np.empty(columns)
    for x in range(columns):
        t, b = int(first[x]), int(last[x])
        if has_ink[x]:
            while t > 0 and inked[t - 1, x]:
                t -= 1
            while b < height - 1 and inked[b + 1, x]:
                b += 1
        edge_up[x] = t - _crossing(trace[t, x], trace[t - 1, x] if t > 0 else 0.0)
        edge_down[x] = b + _crossing(trace[b, x], trace[b + 1, x] if b < height - 1 else 0.0)
    depth = np.where(path, trace, 0).sum(axis=0) / np.maximum(path.sum(axis=0), 1)
    return Visited(edge_up, edge_down, np.where(has_ink, np.maximum(depth, EDGE), depth))


def _crossing(inside: float, outside: float) -> float:
    """How far beyond the last inked pixel's centre the ink falls to `EDGE`."""
    if inside < EDGE:
        return 0.0
    return float((inside - EDGE) / max(inside - outside, 1e-6))


def draw_centreline(visited: Visited, px_per_mm: tuple[float, float]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where the middle of the pen was, from the upper and lower edge of what it drew.

    The upper edge is the curve dilated by the pen, the lower edge the curve eroded by it. Undoing each gives the curve
    closed and the curve opened by the pen: equal where it is wider than the pen, the former right at peaks and the
    latter right in troughs where it is narrower. Half a pen width lost at each R peak would be 5 % of a small one.

    Returns
    -------
    y_px, confidence : ndarray, shape (columns,)
        NaN where there is nothing to follow.
    """
    support = visited.support
    thickness = visited.bottom_px - visited.top_px
    inked = support >= EDGE
    pen_px = float(np.percentile(thickness[inked], 20)) if inked.sum() > 20 else 3.0
    radius = max(pen_px / 2, 0.5)
    closed = _erode(visited.top_px, radius, px_per_mm)
    opened = -_erode(-visited.bottom_px, radius, px_per_mm)
    # Heights grow downwards: `closed` is the smaller at peaks, `opened` the greater in troughs.
    y = (closed + opened) / 2
    apart = opened - closed > 0.8 * radius
    for first, last in _runs(apart):
        left, right = y[max(first - 1, 0)], y[min(last, len(y) - 1)]
        ends = np.linspace(left, right, last - first + 2)[1:-1]
        up, down = ends - closed[first:last], opened[first:last] - ends
        y[first:last] = np.where(up >= down, closed[first:last], opened[first:last])
    empty = ~inked
    y[empty] = np.nan
    gap = int(GAP_MM * px_per_mm[0])
    for first, last in _runs(empty):
        if last - first <= gap and first > 0 and last < len(y):  # a pen that skipped, not one that was lifted
            y[first:last] = np.linspace(y[first - 1], y[last], last - first + 2)[1:-1]
    return y, np.clip(support, 0, 1)


def _erode(top: NDArray[np.float64], radius: float, px_per_mm: tuple[float, float]) -> NDArray[np.float64]:
    """Lower an upper edge by a round pen: the lowest position (greatest y) that keeps the pen under it everywhere."""
    reach = int(np.floor(radius * px_per_mm[0] / px_per_mm[1]))
    shifted = [top + radius]
    for k in range(1, reach + 1):
        rise = np.sqrt(max(radius**2 - (k * px_per_mm[1] / px_per_mm[0]) ** 2, 0.0))
        for padded in (np.concatenate([np.full(k, -np.inf), top[:-k]]), np.concatenate([top[k:], np.full(k, -np.inf)])):
            shifted.append(padded + rise)
    return np.asarray(np.max(shifted, axis=0))


def _runs(mask: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First and one-past-last index of each stretch of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(np.int8), [0]])))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
