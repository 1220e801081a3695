"""The calibration pulse: a rectangle of one millivolt before or after the traces, the only drawn proof of gain.

A pulse is looked for as a shape, two legs and a top, of which each must be inked nearly throughout: print that is
broken, dots of the grid and a trace that begins at the right leg do not hide it. Where the chest leads have a gain of
their own their rows' pulses are of another height, or the pulse is a stair: one step for the limb leads, one for them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from digitize.pulseshapes import USUAL_GAINS_MM_MV, Shape, find_rectangles, find_stairs, find_strokes, is_usual
from digitize.stages import Layout

SEARCH_MM = 17.0
INTO_TRACE_MM = 4.0
"""Pulses are looked for this far outside the traces and a little into them."""
SAME_X_MM, SAME_WIDTH_MM, AGREE = 1.5, 1.0, 0.08
"""Pulses of one page stand below each other and are alike; the last is a part of their height."""
MIN_CUT_ROWS = 3
"""Half a pulse is believed when it stands in as many rows; a QRS can look like it in one or two."""


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
    chest_height_mm : float, optional
        Height in the rows of chest leads alone, or of a stair's lower step, where it is another.
    stair : bool
        True for a stair: that its lower step is the chest leads' is the custom, and nothing on the page says so.
    unclear : bool
        True when pulses in line with this one are of another usual height, and the rows do not tell whose they are.
    """

    height_mm: float
    width_mm: float
    right_mm: float
    rows: int
    chest_height_mm: float | None = None
    stair: bool = False
    unclear: bool = False


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
    rows = sorted({(p.baseline_mm, p.row) for p in layout.panels})
    strokes = [
        find_strokes(trace, px_per_mm, baseline, between, outer)
        for baseline, _ in rows
        for outer, between in enumerate(
            ((begin - SEARCH_MM, begin + INTO_TRACE_MM), (end - INTO_TRACE_MM, end + SEARCH_MM))
        )
    ]
    beside = [[s for s in strokes[k : k + 2] if s is not None] for k in range(0, len(strokes), 2)]
    by_row = [[shape for s in sides for shape in find_rectangles(s)] for sides in beside]
    best: list[Shape] = []
    for seed in (shape for found in by_row for shape in found):
        alike = [max(same, key=lambda s: s.score) for f in by_row if (same := [s for s in f if _alike(s, seed)])]
        if sum(s.score for s in alike) > sum(s.score for s in best):
            best = alike
    if not best or best[0].cut:  # half a pulse may be the lower step of a stair
        stair = _join_stairs([stair for sides in beside for s in sides for stair in find_stairs(s)])
        if stair or not best:
            return stair
    pulse = _join(best)
    poor = best[0].cut or len(best) == 1 < len(by_row)
    if poor and not is_usual(pulse.height_mm):
        return None
    if best[0].cut and len(best) < min(MIN_CUT_ROWS, len(by_row)):
        return None
    chest = [all(p.lead.startswith("V") for p in layout.panels if p.row == row) for _, row in rows]
    return pulse if best[0].cut else _compare_rows(pulse, by_row, chest)


def _join(shapes: list[Shape]) -> Pulse:
    height, left, right = (float(np.median([getattr(s, k) for s in shapes])) for k in ("height", "left", "right"))
    return Pulse(height, right - left, right, len(shapes))


def _compare_rows(pulse: Pulse, by_row: list[list[Shape]], chest: list[bool]) -> Pulse:
    """The pulse with what rows of limb leads and rows of chest leads alone have apart."""
    heights: dict[bool, dict[float, list[float]]] = {False: {}, True: {}}
    for found, alone in zip(by_row, chest, strict=True):
        in_line = [s for s in found if not s.cut and _in_line(s, pulse)]
        if in_line:
            tall = max(in_line, key=lambda s: s.score).height
            if abs(tall / pulse.height_mm - 1) < AGREE or is_usual(tall):
                gain = min(USUAL_GAINS_MM_MV, key=lambda g: abs(tall / g - 1))
                heights[alone].setdefault(gain, []).append(tall)
    if len({*heights[False], *heights[True]}) < 2:
        return pulse
    if len(heights[False]) == len(heights[True]) == 1:
        limb_mm, chest_mm = (float(np.median(next(iter(heights[alone].values())))) for alone in (False, True))
        return replace(pulse, height_mm=limb_mm, chest_height_mm=chest_mm)
    return replace(pulse, unclear=True)


def _join_stairs(stairs: list[tuple[Shape, float]]) -> Pulse | None:
    """What stairs agree on, if they do: the higher step is the limb leads'."""
    if not stairs:
        return None
    first = max(stairs, key=lambda s: s[0].score)
    alike = [s for s in stairs if _alike(s[0], first[0])]
    low_mm = float(np.median([low for _, low in alike]))
    return replace(_join([shape for shape, _ in alike]), chest_height_mm=low_mm, stair=True)


def _in_line(shape: Shape, pulse: Pulse) -> bool:
    same_width = abs(shape.right - shape.left - pulse.width_mm) < SAME_WIDTH_MM
    return same_width and abs(shape.right - pulse.right_mm) < SAME_X_MM


def _alike(a: Shape, b: Shape) -> bool:
    same_width = abs((a.right - a.left) - (b.right - b.left)) < SAME_WIDTH_MM
    return same_width and abs(a.height / b.height - 1) < AGREE and abs(a.right - b.right) < SAME_X_MM
