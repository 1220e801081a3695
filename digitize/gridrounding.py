"""Lines of a grid that a printer drew lie on its dots: each up to half a dot beside its true place.

At 200 dots an inch that is 0.06 mm, or 2.5 ms: more than a good lattice's own error, and different from line to line.
The pattern gives it away. Line k belongs at ``k N + phase`` dots, N dots to a box, and was drawn at the nearest whole
one; so two numbers tell the offsets of all lines of a family, and both families share N. A fold of the paper, which
moves neighbouring lines too, makes no such pattern. Traces are drawn of many dots and keep their place.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

FRACTIONS = np.arange(0.02, 0.9801, 0.002)
"""What N may be beyond a whole number; nearer to 0 or 1 the offsets change too slowly to be told from bends."""
PHASES = np.arange(0, 1, 1 / 32)
FINE_FRACTIONS, FINE_PHASES = np.arange(-20, 21) * 2e-4, np.arange(-20, 21) * 4e-3
"""Around the best of those."""
DOTS = (12.0, 160.0)
"""Dots to a box of 5 mm: 60 to 800 an inch."""
MIN_LINES, MIN_NODES = 16, 8
"""Lines that must cross the page each way, and nodes that must be known on each."""
MIN_EXPLAINED = 0.5
"""Part of the lines' unevenness that the pattern must explain, in either family."""
TURNS = 3


@dataclass(frozen=True, eq=False)
class Rounding:
    """How far the lines lie beside their true places, in boxes: ``columns`` to the right, ``rows`` downwards."""

    columns: Array
    rows: Array


def find_rounding(at_px: NDArray[np.complex128]) -> Rounding | None:
    """Look for a printer's dots in the spacing of grid lines.

    Parameters
    ----------
    at_px : ndarray of complex, shape (rows, cols)
        Crossings, NaN where not found.

    Returns
    -------
    Rounding or None
        None where the lines show no such pattern.
    """
    uneven = [_measure_unevenness(plane) for plane in (at_px, at_px.T)]
    if min(np.isfinite(u).sum() for u in uneven) < MIN_LINES:
        return None
    explained = [_explain(u) for u in uneven]
    best: tuple[float, int, int] = (-np.inf, 0, 0)
    across, down = (np.max(e, axis=1) for e, _ in explained)
    for turned in (False, True):  # a page that lies on its side counts one family backwards
        either = np.minimum(across, down[::-1] if turned else down)
        k = int(np.argmax(either))
        best = max(best, (float(either[k]), k, len(FRACTIONS) - 1 - k if turned else k))
    if best[0] < MIN_EXPLAINED:
        return None
    offsets = []
    for u, (score, _), k in zip(uneven, explained, best[1:], strict=True):
        phase = PHASES[int(np.argmax(score[k]))]
        offsets.append(_fit_offsets(u, FRACTIONS[k] + FINE_FRACTIONS, phase + FINE_PHASES))
    return Rounding(offsets[0], offsets[1])


def _fit_offsets(uneven: Array, fractions: Array, phases: Array) -> Array:
    """Offsets of all lines in boxes by the best of the patterns, shape (lines,)."""
    explained, gain = _explain(uneven, fractions, phases)
    k = np.unravel_index(int(np.argmax(explained)), explained.shape)
    offsets = gain[k] * _draw_offsets(len(uneven) + 2, fractions[k[0]], phases[k[1]])[0, 0]
    return np.asarray(offsets)


def _measure_unevenness(at_px: NDArray[np.complex128]) -> Array:
    """How far each line but the outer two lies off the middle of its neighbours, in boxes; NaN where too few tell."""
    off = at_px[:, 1:-1] - (at_px[:, :-2] + at_px[:, 2:]) / 2
    step = (at_px[:, 2:] - at_px[:, :-2]) / 2
    aside = (off * np.conj(step)).real / np.square(np.abs(step))
    enough = np.isfinite(aside).sum(axis=0) >= MIN_NODES
    uneven = np.full(aside.shape[1], np.nan)
    uneven[enough] = np.nanmedian(aside[:, enough], axis=0)
    return uneven


def _draw_offsets(count: int, fractions: Array, phases: Array) -> Array:
    """Offsets of lines in dots for all patterns, shape (fractions, phases, count)."""
    place = np.atleast_1d(fractions)[:, None, None] * np.arange(count) + np.atleast_1d(phases)[:, None]
    return np.asarray(np.round(place) - place)


def _explain(uneven: Array, fractions: Array = FRACTIONS, phases: Array = PHASES) -> tuple[Array, Array]:
    """Part of the unevenness that each pattern explains, and boxes to a dot that fit best, (fractions, phases)."""
    offsets = _draw_offsets(len(uneven) + 2, fractions, phases)
    known = np.isfinite(uneven)
    pattern = (offsets[..., 1:-1] - (offsets[..., :-2] + offsets[..., 2:]) / 2) * known
    square = np.square(pattern)
    seen = np.where(known, uneven, 0.0)
    weight = known.astype(np.float64)
    for _ in range(TURNS):  # lines beside a crease or under print count less each time
        along, strength = pattern @ (weight * seen), square @ weight
        gain = np.clip(along / np.maximum(strength, 1e-9), 0, 1 / DOTS[0])
        of_it = gain * (2 * along - gain * strength) / max(float(np.square(seen) @ weight), 1e-12)
        explained = np.where(gain >= 1 / DOTS[1], of_it, -1.0)
        k = np.unravel_index(int(np.argmax(explained)), explained.shape)
        rest = np.abs(seen - gain[k] * pattern[k])
        scale = 3 * float(np.median(rest[known])) + 1e-4
        weight = known / (1 + np.square(rest / scale))
    return explained, gain
