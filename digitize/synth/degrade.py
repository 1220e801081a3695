"""A page under a camera: how it lies there, what of it each pixel sees, what falls on it; the truth goes with it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from digitize.synth.camera import Bend, View
from digitize.synth.render import Page

Array = NDArray[np.float64]
Bytes = NDArray[np.uint8]  # (H, W, 3)
Rng = np.random.Generator

_FOLD_MM = 5.0  # what bends sooner is a fold
_STEP_PX = 8  # geometry and light are worked out on every eighth pixel


@dataclass(frozen=True, eq=False)
class PhotoPage:
    """A photo of a page, and where the page's millimetres lie in it.

    Attributes
    ----------
    rgb : ndarray of uint8, shape (H, W, 3)
    page : Page
        What was photographed, with its truth in paper millimetres.
    view : View
        The camera, before quarter turns.
    quarter_turns : int
        How often the photo was turned counter-clockwise afterwards, 0 to 3.
    """

    rgb: NDArray[np.uint8]
    page: Page
    view: View
    quarter_turns: int = 0

    def to_px(self, points_mm: ArrayLike) -> Array:
        """Photo pixels of paper points (x, y) of the page, shape (..., 2)."""
        x, y = np.moveaxis(self.view.to_px(points_mm), -1, 0)
        height, width = self.rgb.shape[:2]
        turned = {0: (x, y), 1: (y, height - 1 - x), 2: (width - 1 - x, height - 1 - y), 3: (width - 1 - y, x)}
        return np.stack(turned[self.quarter_turns], axis=-1)


def draw_curl(rng: Rng, paper_mm: tuple[float, float], strength: float) -> tuple[Bend, ...]:
    """A curl and a lazy wave across the sheet."""
    middle = np.array(paper_mm) / 2
    bends = []
    for radius_mm, most in ((120.0, 0.16), (60.0, 0.05)):
        angle = float(rng.uniform(0, 360))
        offset = float(middle @ [np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))] + rng.uniform(-40, 40))
        bends.append(Bend(angle, offset, float(rng.uniform(-most, most) * strength), radius_mm))
    return tuple(bends)


def draw_folds(rng: Rng, paper_mm: tuple[float, float], strength: float) -> tuple[Bend, ...]:
    """Up to four folds, mostly across or along the sheet at simple shares of it, some of them anyhow."""
    bends = []
    for _ in range(int(rng.integers(1, 5))):
        along = bool(rng.integers(2))
        share, slip = rng.choice([0.25, 0.33, 0.5, 0.67, 0.75]), rng.normal(0, 4)
        angle, offset = 90.0 * along + rng.normal(0, 2), paper_mm[along] * share + slip
        if rng.random() < 0.25:
            angle = rng.uniform(0, 180)
            through = rng.uniform(0.2, 0.8, 2) * paper_mm
            offset = through @ [np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))]
        slope = float(rng.choice([-1, 1]) * rng.uniform(0.05, 0.14) * strength)
        bends.append(Bend(float(angle), float(offset), slope, float(rng.uniform(0.8, 2.5))))
    return tuple(bends)


def look_at(view: View, size_px: tuple[int, int]) -> Array:
    """Paper point under the middle of every block of the photo, with one block to spare on each side."""
    cols, rows = (-(-side // _STEP_PX) for side in size_px)
    x, y = ((np.arange(-1, count + 1) + 0.5) * _STEP_PX - 0.5 for count in (cols, rows))
    return view.to_mm(np.stack(np.meshgrid(x, y), axis=-1))


def count_blocks(size_px: tuple[int, int]) -> tuple[int, int]:
    """Rows and columns of blocks, with the spare ones."""
    return -(-size_px[1] // _STEP_PX) + 2, -(-size_px[0] // _STEP_PX) + 2


def narrow(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    """Pixels -> blocks with the spare ones, the other way from `widen`."""
    size_px = plane.shape[1], plane.shape[0]
    rows, cols = count_blocks(size_px)
    small = cv2.resize(plane, (cols - 2, rows - 2), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.copyMakeBorder(small, 1, 1, 1, 1, cv2.BORDER_REPLICATE), np.float32)


def widen(blocks: NDArray[np.floating], size_px: tuple[int, int]) -> NDArray[np.float32]:
    """Blocks -> pixels, linearly; the spare blocks are cut off."""
    rows, cols = blocks.shape[:2]
    wide = cv2.resize(blocks.astype(np.float32), (cols * _STEP_PX, rows * _STEP_PX), interpolation=cv2.INTER_LINEAR)
    width, height = size_px
    return np.asarray(wide[_STEP_PX : _STEP_PX + height, _STEP_PX : _STEP_PX + width])


def wear_folds(paper: Bytes, px_per_mm: float, bends: tuple[Bend, ...]) -> Bytes:
    """Rub the ink thin and the paper grey along the folds, the more the steeper they are."""
    folds = [bend for bend in bends if bend.radius_mm <= _FOLD_MM]
    if not folds:
        return paper
    height, width = paper.shape[:2]
    x_mm, y_mm = ((2 * np.arange(-(-side // 2), dtype=np.float32) + 1) / px_per_mm for side in (width, height))
    worn = np.zeros((len(y_mm), len(x_mm)), np.float32)
    for fold in folds:
        angle = np.deg2rad(fold.angle_deg)
        right, down = np.float32(np.cos(angle)), np.float32(np.sin(angle))
        away = x_mm * right + (y_mm * down - np.float32(fold.offset_mm))[:, None]
        depth = np.float32(0.4 * min(1.0, abs(fold.slope) / 0.08))
        np.maximum(worn, depth * np.exp(-((away / np.float32(0.35)) ** 2)), out=worn)
    wide = cv2.resize(worn, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.blendLinear(paper, np.full_like(paper, 225), 1 - wide, wide), np.uint8)


def expose_page(
    paper: Bytes, px_per_mm: float, where_mm: Array, size_px: tuple[int, int]
) -> tuple[Bytes, NDArray[np.float32]]:
    """Resample the page into the photo.

    Parameters
    ----------
    paper : ndarray of uint8, shape (h, w, 3)
    px_per_mm : float
        Of the page.
    where_mm : ndarray, shape (rows, cols, 2)
        Paper point under each block of the photo.
    size_px : (int, int)
        Of the photo.

    Returns
    -------
    seen : ndarray of uint8, shape (H, W, 3)
    alpha : ndarray of float32, shape (H, W)
        Share of each photo pixel that shows paper.
    """
    nodes_px = where_mm * px_per_mm - 0.5
    at = np.ascontiguousarray(widen(nodes_px, size_px))
    ratio = float(np.median(np.linalg.norm(np.diff(where_mm, axis=1), axis=-1))) * px_per_mm / _STEP_PX
    if ratio > 1.2:  # the page is finer than the photo: average before sampling
        paper = np.asarray(cv2.GaussianBlur(paper, (0, 0), 0.4 * ratio), np.uint8)
    seen = cv2.remap(paper, at, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[call-overload]
    far_px = np.array(paper.shape[1::-1]) - 1.0
    inside_px = np.minimum(nodes_px, far_px - nodes_px).min(axis=-1)  # straight across each edge, so blocks will do
    alpha = widen(np.clip(inside_px / ratio + 0.5, -1e4, 1e4), size_px)
    return np.asarray(seen, np.uint8), np.clip(alpha, 0, 1, out=alpha)


def cast_shadow(alpha: NDArray[np.float32]) -> NDArray[np.float32]:
    """Light left on the table around the page, by blocks; ``alpha`` is how much of each block is paper."""
    soft = cv2.GaussianBlur(alpha, (0, 0), 5)
    away = np.array([[1.0, 0, 2], [0, 1.0, 3]])
    moved = cv2.warpAffine(soft, away, soft.shape[::-1], borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(1 - np.float32(0.35) * moved)


def shade_slopes(view: View, where_mm: Array, light_rad: float) -> Array:
    """Light on the bent sheet, about 1, shape (rows, cols): slopes that face the light are brighter."""
    towards = np.array([np.cos(light_rad), np.sin(light_rad)])
    return np.asarray(np.clip(1 - 0.9 * view.slopes(where_mm) @ towards, 0.6, 1.2))


def compress(rgb: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    """Write as JPEG and read back."""
    _, data = cv2.imencode(".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])
    bgr = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR))
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)
