"""Answers rules with met, not met or undetermined, and with the evidence lead by lead.

Nothing is rounded before it is compared. A value nearer to its threshold than its own error, a lead that was not read,
an age or a sex that is not known: each makes an answer undetermined only where it could change it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from analyze.measurements import Measurements
from analyze.rules.load import GROUPS, Group, Rule, load_rule, load_rules
from analyze.rules.quantities import LABELS, Table, Value, tabulate
from analyze.rules.words import Evidence, Finding, Verdict, say
from digitize.record import Patient

__all__ = ["Evidence", "Finding", "Verdict", "evaluate", "evaluate_all", "judge_level", "load_rule", "load_rules"]

_CHAINS = (
    ("aVL", "I", "-aVR", "II", "aVF", "III"),  # the frontal plane in Cabrera's order; -aVR itself is never asked for
    ("V4R", "V3R", "V1", "V2", "V3", "V4", "V5", "V6", "V7", "V8", "V9"),
)
# aVF is the mean of II and III: where both are raised, so is it, however badly its own column of a sheet shows it
_PAIRS = (*(pair for chain in _CHAINS for pair in pairwise(chain)), ("II", "III"))
_ORDER = tuple(lead for chain in _CHAINS for lead in chain)
_SCALE = 0.1  # thresholds nearer to 0 than this are not what a distance is measured by
_SENSES = {"least": 1.0, "over": 1.0, "most": -1.0, "under": -1.0}


@dataclass(frozen=True)
class Answer:
    """A verdict, the values it rests on, and in words what could not be told."""

    verdict: Verdict
    evidence: tuple[Evidence, ...] = ()
    open: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Case:
    """What a condition is judged by: values, facts, and the group of patients whose thresholds apply."""

    table: Table
    facts: Mapping[str, bool | None]
    group: Group


def evaluate_all(
    rules: Iterable[Rule], measurements: Measurements, patient: Patient
) -> tuple[tuple[Finding, ...], dict[str, bool | None]]:
    """Answer rules in order; each one's answer is a fact to those after it.

    Returns
    -------
    findings : tuple of Finding
    facts : dict of str to bool or None
        By the last part of each rule's code; None for undetermined.
    """
    table = tabulate(measurements)
    facts: dict[str, bool | None] = {}
    findings = []
    for rule in rules:
        finding = _evaluate(rule, table, patient, facts)
        facts[rule.code.rpartition(".")[2]] = {"met": True, "not_met": False, "undetermined": None}[finding.verdict]
        findings.append(finding)
    return tuple(findings), facts


def evaluate(
    rule: Rule, measurements: Measurements, patient: Patient, facts: Mapping[str, bool | None] | None = None
) -> Finding:
    """Answer one rule.

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
    return _evaluate(rule, tabulate(measurements), patient, facts or {})


def _evaluate(rule: Rule, table: Table, patient: Patient, facts: Mapping[str, bool | None]) -> Finding:
    groups = [group for group in GROUPS if group.may_hold(patient)] or list(GROUPS)
    cases = [_Case(table, facts, group) for group in groups]
    applies = {_judge(rule.applies, case).verdict for case in cases} if rule.applies else {"met"}
    if applies == {"not_met"}:
        return Finding.of(rule, "not_met", f"{rule.title}: not met. Asked only where {rule.applies_text}.", ())
    answers = {case.group: _judge(rule.when, case) for case in cases}
    verdicts = {answer.verdict for answer in answers.values()}
    verdict: Verdict = verdicts.pop() if len(verdicts) == 1 else "undetermined"
    barred = [entry["text"] for entry in rule.unless if facts.get(entry["fact"])] if verdict == "met" else []
    told = _telling(answers)
    if verdict == "met" and applies != {"met"}:
        told = Answer("undetermined", told.evidence, (f"whether {rule.applies_text}",))
        verdict, answers = "undetermined", dict.fromkeys(answers, told)
    statement = say(
        rule, {g.text: a.verdict for g, a in answers.items()}, verdict, told.evidence, told.open, barred, facts
    )
    return Finding.of(rule, "undetermined" if barred else verdict, statement, told.evidence)


