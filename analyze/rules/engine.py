"""Evaluates ST-level rules to met, not met or undetermined, with the evidence lead by lead.

Nothing is rounded before it is compared. A level nearer to its threshold than its own error, a lead that was not read,
an age or a sex that is not known: each makes an answer undetermined only where it could change it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Any, Literal

from analyze.measurements import Measurements, StLevel
from digitize.record import Patient

Verdict = Literal["met", "not_met", "undetermined"]


@dataclass(frozen=True)
class Evidence:
    """One lead's value beside its threshold, both in millivolts; ``value_mv`` is None where the lead was not read."""

    lead: str
    value_mv: float | None
    threshold_mv: float


@dataclass(frozen=True)
class Finding:
    """A rule's answer: its code, the verdict, the same in words, and what it rests on."""

    code: str
    verdict: Verdict
    statement: str
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True)
class Group:
    """Patients who share thresholds."""

    key: str
    text: str
    sex: str
    from_y: float = 0.0
    below_y: float = float("inf")

    def may_hold(self, patient: Patient) -> bool:
        """Whether the patient, as far as they are known, may belong to this group."""
        age_fits = patient.age_y is None or self.from_y <= patient.age_y < self.below_y
        return age_fits and patient.sex in (None, self.sex)


@dataclass(frozen=True)
class Rule:
    """A rule as its TOML file states it.

    ``threshold_mv`` is lead -> group -> millivolts; ``extra`` leads take part only where they were recorded.
    """

    code: str
    version: str
    title: str
    source: str
    measure: str
    pairs: tuple[tuple[str, str], ...]
    groups: tuple[Group, ...]
    threshold_mv: Mapping[str, Mapping[str, float]]
    extra: frozenset[str]
    unless: tuple[Mapping[str, str], ...]
    caveats: tuple[Mapping[str, str], ...]


@cache
def load_rule(name: str) -> Rule:
    """Read a rule of this folder, such as ``"udmi4"``."""
    raw: dict[str, Any] = tomllib.loads((files("analyze.rules") / f"{name}.toml").read_text("utf-8"))
    threshold_mv = {lead: dict(entry["mv"]) for entry in raw["threshold"] for lead in entry["leads"]}
    pairs = [pair for chain in raw["chains"] for pair in pairwise(chain)]
    return Rule(
        code=raw["code"],
        version=raw["version"],
        title=raw["title"],
        source=raw["source"],
        measure=raw["measure"],
        pairs=tuple((a, b) for a, b in pairs if a in threshold_mv and b in threshold_mv),
        groups=tuple(Group(**group) for group in raw["group"]),
        threshold_mv=threshold_mv,
        extra=frozenset(lead for entry in raw["threshold"] if entry.get("extra") for lead in entry["leads"]),
        unless=tuple(raw["unless"]),
        caveats=tuple(raw["caveat"]),
    )


def evaluate(
    rule: Rule, measurements: Measurements, patient: Patient, facts: Mapping[str, bool | None] | None = None
) -> Finding:
    """Answer a rule.

    Parameters
    ----------
    rule : Rule
    measurements : Measurements
    patient : Patient
        An unknown age or sex is taken as everything it may be.
    facts : mapping of str to bool or None, optional
        What else is known of the ECG, as `analyze.context.find_facts` says it; None where it cannot be told.

    Returns
    -------
    Finding
    """
    facts = facts or {}
    levels = {level.lead: level for level in measurements.st}
    pairs = [pair for pair in rule.pairs if all(lead in levels or lead not in rule.extra for lead in pair)]
    groups = [group for group in rule.groups if group.may_hold(patient)] or list(rule.groups)
    answers = {group: _judge_group(rule, pairs, levels, group) for group in groups}
    verdicts = {answer for answer, _ in answers.values()}
    verdict: Verdict = verdicts.pop() if len(verdicts) == 1 else "undetermined"
    barred = [entry["text"] for entry in rule.unless if facts.get(entry["fact"])] if verdict == "met" else []

    group = _telling_group(answers)
    evidence = _evidence(rule, levels, answers[group][1], group)
    said = [_say(rule, answers, verdict, evidence, barred)]
    if verdict != "not_met":
        unclear = [entry["absent"] for entry in rule.unless if facts.get(entry["fact"], False) is None]
        said += [f"Not excluded: {' and '.join(unclear)}."] if unclear else []
        said += [entry["text"] for entry in rule.caveats if facts.get(entry["fact"])]
    return Finding(rule.code, "undetermined" if barred else verdict, " ".join(said), evidence)


