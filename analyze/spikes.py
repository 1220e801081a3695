"""Spikes of a pacemaker: strokes of a few milliseconds that rise out of a quiet trace, in several leads at once.

They are no part of a P wave or a QRS complex, and are lifted out before beats are sought and waves are marked.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d, minimum_filter1d

from digitize.record import Ecg

Floats = NDArray[np.float64]

_HALF_S = 0.0045  # a pulse lasts 0.5 to 2 ms, an amplifier's band and a pen widen it to about this
_QUIET_S = 0.030  # before it, without a P wave's or QRS complex's upstroke
_LEAST_MV = 0.10
_ABOVE_QUIET = 3.0
_LIFTED_S = 0.012
_LEADS = 2  # a stroke in one lead alone may be an artefact
_RATE_HZ = 0.4  # rarer strokes than these are artefacts too: no pacemaker is set below 30 a minute
_FEWEST = 3


def find_spikes(ecg: Ecg) -> NDArray[np.int64]:
    """Samples of pacemaker spikes, shape (spikes,); none where fewer than two leads are seen together.

    A sharp R wave is no spike: what comes before its tip is its own upstroke and not quiet.
    """
    height = np.stack([_heights(x, ecg.fs_hz) for x in ecg.signal_mv.T], axis=1)
    near = max(1, round(_HALF_S * ecg.fs_hz))
    leads = (maximum_filter1d(height, 2 * near + 1, axis=0) > 0).sum(axis=1)
    total = np.where(leads >= _LEADS, height.sum(axis=1), 0.0)
    at = np.flatnonzero((total > 0) & (total == maximum_filter1d(total, 4 * near + 1)))
    apart = np.diff(at, prepend=-ecg.signal_mv.shape[0]) > 2 * near
    at = at[apart]
    enough = at.size >= max(_FEWEST, _RATE_HZ * ecg.duration_s)
    return np.asarray(at if enough else at[:0], dtype=np.int64)


def lift_spikes(ecg: Ecg, spikes: NDArray[np.int64]) -> Ecg:
    """The ECG with a straight line where a spike was."""
    if not spikes.size:
        return ecg
    signal_mv, reach = ecg.signal_mv.copy(), max(1, round(_LIFTED_S * ecg.fs_hz))
    for at in spikes:
        a, b = max(0, int(at) - reach), min(signal_mv.shape[0] - 1, int(at) + reach)
        share = np.linspace(0.0, 1.0, b - a + 1)[:, None]
        gap = np.isnan(signal_mv[a : b + 1])
        line = (1.0 - share) * signal_mv[a] + share * signal_mv[b]
        signal_mv[a : b + 1] = np.where(gap, np.nan, line)
    return Ecg(signal_mv, ecg.fs_hz, ecg.leads)


def _heights(x: Floats, fs_hz: float) -> Floats:
    """Height of a spike in millivolts at each sample of one lead, shape (time,); 0 where there is none."""
    half, quiet = max(1, round(_HALF_S * fs_hz)), max(2, round(_QUIET_S * fs_hz))
    if x.size < 2 * (half + quiet):
        return np.zeros_like(x)
    rise = np.full_like(x, np.nan)
    rise[half:] = x[half:] - x[:-half]
    fall = np.full_like(x, np.nan)
    fall[:-half] = x[:-half] - x[half:]
    height = np.where(rise * fall > 0, np.minimum(np.abs(rise), np.abs(fall)), 0.0)
    filled = np.nan_to_num(x)
    width = quiet - half + 1
    shift = half + width // 2
    ptp = maximum_filter1d(filled, width) - minimum_filter1d(filled, width)
    before = np.full_like(x, np.inf)
    before[shift:] = ptp[:-shift]
    return np.asarray(np.where(height >= np.maximum(_LEAST_MV, _ABOVE_QUIET * before), height, 0.0), dtype=np.float64)
