"""Einthoven's and Goldberger's laws on the sheet itself: whether panels named as limb leads move as those must.

I + III = II and aVR = -(I + II) / 2 at every moment (Einthoven 1912; Goldberger 1942). Panels that stand below one
another show the same moments. Heights are taken roughly, as the middle of the ink in each column: enough to tell
whether a lead is another or upside down.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from digitize.stages import Panel

STEP_MM = 0.4
REACH_MM = 20.0
MIN_SHARE = 0.5
LABEL_MM = 9.0
"""At the beginning of a panel its label and a separator may lie over the trace."""

_LAWS: tuple[dict[str, float], ...] = (
    {"I": 1.0, "III": 1.0, "II": -1.0},
    {"aVR": 2.0, "I": 1.0, "II": 1.0},
    {"aVL": 2.0, "I": -1.0, "III": 1.0},
    {"aVF": 2.0, "II": -1.0, "III": -1.0},
    {"aVR": 1.0, "aVL": 1.0, "aVF": 1.0},
)
"""Sums that are zero."""


def measure_law(
    inked: NDArray[np.uint8], px_per_mm: tuple[float, float], panels: Iterable[Panel]
) -> dict[frozenset[str], float]:
    """How well the limb leads of each column obey.

    Parameters
    ----------
    inked : ndarray of uint8, shape (H, W)
        Strokes without letters, from `digitize.rows.keep_long`.
    px_per_mm : (float, float)
    panels : iterable of Panel

    Returns
    -------
    dict of frozenset of str to float
        By the leads of a law: 1 where its sum is zero throughout, about 0 or less where it is of unrelated leads. Laws
        whose leads do not stand in one column are left out. -aVR counts as aVR upside down.
    """
    body = [panel for panel in panels if not panel.strip]
    baselines = sorted({panel.baseline_mm for panel in body})
    gap_mm = float(np.diff(baselines).min()) if len(baselines) > 1 else 2 * REACH_MM
    found: dict[frozenset[str], float] = {}
    for column in sorted({panel.column for panel in body}):
        here = {panel.lead: panel for panel in body if panel.column == column}
        heights = {
            lead.lstrip("-"): (-1.0 if lead[0] == "-" else 1.0)
            * measure_heights(inked, px_per_mm, panel, min(REACH_MM, 0.6 * gap_mm))
            for lead, panel in here.items()
            if lead.lstrip("-") in {name for law in _LAWS for name in law}
        }
        for law in _LAWS:
            if set(law) <= set(heights):
                score = _obey([factor * heights[name] for name, factor in law.items()])
                if score is not None:
                    found[frozenset(law)] = score
    return found


def measure_heights(
    inked: NDArray[np.uint8], px_per_mm: tuple[float, float], panel: Panel, reach_mm: float
) -> NDArray[np.float64]:
    """Middle of the ink above a panel's zero line every `STEP_MM`, in mm, upwards; NaN where there is none."""
    sx, sy = px_per_mm
    top, bottom = (max(0, round((panel.baseline_mm + d) * sy)) for d in (-reach_mm, reach_mm))
    left, count = round((panel.x_mm[0] + LABEL_MM) * sx), int((panel.x_mm[1] - panel.x_mm[0] - LABEL_MM) / STEP_MM)
    columns = np.clip(left + (np.arange(max(count, 0)) * STEP_MM * sx).astype(int), 0, inked.shape[1] - 1)
    ink = inked[top:bottom, columns].astype(np.float64)
    total = ink.sum(axis=0)
    middle = (np.arange(len(ink))[:, None] * ink).sum(axis=0) / np.where(total > 0, total, np.nan) / sy
    return np.asarray(np.nanmedian(middle) - middle if np.isfinite(middle).any() else middle, np.float64)


def _obey(parts: list[NDArray[np.float64]]) -> float | None:
    """1 less the sum's power over that of its parts."""
    count = min(len(part) for part in parts)
    stack = np.stack([part[:count] for part in parts])
    known = np.isfinite(stack).all(axis=0)
    if known.mean() < MIN_SHARE:
        return None
    stack = stack[:, known] - np.median(stack[:, known], axis=1, keepdims=True)
    power = float((stack**2).sum())
    return 1.0 - float((stack.sum(axis=0) ** 2).sum()) / power if power > 0 else None
