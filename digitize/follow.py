"""Panels to curves by the pen network: each row read in one piece, its neighbours told apart, cut into panels."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from digitize.pen import FINE, MULTIPLE_PX, PX_PER_MM, ask_heights, follow_heights, place_pen, stack_band
from digitize.pulse import Pulse
from digitize.stages import Curve, Ink, Layout, Panel, Sheet
from digitize.strokes import drop_unlinked

MARGIN_MM = 6.4
"""What the network sees before and after a row's panels: a pulse, a label, bare paper."""
REACH_MM = 22.4
"""How far from its baseline a row is always read; further where its own ink goes further."""
FAR_MM = 44.8
FAR_ROWS = 1.3
"""The furthest, in millimetres and in gaps between rows."""
OWN_MM = 3.0
TRACE = 0.35
MIN_CONFIDENCE = 0.15
"""Below this probability of being right to a millimetre a column is blank."""
EDGE_MM = 1.0
"""Nearer than this to where the picture ends a trace that leaves it cannot be told from its end."""
PULSE_NEAR_MM = 2.5
"""A pulse that ends this near to the first panels is one that the trace leaves."""
LEG_MM = 0.8
"""How far from where most rows' right legs stand one row's may stand."""
LEGS_MM = 0.1
"""How far a row's leg may stand from where legs usually do: a QRS beside it only seems to move it."""
BEGIN_MM = 0.3
"""Legs this near to where rows begin stand there."""
LEG_RIM_MM = 0.15
"""Half a pen: nearer to the leg's middle than this the leg hides the trace that begins there."""


def follow_panels(sheet: Sheet, ink: Ink, layout: Layout) -> tuple[Curve, ...]:
    """Read every row of the sheet and cut it into the curves of its panels.

    Parameters
    ----------
    sheet : Sheet
        At `PX_PER_MM` along both axes.
    ink : Ink
    layout : Layout

    Returns
    -------
    tuple of Curve
        One for each panel; NaN where the pen is not to be seen.
    """
    rows = sorted({(p.row, p.baseline_mm) for p in layout.panels})
    ends = _own_ends(ink.trace, [baseline for _, baseline in rows])
    panels = [[p for p in layout.panels if p.row == row] for row, _ in rows]
    heights = [baseline for _, baseline in rows]
    others = [[b for j, b in enumerate(heights) if j != k] for k in range(len(rows))]
    boxes = [_choose_box(*about) for about in zip(panels, heights, others, ends, strict=True)]
    answers = []  # one row after the other: side by side they are hardly faster, and need 150 MB more
    for k, box in enumerate(boxes):
        scaled = [b * PX_PER_MM for b in (heights[k], *others[k])]
        answers.append(ask_heights(_cut_band(sheet, ink, *box, scaled[0], scaled[1:]))[:-1])
    stacked = _stack(answers)
    answers = [whole[: part.shape[0], : part.shape[1]] for whole, part in zip(stacked, answers, strict=True)]
    paths = follow_heights(stacked)
    edge = np.ones((2 * round(EDGE_MM * PX_PER_MM) + 1,) * 2, np.uint8)
    shown = cv2.erode(sheet.valid.astype(np.uint8), edge) > 0
    curves: list[Curve] = []
    for k, ((left, top), _) in enumerate(boxes):
        bins, columns = answers[k].shape
        y_px, confidence = place_pen(answers[k], np.minimum(paths[k, :columns], bins - 1))
        x_mm = (left + (np.arange(columns) - (FINE - 1) / 2) / FINE) / PX_PER_MM
        seen = shown[_clip(top + y_px, shown.shape[0]), _clip(x_mm * PX_PER_MM, shown.shape[1])]
        y_mm = np.where((confidence >= MIN_CONFIDENCE) & seen, (top + y_px) / PX_PER_MM, np.nan)
        curves += (drop_unlinked(curve, ink) for curve in _cut_panels(panels[k], x_mm, y_mm, confidence))
    return tuple(curves)


def _clip(places_px: NDArray[np.float64], count: int) -> NDArray[np.int64]:
    """The pixels nearest to places, of those there are."""
    return np.clip(np.rint(places_px), 0, count - 1).astype(np.int64)


def _choose_box(
    panels: list[Panel], baseline_mm: float, others_mm: list[float], ends_mm: tuple[float, float]
) -> tuple[tuple[int, int], tuple[int, int]]:
    """Left and top, width and height of what the network sees of a row, in pixels."""
    far_mm = min([FAR_MM, *(max(REACH_MM, FAR_ROWS * abs(b - baseline_mm)) for b in others_mm)])
    above, below = (float(np.clip(end, REACH_MM, far_mm)) for end in ends_mm)
    left = min(p.x_mm[0] for p in panels) - MARGIN_MM
    right = max(p.x_mm[1] for p in panels) + MARGIN_MM
    return _snap(left, baseline_mm - above), _snap(right - left, above + below, MULTIPLE_PX)


