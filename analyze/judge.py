"""Everything that is found on an ECG: rhythm and rules, the most urgent first."""

from __future__ import annotations

from dataclasses import replace

from analyze.measurements import Measurements
from analyze.rhythm import name_rhythm
from analyze.rules.engine import evaluate_all
from analyze.rules.load import URGENCIES, load_rules
from analyze.rules.words import Finding, is_narrow
from analyze.territory import describe_mirror, describe_territory
from digitize.record import Patient

_WITH_TERRITORY = frozenset({"stemi.udmi4"})


def find_all(measurements: Measurements, patient: Patient) -> tuple[Finding, ...]:
    """Name the rhythm, answer every rule, and put the most urgent first.

    Returns
    -------
    tuple of Finding
        Met before undetermined before not met; but an emergency that cannot be told comes before what is mere context.
    """
    findings, _ = evaluate_all(load_rules(), measurements, patient)
    placed = [_place(finding, measurements) for finding in findings]
    return tuple(sorted((*placed, *name_rhythm(measurements)), key=_rank))


def _place(finding: Finding, measurements: Measurements) -> Finding:
    """A finding of ST elevation with its territory and vessel in words; one narrowly missed, with what mirrors it."""
    if finding.code not in _WITH_TERRITORY:
        return finding
    said = ""
    if finding.verdict == "met":
        said = describe_territory(finding, measurements)
    elif is_narrow(finding.verdict, finding.evidence):
        said = describe_mirror(finding, measurements)
    return replace(finding, statement=f"{finding.statement} {said}".strip())


def _rank(finding: Finding) -> tuple[int, int]:
    grave = URGENCIES.index(finding.urgency)
    if finding.verdict == "not_met":
        return len(URGENCIES) + 2, grave
    later = finding.verdict == "undetermined"
    return (1 if grave == 0 else len(URGENCIES)) if later else (grave if grave < 2 else 2), grave
