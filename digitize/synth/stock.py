"""What a page is made of: paper with its grid, a pen, type, and what people write on it by hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from digitize.synth.ink import Rgb, Screen
from digitize.synth.words import Face

Grid = Literal["1+5", "5", "1", "dots", "dots+5", "none"]
Texture = Literal["smooth", "bands", "dots"]

COLOURS: dict[str, tuple[Rgb, Rgb, Rgb]] = {  # paper, 1 mm lines, 5 mm lines
    "red": ((255, 253, 250), (246, 196, 188), (226, 112, 104)),
    "pink": ((255, 236, 238), (249, 206, 212), (240, 160, 172)),
    "orange": ((255, 250, 242), (250, 214, 178), (238, 158, 90)),
    "brown": ((252, 248, 240), (226, 206, 184), (176, 132, 94)),
    "grey": ((252, 252, 252), (218, 218, 218), (160, 160, 160)),
    "blue": ((252, 253, 255), (206, 222, 240), (134, 168, 208)),
    "green": ((250, 253, 249), (204, 228, 204), (130, 180, 138)),
    "dark_red": ((252, 252, 252), (220, 186, 182), (150, 62, 62)),
}
INK: Rgb = (26, 24, 28)


@dataclass(frozen=True)
class Stock:
    """Paper and the grid on it.

    Attributes
    ----------
    paper_rgb, thin_rgb, thick_rgb : (int, int, int)
        Of the paper, the lines every millimetre and the lines every five.
    grid : {"1+5", "5", "1", "dots", "dots+5", "none"}
        Lines every 1 and 5 mm, one of the two, dots every millimetre, dots and 5 mm lines, or nothing.
    thin_mm, thick_mm : float
        Widths of the lines.
    bleed : bool
        The grid runs over the paper's edges, as on rolls.
    screen : Screen, optional
        What breaks up the grid's lines; without it they are even.
    """

    paper_rgb: Rgb
    thin_rgb: Rgb
    thick_rgb: Rgb
    grid: Grid = "1+5"
    thin_mm: float = 0.12
    thick_mm: float = 0.22
    bleed: bool = False
    screen: Screen | None = None


@dataclass(frozen=True)
class Pen:
    """What the trace is drawn with.

    Attributes
    ----------
    width_mm : float
    rgb : (int, int, int)
    fade : float
        How much paler the ink is at its palest, 0 to 1; changes slowly over the page, as thermal paper does.
    skips : float
        Gaps a metre of paper, each about half a millimetre long.
    texture : {"smooth", "bands", "dots"}
        Even ink, the bands of an ink-jet, or the dots of a needle printer.
    seed : int
        Of where it fades and skips.
    """

    width_mm: float = 0.3
    rgb: Rgb = INK
    fade: float = 0.0
    skips: float = 0.0
    texture: Texture = "smooth"
    seed: int = 0


@dataclass(frozen=True)
class Type:
    """How words are set.

    Attributes
    ----------
    label_face, word_face : Face
        Of the lead names, and of header and footer.
    label_mm, word_mm : float
        Sizes of the letters.
    label_at_mm : (float, float), optional
        Where a lead's name begins, from its trace's start on the baseline; left out, just right of it, clear of the
        trace.
    boxed : bool
        A frame around each lead's name.
    rgb : (int, int, int)
    """

    label_face: Face = "plain"
    word_face: Face = "plain"
    label_mm: float = 3.4
    word_mm: float = 3.0
    label_at_mm: tuple[float, float] | None = None
    boxed: bool = False
    rgb: Rgb = INK


@dataclass(frozen=True, eq=False)
class Stroke:
    """A line that a person drew on the print: points (x, y) on the paper, shape (n, 2), in a colour."""

    points_mm: NDArray[np.float64]
    width_mm: float
    rgb: Rgb


def scribble(rng: np.random.Generator, at_mm: tuple[float, float], length_mm: float, rgb: Rgb) -> Stroke:
    """Words in somebody's hand that mean nothing: arches, loops and stems, no two alike, joined within a word."""
    size, slant = rng.uniform(1.2, 2.6), rng.uniform(-0.1, 0.5)
    points: list[NDArray[np.float64]] = []
    x = 0.0
    while x < length_mm:
        for _ in range(int(rng.integers(2, 9))):
            wide = size * rng.uniform(0.5, 1.1)
            up = size * (rng.uniform(0.7, 1.1) if rng.random() < 0.7 else rng.uniform(1.7, 2.6))
            down = 0.0 if rng.random() < 0.85 else size * rng.uniform(0.8, 1.4)
            loop = rng.uniform(-0.35, 0.5) * wide
            turn = np.linspace(0, 2 * np.pi, 24, endpoint=False)
            high = np.where(np.cos(turn) < 1, (1 - np.cos(turn)) / 2 * up, 0.0) - np.sin(turn).clip(-1, 0) * -down
            points.append(np.stack([x + turn / (2 * np.pi) * wide + loop * np.sin(turn) + slant * high, -high], axis=1))
            x += wide
        points.append(np.full((1, 2), np.nan))
        x += size * rng.uniform(0.8, 1.6)
    turn = np.deg2rad(rng.normal(0, 5))
    spin = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return Stroke(np.concatenate(points) @ spin.T + at_mm, float(rng.uniform(0.2, 0.5)), rgb)


def ring(rng: np.random.Generator, at_mm: tuple[float, float], rgb: Rgb) -> Stroke:
    """A ring around something that mattered to somebody."""
    angle = np.linspace(0, 2 * np.pi * rng.uniform(0.95, 1.15), 80) + rng.uniform(0, 6)
    wide, high = rng.uniform(4, 16), rng.uniform(3, 10)
    drift = 1 + 0.08 * np.sin(angle * rng.uniform(0.5, 1.5))
    points = np.stack([wide * np.cos(angle), high * np.sin(angle)], axis=1) * drift[:, None]
    return Stroke(points + at_mm, float(rng.uniform(0.3, 0.8)), rgb)


def underline(rng: np.random.Generator, at_mm: tuple[float, float], length_mm: float, rgb: Rgb) -> Stroke:
    """A line drawn by hand: under a word, along a ruler, or an arrow's shaft."""
    t = np.linspace(0, 1, 30)
    turn = rng.normal(0, 0.15) if rng.random() < 0.7 else rng.uniform(-np.pi, np.pi)
    sway = 0.02 * length_mm * np.sin(rng.uniform(2, 6) * t)
    points = np.stack([length_mm * t, sway], axis=1)
    spin = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return Stroke(points @ spin.T + at_mm, float(rng.uniform(0.25, 0.7)), rgb)
