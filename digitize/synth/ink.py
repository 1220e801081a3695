"""Marks on paper: grid lines, pen lines, bars and words, all anti-aliased and placed to a fraction of a pixel.

Paper millimetres become pixels as ``px = mm * px_per_mm - 0.5``: the centre of the first pixel is (0, 0).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from digitize.stages import Box, Word

Rgb = tuple[int, int, int]
Plane = NDArray[np.float32]

_FINER = 4  # pen lines are drawn this much larger, then averaged down
_SHIFT = 6  # fractional bits of drawn coordinates
_THIN_MM, _THICK_MM = 0.12, 0.22


def draw_grid(
    rgb: Plane, grid_mm: Box, px_per_mm: float, pitches_mm: Sequence[int], thin_rgb: Rgb, thick_rgb: Rgb
) -> None:
    """Draw grid lines over the page, in place.

    Parameters
    ----------
    rgb : ndarray of float32, shape (H, W, 3)
    grid_mm : Box
        The first lines lie on its left and top edge.
    px_per_mm : float
    pitches_mm : sequence of int
        Distances of lines: 5 is drawn thick, all others thin; a later one lies over an earlier one.
    thin_rgb, thick_rgb : (int, int, int)
    """
    left, top, right, bottom = grid_mm
    height, width = rgb.shape[:2]
    for pitch_mm in pitches_mm:
        line_mm, colour = (_THICK_MM, thick_rgb) if pitch_mm == 5 else (_THIN_MM, thin_rgb)
        down = _cover(width, np.arange(left, right + 0.01, pitch_mm), line_mm, px_per_mm)
        across = _cover(height, np.arange(top, bottom + 0.01, pitch_mm), line_mm, px_per_mm)
        down_ends = _cover(height, np.array([(top + bottom) / 2]), bottom - top, px_per_mm)
        across_ends = _cover(width, np.array([(left + right) / 2]), right - left, px_per_mm)
        cover = np.maximum(down[None, :] * down_ends[:, None], across[:, None] * across_ends[None, :])
        press(rgb, cover, colour)


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

    height, width = ink.shape
    fine = np.zeros((height * _FINER, width * _FINER), np.uint8)
    pen_px = max(1, round(pen_mm * px_per_mm * _FINER))
    for line in lines_mm:
        points = line * (px_per_mm * _FINER) - 0.5
        drawn = np.isfinite(points).all(axis=1)
        breaks = np.flatnonzero(np.diff(drawn.astype(np.int8))) + 1
        for part, inked in zip(np.split(points, breaks), np.split(drawn, breaks), strict=True):
            if inked.any():
                fixed = np.round(part * (1 << _SHIFT)).astype(np.int32)
                cv2.polylines(fine, [fixed], False, 255, pen_px, cv2.LINE_8, _SHIFT)
    drawn_px = cv2.resize(fine, (width, height), interpolation=cv2.INTER_AREA)
    np.maximum(ink, drawn_px.astype(np.float32) / 255, out=ink)


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


def draw_words(
    ink: Plane, px_per_mm: float, placed: Iterable[tuple[str, float, float]], size_mm: float
) -> tuple[Word, ...]:
    """Write words into the ink, in place.

    Parameters
    ----------
    ink : ndarray of float32, shape (H, W)
    px_per_mm : float
    placed : iterable of (str, float, float)
        Text and the left and top of its box, in millimetres.
    size_mm : float
        Size of the letters, about the height of a line.

    Returns
    -------
    tuple of Word
        With the box that the ink fills.
    """
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.load_default(size=size_mm * px_per_mm)
    canvas = Image.new("L", (ink.shape[1], ink.shape[0]), 0)
    pen = ImageDraw.Draw(canvas)
    words = []
    for text, left_mm, top_mm in placed:
        at = (round(left_mm * px_per_mm), round(top_mm * px_per_mm))
        pen.text(at, text, fill=255, font=font)
        left, top, right, bottom = pen.textbbox(at, text, font=font)
        words.append(Word(text, (left / px_per_mm, top / px_per_mm, right / px_per_mm, bottom / px_per_mm), 1.0))
    np.maximum(ink, np.asarray(canvas, np.float32) / 255, out=ink)
    return tuple(words)


def press(rgb: Plane, cover: Plane, colour: Rgb) -> None:
    """Lay a colour over the page where it is covered, in place."""
    rgb += cover[..., None] * (np.array(colour, np.float32) - rgb)
