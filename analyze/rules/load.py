"""Reads rules from the TOML files of this folder."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from digitize.record import Patient

Urgency = Literal["emergency", "urgent", "routine", "context"]
URGENCIES: tuple[Urgency, ...] = ("emergency", "urgent", "routine", "context")

FILES: tuple[str, ...] = ("context", "udmi4", "occlusion", "bundle", "ischemia", "leads")
"""In the order in which they are answered: what comes first is a fact to what follows."""


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

    def pick(self, threshold: float | Mapping[str, float]) -> float:
        """The threshold of this group, where there is one for each; ``men`` and ``women`` stand for any age."""
        if isinstance(threshold, int | float):
            return float(threshold)
        return float(threshold[self.key] if self.key in threshold else threshold["men"])


GROUPS: tuple[Group, ...] = (
    Group("women", "women", "female"),
    Group("men_under_30", "men under 30", "male", below_y=30),
    Group("men_30_to_39", "men from 30 to 39", "male", from_y=30, below_y=40),
    Group("men_from_40", "men from 40", "male", from_y=40),
)


@dataclass(frozen=True)
class Rule:
    """A rule as its TOML file states it.

    Attributes
    ----------
    code, version, title, source : str
    unchecked : str
        What of the source is quoted from memory and has not been held against its text; empty where all has.
    limits : {"published", "ours"}
        Whose the thresholds are.
    urgency : {"emergency", "urgent", "routine", "context"}
        Of a finding that is met.
    when : mapping
        The condition, as `analyze.rules.engine` reads it.
    meaning : str
        What is said when it is met.
    applies, applies_text : mapping, str
        Where the rule is asked at all.
    unless : tuple of mapping
        Facts (``fact``, ``text``, ``absent``) that leave a met rule undetermined.
    caveats : tuple of mapping
        Facts (``fact``, ``text``) said beside the verdict, without changing it.
    """

    code: str
    version: str
    title: str
    source: str
    urgency: Urgency
    when: Mapping[str, Any]
    meaning: str = ""
    unchecked: str = ""
    limits: Literal["published", "ours"] = "published"
    applies: Mapping[str, Any] | None = None
    applies_text: str = ""
    unless: tuple[Mapping[str, str], ...] = ()
    caveats: tuple[Mapping[str, str], ...] = ()


@cache
def load_file(name: str) -> tuple[Rule, ...]:
    """Rules of one file, such as ``"udmi4"``; its own ``[[unless]]`` and ``[[caveat]]`` hold for all of them."""
    raw: dict[str, Any] = tomllib.loads((files("analyze.rules") / f"{name}.toml").read_text("utf-8"))
    shared = {"unless": tuple(raw.get("unless", ())), "caveats": tuple(raw.get("caveat", ()))}
    rules = []
    for entry in raw["rule"]:
        given = {key: value for key, value in entry.items() if key not in ("unless", "caveat")}
        given["unless"] = (*shared["unless"], *entry.get("unless", ()))
        given["caveats"] = (*shared["caveats"], *entry.get("caveat", ()))
        rules.append(Rule(**given))
    return tuple(rules)


def load_rules() -> tuple[Rule, ...]:
    """Every rule, in the order in which they are answered."""
    return tuple(rule for name in FILES for rule in load_file(name))


def load_rule(code: str) -> Rule:
    """One rule by its code, such as ``"stemi.udmi4"``. Raises KeyError for a code that is not known."""
    for rule in load_rules():
        if rule.code == code:
            return rule
    raise KeyError(code)
