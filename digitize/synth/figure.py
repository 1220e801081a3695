"""A second family of pages: ECGs as matplotlib draws them, clean PNG or PDF.

It guards against a reader that only knows its own printer. Nothing here draws or places with the code of
:mod:`digitize.synth.render`: sheets, margins, grid, fonts, labels and pulses are its own. Shared is only the form in
which the truth is told, :class:`~digitize.synth.render.Page`.

The page's millimetres are those of its grid: a figure is scaled to fit a slide or a browser, not to be measured with a
ruler, and its proportions are those of no paper.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from digitize.errors import MissingPart
from digitize.record import LEADS, Ecg
from digitize.stages import Box, Calibration, Layout, Panel, Word
from digitize.synth.looks import LOOKS, SHEETS, Look, Style, draw_style
from digitize.synth.render import Page, Trace

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text

Ending = Literal[".png", ".pdf"]
_PAGE_S = 10.0


@dataclass(frozen=True, eq=False)
class FigurePage:
    """A drawn figure.

    Attributes
    ----------
    page : Page
        The picture and its truth.
    data : bytes
        The file, PNG or PDF.
    """

    page: Page
    data: bytes


def draw_figure(
    ecg: Ecg,
    *,
    look: Look = "plot",
    layout: str = "3x4+1",
    mm_per_s: float = 25.0,
    mm_per_mv: float = 10.0,
    dpi: float = 200.0,
    seed: int = 0,
    ending: Ending = ".png",
) -> FigurePage:
    """Draw an ECG as a matplotlib figure.

    Parameters
    ----------
    ecg : Ecg
        Twelve leads, ten seconds or more.
    look : {"plot", "export", "strips"}
        A researcher's plot on one set of axes with ticks; a hospital's export with header, pulses and footer; axes of
        their own for every row.
    layout : {"3x4", "3x4+1", "6x2", "12x1"}
    mm_per_s, mm_per_mv : float
        Speed and gain, in millimetres of the grid.
    dpi : float
        Of the picture, as matplotlib counts: the grid is scaled besides.
    seed : int
        Colours, widths, fonts, places and margins. The same seed draws the same figure.
    ending : {".png", ".pdf"}
        Of the file; a PDF holds lines and letters, not pixels.

    Returns
    -------
    FigurePage

    Raises
    ------
    MissingPart
        Without matplotlib.
    ValueError
        The layout or look is not known, or the ECG is too short or lacks a lead.
    """
    if layout not in SHEETS or look not in LOOKS:
        raise ValueError(f"no figure called {layout!r} {look!r}; known are {', '.join(SHEETS)} and {', '.join(LOOKS)}")
    if ecg.duration_s < _PAGE_S or not set(LEADS) <= set(ecg.leads):
        raise ValueError("a figure needs ten seconds of twelve leads")
    check_matplotlib()
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    rows = SHEETS[layout]
    style = draw_style(np.random.default_rng(seed), look, len(rows))
    px_per_mm = dpi / 25.4 * style.scale
    left, top, right, bottom = style.margins_mm
    width_mm = left + style.before_mm + _PAGE_S * mm_per_s + 5.0 + right
    height_mm = top + len(rows) * style.row_mm + bottom
    size_px = np.rint(np.array([width_mm, height_mm]) * px_per_mm)
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update({"font.family": style.font, "axes.linewidth": 0.6})
        figure = Figure(figsize=tuple((size_px + 1e-4) / dpi), dpi=dpi, facecolor=style.paper)
        canvas = FigureCanvasAgg(figure)
        sheet = _Sheet(figure, style, size_px, px_per_mm, mm_per_s, mm_per_mv)
        axes = sheet.add_axes(look, len(rows))
        drawn = [panel for row in range(len(rows)) for panel in sheet.draw_row(ecg, rows, row, *axes[row])]
        pulses = [sheet.draw_pulse(*row_axes) for row_axes in axes] if style.pulse else []
        words = sheet.write_words(look, seed)
        canvas.draw()  # type: ignore[no-untyped-call]
        rgb: NDArray[np.uint8] = np.asarray(canvas.buffer_rgba())[..., :3].copy()  # type: ignore[no-untyped-call]
        data = _encode(figure, rgb, dpi, ending)
        page = Page(
            rgb=rgb,
            px_per_mm=px_per_mm,
            ecg=_cut_printed(ecg, [trace for trace, _ in drawn]),
            layout=Layout(layout, tuple(trace.panel for trace, _ in drawn), "rendered", 1.0),
            calibration=Calibration(mm_per_s, mm_per_mv, "rendered", "rendered"),
            traces=tuple(trace for trace, _ in drawn),
            labels=tuple(sheet.measure(label) for _, label in drawn),
            words=tuple(sheet.measure(text) for text in words),
            pulses_mm=tuple(pulses),
            grid_mm=(left, top, width_mm - right, height_mm - bottom),
        )
    return FigurePage(page, data)


def check_matplotlib() -> None:
    """Refuse early, with what to do, where matplotlib is not installed."""
    from importlib.util import find_spec

    if find_spec("matplotlib") is None:
        raise MissingPart("Figures need matplotlib, which is not installed.", 'Run: pip install "paperbeat[dev]"')


@dataclass(frozen=True)
class _Sheet:
    """A figure in millimetres of its grid, from the top left corner."""

    figure: Figure
    style: Style
    size_px: NDArray[np.float64]
    px_per_mm: float
    mm_per_s: float
    mm_per_mv: float

    def add_axes(self, look: Look, rows: int) -> list[tuple[Axes, float]]:
        """For every row its axes, in seconds and millivolts, and the height of its zero line on them."""
        left, top, right, _ = self.style.margins_mm
        width_px, height_px = self.size_px
        row_mv = self.style.row_mm / self.mm_per_mv
        shared = 1 if look == "strips" else rows  # rows on one set of axes
        placed = []
        for first in range(0, rows, shared):
            inset = 1.0 if look == "strips" else 0.0
            low_mm, high_mm = (
                top + (first + shared) * self.style.row_mm - inset,
                top + first * self.style.row_mm + inset,
            )
            x, width = left * self.px_per_mm / width_px, 1 - (left + right) * self.px_per_mm / width_px
            y, height = 1 - low_mm * self.px_per_mm / height_px, (low_mm - high_mm) * self.px_per_mm / height_px
            axes = self.figure.add_axes((x, y, width, height))
            begin_s = -self.style.before_mm / self.mm_per_s
            axes.set_xlim(begin_s, begin_s + width * width_px / self.px_per_mm / self.mm_per_s)
            high_mv = 0.5 * row_mv - inset / self.mm_per_mv
            axes.set_ylim(high_mv - (low_mm - high_mm) / self.mm_per_mv, high_mv)
            self._rule(axes, labelled=look == "plot" or (look == "strips" and first + shared == rows))
            placed += [(axes, -row * row_mv) for row in range(shared)]
        return placed

    def _rule(self, axes: Axes, labelled: bool) -> None:
        """Grid lines of 1 and 5 mm as matplotlib's minor and major ticks."""
        from matplotlib.ticker import MultipleLocator

        for axis, mm_per_unit in ((axes.xaxis, self.mm_per_s), (axes.yaxis, self.mm_per_mv)):
            axis.set_major_locator(MultipleLocator(5 / mm_per_unit))
            axis.set_minor_locator(MultipleLocator(1 / mm_per_unit))
        axes.grid(which="minor", color=self.style.thin, linewidth=self.style.thin_pt)
        axes.grid(which="major", color=self.style.thick, linewidth=self.style.thick_pt)
        axes.set_axisbelow(True)
        axes.tick_params(which="both", length=0, labelleft=False, labelbottom=labelled, labelsize=5)
        if labelled:
            axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}" if abs(value - round(value)) < 1e-6 else "")
            axes.set_xlabel("time (s)", fontsize=6, labelpad=1)

    def draw_row(
        self, ecg: Ecg, rows: tuple[str, ...], row: int, axes: Axes, zero_mv: float
    ) -> Iterator[tuple[Trace, Text]]:
        """Curves and labels of a row, and the marks between its panels."""
        leads = rows[row].split()
        panel_s = _PAGE_S / len(leads)
        for column, lead in enumerate(leads):
            start_s = column * panel_s
            first, stop = (round((column + k) * panel_s * ecg.fs_hz) for k in (0, 1))
            at_s, height_mv = np.arange(first, stop) / ecg.fs_hz, zero_mv + ecg.lead(lead)[first:stop]
            axes.plot(at_s, height_mv, color=self.style.pen, linewidth=self.style.pen_pt, clip_on=False)
            if column and self.style.separators:
                axes.plot([start_s] * 2, [zero_mv - 0.6, zero_mv + 0.6], color=self.style.pen, linewidth=0.8)
            begin, end = self.to_mm(axes, np.array([start_s, start_s + panel_s]), np.full(2, zero_mv)).tolist()
            strip = len(leads) < len(rows[0].split())
            panel = Panel(lead, row, column, (begin[0], end[0]), begin[1], start_s, strip)
            points_mm = self.to_mm(axes, at_s, height_mv)
            off_page = (points_mm[:, 1] < 0) | (points_mm[:, 1] > self.size_px[1] / self.px_per_mm)
            points_mm[off_page] = np.nan
            yield Trace(panel, first, points_mm), self._label(axes, lead, start_s, zero_mv)

    def _label(self, axes: Axes, lead: str, start_s: float, zero_mv: float) -> Text:
        right_mm, up_mm = self.style.label_mm
        at_s, up_mv = start_s + right_mm / self.mm_per_s, min(up_mm, 0.4 * self.style.row_mm) / self.mm_per_mv
        weight = "bold" if self.style.bold else "normal"
        return axes.text(at_s, zero_mv + up_mv, lead, fontsize=self.style.label_pt, fontweight=weight)

    def draw_pulse(self, axes: Axes, zero_mv: float) -> Box:
        """One millivolt for five millimetres, left of time zero."""
        at_s = np.array([-8.5, -7.5, -7.5, -2.5, -2.5, -1.5]) / self.mm_per_s
        height_mv = zero_mv + np.array([0, 0, 1, 1, 0, 0])
        axes.plot(at_s, height_mv, color=self.style.pen, linewidth=self.style.pen_pt)
        (left, bottom), (right, top) = self.to_mm(axes, at_s[[1, 3]], height_mv[[1, 3]]).tolist()
        return left, top, right, bottom

    def write_words(self, look: Look, seed: int) -> list[Text]:
        """Title of a plot; header box and footer of an export."""
        left, top, _, bottom = self.style.margins_mm
        speed = f"{self.mm_per_s:g} mm/s  {self.mm_per_mv:g} mm/mV"
        if look != "export":
            return [self._write(left, top - 3.0, f"Record {seed % 100_000:05d}, 12-lead ECG, {speed}", 9)]
        about = f"ID {seed % 1_000_000:06d}   Name: SIMULATED   Sex: {'MF'[seed % 2]}   Age: {30 + seed % 50}"
        header = [self._write(left, 7.0, about, 8), self._write(left, 12.0, "Rate, axis, intervals: not measured", 7)]
        foot_mm = self.size_px[1] / self.px_per_mm - 0.4 * bottom
        return [*header, self._write(left, foot_mm, f"{speed}   0.05-150 Hz", 7)]

    def _write(self, left_mm: float, base_mm: float, text: str, size_pt: float) -> Text:
        x, y = np.array([left_mm, base_mm]) * self.px_per_mm / self.size_px
        return self.figure.text(x, 1 - y, text, fontsize=size_pt)

    def to_mm(self, axes: Axes, at_s: NDArray[np.float64], height_mv: NDArray[np.float64]) -> NDArray[np.float64]:
        """Points on axes in millimetres of the sheet, shape (n, 2)."""
        x, y = axes.transData.transform(np.stack([at_s, height_mv], axis=1)).T
        return np.stack([x, self.size_px[1] - y], axis=1) / self.px_per_mm

    def measure(self, text: Text) -> Word:
        """A text that was drawn as a word and its box."""
        box = text.get_window_extent()
        edges = np.array([box.x0, self.size_px[1] - box.y1, box.x1, self.size_px[1] - box.y0]) / self.px_per_mm
        left, top, right, bottom = edges.tolist()
        return Word(text.get_text(), (left, top, right, bottom), 1.0)


def _cut_printed(ecg: Ecg, traces: list[Trace]) -> Ecg:
    """The signal as printed: NaN where a lead is not on the page."""
    printed_mv = np.full((round(_PAGE_S * ecg.fs_hz), len(LEADS)), np.nan)
    for trace in traces:
        at = trace.first + np.flatnonzero(np.isfinite(trace.points_mm).all(axis=1))
        printed_mv[at, LEADS.index(trace.panel.lead)] = ecg.lead(trace.panel.lead)[at]
    return Ecg(printed_mv, ecg.fs_hz, LEADS)


def _encode(figure: Figure, rgb: NDArray[np.uint8], dpi: float, ending: Ending) -> bytes:
    """The file; without the hour at which it was made, so that the same figure is the same file."""
    out = io.BytesIO()
    if ending == ".pdf":
        figure.savefig(out, format="pdf", facecolor=figure.get_facecolor(), metadata={"CreationDate": None})
    else:
        from PIL import Image

        Image.fromarray(rgb).save(out, "PNG", dpi=(dpi, dpi), compress_level=3)
    return out.getvalue()
