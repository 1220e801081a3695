"""What the networks were trained on, as a cloud: how far an ECG lies from it tells when an answer is a guess.

The distance is Mahalanobis' in the space of what was measured and the main directions of the representative beats
(Lee et al. 2018, arXiv 1807.03888, with one cloud for all classes), the covariance shrunk as Ledoit and Wolf have it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.covariance import LedoitWolf

from analyze.classinput import Singles

DIRECTIONS = 48
STEP = 4
"""Of the beat every fourth sample is looked at."""
MOST_NUMBER = 6.0


@dataclass(frozen=True, eq=False)
class Cloud:
    """Centre and spread of the numbers, directions of beats, and the map in which distance is Euclid's.

    Attributes
    ----------
    centre, spread : ndarray, shape (number,)
        Median and half of the range from the 10th to the 90th percentile.
    beat_mean : ndarray, shape (leads * time,)
    directions : ndarray, shape (leads * time, DIRECTIONS)
    mean : ndarray, shape (feature,)
    whiten : ndarray, shape (feature, feature)
    """

    centre: Singles
    spread: Singles
    beat_mean: Singles
    directions: Singles
    mean: Singles
    whiten: Singles


def fit_cloud(beat: NDArray[np.float16], numbers: Singles) -> Cloud:
    """The cloud of the training records, (record, 24, time) and (record, number)."""
    centre = np.nanmedian(numbers, axis=0)
    low, high = np.nanpercentile(numbers, [10, 90], axis=0)
    spread = np.maximum((high - low) / 2, 1e-3)
    flat = beat[:, :12, ::STEP].astype(np.float32).reshape(len(beat), -1)
    beat_mean = flat.mean(axis=0)
    directions = np.linalg.svd(flat - beat_mean, full_matrices=False)[2][:DIRECTIONS].T
    nothing = np.empty(0, np.float32)
    part = Cloud(
        np.asarray(centre, np.float32), np.asarray(spread, np.float32), np.asarray(beat_mean, np.float32),
        np.asarray(directions, np.float32), nothing, nothing,
    )  # fmt: skip
    features = describe(part, beat, numbers)
    fitted = LedoitWolf().fit(features)
    whiten = np.linalg.cholesky(fitted.precision_)
    return Cloud(
        part.centre, part.spread, part.beat_mean, part.directions,
        np.asarray(fitted.location_, np.float32), np.asarray(whiten, np.float32),
    )  # fmt: skip


def describe(cloud: Cloud, beat: NDArray[np.float16], numbers: Singles) -> Singles:
    """Features of records in which distance is measured: numbers, beats along the directions, and what these leave."""
    scaled = np.clip((numbers - cloud.centre) / cloud.spread, -MOST_NUMBER, MOST_NUMBER)
    flat = beat[:, :12, ::STEP].astype(np.float32).reshape(len(beat), -1) - cloud.beat_mean
    along = flat @ cloud.directions
    rest = np.log(np.square(flat - along @ cloud.directions.T).mean(axis=1, keepdims=True) + 1e-4)
    return np.concatenate([np.nan_to_num(scaled), along, rest], axis=1).astype(np.float32)


def measure_distance(cloud: Cloud, beat: NDArray[np.float16], numbers: Singles) -> Singles:
    """Distance of records from the cloud, over the root of the number of features: about 1 for what is usual."""
    off = (describe(cloud, beat, numbers) - cloud.mean) @ cloud.whiten
    return np.sqrt(np.square(off).mean(axis=1)).astype(np.float32)
