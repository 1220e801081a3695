"""The report: the published schema, nothing shown that was not measured, and one page of paper."""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from shown import show_on_sheet

from analyze import Patient, Report, analyze, explain, to_html, to_json, to_text
from analyze.explain import Explanation, Part
from analyze.report import DISCLAIMER
from analyze.report_opinion import show_explanation, show_opinion
from digitize.record import LEADS, Ecg, Note
from digitize.sheets import load_layouts
from digitize.stages import Calibration, Digitization, Lattice, Layout, Panel, Photo, Sheet
from digitize.synth.heart import HeartKind, simulate

SCHEMA = json.loads((files("analyze") / "report.schema.json").read_text("utf-8"))
MAN = Patient(54, "male", "hint")


def read_page(ecg: Ecg, name: str, notes: tuple[Note, ...] = ()) -> Digitization:
    """A page of which ``ecg`` was read, without the pixels."""
    sheet = load_layouts()[name]
    panels = [
        Panel(lead, row, k, (62.5 * k, 62.5 * k + 25 * sheet.column_s), 30.0 * row, k * sheet.column_s)
        for row, leads in enumerate(sheet.rows)
        for k, lead in enumerate(leads)
    ]
    panels += [
        Panel(lead, len(sheet.rows) + k, 0, (0.0, 250.0), 120.0, 0.0, strip=True) for k, lead in enumerate(sheet.strips)
    ]
    rgb = np.full((30, 40, 3), 255, np.uint8)
    nodes = np.zeros((2, 2, 2))
    return Digitization(
        ecg=ecg,
        photo=Photo(rgb, "ab" * 32),
        lattice=Lattice(nodes, np.ones((2, 2), bool), 5.0, 0.1, 0.9, "grid 5 mm"),
        sheet=Sheet(rgb, (10.0, 10.0), np.ones((30, 40), bool), 8.0),
        layout=Layout(name, tuple(panels), "labels", 0.97),
        calibration=Calibration(25.0, 10.0, "assumed", "pulse"),
        curves=(),
        words=(),
        patient=Patient(61, "female", "printed"),
        quality=dict.fromkeys(LEADS, 0.9),
        notes=notes,
    )


def paper_report(kind: HeartKind = "inferior_stemi", name: str = "3x4+1", notes: tuple[Note, ...] = ()) -> Report:
    ecg = show_on_sheet(simulate(kind, seed=1, noise_mv=0.01).ecg, name, edge_s=0.017)
    return analyze(ecg, MAN, page=read_page(ecg, name, notes))


def validate(document: dict[str, Any]) -> None:
    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(json.dumps(document, allow_nan=False)))


def test_schema_is_itself_valid() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("kind", ["normal", "anterior_stemi", "inferior_stemi", "lbbb", "afib"])
def test_reports_follow_the_schema(kind: HeartKind) -> None:
    validate(to_json(paper_report(kind)))
    validate(to_json(analyze(simulate(kind).ecg)))


def test_an_empty_ecg_gives_nulls_and_never_zeros() -> None:
    document = to_json(analyze(Ecg(np.full((5000, 12), np.nan), 500.0)))
    validate(document)
    m = document["measurements"]
    counts = ("beats", "ectopic_beats", "early_beats", "spikes")
    assert all(m[key] is None for key in m if key not in (*counts, "st", "amplitudes"))
    assert m["amplitudes"] == [] and not any(m[key] for key in counts)
    assert all(level["j_mv"] is None for level in m["st"])
    assert {finding["verdict"] for finding in document["findings"]} <= {"undetermined", "not_met"}
    assert document["findings"][0]["code"] == "stemi.udmi4"
    assert document["status"] == "partial"
    assert {"no_beats", "leads_missing"} <= {note["code"] for note in document["notes"]}


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_whatever_is_lost_the_report_stands(data: st.DataObject) -> None:
    signal = simulate("normal", seed=1, noise_mv=0.02).ecg.signal_mv.copy()
    for _ in range(data.draw(st.integers(0, 12))):
        k, a, n = data.draw(st.tuples(st.integers(0, 11), st.integers(0, 4999), st.integers(1, 5000)))
        signal[a : a + n, k] = np.nan
    for k in data.draw(st.sets(st.integers(0, 11))):
        signal[:, k] = data.draw(st.sampled_from([np.nan, 0.0, 3.0]))
    report = analyze(Ecg(signal, 500.0), MAN)
    validate(to_json(report))
    assert to_text(report) and to_html(report)


