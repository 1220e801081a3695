"""The calibration pulse: a rectangle of one millivolt before or after the traces, the only drawn proof of gain.

A pulse is looked for as a shape, two legs and a top, of which each must be inked nearly throughout: print that is
broken, dots of the grid and a trace that begins at the right leg do not hide it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from digitize.runs import find_runs
from digitize.stages import Layout

STEP_MM = 0.2
"""Shapes are tried at this resolution."""
SEARCH_MM = 17.0
INTO_TRACE_MM = 4.0
"""Pulses are looked for this far outside the traces and a little into them."""
HEIGHT_MM = (4.2, 23.0)
WIDTH_MM = (1.6, 11.0)
BASE_MM = 3.0
"""The legs' feet stand within this height of the row's baseline."""
INK = 0.35
MIN_LEG, MIN_TOP = 0.8, 0.8
CLEAR_MM = (0.5, 1.3)
"""From here to here above the top there is nothing."""
MAX_STRAY = 0.35
MAX_INSIDE = 0.2
EDGE_MM = 0.5
SAME_X_MM, SAME_WIDTH_MM, AGREE = 1.5, 1.0, 0.08
EXACT = 0.05
"""Half a pulse, or one in a single row of several, must have a usual height to be believed."""
MIN_CUT_ROWS = 3
"""Half a pulse is believed when it stands in as many rows; a QRS can look like it in one or two."""
USUAL_GAINS_MM_MV = (2.5, 5.0, 10.0, 20.0, 40.0)
"""Pulses of one page stand below each other and are alike; the last is a part of their height."""


@dataclass(frozen=True)
class Pulse:
    """What the rows' pulses have in common.

    Attributes
    ----------
    height_mm, width_mm : float
    right_mm : float
        Where the right legs stand.
    rows : int
        In how many rows it was found.
    """

    height_mm: float
    width_mm: float
    right_mm: float
    rows: int


def find_pulse(trace: NDArray[np.float32], px_per_mm: tuple[float, float], layout: Layout) -> Pulse | None:
    """Look for rectangles beside the rows, and keep what most rows agree on.

    Parameters
    ----------
    trace : ndarray of float32, shape (H, W)
    px_per_mm : (float, float)
    layout : Layout

    Returns
    -------
    Pulse or None
        None too when a page of several rows shows it in one alone, poorly.
    """
    begin, end = min(p.x_mm[0] for p in layout.panels), max(p.x_mm[1] for p in layout.panels)
    by_row = []
    for baseline in sorted({p.baseline_mm for p in layout.panels}):
        found = []
        for x0, x1, outer in ((begin - SEARCH_MM, begin + INTO_TRACE_MM, 0), (end - INTO_TRACE_MM, end + SEARCH_MM, 1)):
            found.extend(_find_rectangles(trace, px_per_mm, baseline, (x0, x1), outer))
        by_row.append(found)
    best: list[_Shape] = []
    for seed in (shape for found in by_row for shape in found):
        alike = [max(same, key=lambda s: s.score) for f in by_row if (same := [s for s in f if _alike(s, seed)])]
        if sum(s.score for s in alike) > sum(s.score for s in best):
            best = alike
    if not best:
        return None
    height, left, right = (float(np.median([getattr(s, k) for s in best])) for k in ("height", "left", "right"))
    poor = best[0].cut or len(best) == 1 < len(by_row)
    if poor and min(abs(height / gain - 1) for gain in USUAL_GAINS_MM_MV) > EXACT:
        return None
    if best[0].cut and len(best) < min(MIN_CUT_ROWS, len(by_row)):
        return None
    return Pulse(height, right - left, right, len(best))


@dataclass(frozen=True)
class _Shape:
    left: float
    right: float
    height: float
    score: float
    cut: bool = False


def _alike(a: _Shape, b: _Shape) -> bool:
    same_width = abs((a.right - a.left) - (b.right - b.left)) < SAME_WIDTH_MM
    return same_width and abs(a.height / b.height - 1) < AGREE and abs(a.right - b.right) < SAME_X_MM


def _find_rectangles(
    trace: NDArray[np.float32],
    px_per_mm: tuple[float, float],
    baseline_mm: float,
    between_mm: tuple[float, float],
    outer: int,
) -> list[_Shape]:
    """Rectangles that stand on a row's baseline; ``outer`` says which leg, 0 or 1, is away from the trace."""
    ink, x0_mm, y0_mm = _cut(trace, px_per_mm, baseline_mm, between_mm)
    height, width = ink.shape
    if height < (HEIGHT_MM[0] + BASE_MM) / STEP_MM or width < 3 * WIDTH_MM[0] / STEP_MM:
        return []
    upright = cv2.dilate(ink, np.ones((1, 3), np.uint8))
    level = cv2.dilate(ink, np.ones((3, 1), np.uint8))
    down = np.vstack([np.zeros((1, width)), np.cumsum(upright, axis=0)])
    along = np.hstack([np.zeros((height, 1)), np.cumsum(level, axis=1)])
    base = (baseline_mm - y0_mm) / STEP_MM
    feet = np.arange(max(1, int(base - BASE_MM / STEP_MM)), min(height, int(base + BASE_MM / STEP_MM)) + 1)
    tops = np.arange(int(CLEAR_MM[1] / STEP_MM) + 1, height - int(HEIGHT_MM[0] / STEP_MM))
    length = feet[None, :] - tops[:, None]
    solid = (down[feet][None] - down[tops][:, None]) / np.maximum(length, 1)[..., None]
    solid[(length < HEIGHT_MM[0] / STEP_MM) | (length > HEIGHT_MM[1] / STEP_MM)] = 0
    above = [upright[t - int(CLEAR_MM[1] / STEP_MM) : t - int(CLEAR_MM[0] / STEP_MM)].mean(axis=0) for t in tops]
    # A leg is inked throughout and ends at its top; of all feet it may have, the lowest.
    fits = (solid >= MIN_LEG) & (np.array(above) <= MAX_STRAY)[:, None]
    reach = np.where(fits, length[..., None], 0).max(axis=1)
    edge = round(EDGE_MM / STEP_MM)
    shapes = []
    legs_at = _thin(np.where(fits, solid, 0).max(axis=(0, 1)))
    for left, right in _pairs(legs_at):
        for k in np.flatnonzero((reach[:, left] > 0) & (reach[:, right] > 0)):
            top, legs = int(tops[k]), (int(reach[k, left]), int(reach[k, right]))
            across = (along[top, right + 1] - along[top, left]) / (right + 1 - left)
            room = ink[top + 2 * edge : top + min(legs) - 2 * edge, left + edge + 1 : right - edge]
            stray = float(room.mean()) if room.size else 0.0
            if across >= MIN_TOP and stray <= MAX_INSIDE and min(legs) > 0.6 * max(legs):
                tall = _measure_height(ink, (left, right), (left, right)[outer], top, legs[outer])
                score = float(across - stray + solid[k, :, left].max() + solid[k, :, right].max())
                part = ink[top + edge : top + min(legs) - edge]
                a, b = (x0_mm + _centre(part, x) * STEP_MM for x in (left, right))
                shapes.append(_Shape(a, b, tall, score))
    if not shapes and not outer:
        for right in legs_at:
            for k in np.flatnonzero(reach[:, right] > 0):
                top, leg = int(tops[k]), int(reach[k, right])
                run = int(np.argmin(np.append(level[top, : right - 1][::-1] > 0.5, False)))
                room = ink[top + 2 * edge : top + leg - 2 * edge, max(0, right - run) : right - edge]
                if run * STEP_MM >= WIDTH_MM[0] and room.size and room.mean() <= MAX_INSIDE / 2:
                    tall = _measure_height(ink, (right - run, right), int(right), top, leg)
                    middle = x0_mm + _centre(ink[top + edge : top + leg - edge], int(right)) * STEP_MM
                    shapes.append(
                        _Shape(middle - run * STEP_MM, middle, tall, float(solid[k, :, right].max()), cut=True)
                    )
    return [s for s in shapes if HEIGHT_MM[0] <= s.height <= HEIGHT_MM[1]]


