"""Leads that were recorded at one time obey Einthoven's law: share out what they miss it by.

Every limb lead is a sum of two of them: with I and II known, III = II - I, aVR = -(I + II) / 2, aVL = I - II / 2 and
aVF = II - I / 2 (Einthoven 1912, Goldberger 1942; recorders compute four of the six that way). Where three or more are
printed side by side, each has been read with an error of its own, and the law tells a part of it. The pair (I, II) that
fits all of them best, each by how sure it is, replaces the readings: the error that breaks the law is gone, and the sum
of squared errors cannot grow. Where the law is missed by more than reading errors explain, something else is wrong, a
misread or misnamed lead, and nothing is shared out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from digitize.record import Ecg

Array = NDArray[np.float64]

LIMB: dict[str, tuple[float, float]] = {
    "I": (1.0, 0.0),
    "II": (0.0, 1.0),
    "III": (-1.0, 1.0),
    "aVR": (-0.5, -0.5),
    "aVL": (1.0, -0.5),
    "aVF": (-0.5, 1.0),
}
"""Each limb lead as a sum of I and II."""
MIN_SAMPLES = 100
"""Fewer do not tell how far the zero lines of the leads lie apart."""
MISFIT = 4.0
"""Misfit, in expected errors, from which on the readings are left as they are; half of it is shared out in full."""
MAX_MISFITS = 0.1
"""When more samples than this miss by so much, the leads were not recorded at one time, or are not those they are
called."""
NOISE_MV, JITTER_S = 0.012, 0.002
"""Expected error of a flat trace, a tenth of a millimetre; and of time, which a steep stroke turns into one of height,
half a pixel of the sheet."""
STEEP = 3.0
"""Strokes are steep where their expected error is so many times that of a flat trace."""
GRAVE = 3.0
"""Misfits of so many usual ones are blunders, which tell nothing of the usual ones."""


def obey_einthoven(ecg: Ecg) -> Ecg:
    """Bring limb leads that are printed at the same time in line with one another.

    Parameters
    ----------
    ecg : Ecg
        NaN where a lead is not printed or not read. Each lead may have a zero line of its own.

    Returns
    -------
    Ecg
        Changed only where three or more limb leads were read together.
    """
    out = ecg.signal_mv.copy()
    for picked, read_mv, error_mv, law in _find_together(ecg):
        out[picked] = _share_out(read_mv, error_mv, law)
    return replace(ecg, signal_mv=out)


def measure_misfit(ecg: Ecg) -> float | None:
    """How far the limb leads of this page miss Einthoven's law on steep strokes: what its reading errors are like.

    Parameters
    ----------
    ecg : Ecg
        As read, before `obey_einthoven`.

    Returns
    -------
    float or None
        In expected errors (`expect_error`), a few grave ones counted as `GRAVE` usual ones; None where too few strokes
        of three or more limb leads were printed together, or more than an expected error is missed: then the leads were
        not recorded at one time, or something else is wrong, and the law tells nothing of reading errors.
    """
    squares = [np.zeros(0)]
    for _, read_mv, error_mv, law in _find_together(ecg):
        centred_mv, fitted_mv = _fit_law(read_mv, error_mv, law)
        steep = error_mv.max(axis=1) > STEEP * NOISE_MV
        off = np.square((centred_mv - fitted_mv) / error_mv).sum(axis=1) / (len(law) - 2)
        squares.append(off[steep])
    every = np.concatenate(squares)
    if len(every) < MIN_SAMPLES:
        return None
    misfit = float(np.sqrt(np.mean(np.minimum(every, GRAVE**2 * np.median(every)))))
    return misfit if misfit < 1.0 else None


def expect_error(signal_mv: Array, fs_hz: float) -> Array:
    """Expected error of what was read, one standard deviation, in millivolts, shape (time, lead)."""
    steps = np.abs(np.diff(signal_mv, axis=0, prepend=signal_mv[:1])) * fs_hz
    slope_mv_s = np.fmax(steps, np.concatenate([steps[1:], steps[-1:]]))
    return np.asarray(np.hypot(NOISE_MV, JITTER_S * np.nan_to_num(slope_mv_s)))


def _find_together(ecg: Ecg) -> Iterator[tuple[tuple[Array, ...], Array, Array, Array]]:
    """Stretches of three or more limb leads side by side: where, what was read and its expected error, the law.

    Shapes: those of ``np.ix_`` for (time, lead); (time, lead) twice; (lead, 2).
    """
    columns = np.array([ecg.leads.index(name) for name in LIMB if name in ecg.leads], np.int64)
    law = np.array([LIMB[ecg.leads[k]] for k in columns])
    error_mv = expect_error(ecg.signal_mv, ecg.fs_hz)
    # Which leads are printed together changes from column to column of the sheet: each pattern has its own zero lines.
    patterns, member = np.unique(np.isfinite(ecg.signal_mv[:, columns]), axis=0, return_inverse=True)
    for k, held in enumerate(patterns):
        at = np.flatnonzero(member.ravel() == k)
        if held.sum() >= 3 and len(at) >= MIN_SAMPLES:
            picked = np.ix_(at, columns[held])
            yield picked, ecg.signal_mv[picked], error_mv[picked], law[held]


def _share_out(read_mv: Array, error_mv: Array, law: Array) -> Array:
    """The readings, shape (time, lead), moved towards the nearest that obey the law, shape (lead, 2)."""
    centred_mv, fitted_mv = _fit_law(read_mv, error_mv, law)
    misfit = np.sqrt(np.mean(np.square((centred_mv - fitted_mv) / error_mv), axis=1, keepdims=True))
    if np.mean(misfit > MISFIT) > MAX_MISFITS:
        return read_mv
    share = np.clip(2 - 2 * misfit / MISFIT, 0, 1)
    return np.asarray(read_mv + share * (fitted_mv - centred_mv))


def _fit_law(read_mv: Array, error_mv: Array, law: Array) -> tuple[Array, Array]:
    """The readings about zero lines that obey the law, and the nearest that obey it: each (time, lead)."""
    equal = law @ np.linalg.pinv(law)
    centred_mv = read_mv - np.median(read_mv - read_mv @ equal.T, axis=0)
    weight = 1 / np.square(error_mv)
    normal = np.einsum("tl,li,lj->tij", weight, law, law)
    pair = np.linalg.solve(normal, np.einsum("tl,tl,li->ti", weight, centred_mv, law)[..., None])[..., 0]
    return centred_mv, np.asarray(pair @ law.T)
