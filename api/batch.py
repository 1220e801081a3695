"""Archives: many pages through worker processes, so that one bad page never costs the others, and a run can resume."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from api.folder import CannotWrite, check_writable, clear_leftovers
from api.manifest import Entry, append_entry, load_entries, write_summary
from api.reading import Reading, read_to_folder
from digitize.errors import PaperbeatError, UsageError
from digitize.record import Hints
from digitize.workers import Worker

PAGE_ENDINGS = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp", ".bmp", ".heic", ".heif", ".pdf", ".dcm")
PAGE_TIMEOUT_S = 180.0
MANIFEST, SUMMARY = "manifest.jsonl", "summary.csv"

ReadPage = Callable[[Path, Path, Hints], Reading]


@dataclass(frozen=True)
class Job:
    """A page to read: the file, its name in the manifest, and its results folder relative to the output."""

    source: Path
    name: str
    output: str


def find_pages(inputs: Sequence[Path], out: Path) -> tuple[Job, ...]:
    """Pages among files and folders, searched to the bottom, in a fixed order.

    Hidden files, results of earlier runs (``*.ecg``) and the output folder itself are passed over. A file that is named
    outright is taken whatever its ending.

    Raises
    ------
    UsageError
        When an input does not exist, nothing was found, or two pages would write to the same folder.
    """
    found: dict[str, Path] = {}
    for given in inputs:
        if not given.exists():
            raise UsageError("One of the inputs does not exist.", "Check the paths: give picture files or folders.")
        root = given if given.is_dir() else given.parent
        for source in sorted(_walk(given, out.resolve())) if given.is_dir() else [given]:
            name = source.relative_to(root).as_posix()
            if len(inputs) > 1 and given.is_dir():
                name = f"{given.resolve().name}/{name}"
            if found.setdefault(name, source).resolve() != source.resolve():
                raise UsageError(
                    "Two of the pages have the same name.", "Give their folders one at a time, each its own -o."
                )
    if not found:
        raise UsageError("No page was found there.", f"Known endings are {' '.join(PAGE_ENDINGS)}.")
    stems = Counter(_without_ending(name) for name in found)
    return tuple(
        Job(source, name, (name if stems[_without_ending(name)] > 1 else _without_ending(name)) + ".ecg")
        for name, source in sorted(found.items())
    )


def pages_to_do(jobs: Sequence[Job], out: Path, version: str, retry_failed: bool) -> tuple[Job, ...]:
    """Those without an entry of this version, with other bytes than then, or whose results are gone."""
    entries = load_entries(out / MANIFEST)

    def settled(job: Job) -> bool:
        entry = entries.get(job.name)
        if entry is None or entry.version != version or entry.sha256 != _try_sha256(job.source):
            return False
        if entry.status == "failed":
            return not retry_failed
        return entry.output == job.output and (out / job.output).is_dir()

    return tuple(job for job in jobs if not settled(job))


def run_batch(
    jobs: Sequence[Job], out: Path, version: str, processes: int, read_page: ReadPage = read_to_folder
) -> Iterator[Entry]:
    """Read pages in worker processes; yields each page's entry once it is on the disk.

    Parameters
    ----------
    jobs : sequence of Job
    out : Path
        Gets a results folder for every page and a line in ``manifest.jsonl``.
    version : str
        Written to the manifest.
    processes : int
        How many pages are read at the same time.
    read_page : callable
        Importable; called in the worker with the page, its results folder and the hints.

    Raises
    ------
    CannotWrite
        When the manifest cannot be written; a run without a diary could not resume.
    """
    check_writable(out)
    workers: list[Worker] = []
    mine, closing = threading.local(), threading.Event()

    def read(job: Job) -> Entry:
        if closing.is_set():
            raise CancelledError
        if not hasattr(mine, "worker"):
            mine.worker = Worker()
            workers.append(mine.worker)
        return _read_one(mine.worker, job, out, version, read_page)

    threads = ThreadPoolExecutor(processes)
    try:
        out.mkdir(parents=True, exist_ok=True)
        for done in as_completed([threads.submit(partial(read, job)) for job in jobs]):
            append_entry(out / MANIFEST, done.result())
            yield done.result()
    except OSError as exc:
        raise CannotWrite(f"The manifest cannot be written: {exc.strerror}.") from exc
    finally:
        closing.set()
        threads.shutdown(wait=False, cancel_futures=True)
        for worker in workers:
            worker.stop()
        threads.shutdown()
        for job in jobs:
            clear_leftovers(out / job.output)


def close_batch(jobs: Sequence[Job], out: Path) -> Counter[str]:
    """Write ``summary.csv`` over all pages, read now or before, and count them by status."""
    entries = load_entries(out / MANIFEST)
    of_this_run = [entries[job.name] for job in jobs if job.name in entries]
    write_summary(out / SUMMARY, of_this_run)
    return Counter(entry.status for entry in of_this_run)


def _read_one(worker: Worker, job: Job, out: Path, version: str, read_page: ReadPage) -> Entry:
    began = time.perf_counter()
    sha256, status, code, output = _try_sha256(job.source), "failed", "", ""
    try:
        status = worker.run(read_page, job.source, out / job.output, Hints(), timeout_s=PAGE_TIMEOUT_S).status
        output = job.output
    except PaperbeatError as exc:
        code = exc.code
    return Entry(job.name, sha256, status, code, round(time.perf_counter() - began, 2), version, output)


def _walk(folder: Path, out: Path) -> Iterator[Path]:
    for place, folders, files in os.walk(folder):
        here = Path(place)
        folders[:] = [
            name
            for name in folders
            if not name.startswith(".") and not name.endswith(".ecg") and (here / name).resolve() != out
        ]
        for name in files:
            if Path(name).suffix.lower() in PAGE_ENDINGS and not name.startswith("."):
                yield here / name


def _without_ending(name: str) -> str:
    return str(Path(name).with_suffix("").as_posix())


def _try_sha256(path: Path) -> str:
    """Checksum of a file; empty when it cannot be opened, which the reader will tell in its own words."""
    try:
        with path.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest()
    except OSError:
        return ""
