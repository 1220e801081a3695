"""Which beats have the usual shape: the others, ectopic, fused, aberrant or spoilt, stay out of the measurements."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from digitize.record import Ecg

Floats = NDArray[np.float64]

_SAME_SHAPE = 0.8  # correlation with the typical beat
_SHAPE_S = (0.08, 0.14)  # compared from this long before to this long after
_SHIFT_S = 0.06  # on a sheet, how far the columns may differ in where they see the middle of a wide QRS
_STEPS = 8  # shifts tried to either side
_MOST_COMPARED = 40


def find_usual(ecg: Ecg, r: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which beats look like most others, by vote of the leads that see them and in these leads together.

    Parameters
    ----------
    ecg : Ecg
    r : ndarray of int, shape (beats,)
        Sample of each QRS complex.

    Returns
    -------
    ndarray of bool, shape (beats,)
        True where nothing can be compared.
    """
    before, after, shift = (round(s * ecg.fs_hz) for s in (*_SHAPE_S, _SHIFT_S))
    votes = np.zeros(r.size)
    cast = np.zeros(r.size)
    for k in range(len(ecg.leads)):
        x = ecg.signal_mv[:, k]
        inside = np.flatnonzero((r >= before + shift) & (r + after + shift < x.size))
        cut = x[r[inside, None] + np.arange(-before - shift, after + shift + 1)]
        whole = np.isfinite(cut).all(axis=1)
        inside, cut = inside[whole], cut[whole]
        if inside.size < 3:  # of two different beats nobody can say which is the usual one
            continue
        like = _likeness(cut, shift)
        if 2 * (like >= _SAME_SHAPE).sum() < inside.size:  # noise: in this lead no shape is the usual one
            continue
        votes[inside] += inside.size * (like >= _SAME_SHAPE)
        cast[inside] += inside.size
    usual = np.asarray((votes >= 0.5 * cast) | (cast == 0), dtype=np.bool_)
    return usual & ~_unlike_together(ecg, r, usual)


def _unlike_together(ecg: Ecg, r: NDArray[np.int64], usual: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which of the usual beats differ in the leads that see them taken together, at one shift for all of them.

    Lead by lead, each at its own shift, a fused or aberrant beat often passes for a usual one. Leads count by the power
    of their median QRS complex, each by its correlation, so that an artefact in one of them decides nothing.
    """
    before, after, shift = (round(s * ecg.fs_hz) for s in (*_SHAPE_S, _SHIFT_S))
    unlike = np.zeros(r.size, dtype=np.bool_)
    inside = np.flatnonzero(usual & (r >= before + shift) & (r + after + shift < ecg.signal_mv.shape[0]))
    cut = ecg.signal_mv[r[inside, None] + np.arange(-before - shift, after + shift + 1)]
    seen = np.isfinite(cut).all(axis=1)
    for leads in np.unique(seen, axis=0):
        rows = np.flatnonzero((seen == leads).all(axis=1))
        if rows.size < 3 or leads.sum() < 2:
            continue
        part = cut[rows][:, :, leads]
        template = np.median(part[:, shift : part.shape[1] - shift], axis=0)
        template = template - template.mean(axis=0)
        power = np.square(template).sum(axis=0)
        # (beats, shifts, leads, time)
        windows = sliding_window_view(part, template.shape[0], axis=1)[:, :: max(1, shift // _STEPS)]
        centred = windows - windows.mean(axis=3, keepdims=True)
        alike = np.einsum("bslt,tl->bsl", centred, template) / np.maximum(
            np.linalg.norm(centred, axis=3) * np.sqrt(power), 1e-12
        )
        unlike[inside[rows]] = (alike @ power).max(axis=1) < _SAME_SHAPE * power.sum()
    return unlike


def _likeness(cut: Floats, shift: int) -> Floats:
    """Correlation of each beat with the most typical one, shape (beats,), at the best of all shifts; 1 is the same.

    A beat's sample is common to all leads, and on a sheet other leads give it in every column: hence the shifts.
    """
    step = max(1, shift // _STEPS)
    some = np.linspace(0, len(cut) - 1, min(len(cut), _MOST_COMPARED)).round().astype(int)
    middle = cut[some, shift : cut.shape[1] - shift]
    pairs = _correlate(cut, middle, step)
    typical = int(np.argmax(np.median(pairs[some], axis=0)))
    return np.asarray(pairs[:, typical], dtype=np.float64)


def _correlate(cut: Floats, templates: Floats, step: int) -> Floats:
    """Correlation of beats with templates at the best of all shifts, less where one is below 0.6 of the other.

    Parameters
    ----------
    cut : ndarray, shape (beat, time)
    templates : ndarray, shape (template, shorter time)
    step : int
        From one shift to the next.

    Returns
    -------
    ndarray, shape (beat, template)
    """
    windows = sliding_window_view(cut, templates.shape[1], axis=1)[:, ::step]
    centred = windows - windows.mean(axis=2, keepdims=True)
    flat = templates - templates.mean(axis=1, keepdims=True)
    size = np.maximum(np.linalg.norm(flat, axis=1), 1e-12)
    norm = np.maximum(np.linalg.norm(centred, axis=2), 1e-12)[..., None]
    score = centred @ flat.T / (norm * size) * np.minimum(1.0, np.minimum(norm / size, size / norm) / 0.6)
    return np.asarray(score.max(axis=1), dtype=np.float64)
