"""What kind of ink covers each pixel of a page, drawn again from its plan at any scale."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from digitize.synth.ink import cover_grid, draw_lines
from digitize.synth.render import Page, draw_print, grid_layers


@dataclass(frozen=True, eq=False)
class Masks:
    """Share of each pixel that each kind of ink covers: float32 in 0..1, each of shape (H, W).

    ``trace`` is the leads alone; ``print`` is everything else but the grid: words, separators, pulses, handwriting.
    """

    trace: NDArray[np.float32]
    grid: NDArray[np.float32]
    print: NDArray[np.float32]


def draw_masks(page: Page, px_per_mm: float | None = None, row: int | None = None) -> Masks:
    """Draw the masks of a page.

    Parameters
    ----------
    page : Page
        From `render`.
    px_per_mm : float, optional
        The page's own when left out. The middle of the first pixel lies half a pixel from the paper's corner.
    row : int, optional
        Only this row's leads are trace; all others are print.

    Returns
    -------
    Masks

    Raises
    ------
    ValueError
        When another program drew the page.
    """
    plan = page.plan
    if plan is None:
        raise ValueError("this page was not drawn by render(), so it cannot be drawn again")
    scale = page.px_per_mm if px_per_mm is None else px_per_mm
    shape = (round(plan.paper_mm[1] * scale), round(plan.paper_mm[0] * scale))
    grid, trace, rest = (np.zeros(shape, np.float32) for _ in range(3))
    for pitch_mm, line_mm, _, dots in grid_layers(plan.stock):
        np.maximum(grid, cover_grid(shape, plan.grid_mm, scale, pitch_mm, line_mm, dots), out=grid)
    draw_print(plan, rest, scale)
    draw_lines(rest, scale, plan.pulse_lines, plan.pen.width_mm)
    for stroke in plan.strokes:
        draw_lines(rest, scale, [stroke.points_mm], stroke.width_mm)
    own = [t.points_mm for t in plan.traces if row in (None, t.panel.row)]
    others = [t.points_mm for t in plan.traces if row not in (None, t.panel.row)]
    draw_lines(trace, scale, own, plan.pen.width_mm)
    draw_lines(rest, scale, others, plan.pen.width_mm)
    return Masks(trace, grid, rest)
