"""Benches of analyze as figures and as lines of text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analyze.benchrules import RuleBench, published_codes
from analyze.benchverdicts import ST_MV, VerdictBench
from analyze.evaluate import BeatBench, Found, WaveBench


def wave_figures(bench: WaveBench) -> dict[str, Any]:
    """Figures of a bench of waves, for JSON."""
    return {
        "records": bench.records,
        "found": {wave: _found(found) for wave, found in bench.found.items()},
        "error_ms": {
            end: {"mean": _mean(e), "sd": float(e.std()) if e.size else None, "n": int(e.size)}
            for end, e in bench.error_ms.items()
        },
        "imperfect_qrs": {name: _found(found) for name, found in bench.misses.items()},
    }


def beat_figures(bench: BeatBench) -> dict[str, Any]:
    """Figures of a bench of beats, for JSON."""
    return {"total": _found(bench.total), "records": {name: _found(found) for name, found in bench.records.items()}}


def rule_figures(bench: RuleBench) -> dict[str, Any]:
    """Figures of a bench of rules, for JSON."""
    return {
        "stemi": {row.record_id: _codes(row.met) for row in bench.rows if row.stemi},
        "stemi_open": {row.record_id: _codes(row.open) for row in bench.rows if row.stemi},
        "others": bench.count(stemi=False)[1],
        "others_met": {
            row.record_id: [f.statement for f in row.met] for row in bench.rows if row.met and not row.stemi
        },
        "others_met_udmi4": bench.count(stemi=False, codes={"stemi.udmi4"})[0],
        "others_met_published": bench.count(stemi=False, codes=published_codes())[0],
    }


def wave_lines(bench: WaveBench) -> list[str]:
    """A bench of waves, line by line."""
    lines = [f"LUDB, {bench.records} records, all annotated leads, 150 ms"]
    lines += [f"{wave.upper():8} {_say(found)}" for wave, found in bench.found.items()]
    lines += [f"{end:8} {e.mean():+6.1f} ± {e.std():.1f} ms  ({e.size})" for end, e in bench.error_ms.items() if e.size]
    return lines


def beat_lines(bench: BeatBench) -> list[str]:
    """A bench of beats, line by line: the sum, and the records with most errors."""
    worst = sorted(bench.records.items(), key=lambda item: -(item[1].missed + item[1].made_up))[:8]
    lines = [f"MIT-BIH, {len(bench.records)} records, first lead, 150 ms", f"all      {_say(bench.total)}"]
    return lines + [f"{name:8} {_say(found)}" for name, found in worst]


def rule_lines(bench: RuleBench) -> list[str]:
    """A bench of rules, line by line: each STEMI record, and each other record with a finding, in full."""
    lines = ["", "Rules of acute infarction against LUDB's diagnoses"]
    for row in bench.rows:
        if row.stemi:
            said = [f"met {f.code}" for f in row.met] + [f"cannot tell {f.code}" for f in row.open]
            lines.append(f"STEMI {row.record_id:4} {', '.join(said) or 'nothing'}")
    for name, codes in (
        ("any rule", None),
        ("any rule of published limits", published_codes()),
        ("ST elevation of the Universal Definition", {"stemi.udmi4"}),
    ):
        (hit, of), (false, rest) = (bench.count(stemi=stemi, codes=codes) for stemi in (True, False))
        lines.append(f"{name}: {hit} of {of} met; specificity {100 * (1 - false / max(rest, 1)):.1f} % of {rest}")
    lines += [f"other {row.record_id:4} {f.statement}" for row in bench.rows if not row.stemi for f in row.met]
    return lines


def group_figures(groups: Mapping[str, RuleBench]) -> dict[str, Any]:
    """Figures of the rules by group of PTB-XL, for JSON."""
    return {
        group: {
            "records": len(bench.rows),
            "met": bench.count(stemi=False)[0],
            "met_published": bench.count(stemi=False, codes=published_codes())[0],
            "by_rule": dict(Counter(f.code for row in bench.rows for f in row.met)),
            "records_met": {row.record_id: [f.statement for f in row.met] for row in bench.rows if row.met},
        }
        for group, bench in groups.items()
    }


def group_lines(groups: Mapping[str, RuleBench]) -> list[str]:
    """The rules by group of PTB-XL, line by line."""
    lines = ["Rules of acute infarction on PTB-XL, one record a patient"]
    for group, figures in group_figures(groups).items():
        share = 100.0 * figures["met"] / max(figures["records"], 1)
        lines.append(
            f"{group}: {figures['met']} of {figures['records']} meet one ({share:.1f} %),"
            f" {figures['met_published']} one of published limits"
        )
        lines += [f"    {code:30} {count}" for code, count in sorted(figures["by_rule"].items(), key=lambda x: -x[1])]
    return lines


def verdict_figures(bench: VerdictBench) -> dict[str, Any]:
    """Figures of a bench of verdicts, for JSON."""
    errors = [abs(e) for page in bench.pages for e in (page.st_error_mv or {}).values() if e is not None]
    return {
        "pages": len(bench.pages),
        "refused": {page.page: page.code for page in bench.pages if page.code},
        "verdicts": bench.asked,
        "equal_share": bench.equal_share,
        "reversed": sum(d.reversed for d in bench.differences),
        "rules": {code: {"differ": differ, "reversed": turned} for code, differ, turned in bench.by_rule()},
        "st_within_50_uv_share": bench.st_share,
        "st_error_mv_median": float(np.median(errors)) if errors else None,
        "st_error_mv_p95": float(np.percentile(errors, 95)) if errors else None,
        "rhythm": {page.page: list(page.rhythm) for page in bench.pages if page.rhythm},
        "differences": [
            {"page": d.page, "code": d.file.code, "paper": d.paper.statement, "file": d.file.statement}
            for d in bench.differences
        ],
    }


def verdict_lines(bench: VerdictBench) -> list[str]:
    """A bench of verdicts, line by line: what it comes to, each rule that differs, and where."""
    figures = verdict_figures(bench)
    lines = [f"Paper against file, {figures['pages']} pages, {len(figures['refused'])} refused"]
    lines += [f"refused {page}: {code}" for page, code in figures["refused"].items()]
    if bench.equal_share is not None:
        equal = f"{bench.asked - len(bench.differences)} of {bench.asked}, {100 * bench.equal_share:.1f} %"
        lines.append(f"verdicts equal: {equal}; met against not met: {figures['reversed']}")
    if bench.st_share is not None:
        lines.append(
            f"ST at J within {1000 * ST_MV:.0f} µV: {100 * bench.st_share:.1f} % of leads; error median "
            f"{1000 * figures['st_error_mv_median']:.0f}, 95th percentile {1000 * figures['st_error_mv_p95']:.0f} µV"
        )
    for code, differ, _ in bench.by_rule():
        where = [f"{d.page} {d.paper.verdict}/{d.file.verdict}" for d in bench.differences if d.file.code == code]
        lines.append(f"{code:30} {differ:3}  paper/file: {', '.join(where)}")
    return lines + [f"rhythm, one side only: {page} {', '.join(codes)}" for page, codes in figures["rhythm"].items()]


def _say(found: Found) -> str:
    return (
        f"sensitivity {100 * found.sensitivity:.2f} %, PPV {100 * found.ppv:.2f} %"
        f"  ({found.missed} missed, {found.made_up} made up)"
    )


def _found(found: Found) -> dict[str, float]:
    return {
        "matched": found.matched,
        "missed": found.missed,
        "made_up": found.made_up,
        "sensitivity": found.sensitivity,
        "ppv": found.ppv,
    }


def _mean(values: NDArray[np.float64]) -> float | None:
    return float(values.mean()) if values.size else None


def _codes(findings: tuple[Any, ...]) -> list[str]:
    return [f.code for f in findings]
