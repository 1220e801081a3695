"""Archives: every page accounted for, whatever becomes of its neighbours or of the run."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from api import batch, cli
from api.folder import whole_folder
from api.manifest import Entry, append_entry, load_entries
from api.reading import Reading
from digitize.errors import NoEcgFound, PaperbeatError, UsageError
from digitize.record import Hints
from digitize.workers import TaskFailed, TookTooLong, Worker, WorkerLost


def read_fake(source: Path, out: Path, hints: Hints) -> Reading:
    """Stands in for the pipeline, in a worker process; the page says what becomes of it."""
    fate = source.read_text()
    if fate == "no ecg":
        raise NoEcgFound("No ECG was found.")
    if fate == "defect":
        raise ValueError("Jane Doe, 1951")
    with whole_folder(out) as building:
        (building / "report.json").write_text("{}")
        if fate == "crash":
            os._exit(9)
        if fate == "endless":
            time.sleep(600)
    return Reading({"status": "partial" if fate == "partial" else "ok"}, "")


def write_pages(folder: Path, **fates: str) -> None:
    for stem, fate in fates.items():
        path = folder / f"{stem.replace('__', '/')}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(fate)


def run(folder: Path, out: Path, version: str = "1", retry: bool = False) -> dict[str, str]:
    """Read what is to be done; gives the code, or else the status, of each page read now."""
    jobs = batch.find_pages([folder], out)
    todo = batch.pages_to_do(jobs, out, version, retry)
    return {entry.path: entry.code or entry.status for entry in batch.run_batch(todo, out, version, 2, read_fake)}


def test_one_page_fails_alone(tmp_path: Path) -> None:
    archive, out = tmp_path / "archive", tmp_path / "out"
    write_pages(archive, a="ok", b="crash", c__d="partial", e="no ecg", f="defect", h="ok")
    assert run(archive, out) == {
        "a.png": "ok",
        "b.png": "worker_lost",
        "c/d.png": "partial",
        "e.png": "no_ecg_found",
        "f.png": "internal",
        "h.png": "ok",
    }
    made = sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file())
    assert made == ["a.ecg/report.json", "c/d.ecg/report.json", "h.ecg/report.json", "manifest.jsonl"]
    assert not list(out.rglob("*.building"))
    assert "Doe" not in (out / "manifest.jsonl").read_text()


def test_a_second_run_goes_on_where_the_first_stopped(tmp_path: Path) -> None:
    archive, out = tmp_path / "archive", tmp_path / "out"
    write_pages(archive, a="ok", b="no ecg")
    assert run(archive, out) == {"a.png": "ok", "b.png": "no_ecg_found"}
    assert run(archive, out) == {}
    assert run(archive, out, retry=True) == {"b.png": "no_ecg_found"}
    write_pages(archive, a="another picture", c="ok")
    assert run(archive, out) == {"a.png": "ok", "c.png": "ok"}
    (out / "c.ecg" / "report.json").unlink()
    (out / "c.ecg").rmdir()
    assert run(archive, out) == {"c.png": "ok"}
    assert run(archive, out, version="2") == {"a.png": "ok", "b.png": "no_ecg_found", "c.png": "ok"}


def test_a_truncated_manifest_costs_one_page_only(tmp_path: Path) -> None:
    archive, out = tmp_path / "archive", tmp_path / "out"
    write_pages(archive, a="ok", b="ok")
    run(archive, out)
    manifest = out / "manifest.jsonl"
    manifest.write_bytes(manifest.read_bytes()[:-20])
    again = run(archive, out)
    assert len(again) == 1
    assert set(load_entries(manifest)) == {"a.png", "b.png"}
    assert run(archive, out) == {}


def test_manifest_passes_over_what_it_does_not_know(tmp_path: Path) -> None:
    manifest = tmp_path / "manifest.jsonl"
    manifest.write_bytes(b'\xff\xfe\n[]\n{"path": "x"}\n{"path":')
    entry = Entry("ö.png", "00", "ok", "", 1.5, "1", "ö.ecg")
    append_entry(manifest, entry)
    assert load_entries(manifest) == {"ö.png": entry}


def test_results_and_hidden_files_are_no_pages(tmp_path: Path) -> None:
    write_pages(tmp_path, a="ok", out__b="ok", **{".hidden": "ok", "old.ecg__overlay": "ok", ".cache__c": "ok"})
    (tmp_path / "notes.txt").write_text("no page")
    (tmp_path / "B.JPG").write_text("ok")
    jobs = batch.find_pages([tmp_path], tmp_path / "out")
    assert [(job.name, job.output) for job in jobs] == [("B.JPG", "B.ecg"), ("a.png", "a.ecg")]


def test_pages_of_one_stem_keep_apart(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("ok")
    (tmp_path / "a.jpg").write_text("ok")
    jobs = batch.find_pages([tmp_path], tmp_path / "out")
    assert [job.output for job in jobs] == ["a.jpg.ecg", "a.png.ecg"]


def test_folders_keep_apart(tmp_path: Path) -> None:
    write_pages(tmp_path, x__a="ok", y__a="ok", z__x__a="ok")
    jobs = batch.find_pages([tmp_path / "x", tmp_path / "y"], tmp_path / "out")
    assert [job.output for job in jobs] == ["x/a.ecg", "y/a.ecg"]
    with pytest.raises(UsageError):
        batch.find_pages([tmp_path / "x", tmp_path / "z" / "x"], tmp_path / "out")


def test_nothing_found_is_a_wrong_call(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        batch.find_pages([tmp_path], tmp_path / "out")


def test_command_counts_and_summarises(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run_fake(jobs: tuple[batch.Job, ...], out: Path, version: str, processes: int) -> list[Entry]:
        out.mkdir()
        for job in jobs:
            failed = job.name == "b.png"
            entry = Entry(job.name, "00", "failed" if failed else "ok", "too_blurred" if failed else "", 1, version, "")
            append_entry(out / "manifest.jsonl", entry)
        return list(load_entries(out / "manifest.jsonl").values())

    monkeypatch.setattr(batch, "run_batch", run_fake)
    write_pages(tmp_path / "archive", a="ok", b="blurred")
    out = tmp_path / "out"
    assert cli.run(["batch", str(tmp_path / "archive"), "-o", str(out)]) == 4
    said = capsys.readouterr()
    assert said.out.startswith("2 pages: 1 ok, 0 partial, 1 failed, 0 of them before; see ")
    assert "b.png: too_blurred" in said.err
    with (out / "summary.csv").open(newline="") as table:
        assert [(row["path"], row["code"]) for row in csv.DictReader(table)] == [
            ("a.png", ""),
            ("b.png", "too_blurred"),
        ]


def test_ctrl_c_says_how_to_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run_fake(*_: object) -> list[Entry]:
        raise KeyboardInterrupt

    monkeypatch.setattr(batch, "run_batch", run_fake)
    write_pages(tmp_path, a="ok")
    assert cli.run(["batch", str(tmp_path), "-o", str(tmp_path / "out")]) == 130
    assert "stopped with 1 of 1 pages left; run the same command again to go on" in capsys.readouterr().err


def test_a_file_that_is_gone_fails_alone(tmp_path: Path) -> None:
    archive, out = tmp_path / "archive", tmp_path / "out"
    write_pages(archive, a="ok")
    (archive / "b.png").symlink_to(tmp_path / "nowhere")
    assert run(archive, out) == {"a.png": "ok", "b.png": "internal"}  # the real reader says unreadable_file
    assert run(archive, out) == {}


def test_ctrl_c_ends_the_whole_group(tmp_path: Path) -> None:
    archive, out = tmp_path / "archive", tmp_path / "out"
    write_pages(archive, a="ok", b="endless", c="endless")
    script = (
        "import functools, sys\n"
        f"sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "import test_batch\n"
        "from api import batch, cli\n"
        "batch.run_batch = functools.partial(batch.run_batch, read_page=test_batch.read_fake)\n"
        "sys.exit(cli.run(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", script, "batch", str(archive), "-o", str(out), "--jobs", "2"]
    running = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    while not load_entries(out / "manifest.jsonl") or not list(out.glob(".c.ecg.*")):
        assert running.poll() is None
        time.sleep(0.05)
    os.killpg(running.pid, signal.SIGINT)
    _, said = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "stopped with 2 of 3 pages left; run the same command again to go on" in said
    assert not list(out.rglob("*.building"))
    assert set(load_entries(out / "manifest.jsonl")) == {"a.png"}


def test_leaving_early_stops_the_workers(tmp_path: Path) -> None:
    archive, out = tmp_path / "archive", tmp_path / "out"
    write_pages(archive, a="ok", b="endless", c="endless")
    pages = batch.run_batch(batch.find_pages([archive], out), out, "1", 2, read_fake)
    assert next(pages).path == "a.png"  # type: ignore[call-overload]
    pages.close()  # type: ignore[attr-defined]
    assert set(load_entries(out / "manifest.jsonl")) == {"a.png"}
    assert not list(out.rglob("*.building"))


def add(a: int, b: int) -> int:
    return a + b


def leave() -> None:
    os._exit(9)


def raise_ours() -> None:
    raise NoEcgFound("No ECG was found.", "Try another picture.")


def raise_other() -> None:
    raise KeyError("Jane Doe")


def test_a_worker_survives_what_happens_in_it() -> None:
    worker = Worker()
    try:
        assert worker.run(add, 1, 2, timeout_s=60) == 3
        with pytest.raises(NoEcgFound) as ours:
            worker.run(raise_ours, timeout_s=60)
        assert ours.value.hint == "Try another picture."
        with pytest.raises(TaskFailed, match=r"KeyError at tests/test_batch\.py:\d+") as other:
            worker.run(raise_other, timeout_s=60)
        assert "Doe" not in other.value.message
        with pytest.raises(WorkerLost):
            worker.run(leave, timeout_s=60)
        assert worker.run(add, 3, 4, timeout_s=60) == 7
        with pytest.raises(TookTooLong):
            worker.run(time.sleep, 600, timeout_s=0.2)
        assert worker.run(add, 5, 6, timeout_s=60) == 11
    finally:
        worker.stop()


def test_every_loss_is_one_of_ours() -> None:
    assert all(issubclass(kind, PaperbeatError) for kind in (TaskFailed, WorkerLost, TookTooLong))
