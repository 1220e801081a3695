"""Pages on which no grid is left: faxes, copies, plots on white. Rows tell how they lie, the pulse how large they are.

A calibration pulse is a millivolt high, ten millimetres at the usual gain. That is less than a grid tells: paper that
is bent cannot be followed, and scale is known to a third of a percent. So nothing is read this way but a page that lies
flat, and the reading says so.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from digitize.errors import GridNotFound
from digitize.stages import Lattice, Photo

Ink = NDArray[np.float32]
Mask = NDArray[np.uint8]

WORK_PX = 2000
PAPER_PX = 41
"""Wider than any stroke at that size."""
MIN_DARK = 0.18
ANGLES = np.arange(-20.0, 20.01, 0.5)
FINE_ANGLES = np.arange(-0.5, 0.51, 0.1)
LOOK_PX = 700
"""Long side at which the rows' direction is looked for."""
NEAR_ANGLES = np.arange(-1.0, 1.001, 0.05)
MOST_TURN = 0.15
"""Rows of the upper and the lower half, or the left and the right, differ by less, in degrees, in a flat page."""
MOST_SLANT, MOST_TAPER = 0.3, 0.015
"""Pulses stand below each other, in degrees, and are equally high, within these, on a page seen from straight above."""
PLATEAU_PX, LEG_PX, NEAR_PX = 9, 15, 5
PULSE_S, PULSE_MM = 0.2, 5.0
"""How long a pulse of 1 mV lasts; or how wide it is drawn at any speed."""
SHAPE = (0.84, 1.2)
"""Its width by its height, in parts of what speed and gain make of it."""
ALIKE = 0.06
HOLLOW, OPEN = 0.1, 0.5
"""Ink within a pulse, and below it; boxes around print have a bottom."""
INKED = 0.5
FOOT = 0.08
"""Of the lines that lead to a pulse and from it this much tells where it stands, in parts of its height."""
PITCH_MM = 5.0
CONFIDENCE = 0.3


@dataclass(frozen=True)
class Box:
    """A rectangle without a bottom, in pixels."""

    left: float
    right: float
    top: float
    height: float


def fit_bare(photo: Photo, mm_per_s: float = 25.0, mm_per_mv: float = 10.0) -> Lattice:
    """Lay millimetres over a flat page that has no grid, by its rows and calibration pulses.

    Parameters
    ----------
    photo : Photo
    mm_per_s, mm_per_mv : float
        What the page is taken to be drawn at; its print is read later, and must not say otherwise.

    Returns
    -------
    Lattice
        Its ``source`` is ``"pulse"``.

    Raises
    ------
    GridNotFound
        When no pulse stands on the page, or the page does not lie flat.
    """
    shrink = min(1.0, WORK_PX / max(photo.rgb.shape[:2]))
    dark = find_dark(photo.rgb, shrink)
    angle = find_direction(dark)
    turned = [_turn(dark, angle + 90.0 * quarters) for quarters in range(4)]
    wide_mm = {PULSE_MM, PULSE_S * mm_per_s}
    found = [max((find_pulses(level, w / mm_per_mv) for w in wide_mm), key=len) for _, level in turned]
    best = max(range(4), key=lambda k: len(found[k]))
    pulses, (way, level) = found[best], turned[best]
    if not pulses:
        raise GridNotFound("No grid can be seen in the picture, nor a calibration pulse to measure by.")
    if not (lies_flat(dark, angle) and stand_upright(pulses)):
        raise GridNotFound(
            "No grid can be seen, and the pulses do not show that the page lies flat and is seen from straight above.",
            "Scan the page: without its grid a bent page, or one seen aslant, cannot be measured.",
        )
    return _lay_millimetres(photo, way, measure_scale(pulses, mm_per_mv), level.shape, shrink)


