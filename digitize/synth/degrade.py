"""A rendered page becomes a phone-like photo, and the truth goes with it.

One function for each thing that happens to a picture; `photograph` draws their strengths from one seed and calls them
in the order of nature: paper, camera, table, light, lens, sensor, file.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from digitize.synth.camera import Bend, View, aim_camera
from digitize.synth.render import Page
from digitize.synth.table import Table, draw_table

Array = NDArray[np.float64]
Picture = NDArray[np.float32]  # (H, W, 3), 0 to 255
Rng = np.random.Generator

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


def photograph(
    page: Page,
    *,
    strength: float = 0.5,
    seed: int = 0,
    size_px: tuple[int, int] = (3000, 2250),
    table: Table | None = None,
    roll_deg: float | None = None,
    quarter_turns: int = 0,
    jpeg_quality: int | None = 85,
) -> PhotoPage:
    """Take a phone-like photo of a page.

    Parameters
    ----------
    page : Page
    strength : float
        0 is a clean picture from straight above, 1 a hard one: tilt to 20 degrees, folds, shadows, blur, noise.
    seed : int
        The same seed gives the same photo.
    size_px : (int, int)
        Width and height before quarter turns.
    table : {"wood", "dark", "cloth"}, optional
        What the page lies on; drawn when left out.
    roll_deg : float, optional
        Turn of the page in the picture; drawn when left out.
    quarter_turns : int
        Counter-clockwise turns of the finished photo, as from a phone held another way.
    jpeg_quality : int, optional
        None leaves the picture as the sensor saw it.

    Returns
    -------
    PhotoPage
    """
    rng = np.random.default_rng(seed)
    paper_mm = (page.rgb.shape[1] / page.px_per_mm, page.rgb.shape[0] / page.px_per_mm)
    pitch, yaw = rng.uniform(-18, 18, 2) * strength
    roll = float(rng.uniform(-20, 20) * strength) if roll_deg is None else roll_deg
    shift = tuple(rng.uniform(-0.7, 0.7, 2).tolist())
    bends = draw_bends(rng, paper_mm, strength)
    view = aim_camera(paper_mm, size_px, bends, roll_deg=roll, pitch_deg=pitch, yaw_deg=yaw, fill=0.94, shift=shift)
    where_mm = look_at(view, size_px)

    paper = wear_folds(page.rgb.astype(np.float32), page.px_per_mm, view.bends)
    seen, alpha = expose_page(paper, page.px_per_mm, where_mm, size_px)
    kinds: tuple[Table, ...] = ("wood", "dark", "cloth")
    drawn = kinds[int(rng.integers(len(kinds)))]
    photo = draw_table(rng, size_px, table or drawn)
    photo *= cast_shadow(alpha, 0.35)[..., None]
    seen *= widen(shade_slopes(view, where_mm, rng.uniform(0, 2 * np.pi)), size_px)[..., None]
    photo += alpha[..., None] * (seen - photo)
    photo *= widen(light_room(rng, size_px, strength), size_px)
    photo = blur_lens(photo, rng, strength)
    photo = add_noise(photo, rng, 0.6 + 2.0 * strength)
    rgb = np.rint(photo).clip(0, 255).astype(np.uint8)
    if jpeg_quality is not None:
        rgb = compress(rgb, jpeg_quality)
    turns = quarter_turns % 4
    return PhotoPage(np.ascontiguousarray(np.rot90(rgb, turns)), page, view, turns)


def draw_bends(rng: Rng, paper_mm: tuple[float, float], strength: float) -> tuple[Bend, ...]:
    """Draw a curl, a lazy wave, and up to three folds across or along the page."""
    width, height = paper_mm
    middle = np.array([width, height]) / 2
    bends = []
    for radius_mm, most in ((120.0, 0.16), (60.0, 0.05)):
        angle = float(rng.uniform(0, 360))
        offset = float(middle @ [np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))] + rng.uniform(-40, 40))
        bends.append(Bend(angle, offset, float(rng.uniform(-most, most) * strength), radius_mm))
    for _ in range(int(rng.integers(0, 4)) if strength > 0.2 else 0):
        along = bool(rng.integers(2))
        angle = float((90 if along else 0) + rng.normal(0, 2))
        offset = float((height if along else width) * rng.choice([0.25, 0.5, 0.75]) + rng.normal(0, 4))
        bends.append(Bend(angle, offset, float(rng.choice([-1, 1]) * rng.uniform(0.03, 0.10) * strength), 1.5))
    return tuple(bends)


def look_at(view: View, size_px: tuple[int, int]) -> Array:
    """Paper point under the middle of every block of the photo, with one block to spare on each side."""
    cols, rows = (-(-side // _STEP_PX) for side in size_px)
    x, y = ((np.arange(-1, count + 1) + 0.5) * _STEP_PX - 0.5 for count in (cols, rows))
    return view.to_mm(np.stack(np.meshgrid(x, y), axis=-1))


def widen(blocks: NDArray[np.floating], size_px: tuple[int, int]) -> NDArray[np.float32]:
    """Blocks -> pixels, linearly; the spare blocks are cut off."""
    rows, cols = blocks.shape[:2]
    wide = cv2.resize(blocks.astype(np.float32), (cols * _STEP_PX, rows * _STEP_PX), interpolation=cv2.INTER_LINEAR)
    width, height = size_px
    return np.asarray(wide[_STEP_PX : _STEP_PX + height, _STEP_PX : _STEP_PX + width])


def wear_folds(paper: Picture, px_per_mm: float, bends: tuple[Bend, ...]) -> Picture:
    """Rub the ink thin and the paper grey along the folds."""
    height, width = paper.shape[:2]
    for bend in bends:
        if bend.radius_mm <= 5:
            angle = np.deg2rad(bend.angle_deg)
            x_mm, y_mm = ((np.arange(count, dtype=np.float32) + 0.5) / px_per_mm for count in (width, height))
            away = x_mm[None, :] * np.cos(angle) + y_mm[:, None] * np.sin(angle) - bend.offset_mm
            worn = 0.35 * np.exp(-((away / 0.35) ** 2))
            paper = paper + worn[..., None].astype(np.float32) * (225 - paper)
    return paper


def expose_page(
    paper: Picture, px_per_mm: float, where_mm: Array, size_px: tuple[int, int]
) -> tuple[Picture, NDArray[np.float32]]:
    """Resample the page into the photo.

    Parameters
    ----------
    paper : ndarray of float32, shape (h, w, 3)
    px_per_mm : float
        Of the page.
    where_mm : ndarray, shape (rows, cols, 2)
        Paper point under each block of the photo.
    size_px : (int, int)
        Of the photo.

    Returns
    -------
    seen : ndarray of float32, shape (H, W, 3)
    alpha : ndarray of float32, shape (H, W)
        Share of each photo pixel that shows paper.
    """
    at = widen(where_mm * px_per_mm - 0.5, size_px)
    ratio = float(np.median(np.linalg.norm(np.diff(where_mm, axis=1), axis=-1))) * px_per_mm / _STEP_PX
    if ratio > 1.2:  # the page is finer than the photo: average before sampling
        paper = _soften(paper, 0.4 * ratio)
    seen = cv2.remap(paper, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    height, width = paper.shape[:2]
    inside = np.minimum(np.minimum(at[..., 0], width - 1 - at[..., 0]), np.minimum(at[..., 1], height - 1 - at[..., 1]))
    return np.asarray(seen, np.float32), np.clip(inside / ratio + 0.5, 0, 1).astype(np.float32)


def cast_shadow(alpha: NDArray[np.float32], depth: float) -> NDArray[np.float32]:
    """Light left on the table around the page, shape (H, W)."""
    small = cv2.resize(alpha, None, fx=0.125, fy=0.125, interpolation=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(small, (0, 0), 5)
    moved = cv2.warpAffine(soft, np.array([[1.0, 0, 2], [0, 1.0, 3]]), soft.shape[::-1])
    return np.asarray(1 - depth * cv2.resize(moved, alpha.shape[::-1], interpolation=cv2.INTER_LINEAR))


def shade_slopes(view: View, where_mm: Array, light_rad: float) -> Array:
    """Light on the bent sheet, about 1, shape (rows, cols): slopes that face the light are brighter."""
    towards = np.array([np.cos(light_rad), np.sin(light_rad)])
    return np.asarray(np.clip(1 - 0.9 * view.slopes(where_mm) @ towards, 0.6, 1.2))


def light_room(rng: Rng, size_px: tuple[int, int], strength: float) -> Array:
    """Uneven, coloured light with a soft shadow, about 1, shape (rows, cols, 3)."""
    cols, rows = (-(-side // _STEP_PX) + 2 for side in size_px)
    x, y = np.meshgrid(np.linspace(-1, 1, cols), np.linspace(-1, 1, rows) * rows / cols)
    angle, edge = rng.uniform(0, 2 * np.pi, 2)
    falloff = 1 - 0.22 * strength * (1 + x * np.cos(angle) + y * np.sin(angle))
    vignette = 1 - 0.12 * strength * (x**2 + y**2)
    away = x * np.cos(edge) + y * np.sin(edge) - rng.uniform(0.1, 0.8)
    shadow = 1 - rng.uniform(0.1, 0.4) * strength / (1 + np.exp(-away / rng.uniform(0.02, 0.15)))
    warmth = rng.uniform(-1, 1) * strength
    tint = 1 + np.array([0.05, 0.0, -0.09]) * warmth
    cool_shade = 1 + (1 - shadow)[..., None] * np.array([-0.12, 0.0, 0.10])
    return np.asarray((falloff * vignette * shadow)[..., None] * tint * cool_shade)


def blur_lens(photo: Picture, rng: Rng, strength: float) -> Picture:
    """Defocus, and the smear of a hand that moved."""
    photo = _soften(photo, 0.45 + 0.6 * strength * rng.uniform(0.3, 1))
    length = 3.0 * strength * rng.uniform(0, 1)
    angle = rng.uniform(0, np.pi)
    if length < 0.5:
        return photo
    reach = int(np.ceil(length))
    steps = np.linspace(-0.5, 0.5, 64) * length
    kernel, _, _ = np.histogram2d(
        steps * np.sin(angle), steps * np.cos(angle), bins=2 * reach + 1, range=[[-reach - 0.5, reach + 0.5]] * 2
    )
    return np.asarray(cv2.filter2D(photo, -1, (kernel / kernel.sum()).astype(np.float32)), np.float32)


def _soften(picture: Picture, sigma_px: float) -> Picture:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma_px), np.float32)


def add_noise(photo: Picture, rng: Rng, level: float) -> Picture:
    """Sensor noise: grows with the light as photons do, correlated a little as after demosaicing."""
    grain = rng.standard_normal(photo.shape, np.float32)
    grain = _soften(grain + 0.8 * grain[..., 1:2], 0.6)
    return np.asarray(photo + level * grain * np.sqrt(0.25 + np.clip(photo, 0, 255) / 255), np.float32)


def compress(rgb: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    """Write as JPEG and read back."""
    _, data = cv2.imencode(".jpg", rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)[..., ::-1].copy()
