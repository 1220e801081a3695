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


def test_a_hint_wins() -> None:
    hints = Hints(speed_mm_per_s=50.0, gain_mm_per_mv=20.0)
    found, notes = calibrate(Pulse(10, 5, 30, 4), HeaderFacts(mm_per_s=25.0, mm_per_mv=10.0), hints)
    assert (found.mm_per_s, found.mm_per_mv, found.speed_source, found.gain_source) == (50, 20, "hint", "hint")
    assert notes == ()
