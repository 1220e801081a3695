"""The bench of the suite as a picture: median SNR by level, grouped by factor."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from digitize.errors import UsageError
from digitize.synth.figure import check_matplotlib
from digitize.synth.suite import BASE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from digitize.benchsuite import LevelRow, SuiteBench

PLOT_ENDINGS = (".png", ".svg", ".pdf")

_BAR, _BAD, _BASE_LINE, _QUIET = "#4878a8", "#c03028", "#303030", "#606060"
_COLUMN_ROWS = 50
_ROW_IN = 0.17


def check_plot(path: Path) -> None:
    """Refuse early what could not be drawn after minutes of work.

    Raises
    ------
    UsageError
        An ending that is no picture's.
    MissingPart
        Without matplotlib.
    """
    if path.suffix.lower() not in PLOT_ENDINGS:
        raise UsageError("A plot is written as a picture.", f"Let its name end in one of {' '.join(PLOT_ENDINGS)}.")
    check_matplotlib()


def draw_suite(bench: SuiteBench, path: Path) -> None:
    """Draw a bar a level, grouped by factor in the order of the plan; the picture appears whole or not at all.

    A bar is the median SNR of the pages read, a tick the worst of them, the dashed line the base page. Pages that were
    not read are counted behind the bar, and wrong readings that call themselves ok are told in red.

    Parameters
    ----------
    bench : SuiteBench
    path : Path
        Ends in ``.png``, ``.svg`` or ``.pdf``.
    """
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    columns = _columns(_by_factor(bench))
    base_db = next((level.snr_db_median for level in bench.levels if level.factor == BASE), float("nan"))
    ends_db = np.array([(level.snr_db_median, level.snr_db_worst) for level in bench.levels])
    limits_db = (min(0.0, float(np.nanmin(ends_db, initial=0)) - 0.5), float(np.nanmax(ends_db, initial=0)) * 1.35 + 1)
    rows = max(sum(len(levels) + 1.3 for levels in column) for column in columns)
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        figure = Figure(figsize=(5.6 * len(columns), _ROW_IN * rows + 1.3), layout="constrained", dpi=110)
        FigureCanvasAgg(figure)
        figure.suptitle("Median SNR of the reading by what is changed on the page, dB", fontsize=11)
        for axes, column in zip(figure.subplots(1, len(columns), squeeze=False)[0], columns, strict=True):
            _draw_column(axes, column, base_db)
            axes.set_xlim(*limits_db)
            axes.set_ylim(rows - 0.5, -1.3)
        figure.supxlabel(
            "bar: median of the pages read; tick: the worst of them; dashed: the base page;\n"
            "red: wrong readings that call themselves ok",
            fontsize=8,
        )
        save_plot(figure, path)


def save_plot(figure: Figure, path: Path) -> None:
    """Write a figure; the picture appears whole or not at all."""
    import io

    from digitize.formats.files import replace_files

    out = io.BytesIO()
    figure.savefig(out, format=path.suffix.lower()[1:])
    replace_files({path: out.getvalue()})


def _by_factor(bench: SuiteBench) -> list[list[LevelRow]]:
    levels = {(level.factor, level.level): level for level in bench.levels}
    groups: dict[str, list[LevelRow]] = {}
    for key in dict.fromkeys((row.factor, row.level) for row in bench.rows):
        groups.setdefault(key[0], []).append(levels[key])
    return list(groups.values())


def _columns(groups: list[list[LevelRow]]) -> list[list[list[LevelRow]]]:
    """Groups into columns of about the same height, in order."""
    total = sum(len(group) + 1.3 for group in groups)
    height = total / max(1, round(total / _COLUMN_ROWS))
    columns: list[list[list[LevelRow]]] = [[]]
    filled = 0.0
    for group in groups:
        if filled + 0.5 * len(group) > height * len(columns):
            columns.append([])
        columns[-1].append(group)
        filled += len(group) + 1.3
    return columns


def _draw_column(axes: Axes, groups: list[list[LevelRow]], base_db: float) -> None:
    at = 0.0
    ticks, names = [], []
    for group in groups:
        axes.text(0, at - 0.25, group[0].factor, fontsize=8, fontweight="bold", va="center", clip_on=False)
        for level in group:
            at += 1
            ticks.append(at)
            names.append(level.level or "the page itself")
            _draw_level(axes, level, at)
        at += 1.3
    axes.set_yticks(ticks, names, fontsize=7)
    axes.tick_params(axis="x", labelsize=7)
    axes.tick_params(axis="y", length=0)
    axes.spines[["top", "right", "left"]].set_visible(False)
    if np.isfinite(base_db):
        axes.axvline(base_db, color=_BASE_LINE, linewidth=0.8, linestyle="--", zorder=0)
    axes.axvline(0, color=_QUIET, linewidth=0.6)


def _draw_level(axes: Axes, level: LevelRow, at: float) -> None:
    told = []
    if np.isfinite(level.snr_db_median):
        axes.barh(at, level.snr_db_median, height=0.72, color=_BAD if level.wrong_as_ok else _BAR)
        axes.plot([level.snr_db_worst] * 2, [at - 0.36, at + 0.36], color="white", linewidth=2.4)
        axes.plot([level.snr_db_worst] * 2, [at - 0.36, at + 0.36], color=_BASE_LINE, linewidth=1.0)
        told.append(f"{level.snr_db_median:.1f}")
    for code, count in level.refused_by_code.items():
        told.append(f"{count}× {code}")
    if level.wrong_as_ok:
        told.append(f"{level.wrong_as_ok:.0%} wrong as ok")
    begin = max(0.0, np.nan_to_num(level.snr_db_median))
    colour = _BAD if level.wrong_as_ok else "black"
    box = {"facecolor": "white", "edgecolor": "none", "pad": 0.6}  # over the dashed line
    axes.text(begin + 0.3, at, "  ".join(told), fontsize=6.5, va="center", color=colour, bbox=box)
