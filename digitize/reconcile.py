"""Leads that were recorded at one time obey Einthoven's law: share out what they miss it by.

Every limb lead is a sum of two of them: with I and II known, III = II - I, aVR = -(I + II) / 2, aVL = I - II / 2 and
aVF = II - I / 2 (Einthoven 1912, Goldberger 1942; recorders compute four of the six that way). Where three or more are
printed side by side, each has been read with an error of its own, and the law tells a part of it. The pair (I, II) that
fits all of them best, each by how sure it is, replaces the readings: the error that breaks the law is gone, and the sum
of squared errors cannot grow. Where the law is missed by more than reading errors explain, something else is wrong, a
misread or misnamed lead, and nothing is shared out.
"""

from __future__ import annotations

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
    error_mv = expect_error(ecg.signal_mv, ecg.fs_hz)
    return replace(ecg, signal_mv=_share_among_limbs(ecg.signal_mv, error_mv, ecg.leads))


def expect_error(signal_mv: Array, fs_hz: float) -> Array:
    """Expected error of what was read, one standard deviation, in millivolts, shape (time, lead)."""
    steps = np.abs(np.diff(signal_mv, axis=0, prepend=signal_mv[:1])) * fs_hz
    slope_mv_s = np.fmax(steps, np.concatenate([steps[1:], steps[-1:]]))
    return np.asarray(np.hypot(NOISE_MV, JITTER_S * np.nan_to_num(slope_mv_s)))


def _share_among_limbs(signal_mv: Array, error_mv: Array, leads: tuple[str, ...]) -> Array:
    """See `obey_einthoven`; shapes (time, lead)."""
    columns = [leads.index(name) for name in LIMB if name in leads]
    law = np.array([LIMB[leads[k]] for k in columns])
    out = signal_mv.copy()
    if not columns:
        return out
    limb_mv = signal_mv[:, columns]
    there = np.isfinite(limb_mv)
    # Which leads are printed together changes from column to column of the sheet: each pattern has its own zero lines.
    patterns, member = np.unique(there, axis=0, return_inverse=True)
    for k, held in enumerate(patterns):
        at = np.flatnonzero(member.ravel() == k)
        if held.sum() < 3 or len(at) < MIN_SAMPLES:
            continue
        picked = np.ix_(at, np.flatnonzero(held))
        out[np.ix_(at, np.array(columns)[held])] = _share_out(limb_mv[picked], error_mv[:, columns][picked], law[held])
    return out


def _share_out(read_mv: Array, error_mv: Array, law: Array) -> Array:
    """The readings, shape (time, lead), moved towards the nearest that obey the law, shape (lead, 2)."""
    equal = law @ np.linalg.pinv(law)
    zero_mv = np.median(read_mv - read_mv @ equal.T, axis=0)
    centred_mv = read_mv - zero_mv
    weight = 1 / np.square(error_mv)
    normal = np.einsum("tl,li,lj->tij", weight, law, law)
    pair = np.linalg.solve(normal, np.einsum("tl,tl,li->ti", weight, centred_mv, law)[..., None])[..., 0]
    fitted_mv = pair @ law.T
    misfit = np.sqrt(np.mean(weight * np.square(centred_mv - fitted_mv), axis=1, keepdims=True))
    if np.mean(misfit > MISFIT) > MAX_MISFITS:
        return read_mv
    share = np.clip(2 - 2 * misfit / MISFIT, 0, 1)
    return np.asarray(zero_mv + centred_mv + share * (fitted_mv - centred_mv))
