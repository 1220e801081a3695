"""Beats of one lead cut out, brought in line and compared with the record's own usual beat.

What differs from heart to heart, from lead to lead and from gain to gain is taken out by the reference: the median of
the beats that look alike. A strip of ten seconds has one too, if a rougher one than half an hour.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d
from scipy.signal import butter, sosfiltfilt

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FS_HZ = 250.0
"""Rate at which beats are compared."""
BEFORE_S, AFTER_S = 0.36, 0.50
"""A beat's window: from this long before the middle of its QRS complex to this long after."""
QRS_S = (-0.09, 0.11)

_BAND_HZ = (0.67, 40.0)  # under it the baseline wanders, above it a pen or a muscle writes
_SEARCH_S = 0.08
_ENERGY_S = 0.09
_SHIFT_S = 0.04
_ALIKE = 0.9  # correlation of QRS complexes of one shape
_MOVED = 0.7  # below this the reference does not say where a beat's middle is
_MOST_COMPARED = 120
_NEAREST = 24


@dataclass(frozen=True, eq=False)
class Windows:
    """The beats of one lead, in heights of the usual QRS complex.

    Attributes
    ----------
    lead : ndarray, shape (time,)
        The whole lead at `FS_HZ`.
    at : ndarray of int, shape (beats,)
        Middle of each QRS complex, samples of ``lead``.
    beats : ndarray, shape (beats, window)
        NaN where the lead is not seen.
    alike : ndarray of bool, shape (beats,)
        Whether the QRS complex is like the usual one.
    usual : ndarray, shape (window,)
        Median of the beats alike.
    near : ndarray, shape (beats, window)
        For each beat the median of the beats alike around it, itself left out.
    """

    lead: Floats
    at: Ints
    beats: Floats
    alike: NDArray[np.bool_]
    usual: Floats
    near: Floats


def span(span_s: tuple[float, float]) -> slice:
    """Part of a window, given in seconds from the middle of the QRS complex."""
    zero = round(BEFORE_S * FS_HZ)
    return slice(zero + round(span_s[0] * FS_HZ), zero + round(span_s[1] * FS_HZ) + 1)


def cut_windows(x_mv: Floats, fs_hz: float, r: Ints) -> Windows:
    """Cut the beats out of a lead and find what is usual there.

    Parameters
    ----------
    x_mv : ndarray, shape (time,)
        Millivolts, NaN where not seen.
    fs_hz : float
    r : ndarray of int, shape (beats,)
        QRS complexes in order of time, to within 80 ms.

    Returns
    -------
    Windows
    """
    lead = _clean(x_mv, fs_hz)
    at = _centre(lead, np.round(r * FS_HZ / fs_hz).astype(np.int64))
    at, alike, usual = _usual_beat(lead, at)
    qrs = usual[span(QRS_S)]
    unit = max(float(np.ptp(qrs)), 1e-3) if np.isfinite(qrs).all() else 1.0
    lead, usual = lead / unit, usual / unit
    beats = cut(lead, at, round(BEFORE_S * FS_HZ), round(AFTER_S * FS_HZ))
    return Windows(lead, at, beats, alike, usual, _usual_nearby(beats, alike, usual))


def cut(x: Floats, at: Ints, before: int, after: int) -> Floats:
    """Windows around samples, shape (beats, before + after + 1); NaN outside the lead."""
    index = at[:, None] + np.arange(-before, after + 1)
    inside = (index >= 0) & (index < x.size)
    return np.where(inside, x[np.clip(index, 0, x.size - 1)], np.nan)


def _clean(x: Floats, fs_hz: float) -> Floats:
    """A lead without wandering baseline and fine noise, at `FS_HZ`; NaN where nothing is seen."""
    held = np.isfinite(x)
    size = max(1, int(x.size * FS_HZ / fs_hz))
    if held.sum() < fs_hz:
        return np.full(size, np.nan)
    time = np.arange(x.size)
    filled = np.interp(time, time[held], x[held])
    sos = butter(2, (_BAND_HZ[0], min(_BAND_HZ[1], 0.45 * fs_hz)), "bandpass", fs=fs_hz, output="sos")
    smooth = sosfiltfilt(sos, filled, padlen=min(x.size - 1, round(fs_hz)))
    to = np.arange(size) * fs_hz / FS_HZ
    seen = np.interp(to, time, held.astype(np.float64)) > 0.99
    return np.where(seen, np.interp(to, time, smooth), np.nan)


