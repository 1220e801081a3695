"""Findings as HTML: headlines for the first page, every rule with its evidence for the next."""

from __future__ import annotations

from html import escape

from analyze.report import Report
from analyze.report_beats import draw_evidence
from analyze.rules.words import Finding, is_narrow, pick_headlines

_DRAWN = ("emergency", "urgent")
_VERDICT = {"met": "met", "not_met": "not met", "undetermined": "cannot tell"}


def show_headlines(findings: tuple[Finding, ...]) -> str:
    """The first page's findings: headlines in full, the rest by name."""
    shown = pick_headlines(findings)
    blocks = "".join(_block(f) for f in shown)
    rhythm = [f for f in findings if f.code.startswith("rhythm.") and f.verdict != "not_met" and f not in shown]
    also = [f for f in findings if f.verdict == "met" and f not in (*shown, *rhythm)]
    lines = [
        ("", [f.statement.rstrip(".") for f in rhythm if f.code != "rhythm.paced"]),
        ("Also met: ", [f.title for f in also]),
        (
            "Cannot be told: ",
            [f.title for f in findings if f.verdict == "undetermined" and f.urgency == "emergency" and f not in shown],
        ),
    ]
    said = "".join(f'<p class="also">{head}{escape("; ".join(names))}.</p>' for head, names in lines if names)
    return f"<h2>Findings</h2>{blocks}{said}"


def show_all(report: Report) -> str:
    """The second page: each rule that is met or cannot be told, drawn; those not met by name; all that was assumed."""
    parts = []
    for f in report.findings:
        if f.verdict != "not_met":
            beats = draw_evidence(f.evidence, report.homes) if f.urgency in _DRAWN else ""
            source = f"<small>{escape(f.source)} · {escape(f.code)} {escape(f.rule_version)}</small>"
            parts.append(_block(f, beats + source))
    narrow = [f for f in report.findings if f.urgency in _DRAWN and is_narrow(f.verdict, f.evidence)]
    said = "".join(f'<p class="also">{escape(f.statement)}</p>' for f in narrow)
    not_met = "; ".join(f.title for f in report.findings if f.verdict == "not_met" and f not in narrow)
    rest = said + (f'<p class="also">Looked for and not met: {escape(not_met)}.</p>' if not_met else "")
    notes = "".join(f"<li>{escape(f'{n.message} {n.hint}'.strip())}</li>" for n in report.notes)
    assumed = f'<h2>Assumed, doubted or not read, all of it</h2><ul class="all">{notes}</ul>' if notes else ""
    cards = f'<div class="cards">{"".join(parts)}</div>'
    return f'<section class="rules"><h2>Every rule, with its evidence</h2>{cards}{rest}{assumed}</section>'


def _block(f: Finding, more: str = "") -> str:
    return (
        f'<div class="finding block"><span class="verdict {f.verdict} {f.urgency}">{_VERDICT[f.verdict]}</span>'
        f'<span class="urgency">{f.urgency if f.verdict != "not_met" else ""}</span>'
        f"<p>{escape(f.statement)}</p>{more}</div>"
    )
