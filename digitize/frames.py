"""Frames drawn around rows or around the page, as plotting programs do: dark and straight like no trace, yet ink."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from digitize.stages import Ink

INKED = 0.35
MIN_WIDTH_MM, MIN_HEIGHT_MM = 30.0, 8.0
"""A frame holds at least a column of a row."""
SAME_MM = 1.0
"""Upper and lower edge begin and end at the same places, within this."""
SOLID = 0.9
"""Part of its sides that must be inked."""
RIM_PX = 1
"""What is cleared beside the frame's strokes: their soft edge."""

Edge = tuple[int, int, int]
"""Left, right and height of a level stroke, in pixels."""


def drop_frames(ink: Ink, px_per_mm: tuple[float, float]) -> Ink:
    """The ink without rectangles of straight strokes; what lies under them is not known.

    Parameters
    ----------
    ink : Ink
    px_per_mm : (float, float)

    Returns
    -------
    Ink
        The same where there is no frame.
    """
    inked = (ink.trace > INKED).astype(np.uint8)
    edges = find_edges(inked, round(MIN_WIDTH_MM * px_per_mm[0]))
    on_frame = np.zeros(inked.shape, np.uint8)
    for k, upper in enumerate(edges):
        for lower in edges[k + 1 :]:
            if lower[2] - upper[2] >= MIN_HEIGHT_MM * px_per_mm[1] and _make_frame(inked, upper, lower, px_per_mm):
                _mark(on_frame, upper, lower)
    if not on_frame.any():
        return ink
    # Only as thick as the strokes themselves: a trace that crosses the frame keeps what lies above and below it.
    strokes = on_frame & np.asarray(cv2.dilate(inked, np.ones((3, 3), np.uint8)), np.uint8)
    hidden = np.asarray(cv2.dilate(strokes, np.ones((2 * RIM_PX + 1,) * 2, np.uint8))) > 0
    trace, sure = ink.trace.copy(), ink.sure.copy()
    trace[hidden], sure[hidden] = 0, 0
    return replace(ink, trace=trace, sure=sure)


def find_edges(inked: NDArray[np.uint8], length_px: int) -> list[Edge]:
    """Level straight strokes at least so long, from the top."""
    joined = cv2.dilate(inked, np.ones((3, 1), np.uint8))  # a stroke may waver by a pixel
    level = cv2.morphologyEx(joined, cv2.MORPH_OPEN, np.ones((1, length_px), np.uint8))
    count, _, stats, _ = cv2.connectedComponentsWithStats(level, connectivity=8)
    boxes = [tuple(int(v) for v in stats[k, :4]) for k in range(1, count)]
    return sorted(((x, x + w - 1, y + h // 2) for x, y, w, h in boxes), key=lambda edge: edge[2])


def _make_frame(inked: NDArray[np.uint8], upper: Edge, lower: Edge, px_per_mm: tuple[float, float]) -> bool:
    """True when two level strokes are joined at both ends by upright ones."""
    near = SAME_MM * px_per_mm[0]
    if abs(upper[0] - lower[0]) > near or abs(upper[1] - lower[1]) > near:
        return False
    for x in ((upper[0] + lower[0]) // 2, (upper[1] + lower[1]) // 2):
        side = inked[upper[2] : lower[2] + 1, max(0, x - round(near)) : x + round(near) + 1]
        if not side.size or cv2.dilate(side, np.ones((1, 3), np.uint8)).mean(axis=0).max() < SOLID:
            return False
    return True


def _mark(on_frame: NDArray[np.uint8], upper: Edge, lower: Edge) -> None:
    """Bands along the four sides, as wide as a stroke may be."""
    left, right = min(upper[0], lower[0]), max(upper[1], lower[1])
    for y in (upper[2], lower[2]):
        on_frame[max(0, y - 3) : y + 4, left : right + 1] = 1
    for x in (left, right):
        on_frame[upper[2] : lower[2] + 1, max(0, x - 4) : x + 5] = 1
