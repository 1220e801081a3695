"""Where the waves of one representative beat begin, peak and end, lead by lead.

QRS as `analyze.qrs` finds it. P and T: the most prominent bump in its window; its ends by the area method of
Vazquez-Seisdedos et al. 2011 (the point that makes the largest trapezium with the steepest point of the flank).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray
from scipy.signal import find_peaks

from analyze.average import Average, bump_error_mv
from analyze.qrs import find_lead_qrs, measure_slopes, smooth

Floats = NDArray[np.float64]
_Span = tuple[float, float, float]

_P_REACH_S = 0.32
_T_PEAK_S = 0.48  # the latest T peak after R, at an RR interval of 1 s; it moves with the root of RR, and U comes later
_SHARED = 1 / 3  # of the leads must show a P wave before the others are searched for it


@dataclass(frozen=True)
class _Shape:
    """How a kind of wave is found: smoothing, the reach of its flanks, and how prominent it must be."""

    sigma_s: float
    on_s: float
    off_s: float
    least_mv: float
    errors: float
    faint_mv: float
    brief: bool  # it must stand out of the scatter of bumps in its own window, else of that of the whole beat


_P = _Shape(0.008, 0.050, 0.040, least_mv=0.025, errors=5.0, faint_mv=0.008, brief=True)
_T = _Shape(0.012, 0.100, 0.070, least_mv=0.030, errors=4.0, faint_mv=0.012, brief=False)


@dataclass(frozen=True)
class Marks:
    """Samples from the beat's reference point; NaN where a wave, or its end, cannot be found."""

    p_on: float = np.nan
    p_peak: float = np.nan
    p_off: float = np.nan
    qrs_on: float = np.nan
    r_peak: float = np.nan
    qrs_off: float = np.nan
    t_peak: float = np.nan
    t_on: float = np.nan
    t_off: float = np.nan


MARKS: tuple[str, ...] = tuple(f.name for f in fields(Marks))


def mark_waves(average: Average, joint: tuple[int, int], with_p: bool = True) -> dict[str, Marks]:
    """Mark the waves of every lead of a column's representative beat.

    Parameters
    ----------
    average : Average
    joint : (int, int)
        Rows of the QRS onset and end over all leads, as `find_qrs` finds them.
    with_p : bool
        False for an ectopic beat: what comes before it is not its P wave.

    Returns
    -------
    dict of str to Marks
        Leads in which the QRS complex can be seen.
    """
    qrs: dict[str, tuple[int, int, int]] = {}
    slopes = measure_slopes(average.mv, average.fs_hz)
    for k, lead in enumerate(average.column.leads):
        marks = find_lead_qrs(average.mv[:, k], slopes[k], joint, average.fs_hz)
        if marks is not None:
            qrs[lead] = marks
    p = _agree(_p_waves(average, qrs)) if with_p else {}
    t = _agree(_t_waves(average, qrs, p))
    found = {}
    for lead, (on, peak, off) in qrs.items():
        at: dict[str, float] = {"qrs_on": on, "r_peak": peak, "qrs_off": off}
        at |= dict(zip(("p_on", "p_peak", "p_off"), p.get(lead, ()), strict=False))
        at |= dict(zip(("t_on", "t_peak", "t_off"), t.get(lead, ()), strict=False))
        found[lead] = Marks(**{name: float(value - average.r) for name, value in at.items()})
    return found


def _p_waves(average: Average, qrs: Mapping[str, tuple[int, int, int]]) -> dict[str, _Span]:
    """P waves by lead; none at all unless enough leads show one that stands out of the noise."""
    fs_hz = average.fs_hz
    first = max(0, average.r - round(_P_REACH_S * fs_hz))
    clear = _search(average, {lead: (first, on) for lead, (on, _, _) in qrs.items()}, _P, faint=False)
    if not clear or len(clear) < _SHARED * len(qrs):
        return {}
    peak = float(np.median([span[1] for span in clear.values()]))
    ons, offs = ([span[k] for span in clear.values() if np.isfinite(span[k])] for k in (0, 2))
    margin = 0.03 * fs_hz
    clear = {lead: span for lead, span in clear.items() if abs(span[1] - peak) <= 2.0 * margin}
    if not ons or not offs:
        return clear
    a, b = max(0, round(float(np.median(ons)) - margin)), round(float(np.median(offs)) + margin)
    rest = {lead: (a, min(b, on)) for lead, (on, _, _) in qrs.items() if lead not in clear}
    return clear | _search(average, rest, _P, faint=True)


