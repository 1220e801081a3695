"""Spikes of a pacemaker: strokes of a few milliseconds that rise out of a quiet trace, in several leads at once.

Some recorders draw them wider, as rectangles: a jump from one sample to the next, and a level that holds. Spikes are no
part of a P wave or a QRS complex, and are lifted out before beats are sought and waves are marked.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d

from digitize.record import Ecg

Floats = NDArray[np.float64]

_HALF_S = 0.0045  # a pulse lasts 0.5 to 2 ms, an amplifier's band and a pen widen it to about this
_QUIET_S = 0.030  # before it, without a P wave's or QRS complex's upstroke
_LEAST_MV = 0.10
_ABOVE_QUIET = 3.0
_LIFTED_S = 0.012
_JUMP_S = 0.002  # a rectangle's edge,
_LEVEL_S = 0.010  # what follows it is level for this long,
_LEVEL = 0.25  # to this much of the edge's height,
_WIDEST_S = 0.040  # and comes back within this
_LEADS = 2  # a stroke in one lead alone may be an artefact
_RATE_HZ = 0.4  # rarer strokes than these are artefacts too: no pacemaker is set below 30 a minute
_FEWEST = 3


def find_spikes(ecg: Ecg) -> NDArray[np.int64]:
    """Samples of pacemaker spikes, shape (spikes,); none where fewer than two leads are seen together.

    A sharp R wave is no spike: what comes before its tip is its own upstroke and not quiet.
    """
    height = np.maximum(_heights(ecg.signal_mv, ecg.fs_hz), _edges(ecg.signal_mv, ecg.fs_hz))
    if not height.any():
        return np.zeros(0, dtype=np.int64)
    near = max(1, round(_HALF_S * ecg.fs_hz))
    shown = maximum_filter1d(height, 2 * near + 1, axis=0) > 0
    chest = np.array([lead.startswith("V") for lead in ecg.leads])
    blind = ~np.isfinite(ecg.signal_mv[:, chest]).any(axis=1)
    # a loose electrode on a limb draws its strokes in three limb leads, and in no chest lead
    through = (shown.sum(axis=1) >= _LEADS) & (shown[:, chest].any(axis=1) | blind)
    total = np.where(through, height.sum(axis=1), 0.0)
    at = np.flatnonzero((total > 0) & (total == maximum_filter1d(total, 4 * near + 1)))
    apart = np.diff(at, prepend=-ecg.signal_mv.shape[0]) > 2 * near
    at = at[apart]
    enough = at.size >= max(_FEWEST, _RATE_HZ * ecg.duration_s)
    return np.asarray(at if enough else at[:0], dtype=np.int64)


def lift_spikes(ecg: Ecg, spikes: NDArray[np.int64]) -> Ecg:
    """The ECG without its spikes: a straight line where one was, and a rectangle taken down by its height."""
    if not spikes.size:
        return ecg
    signal_mv, last = ecg.signal_mv.copy(), ecg.signal_mv.shape[0] - 1
    reach, edge = (max(1, round(s * ecg.fs_hz)) for s in (_LIFTED_S, _JUMP_S))
    for at in spikes.tolist():
        width = _width(signal_mv, at, ecg.fs_hz)
        if width <= reach:
            _bridge(signal_mv, max(0, at - reach), min(last, at + reach))
            continue
        signal_mv[at : at + width] -= signal_mv[at] - signal_mv[at - edge]
        _bridge(signal_mv, at + width - 2 * edge, min(last, at + width + 2 * edge))
    return Ecg(signal_mv, ecg.fs_hz, ecg.leads)


def _bridge(signal_mv: Floats, a: int, b: int) -> None:
    """A straight line in every lead from one sample to another; gaps stay gaps."""
    share = np.linspace(0.0, 1.0, b - a + 1)[:, None]
    gap = np.isnan(signal_mv[a : b + 1])
    signal_mv[a : b + 1] = np.where(gap, np.nan, (1.0 - share) * signal_mv[a] + share * signal_mv[b])


def _heights(x: Floats, fs_hz: float) -> Floats:
    """Height of a spike in millivolts at each sample, shape (time, lead); 0 where there is none."""
    half, quiet = max(1, round(_HALF_S * fs_hz)), max(2, round(_QUIET_S * fs_hz))
    height = np.zeros_like(x)
    if len(x) < 2 * (half + quiet):
        return height
    rise, fall = x[half:-half] - x[: -2 * half], x[half:-half] - x[2 * half :]
    height[half:-half] = np.where(rise * fall > 0, np.minimum(np.abs(rise), np.abs(fall)), 0.0)
    return _above_quiet(x, height, half, quiet)


def _edges(x: Floats, fs_hz: float) -> Floats:
    """Height of a rectangle's first edge in millivolts at each sample, shape (time, lead); 0 elsewhere."""
    jump, level, quiet = (max(1, round(s * fs_hz)) for s in (_JUMP_S, _LEVEL_S, _QUIET_S))
    height = np.zeros_like(x)
    if len(x) < 2 * (jump + quiet) + level:
        return height
    height[jump:-level] = np.abs(np.nan_to_num(x[jump:-level] - x[: -jump - level]))
    at, leads = np.nonzero(height >= _LEAST_MV)
    after = x[at[:, None] + np.arange(level + 1), leads[:, None]]
    slopes = ~(np.ptp(after, axis=1) <= _LEVEL * height[at, leads])
    height[at[slopes], leads[slopes]] = 0.0
    return _above_quiet(x, height, jump, quiet)


def _above_quiet(x: Floats, height: Floats, half: int, quiet: int) -> Floats:
    """Heights that stand out of the trace just before them; 0 for the others."""
    width = quiet - half + 1
    first = half + width // 2
    at, leads = np.nonzero(height >= _LEAST_MV)
    at, leads = at[at >= first], leads[at >= first]
    rows = at[:, None] - first + np.arange(-(width // 2), (width + 1) // 2)
    before = np.nan_to_num(x[np.maximum(rows, 0), leads[:, None]])
    out = height[at, leads] >= _ABOVE_QUIET * np.ptp(before, axis=1)
    kept = np.zeros_like(height)
    kept[at[out], leads[out]] = height[at[out], leads[out]]
    return kept


def _width(signal_mv: Floats, at: int, fs_hz: float) -> int:
    """Samples from a rectangle's first edge to where most of the leads that show it have come back by half; else 0."""
    edge, most = max(1, round(_JUMP_S * fs_hz)), round(_WIDEST_S * fs_hz)
    if at < edge:
        return 0
    off = np.abs(signal_mv[at : at + most + 1] - signal_mv[at - edge])
    shown = np.nan_to_num(off[0]) >= _LEAST_MV
    back = off[:, shown] < 0.5 * off[0, shown]
    return int(np.median(np.where(back.any(axis=0), back.argmax(axis=0), 0))) if shown.any() else 0
