"""Words on paper, in faces that can be counted on: Pillow's own, Hershey's, and matplotlib's where it is installed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from digitize.stages import Word

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont, ImageFont

Plane = NDArray[np.float32]
Face = Literal[
    "plain", "sans", "sans bold", "serif", "mono", "stix", "roman", "plotter", "plotter bold", "plotter serif"
]
FACES: tuple[Face, ...] = get_args(Face)

_FILES: dict[Face, str] = {  # of matplotlib
    "sans": "DejaVuSans.ttf",
    "sans bold": "DejaVuSans-Bold.ttf",
    "serif": "DejaVuSerif.ttf",
    "mono": "DejaVuSansMono.ttf",
    "stix": "STIXGeneral.ttf",
    "roman": "cmr10.ttf",
}
_PLOTTERS: dict[Face, tuple[int, int]] = {"plotter": (0, 1), "plotter bold": (2, 2), "plotter serif": (3, 1)}
"""Hershey's faces as OpenCV numbers them, and how many strokes wide they are drawn."""
_FINER = 3


@dataclass(frozen=True)
class Placed:
    """A word before it is drawn: the left and top of its line, the size of its letters, its face."""

    text: str
    left_mm: float
    top_mm: float
    size_mm: float
    face: Face = "plain"


def known_faces() -> tuple[Face, ...]:
    """The faces that can be drawn here: those of matplotlib only where it is installed."""
    return tuple(face for face in FACES if face not in _FILES or _find_file(face) is not None)


@cache
def _find_file(face: Face) -> Path | None:
    found = find_spec("matplotlib")
    if found is None or found.origin is None:
        return None
    path = Path(found.origin).parent / "mpl-data" / "fonts" / "ttf" / _FILES[face]
    return path if path.exists() else None


def draw_words(ink: Plane, px_per_mm: float, placed: Iterable[Placed]) -> tuple[Word, ...]:
    """Write words into the ink, in place.

    Parameters
    ----------
    ink : ndarray of float32, shape (H, W)
        Share of each pixel that is inked, 0 to 1.
    px_per_mm : float
    placed : iterable of Placed
        A face that is not installed is replaced by the plain one.

    Returns
    -------
    tuple of Word
        With the box that the ink fills, in millimetres.
    """
    words = []
    for word in placed:
        if word.face in _PLOTTERS:
            (left, top), drawn = _plot(word, px_per_mm)
        else:
            (left, top), drawn = _set(word, px_per_mm)
        height, width = drawn.shape
        _lay(ink, drawn, left, top)
        box = (left / px_per_mm, top / px_per_mm, (left + width) / px_per_mm, (top + height) / px_per_mm)
        words.append(Word(word.text, box, 1.0))
    return tuple(words)


def _lay(ink: Plane, drawn: Plane, left: int, top: int) -> None:
    """The darker of what is there and what is drawn, where it falls on the page."""
    height, width = drawn.shape
    rows, cols = slice(max(top, 0), min(top + height, len(ink))), slice(max(left, 0), min(left + width, ink.shape[1]))
    if rows.stop > rows.start and cols.stop > cols.start:
        there = ink[rows, cols]
        part = drawn[rows.start - top : rows.stop - top, cols.start - left : cols.stop - left]
        np.maximum(there, part, out=there)


def _set(word: Placed, px_per_mm: float) -> tuple[tuple[int, int], Plane]:
    """A word in type: where its ink begins, and the ink."""
    from PIL import Image, ImageDraw

    font = _open_font(word.face, round(word.size_mm * px_per_mm, 2))
    at = (round(word.left_mm * px_per_mm), round(word.top_mm * px_per_mm))
    left, top, right, bottom = (round(edge) for edge in font.getbbox(word.text))
    canvas = Image.new("L", (max(right - left, 1), max(bottom - top, 1)), 0)
    ImageDraw.Draw(canvas).text((-left, -top), word.text, fill=255, font=font)
    return (at[0] + left, at[1] + top), np.asarray(canvas, np.float32) * np.float32(1 / 255)


@cache
def _open_font(face: Face, size_px: float) -> FreeTypeFont | ImageFont:
    from PIL import ImageFont

    path = _find_file(face) if face in _FILES else None
    return ImageFont.load_default(size=size_px) if path is None else ImageFont.truetype(str(path), size_px)


def _plot(word: Placed, px_per_mm: float) -> tuple[tuple[int, int], Plane]:
    """A word drawn by a plotter's pen."""
    import cv2

    number, strokes = _PLOTTERS[word.face]
    scale = 0.72 * word.size_mm * px_per_mm * _FINER / 22  # capitals of Hershey's faces are 21 to 22 units high
    thick = max(1, round(strokes * 0.11 * word.size_mm * px_per_mm * _FINER / 1.4))
    (width, height), below = cv2.getTextSize(word.text, number, scale, thick)
    canvas = np.zeros((height + below + 2 * thick, width + 2 * thick), np.uint8)
    cv2.putText(canvas, word.text, (thick, height + thick), number, scale, 255, thick, cv2.LINE_AA)
    size = max(1, -(-canvas.shape[1] // _FINER)), max(1, -(-canvas.shape[0] // _FINER))
    padded = np.zeros((size[1] * _FINER, size[0] * _FINER), np.uint8)
    padded[: canvas.shape[0], : canvas.shape[1]] = canvas
    drawn = cv2.resize(padded, size, interpolation=cv2.INTER_AREA).astype(np.float32) * np.float32(1 / 255)
    rows, cols = np.flatnonzero(drawn.max(axis=1) > 0.1), np.flatnonzero(drawn.max(axis=0) > 0.1)
    at = (round(word.left_mm * px_per_mm), round(word.top_mm * px_per_mm))
    if not len(rows):
        return at, drawn[:1, :1]
    cut = drawn[rows[0] : rows[-1] + 1, cols[0] : cols[-1] + 1]
    return (at[0] + int(cols[0]), at[1] + int(rows[0])), cut