def judge_level(value_mv: float | None, error_mv: float | None, threshold_mv: float) -> Verdict:
    """Compare one level with its threshold: undetermined where it is not known or nearer than its error."""
    if value_mv is None:
        return "undetermined"
    if abs(value_mv - threshold_mv) < (error_mv or 0.0):
        return "undetermined"
    return "met" if value_mv >= threshold_mv else "not_met"


def _judge_group(
    rule: Rule, pairs: Sequence[tuple[str, str]], levels: Mapping[str, StLevel], group: Group
) -> tuple[Verdict, tuple[str, ...]]:
    """Verdict for one group of patients and the leads it rests on."""
    lead_verdict: dict[str, Verdict] = {}
    for lead in {lead for pair in pairs for lead in pair}:
        level = levels.get(lead, StLevel(lead))
        lead_verdict[lead] = judge_level(
            getattr(level, rule.measure), level.error_mv, rule.threshold_mv[lead][group.key]
        )
    met = [pair for pair in pairs if all(lead_verdict[lead] == "met" for lead in pair)]
    if met:
        return "met", _in_order(rule, met)
    open_pairs = [pair for pair in pairs if all(lead_verdict[lead] != "not_met" for lead in pair)]
    if open_pairs:
        return "undetermined", _in_order(rule, open_pairs)
    alone = tuple(lead for lead in rule.threshold_mv if lead_verdict.get(lead) in ("met", "undetermined"))
    return "not_met", alone or _highest(rule, levels, group)


def _in_order(rule: Rule, pairs: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """Leads of some pairs, each once, in the order of the chains."""
    order = [lead for pair in rule.pairs for lead in pair]
    return tuple(sorted({lead for pair in pairs for lead in pair}, key=order.index))


def _highest(rule: Rule, levels: Mapping[str, StLevel], group: Group) -> tuple[str, ...]:
    """The lead that comes nearest to its threshold."""
    above = {
        lead: value - rule.threshold_mv[lead][group.key]
        for lead, level in levels.items()
        if lead in rule.threshold_mv and (value := getattr(level, rule.measure)) is not None
    }
    return (max(above, key=lambda lead: above[lead]),) if above else ()


def _telling_group(answers: Mapping[Group, tuple[Verdict, tuple[str, ...]]]) -> Group:
    """The group whose evidence is shown: one that meets the rule, else one left open, else the first."""
    for wanted in ("met", "undetermined"):
        for group, (verdict, _) in answers.items():
            if verdict == wanted:
                return group
    return next(iter(answers))


def _evidence(rule: Rule, levels: Mapping[str, StLevel], leads: Sequence[str], group: Group) -> tuple[Evidence, ...]:
    return tuple(
        Evidence(lead, getattr(levels.get(lead, StLevel(lead)), rule.measure), rule.threshold_mv[lead][group.key])
        for lead in leads
    )


def _say(
    rule: Rule,
    answers: Mapping[Group, tuple[Verdict, tuple[str, ...]]],
    verdict: Verdict,
    evidence: Sequence[Evidence],
    barred: Sequence[str],
) -> str:
    """The answer in words."""
    values = ", ".join(f"{e.lead} {e.value_mv:+.2f} mV" for e in evidence if e.value_mv is not None)
    if barred:
        return f"{rule.title}: undetermined. Thresholds reached ({values}), but {' and '.join(barred)}."
    if verdict == "met":
        return f"{rule.title}: met. J point: {values}."
    if verdict == "not_met":
        nearest = f" Nearest: {values}." if values else ""
        return f"{rule.title}: not met. No two contiguous leads reach their thresholds.{nearest}"
    parts = []
    met = [group.text for group, (answer, _) in answers.items() if answer == "met"]
    others = [group.text for group, (answer, _) in answers.items() if answer != "met"]
    if met:
        parts.append(f"Met for {_list(met)}, not for {_list(others)}: age and sex decide. J point: {values}.")
    elif values:
        parts.append(f"J point too near the threshold for its error: {values}.")
    missing = [e.lead for e in evidence if e.value_mv is None]
    if missing:
        parts.append(f"Not measured: {', '.join(missing)}.")
    return f"{rule.title}: undetermined. {' '.join(parts)}"


def _list(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
