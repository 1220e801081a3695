"""Speed and gain: a hint wins, then the pulse, then the print; what is left is assumed and said."""

from __future__ import annotations

import pytest

from digitize.calibrate import calibrate
from digitize.header import HeaderFacts
from digitize.pulse import Pulse
from digitize.record import Hints


@pytest.mark.parametrize(("height_mm", "gain"), [(9.8, 10), (5.2, 5), (20.6, 20), (10.9, 10)])
def test_a_pulse_stands_for_the_nearest_usual_gain(height_mm: float, gain: float) -> None:
    found, _ = calibrate(Pulse(height_mm, 5, 30, 4), HeaderFacts(), Hints())
    assert (found.mm_per_mv, found.gain_source) == (gain, "pulse")


def test_a_height_near_no_usual_gain_is_not_taken() -> None:
    found, notes = calibrate(Pulse(14.0, 5, 30, 4), HeaderFacts(mm_per_mv=20.0), Hints())
    assert (found.mm_per_mv, found.gain_source, [n.code for n in notes]) == (20, "printed", ["speed_assumed"])


def test_what_nothing_proves_is_assumed_and_said() -> None:
    found, notes = calibrate(None, HeaderFacts(), Hints())
    assert (found.mm_per_s, found.speed_source, found.mm_per_mv, found.gain_source) == (25, "assumed", 10, "assumed")
    assert {n.code for n in notes} == {"speed_assumed", "gain_assumed"}


def test_pulse_and_print_that_differ_are_told() -> None:
    found, notes = calibrate(Pulse(10, 5, 30, 4), HeaderFacts(mm_per_s=50.0, mm_per_mv=5.0), Hints())
    assert (found.mm_per_mv, found.mm_per_s, found.speed_source) == (10, 50, "printed")
    assert [n.code for n in notes] == ["gain_conflict"]


def test_the_chest_leads_have_the_gain_that_is_printed_for_them() -> None:
    facts = HeaderFacts(mm_per_s=25.0, mm_per_mv=10.0, chest_mm_per_mv=5.0)
    found, notes = calibrate(Pulse(10, 5, 30, 4), facts, Hints())
    assert (found.gain_of("aVL"), found.gain_of("V1"), found.gain_of("V4R")) == (10, 5, 5)
    assert (found.gain_source, found.chest_source, notes) == ("pulse", "printed", ())
    found, notes = calibrate(Pulse(5, 5, 30, 1), facts, Hints())  # the only pulse is that of the chest leads
    assert (found.gain_of("I"), found.gain_of("V1"), notes) == (10, 5, ())


def test_a_chest_gain_that_is_no_other_is_not_told_apart() -> None:
    found, _ = calibrate(None, HeaderFacts(mm_per_mv=10.0, chest_mm_per_mv=10.0), Hints())
    assert (found.mm_per_mv, found.chest_mm_per_mv, found.chest_source) == (10, None, None)


def test_pulses_of_their_rows_tell_the_chest_gain() -> None:
    found, notes = calibrate(Pulse(10, 5, 30, 12, chest_height_mm=5.1), HeaderFacts(mm_per_s=25.0), Hints())
    assert (found.gain_of("III"), found.gain_of("V6"), found.chest_source, notes) == (10, 5, "pulse", ())


def test_a_stair_goes_by_custom_and_says_so() -> None:
    stair = Pulse(10, 5, 30, 4, chest_height_mm=5.0, stair=True)
    found, notes = calibrate(stair, HeaderFacts(mm_per_s=25.0), Hints())
    assert (found.gain_of("V6"), [n.code for n in notes]) == (5, ["gains_mixed"])
    found, notes = calibrate(stair, HeaderFacts(mm_per_s=25.0, mm_per_mv=10.0, chest_mm_per_mv=5.0), Hints())
    assert (found.gain_of("V6"), notes) == (5, ())


@pytest.mark.parametrize(
    ("pulse", "facts"),
    [
        (Pulse(10, 5, 30, 2, unclear=True), HeaderFacts(mm_per_s=25.0)),
        (Pulse(10, 5, 30, 4), HeaderFacts(mm_per_s=25.0, other_gains=(5.0, 10.0))),
    ],
)
def test_gains_of_which_nobody_says_whose_they_are_are_told(pulse: Pulse, facts: HeaderFacts) -> None:
    found, notes = calibrate(pulse, facts, Hints())
    assert (found.mm_per_mv, found.chest_mm_per_mv, [n.code for n in notes]) == (10, None, ["gains_mixed"])


def test_a_gain_given_for_all_leads_is_taken_and_the_print_told() -> None:
    facts = HeaderFacts(mm_per_s=25.0, mm_per_mv=10.0, chest_mm_per_mv=5.0)
    found, notes = calibrate(None, facts, Hints(gain_mm_per_mv=10.0))
    assert (found.gain_of("V2"), [n.code for n in notes]) == (10, ["gain_conflict"])
    found, notes = calibrate(None, facts, Hints(gain_mm_per_mv=10.0, chest_gain_mm_per_mv=5.0))
    assert (found.gain_of("V2"), found.chest_source, notes) == (5, "hint", ())


def test_a_hint_wins() -> None:
    hints = Hints(speed_mm_per_s=50.0, gain_mm_per_mv=20.0)
    found, notes = calibrate(Pulse(10, 5, 30, 4), HeaderFacts(mm_per_s=25.0, mm_per_mv=10.0), hints)
    assert (found.mm_per_s, found.mm_per_mv, found.speed_source, found.gain_source) == (50, 20, "hint", "hint")
    assert notes == ()
