"""Beats of one shape share out what reading errors make of it.

Creases and the printer's dots move each QRS by a millisecond or two, in each lead by another amount: enough to change
its height at a given moment by a tenth. The heart's own beats are mostly more alike than that. How large the errors of
this page are, Einthoven's law tells (`digitize.reconcile.measure_misfit`); where the beats of a lead differ by no more,
they are brought together about their mean, and where they differ by more, by as much less as that is improbable
(James & Stein 1961). A beat that is of another shape, an extrasystole, is left as it was read, and so is all of a page
on which nothing tells how large the errors are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.signal import find_peaks

from digitize.reconcile import expect_error
from digitize.record import Ecg

Array = NDArray[np.float64]

BEFORE_S, AFTER_S = 0.07, 0.09
"""What of a beat is looked at, about its steepest part: the QRS. Its times and heights are its own outside that."""
RIM_S = 0.02
"""The correction begins and ends over this, and a beat may be moved by as much in search of the others."""
APART_S = 0.25
STEEPEST, STEEP = 0.98, 0.4
"""A beat is as steep as this part of what is steeper than that part of the record."""
SMOOTH_S = 0.08
UNLIKE = 4.0
"""A beat so many errors from the others is of another shape; half of it is like them in full."""
TURNS = 6
UNSEEN = 1.4
"""How much larger errors are than the law tells, which does not see what leads have in common. On drawn pages of known
truth steep strokes are off by 0.27 expected errors and the law says 0.16 (medians of 48): taken rather low, for what is
not shared out is at least what was read."""


def share_beats(ecg: Ecg, misfit: float | None) -> Ecg:
    """Bring the QRS complexes of each lead in line with one another, as far as reading errors explain their difference.

    Parameters
    ----------
    ecg : Ecg
    misfit : float or None
        How large the page's errors are, in expected ones, from `digitize.reconcile.measure_misfit`.

    Returns
    -------
    Ecg
        Changed only within QRS complexes that a lead has two or more of.
    """
    if not misfit:  # unknown, or no error at all
        return ecg
    size = UNSEEN * misfit
    out = ecg.signal_mv.copy()
    at = find_qrs(ecg)
    cuts = _cut_beats(ecg, at)
    late = _align(cuts, size, ecg.fs_hz)
    rim = round(RIM_S * ecg.fs_hz)
    first, fade = at - round(BEFORE_S * ecg.fs_hz) - rim, _fade(ecg.fs_hz)
    for lead, (which, beats_mv) in cuts.items():
        change_mv = _come_together(_line_up(which, beats_mv, late), size, ecg.fs_hz) * fade
        for k, change in zip(which, change_mv, strict=True):
            out[first[k] : first[k] + len(fade), lead] += _move(change, -late[k])
    return replace(ecg, signal_mv=out)


def find_qrs(ecg: Ecg) -> NDArray[np.int64]:
    """Samples about which the leads together are steepest: the middles of the QRS complexes."""
    slope = np.nan_to_num(np.diff(ecg.signal_mv, axis=0, prepend=ecg.signal_mv[:1]))
    window = np.hanning(round(SMOOTH_S * ecg.fs_hz) + 2)
    steep = np.sqrt(np.convolve(np.square(slope).sum(axis=1), window / window.sum(), mode="same"))
    peaks, _ = find_peaks(steep, height=STEEP * np.quantile(steep, STEEPEST), distance=round(APART_S * ecg.fs_hz))
    return np.asarray(peaks, np.int64)


def _cut_beats(ecg: Ecg, at: NDArray[np.int64]) -> dict[int, tuple[NDArray[np.int64], Array]]:
    """By lead the beats read in full, two or more: which they are, and (beat, time) about their own middle heights."""
    rim = round(RIM_S * ecg.fs_hz)
    span = np.arange(-round(BEFORE_S * ecg.fs_hz) - rim, round(AFTER_S * ecg.fs_hz) + rim)
    inside = np.flatnonzero((at + span[0] >= 0) & (at + span[-1] < len(ecg.signal_mv)))
    found = {}
    for lead, signal_mv in enumerate(ecg.signal_mv.T):
        beats_mv = signal_mv[at[inside, None] + span]
        whole = np.isfinite(beats_mv).all(axis=1)
        if whole.sum() >= 2:
            beats_mv = beats_mv[whole]
            found[lead] = inside[whole], beats_mv - np.median(beats_mv, axis=1, keepdims=True)
    return found


def _align(cuts: Mapping[int, tuple[NDArray[np.int64], Array]], size: float, fs_hz: float) -> Mapping[int, float]:
    """By how many samples each beat comes late against the others of its leads, all of these taken together."""
    late = {int(k): 0.0 for which, _ in cuts.values() for k in which}
    for _ in range(TURNS):
        pull, weight = dict.fromkeys(late, 0.0), dict.fromkeys(late, 0.0)
        for which, beats_mv in cuts.values():
            usual_mv, error_mv, off = _compare(_line_up(which, beats_mv, late), size, fs_hz)
            slope = np.gradient(usual_mv) / error_mv
            for k, beat, unlike in zip(which, off, _measure_size(off), strict=True):
                if unlike < 3 * UNLIKE:
                    pull[k] -= float(slope @ beat)
                    weight[k] += float(slope @ slope)
        late = {k: late[k] + float(np.clip(pull[k] / weight[k], -1, 1)) if weight[k] else late[k] for k in late}
    most = RIM_S * fs_hz
    return {k: float(np.clip(value, -most, most)) for k, value in late.items()}


def _come_together(beats_mv: Array, size: float, fs_hz: float) -> Array:
    """What to add to the beats of one lead, shape (beat, time)."""
    _, error_mv, off = _compare(beats_mv, size, fs_hz)
    unlike = _measure_size(off)
    like = unlike < UNLIKE
    count = int(like.sum())
    if count < 2:
        return np.zeros_like(beats_mv)
    off_mv = beats_mv - beats_mv[like].mean(axis=0)
    differ = float(np.mean(np.square(off_mv[like] / error_mv))) * count / (count - 1)
    share = min(1.0, 1 / max(differ, 1e-9)) * np.clip(2 - 2 * unlike / UNLIKE, 0, 1)
    return np.asarray(-share[:, None] * off_mv)


def _compare(beats_mv: Array, size: float, fs_hz: float) -> tuple[Array, Array, Array]:
    """The usual beat of one lead and its expected error, (time,), and how far each beat lies off it, (beat, time)."""
    usual_mv = np.median(beats_mv, axis=0)
    error_mv = size * expect_error(usual_mv[:, None], fs_hz)[:, 0]
    return usual_mv, error_mv, (beats_mv - usual_mv) / error_mv


def _measure_size(off: Array) -> Array:
    """Root mean square of each row."""
    return np.asarray(np.sqrt(np.mean(np.square(off), axis=1)))


def _line_up(which: NDArray[np.int64], beats_mv: Array, late: Mapping[int, float]) -> Array:
    """The beats of one lead, each earlier by what it comes late."""
    return np.stack([_move(beat, late[k]) for k, beat in zip(which, beats_mv, strict=True)])


def _move(beat: Array, late: float) -> Array:
    """The beat as it would be had it come earlier by so many samples."""
    time = np.arange(len(beat))
    return np.asarray(np.interp(time + late, time, beat))


def _fade(fs_hz: float) -> Array:
    """How much of a correction counts over the time of a cut: none at its rims, all in its middle."""
    rim = round(RIM_S * fs_hz)
    time = np.arange(round(BEFORE_S * fs_hz) + round(AFTER_S * fs_hz) + 2 * rim)
    return np.asarray(np.clip((np.minimum(time, time[::-1]) - rim) / rim, 0, 1), np.float64)
