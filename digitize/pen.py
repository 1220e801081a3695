"""Where in each column of a row the pen was: a network's answer, column by column, with how sure it is.

The network sees one row of the sheet at a time, told by two channels of distances which row is meant, and answers for
every 0.05 mm of paper with a probability over heights, or that no trace is there. So a neighbour's QRS that crosses the
row is not this row's, and where nothing can be known the answer is broad instead of wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from digitize.networks import open_network
from digitize.stages import Ink

PX_PER_MM = 10.0
"""Resolution of the sheet that the network was trained at, along both axes."""
FINE = 2
"""Answers for each pixel column: 500 a second at 25 mm/s."""
BIN_PX = 2
"""Height of a bin, 0.02 mV at 10 mm/mV; a position between two bins' middles is split over both."""
MULTIPLE_PX = 64
"""Width and height of what the network sees are multiples of this."""
RANGE_PX = 200.0
"""Distances to rows are told the network up to this far."""
CHANNELS = 7
ZERO, UNIT = 128, 127.5
"""The network is shown whole numbers: 0 is `ZERO`, and 1 is `UNIT` more."""
FOLD = 4
"""Lines that lie under one another are shown it as channels: its first layer answers for so many at a time."""
DARK = np.minimum(np.rint(ZERO + UNIT * (1 - np.arange(256) / 255)), 255).astype(np.uint8)
"""The whole number for the darkness of each brightness."""
TILE_PX, OVERLAP_PX = 512, 64
"""Columns answered at a time, and what is seen beside them: bounds the memory. Both are multiples of `MULTIPLE_PX`."""


def stack_band(
    rgb: NDArray[np.uint8], ink: Ink, top_px: int, baseline_px: float, others_px: Sequence[float]
) -> NDArray[np.uint8]:
    """What the network sees of one row.

    Parameters
    ----------
    rgb : ndarray of uint8, shape (H, W, 3)
        Part of the flat sheet, evenly lit.
    ink : Ink
        The same part.
    top_px : int
        Height on the sheet of the part's first line.
    baseline_px : float
        Height on the sheet of the row in question.
    others_px : sequence of float
        Heights of all other rows.

    Returns
    -------
    ndarray of uint8, shape (CHANNELS, H, W)
        Darkness in red, green and blue; ink that is no grid; how sure that is; distance below the row; distance from
        the nearest other row; in steps of 1 / `UNIT`.
    """
    band = np.empty((CHANNELS, *rgb.shape[:2]), np.uint8)
    band[:3] = np.moveaxis(cv2.LUT(rgb, DARK), 2, 0)
    y = top_px + np.arange(rgb.shape[0])
    away = np.abs(y[:, None] - np.asarray([*others_px, np.inf])).min(axis=1)
    below, beside = np.clip((y - baseline_px) / RANGE_PX, -1, 1), np.minimum(away / RANGE_PX, 1)
    for k, plane in enumerate((ink.trace, ink.sure, below[:, None], beside[:, None]), 3):
        band[k] = cv2.convertScaleAbs(plane, alpha=UNIT, beta=ZERO)
    return band


def fold_rows(band: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The band as the network takes it, with half a fold of nothing above and below.

    Parameters
    ----------
    band : ndarray of uint8, shape (CHANNELS, H, W)

    Returns
    -------
    ndarray of uint8, shape (1, CHANNELS FOLD, H / FOLD + 1, W)
    """
    channels, height, width = band.shape
    padded = np.full((channels, height + FOLD, width), ZERO, np.uint8)
    padded[:, FOLD // 2 : -(FOLD // 2)] = band
    folded = padded.reshape(channels, -1, FOLD, width).transpose(0, 2, 1, 3)
    return np.asarray(folded.reshape(1, channels * FOLD, -1, width))


FLOOR = 1e-4
"""Probability of any height whatever the network says, so that one column alone cannot break a path."""
STEP_COST = 0.2
"""Log probability that a path pays for each bin of height between neighbouring fine columns."""
NEAR_BINS = 8
"""A position is the mean of the heights this near to the path."""


def ask_heights(band: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The network's answer for one band.

    Parameters
    ----------
    band : ndarray of uint8, shape (CHANNELS, H, W)
        From `stack_band`; H and W multiples of `MULTIPLE_PX`.

    Returns
    -------
    ndarray of float32, shape (H / BIN_PX + 1, FINE * W)
        Probability of each height in each fine column, and last of no trace.
    """
    network = open_network("digitize", "pen", arena=False)
    answers = []
    width = band.shape[2]
    for first in range(0, width, TILE_PX):
        last = min(first + TILE_PX, width)
        left, right = max(first - OVERLAP_PX, 0), min(last + OVERLAP_PX, width)
        (probability,) = network.run(None, {"band": fold_rows(band[..., left:right])})
        answers.append(probability[0, :, FINE * (first - left) : FINE * (last - left)])
    return np.asarray(np.concatenate(answers, axis=1), np.float32)


def follow_heights(probability: NDArray[np.float32]) -> NDArray[np.int64]:
    """The likeliest way through the columns of each row, moving up or down at a small cost.

    Parameters
    ----------
    probability : ndarray of float32, shape (rows, bins, columns)
        Rows of other sizes are filled up with zeros.

    Returns
    -------
    ndarray of int, shape (rows, columns)
        Bin of each column.
    """
    rows, bins, columns = probability.shape
    half = columns // 2
    worth = probability.transpose(2, 0, 1) + np.float32(FLOOR)
    np.log(worth, out=worth)
    # Both halves are followed at once, from the ends to the middle, as if they were rows of their own: half the steps.
    best = np.zeros((columns - half, 2 * rows, bins), np.float32)
    best[columns - 2 * half :, :rows], best[:, rows:] = worth[:half], worth[half:][::-1]
    slope = (STEP_COST * np.arange(bins)).astype(np.float32)
    for value, come_to in pairwise(best):
        down = np.maximum.accumulate(value + slope, axis=1) - slope
        up = np.maximum.accumulate((value - slope)[:, ::-1], axis=1)[:, ::-1] + slope
        come_to += np.maximum(down, up)
    away = STEP_COST * np.abs(np.arange(bins)[:, None] - np.arange(bins)).astype(np.float32)
    meeting = best[-1, :rows, :, None] + best[-1, rows:, None] - away
    path = np.empty((len(best), 2 * rows), np.int64)
    y = path[-1] = np.concatenate(np.divmod(meeting.reshape(rows, -1).argmax(axis=1), bins))
    for x in range(len(best) - 2, -1, -1):
        y = path[x] = (best[x] - away[y]).argmax(axis=1)
    return np.concatenate([path[columns - 2 * half :, :rows], path[::-1, rows:]]).T


def place_pen(
    probability: NDArray[np.float32], path: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sub-bin position of the pen about a path, and the probability that it is there.

    Parameters
    ----------
    probability : ndarray of float32, shape (bins, columns)
    path : ndarray of int, shape (columns,)

    Returns
    -------
    height_px : ndarray, shape (columns,)
        From the top of the band, the centre of its first line being 0.
    confidence : ndarray, shape (columns,)
        Probability within `NEAR_BINS` of the path.
    """
    reach = np.arange(-NEAR_BINS, NEAR_BINS + 1)[:, None]
    padded = np.pad(probability, ((NEAR_BINS, NEAR_BINS), (0, 0)))
    near = padded[path + reach + NEAR_BINS, np.arange(len(path))].astype(np.float64)
    mass = near.sum(axis=0)
    mean = path + (near * reach).sum(axis=0) / np.maximum(mass, 1e-9)
    return mean * BIN_PX + (BIN_PX - 1) / 2, mass
