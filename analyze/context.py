"""What must be known of an ECG before an ST rule may speak: wide QRS, bundle branch block, hypertrophy, mimics."""

from __future__ import annotations

from analyze.measurements import Measurements
from analyze.rules.engine import evaluate_all
from analyze.rules.load import load_file
from digitize.record import Patient


def find_facts(measurements: Measurements, patient: Patient) -> dict[str, bool | None]:
    """Facts by the last part of the codes in ``rules/context.toml``; None where it cannot be told."""
    return evaluate_all(load_file("context"), measurements, patient)[1]
