"""A report in about ten lines, for a person at a terminal."""

from __future__ import annotations

from analyze.measurements import Measurements
from analyze.report import DISCLAIMER, Report
from analyze.report_opinion import describe_part, name_called
from analyze.rules.words import pick_headlines

_EXPLAINED = 5
_RHYTHMS = 3
_VERDICT = {"met": "MET", "not_met": "not met", "undetermined": "UNDETERMINED"}


def to_text(report: Report) -> str:
    """The report as plain text; what was not measured reads ``-``."""
    m = report.measurements
    rows = [
        ("status", report.status),
        ("page", describe_page(report)),
        ("leads", _leads(report)),
        ("patient", describe_patient(report)),
        ("rate", _rate(m)),
        ("intervals", _intervals(m)),
        ("ST at J", _st(m)),
    ]
    rows += [("finding", f"{_VERDICT[f.verdict]} · {f.statement}") for f in pick_headlines(report.findings)]
    rows += [
        ("rhythm", f.statement)
        for f in report.findings
        if f.code.startswith(("rhythm.", "conduction.av_block")) and f.verdict != "not_met"
    ][:_RHYTHMS]
    others = [f.title for f in report.findings if f.verdict == "undetermined" and f.urgency == "emergency"]
    rows += [("not told", "; ".join(title for title in others))]
    if report.opinion is not None:
        rows.append(("classifier", name_called(report.opinion)))
    if report.beat_count is not None:
        rows.append(("beats", "; ".join((report.beat_count.words, *report.beat_count.doubts))))
    if report.explanation is not None:
        told = "; ".join(describe_part(part) for part in report.explanation.parts[:_EXPLAINED])
        rows.append(("spoke", f"for (+) and against (-) {report.explanation.code}: {told}"))
    rows += [("note", f"{n.message} {n.hint}".strip()) for n in report.notes if n.severity != "info"]
    lines = [f"{name:<10} {text}" for name, text in rows if text]
    return "\n".join([*lines, DISCLAIMER])


def number(value: float | None, unit: str, digits: int = 0, error: float | None = None) -> str:
    """A measured value with its unit and the half width of its 95 % interval, or a dash."""
    if value is None:
        return "–"
    wide = "" if error is None else f" ± {max(error, 1.0):.0f}"
    return f"{value:.{digits}f}{wide} {unit}".strip()


def signed(value_mv: float, digits: int = 2) -> str:
    """Millivolts with their sign; what rounds to nothing has none."""
    text = f"{value_mv:+.{digits}f}"
    return text if float(text) else text[1:]


def describe_page(report: Report) -> str:
    """Layout and calibration, each with what it rests on."""
    if report.layout is None or report.calibration is None:
        return f"digital record, {report.ecg.duration_s:.1f} s at {report.ecg.fs_hz:g} Hz"
    c = report.calibration
    chest = f", chest leads {c.chest_mm_per_mv:g} mm/mV ({c.chest_source})" if c.chest_mm_per_mv is not None else ""
    return (
        f"{report.layout.name} (from {report.layout.source}), {c.mm_per_s:g} mm/s ({c.speed_source}), "
        f"{c.mm_per_mv:g} mm/mV ({c.gain_source}){chest}"
    )


def _leads(report: Report) -> str:
    read = [lead for lead, held in report.ecg.printed.items() if held]
    unread = [lead for lead, held in report.ecg.printed.items() if not held]
    text = f"{len(read)} read"
    if report.overall_quality is not None:
        text += f", quality {report.overall_quality:.2f}"
    return text + (f"; not read: {', '.join(unread)}" if unread else "")


def describe_patient(report: Report) -> str:
    """Age and sex as far as they are known."""
    p = report.patient
    if p.age_y is None and p.sex is None:
        return "age and sex unknown"
    age = "age unknown" if p.age_y is None else f"{p.age_y:g} y"
    return f"{age}, {p.sex or 'sex unknown'} ({p.source})"


def _rate(m: Measurements) -> str:
    rhythm = {True: "regular", False: "irregular", None: ""}[m.regular]
    beats = f"{m.beats} beats" + (f", {m.ectopic_beats} of unusual shape" if m.ectopic_beats else "")
    return ", ".join(part for part in (number(m.heart_rate_bpm, "bpm"), rhythm, beats) if part)


def _intervals(m: Measurements) -> str:
    return (
        f"PR {number(m.pr_ms, 'ms')}, QRS {number(m.qrs_ms, 'ms')}, QT {number(m.qt_ms, 'ms')}, "
        f"QTc {number(m.qtc_fridericia_ms, 'ms')} (Fridericia), axis {number(m.axis_deg, '°')}"
    )


def _st(m: Measurements) -> str:
    known = [(st.lead, st.j_mv) for st in m.st if st.j_mv is not None]
    if not known:
        return "not measured"
    highest, lowest = max(known, key=lambda item: item[1]), min(known, key=lambda item: item[1])
    return f"highest {highest[0]} {signed(highest[1])} mV, lowest {lowest[0]} {signed(lowest[1])} mV"
