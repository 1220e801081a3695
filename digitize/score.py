"""How close a reading comes to the truth, lead by lead.

The measure
-----------
For each lead of the truth take the samples where truth exists. Shift the reading by the lag within 0.2 s that leaves
the least error, the mean difference removed. A sample that the reading does not have counts as zero. Sum the power of
the signal and of the error over the leads: SNR = 10 log10(signal / error).

Decided here, where the sentence leaves a choice:

* Each lead has its own lag, a whole number of samples of the truth. A tie goes to the shorter lag, then to the earlier.
* Signal power is that of the truth with its mean removed: an offset, which the reading need not have, earns nothing.
* The zero of a missing sample is the truth's mean: a lead of which nothing was read has as much error as signal, 0 dB.
* The mean difference is over the samples that both have.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from digitize.record import Ecg

MAX_LAG_S = 0.2
WRONG_DB = 5.0
"""A reading below this is wrong: its error has nearly a third of the signal's power, or more."""

StJ = Callable[[Ecg], Mapping[str, float]]
"""ST level at the J point by lead, in millivolts, NaN or absent where it cannot be measured."""

_FOUND_SHARE = 0.5
_LEAST_ERROR = 1e-12  # of the signal's power: a perfect reading scores 120 dB, a number that JSON can hold


@dataclass(frozen=True)
class LeadScore:
    """One lead against its truth.

    Attributes
    ----------
    snr_db, pcc, rmse_mv : float
        ``pcc`` is Pearson's correlation over the samples that both have, NaN where there are none or one is flat; the
        others count missing samples as zero.
    lag_s : float
        By how much the reading comes late.
    share : float
        Part of the truth's samples that the reading has, at that lag.
    found : bool
        ``share`` is at least one half.
    named : bool
        Found, and no other lead of the truth fits these samples better: the name is right.
    signal_mv2, error_mv2 : float
        Summed squares, which the page's SNR adds up.
    samples : int
        Samples of the truth.
    """

    snr_db: float
    pcc: float
    rmse_mv: float
    lag_s: float
    share: float
    found: bool
    named: bool
    signal_mv2: float
    error_mv2: float
    samples: int


@dataclass(frozen=True)
class PageScore:
    """One page against its truth.

    Attributes
    ----------
    snr_db, rmse_mv : float
        Over all leads of the truth together, missing samples counted as zero.
    pcc : float
        Mean of the leads' correlations; a lead that was not read counts as 0.
    leads_true, leads_found, leads_named : int
        Leads that the truth has; those of which half or more was read; those of them that bear their right name.
    st_j_error_uv : dict of str to float
        ST level at the J point, reading minus truth, by lead, where both could be measured; empty when not asked for.
    leads : dict of str to LeadScore
    """

    snr_db: float
    pcc: float
    rmse_mv: float
    leads_true: int
    leads_found: int
    leads_named: int
    st_j_error_uv: dict[str, float] = field(default_factory=dict)
    leads: dict[str, LeadScore] = field(default_factory=dict)


def score_page(
    truth: Ecg,
    read: Ecg,
    truth_st_j_mv: Mapping[str, float] | None = None,
    read_st_j_mv: Mapping[str, float] | None = None,
) -> PageScore:
    """Score a reading; see the top of this module for the measure.

    Parameters
    ----------
    truth : Ecg
        What was printed; NaN where nothing was.
    read : Ecg
        What was read, from the same time zero. Another rate is brought to the truth's by linear interpolation.
    truth_st_j_mv, read_st_j_mv : mapping of str to float, optional
        ST level at J by lead in millivolts, measured by the caller in each of the two.

    Returns
    -------
    PageScore

    Raises
    ------
    ValueError
        The truth holds no sample.
    """
    names = [name for name, printed in truth.printed.items() if printed]
    if not names:
        raise ValueError("The truth holds no sample.")
    true_mv = np.stack([truth.lead(name) for name in names], axis=1)
    lags = round(MAX_LAG_S * truth.fs_hz)
    leads = {}
    for column, name in enumerate(names):
        read_mv = _at_rate(read.lead(name), read.fs_hz, truth.fs_hz) if name in read.leads else np.empty(0)
        leads[name] = _score_lead(true_mv, column, _padded(read_mv, true_mv.shape[0], lags), truth.fs_hz)
    scores = list(leads.values())
    signal_mv2, error_mv2 = sum(s.signal_mv2 for s in scores), sum(s.error_mv2 for s in scores)
    return PageScore(
        snr_db=_db(signal_mv2, error_mv2),
        pcc=float(np.mean([0.0 if np.isnan(s.pcc) else s.pcc for s in scores])),
        rmse_mv=float(np.sqrt(error_mv2 / sum(s.samples for s in scores))),
        leads_true=len(scores),
        leads_found=sum(s.found for s in scores),
        leads_named=sum(s.named for s in scores),
        st_j_error_uv=_differences_uv(truth_st_j_mv or {}, read_st_j_mv or {}),
        leads=leads,
    )


