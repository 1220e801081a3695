"""The ECG redrawn on millimetre paper as SVG: 25 mm/s and 10 mm/mV, gaps left open."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import NDArray

from analyze.columns import find_columns, finite_runs
from analyze.report import Report
from digitize.record import Ecg

MM_PER_S = 25.0
MM_PER_MV = 10.0
_SHOWN_S = 10.0
_MOST_ROWS = 7
_MARGIN_MM = 1.5
_MOST_MM = 20.0  # a taller stroke may leave its row
_UNITS_PER_MM = 100  # coordinates are whole hundredths of a millimetre
_BY_3 = (("I", "aVR", "V1", "V4"), ("II", "aVL", "V2", "V5"), ("III", "aVF", "V3", "V6"))
_BY_6 = (("I", "V1"), ("II", "V2"), ("III", "V3"), ("aVR", "V4"), ("aVL", "V5"), ("aVF", "V6"))


@dataclass(frozen=True)
class _Cell:
    """A stretch of a lead and where it is drawn: row from the top, times in seconds."""

    lead: str
    row: int
    start_s: float
    stop_s: float
    at_s: float


def draw_ecg(report: Report, height_mm: float, marked: Iterable[str] = ()) -> str:
    """The ECG as one SVG element.

    Parameters
    ----------
    report : Report
    height_mm : float
        Of the drawing; its width follows from the time shown, 25 mm a second.
    marked : iterable of str
        Leads whose names are set off, such as those a finding rests on.

    Returns
    -------
    str
        ``<svg>`` with ``viewBox`` in millimetres: as printed where the page's layout fits, else 3x4 with a strip.
    """
    cells = _as_printed(report) or _standard(report.ecg)
    if not cells:
        return ""
    width_mm = 5.0 * np.ceil(max(cell.at_s + cell.stop_s - cell.start_s for cell in cells) * MM_PER_S / 5.0 - 1e-6)
    shown = [(cell, _stretch(report.ecg, cell)) for cell in cells]
    zero_mm = _zero_lines(shown, height_mm)
    parts = [_grid(width_mm, height_mm)]
    for cell, mv in shown:
        parts.append(_trace(mv, report.ecg.fs_hz, cell.at_s * MM_PER_S, zero_mm[cell.row]))
    for cell, mv in shown:
        top_mm = max(0.0, zero_mm[cell.row] - 0.45 * height_mm / len(zero_mm))
        parts.append(_name(cell, top_mm, cell.lead in set(marked), bool(np.isfinite(mv).any())))
    return (
        f'<svg class="ecg" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width_mm:g} {height_mm:g}" '
        f'style="width:{width_mm:g}mm;height:{height_mm:g}mm" role="img" aria-label="ECG, 25 mm/s, 10 mm/mV">'
        + "".join(parts)
        + "</svg>"
    )


def _as_printed(report: Report) -> list[_Cell]:
    """The page's own panels; empty without a page, or with more rows than can be drawn to scale."""
    if report.layout is None or report.calibration is None:
        return []
    panels = report.layout.panels
    if not panels or max(panel.row for panel in panels) >= _MOST_ROWS:
        return []
    cells = []
    for panel in panels:
        last_s = panel.start_s + (panel.x_mm[1] - panel.x_mm[0]) / report.calibration.mm_per_s
        cells.append(_Cell(panel.lead, panel.row, panel.start_s, min(last_s, _SHOWN_S), panel.start_s))
    return [cell for cell in cells if cell.stop_s > cell.start_s and cell.lead in report.ecg.leads]


def _standard(ecg: Ecg) -> list[_Cell]:
    """Three rows of four, or six of two where two stretches of time were recorded, and the rhythm strip."""
    columns = find_columns(ecg)
    if not columns:
        return []
    whole_s = min(_SHOWN_S, ecg.duration_s)
    longest = max(columns, key=lambda column: column.stop - column.start)
    short = [column for column in columns if column.stop - column.start < 0.7 * whole_s * ecg.fs_hz]
    table = _BY_6 if len(short) == 2 else _BY_3
    cells = []
    for row, names in enumerate(table):
        step_s = whole_s / len(names)
        cells += [_Cell(lead, row, k * step_s, (k + 1) * step_s, k * step_s) for k, lead in enumerate(names)]
    if longest not in short and longest.leads:
        strip = "II" if "II" in longest.leads else longest.leads[0]
        cells.append(_Cell(strip, len(table), 0.0, whole_s, 0.0))
    return [cell for cell in cells if cell.lead in ecg.leads]


