"""A paper speed that does not fit the sheet or the heart."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digitize.header import HeaderFacts
from digitize.record import LEADS, Ecg
from digitize.speed import SLOW, SWIFT, compare_pace, doubt_print, doubt_speed, measure_pace
from digitize.stages import Calibration, Layout, Panel
from digitize.synth.heart import simulate

HEART = simulate("normal", heart_rate_bpm=70, seed=3, noise_mv=0.01).ecg


def lay(column_mm: float, columns: int = 4) -> Layout:
    """Rows of three leads in columns of this width."""
    panels = tuple(
        Panel(LEADS[(3 * c + r) % 12], r, c, (20 + c * column_mm, 20 + (c + 1) * column_mm), 60 + 30 * r, 0.0, False)
        for c in range(columns)
        for r in range(3)
    )
    return Layout("3x4", panels, "labels", 1.0)


def run_at(source: str = "assumed", mm_per_s: float = 25.0) -> Calibration:
    return Calibration(mm_per_s, 10.0, source, "pulse")


def stretch(ecg: Ecg, times: float) -> Ecg:
    """The same as if it took so many times as long."""
    count = round(len(ecg.signal_mv) * times)
    at = np.arange(count) / times
    signal = np.stack([np.interp(at, np.arange(len(x)), x) for x in ecg.signal_mv.T], axis=1)
    return Ecg(signal, ecg.fs_hz, ecg.leads)


@pytest.mark.parametrize(
    ("printed", "believed"), [(5.0, None), (25.0, 25.0), (50.0, 50.0), (12.5, 12.5), (100.0, 100.0)]
)
def test_a_speed_at_which_rows_would_last_a_minute_was_misread(printed: float, believed: float | None) -> None:
    facts, notes = doubt_print(HeaderFacts(mm_per_s=printed), lay(62.5))
    assert facts.mm_per_s == believed
    assert [n.code for n in notes] == (["speed_conflict"] if believed is None else [])


def test_strips_of_few_leads_are_of_any_length() -> None:
    strip = Layout("1x1", lay(62.5, 1).panels[:1], "labels", 1.0)
    assert doubt_print(HeaderFacts(mm_per_s=5.0), strip)[0].mm_per_s == 5.0


@pytest.mark.parametrize(("column_mm", "better"), [(125.0, "50 mm/s"), (31.25, "12.5 mm/s")])
def test_columns_of_another_speed_are_doubted(column_mm: float, better: str) -> None:
    (note,) = doubt_speed(run_at(), lay(column_mm), HEART)
    assert note.code == "speed_doubtful" and better in note.message


@pytest.mark.parametrize("times", [0.5, 2.0])
def test_a_heart_of_another_speed_is_doubted(times: float) -> None:
    assert doubt_speed(run_at(), lay(62.5), HEART) == ()
    (note,) = doubt_speed(run_at(), lay(62.5), stretch(HEART, times))
    assert note.code == "speed_doubtful"


@pytest.mark.parametrize(("times", "printed_bpm", "doubted"), [(1.0, 70, 0), (1.0, 76, 0), (1.0, 150, 1), (1.0, 36, 1)])
def test_a_printed_rate_of_half_or_twice_the_beats_is_doubted(times: float, printed_bpm: float, doubted: int) -> None:
    notes = doubt_speed(run_at(), lay(62.5), stretch(HEART, times), printed_bpm)
    assert len(notes) == doubted
    assert doubt_speed(run_at("printed"), lay(62.5), HEART, printed_bpm) == ()


def test_a_printed_rate_that_agrees_does_not_excuse_a_slow_heart() -> None:
    """The beats may have been counted wrongly."""
    assert len(doubt_speed(run_at(), lay(62.5), stretch(HEART, 2), 35)) == 1


@pytest.mark.parametrize(("width_mm", "doubted"), [(2.5, 0), (5.0, 0), (6.0, 0), (10.0, 1)])
def test_a_wide_pulse_is_doubted_and_a_narrow_one_tells_nothing(width_mm: float, doubted: int) -> None:
    assert len(doubt_speed(run_at(), lay(62.5), HEART, None, width_mm)) == doubted
    assert len(doubt_speed(run_at("assumed", 50.0), lay(125.0), HEART, None, width_mm)) == 0


@given(times=st.floats(0.2, 5), rate_bpm=st.floats(40, 140), stroke_s=st.floats(0.02, 0.09))
def test_all_lengths_count_alike_for_the_speed(times: float, rate_bpm: float, stroke_s: float) -> None:
    usual = compare_pace(rate_bpm, stroke_s, 0.26)
    assert compare_pace(rate_bpm / times, stroke_s * times, 0.26 * times) == pytest.approx(usual * times)


def test_beats_counted_twice_do_not_hide_a_heart_that_is_too_slow() -> None:
    """A heart of 65 a minute at 50 mm/s read as 25, and one step of print counted between two beats."""
    assert SWIFT < compare_pace(65, 0.047, 0.26) < SLOW < compare_pace(65, 0.094, 0.52)


def test_what_is_printed_or_given_is_not_doubted() -> None:
    for source in ("printed", "hint"):
        assert doubt_speed(run_at(source), lay(125.0), stretch(HEART, 2)) == ()


def test_pace_of_a_heart() -> None:
    rate_bpm, stroke_s, recovery_s = measure_pace(HEART.signal_mv, HEART.fs_hz) or (0.0, 0.0, 0.0)
    assert rate_bpm == pytest.approx(70, rel=0.05)
    assert 0.02 < stroke_s < 0.09
    assert 0.2 < recovery_s < 0.4  # within the T wave
    assert measure_pace(np.full((5000, 12), np.nan), 500.0) is None
    assert measure_pace(np.zeros((5000, 12)), 500.0) is None
