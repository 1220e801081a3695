"""Marks on paper: grid lines, pen lines and bars, all anti-aliased and placed to a fraction of a pixel.

Paper millimetres become pixels as ``px = mm * px_per_mm - 0.5``: the centre of the first pixel is (0, 0).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from digitize.stages import Box

Rgb = tuple[int, int, int]
Plane = NDArray[np.float32]

_FINER = 4  # pen lines are drawn this much larger, then averaged down
_LEAST_PITCH_PX = 2.5  # finer screens would show as a moire of the page's own pixels
_SHIFT = 6  # fractional bits of drawn coordinates


@dataclass(frozen=True)
class Screen:
    """How a printer breaks up what it prints in colour, so that its lines come out as beads.

    Attributes
    ----------
    pitch_mm : float
        Distance of neighbouring gaps.
    angle_deg : float
        By which the rows of gaps are turned from the level, anticlockwise.
    depth : float
        Part of the colour that is missing where it is palest, 0 to 1.
    crossed : bool
        Gaps both along the rows and across them: dots; else bands.
    """

    pitch_mm: float
    angle_deg: float
    depth: float
    crossed: bool


def cover_grid(
    shape: tuple[int, ...], grid_mm: Box, px_per_mm: float, pitch_mm: int, line_mm: float, dots: bool = False
) -> Plane:
    """How much of each pixel the lines of a grid cover.

    Parameters
    ----------
    shape : (int, int, ...)
        Of the page, in pixels.
    grid_mm : Box
        The first lines lie on its left and top edge.
    px_per_mm : float
    pitch_mm : int
        Distance of lines.
    line_mm : float
        Their width.
    dots : bool
        Only where lines cross.

    Returns
    -------
    ndarray of float32, shape (H, W)
        0 to 1.
    """
    left, top, right, bottom = grid_mm
    height, width = shape[:2]
    down = _cover(width, np.arange(left, right + 0.01, pitch_mm), line_mm, px_per_mm)
    across = _cover(height, np.arange(top, bottom + 0.01, pitch_mm), line_mm, px_per_mm)
    if dots:
        return np.asarray(np.outer(across, down), np.float32)
    down_ends = _cover(height, np.array([(top + bottom) / 2]), bottom - top, px_per_mm)
    across_ends = _cover(width, np.array([(left + right) / 2]), right - left, px_per_mm)
    lines = down[None, :] * down_ends[:, None], across[:, None] * across_ends[None, :]
    return np.asarray(np.maximum(*lines), np.float32)


def cover_screen(shape: tuple[int, ...], px_per_mm: float, screen: Screen) -> Plane:
    """Part of its colour that a printer's screen leaves each pixel, 1 - depth to 1, shape (H, W)."""
    turn = 2 * np.pi / max(screen.pitch_mm * px_per_mm, _LEAST_PITCH_PX)
    angle = np.deg2rad(screen.angle_deg)
    across, down = np.float32(np.sin(angle)), np.float32(np.cos(angle))
    x, y = (turn * np.arange(count, dtype=np.float32) for count in shape[1::-1])
    ways = ((across, down), (down, -across)) if screen.crossed else ((across, down),)
    gaps = np.max([0.5 - 0.5 * np.cos(x * right + (y * below)[:, None]) for right, below in ways], axis=0)
    return np.asarray(1 - np.float32(screen.depth) * gaps, np.float32)


def _cover(count: int, centres_mm: NDArray[np.float64], width_mm: float, px_per_mm: float) -> Plane:
    """How much of each pixel of a row lies under lines of a width, 0 to 1."""
    edges_mm = np.arange(count + 1) / px_per_mm
    begin, end = centres_mm - width_mm / 2, centres_mm + width_mm / 2
    inside_mm = np.clip(edges_mm[:, None], begin, end).sum(axis=1)
    return np.asarray((np.diff(inside_mm) * px_per_mm).clip(0, 1), np.float32)


