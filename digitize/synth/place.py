"""Where things go on a printed page, in paper millimetres from the top left corner of the paper."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from digitize.sheets import KnownSheet
from digitize.stages import Box, Panel

Place = Literal["left", "right", "none"]
Separator = Literal["tick", "bar", "none"]

_BORDER_MM = 4.0  # least white border around the grid
_HEADER_MM = 30.0  # from the grid's top edge to the room of the first row
_FOOTER_MM = 14.0
_PULSE_MM = 5.0  # a calibration pulse is 1 mV high and 5 mm wide on every machine
_PULSE_ROOM_MM = 8.0


def place_grid(width_mm: float, height_mm: float) -> Box:
    """As many whole 5 mm boxes as the paper holds, in its middle."""
    cols, rows = (int((side_mm - 2 * _BORDER_MM) // 5) for side_mm in (width_mm, height_mm))
    left_mm, top_mm = (width_mm - 5 * cols) / 2, (height_mm - 5 * rows) / 2
    return left_mm, top_mm, left_mm + 5 * cols, top_mm + 5 * rows


def place_panels(sheet: KnownSheet, column_s: float, mm_per_s: float, grid_mm: Box, pulse: Place) -> tuple[Panel, ...]:
    """Lay the panels out: rows evenly spaced, the whole block centred, room for the pulse on its side."""
    column_mm = column_s * mm_per_s
    width_mm = column_mm * sheet.columns
    room_mm = grid_mm[2] - grid_mm[0] - (_PULSE_ROOM_MM if pulse != "none" else 0.0)
    if width_mm > room_mm:
        raise ValueError(f"{width_mm:g} mm of trace do not fit {room_mm:g} mm of paper; give a shorter column_s")
    left_mm = grid_mm[0] + (room_mm - width_mm) / 2 + (_PULSE_ROOM_MM if pulse == "left" else 0.0)
    rows = [*sheet.rows, *((lead,) for lead in sheet.strips)]
    top_mm = grid_mm[1] + _HEADER_MM
    gap_mm = (grid_mm[3] - _FOOTER_MM - top_mm) / len(rows)
    panels = []
    for row, leads in enumerate(rows):
        strip = row >= len(sheet.rows)
        step_mm = width_mm if strip else column_mm
        for column, lead in enumerate(leads):
            x_mm = (left_mm + column * step_mm, left_mm + (column + 1) * step_mm)
            panels.append(Panel(lead, row, column, x_mm, top_mm + (row + 0.5) * gap_mm, column * column_s, strip))
    return tuple(panels)


def place_pulses(panels: tuple[Panel, ...], mm_per_mv: float, pulse: Place) -> tuple[Box, ...]:
    """One calibration pulse a row, 1.5 mm from the trace."""
    if pulse == "none":
        return ()
    boxes = {}
    for panel in panels:
        if pulse == "right" or panel.column == 0:
            left_mm = panel.x_mm[0] - 1.5 - _PULSE_MM if pulse == "left" else panel.x_mm[1] + 1.5
            boxes[panel.row] = (left_mm, panel.baseline_mm - mm_per_mv, left_mm + _PULSE_MM, panel.baseline_mm)
    return tuple(boxes.values())


def outline_pulse(box: Box) -> NDArray[np.float64]:
    """The pen's way around a pulse, with a foot on either side."""
    left, top, right, bottom = box
    way = [(left - 1.5, bottom), (left, bottom), (left, top), (right, top), (right, bottom), (right + 1.5, bottom)]
    return np.array(way, np.float64)


def place_separators(panels: tuple[Panel, ...], separator: Separator) -> list[Box]:
    """Filled boxes between the columns."""
    inner = [panel for panel in panels if panel.column > 0]
    if separator == "tick":
        ends = [(panel, side) for panel in inner for side in (-1, 1)]
        return [
            (p.x_mm[0] - 0.2, p.baseline_mm + s * 5.5 - 1.5, p.x_mm[0] + 0.2, p.baseline_mm + s * 5.5 + 1.5)
            for p, s in ends
        ]
    if separator == "bar":
        return [(p.x_mm[0] - 0.35, p.baseline_mm - 3, p.x_mm[0] + 0.35, p.baseline_mm + 3) for p in inner]
    return []


def place_labels(panels: tuple[Panel, ...], above: bool) -> list[tuple[str, float, float]]:
    """Text, left and top of every lead name: clear of the baseline, yet nearer to its own row than to the next."""
    gap_mm = max(p.baseline_mm for p in panels) - min(p.baseline_mm for p in panels)
    gap_mm /= max(p.row for p in panels)
    down_mm = -min(10.0, 0.5 * gap_mm) if above else min(4.0, 0.1 * gap_mm)
    return [(p.lead, p.x_mm[0] + 1.2, p.baseline_mm + down_mm) for p in panels]


def place_header(header: tuple[str, ...], footer: str, grid_mm: Box) -> list[tuple[str, float, float]]:
    """Header columns spread over the width, the footer at the bottom left."""
    left, top, right, bottom = grid_mm
    step_mm = (right - left) / max(1, len(header))
    placed = [
        (line, left + 8 + k * step_mm, top + 5 + 4.6 * n)
        for k, column in enumerate(header)
        for n, line in enumerate(column.split("\n"))
    ]
    return [*placed, (footer, left + 8, bottom - 7.0)]