def _score_lead(true_mv: NDArray[np.float64], column: int, read_mv: NDArray[np.float64], fs_hz: float) -> LeadScore:
    """One padded reading against one column of the truth; the other columns are asked whether they fit better."""
    held = np.isfinite(true_mv)
    mean_mv = np.nanmean(true_mv, axis=0)
    centred_mv = np.where(held, true_mv - mean_mv, 0.0)
    both, error_mv2 = _errors(centred_mv, held, read_mv)
    count = held.sum(axis=0)
    signal_mv2 = (centred_mv**2).sum(axis=0)
    # What the reading misses is error as large as the signal there.
    missed_mv2 = signal_mv2[None] - _windows(np.isfinite(read_mv).astype(float), true_mv.shape[0]) @ centred_mv**2
    total_mv2 = error_mv2[:, column] + missed_mv2[:, column]
    lags = np.arange(total_mv2.size) - total_mv2.size // 2
    order = np.argsort(np.abs(lags), kind="stable")
    best = int(order[np.argmin(total_mv2[order])])
    share = float(both[best, column] / count[column])
    # Another lead can claim the name only where it was printed at the same time.
    comparable = both >= _FOUND_SHARE * count
    mean_error_mv2 = np.where(comparable, error_mv2 / np.maximum(both, 1), np.inf).min(axis=0)
    found = share >= _FOUND_SHARE
    shifted_mv = _windows(read_mv, true_mv.shape[0])[best]
    error = max(float(total_mv2[best]), 0.0)
    return LeadScore(
        snr_db=_db(float(signal_mv2[column]), error),
        pcc=_correlation(true_mv[:, column], shifted_mv),
        rmse_mv=float(np.sqrt(error / count[column])),
        lag_s=float(lags[best] / fs_hz),
        share=share,
        found=found,
        named=found and bool(mean_error_mv2[column] <= mean_error_mv2.min() + 1e-9),
        signal_mv2=float(signal_mv2[column]),
        error_mv2=error,
        samples=int(count[column]),
    )


def _errors(
    centred_mv: NDArray[np.float64], held: NDArray[np.bool_], read_mv: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Samples in common and summed squared error, the mean difference removed, at every lag against every lead.

    Parameters
    ----------
    centred_mv, held : ndarray, shape (time, lead)
        Truth, 0 where there is none.
    read_mv : ndarray, shape (time + 2 lags,)

    Returns
    -------
    both, error_mv2 : ndarray, shape (2 lags + 1, lead)
    """
    has = np.isfinite(read_mv)
    value_mv = np.where(has, read_mv - (np.mean(read_mv[has]) if has.any() else 0.0), 0.0)
    mask = held.astype(np.float64)
    read_window, has_window, square_window = (
        _windows(series, centred_mv.shape[0]) for series in (value_mv, has.astype(np.float64), value_mv**2)
    )
    both = has_window @ mask
    difference = read_window @ mask - has_window @ centred_mv
    squares = square_window @ mask - 2 * read_window @ centred_mv + has_window @ centred_mv**2
    return both, np.maximum(squares - difference**2 / np.maximum(both, 1), 0.0)


def _windows(series: NDArray[np.float64], length: int) -> NDArray[np.float64]:
    windows: NDArray[np.float64] = sliding_window_view(series, length)
    return windows


def _padded(read_mv: NDArray[np.float64], length: int, lags: int) -> NDArray[np.float64]:
    """The reading from ``lags`` samples before the truth to ``lags`` samples after it."""
    padded = np.full(length + 2 * lags, np.nan)
    read_mv = read_mv[: length + lags]
    padded[lags : lags + read_mv.size] = read_mv
    return padded


def _at_rate(signal_mv: NDArray[np.float64], fs_hz: float, wanted_hz: float) -> NDArray[np.float64]:
    """A signal at another rate; NaN stays NaN, and so does what lies between it and a sample."""
    if fs_hz == wanted_hz or not signal_mv.size:
        return signal_mv
    at = np.arange(round(signal_mv.size * wanted_hz / fs_hz)) * (fs_hz / wanted_hz)
    resampled: NDArray[np.float64] = np.interp(at, np.arange(signal_mv.size), signal_mv, right=np.nan)
    return resampled


def _correlation(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    both = np.isfinite(a) & np.isfinite(b)
    if both.sum() < 2 or np.ptp(a[both]) == 0 or np.ptp(b[both]) == 0:
        return float("nan")
    return float(np.corrcoef(a[both], b[both])[0, 1])


def _db(signal_mv2: float, error_mv2: float) -> float:
    if signal_mv2 <= 0:
        return float("nan")
    return float(10 * np.log10(signal_mv2 / max(error_mv2, _LEAST_ERROR * signal_mv2)))


def _differences_uv(truth_mv: Mapping[str, float], read_mv: Mapping[str, float]) -> dict[str, float]:
    pairs = {name: (read_mv[name] - truth_mv[name]) * 1000 for name in truth_mv if name in read_mv}
    return {name: float(error) for name, error in pairs.items() if np.isfinite(error)}
