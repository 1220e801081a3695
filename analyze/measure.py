"""Numbers of an ECG: rate, intervals, axis and ST levels, each None where the ECG does not show it.

Intervals are taken in each column, whose leads are simultaneous, and the median over the columns is reported. ST levels
are taken in each lead on its own representative beat, against the level at the QRS onset, and never rounded here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from analyze.beats import Beats, find_beats
from analyze.columns import home_columns
from analyze.marked import FIRST, LAST, MarkedColumn, mark_columns
from analyze.measurements import ST_OFFSETS_MS, Amplitude, Measurements, StLevel
from digitize.record import Ecg

_NO_AXIS_MV_S = 5e-4  # a net QRS area below this has no direction
_PQ_MS = 16
_ST_MS = 8  # an ST level is a mean over this long
_ONE_BEAT_MV = 0.02  # standard error where a single beat leaves none to compute
_PAPER_MV = (0.008, 0.05)  # standard error of a curve read well, and what is added as its quality falls to 0


def measure(ecg: Ecg, quality: Mapping[str, float] | None = None, beats: Beats | None = None) -> Measurements:
    """Measure an ECG.

    Parameters
    ----------
    ecg : Ecg
        Whole records and what a sheet shows (NaN elsewhere).
    quality : mapping of str to float, optional
        How well each lead was read from paper, 0 to 1; None for a digital record.
    beats : Beats, optional
        As found by `find_beats`, to save finding them again.

    Returns
    -------
    Measurements
    """
    beats = find_beats(ecg) if beats is None else beats
    marked = mark_columns(ecg, beats)
    home = {lead: marked[column] for lead, column in home_columns(marked).items()}
    pr_ms, qrs_ms, qt_ms = _intervals(list(marked.values()))
    amplitudes = {lead: _amplitude(lead, at) for lead, at in home.items() if lead in at.marks}
    rate, rr_s = beats.heart_rate_bpm, beats.median_rr_s
    return Measurements(
        heart_rate_bpm=rate,
        rr_ms=None if rr_s is None else 1000.0 * rr_s,
        regular=beats.regular,
        beats=int(beats.r.size),
        ectopic_beats=int((~beats.normal).sum()),
        pr_ms=pr_ms,
        qrs_ms=qrs_ms,
        qt_ms=qt_ms,
        **correct_qt(qt_ms, rate),
        axis_deg=_axis(list(marked.values())),
        st=tuple(_st_level(lead, home.get(lead), quality) for lead in ecg.leads),
        amplitudes=tuple(amplitudes.values()),
    )


def correct_qt(qt_ms: float | None, rate_bpm: float | None) -> dict[str, float | None]:
    """QT corrected for rate, in ms: Bazett 1920, Fridericia 1920, Framingham (Sagie 1992), Hodges 1983."""
    if qt_ms is None or rate_bpm is None:
        return dict.fromkeys(("qtc_bazett_ms", "qtc_fridericia_ms", "qtc_framingham_ms", "qtc_hodges_ms"))
    rr_s = 60.0 / rate_bpm
    return {
        "qtc_bazett_ms": qt_ms / rr_s**0.5,
        "qtc_fridericia_ms": qt_ms / rr_s ** (1 / 3),
        "qtc_framingham_ms": qt_ms + 154.0 * (1.0 - rr_s),
        "qtc_hodges_ms": qt_ms + 1.75 * (rate_bpm - 60.0),
    }


def _intervals(marked: list[MarkedColumn]) -> tuple[float | None, float | None, float | None]:
    """PR, QRS and QT in milliseconds: each column's own, then the median over the columns."""
    pr, qrs, qt = [], [], []
    for at in marked:
        ms = 1000.0 / at.average.fs_hz
        leads = len(at.marks)
        p_on = [m.p_on for m in at.marks.values() if np.isfinite(m.p_on)]
        t_off = [m.t_off for m in at.marks.values() if np.isfinite(m.t_off)]
        qrs.append((at.qrs_off - at.qrs_on) * ms)
        if 2 * len(p_on) >= leads:
            pr.append((at.qrs_on - at.average.r - float(np.quantile(p_on, FIRST))) * ms)
        else:
            pr.append(np.nan)
        if 2 * len(t_off) >= leads:
            qt.append((float(np.quantile(t_off, LAST)) - (at.qrs_on - at.average.r)) * ms)
    if not marked:
        return None, None, None
    # a strip shows the most beats: a P wave that is not in it is nowhere
    strip_agrees = all(np.isfinite(value) for value, at in zip(pr, marked, strict=True) if at.average.column.strips)
    p_seen = strip_agrees and 2 * np.isfinite(pr).sum() >= len(pr)
    return (
        float(np.nanmedian(pr)) if p_seen else None,
        float(np.median(qrs)),
        float(np.median(qt)) if qt else None,
    )


