"""The rows of traces on a sheet: at which heights, and how far they run."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.signal import find_peaks

from digitize.arrange import SPEEDS_MM_S
from digitize.beating import measure_beating
from digitize.einthoven import STEP_MM, measure_heights
from digitize.stages import Panel

BAND_MM = 3.0
"""A trace keeps within this height of its baseline most of the time."""
CELL_MM = 1.0
LONG_MM = 9.0
"""Ink connected over less than this is not counted as trace."""
CUT_MM = 0.8
"""A dark grid line with its rims takes this much of a trace that crosses it."""
MIN_ROW_GAP_MM = 9.0
"""Rows stand at least this far apart; twelve on one landscape page about 14 mm."""
MIN_COVERAGE = 0.5
INK = 0.5
ALONE_MM = 12.0
MIN_ALIKE = 0.8
"""Likeness of beats (`digitize.beating`) by the middle of a row's ink alone, over the whole row and over each half.
Most strips reach 0.9 and more; letters, frames and table wood, whose few gaps may be alike, 0.75 at most."""
NEAR_MM, TALL_MM = 8.0, 4.0
"""Strokes are compared this far around a row, and no more the taller they get."""


def measure_coverage(
    inked: NDArray[np.uint8], px_per_mm: tuple[float, float], extent_mm: tuple[float, float] | None = None
) -> NDArray[np.float64]:
    """For every height on the sheet, the share of its width where ink lies within half of `BAND_MM`.

    Parameters
    ----------
    inked : ndarray of uint8, shape (H, W)
        From `keep_long`.
    px_per_mm : (float, float)
    extent_mm : (float, float), optional
        From where to where rows run; left out, as far as there is ink.

    Returns
    -------
    ndarray, shape (H,)
        Between 0 and about 1: a row's height is where this peaks.
    """
    height = len(inked)
    if extent_mm is not None:
        inked = inked[:, max(0, round(extent_mm[0] * px_per_mm[0])) : round(extent_mm[1] * px_per_mm[0])]
    cell = max(1, round(CELL_MM * px_per_mm[0]))
    whole = inked[:, : inked.shape[1] // cell * cell]
    cells = np.maximum.reduce([whole[:, k::cell] for k in range(cell)])
    band = cv2.dilate(cells, np.ones((round(BAND_MM * px_per_mm[1]) | 1, 1), np.uint8))
    used = np.flatnonzero(band.mean(axis=0) > 0.02)
    if not len(used):
        return np.zeros(height)
    # Within the band ink nearer its middle counts more, so that the peak is where the trace itself mostly lies.
    near = cv2.blur(cells.astype(np.float32), (1, round(px_per_mm[1]) | 1))[:, used].mean(axis=1)
    return np.asarray(band[:, used[0] : used[-1] + 1].mean(axis=1) + 0.3 * near, np.float64)


def keep_long(
    trace: NDArray[np.float32], px_per_mm: tuple[float, float], sure: NDArray[np.float32] | None = None
) -> NDArray[np.uint8]:
    """Connected ink that reaches far along the sheet: pieces of trace, not letters, not remains of the grid.

    Parameters
    ----------
    trace : ndarray of float32, shape (H, W)
    px_per_mm : (float, float)
    sure : ndarray of float32, shape (H, W), optional
        From `Ink`: where grid lines as dark as the trace cut it, its pieces count as connected.

    Returns
    -------
    ndarray of uint8, shape (H, W)
        1 where there is such ink.
    """
    inked = (trace > INK).astype(np.uint8)
    half = (cv2.resize(inked * 255, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA) > 60).astype(np.uint8)
    bridged = np.asarray(cv2.dilate(half, np.ones((1, 3), np.uint8)), np.uint8)
    if sure is not None:
        hidden = cv2.resize(sure, half.shape[::-1], interpolation=cv2.INTER_AREA) < INK
        across = np.ones([round(CUT_MM * scale / 2) | 1 for scale in px_per_mm[::-1]], np.uint8)
        bridged |= np.asarray(cv2.morphologyEx(half, cv2.MORPH_CLOSE, across) * hidden, np.uint8)
    _, label, stats, _ = cv2.connectedComponentsWithStats(bridged, connectivity=8, ltype=cv2.CV_32S)
    long = stats[:, cv2.CC_STAT_WIDTH] >= LONG_MM * px_per_mm[0] / 2
    long[0] = False
    keep = cv2.resize(long[label].astype(np.uint8), inked.shape[::-1], interpolation=cv2.INTER_NEAREST)
    return np.asarray(inked * keep, np.uint8)


def find_rows(coverage: NDArray[np.float64], px_per_mm_y: float, min_coverage: float = MIN_COVERAGE) -> list[float]:
    """Heights in mm at which a trace runs, from the top."""
    kernel = np.hanning(max(3, int(1.5 * px_per_mm_y) | 1))
    smooth = np.convolve(coverage, kernel / kernel.sum(), mode="same")
    peaks, _ = find_peaks(smooth, height=min_coverage, distance=max(1, int(MIN_ROW_GAP_MM * px_per_mm_y)))
    return [float(p) / px_per_mm_y for p in peaks]


def beat_together(
    inked: NDArray[np.uint8],
    px_per_mm: tuple[float, float],
    baselines_mm: list[float],
    other_mm: float,
    extent_mm: tuple[float, float],
) -> float:
    """How well another row's steep strokes stand below those of the rows: leads are recorded at one time.

    Parameters
    ----------
    inked : ndarray of uint8, shape (H, W)
        From `keep_long`.
    px_per_mm : (float, float)
    baselines_mm : list of float
    other_mm : float
        Height of the row in question.
    extent_mm : (float, float)
        From where to where the rows run.

    Returns
    -------
    float
        Correlation of the height of ink along the rows, -1 to 1: table wood and footers have about 0.
    """
    rows = [_measure_strokes(inked, px_per_mm, y, extent_mm) for y in (*baselines_mm, other_mm)]
    *body, other = [(row - row.mean()) / (row.std() + 0.1) for row in rows]
    usual = np.mean(body, axis=0)
    turned = [np.roll(other, k) for k in range(-2, 3)]  # a beat reaches leads a little apart
    return float(max(np.mean(usual * t) for t in turned) / (usual.std() * other.std() + 1e-6))


def beats_alone(
    inked: NDArray[np.uint8],
    px_per_mm: tuple[float, float],
    y_mm: float,
    extent_mm: tuple[float, float],
    reach_mm: float,
) -> bool:
    """True when a row's ink beats throughout, whatever the others do.

    Parameters
    ----------
    inked : ndarray of uint8, shape (H, W)
        From `keep_long`.
    px_per_mm : (float, float)
    y_mm : float
        Height of the row.
    extent_mm : (float, float)
        From where to where it runs.
    reach_mm : float
        How far above and below ink is still the row's.
    """
    row = Panel("", 0, 0, extent_mm, y_mm, 0.0)
    heights = measure_heights(inked, px_per_mm, row, min(reach_mm, ALONE_MM))
    middle = len(heights) // 2
    parts = heights, heights[:middle], heights[middle:]
    alike = [min(measure_beating(part, speed / STEP_MM) for part in parts) for speed in SPEEDS_MM_S]
    return max(alike) >= MIN_ALIKE


def _measure_strokes(
    inked: NDArray[np.uint8], px_per_mm: tuple[float, float], y_mm: float, extent_mm: tuple[float, float]
) -> NDArray[np.float64]:
    """Height of ink near a row in every `CELL_MM` along it, up to `TALL_MM`."""
    top, bottom = (max(0, round((y_mm + d) * px_per_mm[1])) for d in (-NEAR_MM, NEAR_MM))
    left, right = (max(0, round(x * px_per_mm[0])) for x in extent_mm)
    height = inked[top:bottom, left:right].sum(axis=0) / px_per_mm[1]
    cell = max(1, round(CELL_MM * px_per_mm[0]))
    cells = height[: len(height) // cell * cell].reshape(-1, cell).mean(axis=1)
    return np.asarray(np.minimum(cells, TALL_MM), np.float64)
