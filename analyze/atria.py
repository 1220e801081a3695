"""How fast the atria beat, seen between the QRST complexes: P waves that are not each followed by a QRS complex.

What remains of a column's bumps once its representative beat is taken out from QRS to the end of T is compared with
itself a while later: P waves come back after a PP interval, whatever the ventricles do. A strip of 10 s holds some ten
of them, so that this hints at blocks and proves none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, next_fast_len, rfft
from scipy.signal import find_peaks

from analyze.average import BUMP_S, lift_bumps, nanmedian
from analyze.beats import Beats
from analyze.marked import MarkedColumn
from analyze.spikes import lift_spikes
from digitize.record import Ecg

Floats = NDArray[np.float64]

_PP_S = (0.16, 1.5)
_AS_WELL = 0.8  # of the best likeness: multiples of the PP interval are as alike, the shortest of them is it
_MARGIN_S = 0.03  # around QRS, beside the reach of the bumps
_T_ENDS_S = 0.42  # after QRS onset at an RR interval of 1 s, where no end of T was found
_LEAST = 0.1  # likeness of what is told at all
_CLIP = 4.0  # of a lead's usual deviation: what is beyond is an artefact
_FEWEST_S = 2.0  # of pairs of samples a PP interval apart


@dataclass(frozen=True)
class Atria:
    """A train of atrial waves.

    Attributes
    ----------
    pp_s : float
        The time between two of them.
    likeness : float
        Of what lies so far apart: 1 is the same, chance gives up to 0.3.
    rr_off : float
        How far RR intervals are from whole multiples of it, at most, in PP intervals, 0 to 0.5.
    """

    pp_s: float
    likeness: float
    rr_off: float


def find_atria(ecg: Ecg, beats: Beats, marked: Sequence[MarkedColumn]) -> Atria | None:
    """The PP interval that explains best what lies between the QRST complexes.

    Parameters
    ----------
    ecg : Ecg
    beats : Beats
    marked : sequence of MarkedColumn
        Those of the ECG; the one that shows most beats is used.

    Returns
    -------
    Atria, or None where too little is seen.
    """
    at = max(marked, key=lambda column: column.average.at.size, default=None)
    if at is None:
        return None
    first, last = (round(s * ecg.fs_hz) for s in _PP_S)
    likeness = _compare(_between(lift_spikes(ecg, beats.spikes), at), last, round(_FEWEST_S * ecg.fs_hz))[first:]
    peaks, _ = find_peaks(likeness, height=_LEAST)
    if not peaks.size:
        return None
    best = peaks[likeness[peaks] >= _AS_WELL * likeness[peaks].max()][0]
    pp_s = float((first + best) / ecg.fs_hz)
    of_pp = beats.rr_s / pp_s
    off = float(np.abs(of_pp - of_pp.round()).max()) if of_pp.size else 0.0
    return Atria(pp_s, float(likeness[best]), off)


def _between(ecg: Ecg, at: MarkedColumn) -> Floats:
    """Bumps without QRST, each lead over its usual deviation, shape (time, lead); NaN at QRS complexes."""
    average, fs_hz = at.average, ecg.fs_hz
    x = ecg.signal_mv[:, [ecg.leads.index(lead) for lead in average.column.leads]]
    rest = lift_bumps(x[None], fs_hz)[0]
    usual = nanmedian(average.bumps_mv)
    reach = round((BUMP_S + _MARGIN_S) * fs_hz)
    on, off = at.qrs_on - average.r, at.qrs_off - average.r
    ends = [m.t_off for m in at.marks.values() if np.isfinite(m.t_off)]
    t_off = round(float(np.median(ends))) if ends else on + round(_T_ENDS_S * min(average.rr_s, 1.0) ** 0.5 * fs_hz)
    t_off = min(t_off + reach, len(usual) - average.r)
    for r in average.at:
        a, b = max(0, r + on), min(len(rest), r + t_off)
        rest[a:b] -= usual[a - r + average.r : b - r + average.r]
        rest[max(0, r + on - reach) : max(0, r + off + reach)] = np.nan
    deviation = 1.483 * nanmedian(np.abs(rest))
    return np.asarray(np.clip(rest / np.maximum(deviation, 1e-6), -_CLIP, _CLIP), dtype=np.float64)


def _compare(rest: Floats, last: int, fewest: int) -> Floats:
    """Correlation of what remains with itself 0 to ``last`` samples later, over all leads; 0 where little is seen."""
    held = np.isfinite(rest)
    size = next_fast_len(len(rest) + last, real=True)
    x, seen = (rfft(part, size, axis=0) for part in (np.where(held, rest, 0.0), held.astype(np.float64)))
    power = rfft(np.where(held, np.square(rest), 0.0), size, axis=0)
    both, early, late, count = (
        irfft(a.conj() * b, size, axis=0)[: last + 1].sum(axis=1)
        for a, b in ((x, x), (power, seen), (seen, power), (seen, seen))
    )
    scale = np.sqrt(np.maximum(early * late, 1e-12))
    return np.asarray(np.where(count >= fewest, both / scale, 0.0), dtype=np.float64)
