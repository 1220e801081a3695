"""What the classifier sees of an ECG: each lead's representative beat, and what was measured.

A record and a sheet become the same two arrays. The beats of a sheet's columns are laid with their QRS onsets over one
another, which makes twelve leads of what is known of each, whichever second it was printed in. What is not seen is zero
and marked as not seen, or NaN; nothing is filled in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analyze.beats import find_beats
from analyze.columns import Column
from analyze.levels import level_beat
from analyze.marked import MarkedColumn, mark_columns, pick_homes
from analyze.measure import measure
from analyze.measurements import Measurements
from digitize.record import LEADS, Ecg

Singles = NDArray[np.float32]

BEAT_HZ = 200
BEAT_S = (0.26, 0.54)
"""How much of the beat is shown before and after the QRS onset."""

BEAT_NUMBERS = (
    "heart_rate_bpm", "rr_change", "ectopic_beats", "early_beats", "spikes", "p_clarity", "p_ms", "pr_ms", "qrs_ms",
    "qt_ms", "qtc_fridericia_ms", "axis_deg", "p_axis_deg", "t_axis_deg", "sokolow_mv", "cornell_mv",
)  # fmt: skip
WAVE_NUMBERS = (
    "r_mv", "s_mv", "q_mv", "p_mv", "t_mv", "t_max_mv", "t_min_mv", "p_end_mv_ms", "q_ms", "r_ms", "r_peak_ms",
)  # fmt: skip
ST_NUMBERS = ("j_mv", "j40_mv", "j80_mv")
NUMBERS = (
    *BEAT_NUMBERS,
    *(f"{lead} {name}" for lead in LEADS for name in (*WAVE_NUMBERS, *ST_NUMBERS)),
)
"""Names of what was measured, in the order of ``ClassifierInput.numbers``."""

_MOST_MV = 5.0


@dataclass(frozen=True, eq=False)
class ClassifierInput:
    """What the classifier sees.

    Attributes
    ----------
    beat : ndarray of float32, shape (24, 160)
        Representative beats of the twelve leads in millivolts above the QRS onset, zero where they are not known; then
        twelve rows of 1 where they are.
    numbers : ndarray of float32, shape (184,)
        See `NUMBERS`; NaN where it could not be measured.
    """

    beat: Singles
    numbers: Singles


def prepare(ecg: Ecg) -> ClassifierInput:
    """Make an ECG ready for the classifier: any of the twelve leads, at any rate."""
    beats = find_beats(ecg)
    marked = mark_columns(ecg, beats)
    return lay_out(marked, measure(ecg, None, beats, marked))


def lay_out(marked: Mapping[Column, MarkedColumn], measured: Measurements) -> ClassifierInput:
    """Lay out for the classifier what was marked and measured of an ECG."""
    return ClassifierInput(np.concatenate(_take_beats(marked)), _take_numbers(measured))


def _take_beats(marked: Mapping[Column, MarkedColumn]) -> tuple[Singles, Singles]:
    """Representative beats at `BEAT_HZ`, QRS onsets over one another, and where they are known, both (12, time)."""
    offsets_s = np.arange(-round(BEAT_S[0] * BEAT_HZ), round(BEAT_S[1] * BEAT_HZ)) / BEAT_HZ
    beat = np.zeros((len(LEADS), offsets_s.size), np.float32)
    seen = np.zeros_like(beat)
    for lead, at in pick_homes(marked).items():
        if lead not in LEADS:
            continue
        x = level_beat(at, lead)
        height = np.interp(at.qrs_on + offsets_s * at.average.fs_hz, np.arange(x.size), x, left=np.nan, right=np.nan)
        k, known = LEADS.index(lead), np.isfinite(height)
        beat[k, known], seen[k, known] = height[known].clip(-_MOST_MV, _MOST_MV), 1.0
    return beat, seen


def _take_numbers(m: Measurements) -> Singles:
    """What was measured, in the order of `NUMBERS`."""
    st, waves = {s.lead: s for s in m.st}, {a.lead: a for a in m.amplitudes}
    values = [getattr(m, name) for name in BEAT_NUMBERS]
    for lead in LEADS:
        values += [getattr(waves.get(lead), name, None) for name in WAVE_NUMBERS]
        values += [getattr(st.get(lead), name, None) for name in ST_NUMBERS]
    return np.array([np.nan if value is None else value for value in values], np.float32)