def _telling(answers: Mapping[Group, Answer]) -> Answer:
    """The answer whose evidence is shown: one that meets the rule, else one left open, else the first."""
    for wanted in ("met", "undetermined"):
        for answer in answers.values():
            if answer.verdict == wanted:
                return answer
    return next(iter(answers.values()))


def judge_level(
    value: float | None, error: float | None, threshold: float, sense: float = 1.0, strict: bool = False
) -> Verdict:
    """Compare a value with its threshold: undetermined where it is not known or nearer than its error.

    ``sense`` is 1 where the value must reach the threshold from below and -1 from above; ``strict`` to pass beyond it.
    """
    if value is None or abs(value - threshold) < (error or 0.0):
        return "undetermined"
    beyond = sense * (value - threshold)
    return "met" if beyond > 0 or (beyond == 0 and not strict) else "not_met"


def _judge(node: Mapping[str, Any], case: _Case) -> Answer:
    """A condition of a rule's TOML: ``all``, ``any``, ``none``, ``fact``, ``value``, or leads (``each``)."""
    if "all" in node:
        return _join([_judge(part, case) for part in node["all"]], decides="not_met", otherwise="met")
    if "any" in node:
        return _join([_judge(part, case) for part in node["any"]], decides="met", otherwise="not_met")
    if "none" in node:
        inner = _join([_judge(part, case) for part in node["none"]], decides="met", otherwise="not_met")
        turned: dict[Verdict, Verdict] = {"met": "not_met", "not_met": "met", "undetermined": "undetermined"}
        # what is absent is no evidence of a finding, only of its absence
        return Answer(turned[inner.verdict], () if inner.verdict == "not_met" else inner.evidence, inner.open)
    if "fact" in node:
        known = case.facts.get(node["fact"])
        if known is None:
            return Answer("undetermined", (), (node.get("text", node["fact"].replace("_", " ")),))
        return Answer("met" if known else "not_met")
    if "value" in node:
        return _judge_value(node, case)
    return _judge_leads(node, case)


def _join(answers: Sequence[Answer], decides: Verdict, otherwise: Verdict) -> Answer:
    """Three-valued and (``decides`` not met) or or (``decides`` met)."""
    for verdict in (decides, "undetermined"):
        told = [answer for answer in answers if answer.verdict == verdict]
        if told:
            shown = told if verdict == decides else [a for a in answers if a.verdict != "not_met"]
            return Answer(
                verdict, _unique(e for a in shown for e in a.evidence), _unique(o for a in told for o in a.open)
            )
    return Answer(otherwise, _unique(e for a in answers for e in a.evidence))


