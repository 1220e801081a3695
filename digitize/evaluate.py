"""Read a folder of pages whose truth is known, and tell how well, how fast and in how much memory.

Beside each picture ``PAGE.jpg`` lies ``PAGE.csv``, the samples that were printed (500 Hz, mV, blank where not printed).
Each page is read in a fresh process, so that its memory is its own and a crash costs one row. The measure is that of
:mod:`digitize.score`. A refused page has no dB: it is counted, and a second median takes it as 0 dB.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from digitize.benchtable import bench_json, bench_table
from digitize.errors import PaperbeatError, UsageError
from digitize.score import WRONG_DB, PageScore, StJ, score_page

if TYPE_CHECKING:
    from digitize.stages import Digitization

__all__ = ["Bench", "BenchRow", "PageScore", "bench_json", "bench_photos", "bench_table", "score_page"]

PICTURE_ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".heic", ".pdf")
TIMEOUT_S = 300.0

Reader = Callable[[Path], "Digitization"]


@dataclass(frozen=True)
class BenchRow:
    """One page of the bench.

    Attributes
    ----------
    page : str
        Name of the file, without its ending.
    score : PageScore or None
        None when the page was refused.
    code : str
        Code of the error that refused it (``crashed`` and ``timeout`` for a process that did not answer), else empty.
    seconds : float
        For the read alone, modules loaded; NaN when the process did not answer.
    cold_s : float
        From starting the process to the end of the read: interpreter, imports and read, as one call of the command line
        takes before it writes.
    peak_mb : float
        The most memory that the process held, in megabytes of 10^6 bytes.
    layout : str
        As it was read.
    status : str
        ``ok`` or ``partial``; empty when it was refused.
    """

    page: str
    score: PageScore | None
    code: str
    seconds: float
    cold_s: float
    peak_mb: float
    layout: str = ""
    status: str = ""


@dataclass(frozen=True)
class Bench:
    """Rows in the order of the pages' names, and what they come to (see :func:`summarize`)."""

    rows: tuple[BenchRow, ...]
    summary: dict[str, float | int | dict[str, int]]


def bench_photos(
    directory: str | Path,
    *,
    read: Reader | None = None,
    st_j_mv: StJ | None = None,
    jobs: int = 1,
    on_row: Callable[[BenchRow], None] | None = None,
    timeout_s: float = TIMEOUT_S,
) -> Bench:
    """Read every picture of a folder that has its truth beside it, and score it.

    Parameters
    ----------
    directory : str or Path
    read : callable, optional
        Path to Digitization, picklable; :func:`digitize.pipeline.digitize` when left out.
    st_j_mv : callable, optional
        Ecg to ST level at J in millivolts by lead, picklable. It measures both truth and reading, so the error is that
        of the whole way from page to finding. Without it there are no ST errors.
    jobs : int
        Pages read at the same time. Seconds are honest with 1.
    on_row : callable, optional
        Told of every row as it comes, from another thread and in any order.
    timeout_s : float
        Patience with one page.

    Returns
    -------
    Bench

    Raises
    ------
    UsageError
        No folder, or no picture in it has a truth.
    """
    pages = find_pages(directory)

    def run(path: Path) -> BenchRow:
        row = _bench_page(path, read, st_j_mv, timeout_s)
        if on_row is not None:
            on_row(row)
        return row

    with ThreadPoolExecutor(max(1, jobs)) as threads:
        rows = tuple(threads.map(run, pages))
    return Bench(rows, summarize(rows))


def find_pages(directory: str | Path) -> list[Path]:
    """Pictures of a folder that have their truth beside them, by name; UsageError as :func:`bench_photos`."""
    folder = Path(directory)
    if not folder.is_dir():
        raise UsageError("There is no such folder.", "Name a folder of pictures with their truth as CSV beside them.")
    pages = [path for path in sorted(folder.iterdir()) if path.suffix.lower() in PICTURE_ENDINGS]
    pages = [path for path in pages if path.with_suffix(".csv").is_file()]
    if not pages:
        raise UsageError(
            "No picture in this folder has its truth beside it.", "Beside PAGE.jpg there must be PAGE.csv."
        )
    return pages