def test_digital_records_have_no_page() -> None:
    document = to_json(analyze(simulate("normal").ecg, MAN))
    assert document["input"] is document["layout"] is document["calibration"] is None
    assert document["quality"] == {"overall": None, "leads": {}}
    assert document["patient"] == {"age_y": 54, "sex": "male", "source": "hint"}
    assert document["status"] == "ok"


def test_a_page_is_described_with_its_sources() -> None:
    document = to_json(paper_report())
    assert document["input"] == {"sha256": "ab" * 32, "page": 1, "size_px": [40, 30]}
    assert document["layout"] == {"name": "3x4+1", "source": "labels", "confidence": 0.97}
    source = {"mm_per_s": "assumed", "mm_per_mv": "pulse", "chest_mm_per_mv": "pulse"}
    assert document["calibration"] == {"mm_per_s": 25, "mm_per_mv": 10, "chest_mm_per_mv": 10, "source": source}
    assert document["quality"]["leads"]["V1"] == 0.9


def test_a_gain_of_the_chest_leads_is_told() -> None:
    report = replace(paper_report(), calibration=Calibration(25.0, 10.0, "printed", "pulse", 5.0, "printed"))
    document = to_json(report)
    validate(document)
    assert (document["calibration"]["mm_per_mv"], document["calibration"]["chest_mm_per_mv"]) == (10, 5)
    assert document["calibration"]["source"]["chest_mm_per_mv"] == "printed"
    assert "10 mm/mV (pulse), chest leads 5 mm/mV (printed)" in to_text(report)


def test_patient_given_wins_over_the_page() -> None:
    ecg = show_on_sheet(simulate("normal").ecg, "3x4")
    page = read_page(ecg, "3x4")
    assert analyze(ecg, page=page).patient == page.patient
    assert analyze(ecg, MAN, page=page).patient == MAN


@pytest.mark.parametrize(
    ("kind", "leads"), [("inferior_stemi", {"II", "III", "aVF"}), ("anterior_stemi", {"V2", "V3"})]
)
def test_infarction_is_found_on_paper_and_in_the_file(kind: HeartKind, leads: set[str]) -> None:
    for report in (paper_report(kind), analyze(simulate(kind, seed=1).ecg, MAN)):
        finding = next(f for f in report.findings if f.code == "stemi.udmi4")
        assert finding.verdict == "met"
        assert finding in report.findings[:3]
        assert leads <= {e.lead for e in finding.evidence}


def test_a_normal_heart_and_a_bundle_branch_block_are_not_called_infarction() -> None:
    normal, lbbb = (
        {f.code: f.verdict for f in paper_report(kind).findings}
        for kind in ("normal", "lbbb")  # type: ignore[arg-type]
    )
    assert normal["stemi.udmi4"] == "not_met"
    assert lbbb["stemi.udmi4"] != "met"
    assert lbbb["conduction.lbbb"] == "met"


def test_text_is_short_and_says_what_matters() -> None:
    text = to_text(paper_report())
    assert len(text.splitlines()) <= 14
    for part in (
        "3x4+1 (from labels)",
        "25 mm/s (assumed)",
        "10 mm/mV (pulse)",
        "MET",
        "bpm",
        "54 y, male",
        DISCLAIMER,
    ):
        assert part in text