def _centre(x: Floats, at: Ints) -> Ints:
    """Each beat moved to where the energy of its slopes is greatest, a little in favour of staying."""
    reach = round(_SEARCH_S * FS_HZ)
    slope = np.gradient(np.nan_to_num(x)) if x.size > 1 else np.zeros_like(x)
    energy = uniform_filter1d(np.square(slope), round(_ENERGY_S * FS_HZ), mode="nearest")
    moves = np.arange(-reach, reach + 1)
    index = at[:, None] + moves
    inside = (index >= 0) & (index < x.size)
    height = np.where(inside, energy[np.clip(index, 0, x.size - 1)] * (1.0 - 0.2 * np.square(moves / reach)), -1.0)
    return np.asarray(at + moves[height.argmax(axis=1)], dtype=np.int64)


def _usual_beat(x: Floats, at: Ints) -> tuple[Ints, NDArray[np.bool_], Floats]:
    """Beats in line with the most typical one, which of them are like it, and the median of those."""
    before, after, shift = (round(s * FS_HZ) for s in (BEFORE_S, AFTER_S, _SHIFT_S))
    qrs = span(QRS_S)
    rows = cut(x, at, before + shift, after + shift)[:, qrs.start : qrs.stop + 2 * shift]
    whole = np.flatnonzero(np.isfinite(rows).all(axis=1))
    if not whole.size:
        return at, np.zeros(at.size, dtype=np.bool_), np.full(before + after + 1, np.nan)
    some = whole[np.linspace(0, whole.size - 1, min(whole.size, _MOST_COMPARED)).round().astype(int)]
    middle = rows[some, shift:-shift]
    pairs = np.stack([_likeness(rows[some], one).max(axis=1) for one in middle])
    typical = middle[np.argmax((pairs > _ALIKE).sum(axis=1) + pairs.mean(axis=1))]
    score = np.full((at.size, 2 * shift + 1), -1.0)
    score[whole] = _likeness(rows[whole], typical)
    best = score.max(axis=1)
    moved = np.where(best > _MOVED, at + score.argmax(axis=1) - shift, at)
    beats = cut(x, moved, before, after)[best > _ALIKE]
    complete = beats[np.isfinite(beats).all(axis=1)]
    if not len(beats):  # a flat line has no beat that is like itself
        return moved, best > _ALIKE, np.full(before + after + 1, np.nan)
    usual = np.median(complete if len(complete) else np.nan_to_num(beats), axis=0)
    return moved, best > _ALIKE, usual


def _likeness(rows: Floats, template: Floats) -> Floats:
    """Correlation of each row with the template at every shift, less where one is below 0.6 of the other."""
    windows = sliding_window_view(rows, template.size, axis=1)
    flat = template - template.mean()
    size = max(float(np.linalg.norm(flat)), 1e-9)
    centred = windows - windows.mean(axis=2, keepdims=True)
    norm = np.maximum(np.linalg.norm(centred, axis=2), 1e-9)
    ratio = np.minimum(norm / size, size / norm)
    return np.asarray(centred @ flat / (norm * size) * np.minimum(1.0, ratio / 0.6), dtype=np.float64)


def _usual_nearby(beats: Floats, alike: NDArray[np.bool_], usual: Floats) -> Floats:
    """For each beat the median of the beats alike around it, itself left out; the usual beat where they are few."""
    members = np.flatnonzero(alike & np.isfinite(beats).all(axis=1))
    near = np.tile(usual, (len(beats), 1))
    if members.size < 4:
        return near
    for k in range(len(beats)):
        first = int(np.clip(np.searchsorted(members, k) - _NEAREST // 2, 0, max(0, members.size - _NEAREST)))
        around = members[first : first + _NEAREST]
        near[k] = np.median(beats[around[around != k]], axis=0)
    return near
