"""Draw the pages of the suite, read them, and tell what hurts.

Pages are drawn and read in a few processes of their own, each kept for many pages; one that crashes or hangs costs its
page. The measure is that of :mod:`digitize.score`.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from digitize.errors import PaperbeatError
from digitize.score import WRONG_DB, StJ, score_page
from digitize.synth.suite import BASE, PlannedPage
from digitize.synth.suitepages import DrawnPage, draw_planned
from digitize.workers import TaskFailed, TookTooLong, Worker, WorkerLost

if TYPE_CHECKING:
    from digitize.stages import Digitization

TIMEOUT_S = 120.0
NOT_DRAWN = "not_drawn"

Reader = Callable[[bytes], "Digitization"]
Drawer = Callable[[PlannedPage], DrawnPage]


@dataclass(frozen=True)
class SuiteRow:
    """One page of the suite.

    Attributes
    ----------
    factor, level : str
    index : int
        Which page of its level.
    snr_db : float
        NaN when it was not read.
    st_j_error_uv : tuple of float
        Reading minus truth, where both could be measured.
    code : str
        Of the error that refused it, ``crashed`` or ``timeout`` for a process that did not answer, ``not_drawn`` when
        there was no page to read; empty when it was read.
    status : str
        ``ok`` or ``partial``; empty when it was not read.
    seconds : float
        For the read alone, modules loaded but for the first page of a process.
    """

    factor: str
    level: str
    index: int
    snr_db: float = float("nan")
    st_j_error_uv: tuple[float, ...] = ()
    code: str = ""
    status: str = ""
    seconds: float = float("nan")

    @property
    def wrong_as_ok(self) -> bool:
        """A reading below :data:`~digitize.score.WRONG_DB` that calls itself ok."""
        return self.status == "ok" and self.snr_db < WRONG_DB


@dataclass(frozen=True)
class LevelRow:
    """The pages of one level together.

    Attributes
    ----------
    factor, level : str
    pages, read : int
        Pages drawn, and those of them that were read.
    refused_by_code : dict of str to int
        Pages that were not drawn too.
    snr_db_median, snr_db_worst : float
        Over the pages read; NaN where there are none.
    base_difference_db : float
        Median over the hearts of this page's SNR minus that of the base page of the same heart, a page that was not
        read taken as 0 dB.
    st_j_error_uv_median : float
        Of absolute errors, over all leads of all pages together.
    wrong_as_ok : float
        Share of the pages drawn whose reading is wrong and says ok.
    seconds_median : float
    """

    factor: str
    level: str
    pages: int
    read: int
    refused_by_code: dict[str, int]
    snr_db_median: float
    snr_db_worst: float
    base_difference_db: float
    st_j_error_uv_median: float
    wrong_as_ok: float
    seconds_median: float


@dataclass(frozen=True)
class SuiteBench:
    """Rows in the order of the plan, and the levels, the base first and then from the one that hurts most."""

    rows: tuple[SuiteRow, ...]
    levels: tuple[LevelRow, ...]


def bench_suite(
    pages: Sequence[PlannedPage],
    *,
    read: Reader | None = None,
    draw: Drawer = draw_planned,
    st_j_mv: StJ | None = None,
    jobs: int = 1,
    on_row: Callable[[SuiteRow], None] | None = None,
    timeout_s: float = TIMEOUT_S,
) -> SuiteBench:
    """Draw and read the pages of a plan.

    Parameters
    ----------
    pages : sequence of PlannedPage
    read : callable, optional
        Bytes of a picture to Digitization, importable; :func:`digitize.pipeline.digitize` when left out.
    draw : callable
        Importable.
    st_j_mv : callable, optional
        Ecg to ST level at J in millivolts by lead, importable. Without it there are no ST errors.
    jobs : int
        Pages at the same time. Seconds are honest with 1.
    on_row : callable, optional
        Told of every row as it comes, from another thread and in any order.
    timeout_s : float
        Patience with one page, drawing and reading together.

    Returns
    -------
    SuiteBench
    """
    workers: list[Worker] = []
    mine, closing = threading.local(), threading.Event()

    def run(page: PlannedPage) -> SuiteRow:
        if closing.is_set():
            raise CancelledError
        if not hasattr(mine, "worker"):
            mine.worker = Worker()
            workers.append(mine.worker)
        row = _run_page(mine.worker, page, draw, read, st_j_mv, timeout_s)
        if closing.is_set():  # the worker was ended, the page did not crash
            raise CancelledError
        if on_row is not None:
            on_row(row)
        return row

    threads = ThreadPoolExecutor(max(1, jobs))
    try:
        rows = tuple(threads.map(run, pages))
    finally:
        closing.set()
        threads.shutdown(wait=False, cancel_futures=True)
        for worker in workers:
            worker.stop()
        threads.shutdown()
    return SuiteBench(rows, sum_levels(rows))


def sum_levels(rows: Sequence[SuiteRow]) -> tuple[LevelRow, ...]:
    """What the rows come to by level: the base first, then from the level that hurts most."""
    by_level: dict[tuple[str, str], list[SuiteRow]] = {}
    for row in rows:
        by_level.setdefault((row.factor, row.level), []).append(row)
    base_db = {row.index: _or_zero_db(row) for row in rows if row.factor == BASE and row.code != NOT_DRAWN}
    levels = [_sum_level(level, base_db) for level in by_level.values()]
    # What could not be drawn has no difference and stands last.
    return tuple(
        sorted(levels, key=lambda level: (level.factor != BASE, np.nan_to_num(level.base_difference_db, nan=np.inf)))
    )


def _sum_level(rows: Sequence[SuiteRow], base_db: dict[int, float]) -> LevelRow:
    drawn = [row for row in rows if row.code != NOT_DRAWN]
    snr_db = [row.snr_db for row in drawn if not row.code]
    return LevelRow(
        factor=rows[0].factor,
        level=rows[0].level,
        pages=len(drawn),
        read=sum(not row.code for row in drawn),
        refused_by_code=dict(sorted(Counter(row.code for row in rows if row.code).items())),
        snr_db_median=_median(snr_db),
        snr_db_worst=min(snr_db, default=float("nan")),
        base_difference_db=_median([_or_zero_db(row) - base_db[row.index] for row in drawn if row.index in base_db]),
        st_j_error_uv_median=_median([abs(error) for row in drawn for error in row.st_j_error_uv]),
        wrong_as_ok=sum(row.wrong_as_ok for row in drawn) / len(drawn) if drawn else float("nan"),
        seconds_median=_median([row.seconds for row in drawn if row.seconds == row.seconds]),
    )


def _or_zero_db(row: SuiteRow) -> float:
    return 0.0 if row.code else row.snr_db


def _median(values: Sequence[float]) -> float:
    return float(np.median(values)) if values else float("nan")


def _run_page(
    worker: Worker, page: PlannedPage, draw: Drawer, read: Reader | None, st_j_mv: StJ | None, timeout_s: float
) -> SuiteRow:
    code = "crashed"
    try:
        row: SuiteRow = worker.run(_work, page, draw, read, st_j_mv, timeout_s=timeout_s)
        return row
    except TookTooLong:
        code = "timeout"
    except (WorkerLost, TaskFailed):
        pass
    return SuiteRow(page.level.factor, page.level.name, page.index, code=code)


def _work(page: PlannedPage, draw: Drawer, read: Reader | None, st_j_mv: StJ | None) -> SuiteRow:
    """Draw, read and score one page; runs in a worker."""
    if read is None:
        from digitize.pipeline import digitize

        read = digitize
    at = (page.level.factor, page.level.name, page.index)
    try:
        drawn = draw(page)
    except Exception:  # a defect of the printer is no fault of the reader
        return SuiteRow(*at, code=NOT_DRAWN)
    began = time.perf_counter()
    try:
        result = read(drawn.data)
    except PaperbeatError as error:
        return SuiteRow(*at, code=error.code, seconds=time.perf_counter() - began)
    seconds = time.perf_counter() - began
    st_j = (st_j_mv(drawn.truth), st_j_mv(result.ecg)) if st_j_mv is not None else (None, None)
    score = score_page(drawn.truth, result.ecg, *st_j)
    errors_uv = tuple(score.st_j_error_uv.values())
    return SuiteRow(*at, score.snr_db, errors_uv, "", result.status, seconds)
