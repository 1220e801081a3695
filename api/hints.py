"""What a person says about a page, checked and put into `Hints`; the same for every door."""

from __future__ import annotations

import math
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from digitize.record import Hints, Patient

SEXES = ("female", "male")
_LAYOUTS_TOML = Path(__file__).parent.parent / "digitize" / "layouts.toml"


def layout_names() -> tuple[str, ...]:
    """Names of the sheets that are known, read without importing anything heavy."""
    return tuple(sheet["name"] for sheet in tomllib.loads(_LAYOUTS_TOML.read_text(encoding="utf-8"))["layout"])


def make_patient(age: float | None = None, sex: str | None = None) -> Patient:
    """Age in years and sex, as a person gave them.

    Raises
    ------
    UsageError
        When the age is not between 0 and 130 or the sex is neither female nor male.
    """
    from digitize.errors import UsageError
    from digitize.record import Patient

    if age is not None and not 0 <= age <= 130:
        raise UsageError("The age is out of range.", "Give it in years, from 0 to 130.")
    if sex is not None and sex not in SEXES:
        raise UsageError("The sex is not one the rules know.", "Say female or male, or leave it out.")
    known = age is not None or sex is not None
    return Patient(
        age, "female" if sex == "female" else "male" if sex == "male" else None, "hint" if known else "unknown"
    )


def make_hints(
    layout: str | None = None,
    speed: float | None = None,
    gain: float | None = None,
    age: float | None = None,
    sex: str | None = None,
) -> Hints:
    """Hints from what was typed: layout by name, speed in mm/s, gain in mm/mV, age in years, sex.

    Raises
    ------
    UsageError
        When a value cannot be meant: an unknown layout, a speed outside 5 to 200 mm/s, a gain outside 1 to 80 mm/mV.
    """
    from digitize.errors import UsageError
    from digitize.record import Hints

    if layout is not None and layout not in layout_names():
        raise UsageError("That layout is not known.", f"Known are {', '.join(layout_names())}.")
    if speed is not None and not (math.isfinite(speed) and 5 <= speed <= 200):
        raise UsageError("The paper speed is out of range.", "Give it in mm/s; 25 and 50 are usual.")
    if gain is not None and not (math.isfinite(gain) and 1 <= gain <= 80):
        raise UsageError("The gain is out of range.", "Give it in mm/mV; 5, 10 and 20 are usual.")
    return Hints(layout=layout, speed_mm_per_s=speed, gain_mm_per_mv=gain, patient=make_patient(age, sex))
