"""Matching the two lines through a grid crossing to what such lines look like, node by node, sub-pixel."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

HALF_SPAN = 0.75
"""How far around a node, in boxes, its two lines are followed."""
SAMPLES = 65
SAMPLES_ALONG = 32
MAX_SHIFT = 0.22
"""How far, in boxes, a node may lie from where its neighbours predict it: under a quarter, or half boxes would do."""
DOUBT = 0.3
"""What a shift of MAX_SHIFT costs in match score: a fine line beside the bold one must not do as well."""
BATCH = 128
"""Nodes sampled at once: so many points stay in a processor's cache."""
USUAL = 2.0
"""Evidence of a line of usual strength."""

OFFSETS = np.linspace(-HALF_SPAN - MAX_SHIFT, HALF_SPAN + MAX_SHIFT, SAMPLES)
SPACING = float(OFFSETS[1] - OFFSETS[0])
SHIFTS = round(MAX_SHIFT / SPACING)


def soften_evidence(evidence: NDArray[np.float32], box_px: float) -> NDArray[np.float32]:
    """Blur by what the profiles' sampling would otherwise alias; cut so that a black stroke counts as a line does."""
    spacing_px = 2 * (HALF_SPAN + MAX_SHIFT) / (SAMPLES - 1) * box_px
    soft = cv2.GaussianBlur(evidence, (0, 0), max(0.5, 0.6 * spacing_px))
    return np.asarray(np.minimum(soft, np.float32(USUAL)), np.float32)


def sample_evidence(
    evidence: NDArray[np.float32], x: NDArray[np.float32], y: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Values at picture points, bilinear, 0 outside."""
    flat_x, flat_y = (part.reshape(len(part), -1) for part in (x, y))
    values = cv2.remap(evidence, flat_x, flat_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=0)
    return np.asarray(values, np.float32).reshape(x.shape)


def take_profiles(
    evidence: NDArray[np.float32], at_px: NDArray[np.complex128], basis: NDArray[np.complex128]
) -> NDArray[np.float32]:
    """Ink across either line of each node, averaged along the other's direction: shape (2, node, SAMPLES)."""
    across = OFFSETS.astype(np.float32)[None, :, None]
    along = np.linspace(-HALF_SPAN, HALF_SPAN, SAMPLES_ALONG, dtype=np.float32)[None, None, :]
    weight = np.full(SAMPLES_ALONG, 1 / SAMPLES_ALONG, np.float32)
    out = np.empty((2, len(at_px), SAMPLES), np.float32)
    for first in range(0, len(at_px), BATCH):
        part = slice(first, first + BATCH)
        at, steps = (
            at_px[part].astype(np.complex64)[:, None, None],
            basis[:, part].astype(np.complex64)[..., None, None],
        )
        for k in (0, 1):
            step, other = steps[k], steps[1 - k]
            x = (at.real + across * step.real) + along * other.real
            y = (at.imag + across * step.imag) + along * other.imag
            out[k, part] = sample_evidence(evidence, x, y) @ weight
    return out


def match_profiles(
    profiles: NDArray[np.float32], template: NDArray[np.floating]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Shift (2, node), in boxes, at which each profile correlates best with its template; the weaker correlation."""
    core = SAMPLES - 2 * SHIFTS
    window = np.lib.stride_tricks.sliding_window_view(np.eye(SAMPLES, dtype=np.float32), core, axis=1)
    node = np.arange(profiles.shape[1])
    shift, fit = np.zeros(profiles.shape[:2]), np.ones(len(node))
    for k in (0, 1):
        mean_free = template[k][SHIFTS : SHIFTS + core] - template[k][SHIFTS : SHIFTS + core].mean()
        mean_free = (mean_free / (np.linalg.norm(mean_free) + 1e-9)).astype(np.float32)
        total = profiles[k] @ window.sum(axis=2)
        square = np.square(profiles[k]) @ window.sum(axis=2)
        spread = np.sqrt(np.maximum(square - np.square(total) / core, 0))
        scores = (profiles[k] @ (window @ mean_free)) / (spread + 0.05)
        best = (scores - DOUBT * np.linspace(-1, 1, 2 * SHIFTS + 1) ** 2).argmax(axis=1)
        inner = np.clip(best, 1, 2 * SHIFTS - 1)
        left, mid, right = (scores[node, inner + d].astype(np.float64) for d in (-1, 0, 1))
        curve = np.minimum(left - 2 * mid + right, -1e-9)
        shift[k] = (inner + np.clip(0.5 * (left - right) / curve, -1, 1) - SHIFTS) * SPACING
        fit = np.minimum(fit, np.where(best == inner, mid, 0.0))
    return shift, fit


def slide_profiles(profiles: NDArray[np.float32], shift: NDArray[np.float64]) -> NDArray[np.float64]:
    """Profiles as they would be had each node been moved by its shift (2, node)."""
    index = np.arange(SAMPLES)[None, None, :] + shift[..., None] / SPACING
    low = np.clip(np.floor(index).astype(np.int64), 0, SAMPLES - 2)
    part = np.clip(index - low, 0, 1)
    first, second = (np.take_along_axis(profiles, low + d, axis=2) for d in (0, 1))
    return np.asarray((1 - part) * first + part * second, np.float64)
