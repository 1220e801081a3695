"""What light, lens, sensor and file do to a picture. Each takes and gives float32 (H, W, 3), 0 to 255.

Strengths are 0 (nothing) to 1 (bad).
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from digitize.synth.damage import cloud
from digitize.synth.degrade import compress

Picture = NDArray[np.float32]
Rng = np.random.Generator

_COARSE = 8
_BLOCK_PX = 512


def _field(photo: Picture) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Places in the picture, coarsely: x from -1 to 1, y by the same scale."""
    height, width = photo.shape[:2]
    rows, cols = -(-height // _COARSE), -(-width // _COARSE)
    x, y = np.meshgrid(np.linspace(-1, 1, cols), np.linspace(-1, 1, rows) * height / width)
    return x.astype(np.float32), y.astype(np.float32)


def _multiply(photo: Picture, light: NDArray[np.floating]) -> Picture:
    wide = cv2.resize(light.astype(np.float32), photo.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray(photo * (wide if wide.ndim == 3 else wide[..., None]), np.float32)


def fall_off(photo: Picture, rng: Rng, strength: float) -> Picture:
    """A lamp on one side."""
    x, y = _field(photo)
    angle = rng.uniform(0, 2 * np.pi)
    return _multiply(photo, 1 - 0.3 * strength * (1 + x * np.cos(angle) + y * np.sin(angle)))


def shade(photo: Picture, rng: Rng, strength: float) -> Picture:
    """The shadow of a hand, a head or the phone, soft or hard, bluish."""
    x, y = _field(photo)
    angle = rng.uniform(0, 2 * np.pi)
    away = x * np.cos(angle) + y * np.sin(angle) - rng.uniform(-0.4, 0.7) + 0.1 * cloud(rng, x.shape, x.shape[1] / 3)
    depth = rng.uniform(0.25, 0.6) * strength / (1 + np.exp(-np.clip(away / rng.uniform(0.01, 0.15), -30, 30)))
    return _multiply(photo, 1 - depth[..., None] * np.array([1.1, 1.0, 0.9]))


def tint(photo: Picture, rng: Rng, strength: float) -> Picture:
    """Lamp light or window light that the camera did not balance."""
    warmth, green = rng.uniform(-1, 1), rng.uniform(-0.4, 0.4)
    gains = 1 + strength * np.array([0.12 * warmth, 0.08 * green, -0.2 * warmth])
    return np.asarray(photo * gains.astype(np.float32), np.float32)


def flash(photo: Picture, rng: Rng, strength: float) -> Picture:
    """A flash or a lamp mirrored in paper and toner: a white spot that swallows all below it."""
    x, y = _field(photo)
    at = rng.uniform(-0.8, 0.8), rng.uniform(-0.5, 0.5)
    away = np.hypot((x - at[0]) / rng.uniform(0.7, 1.4), y - at[1])
    spot = np.exp(-((away / (0.1 + 0.22 * strength * rng.uniform(0.6, 1))) ** 2))
    wide = cv2.resize(spot, photo.shape[1::-1], interpolation=cv2.INTER_LINEAR)[..., None]
    return np.asarray(photo + min(1.3 * strength, 1.0) * wide * (262 - photo), np.float32)


def vignette(photo: Picture, rng: Rng, strength: float) -> Picture:
    """Darker corners."""
    x, y = _field(photo)
    return _multiply(photo, 1 - 0.3 * strength * (x**2 + y**2))


def cover_with_fingers(photo: Picture, rng: Rng, strength: float) -> Picture:
    """Fingers that hold the page at an edge of the picture."""
    height, width = photo.shape[:2]
    covered = photo.copy()
    skin = np.array([(224, 172, 140), (141, 95, 66), (92, 58, 40)][int(rng.integers(3))], np.float32)
    side = int(rng.integers(4))
    for k in range(1 + round(2 * strength)):
        wide = width * rng.uniform(0.03, 0.05)
        reach = width * (0.04 + 0.1 * strength) * rng.uniform(0.7, 1.2)
        along = rng.uniform(0.2, 0.8) + 0.08 * k
        ends = {0: (0, along * height), 1: (width, along * height), 2: (along * width, 0), 3: (along * width, height)}
        axes = (reach, wide) if side < 2 else (wide, reach)
        mask = np.zeros((height, width), np.float32)
        centre = tuple(int(v) for v in ends[side])
        cv2.ellipse(mask, centre, (int(axes[0]), int(axes[1])), 0, 0, 360, 1.0, -1, cv2.LINE_AA)
        soft = cv2.resize(cv2.GaussianBlur(mask[::4, ::4], (0, 0), wide / 16), (width, height))
        tone = skin * (0.75 + 0.25 * soft[..., None])
        covered *= 1 - np.float32(0.25) * soft[..., None]
        covered += mask[..., None] * (tone - covered)
    return np.asarray(covered, np.float32)


def expose(photo: Picture, rng: Rng, strength: float) -> Picture:
    """Too dark or too bright."""
    stops = strength * (rng.uniform(0.3, 0.75) if rng.random() < 0.4 else -rng.uniform(0.5, 1.6))
    return np.asarray(photo * np.float32(2**stops), np.float32)


def defocus(photo: Picture, rng: Rng, strength: float) -> Picture:
    """Out of focus: a disc for every point."""
    radius = 0.4 + strength * rng.uniform(1.2, 3.2) * photo.shape[1] / 3000
    reach = int(np.ceil(radius))
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    disc = np.clip(radius + 0.5 - np.hypot(x, y), 0, 1).astype(np.float32)
    return np.asarray(cv2.filter2D(photo, -1, disc / disc.sum()), np.float32)


def smear(photo: Picture, rng: Rng, strength: float) -> Picture:
    """A hand that moved."""
    length = 1 + strength * rng.uniform(2, 9) * photo.shape[1] / 3000
    angle, reach = rng.uniform(0, np.pi), int(np.ceil(length / 2))
    steps = np.linspace(-0.5, 0.5, 200) * length
    edges = [[-reach - 0.5, reach + 0.5]] * 2
    kernel, _, _ = np.histogram2d(steps * np.sin(angle), steps * np.cos(angle), bins=2 * reach + 1, range=edges)
    return np.asarray(cv2.filter2D(photo, -1, (kernel / kernel.sum()).astype(np.float32)), np.float32)


def noise(photo: Picture, rng: Rng, strength: float) -> Picture:
    """Sensor noise: grows with the light as photons do, correlated a little as after demosaicing; blocks repeat."""
    block = rng.standard_normal((_BLOCK_PX, _BLOCK_PX, 3), np.float32)
    block = cv2.GaussianBlur(block + 0.8 * block[..., 1:2], (0, 0), rng.uniform(0.5, 1.0))
    height, width = photo.shape[:2]
    grain = np.tile(block, (-(-height // _BLOCK_PX), -(-width // _BLOCK_PX), 1))[:height, :width]
    light = cv2.resize(photo, None, fx=1 / 4, fy=1 / 4, interpolation=cv2.INTER_AREA).mean(axis=2)
    level = cv2.resize(np.sqrt(0.2 + np.clip(light, 0, 255) / 255), (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(photo + np.float32(9 * strength) * level[..., None] * grain, np.float32)


def sharpen(photo: Picture, rng: Rng, strength: float) -> Picture:
    """What phones do: smooth the noise, then drive edges up, with halos."""
    smooth = cv2.bilateralFilter(photo, 5, 12 * strength + 1, 1.5)
    soft = cv2.GaussianBlur(smooth, (0, 0), rng.uniform(0.8, 1.8))
    return np.asarray(smooth + np.float32(1.2 * strength) * (smooth - soft), np.float32)


def shrink(photo: Picture, rng: Rng, strength: float) -> Picture:
    """What messengers do: fewer pixels; shown here at the size it had, so that places stay where they were."""
    factor = 1 - 0.6 * strength
    small = cv2.resize(photo, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, photo.shape[1::-1], interpolation=cv2.INTER_LINEAR), np.float32)


def grey(photo: Picture, rng: Rng, strength: float) -> Picture:
    """Colour lost, in part or all."""
    mean = photo @ np.array([0.3, 0.59, 0.11], np.float32)
    return np.asarray(photo + np.float32(strength) * (mean[..., None] - photo), np.float32)


def threshold(photo: Picture, rng: Rng, strength: float) -> Picture:
    """A black-and-white scanner's or a fax's curve: two tones at the end."""
    mean = photo @ np.array([0.3, 0.59, 0.11], np.float32)
    local = cv2.resize(cv2.GaussianBlur(mean[::8, ::8], (0, 0), 12), mean.shape[::-1], interpolation=cv2.INTER_LINEAR)
    steep = 255 / (1 + np.exp(np.clip(-(mean - rng.uniform(0.62, 0.85) * local) / (40 - 37 * strength), -30, 30)))
    return np.asarray(photo + np.float32(min(1, 1.5 * strength)) * (steep[..., None] - photo), np.float32)


def jpeg(photo: Picture, rng: Rng, strength: float) -> Picture:
    """Written as JPEG; a strong one twice, shifted in between."""
    rgb = np.clip(np.rint(photo), 0, 255).astype(np.uint8)
    quality = int(95 - 75 * strength)
    if strength > 0.4:
        rgb[3:, 5:] = compress(np.ascontiguousarray(rgb[3:, 5:]), min(quality + 15, 95))
    return compress(rgb, quality).astype(np.float32)
