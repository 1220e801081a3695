"""How much of a representative beat may be noise."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from analyze.marked import MarkedColumn

_AFTER_QRS_S = 0.30  # ST and T too, which noise hides first


def measure_noise(homes: Mapping[str, MarkedColumn]) -> float | None:
    """Standard error of the representative beats from QRS to T over their height, median of the leads.

    Parameters
    ----------
    homes : mapping of str to MarkedColumn
        As `analyze.marked.pick_homes` gives them.

    Returns
    -------
    float, optional
        About 0.01 on a good record; None where every lead shows a single beat.
    """
    shares = []
    for lead, at in homes.items():
        k, fs_hz = at.average.column.leads.index(lead), at.average.fs_hz
        span = slice(max(0, at.qrs_on), at.qrs_off + round(_AFTER_QRS_S * fs_hz))
        mv, error_mv = at.average.mv[span, k], at.average.error_mv[span, k]
        known = np.isfinite(mv) & np.isfinite(error_mv)
        height_mv = float(np.ptp(mv[known])) if known.any() else 0.0
        if height_mv > 0:
            shares.append(float(np.sqrt(np.mean(np.square(error_mv[known])))) / height_mv)
    return float(np.median(shares)) if shares else None
