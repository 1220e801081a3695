"""Paper speed and gain, each with what it rests on. The grid proves millimetres only; gain needs a pulse or print."""

from __future__ import annotations

from digitize.errors import GridNotFound
from digitize.header import HeaderFacts
from digitize.pulse import Pulse
from digitize.pulseshapes import USUAL_GAINS_MM_MV
from digitize.record import Hints, Note
from digitize.stages import Calibration

ASSUMED_GAIN_MM_MV = 10.0
ASSUMED_SPEED_MM_S = 25.0
_MIXED_HINT = "Amplitudes of the chest leads may be wrong by a factor of two: look at the pulses and the print."
SNAP = 0.12
"""A pulse within this part of a usual gain is that gain: it is measured to half a millimetre."""


def refuse_unusual(facts: HeaderFacts, hints: Hints) -> None:
    """Check that print does not contradict what the millimetres of a page without a grid were taken from.

    They rest on the height of its pulses at the usual speed and gain, or at those that a person gave.

    Raises
    ------
    GridNotFound
        When another speed or gain is printed: then the millimetres are wrong.
    """
    speed = hints.speed_mm_per_s or ASSUMED_SPEED_MM_S
    gain = hints.gain_mm_per_mv or ASSUMED_GAIN_MM_MV
    if facts.mm_per_s in (None, speed) and facts.mm_per_mv in (None, gain):
        return
    raise GridNotFound(
        f"No grid can be seen, and another speed or gain is printed than {speed:g} mm/s and {gain:g} mm/mV.",
        "Give --speed and --gain as they are printed on the page.",
    )


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
    chest, chest_source, mixed = _choose_chest_gain(gain, pulse, facts, hints)
    if chest in (None, gain):
        chest, chest_source = None, None
    return Calibration(speed, gain, speed_source, gain_source, chest, chest_source), (*notes, *more, *mixed)


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
    if drawn and drawn == facts.chest_mm_per_mv and facts.mm_per_mv:  # the pulse is that of the chest leads
        return facts.mm_per_mv, "printed", []
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


def _choose_chest_gain(
    gain: float, pulse: Pulse | None, facts: HeaderFacts, hints: Hints
) -> tuple[float | None, str | None, list[Note]]:
    """Gain of the chest leads where something says it; a note where gains differ and it is not told whose they are."""
    if hints.chest_gain_mm_per_mv:
        return hints.chest_gain_mm_per_mv, "hint", []
    stepped = _snap(pulse.chest_height_mm) if pulse and pulse.chest_height_mm else None
    if hints.gain_mm_per_mv:
        other = facts.chest_mm_per_mv or stepped
        if other in (None, gain):
            return None, None, []
        message = f"The chest leads seem to be at {other:g} mm/mV; the gain that was given is taken for all leads."
        return None, None, [Note("gain_conflict", "warning", message, "Compare the chest leads with the page.")]
    if facts.chest_mm_per_mv:
        notes = []
        if stepped and stepped != facts.chest_mm_per_mv:
            message = f"The print says {facts.chest_mm_per_mv:g} mm/mV for the chest leads, their pulses {stepped:g}."
            notes = [Note("gains_mixed", "error", message, _MIXED_HINT)]
        return facts.chest_mm_per_mv, "printed", notes
    if stepped and pulse:
        message = (
            f"The pulse is a stair of {gain:g} and {stepped:g} mm/mV; by custom the lower is that of the chest leads."
        )
        return stepped, "pulse", [Note("gains_mixed", "warning", message, _MIXED_HINT)] if pulse.stair else []
    if (pulse and pulse.unclear) or facts.other_gains:
        what = "The pulses of the rows are of different heights" if pulse and pulse.unclear else "Two gains are printed"
        message = f"{what}, and nothing says which leads have which; {gain:g} mm/mV is taken for all."
        return None, None, [Note("gains_mixed", "error", message, _MIXED_HINT)]
    return None, None, []


def _snap(height_mm: float) -> float | None:
    """The usual gain nearest to a pulse's height, or None when it is near none."""
    nearest = min(USUAL_GAINS_MM_MV, key=lambda gain: abs(height_mm / gain - 1))
    return nearest if abs(height_mm / nearest - 1) <= SNAP else None