def _stretch(ecg: Ecg, cell: _Cell) -> NDArray[np.float64]:
    """Samples of a cell, moved so that their median lies on the row's zero line."""
    a, b = round(cell.start_s * ecg.fs_hz), round(cell.stop_s * ecg.fs_hz)
    mv = ecg.lead(cell.lead)[a:b]
    held = mv[np.isfinite(mv)]
    return np.asarray(mv - (np.median(held) if held.size else 0.0), dtype=np.float64)


def _zero_lines(shown: list[tuple[_Cell, NDArray[np.float64]]], height_mm: float) -> list[float]:
    """Heights of the rows' zero lines in mm: each row gets the room it needs, or its share where there is less."""
    rows = 1 + max(cell.row for cell, _ in shown)
    up, down = np.full(rows, 3.0), np.full(rows, 2.0)
    for cell, mv in shown:
        held = mv[np.isfinite(mv)] * MM_PER_MV
        if held.size:
            up[cell.row] = max(up[cell.row], min(float(held.max()), _MOST_MM))
            down[cell.row] = max(down[cell.row], min(-float(held.min()), _MOST_MM))
    needed = up + down
    spare = height_mm - needed.sum() - 2.0 * _MARGIN_MM
    if spare >= 0:
        tops = _MARGIN_MM + np.cumsum(needed) - needed + spare * (np.arange(rows) + 0.5) / rows
        return [float(zero) for zero in tops + up]
    first, last = _MARGIN_MM + up[0], height_mm - _MARGIN_MM - down[-1]
    ideal = np.cumsum(needed) - needed + up
    share = ((ideal - ideal[0]) / max(ideal[-1] - ideal[0], 1e-9) + np.linspace(0.0, 1.0, rows)) / 2.0
    return [float(zero) for zero in first + share * (last - first)]


def _grid(width_mm: float, height_mm: float) -> str:
    def lines(step: int) -> str:
        down = "".join(f"M{x} 0V{height_mm:g}" for x in range(0, int(width_mm) + 1, step))
        across = "".join(f"M0 {y}H{width_mm:g}" for y in range(0, int(height_mm) + 1, step))
        return down + across

    return f'<path class="g1" d="{lines(1)}"/><path class="g5" d="{lines(5)}"/>'


def _trace(mv: NDArray[np.float64], fs_hz: float, x_mm: float, zero_mm: float) -> str:
    """One path, with a new stroke after every gap."""
    x = np.round((x_mm + np.arange(mv.size) / fs_hz * MM_PER_S) * _UNITS_PER_MM)
    y = np.round((zero_mm - np.nan_to_num(mv) * MM_PER_MV) * _UNITS_PER_MM)
    strokes = []
    for a, b in finite_runs(mv, shortest=2):
        steps = np.stack([np.diff(x[a:b]), np.diff(y[a:b])], axis=1).astype(int)
        strokes.append(f"M{int(x[a])} {int(y[a])}l" + " ".join(f"{dx} {dy}" for dx, dy in steps))
    if not strokes:
        return ""
    return f'<path class="t" transform="scale({1 / _UNITS_PER_MM:g})" d="{"".join(strokes)}"/>'


def _name(cell: _Cell, top_mm: float, marked: bool, seen: bool) -> str:
    text = cell.lead if seen else f"{cell.lead} not read"
    style = "n m" if marked else "n" if seen else "n u"
    return f'<text class="{style}" x="{cell.at_s * MM_PER_S + 1.2:g}" y="{top_mm + 4.2:g}">{escape(text)}</text>'