def _level(at: MarkedColumn, lead: str) -> NDArray[np.float64]:
    """Representative beat of a lead in millivolts above its own level at the QRS onset, shape (time,)."""
    x = at.average.mv[:, at.average.column.leads.index(lead)]
    width = max(1, round(_PQ_MS * at.average.fs_hz / 1000.0))
    before = x[max(0, at.qrs_on - width) : at.qrs_on + 1]
    held = before[np.isfinite(before)]
    return np.asarray(x - (held.mean() if held.size else np.nan), dtype=np.float64)


def _st_level(lead: str, at: MarkedColumn | None, quality: Mapping[str, float] | None) -> StLevel:
    """ST level of one lead on its representative beat; all None when its QRS complex is not seen."""
    if at is None or lead not in at.marks:
        return StLevel(lead)
    x, fs_hz = _level(at, lead), at.average.fs_hz
    half = round(_ST_MS * fs_hz / 2000.0)
    values: list[float | None] = []
    for offset in ST_OFFSETS_MS:
        row = at.qrs_off + round(offset * fs_hz / 1000.0)
        part = x[max(0, row - half) : row + half + 1]
        values.append(float(part.mean()) if part.size and np.isfinite(part).all() else None)
    scatter = at.average.error_mv[
        max(0, at.qrs_off - half) : at.qrs_off + half + 1, at.average.column.leads.index(lead)
    ]
    held = scatter[np.isfinite(scatter)]
    # the beats were levelled at their PQ, so that their scatter here holds that of the baseline too
    beats_mv = float(held.mean()) if held.size else _ONE_BEAT_MV
    edges = x[[max(0, at.qrs_off - half), min(x.size - 1, at.qrs_off + half)]]
    timing_mv = abs(float(edges[1] - edges[0])) / 2.0 if np.isfinite(edges).all() else 0.0
    paper_mv = 0.0 if quality is None else _PAPER_MV[0] + _PAPER_MV[1] * (1.0 - quality.get(lead, 0.0))
    j, j20, j40, j60, j80 = values
    return StLevel(
        lead, j, j20, j40, j60, j80, error_mv=1.96 * float(np.hypot(np.hypot(beats_mv, paper_mv), timing_mv))
    )


def _amplitude(lead: str, at: MarkedColumn) -> Amplitude:
    """Height of R and depth of S or Q."""
    x = _level(at, lead)[at.qrs_on : at.qrs_off + 1]
    return Amplitude(lead, max(0.0, float(np.nanmax(x))), min(0.0, float(np.nanmin(x))))


def _axis(marked: Sequence[MarkedColumn]) -> float | None:
    """Frontal QRS axis in degrees from the net QRS area in I and aVF, or in the limb leads that give them.

    Leads of one column are taken where it holds enough of them: areas of different beats need not fit together.
    """
    together = [_limb_areas(at) for at in marked]
    apart = {lead: area for areas in reversed(together) for lead, area in areas.items()}
    for areas in (*together, apart):
        if "I" not in areas:
            continue
        if "II" in areas:
            avf = areas["II"] - areas["I"] / 2.0  # Einthoven and Goldberger: aVF = II - I / 2
        elif "III" in areas:
            avf = areas["III"] + areas["I"] / 2.0
        elif "aVF" in areas:
            avf = areas["aVF"]
        else:
            continue
        along, down = areas["I"], 2.0 * avf / np.sqrt(3.0)
        return float(np.degrees(np.arctan2(down, along))) if np.hypot(along, down) >= _NO_AXIS_MV_S else None
    return None


def _limb_areas(at: MarkedColumn) -> dict[str, float]:
    """Net QRS area of a column's limb leads in mV s."""
    leads = [lead for lead in ("I", "II", "III", "aVF") if lead in at.marks]
    return {lead: float(np.nansum(_level(at, lead)[at.qrs_on : at.qrs_off + 1])) / at.average.fs_hz for lead in leads}