def _unique(items: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(dict.fromkeys(items))


def _judge_value(node: Mapping[str, Any], case: _Case) -> Answer:
    """One value of the ECG, or of one lead (``lead``), perhaps less that of another (``minus``)."""
    lead = node.get("lead", "")
    held = case.table[node["value"]].get(lead, Value())
    if "minus" in node:
        other = case.table[node["value"]].get(node["minus"], Value())
        both = held.value is not None and other.value is not None
        held = Value(
            (held.value or 0.0) - (other.value or 0.0) if both else None, (held.error**2 + other.error**2) ** 0.5
        )
        lead = f"{lead}-{node['minus']}"
    verdict, threshold = _compare(held, node, case.group)
    grey = node.get("grey")
    if grey and held.value is not None and grey[0] <= held.value <= grey[1]:
        verdict = "undetermined"
    return Answer(verdict, (_show(lead, node["value"], held, threshold),))


def _compare(held: Value, test: Mapping[str, Any], group: Group) -> tuple[Verdict, float]:
    """A test with one of ``least``, ``most``, ``over``, ``under``: a number, or one for each group of patients."""
    key = next(key for key in _SENSES if key in test)
    threshold = group.pick(test[key])
    return judge_level(held.value, held.error, threshold, _SENSES[key], key in ("over", "under")), threshold


def _show(lead: str, quantity: str, held: Value, threshold: float) -> Evidence:
    what, unit = LABELS[quantity]
    in_mv = unit == "mV"
    value_mv, threshold_mv = (held.value, threshold) if in_mv else (None, None)
    return Evidence(lead, value_mv, threshold_mv, what, held.value, threshold, unit)


def _judge_leads(node: Mapping[str, Any], case: _Case) -> Answer:
    """Tests on each of some leads: ``count`` of them must pass, or two that are ``contiguous``."""
    verdicts: dict[str, Verdict] = {}
    shown: dict[str, tuple[Evidence, float]] = {}
    recorded = case.table["st_j_mv"]
    for entry in node["each"]:
        for lead in entry["leads"]:
            if entry.get("extra") and lead not in recorded:
                continue
            verdicts[lead], shown[lead] = _judge_lead(lead, entry["where"], case)
    met = [lead for lead, verdict in verdicts.items() if verdict == "met"]
    possible = [lead for lead, verdict in verdicts.items() if verdict != "not_met"]
    if node.get("contiguous"):
        met, possible = (_in_pairs(leads) for leads in (met, possible))
        enough, perhaps = bool(met), bool(possible)
    else:
        enough, perhaps = (len(leads) >= node["count"] for leads in (met, possible))
    if enough:
        return Answer("met", tuple(shown[lead][0] for lead in met))
    if perhaps:
        return Answer("undetermined", tuple(shown[lead][0] for lead in possible))
    return Answer("not_met", _nearest_pair(shown) if node.get("contiguous") else _nearest(shown, node["count"]))


def _judge_lead(lead: str, tests: Sequence[Mapping[str, Any]], case: _Case) -> tuple[Verdict, tuple[Evidence, float]]:
    """All tests on one lead; its evidence is the first value that decides, and how far that is beyond its threshold."""
    held = [case.table[test["of"]].get(lead, Value()) for test in tests]
    compared = [_compare(value, test, case.group) for value, test in zip(held, tests, strict=True)]
    verdicts = [verdict for verdict, _ in compared]
    joined: Verdict = next((v for v in ("not_met", "undetermined") if v in verdicts), "met")
    k = verdicts.index(joined)
    value, threshold = held[k].value, compared[k][1]
    sense = next(sense for key, sense in _SENSES.items() if key in tests[k])
    beyond = float("-inf") if value is None else sense * (value - threshold) / max(abs(threshold), _SCALE)
    return joined, (_show(lead, tests[k]["of"], held[k], threshold), beyond)


def _in_pairs(leads: Sequence[str]) -> list[str]:
    """Those leads that have a contiguous neighbour among them, in the order of the chains."""
    held = {lead for pair in _PAIRS if set(pair) <= set(leads) for lead in pair}
    return sorted(held, key=_ORDER.index)


def _nearest_pair(shown: Mapping[str, tuple[Evidence, float]]) -> tuple[Evidence, ...]:
    """The neighbours of which even the lesser comes nearest to its threshold."""
    known = [p for p in _PAIRS if all(lead in shown and shown[lead][1] > float("-inf") for lead in p)]
    beyond = {p: sorted(shown[lead][1] for lead in p) for p in known}
    best = max(known, key=lambda p: beyond[p], default=())
    return tuple(shown[lead][0] for lead in best)


def _nearest(shown: Mapping[str, tuple[Evidence, float]], count: int) -> tuple[Evidence, ...]:
    """As many leads as must pass, those that come nearest to their thresholds."""
    known = {lead: beyond for lead, (_, beyond) in shown.items() if beyond > float("-inf")}
    best = sorted(known, key=lambda lead: -known[lead])[:count]
    return tuple(shown[lead][0] for lead in known if lead in best)
