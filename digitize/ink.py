"""Which ink on the sheet is no grid: the trace, and what is printed.

The classical way, which needs no training: the grid is what repeats along its own lines, so its picture can be folded
out of the sheet and taken off; what is left is trace and print. A segmenter can take this module's place.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from digitize.stages import Ink, Sheet

LINE_MM = 40.0
"""A line of the grid is judged over this length; shorter would take the legs of a calibration pulse for grid."""
BLOCK_PX = 32
BROAD_MM = 2.6
COARSE = 4
"""Shade is found at this part of the sheet's resolution."""
INK_PERCENTILE = 99.55
"""Trace and print cover over 1 % of a sheet, so this lies within them, yet is not the blackest noise."""
MIN_INK = 0.2
CLEAR = 0.6
"""A trace stands clear of a grid line from this difference on, as part of the ink's own darkness."""
WHITE = 250
"""Bare paper, as `digitize.flatten.even_light` leaves it."""
STROKE_MM = 0.9
OUTSTANDING = 1.2
"""How far above the usual rest of a line (its 84th percentile) a stroke's mean must stand; twice that is certain."""
PALE = 0.2
"""What is paler than this part of the ink is the paper's own texture."""


def separate_ink(sheet: Sheet, pitch_mm: float = 5.0) -> Ink:
    """Split the sheet's darkness into grid and everything else.

    Parameters
    ----------
    sheet : Sheet
    pitch_mm : float
        Distance at which the grid repeats, along both axes.

    Returns
    -------
    Ink
    """
    left = drop_shading(measure_darkness(sheet), sheet.px_per_mm)
    grid = fold_grid(left, sheet.px_per_mm, pitch_mm)
    left -= grid
    left *= sheet.valid
    full = max(MIN_INK, float(np.percentile(left[::3, ::3], INK_PERCENTILE)))
    # Occlusion, not addition: where ink covers a grid line only the rest of the way to black is the ink's doing.
    room = np.float32(full * (1 - PALE)) - grid
    np.maximum(room, np.float32(0.35 * full), out=room)
    trace = left - np.float32(PALE * full)
    trace /= room
    np.clip(trace, 0, 1, out=trace)
    return Ink(trace, judge_grid(trace, left, grid, full, sheet.px_per_mm))


def judge_grid(
    trace: NDArray[np.float32],
    left: NDArray[np.float32],
    grid: NDArray[np.float32],
    full: float,
    px_per_mm: tuple[float, float],
) -> NDArray[np.float32]:
    """How sure it is, on and beside grid lines, that what is left or not left there is ink or paper.

    Sure where the line is pale; and of ink where the rest, averaged along a stroke's length, stands out of the
    rests that lines leave all over the sheet: those come in dashes, a stroke does not.
    """
    near = cv2.dilate(grid, np.ones((3, 5), np.uint8))  # lines waver: their rims are as doubtful as they
    sure = np.asarray(near, np.float32)
    np.subtract(np.float32(full), sure, out=sure)
    sure /= np.float32(full * CLEAR)
    np.clip(sure, 0, 1, out=sure)
    on_lines = np.s_[::4, ::4]  # a sixteenth of them tells their spread
    rests = left[on_lines][grid[on_lines] > 0.3 * full]
    if rests.size:
        noise = max(float(np.percentile(rests, 84)), 0.02)
        along = [max(3, round(STROKE_MM * scale) | 1) for scale in px_per_mm]
        clear = np.asarray(cv2.max(cv2.blur(left, (along[0], 1)), cv2.blur(left, (1, along[1]))), np.float32)
        clear /= np.float32(OUTSTANDING * noise)
        clear -= 1
        np.clip(clear, 0, 1, out=clear)
        _, inked = cv2.threshold(trace, 0.5, 1, cv2.THRESH_BINARY)
        clear *= inked
        np.maximum(sure, clear, out=sure)
    return sure


