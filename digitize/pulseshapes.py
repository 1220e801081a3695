"""What calibration pulses are made of: upright strokes on a row's baseline, level ones on top of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from digitize.runs import find_runs

STEP_MM = 0.2
"""Shapes are tried at this resolution."""
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
USUAL_GAINS_MM_MV = (2.5, 5.0, 10.0, 20.0, 40.0)
EXACT = 0.05
"""Half a pulse, a stair, or one in a single row of several, must have a usual height to be believed."""


@dataclass(frozen=True)
class Shape:
    """A pulse in one row: its legs and height in mm, how well it is inked, and whether its left half is missing."""

    left: float
    right: float
    height: float
    score: float
    cut: bool = False


def is_usual(height_mm: float) -> bool:
    """True for a height that is a usual gain's, to half a millimetre or better."""
    return min(abs(height_mm / gain - 1) for gain in USUAL_GAINS_MM_MV) <= EXACT


@dataclass(frozen=True, eq=False)
class Strokes:
    """Upright and level strokes beside a row, at `STEP_MM`.

    ``ink``, ``upright`` and ``level`` (height, width) are the ink and what strokes of either direction make of it;
    ``solid`` (foot, top, column) how well a leg from top to foot is inked, ``reach`` (top, column) how long a leg is,
    0 for none; ``legs_at`` their columns. ``outer`` says which leg of a pulse, 0 or 1, is away from the trace.
    """

    ink: NDArray[np.float32]
    upright: NDArray[np.float32]
    level: NDArray[np.float32]
    x0_mm: float
    outer: int
    tops: NDArray[np.int64]
    solid: NDArray[np.float64]
    reach: NDArray[np.int64]
    legs_at: list[int]


def find_strokes(
    trace: NDArray[np.float32],
    px_per_mm: tuple[float, float],
    baseline_mm: float,
    between_mm: tuple[float, float],
    outer: int,
) -> Strokes | None:
    """Legs that stand on a row's baseline; None where there is no room for any."""
    ink, x0_mm, y0_mm = _cut(trace, px_per_mm, baseline_mm, between_mm)
    height, width = ink.shape
    if height < (HEIGHT_MM[0] + BASE_MM) / STEP_MM or width < 3 * WIDTH_MM[0] / STEP_MM:
        return None
    upright = np.asarray(cv2.dilate(ink, np.ones((1, 3), np.uint8)), np.float32)
    level = np.asarray(cv2.dilate(ink, np.ones((3, 1), np.uint8)), np.float32)
    down = np.vstack([np.zeros((1, width)), np.cumsum(upright, axis=0)])
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
    legs_at = _thin(np.where(fits, solid, 0).max(axis=(0, 1)))
    return Strokes(ink, upright, level, x0_mm, outer, tops, solid, reach, legs_at)


def find_rectangles(strokes: Strokes) -> list[Shape]:
    """Rectangles of two legs and a top; where there is none, the halves that a page's edge may have left."""
    ink, level, tops, solid, reach = strokes.ink, strokes.level, strokes.tops, strokes.solid, strokes.reach
    x0_mm, outer = strokes.x0_mm, strokes.outer
    along = np.hstack([np.zeros((len(ink), 1)), np.cumsum(level, axis=1)])
    edge = round(EDGE_MM / STEP_MM)
    shapes = []
    for left, right in _pairs(strokes.legs_at):
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
                shapes.append(Shape(a, b, tall, score))
    if not shapes and not outer:
        for right in strokes.legs_at:
            for k in np.flatnonzero(reach[:, right] > 0):
                top, leg = int(tops[k]), int(reach[k, right])
                run = int(np.argmin(np.append(level[top, : right - 1][::-1] > 0.5, False)))
                room = ink[top + 2 * edge : top + leg - 2 * edge, max(0, right - run) : right - edge]
                if run * STEP_MM >= WIDTH_MM[0] and room.size and room.mean() <= MAX_INSIDE / 2:
                    tall = _measure_height(ink, (right - run, right), int(right), top, leg)
                    middle = x0_mm + _centre(ink[top + edge : top + leg - edge], int(right)) * STEP_MM
                    shapes.append(
                        Shape(middle - run * STEP_MM, middle, tall, float(solid[k, :, right].max()), cut=True)
                    )
    return [s for s in shapes if HEIGHT_MM[0] <= s.height <= HEIGHT_MM[1]]


def find_stairs(strokes: Strokes) -> list[tuple[Shape, float]]:
    """Stairs of two steps, the lower half as high, and the height of that."""
    found = []
    clear = round(EDGE_MM / STEP_MM)
    for left, right in _pairs(strokes.legs_at):
        ends = [_top_of(strokes, left, 1), _top_of(strokes, right, -1)]
        tops, legs = [top for top, _ in ends], [length for _, length in ends]
        high, low = min(tops), max(tops)
        if not min(legs) or low - high < HEIGHT_MM[0] / 2 / STEP_MM:
            continue
        first = tops[0] < tops[1]  # the higher step comes first
        for middle in range(left + clear, right - clear):
            a, b = ((left, middle), (middle, right)) if first else ((middle, right), (left, middle))
            riser = float(strokes.upright[high + 1 : low, middle].mean())
            steps = [float(strokes.level[y, x[0] : x[1] + 1].mean()) for y, x in ((high, a), (low, b))]
            below = strokes.ink[low + 2 * clear : low + min(legs) - clear, left + clear + 1 : right - clear]
            empty = below.size > 0 and below.mean() <= MAX_INSIDE
            if min(riser, *steps) >= MIN_TOP and empty:
                heights = [
                    _measure_height(strokes.ink, span, (left, right)[strokes.outer], y, length)
                    for span, y, length in ((a, high, max(legs)), (b, low, min(legs)))
                ]
                if all(is_usual(h) for h in heights) and abs(heights[1] / heights[0] - 0.5) < EXACT:
                    x0, x1 = (strokes.x0_mm + (x + 0.5) * STEP_MM for x in (left, right))
                    found.append((Shape(x0, x1, heights[0], riser + sum(steps)), heights[1]))
    return found


def _top_of(strokes: Strokes, column: int, inwards: int) -> tuple[int, int]:
    """Where a leg turns into a level stroke, and how long it is below; (0, 0) where it does nowhere."""
    beside = sorted((column + inwards, column + inwards * round(WIDTH_MM[0] / 2 / STEP_MM)))
    across = strokes.level[strokes.tops, beside[0] : beside[1] + 1].mean(axis=1)
    k = int(np.argmax(np.where(strokes.reach[:, column] > 0, across, -1)))
    return (int(strokes.tops[k]), int(strokes.reach[k, column])) if across[k] >= MIN_TOP else (0, 0)


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
