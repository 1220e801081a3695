"""What an answer is: its verdict, its evidence, and the same in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from analyze.rules.load import Rule, Urgency

Verdict = Literal["met", "not_met", "undetermined"]

_HEADLINES = 3
_NEAR_MV, _NEAR = 0.5, 0.9  # of a threshold: half a millimetre is little, half a QT interval is not


@dataclass(frozen=True)
class Evidence:
    """One value beside its threshold.

    ``value`` and ``threshold`` are in ``unit``; ``value_mv`` and ``threshold_mv`` repeat them where that is millivolts.
    None where a lead was not read. ``lead`` is empty for what belongs to the whole ECG, ``V1-V2`` for a difference.
    """

    lead: str
    value_mv: float | None
    threshold_mv: float | None
    what: str = "ST at J"
    value: float | None = None
    threshold: float | None = None
    unit: str = "mV"


@dataclass(frozen=True)
class Finding:
    """A rule's answer: its code, the verdict, the same in words, what it rests on, and the rule it is of."""

    code: str
    verdict: Verdict
    statement: str
    evidence: tuple[Evidence, ...] = ()
    title: str = ""
    urgency: Urgency = "context"
    rule_version: str = ""
    source: str = ""

    @classmethod
    def of(cls, rule: Rule, verdict: Verdict, statement: str, evidence: tuple[Evidence, ...]) -> Finding:
        """A finding of a rule."""
        source = f"{rule.source} [from memory or second-hand: {rule.unchecked}]" if rule.unchecked else rule.source
        return cls(rule.code, verdict, statement, evidence, rule.title, rule.urgency, rule.version, source)


def say(
    rule: Rule,
    answers: Mapping[str, Verdict],
    verdict: Verdict,
    evidence: Sequence[Evidence],
    unknown: Sequence[str],
    barred: Sequence[str],
    facts: Mapping[str, bool | None],
) -> str:
    """An answer in words; ``answers`` by group of patients, ``unknown`` what could not be told."""
    values = _list_values(evidence)
    if barred:
        said = [f"{rule.title}: undetermined. Thresholds reached ({values}), but {_join(barred)}."]
    elif verdict == "met":
        said = [f"{rule.title}: met.", f"{values[:1].upper()}{values[1:]}." if values else "", rule.meaning]
    elif verdict == "not_met":
        near = "Narrowly missed" if is_narrow(verdict, evidence) else "Nearest"
        said = [f"{rule.title}: not met.", f"{near}: {_list_values(evidence, limits=True)}." if values else ""]
    else:
        said = [f"{rule.title}: undetermined.", *_say_open(answers, evidence, values, unknown)]
    if verdict != "not_met":
        unclear = [entry["absent"] for entry in rule.unless if entry["fact"] in facts and facts[entry["fact"]] is None]
        said += [f"Not excluded: {_join(unclear)}."] if unclear else []
        said += [entry["text"] for entry in rule.caveats if facts.get(entry["fact"])]
    return " ".join(part for part in said if part)


def pick_headlines(findings: tuple[Finding, ...]) -> list[Finding]:
    """What is said in full: the most urgent that are met, and what the rule of ST elevation says."""
    grave = [f for f in findings if f.verdict == "met" and f.urgency != "context"]
    first = [f for f in findings if f.code == "stemi.udmi4" and f not in grave[:_HEADLINES]]
    return [*grave[: _HEADLINES - len(first)], *first]


def is_narrow(verdict: Verdict, evidence: Sequence[Evidence]) -> bool:
    """Whether a rule that is not met was missed narrowly: what it rests on is near, and some of it falls short."""
    reached = [_reach(e) for e in evidence]
    return verdict == "not_met" and min(reached, default=0.0) > 0.0 and any(reach < 1.0 for reach in reached)


def _reach(e: Evidence) -> float:
    """How much of its threshold a value reaches; 0 where that is not near."""
    if e.value is None or not e.threshold:
        return 0.0
    share = e.value / e.threshold
    return share if share >= (_NEAR_MV if e.unit == "mV" else _NEAR) else 0.0


def show_value(e: Evidence) -> str:
    """A value with its unit, as many digits as it is read to; empty where it is not known."""
    if e.value is None:
        return ""
    text = f"{e.value:+.2f}" if e.unit == "mV" else f"{e.value:.2f}" if e.unit == "" else f"{e.value:.0f}"
    return f"{text} {e.unit}".strip()


def _say_open(
    answers: Mapping[str, Verdict], evidence: Sequence[Evidence], values: str, unknown: Sequence[str]
) -> list[str]:
    """Why nothing can be said."""
    parts = []
    met = [group for group, answer in answers.items() if answer == "met"]
    others = [group for group, answer in answers.items() if answer != "met"]
    if met and others:
        parts.append(f"Met for {_join(met)}, not for {_join(others)}: age and sex decide. {values}.")
    elif values:
        parts.append(f"Too near the threshold for its error, or in doubt: {values}.")
    missing = list(dict.fromkeys(e.lead or e.what for e in evidence if e.value is None))
    if missing:
        parts.append(f"Not measured: {', '.join(missing)}.")
    if unknown:
        parts.append(f"Cannot be told: {', '.join(unknown)}.")
    return parts


def _list_values(evidence: Sequence[Evidence], limits: bool = False) -> str:
    """Values by what was measured: ``ST at J: V2 +0.23 mV, V3 +0.31 mV; R: V4 +1.20 mV``, perhaps with their limits."""
    by_what: dict[str, list[str]] = {}
    for e in evidence:
        if e.value is not None:
            limit = f" of {show_value(replace(e, value=e.threshold))}" if limits else ""
            by_what.setdefault(e.what, []).append(f"{e.lead} {show_value(e)}{limit}".strip())
    return "; ".join(f"{what}: {', '.join(dict.fromkeys(values))}" for what, values in by_what.items())


def _join(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