def drop_shading(darkness: NDArray[np.float32], px_per_mm: tuple[float, float]) -> NDArray[np.float32]:
    """Take off what is broader than any stroke: the shade of creases and folds that paper white did not follow."""
    width, height = darkness.shape[::-1]
    small = cv2.resize(darkness, (max(1, width // COARSE), max(1, height // COARSE)), interpolation=cv2.INTER_AREA)
    size = tuple(int(BROAD_MM * scale / COARSE) | 1 for scale in px_per_mm)
    broad = cv2.blur(cv2.morphologyEx(small, cv2.MORPH_OPEN, np.ones(size[::-1], np.uint8)), size)
    shade = cv2.resize(broad, (width, height), interpolation=cv2.INTER_LINEAR)
    even = darkness - shade
    np.maximum(even, 0, out=even)
    return even


def measure_darkness(sheet: Sheet) -> NDArray[np.float32]:
    """How much light the paper swallows, in linear light, in the colours in which the grid is palest.

    Returns
    -------
    ndarray of float32, shape (H, W)
        0 on bare paper, near 1 on black.
    """
    some = np.minimum(sheet.rgb[::3, ::3][sheet.valid[::3, ::3]], WHITE)
    typical = 1 - some.mean(axis=0) / WHITE if len(some) else np.zeros(3)
    # Black is the same in all channels, so the channel with the least ink in all is the one that shows the grid least.
    weights = np.exp(-(typical - typical.min()) / 0.02)
    weights /= weights.sum()
    # Weights sum to one, so what is swallowed of their mix is what they swallow.
    swallowed = np.maximum(WHITE - np.arange(256), 0)[:, None] * (weights / WHITE)
    parts = cv2.LUT(sheet.rgb, swallowed[None].astype(np.float32))
    return np.asarray(cv2.transform(parts, np.ones((1, 3), np.float32)), np.float32)


def fold_grid(darkness: NDArray[np.float32], px_per_mm: tuple[float, float], pitch_mm: float) -> NDArray[np.float32]:
    """The grid's own darkness at every pixel: what stays the same along a line, and from box to box.

    Parameters
    ----------
    darkness : ndarray of float32, shape (H, W)
    px_per_mm : (float, float)
    pitch_mm : float

    Returns
    -------
    ndarray of float32, shape (H, W)
    """
    height, width = darkness.shape
    along_x = cv2.resize(darkness, (max(1, width // BLOCK_PX), height), interpolation=cv2.INTER_AREA)
    along_y = cv2.resize(darkness, (width, max(1, height // BLOCK_PX)), interpolation=cv2.INTER_AREA)
    rows = _find_lines(np.asarray(along_x, np.float32), px_per_mm[0], px_per_mm[1] * pitch_mm)
    cols = _find_lines(np.asarray(along_y.T, np.float32), px_per_mm[1], px_per_mm[0] * pitch_mm)
    full = (cv2.resize(part, (width, height), interpolation=cv2.INTER_LINEAR) for part in (rows, cv2.transpose(cols)))
    return np.asarray(cv2.max(*full), np.float32)


def _find_lines(blocks: NDArray[np.float32], px_per_mm: float, period_px: float) -> NDArray[np.float32]:
    """Darkness of the lines along x; ``blocks`` and the answer have a column for every `BLOCK_PX` pixels."""
    height = blocks.shape[0]
    length = max(3, int(LINE_MM * px_per_mm / BLOCK_PX) | 1)
    around = sliding_window_view(np.pad(blocks, ((0, 0), (length // 2,) * 2), mode="edge"), length, axis=1)
    along = np.partition(around, length // 2, axis=-1)[..., length // 2]
    # A flat trace lies along a line for 40 mm too, but not along the lines above and below it at the same place.
    period = round(period_px)
    if height > 3 * period:
        shifts = [np.roll(along, k * period, axis=0) for k in (-2, -1, 0, 1, 2)]
        for k, shifted in zip((-2, -1, 1, 2), shifts[:2] + shifts[3:], strict=True):
            edge = np.s_[k * period :] if k < 0 else np.s_[: k * period]
            shifted[edge] = along[edge]
        usual = cv2.dilate(np.median(shifts, axis=0).astype(np.float32), np.ones((3, 1), np.uint8))
        along = np.minimum(along, usual * 1.2 + 0.01)
    return np.asarray(np.maximum(along - np.median(along), 0), np.float32)
