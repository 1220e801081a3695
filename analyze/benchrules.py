"""How well the rules of infarction agree with LUDB's diagnoses, record by record.

What a record is called need not be what its trace shows at that minute: each disagreement is kept with its values.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from analyze.evaluate import load_ludb
from analyze.judge import find_all
from analyze.measure import measure
from analyze.rules.words import Finding
from digitize.datasets import ludb
from digitize.record import Patient

_STEMI = "stemi:"
_FAMILIES = ("stemi.", "lbbb.", "occlusion.smith")


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

    def count(self, *, stemi: bool, code: str = "") -> tuple[int, int]:
        """Records that meet a rule (any, or that of ``code``) and all records, of those called STEMI or of the rest."""
        rows = [row for row in self.rows if row.stemi == stemi]
        return sum(any(not code or f.code == code for f in row.met) for row in rows), len(rows)


def bench_rules(folder: Path, tell: Callable[[str], None] = lambda _: None) -> RuleBench:
    """Answer every rule of acute infarction on LUDB. Raises UnreadableFile where there is none."""
    rows = []
    for entry in ludb.records(folder):
        found = find_all(measure(load_ludb(entry)), Patient(entry.age_y, entry.sex, "hint"))
        acute = [f for f in found if f.code.startswith(_FAMILIES)]
        met, unknown = (tuple(f for f in acute if f.verdict == verdict) for verdict in ("met", "undetermined"))
        stemi = any(label.lower().startswith(_STEMI) for label in entry.labels)
        rows.append(RuleRow(entry.record_id, stemi, met, unknown))
        tell(entry.record_id)
    return RuleBench(tuple(rows))
