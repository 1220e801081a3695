"""Records as sheets show them, and as a reader of photos hands them on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from digitize.errors import UsageError
from digitize.record import LEADS, Ecg

FORMS = ("whole", "3x4", "6x2", "worn")
"""``worn`` is a 3x4 sheet whose columns stand in any order, read with the errors of a digitizer."""

_NOISE_MV, _NOISE_S = 0.02, 0.012
_LAG_S, _LAG_KNOT_S = 0.003, 0.4
_GAIN = 0.02


def check_form(form: str) -> None:
    """Raise UsageError where a record cannot be shown so."""
    if form not in FORMS:
        raise UsageError(f"Records cannot be shown as {form!r}.", f"Forms are {', '.join(FORMS)}.")


def show_as(ecg: Ecg, form: str, rng: np.random.Generator) -> Ecg:
    """What a sheet shows of a record: each column its own stretch of time, lead II all of it, NaN elsewhere.

    Parameters
    ----------
    ecg : Ecg
        With all twelve leads.
    form : {"whole", "3x4", "6x2", "worn"}
    rng : numpy.random.Generator
        Used by ``worn`` only.
    """
    if form == "whole":
        return ecg
    per_column = 6 if form == "6x2" else 3
    columns = [LEADS[k : k + per_column] for k in range(0, len(LEADS), per_column)]
    if form == "worn":
        ecg = wear(ecg, rng)
        columns = [columns[k] for k in rng.permutation(len(columns))]
    shown = np.full_like(ecg.signal_mv, np.nan)
    edges = np.linspace(0, len(shown), len(columns) + 1).astype(int)
    for leads, start, stop in zip(columns, edges, edges[1:], strict=False):
        at = [ecg.leads.index(lead) for lead in leads]
        shown[start:stop, at] = ecg.signal_mv[start:stop, at]
    strip = ecg.leads.index("II")
    shown[:, strip] = ecg.signal_mv[:, strip]
    return replace(ecg, signal_mv=shown)


def wear(ecg: Ecg, rng: np.random.Generator) -> Ecg:
    """Give a record the errors of a good reader of photos: some noise, time a few milliseconds off, gain a little.

    They have the size that `paperbeat bench photos` shows: readings at 15 to 20 dB whose beats lag by 2 to 4 ms.
    """
    count, leads = ecg.signal_mv.shape
    size = rng.exponential(1.0)
    at = np.arange(count, dtype=np.float64)
    knots = np.arange(0, count + ecg.fs_hz * _LAG_KNOT_S, ecg.fs_hz * _LAG_KNOT_S)
    worn = np.empty_like(ecg.signal_mv)
    for k in range(leads):
        lag = np.interp(at, knots, rng.standard_normal(knots.size)) * size * _LAG_S * ecg.fs_hz
        worn[:, k] = np.interp(at + lag, at, ecg.signal_mv[:, k])
    worn += size * _NOISE_MV * _smooth_noise(rng, (count, leads), _NOISE_S * ecg.fs_hz)
    return replace(ecg, signal_mv=worn * (1 + size * _GAIN * rng.standard_normal()))


def _smooth_noise(rng: np.random.Generator, shape: tuple[int, int], width: float) -> NDArray[np.float64]:
    noise = gaussian_filter1d(rng.standard_normal(shape), width, axis=0)
    return np.asarray(noise / noise.std(), dtype=np.float64)
