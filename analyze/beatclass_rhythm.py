"""What the RR intervals alone say of a beat: how long they are in seconds, and whether the rhythm repeats itself.

Seconds stay seconds here: where most beats come early, nothing is early beside the usual interval of the record.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

ABSOLUTE = ("pre_s", "post_s", "prev_s", "local_s", "mean_s")
"""RR intervals before and after the beat and before the last one, median of those around, mean of all (de Chazal)."""
REPEATS = "repeats"
"""Share of pairs of successive intervals, of all such pairs around, that are like one another."""

_AROUND = 20  # intervals to either side
_FEWEST = 4
_ALIKE = 0.06  # of the median interval; ectopic rhythms keep to a few places of the Poincaré plot, fibrillation to none


def rhythm_features(rr_s: Floats) -> dict[str, Floats]:
    """`ABSOLUTE` and `REPEATS` of every beat.

    Parameters
    ----------
    rr_s : ndarray, shape (beats - 1,)
        Seconds from each beat to the next, NaN where that is not known.

    Returns
    -------
    dict of str to ndarray, shape (beats,)
    """
    n = rr_s.size + 1
    padded = np.concatenate([[np.nan, np.nan], rr_s, [np.nan]])
    local, repeats = local_median(rr_s), np.full(n, np.nan)
    for k in np.flatnonzero(np.isfinite(local)):
        repeats[k] = _share_alike(rr_s[max(0, k - _AROUND - 1) : k + _AROUND] / local[k])
    known = rr_s[np.isfinite(rr_s)]
    mean = np.full(n, known.mean() if known.size else np.nan)
    intervals = (padded[1 : n + 1], padded[2 : n + 2], padded[:n], local, mean)
    return dict(zip((*ABSOLUTE, REPEATS), (*intervals, repeats), strict=True))


def local_median(rr_s: Floats) -> Floats:
    """Median of the intervals around every beat, shape (beats,); NaN where fewer than four are known."""
    local = np.full(rr_s.size + 1, np.nan)
    for k in range(local.size):
        near = rr_s[max(0, k - _AROUND) : k + _AROUND]
        held = near[np.isfinite(near)]
        if held.size >= _FEWEST:
            local[k] = np.median(held)
    return local


def _share_alike(rr: Floats) -> float:
    """How many of the points (interval, next interval) lie near one another, as a share of all pairs of points."""
    points = np.stack([rr[:-1], rr[1:]], axis=1)
    points = points[np.isfinite(points).all(axis=1)]
    if len(points) < _FEWEST:
        return float("nan")
    near = np.abs(points[:, None] - points[None]).max(axis=2) < _ALIKE
    return float((near.sum() - len(points)) / (len(points) * (len(points) - 1)))
