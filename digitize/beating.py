"""Whether a trace beats: short strokes that return, alike, at the distances of a heart; charts and noise do not."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.signal import find_peaks

LEAST_GAP_S, MOST_GAP_S = 0.27, 2.4
"""Between beats: 220 to 25 a minute."""
AROUND_S = 0.12
MIN_BEATS = 3
SHARP = 5.0
"""How far a beat's steepest stroke stands out of the trace's usual steepness; a sine's by 1.5, a random walk's by 4."""


def measure_beating(signal_mv: NDArray[np.float64], fs_hz: float) -> float:
    """How alike the beats of a trace are.

    Parameters
    ----------
    signal_mv : ndarray, shape (time,)
        NaN where it is not known.
    fs_hz : float

    Returns
    -------
    float
        Median correlation of its steep strokes and their surroundings with the median one, -1 to 1; 0 when there are
        fewer than `MIN_BEATS`, they come too close or too far apart, or they are not steeper than the rest.
    """
    known = np.flatnonzero(np.isfinite(signal_mv))
    if len(known) < 2 * MIN_BEATS * LEAST_GAP_S * fs_hz:
        return 0.0
    part = signal_mv[known[0] : known[-1] + 1]
    part = np.interp(np.arange(len(part)), np.flatnonzero(np.isfinite(part)), part[np.isfinite(part)])
    width = max(3, round(0.02 * fs_hz))
    slope = np.abs(np.convolve(np.gradient(part), np.ones(width) / width, mode="same"))
    usual = float(np.median(slope)) + 1e-9
    high = float(np.quantile(slope, 0.98))
    if high < SHARP * usual:
        return 0.0
    peaks, _ = find_peaks(slope, height=0.5 * high, distance=max(1, round(LEAST_GAP_S * fs_hz)))
    around = round(AROUND_S * fs_hz)
    peaks = peaks[(peaks >= around) & (peaks < len(part) - around)]
    if len(peaks) < MIN_BEATS or not LEAST_GAP_S < float(np.median(np.diff(peaks))) / fs_hz < MOST_GAP_S:
        return 0.0
    beats = np.stack([part[k - around : k + around] for k in peaks])
    beats -= beats.mean(axis=1, keepdims=True)
    usual_beat = np.median(beats, axis=0)
    norms = np.linalg.norm(beats, axis=1) * np.linalg.norm(usual_beat)
    return float(np.median(beats @ usual_beat / np.maximum(norms, 1e-9)))
