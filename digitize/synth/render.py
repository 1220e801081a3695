"""An Ecg becomes a printed page, together with the exact truth of what was printed where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from digitize.record import LEADS, Ecg
from digitize.sheets import load_layouts
from digitize.stages import Box, Calibration, Layout, Panel, Word
from digitize.synth.ink import Rgb, draw_bars, draw_grid, draw_lines, draw_words, press
from digitize.synth.place import (
    Place,
    Separator,
    outline_pulse,
    place_grid,
    place_header,
    place_labels,
    place_panels,
    place_pulses,
    place_separators,
)

Paper = Literal["a4", "letter"]
Grid = Literal["1+5", "5", "none"]

PAPERS_MM: dict[str, tuple[float, float]] = {"a4": (297.0, 210.0), "letter": (279.4, 215.9)}

COLOURS: dict[str, tuple[Rgb, Rgb, Rgb]] = {  # paper, 1 mm lines, 5 mm lines
    "red": ((255, 253, 250), (246, 196, 188), (226, 112, 104)),
    "pink": ((255, 236, 238), (249, 206, 212), (240, 160, 172)),
    "grey": ((252, 252, 252), (218, 218, 218), (160, 160, 160)),
    "blue": ((252, 253, 255), (206, 222, 240), (134, 168, 208)),
    "green": ((250, 253, 249), (204, 228, 204), (130, 180, 138)),
    "dark_red": ((252, 252, 252), (220, 186, 182), (150, 62, 62)),
}
INK: Rgb = (26, 24, 28)


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
class Page:
    """A printed page and its truth. Paper millimetres start at the top left corner of the paper.

    Attributes
    ----------
    rgb : ndarray of uint8, shape (H, W, 3)
    px_per_mm : float
    ecg : Ecg
        The signal as printed: NaN where a lead is not on the page.
    layout : Layout
    calibration : Calibration
    traces : tuple of Trace
        In reading order, strips last.
    labels : tuple of Word
        Lead names, one for each panel and in the same order.
    words : tuple of Word
        Header and footer.
    pulses_mm : tuple of Box
        Calibration pulses: left, top (1 mV), right, bottom (0 mV).
    grid_mm : Box
        Where the grid is printed: a whole number of 5 mm boxes, with lines on all four edges.
    """

    rgb: NDArray[np.uint8]
    px_per_mm: float
    ecg: Ecg
    layout: Layout
    calibration: Calibration
    traces: tuple[Trace, ...]
    labels: tuple[Word, ...]
    words: tuple[Word, ...]
    pulses_mm: tuple[Box, ...]
    grid_mm: Box

    def to_px(self, points_mm: ArrayLike) -> NDArray[np.float64]:
        """Page pixels of paper points (x, y), shape (..., 2); the centre of the first pixel is (0, 0)."""
        return np.asarray(points_mm, np.float64) * self.px_per_mm - 0.5


def render(
    ecg: Ecg,
    *,
    layout: str = "3x4+1",
    mm_per_s: float = 25.0,
    mm_per_mv: float = 10.0,
    dpi: float = 200.0,
    paper: Paper = "a4",
    column_s: float | None = None,
    grid: Grid = "1+5",
    colour: str = "red",
    separator: Separator = "tick",
    pulse: Place = "left",
    label_above: bool = True,
    pen_mm: float = 0.3,
    header: tuple[str, ...] = (),
    footer: str | None = None,
) -> Page:
    """Print an ECG on paper.

    Parameters
    ----------
    ecg : Ecg
        Twelve leads, at least as long as the page.
    layout : str
        Name of a known sheet.
    mm_per_s, mm_per_mv : float
        Paper speed and gain.
    dpi : float
        Pixels per inch of the picture.
    paper : {"a4", "letter"}
        Landscape.
    column_s : float, optional
        Seconds in a column; left out, the sheet's own, made shorter at higher speeds so that the page stays as wide.
    grid : {"1+5", "5", "none"}
        Lines every 1 and 5 mm, every 5 mm only, or none.
    colour : {"red", "pink", "grey", "blue", "green", "dark_red"}
        Of paper and grid.
    separator : {"tick", "bar", "none"}
        Mark between columns: two short strokes above and below the trace, or one thick bar through it.
    pulse : {"left", "right", "none"}
        Calibration pulse before or after each row.
    label_above : bool
        Lead names above the start of their trace, else below.
    pen_mm : float
        Width of the trace.
    header : tuple of str
        Words above the traces, from left to right in columns; a line break inside a column is honoured.
    footer : str, optional
        Left out: speed, gain and bandwidth.

    Returns
    -------
    Page

    Raises
    ------
    ValueError
        When the layout or colour is not known, speed, gain or dpi are out of range, the page does not fit the paper,
        or the ECG is too short or lacks a lead.
    """
    if layout not in load_layouts():
        raise ValueError(f"no layout called {layout!r}; known are {', '.join(load_layouts())}")
    if colour not in COLOURS:
        raise ValueError(f"no colour called {colour!r}; known are {', '.join(COLOURS)}")
    if not (20 <= dpi <= 600 and 5 <= mm_per_s <= 200 and 1 <= mm_per_mv <= 100):
        raise ValueError("dpi must be 20 to 600, mm_per_s 5 to 200 and mm_per_mv 1 to 100")
    sheet = load_layouts()[layout]
    seconds = column_s or sheet.column_s * min(1.0, 25.0 / mm_per_s)
    width_mm, height_mm = PAPERS_MM[paper]
    grid_mm = place_grid(width_mm, height_mm)
    panels = place_panels(sheet, seconds, mm_per_s, grid_mm, pulse)
    printed, traces = _print_signal(ecg, panels, seconds * sheet.columns, mm_per_s, mm_per_mv)
    pulses = place_pulses(panels, mm_per_mv, pulse)
    bars = place_separators(panels, separator)

    px_per_mm = dpi / 25.4
    shape = (round(height_mm * px_per_mm), round(width_mm * px_per_mm))
    paper_rgb, thin_rgb, thick_rgb = COLOURS[colour]
    rgb = np.broadcast_to(np.array(paper_rgb, np.float32), (*shape, 3)).copy()
    draw_grid(rgb, grid_mm, px_per_mm, {"1+5": (1, 5), "5": (5,), "none": ()}[grid], thin_rgb, thick_rgb)
    foot = f"{mm_per_s:g} mm/s   {mm_per_mv:g} mm/mV   0.05-150 Hz" if footer is None else footer
    label_mm, word_mm = 3.4, 3.0
    ink = np.zeros(shape, np.float32)
    labels = draw_words(ink, px_per_mm, place_labels(panels, label_above), label_mm)
    words = draw_words(ink, px_per_mm, place_header(header, foot, grid_mm), word_mm)
    draw_bars(ink, px_per_mm, bars)
    lines = [trace.points_mm for trace in traces] + [outline_pulse(box) for box in pulses]
    draw_lines(ink, px_per_mm, lines, pen_mm)
    press(rgb, ink, INK)
    return Page(
        rgb=(rgb + 0.5).astype(np.uint8),
        px_per_mm=px_per_mm,
        ecg=printed,
        layout=Layout(layout, panels, "rendered", 1.0),
        calibration=Calibration(mm_per_s, mm_per_mv, "rendered", "rendered"),
        traces=traces,
        labels=labels,
        words=words,
        pulses_mm=pulses,
        grid_mm=grid_mm,
    )


def _print_signal(
    ecg: Ecg, panels: tuple[Panel, ...], duration_s: float, mm_per_s: float, mm_per_mv: float
) -> tuple[Ecg, tuple[Trace, ...]]:
    """Cut the signal to what the page shows, and say where each sample lands."""
    count = round(duration_s * ecg.fs_hz)
    if ecg.signal_mv.shape[0] < count:
        raise ValueError(f"the page shows {duration_s:g} s, the ECG lasts {ecg.duration_s:g} s")
    missing = [lead for lead in LEADS if lead not in ecg.leads]
    if missing:
        raise ValueError(f"the ECG lacks {', '.join(missing)}")
    printed_mv = np.full((count, len(LEADS)), np.nan)
    traces = []
    for panel in panels:
        seconds = (panel.x_mm[1] - panel.x_mm[0]) / mm_per_s
        first, stop = round(panel.start_s * ecg.fs_hz), min(count, round((panel.start_s + seconds) * ecg.fs_hz))
        signal_mv = ecg.lead(panel.lead)[first:stop]
        printed_mv[first:stop, LEADS.index(panel.lead)] = signal_mv
        x_mm = panel.x_mm[0] + (np.arange(first, stop) / ecg.fs_hz - panel.start_s) * mm_per_s
        traces.append(Trace(panel, first, np.stack([x_mm, panel.baseline_mm - signal_mv * mm_per_mv], axis=1)))
    return Ecg(printed_mv, ecg.fs_hz, LEADS), tuple(traces)