class Checker(HTMLParser):
    """Counts open tags and keeps what a document would load."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.loads: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.loads += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in ("meta", "img", "path"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag != "path":
            assert self.open.pop() == tag


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (2400, 1700), (240, 200, 200)).save(out, "PNG")
    return out.getvalue()


def test_html_is_well_formed_and_self_contained() -> None:
    html = to_html(paper_report(notes=(Note("odd", "warning", "<b>&</b>", "look"),)), picture())
    checker = Checker()
    checker.feed(html)
    assert checker.open == []
    assert [load[:23] for load in checker.loads] == ["data:image/jpeg;base64,"]
    assert "&lt;b&gt;&amp;&lt;/b&gt; look" in html
    assert "@import" not in html and "url(" not in html
    assert DISCLAIMER in html
    assert len(html) < 600_000


def test_html_does_not_show_what_was_not_measured() -> None:
    ecg = show_on_sheet(simulate("normal", seed=1).ecg, "3x4")
    ecg.signal_mv[:, LEADS.index("V2")] = np.nan
    html = to_html(analyze(ecg))
    assert "V2 not read" in html
    assert "nan" not in re.sub(r"data:[^\"]*", "", html).lower()
    row = re.search(r"<tr><td>V2</td>(.*?)</tr>", html)
    assert row is not None and row.group(1) == "<td>–</td>" * 5


def test_drawing_leaves_gaps_open() -> None:
    ecg = simulate("normal", seed=1).ecg
    whole = to_html(analyze(ecg)).count("M")
    ecg.signal_mv[200:260, 0] = np.nan
    assert to_html(analyze(ecg)).count("M") == whole + 1


@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs chromium to print")
@pytest.mark.parametrize("name", ["3x4+1", "6x2+1"])
def test_it_prints_on_a_page_the_rules_on_the_next_and_the_classifier_on_the_last(name: str, tmp_path: Path) -> None:
    pdfium = pytest.importorskip("pypdfium2")
    notes = tuple(
        Note("n", "warning", "Lead V4 could not be followed between 8.1 and 8.6 s.", "Look.") for _ in range(20)
    )
    page, out = tmp_path / "report.html", tmp_path / "report.pdf"
    page.write_text(to_html(paper_report("anterior_stemi", name, notes), picture()), "utf-8")
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    command += [f"--user-data-dir={tmp_path}", "--no-pdf-header-footer", f"--print-to-pdf={out}", page.as_uri()]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    pdf = pdfium.PdfDocument(out)
    assert len(pdf) == 3
    assert "Every rule" in pdf[1].get_textpage().get_text_bounded()
    assert pdf[0].get_size() == pytest.approx((841.9, 595.3), abs=1)
    pdf.close()


def test_the_report_says_what_the_classifier_says_and_why() -> None:
    ecg = simulate("anterior_stemi", seed=2, noise_mv=0.01).ecg
    report = replace(analyze(ecg, MAN), explanation=explain(ecg, "MI"))
    document = to_json(report)
    validate(document)
    assert report.opinion is not None
    assert document["classifier"]["model"] == document["software"]["weights"]["diagnosis"][:12]
    assert document["classifier"]["explanation"]["code"] == "MI"
    assert "spoke      for (+) and against (-) MI" in to_text(report)
    html = to_html(report)
    assert "What spoke for MI" in html and html.count('<div class="beats"') >= 1
    assert all(label.name in html for label in report.opinion.labels)


def test_no_beat_of_an_explanation_is_cut_off_and_all_have_one_scale() -> None:
    ecg = simulate("lbbb", seed=1, noise_mv=0.01).ecg
    report = analyze(replace(ecg, signal_mv=3 * ecg.signal_mv), MAN)
    drawn = show_explanation(Explanation("CD", 0.0, 0.0, (Part("V1", "QRS", 0.1, 0.0),)), report.homes)
    heights = {float(height) for height in re.findall(r'viewBox="0 0 [\d.]+ ([\d.]+)"', drawn)}
    y_mm = [float(pair.split(",")[1]) for line in re.findall(r'points="([^"]+)"', drawn) for pair in line.split()]
    assert drawn.count("<svg") == len(LEADS) and len(heights) == 1
    assert min(y_mm) > 0 and max(y_mm) < heights.pop() <= 32.001


def test_what_is_called_is_set_off_and_nothing_is_certain() -> None:
    report = analyze(simulate("normal", seed=1, noise_mv=0.01).ecg, MAN)
    assert report.opinion is not None
    shown = show_opinion(report.opinion)
    assert shown.count('class="called"') == sum(label.positive for label in report.opinion.labels)
    assert ">0%" not in shown and ">100%" not in shown
    assert all(f"{label.auc:.2f}" in shown for label in report.opinion.labels)
