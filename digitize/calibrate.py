"""Paper speed and gain, each with what it rests on. The grid proves millimetres only; gain needs a pulse or print."""

from __future__ import annotations

from digitize.header import HeaderFacts
from digitize.pulse import USUAL_GAINS_MM_MV, Pulse
from digitize.record import Hints, Note
from digitize.stages import Calibration

ASSUMED_GAIN_MM_MV = 10.0
ASSUMED_SPEED_MM_S = 25.0
SNAP = 0.12
"""A pulse within this part of a usual gain is that gain: it is measured to half a millimetre."""


def calibrate(pulse: Pulse | None, facts: HeaderFacts, hints: Hints) -> tuple[Calibration, tuple[Note, ...]]:
    """Say how many millimetres a second and a millivolt are.

    Parameters
    ----------
    pulse : Pulse or None
        As found beside the traces; it stands for 1 mV.
    facts : HeaderFacts
        What the print says.
    hints : Hints
        What a person says; it wins.

    Returns
    -------
    Calibration, tuple of Note
        Notes name what was assumed and what contradicts.
    """
    speed, speed_source, notes = _choose_speed(facts, hints)
    gain, gain_source, more = _choose_gain(pulse, facts, hints)
    return Calibration(speed, gain, speed_source, gain_source), (*notes, *more)


def _choose_speed(facts: HeaderFacts, hints: Hints) -> tuple[float, str, list[Note]]:
    if hints.speed_mm_per_s:
        return hints.speed_mm_per_s, "hint", []
    if facts.mm_per_s:
        return facts.mm_per_s, "printed", []
    message = f"The paper speed is not printed or could not be read; {ASSUMED_SPEED_MM_S:g} mm/s is assumed."
    note = Note("speed_assumed", "warning", message, "If the sheet was run at another speed, give --speed.")
    return ASSUMED_SPEED_MM_S, "assumed", [note]


def _choose_gain(pulse: Pulse | None, facts: HeaderFacts, hints: Hints) -> tuple[float, str, list[Note]]:
    drawn = _snap(pulse.height_mm) if pulse else None
    if hints.gain_mm_per_mv:
        return hints.gain_mm_per_mv, "hint", []
    if drawn:
        notes = []
        if facts.mm_per_mv and abs(facts.mm_per_mv / drawn - 1) > SNAP:
            message = f"The calibration pulse says {drawn:g} mm/mV, the print {facts.mm_per_mv:g}; the pulse is taken."
            notes.append(Note("gain_conflict", "warning", message, "Look at the pulse and give --gain."))
        return drawn, "pulse", notes
    if facts.mm_per_mv:
        return facts.mm_per_mv, "printed", []
    message = f"Neither a calibration pulse nor a printed gain could be read; {ASSUMED_GAIN_MM_MV:g} mm/mV is assumed."
    note = Note("gain_assumed", "warning", message, "Check it on the sheet and give --gain; amplitudes rest on it.")
    return ASSUMED_GAIN_MM_MV, "assumed", [note]


def _snap(height_mm: float) -> float | None:
    """The usual gain nearest to a pulse's height, or None when it is near none."""
    nearest = min(USUAL_GAINS_MM_MV, key=lambda gain: abs(height_mm / gain - 1))
    return nearest if abs(height_mm / nearest - 1) <= SNAP else None
