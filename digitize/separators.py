"""The short strokes between the leads of a row: where exactly one panel ends and the next begins."""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

SEARCH_MM = (-6.0, 4.0)
"""Left and right of where the labels put a boundary."""
ARM_MM = 2.2
"""A separator reaches at least this far above and below the baseline; a QRS rarely does both, and never in all rows."""
TICK_MM, TICK_REACH_MM, BESIDE_MM = 2.0, 8.0, 0.7
"""Ticks, one above and one below the trace, are at least this long, this near the baseline, and thin."""
GAP_MM, FAINT = 0.9, 0.2
"""Where a panel ends without a mark, the trace is lifted for a millimetre, in all rows at once."""
MIN_SOLIDITY, MIN_SOLIDITY_ALONE = 0.38, 0.6
"""The latter where only one boundary speaks: a QRS of all rows may stand near it."""
STRETCHES = tuple(k * 0.005 for k in range(-9, 10))
SURE_SEARCH_MM, SURE_STRETCHES = (-2.0, 2.0), (-0.005, 0.0, 0.005)
STRETCH_COST = 1.5
"""For columns wider or narrower than they should be; the paper speed is surer than a few strokes."""
SHIFT_COST = 0.04
"""For each millimetre from where the labels put the boundaries."""
CENTRE_MM = 0.4
"""Standard deviation of the window through which the middles of separators, up to a millimetre wide, are taken."""


def find_columns(
    trace: NDArray[np.float32],
    px_per_mm: tuple[float, float],
    begin_mm: float,
    width_mm: float,
    columns: int,
    baselines_mm: list[float],
    sure: bool = False,
) -> tuple[float, float, bool]:
    """Where the first column begins and how wide all are, so that the boundaries between them lie on the separators.

    Parameters
    ----------
    trace : ndarray of float32, shape (H, W)
    px_per_mm : (float, float)
    begin_mm, width_mm : float
        As the labels put them.
    columns : int
    baselines_mm : list of float
    sure : bool
        The rows' ends bear out where they begin and how long they are: only separators near there count.

    Returns
    -------
    float, float, bool
        In mm, and whether there are separators; as they came when there are none.
    """
    if columns == 1:
        return begin_mm, width_mm, False
    kinds = [find(trace, px_per_mm, baselines_mm) for find in (measure_separators, measure_ticks, measure_gaps)]
    sharp = np.maximum.reduce(kinds)
    strength = np.convolve(sharp, np.hanning(9) / np.hanning(9).sum(), mode="same")
    at = np.arange(len(strength)) / px_per_mm[0]
    search, stretches = (SURE_SEARCH_MM, SURE_STRETCHES) if sure else (SEARCH_MM, STRETCHES)
    shifts = np.arange(search[0], search[1] + 0.01, 0.1)
    least = MIN_SOLIDITY if columns > 2 else MIN_SOLIDITY_ALONE
    best, score = (begin_mm, width_mm), -np.inf
    for stretch in stretches:
        width = width_mm * (1 + stretch)
        begins = begin_mm + shifts + columns / 2 * (width_mm - width)
        near = np.interp(begins[:, None] + width * np.arange(1, columns), at, strength, left=0, right=0)
        # All boundaries have separators or none has: one tall QRS under a boundary is no proof.
        solid = (near.mean(axis=1) + near.min(axis=1)) / 2
        worth = solid - SHIFT_COST * abs(shifts)
        worth = np.where(worth > least, worth - STRETCH_COST * abs(stretch), -np.inf)
        k = int(np.argmax(worth))
        if worth[k] > score:
            best, score = (float(begins[k]), width), float(worth[k])
    begin, width = best
    if not np.isfinite(score):
        return begin, width, False
    return begin + _off_centre(sharp, at, begin + width * np.arange(1, columns)), width, True


