"""Where the middle of the pen was, sub-pixel, from the ink that a path visits.

On flat stretches that is the middle between the upper and the lower edge of the ink in each column; on steep strokes,
where a column holds the whole stroke, the middle between its left and right edge in each row. Tips reach to half a pen
width below the ink's own edge: what is lost there is lost of every R peak.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.signal import find_peaks

from digitize.runs import find_runs

EDGE = 0.5
"""Ink at the edge of a stroke: half of full, where a sharp edge lies after any symmetric blur."""
EDGE_PX = 4
"""How far past the path the edge of its ink is looked for: a pen's width."""
FINE = 2
"""Samples of the curve a column: 2 ms at 25 mm/s and 10 px per mm, the rate of the signal."""
STEEP = 2.0
"""A column that holds more than this many pen widths of ink is part of a steep stroke."""
HIDDEN_PX = 50
"""Longest stretch, 0.2 s at 25 mm/s, over which a trace is taken to run on a grid line that hides it."""
HIDDEN_SUPPORT = 0.5
SINGLE = 1.5
"""A row wider than this many usual stroke widths holds two strokes, or the trace beside it."""
MIN_SURE = 0.5
"""Ink on or beside a grid line nearly as dark is not told from the line."""


def draw_centreline(
    trace: NDArray[np.float32], sure: NDArray[np.float32], enters: NDArray[np.int64], leaves: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """The curve through the middle of the ink that a path visits.

    Parameters
    ----------
    trace, sure : ndarray of float32, shape (height, columns)
        See `Ink`.
    enters, leaves : ndarray of int, shape (columns,)
        Heights at which the path comes into and goes out of each column.

    Returns
    -------
    x_px, y_px, confidence : ndarray, shape (FINE * columns,)
        y is NaN where the path found no ink.
    """
    columns = trace.shape[1]
    first, last, support = find_ink_runs(trace, sure >= MIN_SURE, enters, leaves)
    has_ink = last >= first
    top, bottom = edge_heights(trace, first, last, has_ink)
    thickness = bottom - top
    pen_px = float(np.percentile(thickness[has_ink], 25)) if has_ink.sum() > 20 else 3.0
    climbs = np.abs(enters - leaves) > STEEP * pen_px
    steep = has_ink & (thickness > STEEP * pen_px)
    flat = has_ink & ~steep & ~climbs
    hidden = find_hidden(sure, enters, leaves, has_ink | climbs)
    x = [np.flatnonzero(flat).astype(np.float64), np.flatnonzero(hidden).astype(np.float64)]
    y = [((top + bottom) / 2)[flat], ((enters + leaves) / 2)[hidden]]
    support = np.where(hidden, HIDDEN_SUPPORT, support)
    rows_x, rows_y = cross_rows(trace, sure >= MIN_SURE, first, last, steep)
    x.append(rows_x)
    y.append(rows_y)
    points_x, points_y = np.concatenate(x), np.concatenate(y)
    at = np.clip(np.round(points_x * FINE).astype(np.int64), 0, FINE * columns - 1)
    count = np.bincount(at, minlength=FINE * columns)
    total = np.bincount(at, weights=points_y, minlength=FINE * columns)
    curve = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    tips = sorted((min(round(x * FINE), len(curve) - 1), y) for x, y in find_tips(top, bottom, steep, pen_px))
    for at_tip, tip_y in tips:
        curve[at_tip] = tip_y
    smooth_flanks(curve, steep, [at_tip for at_tip, _ in tips])
    curve = soften(curve, tips)
    return np.arange(FINE * columns) / FINE, curve, np.repeat(np.where(has_ink | hidden, support, 0.0), FINE)


def soften(curve: NDArray[np.float64], tips: list[tuple[int, float]]) -> NDArray[np.float64]:
    """Average neighbouring samples 1:2:1, for half a pixel's doubt of each edge is noise; tips keep their height."""
    known = np.flatnonzero(np.isfinite(curve))
    if len(known) < 3:
        return curve
    whole = np.interp(np.arange(len(curve)), known, curve[known])
    padded = np.pad(whole, 1, mode="edge")
    smooth = (padded[:-2] + 2 * padded[1:-1] + padded[2:]) / 4
    for at_tip, tip_y in tips:
        smooth[at_tip] = tip_y
    return np.where(np.isfinite(curve), smooth, np.nan)


def smooth_flanks(curve: NDArray[np.float64], steep: NDArray[np.bool_], tips: list[int]) -> None:
    """Let each steep stroke run one way between its ends and tips, in place.

    Where two merge, their middle is neither.
    """
    for begin, end in ((FINE * first, FINE * last) for first, last in find_runs(steep)):
        anchors = [max(begin - 1, 0), *(t for t in tips if begin <= t < end), min(end, len(curve) - 1)]
        for a, b in pairwise(anchors):
            known = a + np.flatnonzero(np.isfinite(curve[a : b + 1]))
            if len(known) < 3 or known[0] != a or known[-1] != b:
                continue
            if a in tips and b not in tips:  # always towards the tip
                known = known[::-1]
            values = curve[known]
            run = np.minimum.accumulate if values[-1] < values[0] else np.maximum.accumulate
            low, high = min(values[0], values[-1]), max(values[0], values[-1])
            curve[known] = np.clip(run(values), low, high)


def find_hidden(
    sure: NDArray[np.float32], enters: NDArray[np.int64], leaves: NDArray[np.int64], seen: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Columns in which a level path runs on a dark grid line, no longer than a trace may: it is there or nowhere."""
    columns = np.arange(sure.shape[1])
    on_line = (sure[enters, columns] < MIN_SURE) & (sure[leaves, columns] < MIN_SURE) & ~seen
    for begin, end in find_runs(~seen):
        if end - begin > HIDDEN_PX or begin == 0 or end == len(columns):
            on_line[begin:end] = False
    return on_line


def find_ink_runs(
    trace: NDArray[np.float32], sure: NDArray[np.bool_], enters: NDArray[np.int64], leaves: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """First and last pixel of the ink that the path touches in each column (last < first where none), and its mean."""
    height, columns = trace.shape
    upper, lower = np.minimum(enters, leaves), np.maximum(enters, leaves)
    rows = np.arange(height)[:, None]
    inked = (trace >= EDGE) & sure
    touched = (rows >= upper) & (rows <= lower) & inked
    has_ink = touched.any(axis=0)
    first = np.where(has_ink, touched.argmax(axis=0), 0)
    last = np.where(has_ink, height - 1 - touched[::-1].argmax(axis=0), -1)
    for x in np.flatnonzero(has_ink):  # to the stroke's own edges, not on into another row's stroke that touches it
        t, b = int(first[x]), int(last[x])
        highest, lowest = max(t - EDGE_PX, 0), min(b + EDGE_PX, height - 1)
        while t > highest and inked[t - 1, x]:
            t -= 1
        while b < lowest and inked[b + 1, x]:
            b += 1
        first[x], last[x] = t, b
    sums = np.concatenate([np.zeros((1, columns)), np.cumsum(trace, axis=0, dtype=np.float64)])
    index = np.arange(columns)
    inside = sums[np.maximum(last + 1, 0), index] - sums[first, index]
    return first, last, inside / np.maximum(last - first + 1, 1)


def edge_heights(
    trace: NDArray[np.float32], first: NDArray[np.int64], last: NDArray[np.int64], has_ink: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Upper and lower edge of each column's ink, where it crosses `EDGE`; NaN where there is none."""
    padded = np.pad(trace, ((1, 1), (0, 0)))
    x = np.arange(trace.shape[1])
    above = _beyond(padded[first + 1, x], padded[first, x])
    below = _beyond(padded[last + 1, x], padded[np.minimum(last + 2, len(padded) - 1), x])
    return np.where(has_ink, first - above, np.nan), np.where(has_ink, last + below, np.nan)


def _beyond(inside: NDArray[np.float32], outside: NDArray[np.float32]) -> NDArray[np.float64]:
    """How far past the last inked pixel's middle the ink falls to `EDGE`, 0 to 1."""
    return np.asarray(np.clip((inside - EDGE) / np.maximum(inside - outside, 1e-3), 0, 1), np.float64)


def cross_rows(
    trace: NDArray[np.float32],
    sure: NDArray[np.bool_],
    first: NDArray[np.int64],
    last: NDArray[np.int64],
    steep: NDArray[np.bool_],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Middles, between left and right edge, of the rows of the steep strokes: points (x, y) of the curve.

    Rows in which two strokes run together, near a tip, are wider than one stroke and say nothing of either.
    """
    xs: list[NDArray[np.float64]] = []
    ys: list[NDArray[np.float64]] = []
    widths: list[NDArray[np.float64]] = []
    for begin, end in find_runs(steep):
        left, right = max(begin - 2, 0), min(end + 2, trace.shape[1])
        top, bottom = int(first[begin:end].min()), int(last[begin:end].max()) + 1
        block, clear = trace[top:bottom, left:right], sure[top:bottom, left:right]
        rows = np.arange(top, bottom)[:, None]
        own = (block >= EDGE) & clear & (rows >= first[left:right]) & (rows <= last[left:right])
        jumps = np.diff(np.pad(own, ((0, 0), (1, 1))).astype(np.int8), axis=1)
        r, starts = np.nonzero(jumps == 1)
        _, stops = np.nonzero(jumps == -1)
        value, known = np.pad(block, ((0, 0), (1, 1))), np.pad(clear, ((0, 0), (1, 1)))
        from_left = starts - _beyond(value[r, starts + 1], value[r, starts])
        to_right = stops - 1 + _beyond(value[r, stops], value[r, stops + 1])
        middle = (from_left + to_right) / 2 + left
        # Both edges must be seen: where one is hidden by a grid line the middle would be drawn to the other.
        whole = known[r, starts] & known[r, stops + 1] & (middle >= begin - 1) & (middle <= end)
        xs.append(middle[whole])
        ys.append((r + top)[whole].astype(np.float64))
        widths.append((to_right - from_left)[whole])
    if not xs:
        return np.empty(0), np.empty(0)
    width = np.concatenate(widths)
    single = width <= SINGLE * np.percentile(width, 30) if len(width) else np.empty(0, bool)
    return np.concatenate(xs)[single], np.concatenate(ys)[single]


def find_tips(
    top: NDArray[np.float64], bottom: NDArray[np.float64], steep: NDArray[np.bool_], pen_px: float
) -> list[tuple[float, float]]:
    """Peaks and troughs of steep strokes: column and height of the pen's middle there."""
    tips = []
    for edge, sign in ((top, -1.0), (bottom, 1.0)):
        height = np.where(np.isfinite(edge), sign * edge, -1e6)
        peaks, _ = find_peaks(height, prominence=pen_px, plateau_size=(1, None))
        for x in peaks:
            if steep[max(x - 1, 0) : x + 2].any():
                tips.append((float(x), float(sign * height[x] - sign * pen_px / 2)))
    return tips
