"""``paperbeat analyze``, ``render`` and ``bench``: from signal files to reports, pages and figures."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from api import cli
from digitize import evaluate
from digitize.evaluate import Bench, BenchRow, summarize
from digitize.formats import read_ecg, write_ecg
from digitize.load import load
from digitize.record import Ecg
from digitize.synth.effects import photograph
from digitize.synth.heart import simulate
from digitize.synth.render import render
from digitize.synth.truth import page_truth


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("record") / "record.csv"
    write_ecg(simulate("inferior_stemi", heart_rate_bpm=70, seed=3).ecg, path)
    return path


def test_analyze_prints_a_summary(record: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["analyze", str(record), "--age", "60", "--sex", "female"]) == 0
    said = capsys.readouterr()
    assert re.search(r"\b(69|70|71) bpm", said.out)
    assert said.err == ""


def test_analyze_prints_and_writes_the_same_json(
    record: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "results"
    assert cli.run(["analyze", str(record), "--json", "-o", str(out)]) == 0
    printed = capsys.readouterr().out
    assert (out / "report.json").read_text(encoding="utf-8") == printed
    assert json.loads(printed)["patient"] == {"age_y": None, "sex": None, "source": "unknown"}
    assert (out / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert sorted(path.name for path in out.iterdir()) == ["report.html", "report.json"]


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("nowhere.csv", None, 2),
        ("empty.csv", b"", 2),
        ("damaged.dcm", b"no such thing", 2),
        ("damaged.hea", b"record 12 500\n", 2),
        ("song.mp3", b"la la", 1),
    ],
)
def test_analyze_refuses_what_is_no_ecg(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, content: bytes | None, code: int
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    assert cli.run(["analyze", str(path), "-o", str(tmp_path / "out")]) == code
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("error[") and "hint: " in said.err and "internal" not in said.err
    assert not (tmp_path / "out").exists()


def test_render_writes_the_page_and_its_truth(record: Path, tmp_path: Path) -> None:
    page = tmp_path / "deep" / "page.png"
    call = ["render", str(record), "-o", str(page), "--layout", "6x2", "--gain", "5", "--dpi", "80"]
    assert cli.run(call) == 0
    about = json.loads(page.with_suffix(".json").read_text())
    assert about["layout"] == "6x2"
    assert about["calibration"] == {"mm_per_s": 25.0, "mm_per_mv": 5.0, "chest_mm_per_mv": 5.0}
    assert [panel["lead"] for panel in about["panels"]][:3] == ["I", "V1", "II"]
    with Image.open(page) as picture:
        assert list(picture.size) == about["size_px"]
    truth, whole = read_ecg(page.with_suffix(".csv")), read_ecg(record)
    printed = np.isfinite(truth.lead("V1"))
    assert 0.4 < printed.mean() < 0.6
    assert np.allclose(truth.lead("V1")[printed], whole.lead("V1")[printed], atol=1e-3)
    first = page.read_bytes()
    assert cli.run(call) == 0
    assert page.read_bytes() == first


def test_places_of_the_traces_are_those_in_the_photo(record: Path) -> None:
    page = render(read_ecg(record), dpi=100)
    photo = photograph(page, strength=0.3, seed=5, size_px=(1200, 900))
    about = json.loads(json.dumps(page_truth(page, photo), allow_nan=False))
    picture = photo.rgb.mean(axis=2)
    drawn = [point for panel in about["panels"] for point in panel["trace_px"] if point is not None]
    points = np.array(drawn).round().astype(int)
    on_trace = picture[points[:, 1], points[:, 0]].mean()
    beside = picture[points[:, 1] + 12, points[:, 0] + 12].mean()
    assert on_trace < beside - 20


@pytest.mark.parametrize("ending", [".pdf", ".jpg"])
def test_render_writes_a_wfdb_record_in_other_endings(record: Path, tmp_path: Path, ending: str) -> None:
    write_ecg(read_ecg(record), tmp_path / "record.hea")
    one, again = tmp_path / f"one{ending}", tmp_path / f"again{ending}"
    for page in (one, again):
        assert cli.run(["render", str(tmp_path / "record.hea"), "-o", str(page), "--dpi", "100"]) == 0
    assert one.read_bytes() == again.read_bytes()
    assert one.with_suffix(".csv").read_bytes() == again.with_suffix(".csv").read_bytes()
    seen = load(one).rgb
    drawn = render(read_ecg(record), dpi=100).rgb
    assert seen.shape[1] / seen.shape[0] == pytest.approx(drawn.shape[1] / drawn.shape[0], rel=2e-3)
    assert seen.mean() == pytest.approx(drawn.mean(), abs=2)


def test_render_prints_a_simulated_heart(tmp_path: Path) -> None:
    def draw(seed: int) -> bytes:
        page = tmp_path / f"{seed}.png"
        assert cli.run(["render", "--heart", "lbbb", "-o", str(page), "--dpi", "60", "--seed", str(seed)]) == 0
        return page.with_suffix(".csv").read_bytes()

    assert draw(1) == draw(1) != draw(2)


def test_render_leaves_all_files_or_none(
    record: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.png"
    page.write_bytes(b"old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    assert cli.run(["render", str(record), "-o", str(page), "--dpi", "60"]) == 1
    assert "No space left" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["page.png"]
    assert page.read_bytes() == b"old"


@pytest.mark.parametrize(
    "options", [["-o", "page.gif"], ["-o", "page.png", "--layout", "2x6"], ["-o", "page.png", "--heart", "lbbb"]]
)
def test_render_refuses_what_does_not_fit(
    record: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.run(["render", str(record), *options]) == 1
    assert capsys.readouterr().err.startswith("error[usage]: ")
    assert list(tmp_path.iterdir()) == []


def test_render_refuses_a_record_that_is_too_short(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_ecg(Ecg(np.zeros((500, 12)), 500.0), tmp_path / "short.csv")
    assert cli.run(["render", str(tmp_path / "short.csv"), "-o", str(tmp_path / "page.png")]) == 1
    assert "1 s" in capsys.readouterr().err


def test_bench_prints_a_table_and_writes_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = (BenchRow("00001", None, "no_ecg_found", 1.5, 2.5, 300.0),)

    def bench_fake(folder: Path, **options: object) -> Bench:
        return Bench(rows, summarize(rows))

    monkeypatch.setattr(evaluate, "bench_photos", bench_fake)
    Image.new("RGB", (8, 8)).save(tmp_path / "00001.png")
    (tmp_path / "00001.csv").write_text("time_s,I\n")
    figures = tmp_path / "figures.json"
    assert cli.run(["bench", "photos", str(tmp_path), "--json", str(figures)]) == 0
    assert "no_ecg_found" in capsys.readouterr().out
    assert json.loads(figures.read_text())["summary"]["pages_refused"] == 1


def test_bench_of_nothing_is_a_wrong_call(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["bench", "photos", str(tmp_path)]) == 1
    assert cli.run(["bench", "songs", str(tmp_path)]) == 1
    assert capsys.readouterr().err.count("error[usage]") == 2


def test_st_levels_of_truth_and_page_are_comparable() -> None:
    from api.stlevels import st_j_by_lead

    levels = st_j_by_lead(simulate("inferior_stemi", heart_rate_bpm=70, seed=3).ecg)
    assert levels["III"] > 0.1
    assert levels["aVL"] < 0


def test_bench_knows_its_tracers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "00001.png")
    (tmp_path / "00001.csv").write_text("time_s,I\n")
    assert cli.run(["bench", "photos", str(tmp_path), "--tracer", "crystal-ball"]) == 1
    assert "network and classical" in capsys.readouterr().err
