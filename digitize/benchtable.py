"""The bench for a terminal and for a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from rich.table import Table

    from digitize.evaluate import Bench


def bench_json(bench: Bench) -> dict[str, Any]:
    """The bench as plain values for JSON, null where there is no number."""

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: plain(item) for key, item in value.items()}
        return None if isinstance(value, float) and not np.isfinite(value) else value

    return {"summary": plain(bench.summary), "pages": [plain(asdict(row)) for row in bench.rows]}


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


def _caption(summary: Mapping[str, Any]) -> str:
    s = {key: _digits(value, 2) if isinstance(value, float) else value for key, value in summary.items()}
    codes = ", ".join(f"{code} {count}" for code, count in summary["refused_by_code"].items())
    lines = (
        f"{s['pages_read']} of {s['pages']} pages read, {s['pages_all_leads_named']} with every lead rightly named; "
        f"refused {s['pages_refused']}{f' ({codes})' if codes else ''}",
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
