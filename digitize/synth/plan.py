"""A page before it is drawn: where everything lies on the paper, in millimetres from its top left corner."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from digitize.record import LEADS, Ecg
from digitize.sheets import KnownSheet, load_layouts
from digitize.stages import Box, Calibration, Layout, Panel
from digitize.synth.place import (
    Place,
    Separator,
    outline_pulse,
    place_grid,
    place_labels,
    place_panels,
    place_pulses,
    place_separators,
    place_words,
)
from digitize.synth.stock import Pen, Stock, Stroke, Type
from digitize.synth.words import Placed

Paper = Literal["a4", "letter", "roll"]
PAPERS_MM: dict[str, tuple[float, float]] = {"a4": (297.0, 210.0), "letter": (279.4, 215.9), "roll": (290.0, 120.0)}

_GAP_MM = 0.6
"""Trace left out on either side of a boundary between leads where a gap separates them."""
_JOINED_MM = 0.2


@dataclass(frozen=True, eq=False)
class Trace:
    """What was drawn for one panel.

    Attributes
    ----------
    panel : Panel
    first : int
        Index of the first drawn sample in the page's signal.
    points_mm : ndarray, shape (n, 2)
        Paper position (x, y) of every sample of the panel; NaN where the signal has none.
    """

    panel: Panel
    first: int
    points_mm: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Plan:
    """Everything on a page, in the order of `digitize.synth.render.Page`, before it has pixels.

    Attributes
    ----------
    chest_mm_per_mv : float
        Gain of V1 to V9; that of the calibration is the limb leads'.
    simultaneous : bool
        All columns show the same seconds of the heart.
    bars_mm : tuple of Box
        Separators.
    pulse_lines : tuple of ndarray, shape (n, 2)
        The pen's way around each pulse.
    strokes : tuple of Stroke
        What was written by hand.
    """

    paper_mm: tuple[float, float]
    grid_mm: Box
    stock: Stock
    pen: Pen
    type: Type
    ecg: Ecg
    layout: Layout
    calibration: Calibration
    chest_mm_per_mv: float
    simultaneous: bool
    traces: tuple[Trace, ...]
    labels: tuple[Placed, ...]
    words: tuple[Placed, ...]
    bars_mm: tuple[Box, ...]
    pulses_mm: tuple[Box, ...]
    pulse_lines: tuple[NDArray[np.float64], ...]
    strokes: tuple[Stroke, ...]


@dataclass(frozen=True)
class _Bounds:
    """Where the pen does not go: further than a limit from the baseline, near inner boundaries, off the paper."""

    limit_mm: float | None
    lift_mm: float
    last_column: int
    paper_mm: tuple[float, float]


def plan_page(
    ecg: Ecg,
    *,
    stock: Stock,
    pen: Pen,
    layout: str | KnownSheet = "3x4+1",
    mm_per_s: float = 25.0,
    mm_per_mv: float = 10.0,
    chest_mm_per_mv: float | None = None,
    paper: Paper | tuple[float, float] = "a4",
    column_s: float | None = None,
    simultaneous: bool = False,
    separator: Separator = "tick",
    pulse: Place = "left",
    pulse_gap_mm: float = 1.5,
    pulse_every_row: bool = True,
    limit_mm: float | None = None,
    label_above: bool = True,
    type: Type | None = None,
    header: tuple[str, ...] = (),
    footer: str | None = None,
    room_mm: tuple[float, float] = (30.0, 14.0),
    strokes: tuple[Stroke, ...] = (),
) -> Plan:
    """Give everything its place.

    Parameters
    ----------
    ecg : Ecg
        As long as the page, with the leads that the layout prints. ``-aVR`` prints aVR upside down.
    stock, pen : Stock, Pen
    layout : str or KnownSheet
        Name of a known sheet, or one of your own.
    mm_per_s, mm_per_mv : float
        Paper speed and gain, 5 to 200 and 1 to 100.
    chest_mm_per_mv : float, optional
        Gain of the chest leads, where it is another.
    paper : {"a4", "letter", "roll"} or (float, float)
        Landscape; or width and height in millimetres.
    column_s : float, optional
        Seconds in a column; left out, the sheet's own, made shorter at higher speeds so that the page stays as wide.
    simultaneous : bool
        Columns show the same seconds; else each goes on where the last one ended. The page's signal has the columns
        one after another either way, as they are read.
    separator : {"tick", "bar", "mark", "dotted", "gap", "none"}
        Between columns: two short strokes above and below the trace, one thick bar through it, one short stroke above
        it, a dotted line down through all rows, a gap in it, or nothing.
    pulse : {"left", "right", "none"}
        Calibration pulse before or after each row.
    pulse_gap_mm : float
        Between pulse and trace; 0 joins them.
    pulse_every_row : bool
        Else only in the last.
    limit_mm : float, optional
        The recorder's pen goes no further from its baseline: what is printed, and so the truth, is clipped there. What
        would fall off the paper is NaN.
    label_above : bool
        Lead names above the start of their trace, else below.
    type : Type, optional
    header : tuple of str
        Words above the traces, from left to right in columns; a line break inside a column is honoured.
    footer : str, optional
        Left out: speed, gain and bandwidth.
    room_mm : (float, float)
        From the grid's top edge to the room of the first row, and from that of the last to the bottom edge.
    strokes : tuple of Stroke

    Returns
    -------
    Plan

    Raises
    ------
    ValueError
        When the layout is not known, speed or gain are out of range, the page does not fit the paper, or the ECG is too
        short or lacks a lead.
    """
    sheet = _find_sheet(layout)
    gains = mm_per_mv, chest_mm_per_mv or mm_per_mv
    if not (5 <= mm_per_s <= 200 and all(1 <= gain <= 100 for gain in gains)):
        raise ValueError("mm_per_s must be 5 to 200 and mm_per_mv 1 to 100")
    type_ = type or Type()
    seconds = column_s or sheet.column_s * min(1.0, 25.0 / mm_per_s)
    paper_mm = PAPERS_MM[paper] if isinstance(paper, str) else paper
    grid_mm = place_grid(*paper_mm, stock.bleed)
    panels = place_panels(sheet, seconds, mm_per_s, grid_mm, pulse, room_mm)
    bounds = _Bounds(limit_mm, _GAP_MM if separator == "gap" else 0.0, sheet.columns - 1, paper_mm)
    printed, traces = _print_signal(ecg, panels, mm_per_s, gains, simultaneous, bounds)
    by_row = {panel.row: gain_of(panel.lead, *gains) for panel in panels if panel.column == 0}
    pulses = place_pulses(panels, by_row, pulse, pulse_gap_mm, pulse_every_row)
    joined: Place = pulse if pulse_gap_mm < _JOINED_MM else "none"
    gain_text = f"{gains[0]:g}" if gains[0] == gains[1] else f"{gains[0]:g}/{gains[1]:g}"
    foot = f"{mm_per_s:g} mm/s   {gain_text} mm/mV   0.05-150 Hz" if footer is None else footer
    return Plan(
        paper_mm=paper_mm,
        grid_mm=grid_mm,
        stock=stock,
        pen=pen,
        type=type_,
        ecg=printed,
        layout=Layout(sheet.name, panels, "rendered", 1.0),
        calibration=Calibration(mm_per_s, mm_per_mv, "rendered", "rendered"),
        chest_mm_per_mv=gains[1],
        simultaneous=simultaneous,
        traces=traces,
        labels=tuple(place_labels(panels, label_above, type_.label_at_mm, type_)),
        words=tuple(place_words(header, foot, grid_mm, type_)),
        bars_mm=tuple(place_separators(panels, separator)),
        pulses_mm=pulses,
        pulse_lines=tuple(outline_pulse(box, joined) for box in pulses),
        strokes=strokes,
    )


def _find_sheet(layout: str | KnownSheet) -> KnownSheet:
    if isinstance(layout, KnownSheet):
        return layout
    if layout not in load_layouts():
        raise ValueError(f"no layout called {layout!r}; known are {', '.join(load_layouts())}")
    return load_layouts()[layout]


def gain_of(lead: str, limb_mm_per_mv: float, chest_mm_per_mv: float) -> float:
    """Millimetres a millivolt of a lead."""
    return chest_mm_per_mv if lead.startswith("V") else limb_mm_per_mv


def _check_leads(ecg: Ecg, panels: tuple[Panel, ...], needed_s: float) -> None:
    if ecg.signal_mv.shape[0] < round(needed_s * ecg.fs_hz):
        raise ValueError(f"the page shows {needed_s:g} s, the ECG lasts {ecg.duration_s:g} s")
    missing = {p.lead.removeprefix("-") for p in panels} - set(ecg.leads)
    if missing:
        raise ValueError(f"the ECG lacks {', '.join(sorted(missing))}")


def _print_panel(
    panel: Panel, signal_mv: NDArray[np.float64], x_mm: NDArray[np.float64], mm_per_mv: float, bounds: _Bounds
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What of a panel's samples gets on paper, in millivolts and as points (x, y)."""
    if bounds.limit_mm is not None:
        signal_mv = np.clip(signal_mv, -bounds.limit_mm / mm_per_mv, bounds.limit_mm / mm_per_mv)
    up_mm = signal_mv * (-mm_per_mv if panel.lead.startswith("-") else mm_per_mv)
    y_mm = panel.baseline_mm - up_mm
    lifted = (x_mm < panel.x_mm[0] + bounds.lift_mm) & (panel.column > 0)
    lifted |= (x_mm > panel.x_mm[1] - bounds.lift_mm) & (panel.column < bounds.last_column) & (not panel.strip)
    off = lifted | (y_mm < 0) | (y_mm > bounds.paper_mm[1])
    return np.where(off, np.nan, signal_mv), np.stack([x_mm, np.where(off, np.nan, y_mm)], axis=1)


