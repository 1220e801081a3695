"""What a photographed page lies on: procedural, so that no picture of anybody's desk is needed."""

from __future__ import annotations

from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

Table = Literal["wood", "dark", "cloth"]
Picture = NDArray[np.float32]
Rng = np.random.Generator


def draw_table(rng: Rng, size_px: tuple[int, int], kind: Table) -> NDArray[np.uint8]:
    """Draw a table top.

    Parameters
    ----------
    rng : Generator
    size_px : (int, int)
        Width and height.
    kind : {"wood", "dark", "cloth"}

    Returns
    -------
    ndarray of uint8, shape (H, W, 3)
    """
    draw = {"wood": _draw_wood, "dark": _draw_dark, "cloth": _draw_cloth}[kind]
    half = (max(2, size_px[0] // 2), max(2, size_px[1] // 2))
    drawn = draw(rng, half).clip(0, 255).astype(np.uint8)
    return np.asarray(cv2.resize(drawn, size_px, interpolation=cv2.INTER_LINEAR), np.uint8)


def _cloud(rng: Rng, size_px: tuple[int, int], x_px: float, y_px: float) -> NDArray[np.float32]:
    """Smooth noise of unit height whose features are about x_px wide and y_px high, shape (H, W)."""
    width, height = size_px
    nodes = rng.standard_normal((int(height / y_px) + 4, int(width / x_px) + 4)).astype(np.float32)
    return np.asarray(cv2.resize(nodes, size_px, interpolation=cv2.INTER_CUBIC))


def _draw_wood(rng: Rng, size_px: tuple[int, int]) -> Picture:
    """Boards with rings and fine grain along x."""
    width, height = size_px
    warp = _cloud(rng, size_px, width / 3, height / 6) + 0.25 * _cloud(rng, size_px, width / 8, height / 25)
    across = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    rings = np.sin(2 * np.pi * (across * rng.uniform(9, 16) + 1.1 * warp))
    grain = _cloud(rng, size_px, 90, 1.6)
    tone = 0.10 * rings + 0.07 * grain + 0.06 * _cloud(rng, size_px, width / 2, height / 3)
    base = np.array([(168, 122, 82), (122, 84, 56), (190, 152, 110)][int(rng.integers(3))], np.float32)
    return np.asarray(base * (1 + tone[..., None] * np.array([0.9, 1.0, 1.15], np.float32)))


def _draw_dark(rng: Rng, size_px: tuple[int, int]) -> Picture:
    """A dark, slightly speckled desk."""
    tone = 0.06 * _cloud(rng, size_px, size_px[0] / 3, size_px[1] / 3) + 0.035 * _cloud(rng, size_px, 2, 2)
    base = np.array([(52, 50, 54), (66, 58, 52), (38, 44, 56)][int(rng.integers(3))], np.float32)
    return np.asarray(base * (1 + tone[..., None]))


def _draw_cloth(rng: Rng, size_px: tuple[int, int]) -> Picture:
    """A woven bed sheet with soft creases."""
    width, height = size_px
    x, y = np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)[:, None]
    weave = np.sin(2 * np.pi * x / 3.1) * np.sin(2 * np.pi * y / 3.1)
    crease = _cloud(rng, size_px, width / 7, height / 5)
    tone = 0.02 * weave + 0.06 * crease + 0.02 * _cloud(rng, size_px, 2, 2)
    base = np.array([(150, 168, 186), (196, 196, 190), (112, 148, 140)][int(rng.integers(3))], np.float32)
    return np.asarray(base * (1 + tone[..., None]))
