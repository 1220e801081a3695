"""The representative beat of every lead of a column: the median of its beats of usual shape, aligned and level.

No high-pass touches the signal, so that the ST segment keeps its height. What wanders is taken out by straight lines
between the PQ levels of neighbouring beats; each beat's ST level against its own PQ level stays as it was.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from analyze.beats import Beats
from analyze.columns import Column
from digitize.record import Ecg

Floats = NDArray[np.float64]

BUMP_S = 0.045
"""Half of a P wave."""

_MOST_BEATS = 60
_MANY_BEATS = 5  # below this their median absolute deviation says little
_ALIGN_S = 0.09  # half of the stretch that is compared
_SHIFT_S = 0.06  # on a sheet, how far the columns may differ in where they see the middle of a wide QRS
_NEIGHBOUR_S = 0.10  # before its reference point a neighbouring beat may have begun, and after it not yet ended
_PQ_S = 0.02  # the PQ level is the mean over this long, ending at the QRS onset


@dataclass(frozen=True, eq=False)
class Average:
    """The representative beat of each lead of a column, in millivolts above the PQ level.

    Attributes
    ----------
    column : Column
    mv : ndarray, shape (time, lead)
        NaN where no beat shows the lead.
    error_mv : ndarray, shape (time, lead)
        Standard error of the median over the beats; NaN where fewer than two are seen.
    bumps_mv : ndarray, shape (beat, time, lead)
        How far each moment of each beat stands out of what is `BUMP_S` before and after it: P waves, without baselines
        that wander from beat to beat and T waves that change with the RR interval.
    beats : ndarray of int, shape (lead,)
        How many beats show the whole QRS complex.
    r : int
        Row of the common reference point of the QRS complex.
    at : ndarray of int, shape (beats,)
        Samples of that point in the record, for the beats that were averaged.
    rr_s : float
        Median RR interval, or 0.8 where none is known.
    fs_hz : float
    """

    column: Column
    mv: Floats
    error_mv: Floats
    bumps_mv: Floats
    beats: NDArray[np.int64]
    r: int
    at: NDArray[np.int64]
    rr_s: float
    fs_hz: float


def cut_beats(x: Floats, at: NDArray[np.int64], before: int, after: int) -> Floats:
    """Samples around each position, shape (beats, before + after + 1, ...); NaN beyond the ends of the record."""
    rows = at[:, None] + np.arange(-before, after + 1)
    inside = (rows >= 0) & (rows < x.shape[0])
    cut = x[np.clip(rows, 0, x.shape[0] - 1)]
    cut[~inside] = np.nan
    return np.asarray(cut, dtype=np.float64)


def average_beats(
    ecg: Ecg, column: Column, beats: Beats, which: NDArray[np.bool_] | None = None, most: int | None = _MOST_BEATS
) -> Average | None:
    """Median beat of a column.

    Parameters
    ----------
    ecg : Ecg
    column : Column
    beats : Beats
    which : ndarray of bool, shape (beats,), optional
        The beats to use; those of usual shape when left out.
    most : int, optional
        Use no more beats than this, evenly spread.

    Returns
    -------
    Average, or None when the column shows no such beat.
    """
    use = beats.r[(beats.normal if which is None else which) & (beats.r >= column.start) & (beats.r < column.stop)]
    if not use.size:
        return None
    if most is not None and use.size > most:
        use = use[np.linspace(0, use.size - 1, most).round().astype(int)]
    x = ecg.signal_mv[:, [ecg.leads.index(lead) for lead in column.leads]]
    at = _align(x, use, ecg.fs_hz)
    rr_s = beats.median_rr_s or 0.8
    before, after = round(min(0.40, 0.55 * rr_s) * ecg.fs_hz), round(min(0.70, 0.80 * rr_s) * ecg.fs_hz)

    onset = _rough_onset(cut_beats(x, at, before, after), before, ecg.fs_hz)
    level = _level_lines(x, at + onset, ecg.fs_hz)
    cut = _without_neighbours(cut_beats(x - level, at, before, after), at, beats.r, before, ecg.fs_hz)
    mv = nanmedian(cut)
    qrs = cut[:, before - round(0.04 * ecg.fs_hz) : before + round(0.06 * ecg.fs_hz)]
    return Average(
        column=column,
        mv=mv,
        error_mv=_standard_error(cut, mv),
        bumps_mv=lift_bumps(cut, ecg.fs_hz),
        beats=np.isfinite(qrs).all(axis=1).sum(axis=0),
        r=before,
        at=at,
        rr_s=rr_s,
        fs_hz=ecg.fs_hz,
    )


def _align(x: Floats, at: NDArray[np.int64], fs_hz: float) -> NDArray[np.int64]:
    """Move each beat, in all leads together, to where it correlates best with the median of all."""
    if at.size < 2:
        return at
    half, most = round(_ALIGN_S * fs_hz), round(_SHIFT_S * fs_hz)
    for _ in range(2):
        template = nanmedian(cut_beats(x, at, half, half))
        template = np.nan_to_num(template - _mean(template, axis=0))
        scores = _correlate(cut_beats(x, at, half + most, half + most), template)
        at = at + np.where(scores.max(axis=1) > 0, scores.argmax(axis=1) - most, 0)
    return at


def _correlate(wide: Floats, template: Floats) -> Floats:
    """Product of beats (beat, time, lead) with a template without mean, at every shift; leads with gaps count nothing.

    Returns
    -------
    ndarray, shape (beat, shift)
    """
    held = np.isfinite(wide)
    filled = np.where(held, wide - _mean(wide, axis=1)[:, None], 0.0)
    scores = np.einsum("bslt,tl->bsl", sliding_window_view(filled, len(template), axis=1), template)
    if not held.all():
        gaps = np.cumsum(np.pad(~held, ((0, 0), (1, 0), (0, 0))), axis=1)
        scores[gaps[:, len(template) :] > gaps[:, : -len(template)]] = 0.0
    return np.asarray(scores.sum(axis=2), dtype=np.float64)


def _without_neighbours(cut: Floats, at: NDArray[np.int64], r: NDArray[np.int64], before: int, fs_hz: float) -> Floats:
    """NaN where the QRS complex of the beat before or after lies: at short RR intervals they are near."""
    margin = round(_NEIGHBOUR_S * fs_hz)
    row = np.arange(cut.shape[1])[None, :] + at[:, None] - before
    # a beat's own entry in r lies within the alignment's reach
    following = np.append(r, r[-1] + cut.shape[1])[np.searchsorted(r, at + margin)]
    previous = np.insert(r, 0, r[0] - cut.shape[1])[np.searchsorted(r, at - margin)]
    near = (row > following[:, None] - margin) | (row < previous[:, None] + margin)
    return np.where(near[..., None], np.nan, cut)


def _rough_onset(cut: Floats, r: int, fs_hz: float) -> int:
    """Samples from the reference point back to about the QRS onset, over all leads: where it is still flat."""
    speed = np.abs(np.gradient(nanmedian(cut), axis=0))
    joint = np.convolve(np.sqrt(_mean(np.square(speed), axis=1)), np.full(5, 0.2), mode="same")
    near = joint[max(0, r - round(0.12 * fs_hz)) : r + round(0.12 * fs_hz)]
    flat = joint < 0.12 * near.max(initial=0.0)
    start = max(0, r - round(0.16 * fs_hz))
    steep = np.flatnonzero(~flat[start:r])
    if not steep.size:
        return -round(0.04 * fs_hz)
    gaps = np.flatnonzero(np.diff(steep) > round(0.02 * fs_hz))
    first = steep[gaps[-1] + 1] if gaps.size else steep[0]
    return int(start + first - r - round(0.004 * fs_hz))


def _level_lines(x: Floats, onset: NDArray[np.int64], fs_hz: float) -> Floats:
    """PQ level of each lead over the record, straight between beats; shape (time, lead)."""
    width = max(2, round(_PQ_S * fs_hz))
    pq = nanmedian(np.swapaxes(cut_beats(x, onset, width, 0), 0, 1))
    level = np.zeros_like(x)
    rows = np.arange(x.shape[0])
    for k in range(x.shape[1]):
        seen = np.isfinite(pq[:, k])
        if seen.any():
            level[:, k] = np.interp(rows, onset[seen] - width / 2, pq[seen, k])
        else:
            level[:, k] = np.nan
    return level


def _mean(x: Floats, axis: int) -> Floats:
    """Mean over an axis of what is there; 0 where nothing is."""
    held = np.isfinite(x)
    total = np.where(held, x, 0.0).sum(axis=axis)
    return np.asarray(total / np.maximum(held.sum(axis=axis), 1), dtype=np.float64)


def nanmedian(x: Floats) -> Floats:
    """Median over the first axis of what is there; NaN, without a warning, where nothing is."""
    ordered = np.sort(x, axis=0)  # what is not there comes last
    count = len(x) - np.isnan(x).sum(axis=0)
    middle = np.stack([np.maximum(count - 1, 0) // 2, count // 2 * (count > 0)])
    return np.asarray(np.take_along_axis(ordered, middle, axis=0).mean(axis=0), dtype=np.float64)


def lift_bumps(cut: Floats, fs_hz: float) -> Floats:
    """What stands out of its surroundings by `BUMP_S`; NaN at the ends of a beat."""
    half = round(BUMP_S * fs_hz)
    bumps = np.full_like(cut, np.nan)
    bumps[:, half:-half] = cut[:, half:-half] - (cut[:, : -2 * half] + cut[:, 2 * half :]) / 2.0
    return bumps


def bump_error_mv(average: Average, rows: tuple[int, int], k: int) -> Floats:
    """Standard error over the beats of the bumps of one lead between two rows."""
    bumps = average.bumps_mv[:, slice(*rows), k]
    return _standard_error(bumps, nanmedian(bumps))


def _standard_error(cut: Floats, median: Floats) -> Floats:
    """Standard error of the median over the beats; of the mean, which it hardly differs from, where they are few."""
    held = np.isfinite(cut)
    count = held.sum(axis=0)
    off = np.where(held, cut - median, np.nan)
    square = _mean(np.square(off - _mean(off, axis=0)), axis=0) * count / np.maximum(count - 1, 1)
    robust = 1.253 * 1.483 * nanmedian(np.abs(off))  # of normal noise: median 1.253 x mean, deviation 1.483 x MAD
    spread = np.where(count < _MANY_BEATS, np.sqrt(square), robust)
    return np.asarray(np.where(count >= 2, spread / np.sqrt(np.maximum(count, 1)), np.nan), dtype=np.float64)