def panel_s(panel: Panel, mm_per_s: float) -> float:
    """Seconds that a panel shows."""
    return (panel.x_mm[1] - panel.x_mm[0]) / mm_per_s


def _print_signal(
    ecg: Ecg,
    panels: tuple[Panel, ...],
    mm_per_s: float,
    gains: tuple[float, float],
    simultaneous: bool,
    bounds: _Bounds,
) -> tuple[Ecg, tuple[Trace, ...]]:
    """Cut the signal to what the page shows, and say where each sample lands."""
    ends_s = [panel.start_s + panel_s(panel, mm_per_s) for panel in panels]
    _check_leads(ecg, panels, ends_s[0] if simultaneous and not panels[-1].strip else max(ends_s))
    count = round(max(ends_s) * ecg.fs_hz)
    leads = (*LEADS, *dict.fromkeys(p.lead for p in panels if p.lead.removeprefix("-") not in LEADS))
    printed_mv = np.full((count, len(leads)), np.nan)
    traces = []
    for panel, end_s in zip(panels, ends_s, strict=True):
        first, stop = round(panel.start_s * ecg.fs_hz), min(count, round(end_s * ecg.fs_hz))
        source = 0 if simultaneous and not panel.strip else first
        name = panel.lead.removeprefix("-")
        x_mm = panel.x_mm[0] + (np.arange(first, stop) / ecg.fs_hz - panel.start_s) * mm_per_s
        shown_mv = ecg.lead(name)[source : source + stop - first]
        shown_mv, points_mm = _print_panel(panel, shown_mv, x_mm, gain_of(name, *gains), bounds)
        printed_mv[first:stop, leads.index(name)] = shown_mv
        traces.append(Trace(panel, first, points_mm))
    return Ecg(printed_mv, ecg.fs_hz, leads), tuple(traces)
