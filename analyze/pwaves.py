"""Whether each QRS complex has the same P wave before it, which fibrillation has not however regular it is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from analyze.average import BUMP_S
from analyze.levels import level_beat
from analyze.marked import MarkedColumn

P_ALIKE = 0.6
"""Of `match_p`: below this, what precedes QRS is fibrillation (`paperbeat bench rhythm`)."""

_SOUGHT_S = 0.24  # before QRS, where no P wave was found
_MARGIN_S = (0.04, 0.03)
_FEWEST = 3


def judge_p(marked: Sequence[MarkedColumn]) -> float | None:
    """Median over the leads of P's height over its standard deviation from beat to beat; None without P waves."""
    clarity: list[float] = []
    for at in marked:
        for lead, marks in at.marks.items():
            if not np.isfinite(marks.p_peak) or at.average.at.size < 3:
                continue
            row, k = at.average.r + round(marks.p_peak), at.average.column.leads.index(lead)
            spread_mv = float(at.average.error_mv[row, k]) * at.average.at.size**0.5
            if spread_mv > 0:
                clarity.append(abs(float(level_beat(at, lead)[row])) / spread_mv)
    return float(np.median(clarity)) if clarity else None


def match_p(marked: Sequence[MarkedColumn]) -> float | None:
    """How alike what precedes the QRS complexes is: near 1 where each beat has the same P wave, near 0 in fibrillation.

    Each beat's bumps between the T wave and QRS, all leads counted alike, are correlated with the median of those of
    the other beats; the median of that over the beats of the column which shows most of them. None with fewer than
    `_FEWEST`.
    """
    at = max(marked, key=lambda column: column.average.at.size, default=None)
    if at is None:
        return None
    first, last = _p_window(at)
    cut = at.average.bumps_mv[:, first:last]
    cut = cut[:, :, 2 * np.isfinite(cut).all(axis=1).sum(axis=0) > len(cut)]
    cut = cut[np.isfinite(cut).all(axis=(1, 2))]
    if len(cut) < _FEWEST or not cut.size:
        return None
    cut = cut - cut.mean(axis=1, keepdims=True)
    cut = cut / np.maximum(np.sqrt(np.square(cut).mean(axis=(0, 1))), 1e-6)
    like = []
    for k, one in enumerate(cut):
        rest = np.median(np.delete(cut, k, axis=0), axis=0)
        like.append(float((one * rest).sum() / max(np.linalg.norm(one) * np.linalg.norm(rest), 1e-12)))
    return float(np.median(like))


def _p_window(at: MarkedColumn) -> tuple[int, int]:
    """Rows of the P waves with some margin, or of where they would be; QRS complexes are in none of these bumps."""
    fs_hz, r = at.average.fs_hz, at.average.r
    latest = at.qrs_on - round(BUMP_S * fs_hz)
    ons, offs = ([getattr(m, name) for m in at.marks.values()] for name in ("p_on", "p_off"))
    on, off = (_median(ends) for ends in (ons, offs))
    if on is None or off is None:
        return max(0, at.qrs_on - round(_SOUGHT_S * fs_hz)), latest
    return max(0, r + round(on - _MARGIN_S[0] * fs_hz)), min(latest, r + round(off + _MARGIN_S[1] * fs_hz))


def _median(values: Sequence[float]) -> float | None:
    held = [value for value in values if np.isfinite(value)]
    return float(np.median(held)) if held else None