def find_dark(rgb: NDArray[np.uint8], shrink: float) -> Ink:
    """How much the strokes of the shrunk picture swallow, 0 on paper, in parts of their usual darkness."""
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    if shrink < 1:
        grey = cv2.resize(grey, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    paper = cv2.morphologyEx(grey, cv2.MORPH_CLOSE, np.ones((PAPER_PX, PAPER_PX), np.uint8))
    swallowed = 1 - grey.astype(np.float32) / np.maximum(paper, 1)
    inked = swallowed[swallowed > MIN_DARK]
    full = max(2 * MIN_DARK, float(np.median(inked))) if inked.size else 1.0
    return np.asarray(np.clip(swallowed / full, 0, 1), np.float32)


def find_direction(dark: Ink, around: float = 0.0) -> float:
    """Degrees by which the picture must be turned for its rows to be level: then their ink falls into fewest lines."""
    small = np.asarray(
        cv2.resize(dark, None, fx=(f := LOOK_PX / max(dark.shape)), fy=f, interpolation=cv2.INTER_AREA), np.float32
    )
    coarse = max(around + ANGLES, key=lambda a: _measure_order(small, a))
    return float(max(coarse + FINE_ANGLES, key=lambda a: _measure_order(small, a)))


def _measure_order(small: Ink, angle: float) -> float:
    lines = _turn(small, angle)[1].mean(axis=1, dtype=np.float64)
    return float(np.square(np.diff(lines)).sum())


def lies_flat(dark: Ink, angle: float) -> bool:
    """True when the rows have one direction all over the page."""
    level = _turn(dark, angle)[1]
    height, width = level.shape
    halves = (np.s_[: height // 2], np.s_[height // 2 :], np.s_[:, : width // 2], np.s_[:, width // 2 :])
    turns = [_direct_half(level[half]) for half in halves]
    return abs(turns[0] - turns[1]) <= MOST_TURN and abs(turns[2] - turns[3]) <= MOST_TURN


def stand_upright(pulses: list[Box]) -> bool:
    """True when pulses of several rows show no perspective; one alone does not tell."""
    left, top, height = np.array([(b.left, b.top, b.height) for b in pulses]).T
    if np.ptp(top) < height.max():
        return False
    slant = np.degrees(np.arctan(np.polyfit(top, left, 1)[0]))
    return bool(abs(slant) < MOST_SLANT and height.max() / height.min() < 1 + MOST_TAPER)


def _direct_half(half: Ink) -> float:
    small = np.asarray(
        cv2.resize(half, None, fx=(f := LOOK_PX / max(half.shape)), fy=f, interpolation=cv2.INTER_AREA), np.float32
    )
    return float(max(NEAR_ANGLES, key=lambda a: _measure_order(small, a)))


def _turn(plane: Ink, degrees: float) -> tuple[NDArray[np.float64], Ink]:
    """The picture turned about its middle, nothing lost, and the affine map, shape (2, 3), that does it."""
    height, width = plane.shape
    way = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1.0)
    cos, sin = abs(way[0, 0]), abs(way[0, 1])
    size = int(np.ceil(height * sin + width * cos)), int(np.ceil(height * cos + width * sin))
    way[:, 2] += (size[0] - width) / 2, (size[1] - height) / 2
    return np.asarray(way, np.float64), np.asarray(cv2.warpAffine(plane, way, size, flags=cv2.INTER_LINEAR), np.float32)


def find_pulses(ink: Ink, width_by_height: float) -> list[Box]:
    """Rectangles without a bottom that have a pulse's proportions, all of one size; the commonest size.

    Parameters
    ----------
    ink : ndarray of float32, shape (H, W)
        The rows level.
    width_by_height : float
        Of a pulse.
    """
    level = (ink > INKED).astype(np.uint8)
    upright = _list_strokes(level, (1, LEG_PX))
    flat = _list_strokes(np.asarray(cv2.dilate(level, np.ones((3, 1), np.uint8)), np.uint8), (PLATEAU_PX, 1))
    boxes = []
    for x, y, w, h in flat:
        top = y + h / 2
        left, right = (_find_leg(upright, edge, top) for edge in (x, x + w))
        if left is None or right is None:
            continue
        half_pen = (h - 2) / 2  # the legs end on the line below, the plateau was widened by a pixel each way
        box = Box(left[0], right[0], top, min(left[1], right[1]) - top - half_pen)
        width = box.right - box.left
        if SHAPE[0] <= width / max(box.height, 1) / width_by_height <= SHAPE[1] and _is_hollow(level, box):
            boxes.append(_settle(ink, box))
    groups = [[b for b in boxes if _match(a, b)] for a in boxes]
    return max(groups, key=len, default=[])


def _list_strokes(level: Mask, size: tuple[int, int]) -> list[tuple[int, int, int, int]]:
    """Left, top, width and height of runs of ink at least so wide and high."""
    opened = cv2.morphologyEx(level, cv2.MORPH_OPEN, np.ones(size[::-1], np.uint8))
    count, _, stats, _ = cv2.connectedComponentsWithStats(opened, connectivity=8)
    return [(int(x), int(y), int(w), int(h)) for x, y, w, h, _ in stats[1:count]]


def _find_leg(upright: list[tuple[int, int, int, int]], x_px: float, top_px: float) -> tuple[float, float] | None:
    """Middle and lower end of the upright stroke that hangs from a place, if one does."""
    hanging = [
        (x + (w - 1) / 2, float(y + h))
        for x, y, w, h in upright
        if abs(x + w / 2 - x_px) <= NEAR_PX and abs(y - top_px) <= NEAR_PX and w <= 2 * NEAR_PX
    ]
    return max(hanging, key=lambda leg: leg[1], default=None)


def _is_hollow(level: Mask, box: Box) -> bool:
    top, bottom = round(box.top + NEAR_PX), round(box.top + box.height)
    columns = np.s_[round(box.left + NEAR_PX) : round(box.right - NEAR_PX) + 1]
    within, below = level[top : bottom - NEAR_PX, columns], level[bottom - NEAR_PX : bottom + NEAR_PX, columns]
    return bool(within.size and within.mean() < HOLLOW and below.any(axis=0).mean() < OPEN)


def _settle(ink: Ink, box: Box) -> Box:
    """The same box, its strokes' middles found to a fraction of a pixel and its foot by the lines that lead to it."""
    high = np.s_[round(box.top + box.height / 4) : round(box.top + 3 * box.height / 4)]
    wide = np.s_[round(box.left + NEAR_PX) : round(box.right - NEAR_PX) + 1]  # not empty: `_is_hollow` looked there
    left, right = (_centre(ink[high, _near(edge)].mean(axis=0), edge) for edge in (box.left, box.right))
    top = _centre(ink[_near(box.top), wide].mean(axis=1), box.top)
    foot = box.top + box.height
    near = round(FOOT * box.height)
    before, after = max(0, round(box.left) - 2), round(box.right) + 3
    beside = ink[_near(foot), max(0, before - near) : before], ink[_near(foot), after : after + near]
    level = [_centre(part.mean(axis=1), foot) for part in beside if part.size and part.max(axis=0).mean() > INKED]
    return Box(left, right, top, (float(np.mean(level)) if level else foot) - top)


def _near(middle: float) -> slice:
    return slice(max(0, round(middle) - NEAR_PX), round(middle) + NEAR_PX + 1)


def _centre(profile: NDArray[np.floating], middle: float) -> float:
    """Centre of a stroke whose darkness is given from `NEAR_PX` before its middle on."""
    weight = np.maximum(profile - 0.3 * profile.max(initial=0), 0)
    if weight.sum() <= 0:
        return middle
    return float(max(0, round(middle) - NEAR_PX) + (weight * np.arange(len(weight))).sum() / weight.sum())


def _match(a: Box, b: Box) -> bool:
    wide, high = (a.right - a.left) / (b.right - b.left), a.height / b.height
    return abs(wide - 1) < 2 * ALIKE and abs(high - 1) < ALIKE


def measure_scale(pulses: list[Box], mm_per_mv: float) -> float:
    """Pixels to a millimetre, by the pulses' heights: twice as long as they are wide, and at no slant of the pen."""
    return float(np.median([b.height for b in pulses])) / mm_per_mv


def _lay_millimetres(
    photo: Photo, way: NDArray[np.float64], px_per_mm: float, shape: tuple[int, ...], shrink: float
) -> Lattice:
    """Nodes every `PITCH_MM` over the levelled picture, back in the photo's pixels."""
    step = PITCH_MM * px_per_mm
    y, x = np.mgrid[0 : shape[0] + step : step, 0 : shape[1] + step : step]
    back = cv2.invertAffineTransform(way)
    at = np.stack([x, y], axis=-1) @ back[:, :2].T + back[:, 2]
    nodes = np.asarray((at - (shrink - 1) / 2) / shrink, np.float64)
    height, width = photo.rgb.shape[:2]
    inside = (nodes[..., 0] >= 0) & (nodes[..., 0] < width) & (nodes[..., 1] >= 0) & (nodes[..., 1] < height)
    return Lattice(nodes, inside, PITCH_MM, 0.0, CONFIDENCE, "pulse")
