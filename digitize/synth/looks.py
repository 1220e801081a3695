"""How figures look: sheets, colours, fonts, widths and margins, drawn from a seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from digitize.record import LEADS
from digitize.stages import Box

Look = Literal["plot", "export", "strips"]
LOOKS: tuple[Look, ...] = get_args(Look)

SHEETS: dict[str, tuple[str, ...]] = {
    "3x4": ("I aVR V1 V4", "II aVL V2 V5", "III aVF V3 V6"),
    "3x4+1": ("I aVR V1 V4", "II aVL V2 V5", "III aVF V3 V6", "II"),
    "6x2": ("I V1", "II V2", "III V3", "aVR V4", "aVL V5", "aVF V6"),
    "12x1": tuple(LEADS),
}
_ROW_MM = {3: 34.0, 4: 29.0, 6: 24.0, 12: 15.0}  # by how many rows there are
_GRIDS = (("#f7b6b6", "#e06666"), ("#ffd9b3", "#f0a050"), ("#cfe8cf", "#86b886"), ("#d8d8d8", "#a0a0a0"))
_FONTS = ("DejaVu Sans", "DejaVu Serif", "DejaVu Sans Mono", "STIXGeneral")


@dataclass(frozen=True)
class Style:
    """What a seed decides about a look. Widths are points, lengths millimetres of the grid."""

    font: str
    label_pt: float
    label_mm: tuple[float, float]  # right of the panel's start and above its zero line
    bold: bool
    thin: str
    thick: str
    thin_pt: float
    thick_pt: float
    pen: str
    pen_pt: float
    paper: str
    scale: float  # of the grid against true millimetres
    before_mm: float  # from the left edge of the grid to time zero
    margins_mm: Box  # left, top, right, bottom of the figure around the grid
    row_mm: float
    pulse: bool
    separators: bool


def draw_style(rng: np.random.Generator, look: Look, rows: int) -> Style:
    thin, thick = _GRIDS[int(rng.integers(len(_GRIDS)))]
    side_label = look == "strips" and rows == 12
    return Style(
        font=str(rng.choice(_FONTS)),
        label_pt=float(rng.uniform(7.5, 11)),
        label_mm=(-9.0, -1.0) if side_label else (float(rng.uniform(0.8, 2.0)), float(rng.uniform(5, 8))),
        bold=bool(rng.integers(2)),
        thin=thin,
        thick=thick,
        thin_pt=float(rng.uniform(0.2, 0.45)),
        thick_pt=float(rng.uniform(0.5, 0.9)),
        pen=str(rng.choice(["black", "#101030", "#202020"])) if look != "plot" else str(rng.choice(["black", "navy"])),
        pen_pt=float(rng.uniform(0.6, 1.1)),
        paper=str(rng.choice(["#ffffff", "#fffaf5"])) if look == "export" else "#ffffff",
        scale=float(rng.uniform(0.85, 1.15)),
        before_mm=15.0 if side_label else 10.0,
        margins_mm=(
            float(rng.uniform(6, 16)),
            float(rng.uniform(10, 14)) if look == "plot" else float(rng.uniform(16, 30)),
            float(rng.uniform(4, 12)),
            float(rng.uniform(10, 16)),
        ),
        row_mm=_ROW_MM[rows] + float(rng.integers(0, 3)),
        pulse=not side_label and (look == "export" or bool(rng.integers(2))),
        separators=look == "export" and bool(rng.integers(2)),
    )
