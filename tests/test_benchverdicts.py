"""Paper against file: equal where nothing was misread, and each difference counted, named and shown."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from analyze import benchverdicts
from analyze.benchtable import verdict_figures, verdict_lines
from analyze.benchverdicts import VerdictBench, bench_verdicts, compare_verdicts
from api import cli
from digitize.errors import NoEcgFound
from digitize.formats import write_ecg
from digitize.record import LEADS, Ecg, Patient
from digitize.synth.heart import simulate

MAN = Patient(54, "male", "printed")
SURE = dict.fromkeys(LEADS, 1.0)
TRUTH = simulate("anterior_stemi", seed=2, noise_mv=0.005).ecg


def with_v2_v3_lowered() -> Ecg:
    signal = TRUTH.signal_mv.copy()
    signal[:, 6:9] = simulate("normal", seed=2, noise_mv=0.005).ecg.signal_mv[:, 6:9]
    signal[:, 9] = np.nan
    return Ecg(signal, TRUTH.fs_hz)


def test_the_same_signal_differs_only_where_paper_cannot_tell() -> None:
    same = compare_verdicts("a", TRUTH, SURE, TRUTH, MAN)
    assert all(d.paper.verdict == "undetermined" for d in same.differences)
    assert same.rhythm == ()
    assert set(same.st_error_mv or {}) == set(LEADS)
    assert all(e == 0 for e in (same.st_error_mv or {}).values())
    assert VerdictBench((same,)).st_share == 1.0


def test_a_misread_page_is_counted_and_shown() -> None:
    bench = VerdictBench((compare_verdicts("b", with_v2_v3_lowered(), SURE, TRUTH, MAN),))
    shown = {d.file.code: d for d in bench.differences}["stemi.udmi4"]
    assert shown.file.verdict == "met" and shown.paper.verdict != "met"
    errors = bench.pages[0].st_error_mv or {}
    assert errors["V4"] is None and errors["II"] == pytest.approx(0.0, abs=0.02)
    assert (errors["V2"] or 0.0) < -0.05
    assert bench.st_share is not None and bench.st_share <= 9 / 12
    assert bench.equal_share == 1 - len(bench.differences) / bench.asked
    assert any("stemi.udmi4" in line and f"b {shown.paper.verdict}/met" in line for line in verdict_lines(bench))
    json.dumps(verdict_figures(bench), allow_nan=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a", "b"):
        (tmp_path / f"{name}.jpg").write_bytes(b"a picture")
        write_ecg(TRUTH, tmp_path / f"{name}.csv")
    return tmp_path


def read_fake(path: Path) -> Any:
    if path.stem == "b":
        raise NoEcgFound("It is none.")
    return SimpleNamespace(ecg=TRUTH, quality=SURE, patient=MAN)


def test_refused_pages_are_named_and_not_counted(folder: Path) -> None:
    said: list[str] = []
    bench = bench_verdicts(folder, read_fake, said.append)
    assert [page.code for page in bench.pages] == ["", NoEcgFound.code]
    assert bench.asked == len(bench.pages[0].verdicts) > 0
    assert len(said) == 2 and "refused b" in " ".join(verdict_lines(bench))


def test_nothing_read_has_figures_too(folder: Path) -> None:
    (folder / "a.jpg").unlink()
    bench = bench_verdicts(folder, read_fake)
    figures = verdict_figures(bench)
    assert figures["equal_share"] is None and figures["st_within_50_uv_share"] is None
    assert verdict_lines(bench)[0] == "Paper against file, 1 pages, 1 refused"


def test_the_command_writes_its_figures(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("digitize.pipeline.digitize", lambda path, tracer: read_fake(path))
    assert cli.run(["bench", "verdicts", str(folder), "--json", str(folder / "out.json")]) == 0
    assert "verdicts equal" in capsys.readouterr().out
    assert json.loads((folder / "out.json").read_text())["refused"] == {"b": NoEcgFound.code}


@pytest.mark.parametrize("command", ["verdicts", "ludb", "ptbxl", "mitbih"])
def test_a_place_that_cannot_be_written_is_refused_before_the_work(
    command: str, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(benchverdicts, "measure", lambda *_: pytest.fail("worked first"))
    assert cli.run(["bench", command, str(folder), "--json", str(folder / "a.jpg" / "out.json")]) == 1
    assert "cannot be written" in capsys.readouterr().err
