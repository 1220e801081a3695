"""What happens to paper before anybody photographs it. Each takes and gives a page, float32 (H, W, 3), 0 to 255.

Strengths are 0 (nothing) to 1 (bad). Lengths come in pixels of the page through ``px_per_mm``. The page that is given
may be changed: only what comes back counts.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.float32]
Rng = np.random.Generator

_COARSE = 8
_BLOCK_PX = 512


def cloud(rng: Rng, shape: tuple[int, ...], size_px: float) -> NDArray[np.float32]:
    """Smooth noise about 0, of unit height, with features about ``size_px`` wide, shape (H, W)."""
    nodes = [max(4, int(side / max(size_px, 1)) + 4) for side in shape[:2]]
    field = rng.standard_normal(nodes).astype(np.float32)
    return np.asarray(cv2.resize(field, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC), np.float32)


def yellow(paper: Picture, rng: Rng, strength: float, px_per_mm: float) -> Picture:
    """Old paper: brownish, more so in patches and towards the edges; ink turns paler."""
    coarse = -(-paper.shape[0] // _COARSE), -(-paper.shape[1] // _COARSE)
    patches = 0.85 + 0.15 * cloud(rng, coarse, 60 * px_per_mm / _COARSE)
    pale = np.float32(40 * strength)
    tint = 1 - patches[..., None] * np.array([0.06, 0.16, 0.42], np.float32) * np.float32(strength)
    paper *= cv2.resize(tint * (1 - pale / 255), paper.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    paper += pale
    return paper


def stain(paper: Picture, rng: Rng, strength: float, px_per_mm: float) -> Picture:
    """Rings of cups and blots of whatever was in them."""
    height, width = paper.shape[:2]
    y, x = np.mgrid[:height:4, :width:4].astype(np.float32)
    cover = np.zeros(x.shape, np.float32)
    for _ in range(1 + int(rng.integers(0, 1 + round(3 * strength)))):
        centre = rng.uniform(0, width), rng.uniform(0, height)
        radius = rng.uniform(12, 42) * px_per_mm
        away = np.hypot(x - centre[0], y - centre[1]) * (1 + 0.04 * cloud(rng, x.shape, 30))
        edge = np.exp(-(((away - radius) / (rng.uniform(0.8, 2.5) * px_per_mm)) ** 2))
        inside = 0.45 / (1 + np.exp(np.clip((away - radius) / (0.8 * px_per_mm), -30, 30)))
        cover = np.maximum(cover, (edge if rng.random() < 0.5 else 0) + inside)
    wet = cv2.resize(np.clip(cover, 0, 1), (width, height), interpolation=cv2.INTER_LINEAR)
    colour = np.array([(120, 84, 50), (150, 120, 70), (96, 60, 70)][int(rng.integers(3))], np.float32)
    share = np.float32(0.75 * strength) * wet[..., None]
    return np.asarray(paper * (1 - share * (1 - colour / 255)), np.float32)


def punch(paper: Picture, rng: Rng, strength: float, px_per_mm: float) -> Picture:
    """Holes of a punch along an edge, dark where the table shows through."""
    height, width = paper.shape[:2]
    holed = paper.copy()
    inset, step = 12 * px_per_mm, 80 * px_per_mm
    along = bool(rng.integers(2))
    for k in range(1 + round(strength)):
        place = ((width if along else height) - step) / 2 + k * step
        at = (place, inset) if along else (inset, place)
        cv2.circle(holed, (int(at[0]), int(at[1])), int(3 * px_per_mm), (60, 55, 50), -1, cv2.LINE_AA)
    return holed


def tape(paper: Picture, rng: Rng, strength: float, px_per_mm: float) -> Picture:
    """A strip of sticky tape: glossy, yellowish, its edges seen."""
    height, width = paper.shape[:2]
    centre = rng.uniform(0.1, 0.9) * width, rng.uniform(0.1, 0.9) * height
    corners = cv2.boxPoints((centre, (rng.uniform(40, 120) * px_per_mm, 15 * px_per_mm), rng.uniform(0, 180)))
    left, top = np.clip(corners.min(axis=0) - 2, 0, (width, height)).astype(int)
    right, bottom = np.clip(corners.max(axis=0) + 3, 0, (width, height)).astype(int)
    part = paper[top:bottom, left:right]
    mask = np.zeros(part.shape[:2], np.float32)
    cv2.fillConvexPoly(mask, np.round(corners - (left, top)).astype(np.int32), 1.0, cv2.LINE_AA)
    rim = cv2.morphologyEx(mask, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    share = np.float32(strength)
    gloss = 10 * cloud(rng, part.shape, 12 * px_per_mm)[..., None]
    taped = 0.12 * (np.array([225, 215, 180], np.float32) - part) + gloss
    part += share * (mask[..., None] * taped - 60 * rim[..., None])
    return paper


def tear(paper: Picture, rng: Rng, strength: float, px_per_mm: float) -> Picture:
    """A corner torn off: beyond a ragged line the table's dark is seen, along it the paper's white core."""
    size = strength * rng.uniform(20, 60) * px_per_mm
    steep, rim = np.float32(rng.uniform(0.5, 2)), np.float32(rng.uniform(0.4, 1.5) * px_per_mm)
    reach = int(size * max(1.0, 1 / float(steep)) + 10 * px_per_mm)
    flip = tuple(slice(None, None, -1) if rng.random() < 0.5 else slice(None) for _ in range(2))
    corner = paper[flip][:reach, :reach]
    y, x = np.mgrid[: corner.shape[0], : corner.shape[1]].astype(np.float32)
    ragged = x + y * steep - size + 2 * px_per_mm * cloud(rng, corner.shape, 4 * px_per_mm)
    corner[ragged < rim] = 236
    corner[ragged < 0] = 70
    return paper


def fibre(paper: Picture, rng: Rng, strength: float, px_per_mm: float) -> Picture:
    """The grain of paper, which light from the side shows; blocks repeat."""
    grain = rng.standard_normal((_BLOCK_PX, _BLOCK_PX), np.float32)
    fine, broad = (cv2.GaussianBlur(grain, (0, 0), size * px_per_mm) * size for size in (0.08, 0.3))
    block = fine / fine.std() + rng.uniform(0.3, 1) * broad / broad.std()
    lit = np.repeat(1 + np.float32(0.02 * strength) * block[..., None], 3, axis=2)
    for top in range(0, paper.shape[0], _BLOCK_PX):
        for left in range(0, paper.shape[1], _BLOCK_PX):
            part = paper[top : top + _BLOCK_PX, left : left + _BLOCK_PX]
            part *= lit[: part.shape[0], : part.shape[1]]
    return paper


def photocopy(paper: Picture, rng: Rng, strength: float, px_per_mm: float) -> Picture:
    """A copy of a copy: grey, contrast driven up, specks, a dark edge, toner that spreads or thins."""
    grey = cv2.transform(paper, np.full((1, 3), 1 / 3, np.float32))
    grey = cv2.GaussianBlur(grey, (0, 0), 0.3 + 0.08 * px_per_mm * strength)
    steep = 1 + 5 * strength
    level = rng.uniform(120, 190)
    copied = 255 / (1 + np.exp(-np.clip((grey - level) * steep / 60, -30, 30)))
    specks = rng.random((paper.shape[0] // 2 + 1, paper.shape[1] // 2 + 1), np.float32) < 0.0006 * strength
    dots = cv2.resize(specks.astype(np.float32), paper.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    copied = copied * (1 - np.clip(2 * dots, 0, 1))
    edge = np.linspace(0, 1, paper.shape[1], dtype=np.float32)
    copied *= 1 - 0.7 * strength * np.exp(-((edge / 0.012) ** 2))
    share = np.float32(min(1.0, 2 * strength))
    return np.asarray(paper + share * (copied[..., None] - paper), np.float32)


def show_on_screen(paper: Picture, rng: Rng, strength: float, px_per_mm: float) -> Picture:
    """The page on a monitor: rows of red, green and blue cells, which alias in the camera."""
    height, width = paper.shape[:2]
    pitch = max(2.0, rng.uniform(0.24, 0.32) * px_per_mm)
    x = np.arange(width, dtype=np.float32)[:, None] + np.array([0, 1, 2], np.float32) * np.float32(pitch / 3)
    stripes = 1 + 0.5 * np.float32(strength) * np.cos(2 * np.pi * x / np.float32(pitch))
    gaps = 1 - 0.25 * np.float32(strength) * (np.cos(2 * np.pi * np.arange(height, dtype=np.float32) / pitch) > 0.6)
    glow = paper * (1 - 0.06 * strength) + 12 * strength
    return np.asarray(glow * stripes[None] * gaps[:, None, None], np.float32)
