"""The calibration pulse: a rectangle of one millivolt before or after the traces, the only drawn proof of gain."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from digitize.stages import Layout

INK = 0.45
SEARCH_MM = 17.0
INTO_TRACE_MM = 9.0
"""Pulses are looked for this far outside the traces and a little into them: some stand inside the first panel."""
LEG_MM = (3.5, 22.5)
WIDTH_MM = (2.0, 11.5)
MIN_TOP_INK = 0.7
SAME_MM = 0.6
AGREE = 0.12
"""Pulses of one page are alike to within this part of their height."""


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


@dataclass(frozen=True)
class _Candidate:
    left: float
    right: float
    height: float


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
    """
    begin, end = min(p.x_mm[0] for p in layout.panels), max(p.x_mm[1] for p in layout.panels)
    rows = sorted({(p.row, p.baseline_mm) for p in layout.panels})
    by_row: list[list[_Candidate]] = []
    for _, baseline in rows:
        found = []
        for x0, x1 in ((begin - SEARCH_MM, begin + INTO_TRACE_MM), (end - INTO_TRACE_MM, end + SEARCH_MM)):
            found.extend(_find_rectangles(trace, px_per_mm, baseline, x0, x1))
        by_row.append(found)
    every = [c for found in by_row for c in found]
    best: list[_Candidate] = []
    for seed in every:
        alike = [
            min(same, key=lambda c: abs(c.left - seed.left))
            for found in by_row
            if (same := [c for c in found if _alike(c, seed)])
        ]
        if len(alike) > len(best):
            best = alike
    if not best or (len(best) < 2 and len(rows) > 1 and len(every) > 1):
        return None
    height, left, right = (float(np.median([getattr(c, k) for c in best])) for k in ("height", "left", "right"))
    return Pulse(height, right - left, right, len(best))


def _alike(a: _Candidate, b: _Candidate) -> bool:
    same_height = abs(a.height / b.height - 1) < AGREE
    return same_height and abs(a.left - b.left) < 4 and abs((a.right - a.left) - (b.right - b.left)) < 1.2


def _find_rectangles(
    trace: NDArray[np.float32], px_per_mm: tuple[float, float], baseline_mm: float, x0_mm: float, x1_mm: float
) -> list[_Candidate]:
    sx, sy = px_per_mm
    x0, x1 = int(max(0, x0_mm * sx)), int(min(trace.shape[1], x1_mm * sx))
    y0 = int(max(0, (baseline_mm - LEG_MM[1] - 4) * sy))
    y1 = int(min(trace.shape[0], (baseline_mm + 5) * sy))
    if x1 - x0 < 3 * sx or y1 - y0 < 4 * sy:
        return []
    inked = (trace[y0:y1, x0:x1] > INK).astype(np.uint8)
    inked = cv2.morphologyEx(inked, cv2.MORPH_CLOSE, np.ones((round(0.7 * sy) | 1, 1), np.uint8))
    legs = _find_legs(inked, sx, sy)
    pen_mm = 0.35
    tops = cv2.dilate(inked, np.ones((round(0.5 * sy) | 1, 1), np.uint8))
    found = []
    for i, (xa, top_a, bottom_a) in enumerate(legs):
        for xb, top_b, bottom_b in legs[i + 1 :]:
            width = (xb - xa) / sx
            level = abs(top_a - top_b) < SAME_MM * sy and abs(bottom_a - bottom_b) < 2.5 * SAME_MM * sy
            reaches = abs((bottom_a + bottom_b) / 2 + y0 - baseline_mm * sy) < 4 * sy
            if not (WIDTH_MM[0] <= width <= WIDTH_MM[1] and level and reaches):
                continue
            top = round((top_a + top_b) / 2 + pen_mm / 2 * sy)
            across = tops[min(top, len(tops) - 1), xa:xb].mean()
            inner = np.s_[
                round(top + 1.2 * sy) : round(min(bottom_a, bottom_b) - 1.2 * sy),
                xa + int(0.8 * sx) : xb - int(0.8 * sx),
            ]
            middle = inked[inner]
            if across >= MIN_TOP_INK and (middle.size == 0 or middle.mean() < 0.15):
                height = min(bottom_a - top_a, bottom_b - top_b) / sy - pen_mm
                found.append(_Candidate((xa + x0) / sx, (xb + x0) / sx, height))
    return found


def _find_legs(inked: NDArray[np.uint8], sx: float, sy: float) -> list[tuple[int, int, int]]:
    """Upright strokes: column, top and bottom of each, in pixels of the window."""
    height, width = inked.shape
    run = np.zeros((height + 1, width), np.int32)
    for y in range(height):
        run[y + 1] = (run[y] + 1) * inked[y]
    length = run.max(axis=0)
    bottom = run.argmax(axis=0)
    legs = []
    x = 0
    enough = length >= LEG_MM[0] * sy
    while x < width:
        if not enough[x]:
            x += 1
            continue
        end = x
        while end < width and enough[end]:
            end += 1
        if end - x <= 1.6 * sx:
            best = x + int(np.argmax(length[x:end]))
            middle = round(float(np.average(np.arange(x, end), weights=length[x:end].astype(float))))
            legs.append((middle, int(bottom[best] - length[best]), int(bottom[best])))
        x = end
    return legs
