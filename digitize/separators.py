"""The short strokes between the leads of a row: where exactly one panel ends and the next begins."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

SEARCH_MM = (-8.0, 4.0)
"""Left and right of where the labels put a boundary."""
ARM_MM = 2.2
"""A separator reaches at least this far above and below the baseline; a QRS rarely does both, and never in all rows."""
MIN_SOLIDITY = 0.45


def find_boundary_shift(
    trace: NDArray[np.float32],
    px_per_mm: tuple[float, float],
    boundaries_mm: NDArray[np.float64],
    baselines_mm: list[float],
) -> float:
    """How far all boundaries must move to lie on the separators.

    Parameters
    ----------
    trace : ndarray of float32, shape (H, W)
    px_per_mm : (float, float)
    boundaries_mm : ndarray, shape (columns - 1,)
        As the labels put them.
    baselines_mm : list of float

    Returns
    -------
    float
        In mm, 0 when there are no separators.
    """
    strength = measure_separators(trace, px_per_mm, baselines_mm)
    at = np.arange(len(strength)) / px_per_mm[0]
    shifts = np.arange(SEARCH_MM[0], SEARCH_MM[1] + 0.01, 0.1)
    near = [np.interp(boundaries_mm + shift, at, strength, left=0, right=0).mean() for shift in shifts]
    smooth = np.convolve(near, np.hanning(9) / np.hanning(9).sum(), mode="same")
    best = int(np.argmax(smooth))
    return float(shifts[best]) if smooth[best] > MIN_SOLIDITY * 0.6 else 0.0


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
    solid = cv2.dilate(trace, np.ones((1, 3), np.uint8))
    rows = []
    for baseline in baselines_mm:
        y = round(baseline * px_per_mm[1])
        above, below = solid[max(0, y - arm) : y], solid[y + 1 : y + 1 + arm]
        if len(above) and len(below):
            join = np.minimum if both_arms else np.maximum
            rows.append(join(above.mean(axis=0), below.mean(axis=0)))
    return np.asarray(np.mean(rows, axis=0) if rows else np.zeros(trace.shape[1]), np.float64)
