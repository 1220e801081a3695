"""Numbers of an ECG: rate, intervals, axes, heights and ST levels, each None where the ECG does not show it.

Intervals are taken in each column, whose leads are simultaneous, and the median over the columns is reported. Heights
and ST levels are taken in each lead on its own representative beat (`analyze.levels`), and never rounded here.
"""

from __future__ import annotations

from collections.abc import Mapping

from analyze.atria import find_atria
from analyze.axis import find_axis
from analyze.beats import Beats, find_beats
from analyze.columns import Column
from analyze.intervals import measure_intervals, measure_regularity, rate_error_bpm
from analyze.levels import measure_st, measure_waves
from analyze.marked import MarkedColumn, mark_columns, pick_homes
from analyze.measurements import Amplitude, Measurements
from analyze.pwaves import P_ALIKE, judge_p, match_p
from digitize.record import Ecg

_CHEST = ("V1", "V2", "V3", "V4", "V5", "V6")


def measure(
    ecg: Ecg,
    quality: Mapping[str, float] | None = None,
    beats: Beats | None = None,
    marked: Mapping[Column, MarkedColumn] | None = None,
) -> Measurements:
    """Measure an ECG.

    Parameters
    ----------
    ecg : Ecg
        Whole records and what a sheet shows (NaN elsewhere).
    quality : mapping of str to float, optional
        How well each lead was read from paper, 0 to 1; None for a digital record.
    beats : Beats, optional
        As found by `find_beats`, to save finding them again.
    marked : mapping of Column to MarkedColumn, optional
        As `mark_columns` gives them for these beats, to save marking them again.

    Returns
    -------
    Measurements
    """
    beats = find_beats(ecg) if beats is None else beats
    marked = mark_columns(ecg, beats) if marked is None else marked
    columns, home = list(marked.values()), pick_homes(marked)
    amplitudes = {lead: measure_waves(lead, home[lead], quality) for lead in ecg.leads if lead in home}
    rate, rhythm = beats.heart_rate_bpm, measure_regularity(beats)
    alike, atria = match_p(columns), find_atria(ecg, beats, columns)
    length = measure_intervals(columns, quality, alike is not None and alike >= P_ALIKE)
    axis = {wave: find_axis(columns, wave) for wave in ("qrs", "p", "t")}
    return Measurements(
        heart_rate_bpm=rate,
        heart_rate_error_bpm=rate_error_bpm(beats, quality),
        rr_ms=rhythm.rr_ms,
        rr_longest_ms=rhythm.rr_longest_ms,
        rr_change=rhythm.rr_change,
        regular=beats.regular,
        beats=int(beats.r.size),
        ectopic_beats=int((~beats.normal).sum()),
        early_beats=rhythm.early_beats,
        spikes=int(beats.spikes.size),
        p_clarity=judge_p(columns),
        p_match=alike,
        atrial_rate_bpm=None if atria is None else 60.0 / atria.pp_s,
        atrial_likeness=None if atria is None else atria.likeness,
        rr_off_pp=None if atria is None else atria.rr_off,
        p_ms=length["p"].ms,
        p_error_ms=length["p"].error_ms,
        pr_ms=length["pr"].ms,
        pr_error_ms=length["pr"].error_ms,
        qrs_ms=length["qrs"].ms,
        qrs_error_ms=length["qrs"].error_ms,
        qt_ms=length["qt"].ms,
        qt_error_ms=length["qt"].error_ms,
        **correct_qt(length["qt"].ms, rate),
        axis_deg=axis["qrs"].deg,
        axis_error_deg=axis["qrs"].error_deg,
        p_axis_deg=axis["p"].deg,
        p_axis_error_deg=axis["p"].error_deg,
        t_axis_deg=axis["t"].deg,
        t_axis_error_deg=axis["t"].error_deg,
        **sum_voltages(amplitudes),
        transition=find_transition(amplitudes),
        st=tuple(measure_st(lead, home.get(lead), quality) for lead in ecg.leads),
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


def sum_voltages(height: Mapping[str, Amplitude]) -> dict[str, float | None]:
    """Voltage sums of Sokolow and Lyon (1949) and of Cornell (Casale 1987), in mV."""
    lateral = [height[lead].r_mv for lead in ("V5", "V6") if lead in height]
    both = "aVL" in height and "V3" in height
    return {
        "sokolow_mv": -height["V1"].s_mv + max(lateral) if "V1" in height and lateral else None,
        "cornell_mv": height["aVL"].r_mv - height["V3"].s_mv if both else None,
    }


def find_transition(height: Mapping[str, Amplitude]) -> str | None:
    """First chest lead whose R is at least as tall as its S is deep; None where a lead before it is not seen."""
    for lead in _CHEST:
        if lead not in height:
            return None
        if height[lead].r_mv >= -height[lead].s_mv:
            return lead
    return "none"
