"""What light does to a scene, and a camera to light: factors about 1 by coarse blocks, to be multiplied together.

Each takes places in the frame, x from -1 to 1 from left to right and y by the same scale, of shape (rows, cols), and a
strength from 0 (nothing) to 1 (bad); each gives factors of shape (rows, cols, 1) or (rows, cols, 3).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from digitize.synth.damage import cloud

Plane = NDArray[np.float32]
Rng = np.random.Generator


def fall_off(x: Plane, y: Plane, rng: Rng, strength: float) -> Plane:
    """A lamp on one side."""
    angle = rng.uniform(0, 2 * np.pi)
    return np.asarray(1 - 0.3 * strength * (1 + x * np.cos(angle) + y * np.sin(angle)))[..., None]


def shade(x: Plane, y: Plane, rng: Rng, strength: float) -> Plane:
    """The shadow of a hand, a head or the phone, soft or hard, bluish."""
    angle = rng.uniform(0, 2 * np.pi)
    away = x * np.cos(angle) + y * np.sin(angle) - rng.uniform(-0.4, 0.7) + 0.1 * cloud(rng, x.shape, x.shape[1] / 3)
    depth = rng.uniform(0.25, 0.6) * strength / (1 + np.exp(-np.clip(away / rng.uniform(0.01, 0.15), -30, 30)))
    return np.asarray(1 - depth[..., None] * np.array([1.1, 1.0, 0.9]))


def tint(x: Plane, y: Plane, rng: Rng, strength: float) -> Plane:
    """Lamp light or window light that the camera did not balance, somewhat more so on one side."""
    warmth, green, angle = rng.uniform(-1, 1), rng.uniform(-0.4, 0.4), rng.uniform(0, 2 * np.pi)
    share = 1 + 0.3 * (x * np.cos(angle) + y * np.sin(angle))
    return np.asarray(1 + strength * share[..., None] * np.array([0.12 * warmth, 0.08 * green, -0.2 * warmth]))


def vignette(x: Plane, y: Plane, rng: Rng, strength: float) -> Plane:
    """Darker corners."""
    return np.asarray(1 - 0.3 * strength * (x**2 + y**2))[..., None]


def expose(x: Plane, y: Plane, rng: Rng, strength: float) -> Plane:
    """Too dark or too bright."""
    stops = strength * (rng.uniform(0.3, 0.75) if rng.random() < 0.4 else -rng.uniform(0.5, 1.6))
    return np.full((*x.shape, 1), 2**stops, np.float32)
