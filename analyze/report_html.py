"""A report as one self-contained HTML file: what matters on one A4 page, every rule with its evidence after it."""

from __future__ import annotations

from base64 import b64encode
from html import escape
from importlib.resources import files

from analyze.measurements import ST_OFFSETS_MS, Measurements
from analyze.report import DISCLAIMER, Report, software_version
from analyze.report_findings import show_all, show_headlines
from analyze.report_opinion import name_called, show_explanation, show_opinion
from analyze.report_svg import draw_ecg
from analyze.report_text import describe_page, describe_patient, number, signed
from analyze.rules.words import pick_headlines

_ECG_MM = 103.0
_LINES = 16  # of small print beside the tables
_PICTURE_PX = 1100


def to_html(report: Report, overlay_png: bytes | None = None) -> str:
    """The report as HTML.

    Parameters
    ----------
    report : Report
    overlay_png : bytes, optional
        The picture with the traced curves drawn over it, as PNG.

    Returns
    -------
    str
        One document: style, drawing and picture are inside it, nothing is loaded from elsewhere.
    """
    style = (files("analyze") / "report.css").read_text("utf-8")
    raised = {e.lead for f in report.findings if f.verdict == "met" and f.urgency == "emergency" for e in f.evidence}
    picture = _picture(overlay_png)
    footer = f"<footer><b>{escape(DISCLAIMER)}</b><span>Paperbeat {escape(software_version())}</span></footer>"
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>ECG report</title>
<style>
{style}</style>
</head>
<body>
<header><h1>ECG report<small>{escape(describe_patient(report))}</small></h1>
<p>{escape(describe_page(report))} · redrawn at 25 mm/s, 10 mm/mV</p></header>
{draw_ecg(report, _ECG_MM, raised) or "<p>No lead could be read.</p>"}
<main class="{"page" if picture else "record"}">
<section><h2>Measurements</h2>{_measurements(report.measurements)}</section>
<section><h2>ST in mV at J and ms after</h2>{_st_levels(report.measurements, raised)}</section>
{picture}
<section>{show_headlines(report.findings)}{_called(report)}{_notes(report, 52 if picture else 100)}</section>
</main>
{footer}
{show_all(report)}
{_opinion(report)}
{footer}
</body>
</html>
"""


def _called(report: Report) -> str:
    """What the classifiers of records and of beats call, for the first page."""
    called = f"Classifier: {name_called(report.opinion)}." if report.opinion else ""
    said = f"{called} {_beats(report)}".strip()
    return f'<p class="also">{escape(said)}</p>' if said else ""


def _beats(report: Report) -> str:
    count = report.beat_count
    return f"Beats: {'; '.join((count.words, *count.doubts))}." if count else ""


def _opinion(report: Report) -> str:
    if report.opinion is None:
        return ""
    explained = report.explanation
    drawn = show_explanation(explained, report.homes) if explained else ""
    return f'<div class="classifier">{drawn}{show_opinion(report.opinion)}</div>'


def _picture(overlay_png: bytes | None) -> str:
    if overlay_png is None:
        return ""
    encoded = b64encode(_shrink(overlay_png)).decode("ascii")
    image = f'<img alt="The page with the traced curves drawn over it" src="data:image/jpeg;base64,{encoded}">'
    return f"<section><h2>What was traced</h2>{image}</section>"


def _shrink(png: bytes) -> bytes:
    """The picture at the size it is shown in, as JPEG."""
    from io import BytesIO

    from PIL import Image

    with Image.open(BytesIO(png)) as image:
        small = image.convert("RGB")
    small.thumbnail((_PICTURE_PX, _PICTURE_PX), Image.Resampling.LANCZOS)
    out = BytesIO()
    small.save(out, "JPEG", quality=82, optimize=True)
    return out.getvalue()


def _measurements(m: Measurements) -> str:
    rows = [
        ("Heart rate", number(m.heart_rate_bpm, "bpm", error=m.heart_rate_error_bpm)),
        ("RR intervals", {True: "regular", False: "irregular", None: "–"}[m.regular]),
        ("Beats", f"{m.beats}" + (f", {m.ectopic_beats} unusual" if m.ectopic_beats else "")),
        ("P", number(m.p_ms, "ms", error=m.p_error_ms)),
        ("PR", number(m.pr_ms, "ms", error=m.pr_error_ms)),
        ("QRS", number(m.qrs_ms, "ms", error=m.qrs_error_ms)),
        ("QT", number(m.qt_ms, "ms", error=m.qt_error_ms)),
        ("QTc Fridericia", number(m.qtc_fridericia_ms, "ms")),
        ("QTc Framingham", number(m.qtc_framingham_ms, "ms")),
        ("QTc Hodges", number(m.qtc_hodges_ms, "ms")),
        ("QTc Bazett", number(m.qtc_bazett_ms, "ms")),
        ("Axis P QRS T", " ".join(number(a, "", 0) for a in (m.p_axis_deg, m.axis_deg, m.t_axis_deg)) + " °"),
        ("Sokolow, mV", number(m.sokolow_mv, "", 1)),
        ("Cornell, mV", number(m.cornell_mv, "", 1)),
    ]
    return "<table>" + "".join(f"<tr><td>{name}</td><td>{value}</td></tr>" for name, value in rows) + "</table>"


def _st_levels(m: Measurements, raised: set[str]) -> str:
    head = "".join(f"<th>{'J' if ms == 0 else f'+{ms}'}</th>" for ms in ST_OFFSETS_MS)
    rows = []
    for st in m.st:
        values = (st.j_mv, st.j20_mv, st.j40_mv, st.j60_mv, st.j80_mv)
        cells = "".join(f"<td>{'–' if v is None else signed(v)}</td>" for v in values)
        mark = ' class="m"' if st.lead in raised else ""
        rows.append(f"<tr{mark}><td>{escape(st.lead)}</td>{cells}</tr>")
    return f"<table><tr><th></th>{head}</tr>{''.join(rows)}</table>"


def _notes(report: Report, width: int) -> str:
    """What was assumed, doubted or not read, the gravest first, as far as the page has room.

    ``width`` is how many characters fit on a line.
    """
    if not report.notes:
        return ""
    order = {"error": 0, "warning": 1, "info": 2}
    texts = [f"{n.message} {n.hint}".strip() for n in sorted(report.notes, key=lambda note: order[note.severity])]
    room = _LINES - 3 - sum(3 + len(f.statement) // width for f in pick_headlines(report.findings))
    room -= 1 + len(_beats(report)) // width if report.beat_count else 0
    shown: list[str] = []
    for text in texts:
        room -= 1 + len(text) // width
        if room < 1 and len(shown) + 1 < len(texts):
            break
        shown.append(text)
    items = "".join(f"<li>{escape(text)}</li>" for text in shown)
    if len(shown) < len(texts):
        items += f"<li>{len(texts) - len(shown)} more on the next page.</li>"
    return f'<div class="block"><h2>Assumed, doubted or not read</h2><ul>{items}</ul></div>'
