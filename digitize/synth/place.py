"""Where things go on a printed page, in paper millimetres from the top left corner of the paper."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from digitize.sheets import KnownSheet
from digitize.stages import Box, Panel, Word
from digitize.synth.stock import Type
from digitize.synth.words import Placed

Place = Literal["left", "right", "none"]
Separator = Literal["tick", "bar", "mark", "dotted", "gap", "none"]

_BORDER_MM = 4.0  # least white border around the grid
_PULSE_MM = 5.0  # a calibration pulse is 1 mV high and 5 mm wide on every machine
_PULSE_ROOM_MM = 8.0


def place_grid(width_mm: float, height_mm: float, bleed: bool = False) -> Box:
    """As many whole 5 mm boxes as the paper holds, in its middle, or as many as cover it."""
    if bleed:
        return 0.0, 0.0, float(-(-width_mm // 5) * 5), float(-(-height_mm // 5) * 5)
    cols, rows = (int((side_mm - 2 * _BORDER_MM) // 5) for side_mm in (width_mm, height_mm))
    left_mm, top_mm = (width_mm - 5 * cols) / 2, (height_mm - 5 * rows) / 2
    return left_mm, top_mm, left_mm + 5 * cols, top_mm + 5 * rows


def place_panels(
    sheet: KnownSheet, column_s: float, mm_per_s: float, grid_mm: Box, pulse: Place, room_mm: tuple[float, float]
) -> tuple[Panel, ...]:
    """Lay the panels out: rows evenly spaced, the whole block centred, room for the pulse on its side.

    ``room_mm`` is left for words above and below the rows.
    """
    column_mm = column_s * mm_per_s
    width_mm = column_mm * sheet.columns
    wide_mm = grid_mm[2] - grid_mm[0] - (_PULSE_ROOM_MM if pulse != "none" else 0.0)
    if width_mm > wide_mm:
        raise ValueError(f"{width_mm:g} mm of trace do not fit {wide_mm:g} mm of paper; give a shorter column_s")
    left_mm = grid_mm[0] + (wide_mm - width_mm) / 2 + (_PULSE_ROOM_MM if pulse == "left" else 0.0)
    rows = [*sheet.rows, *((lead,) for lead in sheet.strips)]
    top_mm = grid_mm[1] + room_mm[0]
    gap_mm = (grid_mm[3] - room_mm[1] - top_mm) / len(rows)
    panels = []
    for row, leads in enumerate(rows):
        strip = row >= len(sheet.rows)
        step_mm = width_mm if strip else column_mm
        for column, lead in enumerate(leads):
            x_mm = (left_mm + column * step_mm, left_mm + (column + 1) * step_mm)
            panels.append(Panel(lead, row, column, x_mm, top_mm + (row + 0.5) * gap_mm, column * column_s, strip))
    return tuple(panels)


def place_pulses(
    panels: tuple[Panel, ...], gains_mm: dict[int, float], pulse: Place, gap_mm: float, all_rows: bool
) -> tuple[Box, ...]:
    """One calibration pulse a row, or only in the last, ``gap_mm`` from the trace; ``gains_mm`` by row."""
    if pulse == "none":
        return ()
    boxes = {}
    for panel in panels:
        if pulse == "right" or panel.column == 0:
            left_mm = panel.x_mm[0] - gap_mm - _PULSE_MM if pulse == "left" else panel.x_mm[1] + gap_mm
            height_mm = gains_mm[panel.row]
            boxes[panel.row] = (left_mm, panel.baseline_mm - height_mm, left_mm + _PULSE_MM, panel.baseline_mm)
    return tuple(boxes.values() if all_rows else [boxes[max(boxes)]])


def outline_pulse(box: Box, joined: Place = "none") -> NDArray[np.float64]:
    """The pen's way around a pulse, with a foot on either side but the one where it is joined to the trace."""
    left, top, right, bottom = box
    way = [(left - 1.5, bottom), (left, bottom), (left, top), (right, top), (right, bottom), (right + 1.5, bottom)]
    return np.array(way[:-1] if joined == "left" else way[1:] if joined == "right" else way, np.float64)


def place_separators(panels: tuple[Panel, ...], separator: Separator) -> list[Box]:
    """Filled boxes between the columns."""
    inner = [panel for panel in panels if panel.column > 0]
    if separator == "dotted" and inner:
        rows_mm = [panel.baseline_mm for panel in panels]
        down_mm = np.arange(min(rows_mm) - 10, max(rows_mm) + 10, 1.5).tolist()
        return [(x - 0.15, y, x + 0.15, y + 0.6) for x in sorted({p.x_mm[0] for p in inner}) for y in down_mm]
    if separator == "tick":
        ends = [(panel, side) for panel in inner for side in (-1, 1)]
        return [
            (p.x_mm[0] - 0.2, p.baseline_mm + s * 5.5 - 1.5, p.x_mm[0] + 0.2, p.baseline_mm + s * 5.5 + 1.5)
            for p, s in ends
        ]
    if separator == "mark":
        return [(p.x_mm[0] - 0.15, p.baseline_mm - 7, p.x_mm[0] + 0.15, p.baseline_mm - 3.5) for p in inner]
    if separator == "bar":
        return [(p.x_mm[0] - 0.35, p.baseline_mm - 3, p.x_mm[0] + 0.35, p.baseline_mm + 3) for p in inner]
    return []


def place_labels(
    panels: tuple[Panel, ...], above: bool, at_mm: tuple[float, float] | None, type_: Type
) -> list[Placed]:
    """Every lead's name: as told, or clear of the baseline, yet nearer to its own row than to the next."""
    rows = max(p.row for p in panels)
    gap_mm = (max(p.baseline_mm for p in panels) - min(p.baseline_mm for p in panels)) / rows if rows else 40.0
    down_mm = -min(10.0, 0.5 * gap_mm) if above else min(4.0, 0.1 * gap_mm)
    right, down = (1.2, down_mm) if at_mm is None else at_mm
    return [Placed(p.lead, p.x_mm[0] + right, p.baseline_mm + down, type_.label_mm, type_.label_face) for p in panels]


def place_words(header: tuple[str, ...], footer: str, grid_mm: Box, type_: Type) -> list[Placed]:
    """Header columns spread over the width, the footer at the bottom left."""
    left, top, right, bottom = grid_mm
    step_mm = (right - left) / max(1, len(header))
    line_mm = type_.word_mm * 4.6 / 3.0
    placed = [
        (line, left + 8 + k * step_mm, top + 5 + line_mm * n)
        for k, column in enumerate(header)
        for n, line in enumerate(column.split("\n"))
    ]
    placed.append((footer, left + 8, bottom - 7.0))
    return [Placed(text, x, y, type_.word_mm, type_.word_face) for text, x, y in placed if text]


def frame_words(words: tuple[Word, ...], margin_mm: float = 0.8) -> list[NDArray[np.float64]]:
    """A pen's way around each word."""
    frames = []
    for word in words:
        left, top, right, bottom = (e + s * margin_mm for e, s in zip(word.box_mm, (-1, -1, 1, 1), strict=True))
        frames.append(np.array([(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]))
    return frames