def _stack(answers: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Rows of several sizes as one array, filled up with zeros."""
    stacked = np.zeros((len(answers), *np.max([a.shape for a in answers], axis=0)), np.float32)
    for row, answer in zip(stacked, answers, strict=True):
        row[: answer.shape[0], : answer.shape[1]] = answer
    return stacked


def _cut_panels(
    panels: list[Panel], x_mm: NDArray[np.float64], y_mm: NDArray[np.float64], confidence: NDArray[np.float64]
) -> list[Curve]:
    curves = []
    for panel in panels:
        inside = (x_mm >= panel.x_mm[0]) & (x_mm < panel.x_mm[1])
        y = y_mm[inside]
        curves.append(Curve(panel, x_mm[inside], y, np.where(np.isfinite(y), confidence[inside], 0.0)))
    return curves


def _snap(x_mm: float, y_mm: float, multiple: int = 1) -> tuple[int, int]:
    """Millimetres to whole pixels, or up to the next multiple."""
    x, y = (round(v * PX_PER_MM) for v in (x_mm, y_mm))
    return -(-x // multiple) * multiple, -(-y // multiple) * multiple


def _cut_band(
    sheet: Sheet, ink: Ink, start: tuple[int, int], size: tuple[int, int], baseline_px: float, others_px: list[float]
) -> NDArray[np.uint8]:
    """What the network sees of a box of the sheet: bare paper where the box leaves it."""
    (left, top), (width, height) = start, size
    rows, cols = sheet.valid.shape
    ys, xs = slice(max(top, 0), min(top + height, rows)), slice(max(left, 0), min(left + width, cols))
    there = np.s_[ys.start - top : ys.stop - top, xs.start - left : xs.stop - left]
    rgb = np.full((height, width, 3), 255, np.uint8)
    trace, sure = np.zeros((height, width), np.float32), np.ones((height, width), np.float32)
    rgb[there], trace[there], sure[there] = sheet.rgb[ys, xs], ink.trace[ys, xs], ink.sure[ys, xs]
    return stack_band(rgb, Ink(trace, sure), top, baseline_px, others_px)


def _own_ends(trace: NDArray[np.float32], baselines_mm: list[float]) -> list[tuple[float, float]]:
    """How far above and below each baseline the connected ink goes that lies along it, in mm."""
    half = cv2.resize(trace, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    inked = (half > TRACE).astype(np.uint8)
    _, label, stats, _ = cv2.connectedComponentsWithStats(inked, connectivity=8, ltype=cv2.CV_32S)
    scale = PX_PER_MM / 2
    ends = []
    for baseline in baselines_mm:
        near = label[max(0, round((baseline - OWN_MM) * scale)) : round((baseline + OWN_MM) * scale)]
        own = stats[np.unique(near[near > 0])]
        own = own[own[:, cv2.CC_STAT_WIDTH] > OWN_MM * scale]
        top = own[:, cv2.CC_STAT_TOP].min(initial=round(baseline * scale))
        bottom = (own[:, cv2.CC_STAT_TOP] + own[:, cv2.CC_STAT_HEIGHT]).max(initial=round(baseline * scale))
        ends.append((baseline - top / scale + 1, bottom / scale - baseline + 1))
    return ends


def leave_pulse(
    curves: tuple[Curve, ...], trace: NDArray[np.float32], px_per_mm: tuple[float, float], pulse: Pulse | None
) -> tuple[Curve, ...]:
    """Blank what of the first panels lies on the calibration pulse that the trace leaves.

    Parameters
    ----------
    curves : tuple of Curve
    trace : ndarray of float32, shape (H, W)
        From `Ink`.
    px_per_mm : (float, float)
    pulse : Pulse, optional

    Returns
    -------
    tuple of Curve
    """
    begin = min(curve.panel.x_mm[0] for curve in curves)
    if pulse is None or abs(pulse.right_mm - begin) > PULSE_NEAR_MM:
        return curves
    legs_mm = {
        curve.panel.row: _find_leg(trace, px_per_mm, pulse, curve.panel.baseline_mm)
        for curve in curves
        if curve.panel.x_mm[0] < begin + PULSE_NEAR_MM
    }
    usual_mm = float(np.median(list(legs_mm.values())))
    if abs(usual_mm - begin) < BEGIN_MM:  # rows begin at their legs, and where they begin separators tell too
        usual_mm = begin
    left = []
    for curve in curves:
        if curve.panel.x_mm[0] < begin + PULSE_NEAR_MM:
            leg_mm = float(np.clip(legs_mm[curve.panel.row], usual_mm - LEGS_MM, usual_mm + LEGS_MM))
            on_leg = curve.x_mm < leg_mm + LEG_RIM_MM
            y = np.where(on_leg, np.nan, curve.y_mm)
            curve = replace(curve, y_mm=y, confidence=np.where(on_leg, 0.0, curve.confidence))
        left.append(curve)
    return tuple(left)


def _find_leg(trace: NDArray[np.float32], px_per_mm: tuple[float, float], pulse: Pulse, baseline_mm: float) -> float:
    """Middle of a row's right leg, in mm, between a tenth and two thirds down from its top."""
    sx, sy = px_per_mm
    top, bottom = (round((baseline_mm - share * pulse.height_mm) * sy) for share in (0.9, 0.35))
    first = round((pulse.right_mm - LEG_MM) * sx)
    part = trace[max(0, top) : max(0, bottom), max(0, first) : round((pulse.right_mm + LEG_MM) * sx) + 1]
    ink = part.mean(axis=0) ** 2 if part.size else np.zeros(1)
    if ink.sum() < 1e-3:
        return pulse.right_mm
    return float((ink * np.arange(len(ink))).sum() / ink.sum() + max(0, first)) / sx
