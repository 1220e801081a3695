"""Pieces of drawn sheets for training the pen network: what it sees of one row, and where the pen was."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from digitize.pen import BIN_PX, FINE, UNIT, ZERO, stack_band
from digitize.stages import Ink

HEIGHTS_PX, WIDTH_PX = (320, 320, 320, 448, 576), 384
"""A batch has one of these heights: low ones hold more columns for the same work, high ones the tall beats."""
LIST = 50
"""Batches between looks into the folder for new sheets."""
APART = 25
"""One sheet in so many is never trained on, but measured on."""


@dataclass(frozen=True, eq=False)
class Crop:
    """A piece of a row: what the network sees, and the true height of every fine column in bins (NaN: no trace)."""

    band: NDArray[np.float32]
    height_bins: NDArray[np.float32]


def cut_crop(path: Path, rng: np.random.Generator, height_px: int) -> Crop:
    """A random piece of a random row of a saved sheet, somewhat changed in height, light and side."""
    planes = np.load(path, mmap_mode="r")
    name = path.name.split(".")[0]
    baselines = np.load(path.with_name(f"{name}.baselines.npy"))
    row = int(rng.integers(len(baselines)))
    curve = np.load(path.with_name(f"{name}.curves.npy"), mmap_mode="r")[row]
    top = round(baselines[row] - height_px / 2 + rng.normal(0, 45))
    left = int(rng.integers(-40, planes.shape[1] - WIDTH_PX + 40))
    piece = np.empty((height_px, WIDTH_PX, 5), np.uint8)
    piece[:] = (255, 255, 255, 0, 255)
    y0, y1 = max(top, 0), min(top + height_px, planes.shape[0])
    x0, x1 = max(left, 0), min(left + WIDTH_PX, planes.shape[1])
    if y1 > y0:
        piece[y0 - top : y1 - top, x0 - left : x1 - left] = planes[y0:y1, x0:x1]
    height = np.full(FINE * WIDTH_PX, np.nan, np.float32)
    height[FINE * (x0 - left) : FINE * (x1 - left)] = curve[FINE * x0 : FINE * x1]
    unit = piece.astype(np.float32) * np.float32(1 / 255)
    rgb = _change_light(unit[..., :3], rng)
    trace, sure = np.moveaxis(unit[..., 3:], 2, 0)
    ink = Ink(trace, sure)
    guessed = baselines + rng.normal(0, 8, len(baselines))
    rounded = stack_band(rgb, ink, top, guessed[row], np.delete(guessed, row).tolist())
    band = unround_band(rounded)
    bins = (height - top - (BIN_PX - 1) / 2) / BIN_PX
    if rng.random() < 0.2:  # upside down is as good a trace
        band, bins = band[:, ::-1].copy(), height_px / BIN_PX - 1 - bins
        band[5] *= -1
    return Crop(band, bins)


def _change_light(rgb: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Other contrast, other colours, more noise."""
    dark = (1 - rgb) * rng.uniform(0.7, 1.3) * (1 + 0.1 * rng.standard_normal(3).astype(np.float32))
    if rng.random() < 0.3:
        dark += rng.uniform(0, 0.06) * rng.standard_normal(rgb.shape[:2], np.float32)[..., None]
    if rng.random() < 0.15:
        dark[:] = dark.mean(axis=2, keepdims=True)
    return np.asarray(np.clip(255 * (1 - dark), 0, 255), np.uint8)


def draw_batches(folder: Path, seed: int, batch: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Batches for ever, from the sheets that the folder holds at the time."""
    rng = np.random.default_rng(seed)
    while True:
        sheets = list_sheets(folder, apart=False)
        if not sheets:
            time.sleep(5)
            continue
        for _ in range(LIST):
            height_px = int(rng.choice(HEIGHTS_PX))
            yield stack_crops([cut_crop(sheets[int(rng.integers(len(sheets)))], rng, height_px) for _ in range(batch)])


def list_sheets(folder: Path, apart: bool) -> list[Path]:
    """The sheets to train on, or those apart."""
    return [path for path in sorted(folder.glob("*.planes.npy")) if (int(path.name[:5]) % APART == 0) == apart]


def round_band(band: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The whole numbers that `stack_band` gives, of what a crop holds."""
    return np.clip(np.rint(band * UNIT + ZERO), 0, 255).astype(np.uint8)


def unround_band(rounded: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What the whole numbers of `stack_band` stand for."""
    return np.asarray((rounded - np.float32(ZERO)) / np.float32(UNIT), np.float32)


def stack_crops(crops: list[Crop]) -> tuple[Tensor, Tensor]:
    return (
        torch.from_numpy(np.stack([c.band for c in crops])),
        torch.from_numpy(np.stack([c.height_bins for c in crops])),
    )
