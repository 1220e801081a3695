"""An Ecg becomes a printed page, together with the exact truth of what was printed where.

First everything is given its place on the paper, in millimetres (`digitize.synth.plan`); then it is drawn.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from digitize.record import Ecg
from digitize.stages import Box, Calibration, Layout, Word
from digitize.synth.ink import cover_grid, cover_screen, draw_bars, draw_lines, press, texture_ink
from digitize.synth.place import frame_words
from digitize.synth.plan import PAPERS_MM, Plan, Trace, plan_page
from digitize.synth.stock import COLOURS, INK, Grid, Pen, Stock
from digitize.synth.words import draw_words

__all__ = ["COLOURS", "INK", "PAPERS_MM", "Grid", "Page", "Trace", "draw_plan", "render"]


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
    plan : Plan or None
        Everything that was drawn, for drawing it again; None for a page that another program drew.
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
    plan: Plan | None = None

    def to_px(self, points_mm: ArrayLike) -> NDArray[np.float64]:
        """Page pixels of paper points (x, y), shape (..., 2); the centre of the first pixel is (0, 0)."""
        return np.asarray(points_mm, np.float64) * self.px_per_mm - 0.5


def render(
    ecg: Ecg,
    *,
    dpi: float = 200.0,
    grid: Grid = "1+5",
    colour: str = "red",
    pen_mm: float = 0.3,
    stock: Stock | None = None,
    pen: Pen | None = None,
    **page: Any,
) -> Page:
    """Print an ECG on paper.

    Parameters
    ----------
    ecg : Ecg
        As long as the page, with the leads that the layout prints.
    dpi : float
        Pixels per inch of the picture, 20 to 600.
    grid : {"1+5", "5", "1", "dots", "dots+5", "none"}
        Lines every 1 and 5 mm, and so on; see `Stock`.
    colour : str
        Of paper and grid, one of `COLOURS`.
    pen_mm : float
        Width of the trace.
    stock : Stock, optional
        Paper and grid in full, in place of ``grid`` and ``colour``.
    pen : Pen, optional
        In place of ``pen_mm``.
    **page
        Everything that `plan_page` takes: layout, speed, gain, paper, separators, pulses, words ...

    Returns
    -------
    Page

    Raises
    ------
    ValueError
        When the layout or colour is not known, speed, gain or dpi are out of range, the page does not fit the paper,
        or the ECG is too short or lacks a lead.
    """
    if colour not in COLOURS:
        raise ValueError(f"no colour called {colour!r}; known are {', '.join(COLOURS)}")
    if not 20 <= dpi <= 600:
        raise ValueError("dpi must be 20 to 600")
    stock = stock or Stock(*COLOURS[colour], grid=grid)
    return draw_plan(plan_page(ecg, stock=stock, pen=pen or Pen(pen_mm), **page), dpi / 25.4)


def draw_plan(plan: Plan, px_per_mm: float) -> Page:
    """Draw a planned page at a resolution."""
    width_mm, height_mm = plan.paper_mm
    shape = (round(height_mm * px_per_mm), round(width_mm * px_per_mm))
    rgb = np.empty((*shape, 3), np.float32)
    rgb[:] = plan.stock.paper_rgb
    for pitch_mm, line_mm, colour, dots in grid_layers(plan.stock):
        cover = cover_grid(shape, plan.grid_mm, px_per_mm, pitch_mm, line_mm, dots)
        if plan.stock.screen:
            cover *= cover_screen(shape, px_per_mm, plan.stock.screen)
        press(rgb, cover, colour)
    ink = np.zeros(shape, np.float32)
    labels, words = draw_print(plan, ink, px_per_mm)
    press(rgb, ink, plan.type.rgb)
    ink[:] = 0
    draw_pen(plan, ink, px_per_mm)
    texture_ink(ink, px_per_mm, np.random.default_rng(plan.pen.seed), plan.pen.fade, plan.pen.skips, plan.pen.texture)
    press(rgb, ink, plan.pen.rgb)
    for stroke in plan.strokes:
        ink[:] = 0
        draw_lines(ink, px_per_mm, [stroke.points_mm], stroke.width_mm)
        press(rgb, ink, stroke.rgb)
    return Page(
        rgb=(rgb + 0.5).astype(np.uint8),
        px_per_mm=px_per_mm,
        ecg=plan.ecg,
        layout=plan.layout,
        calibration=plan.calibration,
        traces=plan.traces,
        labels=tuple(replace(word, text=lead) for word, lead in zip(labels, _leads(plan), strict=True)),
        words=words,
        pulses_mm=plan.pulses_mm,
        grid_mm=plan.grid_mm,
        plan=plan,
    )


def _leads(plan: Plan) -> list[str]:
    return [trace.panel.lead for trace in plan.traces]


def grid_layers(stock: Stock) -> list[tuple[int, float, tuple[int, int, int], bool]]:
    """What the grid is drawn of, first the palest: pitch and width in millimetres, colour, and whether it is dots."""
    fine = (1, stock.thin_mm, stock.thin_rgb, False)
    dots = (1, 2 * stock.thin_mm, stock.thin_rgb, True)
    broad = (5, stock.thick_mm, stock.thick_rgb, False)
    kinds = {"1+5": [fine, broad], "5": [broad], "1": [fine], "dots": [dots], "dots+5": [dots, broad], "none": []}
    return kinds[stock.grid]


def draw_print(plan: Plan, ink: NDArray[np.float32], px_per_mm: float) -> tuple[tuple[Word, ...], tuple[Word, ...]]:
    """Labels, words, frames and separators into the ink, in place; labels and words with the boxes they fill."""
    labels = draw_words(ink, px_per_mm, plan.labels)
    words = draw_words(ink, px_per_mm, plan.words)
    if plan.type.boxed:
        draw_lines(ink, px_per_mm, frame_words(labels), 0.2)
    draw_bars(ink, px_per_mm, plan.bars_mm)
    return labels, words


def draw_pen(plan: Plan, ink: NDArray[np.float32], px_per_mm: float) -> None:
    """Traces and pulses into the ink, in place."""
    draw_lines(ink, px_per_mm, [trace.points_mm for trace in plan.traces], plan.pen.width_mm)
    draw_lines(ink, px_per_mm, plan.pulse_lines, plan.pen.width_mm)