def draw_lines(ink: Plane, px_per_mm: float, lines_mm: Iterable[NDArray[np.float64]], pen_mm: float) -> None:
    """Draw pen lines with round ends into the ink, in place.

    Parameters
    ----------
    ink : ndarray of float32, shape (H, W)
        Share of each pixel that is inked, 0 to 1.
    px_per_mm : float
    lines_mm : iterable of ndarray, shape (n, 2)
        Points (x, y); the pen is lifted where they are NaN.
    pen_mm : float
        Width of the pen.
    """
    import cv2

    pen_px = max(1, round(pen_mm * px_per_mm * _FINER))
    for line in lines_mm:
        points = line * (px_per_mm * _FINER) - 0.5
        drawn = np.isfinite(points).all(axis=1)
        if not drawn.any():
            continue
        box = _around(points[drawn], pen_px, ink.shape)
        if box is None:
            continue
        left, top, right, bottom = box
        fine = np.zeros(((bottom - top) * _FINER, (right - left) * _FINER), np.uint8)
        breaks = np.flatnonzero(np.diff(drawn.astype(np.int8))) + 1
        for part, inked in zip(np.split(points, breaks), np.split(drawn, breaks), strict=True):
            if inked.any():
                shifted = (part - np.array([left, top]) * _FINER) * (1 << _SHIFT)
                cv2.polylines(fine, [np.round(shifted).astype(np.int32)], False, 255, pen_px, cv2.LINE_8, _SHIFT)
        part_px = cv2.resize(fine, (right - left, bottom - top), interpolation=cv2.INTER_AREA)
        there = ink[top:bottom, left:right]
        np.maximum(there, part_px.astype(np.float32) / 255, out=there)


def _around(points: NDArray[np.float64], pen_px: int, shape: tuple[int, ...]) -> tuple[int, int, int, int] | None:
    """The pixels that a line can touch: left, top, right, bottom; None where they are off the page."""
    low = np.floor((points.min(axis=0) - pen_px) / _FINER).astype(int)
    high = np.ceil((points.max(axis=0) + pen_px) / _FINER).astype(int) + 1
    left, top = np.maximum(low, 0).tolist()
    right, bottom = np.minimum(high, shape[1::-1]).tolist()
    return (left, top, right, bottom) if right > left and bottom > top else None


def draw_bars(ink: Plane, px_per_mm: float, bars_mm: Iterable[Box]) -> None:
    """Fill upright boxes with ink, in place."""
    height, width = ink.shape
    for left, top, right, bottom in bars_mm:
        across = _cover(width, np.array([(left + right) / 2]), right - left, px_per_mm)
        down = _cover(height, np.array([(top + bottom) / 2]), bottom - top, px_per_mm)
        rows, cols = np.flatnonzero(down), np.flatnonzero(across)
        if rows.size and cols.size:
            part = ink[rows[0] : rows[-1] + 1, cols[0] : cols[-1] + 1]
            np.maximum(part, np.outer(down[rows], across[cols]), out=part)


def press(rgb: Plane, cover: Plane, colour: Rgb) -> None:
    """Lay a colour over the page where it is covered, in place."""
    rgb += cover[..., None] * (np.array(colour, np.float32) - rgb)


def texture_ink(
    ink: Plane, px_per_mm: float, rng: np.random.Generator, fade: float, skips: float, texture: str
) -> None:
    """Let the ink of a trace fade, skip and show how it was put on paper, in place; see `digitize.synth.stock.Pen`."""
    import cv2

    height, width = ink.shape
    if fade > 0:
        nodes = rng.random((int(height / px_per_mm / 40) + 3, int(width / px_per_mm / 40) + 3)).astype(np.float32)
        cloud = cv2.resize(nodes, (width, height), interpolation=cv2.INTER_CUBIC)
        ink *= 1 - np.float32(fade) * np.clip(cloud, 0, 1)
    for _ in range(rng.poisson(skips * width / px_per_mm / 1000 * height / px_per_mm / 40)):
        x, y = int(rng.integers(width)), int(rng.integers(height))
        wide, high = (max(1, int(side * px_per_mm)) for side in (rng.uniform(0.2, 0.8), rng.uniform(5, 40)))
        ink[y : y + high, x : x + wide] *= np.float32(rng.uniform(0, 0.5))
    if texture == "bands":
        pitch = max(2.0, rng.uniform(0.5, 2.0) * px_per_mm)
        wave = 0.5 + 0.5 * np.cos(2 * np.pi * np.arange(height) / pitch)
        ink *= (1 - rng.uniform(0.1, 0.45) * wave[:, None] ** 4).astype(np.float32)
    if texture == "dots":
        pitch = max(2.0, rng.uniform(0.25, 0.4) * px_per_mm)
        waves = [0.5 + 0.5 * np.cos(2 * np.pi * np.arange(n) / pitch) for n in (height, width)]
        ink *= (1 - rng.uniform(0.2, 0.5) * (1 - np.outer(*waves))).astype(np.float32)
