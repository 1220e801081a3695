"""Stretches of True in a row of truth values."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def find_runs(mask: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First and one-past-last index of each stretch of True.

    Parameters
    ----------
    mask : ndarray of bool, shape (n,)

    Returns
    -------
    list of (int, int)
        From left to right.
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(np.int8), [0]])))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
