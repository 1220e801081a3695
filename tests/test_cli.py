"""The command line: exit codes, what goes to stdout and what to stderr, and that nothing half-done is left behind."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from api import cli, folder, reading
from api.reading import FILES, Reading
from digitize.errors import GridNotFound
from digitize.record import Hints

REPORT = {"schema_version": 1, "status": "ok", "measurements": {"heart_rate_bpm": None}}


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "photo.jpg"
    path.write_bytes(b"a picture")
    return path


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """Stands in for the pipeline: notes its calls and writes the files."""
    calls: list[tuple[Any, ...]] = []

    def read_fake(source: Path, out: Path, hints: Hints, page: int = 1) -> Reading:
        calls.append((source, out, hints, page))
        with folder.whole_folder(out) as building:
            for name in FILES:
                (building / name).write_text(name)
        return Reading(REPORT, "Heart rate 72 bpm\n")

    monkeypatch.setattr(reading, "read_to_folder", read_fake)
    return calls


def failing(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def read_fake(*_: object) -> Reading:
        raise error

    monkeypatch.setattr(reading, "read_to_folder", read_fake)


def test_help_imports_nothing_heavy() -> None:
    script = (
        "import sys; from api.cli import run; code = run(['--help']); "
        "heavy = {'numpy', 'scipy', 'cv2', 'PIL', 'wfdb', 'fastapi', 'pydantic', 'uvicorn', 'onnxruntime', 'rich'}; "
        "sys.exit(code or ' '.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "read" in done.stdout and "doctor" in done.stdout


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["--version"]) == 0
    assert capsys.readouterr().out.startswith("paperbeat 0.")


@pytest.mark.parametrize(
    "arguments",
    [
        ["read"],
        ["read", "p.jpg", "--no-such-option"],
        ["read", "p.jpg", "--age", "old"],
        ["read", "p.jpg", "--age", "-3"],
        ["read", "p.jpg", "--age", "nan"],
        ["read", "p.jpg", "--sex", "unsaid"],
        ["read", "p.jpg", "--layout", "4x3"],
        ["read", "p.jpg", "--speed", "0"],
        ["read", "p.jpg", "--gain", "inf"],
        ["read", "p.jpg", "--page", "0"],
        ["digitize", "p.jpg"],
        ["digitize", "p.jpg", "-o", "p.scp"],
        ["batch", "nowhere", "-o", "out"],
        ["no-such-command"],
    ],
)
def test_a_wrong_call_ends_with_1(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(arguments) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("error[usage]: ")
    assert "\nhint: " in said.err


def test_no_command_shows_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run([]) == 1
    assert "Commands:" in capsys.readouterr().err


def test_read_help_names_the_layouts(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["read", "--help"]) == 0
    assert "3x4+1" in capsys.readouterr().out


def test_read_writes_beside_the_page(
    page: Path, reader: list[tuple[Any, ...]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["read", str(page), "--age", "54", "--sex", "male", "--layout", "6x2", "--gain", "5"]) == 0
    said = capsys.readouterr()
    assert said.out == "Heart rate 72 bpm\n"
    assert sorted(path.name for path in page.with_suffix(".ecg").iterdir()) == sorted(FILES)
    hints = reader[0][2]
    assert (hints.layout, hints.gain_mm_per_mv, hints.speed_mm_per_s) == ("6x2", 5.0, None)
    assert (hints.patient.age_y, hints.patient.sex, hints.patient.source) == (54.0, "male", "hint")


def test_read_prints_json_alone_on_stdout(
    page: Path, reader: list[tuple[Any, ...]], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert cli.run(["read", str(page), "--json", "-o", str(tmp_path / "deep" / "results"), "--page", "2"]) == 0
    assert json.loads(capsys.readouterr().out) == REPORT
    assert (tmp_path / "deep" / "results" / "report.json").exists()
    assert reader[0][3] == 2


def test_a_page_that_cannot_be_read_ends_with_2(
    page: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    failing(monkeypatch, GridNotFound("No grid was found."))
    assert cli.run(["read", str(page), "--json"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == f"error[grid_not_found]: No grid was found.\nhint: {GridNotFound.default_hint}\n"
    assert [path.name for path in page.parent.iterdir()] == ["photo.jpg"]


def test_a_defect_is_told_without_its_data(
    page: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    failing(monkeypatch, ValueError("Jane Doe, 1951"))
    assert cli.run(["read", str(page)]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error[internal]: Unexpected ValueError at ")
    assert "Doe" not in said


def test_ctrl_c_ends_with_130(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, KeyboardInterrupt())
    assert cli.run(["read", str(page)]) == 130


def test_an_output_that_is_a_file_is_refused_before_the_work(
    page: Path, reader: list[tuple[Any, ...]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["read", str(page), "-o", str(page)]) == 1
    assert capsys.readouterr().err.startswith("error[cannot_write]: ")
    assert reader == []


def test_a_full_disk_leaves_the_old_result(
    page: Path, reader: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = page.with_suffix(".ecg")
    assert cli.run(["read", str(page)]) == 0
    (out / "report.json").write_text("the old one")

    def write_text(*_: object, **__: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", write_text)
    assert cli.run(["read", str(page)]) == 1
    assert "No space left on device" in capsys.readouterr().err
    assert (out / "report.json").read_text() == "the old one"
    assert sorted(path.name for path in out.iterdir()) == sorted(FILES)


def test_other_files_in_the_output_are_kept(page: Path, reader: list[tuple[Any, ...]], tmp_path: Path) -> None:
    out = tmp_path / "mine"
    out.mkdir()
    (out / "diary.txt").write_text("dear diary")
    assert cli.run(["read", str(page), "-o", str(out)]) == 0
    assert cli.run(["read", str(page), "-o", str(out)]) == 0
    assert sorted(path.name for path in out.iterdir()) == sorted((*FILES, "diary.txt"))
    assert (out / "diary.txt").read_text() == "dear diary"


def test_training_lists_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["train"]) == 0
    assert cli.run(["train", "no-such-network"]) == 1
    assert "error[usage]" in capsys.readouterr().err


def test_training_without_torch_is_a_missing_part(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from api.commands import train

    monkeypatch.setattr(train, "trainable", lambda: {"labels": "digitize.train.labels"})
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert cli.run(["train", "labels"]) == 3
    assert 'pip install "paperbeat[train]"' in capsys.readouterr().err
