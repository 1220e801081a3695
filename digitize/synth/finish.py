"""What lies before the lens, and what lens, sensor and file do. Each takes and gives float32 (H, W, 3), 0 to 255.

Strengths are 0 (nothing) to 1 (bad). What they are given may be changed: only what they give counts.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from digitize.synth.degrade import compress

Picture = NDArray[np.float32]
Plane = NDArray[np.float32]
Rng = np.random.Generator

_COARSE = 4
_BLOCK_PX = 512
_GREY = np.array([[0.3, 0.59, 0.11]], np.float32)
_SKINS = ((224, 172, 140), (198, 146, 112), (141, 95, 66), (92, 58, 40))


def cover_with_fingers(photo: Picture, rng: Rng, strength: float) -> Picture:
    """A thumb or fingers that hold the page at an edge of the frame."""
    height, width = photo.shape[:2]
    y, x = np.mgrid[: -(-height // _COARSE), : -(-width // _COARSE)].astype(np.float32) * np.float32(_COARSE)
    skin = np.array(_SKINS[int(rng.integers(len(_SKINS)))], np.float32)
    side, start = int(rng.integers(4)), rng.uniform(0.15, 0.75)
    cover, tone = np.zeros(x.shape, np.float32), np.zeros(x.shape, np.float32)
    for k in range(1 + round(2 * strength)):
        half = width * rng.uniform(0.025, 0.04)
        reach = width * (0.06 + 0.1 * strength) * rng.uniform(0.7, 1.2)
        along = (start + 0.085 * k) * (height if side < 2 else width)
        inward = np.pi * (0, 1, 0.5, 1.5)[side] + rng.normal(0, 0.25)
        foot = ((0, along), (width, along), (along, 0), (along, height))[side]
        right, down = np.float32(np.cos(inward)), np.float32(np.sin(inward))
        on = np.clip((x - foot[0]) * right + (y - foot[1]) * down, -2 * half, reach - half)
        away = np.hypot(x - foot[0] - on * right, y - foot[1] - on * down) / half
        finger = np.clip((1 - away) * half / _COARSE + 0.5, 0, 1)
        tone = np.where(finger > cover, 0.55 + 0.5 * np.sqrt(np.clip(1 - away**2, 0, 1)), tone)
        cover = np.maximum(cover, finger)
    shadow = 1 - 0.3 * cv2.GaussianBlur(cover, (0, 0), width / 150 / _COARSE * 2)
    light = cv2.resize(np.asarray(shadow * (1 - cover), np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    flesh = cv2.resize((cover * tone)[..., None] * skin, (width, height), interpolation=cv2.INTER_LINEAR)
    photo *= light[..., None]
    return np.asarray(photo + flesh, np.float32)


def flash(photo: Picture, rng: Rng, strength: float) -> Picture:
    """A flash or a lamp mirrored in paper and toner: a white spot that swallows all below it."""
    height, width = photo.shape[:2]
    x, y = np.meshgrid(np.linspace(-1, 1, width // 8 + 1), np.linspace(-1, 1, height // 8 + 1) * height / width)
    at = rng.uniform(-0.8, 0.8), rng.uniform(-0.5, 0.5)
    away = np.hypot((x - at[0]) / rng.uniform(0.7, 1.4), y - at[1])
    spot = min(1.3 * strength, 1.0) * np.exp(-((away / (0.1 + 0.22 * strength * rng.uniform(0.6, 1))) ** 2))
    wide = cv2.resize(spot.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)[..., None]
    return np.asarray(photo + wide * (262 - photo), np.float32)


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
    block = cv2.GaussianBlur(block + 0.8 * block[..., 1:2], (0, 0), rng.uniform(0.5, 1.0)) * np.float32(9 * strength)
    height, width = photo.shape[:2]
    for top in range(0, height, _BLOCK_PX):
        for left in range(0, width, _BLOCK_PX):
            part = photo[top : top + _BLOCK_PX, left : left + _BLOCK_PX]
            rows, cols = part.shape[:2]
            small = cv2.resize(part, (-(-cols // 4), -(-rows // 4)), interpolation=cv2.INTER_AREA)
            level = np.sqrt(0.2 + np.clip(small, 0, 255) / 255, dtype=np.float32)
            part += cv2.resize(level, (cols, rows), interpolation=cv2.INTER_LINEAR) * block[:rows, :cols]
    return photo


def sharpen(photo: Picture, rng: Rng, strength: float) -> Picture:
    """What phones do: smooth the noise, then drive edges up, with halos."""
    smooth = cv2.bilateralFilter(to_bytes(photo), 5, 12 * strength + 1, 1.5)
    soft = cv2.GaussianBlur(smooth, (0, 0), rng.uniform(0.8, 1.8))
    gain = 1.2 * strength
    return np.asarray(cv2.addWeighted(smooth, 1 + gain, soft, -gain, 0, dtype=cv2.CV_32F), np.float32)


def shrink(photo: Picture, rng: Rng, strength: float) -> Picture:
    """What messengers do: fewer pixels; shown here at the size it had, so that places stay where they were."""
    factor = 1 - 0.6 * strength
    small = cv2.resize(photo, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, photo.shape[1::-1], interpolation=cv2.INTER_LINEAR), np.float32)


def grey(photo: Picture, rng: Rng, strength: float) -> Picture:
    """Colour lost, in part or all."""
    return np.asarray(cv2.transform(photo, (1 - strength) * np.eye(3) + strength * _GREY), np.float32)


def threshold(photo: Picture, rng: Rng, strength: float) -> Picture:
    """A black-and-white scanner's or a fax's curve: two tones at the end."""
    mean = cv2.transform(photo, _GREY)
    local = cv2.resize(cv2.GaussianBlur(mean[::8, ::8], (0, 0), 12), mean.shape[::-1], interpolation=cv2.INTER_LINEAR)
    steep = 255 / (1 + np.exp(np.clip(-(mean - rng.uniform(0.62, 0.85) * local) / (40 - 37 * strength), -30, 30)))
    return np.asarray(photo + np.float32(min(1, 1.5 * strength)) * (steep[..., None] - photo), np.float32)


def jpeg(rgb: NDArray[np.uint8], strength: float) -> NDArray[np.uint8]:
    """Written as JPEG; a strong one twice, shifted in between. Takes and gives bytes."""
    quality = int(95 - 75 * strength)
    if strength > 0.4:
        rgb[3:, 5:] = compress(np.ascontiguousarray(rgb[3:, 5:]), min(quality + 15, 95))
    return compress(rgb, quality)


def to_bytes(photo: Picture) -> NDArray[np.uint8]:
    """Rounded, and cut off at black and white."""
    return np.asarray(cv2.addWeighted(photo, 1, photo, 0, 0, dtype=cv2.CV_8U), np.uint8)