def _t_waves(average: Average, qrs: Mapping[str, tuple[int, int, int]], p: Mapping[str, _Span]) -> dict[str, _Span]:
    """T waves by lead, searched from the ST segment to where the next P wave or QRS complex would begin."""
    fs_hz = average.fs_hz
    before = [average.r - span[0] for span in p.values() if np.isfinite(span[0])]
    ahead = float(np.median(before)) + 0.02 * fs_hz if before else 0.12 * fs_hz
    last = min(average.mv.shape[0], average.r + round(average.rr_s * fs_hz - ahead))
    latest = average.r + round(_T_PEAK_S * average.rr_s**0.5 * fs_hz)
    wide = {lead: (off + round(0.04 * fs_hz), last) for lead, (_, _, off) in qrs.items()}
    clear = _search(average, wide, _T, faint=False, latest=latest)
    if len(clear) < _SHARED * len(qrs):
        return clear
    rest = {lead: between for lead, between in wide.items() if lead not in clear}
    return clear | _search(average, rest, _T, faint=True, latest=latest)


def _agree(spans: Mapping[str, _Span]) -> dict[str, _Span]:
    """Ends moved halfway to where most leads have them: one lead's noise or drift hides an end, not that of all."""
    if not spans:
        return {}
    on, off = (_median([span[k] for span in spans.values()]) for k in (0, 2))
    return {
        lead: (min((first + on) / 2.0, peak), peak, max((last + off) / 2.0, peak))
        for lead, (first, peak, last) in spans.items()
    }


def _median(values: list[float]) -> float:
    held = [value for value in values if np.isfinite(value)]
    return float(np.median(held)) if held else np.nan


def _search(
    average: Average, between: Mapping[str, tuple[int, int]], shape: _Shape, *, faint: bool, latest: int | None = None
) -> dict[str, _Span]:
    """The wave of each lead within its own bounds; ``faint`` where other leads have shown that there is one."""
    found = {}
    for lead, bounds in between.items():
        k = average.column.leads.index(lead)
        error_mv = bump_error_mv(average, bounds, k) if shape.brief else average.error_mv[:, k]
        held = error_mv[np.isfinite(error_mv)]
        noise = shape.errors * float(np.median(held)) if held.size and average.at.size > 2 else 0.0
        least = max(shape.faint_mv, 0.4 * noise) if faint else max(shape.least_mv, noise)
        span = _bump(average.mv[:, k], bounds, shape, average.fs_hz, least, latest)
        if span is not None:
            found[lead] = span
    return found


def _bump(
    x: Floats, between: tuple[int, int], shape: _Shape, fs_hz: float, least_mv: float, latest: int | None = None
) -> _Span | None:
    """Onset, peak and end of the most prominent bump, up or down, between two samples."""
    a, b = between
    held = np.flatnonzero(np.isfinite(x[a:b])) + a
    if held.size < round(0.06 * fs_hz):
        return None
    a, b = int(held[0]), int(held[-1]) + 1
    if held.size < b - a:
        return None
    y = smooth(x[a:b], shape.sigma_s, fs_hz)
    best: tuple[float, int] | None = None
    for sign in (1.0, -1.0):
        peaks, about = find_peaks(sign * y, prominence=least_mv)
        for peak, prominence in zip(peaks.tolist(), about["prominences"].tolist(), strict=True):
            if latest is not None and a + peak > latest:
                continue
            if best is None or prominence > best[0]:
                best = (prominence, peak)
    if best is None:
        return None
    peak = best[1]
    end = _flank_end(y[peak:], shape.off_s, fs_hz)
    begin = _flank_end(y[peak::-1], shape.on_s, fs_hz)
    return (
        np.nan if begin is None else float(a + peak - begin),
        float(a + peak),
        np.nan if end is None else float(a + peak + end),
    )


def _flank_end(y: Floats, beyond_s: float, fs_hz: float) -> int | None:
    """Samples from a peak (the first of ``y``) to where its flank has come down to rest; None when that is not seen."""
    if y.size < round(0.03 * fs_hz):
        return None
    drop = np.gradient(y)
    sign = 1.0 if y[0] >= y[min(y.size - 1, round(0.05 * fs_hz))] else -1.0
    reach = min(y.size, round(0.16 * fs_hz))
    steepest = int(np.argmin(sign * drop[:reach]))
    last = min(y.size - 1, steepest + round(beyond_s * fs_hz))
    at = np.arange(steepest, last + 1)
    if at.size < 3:
        return None
    area = 0.5 * sign * (y[steepest] - y[at]) * (2 * last - at - steepest)
    return int(at[np.argmax(area)])
