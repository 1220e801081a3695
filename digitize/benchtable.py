"""The bench for a terminal and for a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from rich.table import Table

    from digitize.benchsuite import SuiteBench
    from digitize.evaluate import Bench


def bench_json(bench: Bench) -> dict[str, Any]:
    """The bench as plain values for JSON, null where there is no number."""
    return {"summary": _plain(bench.summary), "pages": [_plain(asdict(row)) for row in bench.rows]}


def suite_json(bench: SuiteBench) -> dict[str, Any]:
    """The bench of the suite as plain values for JSON: levels in the table's order, pages in the plan's."""
    pages = [asdict(row) | {"wrong_as_ok": row.wrong_as_ok} for row in bench.rows]
    return {"levels": [_plain(asdict(level)) for level in bench.levels], "pages": [_plain(page) for page in pages]}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value


def bench_table(bench: Bench) -> Table:
    """The bench as a table for the terminal: one row a page, and the summary below."""
    from rich.table import Table

    table = Table(caption=_caption(bench.summary), caption_justify="left")
    table.add_column("page")
    for name in ("SNR dB", "PCC", "RMSE mV", "ST-J µV", "leads", "named", "s", "cold s", "MB"):
        table.add_column(name, justify="right")
    for row in bench.rows:
        cost = [_digits(row.seconds, 1), _digits(row.cold_s, 1), _digits(row.peak_mb, 0)]
        score = row.score
        if score is None:
            table.add_row(row.page, f"refused: {row.code}", "", "", "", "", "", *cost)
            continue
        st_uv = float(np.median(np.abs(list(score.st_j_error_uv.values())))) if score.st_j_error_uv else np.nan
        numbers = [_digits(score.snr_db, 2), _digits(score.pcc, 3), _digits(score.rmse_mv, 3), _digits(st_uv, 0)]
        leads = [f"{score.leads_found}/{score.leads_true}", f"{score.leads_named}/{score.leads_true}"]
        table.add_row(row.page, *numbers, *leads, *cost)
    return table


def suite_table(bench: SuiteBench) -> Table:
    """The bench of the suite as a table for the terminal: one row a level, what hurts most on top."""
    from rich.table import Table

    from digitize.score import WRONG_DB

    wrong = sum(row.wrong_as_ok for row in bench.rows)
    caption = (
        f"{sum(level.read for level in bench.levels)} of {sum(level.pages for level in bench.levels)} pages read; "
        f"{wrong} with less than {WRONG_DB:g} dB that call themselves ok\n"
        "SNR over the pages read; Δ is the median difference to the base page of the same heart, refused pages as 0 dB"
    )
    table = Table(caption=caption, caption_justify="left")
    table.add_column("factor")
    table.add_column("level", overflow="fold")
    for name in ("pages", "read", "SNR dB", "worst", "Δ dB", "ST-J µV", "wrong as ok", "s"):
        table.add_column(name, justify="right")
    table.add_column("refused", overflow="fold")
    for level in bench.levels:
        snr = [_digits(value, 1) for value in (level.snr_db_median, level.snr_db_worst, level.base_difference_db)]
        wrong_as_ok = f"{100 * level.wrong_as_ok:.0f} %" if level.pages else "-"
        rest = [_digits(level.st_j_error_uv_median, 0), wrong_as_ok, _digits(level.seconds_median, 1)]
        codes = ", ".join(f"{code} {count}" for code, count in level.refused_by_code.items())
        table.add_row(level.factor, level.level, str(level.pages), str(level.read), *snr, *rest, codes)
    return table


def _caption(summary: Mapping[str, Any]) -> str:
    s = {key: _digits(value, 2) if isinstance(value, float) else value for key, value in summary.items()}
    codes = ", ".join(f"{code} {count}" for code, count in summary["refused_by_code"].items())
    lines = (
        f"{s['pages_read']} of {s['pages']} pages read, {s['pages_all_leads_named']} with every lead rightly named; "
        f"refused {s['pages_refused']}{f' ({codes})' if codes else ''}; wrong but ok {s['pages_wrong_as_ok']}",
        f"SNR dB: median {s['snr_db_median']}, mean {s['snr_db_mean']}, worst {s['snr_db_worst']}; "
        f"median with refused pages as 0: {s['snr_db_median_refused_as_0']}",
        f"PCC median {_digits(summary['pcc_median'], 3)}, RMSE median {_digits(summary['rmse_mv_median'], 3)} mV",
        f"ST at J, error in µV: median {_digits(summary['st_j_error_uv_median'], 0)}, "
        f"95th percentile {_digits(summary['st_j_error_uv_p95'], 0)}",
        f"seconds a page: median {s['seconds_median']}, worst {s['seconds_worst']}; from a cold start, median "
        f"{s['cold_s_median']}; most memory {_digits(summary['peak_mb_worst'], 0)} MB",
    )
    return "\n".join(lines)


def _digits(value: float, digits: int) -> str:
    return f"{value:.{digits}f}" if np.isfinite(value) else "-"