def _thin(solid: NDArray[np.float64]) -> list[int]:
    """One column for each upright stroke: where it is inked best, the middle of several as good."""
    best = []
    for start, stop in find_runs(solid > 0):
        top = start + np.flatnonzero(solid[start:stop] > solid[start:stop].max() - 0.02)
        best.append(int(top[len(top) // 2]))
    return best


def _pairs(legs: list[int]) -> Iterator[tuple[int, int]]:
    """Columns that may be the two legs of one pulse."""
    for k, left in enumerate(legs):
        for right in legs[k + 1 :]:
            if WIDTH_MM[0] <= (right - left) * STEP_MM <= WIDTH_MM[1]:
                yield left, right


def _centre(ink: NDArray[np.float32], column: int) -> float:
    """Middle of an upright stroke near a column, in pixels from the left edge."""
    around = np.arange(max(0, column - 2), min(ink.shape[1], column + 3))
    return float(np.average(around, weights=ink[:, around].sum(axis=0) + 1e-6)) + 0.5


def _measure_height(ink: NDArray[np.float32], legs: tuple[int, int], outer: int, top: int, length: int) -> float:
    """From the middle of the top stroke to that of the line on which the outer leg stands, in mm."""
    around = np.arange(max(0, top - 3), min(len(ink), top + 4))
    stroke = ink[around, legs[0] + 2 : legs[1] - 1].mean(axis=1) if legs[1] - legs[0] > 4 else ink[around, legs[0] + 1]
    middle = float(np.average(around, weights=stroke + 1e-6))
    pen = float(np.clip(stroke.sum(), 1, 3))
    leg = ink[:, max(0, outer - 1) : outer + 2].max(axis=1)
    near = round(1.0 / STEP_MM)
    ends = range(top + max(near, round(0.7 * length)), min(len(leg) - near, top + length + near))
    falls = [leg[y - near : y].mean() - leg[y : y + near].mean() for y in ends]
    foot = ends[int(np.argmax(falls))] if falls else top + length
    return (foot - pen / 2 - 0.5 - middle) * STEP_MM


def _cut(
    trace: NDArray[np.float32],
    px_per_mm: tuple[float, float],
    baseline_mm: float,
    between_mm: tuple[float, float],
) -> tuple[NDArray[np.float32], float, float]:
    """The part of the sheet where a row's pulse may stand, at `STEP_MM` a pixel, and where it begins."""
    sx, sy = px_per_mm
    x0, x1 = max(0, int(between_mm[0] * sx)), min(trace.shape[1], int(between_mm[1] * sx))
    y0 = max(0, int((baseline_mm - HEIGHT_MM[1] - 2) * sy))
    y1 = min(trace.shape[0], int((baseline_mm + BASE_MM + 2) * sy))
    size = max(0, round((x1 - x0) / sx / STEP_MM)), max(0, round((y1 - y0) / sy / STEP_MM))
    if min(size) < 1 or x1 <= x0 or y1 <= y0:
        return np.zeros((0, 0), np.float32), 0.0, 0.0
    part = cv2.resize(trace[y0:y1, x0:x1], size, interpolation=cv2.INTER_AREA)
    return np.clip(part / INK, 0, 1).astype(np.float32), x0 / sx, y0 / sy
