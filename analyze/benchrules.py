"""How well the rules of infarction agree with the diagnoses of LUDB and PTB-XL, record by record.

What a record is called need not be what its trace shows at that minute: each disagreement is kept with its values.
Rules whose limits are ours, chosen on records of LUDB, are told apart from published ones. PTB-XL has no label of acute
infarction; its stage is the nearest, and most of its infarctions are old.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from analyze.evaluate import load_ludb
from analyze.judge import find_all
from analyze.measure import measure
from analyze.rules.load import load_rules
from analyze.rules.words import Finding
from digitize.datasets import load, ludb, ptbxl
from digitize.record import Ecg, Patient

_STEMI = "stemi:"
_FAMILIES = ("stemi.", "lbbb.", "occlusion.smith", "occlusion.aslanger")


GROUPS: tuple[str, ...] = ("normal", "other", "infarction, stage I-II", "infarction, later or unknown")
"""Of PTB-XL: superclass NORM alone; neither NORM nor MI; MI by its stage."""

_EARLY = frozenset({"Stadium I", "Stadium I-II", "Stadium II"})


@dataclass(frozen=True)
class RuleRow:
    """One record: whether it is called STEMI, and what of acute infarction is found on it."""

    record_id: str
    stemi: bool
    met: tuple[Finding, ...]
    open: tuple[Finding, ...]


@dataclass(frozen=True)
class RuleBench:
    """Records of LUDB against their diagnoses."""

    rows: tuple[RuleRow, ...]

    def count(self, *, stemi: bool, codes: Collection[str] | None = None) -> tuple[int, int]:
        """Records that meet a rule (any, or one of ``codes``) and all records, of those called STEMI or of the rest."""
        rows = [row for row in self.rows if row.stemi == stemi]
        return sum(any(codes is None or f.code in codes for f in row.met) for row in rows), len(rows)


def published_codes() -> frozenset[str]:
    """Codes of the rules whose limits somebody else has published."""
    return frozenset(rule.code for rule in load_rules() if rule.limits == "published")


def bench_rules(folder: Path, tell: Callable[[str], None] = lambda _: None) -> RuleBench:
    """Answer every rule of acute infarction on LUDB. Raises UnreadableFile where there is none."""
    rows = []
    for entry in ludb.records(folder):
        stemi = any(label.lower().startswith(_STEMI) for label in entry.labels)
        rows.append(_judge(entry.record_id, stemi, load_ludb(entry), Patient(entry.age_y, entry.sex, "hint")))
        tell(entry.record_id)
    return RuleBench(tuple(rows))


def bench_rules_ptbxl(
    folder: Path, n: int, seed: int = 1, tell: Callable[[str], None] = lambda _: None
) -> dict[str, RuleBench]:
    """Answer every rule of acute infarction on PTB-XL, one record a patient.

    Parameters
    ----------
    folder : Path
        PTB-XL as PhysioNet publishes it.
    n : int
        Records of each group, drawn by ``seed``; all of a smaller group.
    seed : int, optional
    tell : callable, optional
        Called with each record's name when it is done.

    Returns
    -------
    dict of str to RuleBench
        By `GROUPS`.

    Raises
    ------
    UnreadableFile
        No PTB-XL, or damaged.
    """
    benches = {}
    for group, entries in draw_groups(ptbxl.records(folder), n, seed).items():
        rows = []
        for entry in entries:
            rows.append(_judge(entry.record_id, False, load(entry), Patient(entry.age_y, entry.sex, "hint")))
            tell(entry.record_id)
        benches[group] = RuleBench(tuple(rows))
    return benches


def draw_groups(entries: Iterable[ptbxl.PtbxlEntry], n: int, seed: int) -> dict[str, list[ptbxl.PtbxlEntry]]:
    """Up to ``n`` records of each of `GROUPS`, none of a patient twice."""
    shuffled = sorted(entries, key=lambda entry: int(entry.record_id))
    random.Random(seed).shuffle(shuffled)
    drawn: dict[str, list[ptbxl.PtbxlEntry]] = {group: [] for group in GROUPS}
    patients = set()
    for entry in shuffled:
        group = _name_group(entry)
        if group and len(drawn[group]) < n and entry.patient_id not in patients:
            patients.add(entry.patient_id)
            drawn[group].append(entry)
    return drawn


def _name_group(entry: ptbxl.PtbxlEntry) -> str:
    if "MI" in entry.superclasses:
        return GROUPS[2] if _EARLY & set(entry.infarction_stadium) else GROUPS[3]
    if not entry.superclasses:
        return ""
    return GROUPS[0] if entry.superclasses == ("NORM",) else "" if "NORM" in entry.superclasses else GROUPS[1]


def _judge(record_id: str, stemi: bool, ecg: Ecg, patient: Patient) -> RuleRow:
    acute = [f for f in find_all(measure(ecg), patient) if f.code.startswith(_FAMILIES)]
    met, unknown = (tuple(f for f in acute if f.verdict == verdict) for verdict in ("met", "undetermined"))
    return RuleRow(record_id, stemi, met, unknown)