def summarize(rows: Sequence[BenchRow]) -> dict[str, float | int | dict[str, int]]:
    """What the rows come to.

    SNR, correlation, RMSE and ST errors are over the pages that were read; NaN where there are none. ST errors are
    absolute, over all leads of all pages together. Seconds are over the pages whose process answered. Wrong as ok are
    pages read with less than :data:`~digitize.score.WRONG_DB` that call themselves ok.
    """
    scores = [row.score for row in rows if row.score is not None]
    refused: dict[str, int] = {}
    for row in rows:
        if row.score is None:
            refused[row.code] = refused.get(row.code, 0) + 1
    snr_db = [score.snr_db for score in scores]
    st_uv = [abs(error) for score in scores for error in score.st_j_error_uv.values()]
    return {
        "pages": len(rows),
        "pages_read": len(scores),
        "pages_refused": len(rows) - len(scores),
        "refused_by_code": dict(sorted(refused.items())),
        "pages_wrong_as_ok": sum(
            row.score is not None and row.status == "ok" and row.score.snr_db < WRONG_DB for row in rows
        ),
        "pages_all_leads_named": sum(score.leads_named == score.leads_true for score in scores),
        "snr_db_median": _of(np.nanmedian, snr_db),
        "snr_db_mean": _of(np.nanmean, snr_db),
        "snr_db_worst": _of(np.nanmin, snr_db),
        "snr_db_median_refused_as_0": _of(np.nanmedian, [*snr_db, *[0.0] * (len(rows) - len(scores))]),
        "pcc_median": _of(np.nanmedian, [score.pcc for score in scores]),
        "rmse_mv_median": _of(np.nanmedian, [score.rmse_mv for score in scores]),
        "st_j_error_uv_median": _of(np.nanmedian, st_uv),
        "st_j_error_uv_p95": _of(lambda values: np.nanpercentile(values, 95), st_uv),
        "seconds_median": _of(np.nanmedian, [row.seconds for row in rows]),
        "seconds_worst": _of(np.nanmax, [row.seconds for row in rows]),
        "cold_s_median": _of(np.nanmedian, [row.cold_s for row in rows]),
        "peak_mb_worst": _of(np.nanmax, [row.peak_mb for row in rows]),
    }


def _of(statistic: Callable[[Any], Any], values: Sequence[float]) -> float:
    known = [value for value in values if value == value]
    return float(statistic(known)) if known else float("nan")


def _bench_page(path: Path, read: Reader | None, st_j_mv: StJ | None, timeout_s: float) -> BenchRow:
    """One page in a process of its own; spawned, so that it begins with nothing loaded."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(theirs, time.time(), path, read, st_j_mv), daemon=True)
    process.start()
    theirs.close()
    try:
        code = "timeout"
        if ours.poll(timeout_s):
            code = "crashed"
            return BenchRow(path.stem, *ours.recv())
    except EOFError:
        pass  # the process ended without an answer
    finally:
        ours.close()
        process.kill()
        process.join()
    return BenchRow(path.stem, None, code, float("nan"), float("nan"), float("nan"))


def _work(answer: Connection, started: float, path: Path, read: Reader | None, st_j_mv: StJ | None) -> None:
    """Read and score one page, and answer all of its row but the name; runs in the page's process."""
    if read is None:
        from digitize.pipeline import digitize

        read = digitize
    began = time.perf_counter()
    try:
        result = read(path)
    except PaperbeatError as error:
        answer.send((None, error.code, time.perf_counter() - began, time.time() - started, peak_mb()))
        return
    cost = time.perf_counter() - began, time.time() - started, peak_mb()
    from digitize.formats import read_ecg

    truth = read_ecg(path.with_suffix(".csv"))
    st_j = (st_j_mv(truth), st_j_mv(result.ecg)) if st_j_mv is not None else (None, None)
    answer.send((score_page(truth, result.ecg, *st_j), "", *cost, result.layout.name, result.status))


def peak_mb() -> float:
    """The most memory that this process has held so far, in megabytes of 10^6 bytes; NaN where it cannot be told.

    From /proc where there is one: the kernel hands a parent's ``ru_maxrss`` down to the processes that it starts.
    """
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / 1e6
    if os.name != "posix":
        return float("nan")
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if os.uname().sysname == "Darwin" else 1024) / 1e6
