"""A read page's folder: complete, consistent, the same every time; the pipeline itself is stood in for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from api.reading import FILES, read_to_folder
from digitize import overlay, pipeline
from digitize.errors import TooBlurred
from digitize.formats import read_ecg
from digitize.record import Hints, Note
from digitize.stages import Curve, Digitization, Lattice, Photo, Sheet
from digitize.synth.heart import simulate
from digitize.synth.render import Page, render


def digitize_fake(source: Path | bytes, hints: Hints, page: int = 1) -> Digitization:
    """The truth of a rendered page, as if it had been read; lead V6 was not followed."""
    drawn: Page = render(simulate("anterior_stemi", heart_rate_bpm=80, seed=2).ecg, dpi=60)
    drawn.ecg.signal_mv[:, drawn.ecg.leads.index("V6")] = np.nan
    data = source if isinstance(source, bytes) else source.read_bytes()
    height, width = drawn.rgb.shape[:2]
    rows, cols = np.mgrid[0:5, 0:7] * 5.0 * drawn.px_per_mm
    lattice = Lattice(np.stack([cols, rows], axis=-1), np.ones((5, 7), bool), 5.0, 0.1, 1.0, "grid 5 mm")
    sheet = Sheet(drawn.rgb, (drawn.px_per_mm,) * 2, np.ones((height, width), bool), drawn.px_per_mm)
    curves = tuple(Curve(t.panel, *t.points_mm.T, np.ones(len(t.points_mm))) for t in drawn.traces)
    return Digitization(
        ecg=drawn.ecg,
        photo=Photo(drawn.rgb, hashlib.sha256(data).hexdigest(), page),
        lattice=lattice,
        sheet=sheet,
        layout=drawn.layout,
        calibration=drawn.calibration,
        curves=curves,
        words=(),
        patient=hints.patient,
        quality={panel.lead: 0.9 for panel in drawn.layout.panels},
        notes=(Note("lead_lost", "warning", "Lead V6 could not be followed."),),
        status="partial",
    )


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(pipeline, "digitize", digitize_fake)
    path = tmp_path / "page.jpg"
    path.write_bytes(b"a page")
    return path


def test_every_file_tells_the_same_story(page: Path, tmp_path: Path) -> None:
    out = tmp_path / "page.ecg"
    reading = read_to_folder(page, out, Hints())
    assert sorted(path.name for path in out.iterdir()) == sorted(FILES)
    assert json.loads((out / "report.json").read_text(encoding="utf-8")) == reading.report
    assert reading.status == reading.report["status"] == "partial"
    assert reading.report["input"]["sha256"] == hashlib.sha256(b"a page").hexdigest()
    csv, wfdb = read_ecg(out / "signal.csv"), read_ecg(out / "signal.hea")
    assert csv.leads == wfdb.leads and csv.signal_mv.shape == (5000, 12)
    assert np.array_equal(np.isnan(csv.signal_mv), np.isnan(wfdb.signal_mv))
    assert np.nanmax(np.abs(csv.signal_mv - wfdb.signal_mv)) < 2e-3
    assert np.isnan(csv.lead("V6")).all()
    assert "Lead V6 could not be followed." in (out / "report.html").read_text(encoding="utf-8")
    assert len(reading.summary.splitlines()) <= 15


def test_blank_where_not_printed(page: Path, tmp_path: Path) -> None:
    read_to_folder(page, tmp_path / "out", Hints())
    lines = (tmp_path / "out" / "signal.csv").read_text().splitlines()
    assert lines[0] == "time_s,I,II,III,aVR,aVL,aVF,V1,V2,V3,V4,V5,V6"
    assert len(lines) == 5001
    first = dict(zip(lines[0].split(","), lines[1].split(","), strict=True))
    assert first["V4"] == first["aVR"] == first["V6"] == ""
    assert float(first["time_s"]) == 0
    assert first["I"] and first["II"]


def test_the_same_page_gives_the_same_bytes(page: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    read_to_folder(page, first, Hints())
    read_to_folder(page.read_bytes(), second, Hints())
    for name in FILES:
        assert (first / name).read_bytes() == (second / name).read_bytes(), name


def test_a_refused_page_leaves_nothing(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def digitize_blurred(*_: object) -> Digitization:
        raise TooBlurred("The lines cannot be told apart.")

    monkeypatch.setattr(pipeline, "digitize", digitize_blurred)
    with pytest.raises(TooBlurred):
        read_to_folder(page, tmp_path / "deep" / "out", Hints())
    assert not (tmp_path / "deep").exists()


@pytest.mark.parametrize("broken", ["overlay", "report"])
def test_a_defect_half_way_leaves_nothing(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    def fail(*_: object, **__: object) -> Callable[..., bytes]:
        raise ZeroDivisionError

    if broken == "overlay":
        monkeypatch.setattr(overlay, "overlay_png", fail)
    else:
        monkeypatch.setattr("analyze.to_html", fail)
    with pytest.raises(ZeroDivisionError):
        read_to_folder(page, tmp_path / "out", Hints())
    assert [path.name for path in tmp_path.iterdir()] == ["page.jpg"]
