"""Which wall a finding of ST elevation lies over, what mirrors it, and which vessel that speaks for."""

from __future__ import annotations

from collections.abc import Mapping

from analyze.measurements import Measurements
from analyze.rules.words import Finding

_INFERIOR = frozenset({"II", "III", "aVF"})
_WALLS: tuple[tuple[str, frozenset[str]], ...] = (
    ("septal", frozenset({"V1", "V2"})),
    ("anterior", frozenset({"V3", "V4"})),
    ("lateral", frozenset({"V5", "V6"})),
    ("high lateral", frozenset({"I", "aVL"})),
    ("inferior", _INFERIOR),
    ("right ventricular", frozenset({"V3R", "V4R"})),
    ("posterior", frozenset({"V7", "V8", "V9"})),
)
_MIRRORED_MV = -0.05


def name_walls(leads: set[str]) -> list[str]:
    """Walls under some leads, ``anteroseptal`` for septal and anterior together."""
    walls = [name for name, under in _WALLS if under & leads]
    if {"septal", "anterior"} <= set(walls):
        walls = ["anteroseptal", *(wall for wall in walls if wall not in ("septal", "anterior"))]
    return walls


def describe_territory(finding: Finding, measurements: Measurements) -> str:
    """Territory, mirrored depression and probable vessel of a finding of ST elevation, in words; empty without leads.

    Sources: Thygesen 2018 on walls; Zimetbaum and Josephson 2003, N Engl J Med 348:933, on the inferior vessel: III
    over II with depression in I or aVL speaks for the right coronary artery, else for the circumflex.
    """
    raised = {e.lead for e in finding.evidence if e.value_mv is not None}
    walls = name_walls(raised)
    if not walls:
        return ""
    level = _levels(measurements)
    mirrored = [lead for lead, mv in level.items() if mv <= _MIRRORED_MV and lead != "aVR"]
    said = f"Territory: {' and '.join(walls)}"
    said += f"; mirrored in {', '.join(mirrored)}" if mirrored else "; mirrored nowhere"
    vessel = _guess_vessel(raised, level)
    return f"{said}. Probable vessel: {vessel}." if vessel else f"{said}."


def describe_mirror(finding: Finding, measurements: Measurements) -> str:
    """What aVL says of inferior leads nearly raised enough: its depression speaks for infarction (PMC11492056)."""
    level = _levels(measurements).get("aVL", 0.0)
    if not {e.lead for e in finding.evidence} <= _INFERIOR or level > _MIRRORED_MV:
        return ""
    return f"aVL is depressed ({level:+.2f} mV): an early or small inferior infarction looks so; repeat the ECG."


def _levels(measurements: Measurements) -> dict[str, float]:
    return {st.lead: st.j_mv for st in measurements.st if st.j_mv is not None}


def _guess_vessel(raised: set[str], level: Mapping[str, float]) -> str:
    front, below, side = raised & {"V1", "V2", "V3", "V4"}, raised & {"II", "III", "aVF"}, raised & {"I", "aVL"}
    if front and below and not side:
        return "a left anterior descending artery that reaches round the apex, or the right coronary artery"
    if front:
        high = bool(side) or level.get("aVL", 0.0) >= 0.05
        return "left anterior descending artery" + (", before its first diagonal" if high else "")
    if below:
        right = level.get("III", 0.0) > level.get("II", 0.0) and min(level.get("I", 0.0), level.get("aVL", 0.0)) < 0.0
        return "right coronary artery" if right else "circumflex or right coronary artery"
    if side or raised & {"V5", "V6", "V7", "V8", "V9"}:
        return "circumflex artery or a diagonal branch"
    return "right coronary artery" if raised & {"V3R", "V4R"} else ""
