"""Frames drawn around lead labels: the trace runs into them, and their edges look like one."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import cv2
import numpy as np
from numpy.typing import NDArray

from digitize.frames import INKED, RIM_PX, SOLID
from digitize.runs import find_runs
from digitize.stages import Box, Ink, Sheet, Word

GAP_MM, SLACK_MM = 2.0, 0.6
"""A frame stands at most so far outside its letters, whose box is found to within the second."""
THICK_MM = 0.6
"""No frame is drawn thicker: what is darker around a label is a bar, or letters printed white on black."""
SAME_SOLID = 0.02
"""Rectangles are as well inked as each other within this."""
PAPER = 255

Run = tuple[int, int]
"""First and last pixel across a stroke, the latter not included."""


def drop_label_frames(sheet: Sheet, ink: Ink, labels: tuple[Word, ...]) -> tuple[Sheet, Ink]:
    """The sheet and its ink without frames around labels; what lies under them is not known.

    Parameters
    ----------
    sheet : Sheet
    ink : Ink
    labels : tuple of Word

    Returns
    -------
    Sheet, Ink
        The same where no label is framed.
    """
    inked = (ink.trace > INKED).astype(np.uint8)
    on_frame = np.zeros(inked.shape, np.uint8)
    for label in labels:
        _mark_frame(on_frame, inked, sheet.px_per_mm, label.box_mm)
    if not on_frame.any():
        return sheet, ink
    hidden = cv2.dilate(on_frame & inked, np.ones((2 * RIM_PX + 1,) * 2, np.uint8)) > 0
    rgb, trace, sure = sheet.rgb.copy(), ink.trace.copy(), ink.sure.copy()
    rgb[hidden], trace[hidden], sure[hidden] = PAPER, 0, 0
    return replace(sheet, rgb=rgb), replace(ink, trace=trace, sure=sure)


def _mark_frame(
    on_frame: NDArray[np.uint8], inked: NDArray[np.uint8], px_per_mm: tuple[float, float], box_mm: Box
) -> None:
    """Mark the four sides of the best inked rectangle around a box of letters, the largest of several as good."""
    sx, sy = px_per_mm
    left, top, right, bottom = (round(edge * (sx, sy)[k % 2]) for k, edge in enumerate(box_mm))
    x0, y0 = (max(0, edge - round(GAP_MM * scale)) for edge, scale in ((left, sx), (top, sy)))
    part = inked[y0 : bottom + round(GAP_MM * sy) + 1, x0 : right + round(GAP_MM * sx) + 1]
    left, top, right, bottom = left - x0, top - y0, right - x0, bottom - y0
    if min(left, top) < 0 or right >= part.shape[1] or bottom >= part.shape[0]:
        return  # the picture does not show all of the label
    # a stroke may waver by a pixel
    level, upright = (np.asarray(cv2.dilate(part, np.ones(size, np.uint8)), np.uint8) for size in ((3, 1), (1, 3)))
    rows = _find_sides(level[:, left:right].mean(axis=1), (top, bottom), px_per_mm[1])
    cols = _find_sides(upright[top:bottom].mean(axis=0), (left, right), px_per_mm[0])
    frames = [(*ys, *xs) for ys, xs in product(product(*rows), product(*cols))]
    drawn = [(_measure_sides(level, upright, frame), frame) for frame in frames]
    solid, frame = max(drawn, key=lambda d: (round(d[0] / SAME_SOLID), _area(d[1])), default=(0.0, None))
    if frame is None or solid < SOLID:
        return
    upper, lower, first, last = frame
    marked = on_frame[y0:, x0:]
    for run in (upper, lower):
        marked[slice(*run), first[0] : last[1]] = 1
    for run in (first, last):
        marked[upper[0] : lower[1], slice(*run)] = 1


def _measure_sides(level: NDArray[np.uint8], upright: NDArray[np.uint8], frame: tuple[Run, Run, Run, Run]) -> float:
    """How much of the least inked side of a rectangle is inked."""
    top, bottom, left, right = (_middle(run) for run in frame)
    sides = [level[y, left : right + 1] for y in (top, bottom)]
    sides += [upright[top : bottom + 1, x] for x in (left, right)]
    return min(float(side.mean()) for side in sides)


def _area(frame: tuple[Run, Run, Run, Run]) -> int:
    """A trace that runs through a frame makes smaller ones of it."""
    upper, lower, first, last = frame
    return (lower[0] - upper[0]) * (last[0] - first[0])


def _find_sides(cover: NDArray[np.float64], edges: tuple[int, int], px_per_mm: float) -> tuple[list[Run], list[Run]]:
    """Thin strokes along the letters, before them and behind: where ``cover`` says that ink runs all along."""
    gap, slack = GAP_MM * px_per_mm, SLACK_MM * px_per_mm
    runs = [run for run in find_runs(cover >= SOLID) if run[1] - run[0] - 2 <= THICK_MM * px_per_mm]
    before = [run for run in runs if edges[0] - gap <= _middle(run) <= edges[0] + slack]
    behind = [run for run in runs if edges[1] - slack <= _middle(run) <= edges[1] + gap]
    return before, behind


def _middle(run: Run) -> int:
    return (run[0] + run[1] - 1) // 2