def _off_centre(strength: NDArray[np.float64], at_mm: NDArray[np.float64], boundaries_mm: Iterable[float]) -> float:
    """By how much the middles of the separators lie to the right of the boundaries, the mean of all of them."""
    off = []
    for boundary in boundaries_mm:
        centre = boundary
        for _ in range(3):
            weight = strength**2 * np.exp(-0.5 * ((at_mm - centre) / CENTRE_MM) ** 2)
            centre = float((weight * at_mm).sum() / max(weight.sum(), 1e-12)) if weight.any() else boundary
        off.append(centre - boundary)
    return float(np.mean(off))


def measure_ticks(
    trace: NDArray[np.float32], px_per_mm: tuple[float, float], baselines_mm: list[float]
) -> NDArray[np.float64]:
    """In which share of the rows upright strokes stand above and below the trace at each column, shape (W,)."""
    sx, sy = px_per_mm
    kernel = np.ones((round(TICK_MM * sy), 1), np.uint8)
    aside, half, reach, rim = round(BESIDE_MM * sx), round(TICK_MM * sy / 2), round(TICK_REACH_MM * sy), len(kernel)
    rows = []
    for baseline in baselines_mm:
        y = round(baseline * sy)
        top, bottom = max(0, y - reach - rim), max(0, y + reach + rim)
        if not len(band := trace[top:bottom]):
            continue
        upright = cv2.erode(cv2.dilate(band, np.ones((1, 3), np.uint8)), kernel)
        # A stroke is dark on paper: what lies beside it, half a millimetre off, is not.
        beside = np.maximum(np.roll(upright, aside, axis=1), np.roll(upright, -aside, axis=1))
        upright = np.maximum(upright - beside, 0)
        above, below = (
            upright[max(0, a - top) : max(0, b - top)] for a, b in ((y - reach, y - half), (y + half, y + reach))
        )
        if len(above) and len(below):
            rows.append(np.minimum(above.max(axis=0), below.max(axis=0)))
    return np.asarray(np.mean(rows, axis=0) if rows else np.zeros(trace.shape[1]), np.float64)


def measure_gaps(
    trace: NDArray[np.float32], px_per_mm: tuple[float, float], baselines_mm: list[float]
) -> NDArray[np.float64]:
    """In which share of the rows the trace breaks off for a moment at each column, shape (W,)."""
    sx, sy = px_per_mm
    aside = round(GAP_MM * sx)
    rows = []
    for baseline in baselines_mm:
        band = trace[max(0, round((baseline - TICK_REACH_MM) * sy)) : round((baseline + TICK_REACH_MM) * sy)]
        if len(band):
            runs = (band.max(axis=0) > FAINT).astype(np.float64)
            # A missed pixel is no gap, and the end of the paper none either: the trace goes on a little further.
            rows.append(np.minimum(np.roll(runs, aside), np.roll(runs, -aside)) * (1 - runs))
    return np.asarray(np.mean(rows, axis=0) if rows else np.zeros(trace.shape[1]), np.float64)


def measure_separators(
    trace: NDArray[np.float32], px_per_mm: tuple[float, float], baselines_mm: list[float], both_arms: bool = True
) -> NDArray[np.float64]:
    """For every column of the sheet, how much it looks like a separator in the rows together, 0 to 1.

    A pulse's leg, before the first panel, has only an upper arm: ``both_arms=False`` takes either.

    Returns
    -------
    ndarray, shape (W,)
    """
    arm = max(1, round(ARM_MM * px_per_mm[1]))
    rows = []
    for baseline in baselines_mm:
        y = round(baseline * px_per_mm[1])
        above, below = trace[max(0, y - arm) : max(0, y)], trace[max(0, y + 1) : max(0, y + 1 + arm)]
        if len(above) and len(below):
            join = np.minimum if both_arms else np.maximum
            solid = [cv2.dilate(part, np.ones((1, 3), np.uint8)).mean(axis=0) for part in (above, below)]
            rows.append(join(*solid))
    return np.asarray(np.mean(rows, axis=0) if rows else np.zeros(trace.shape[1]), np.float64)
