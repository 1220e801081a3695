"""The trace as end-to-end networks take it: what the architectures are compared on. What ships does not need it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from analyze.columns import finite_runs
from digitize.record import LEADS, Ecg

Singles = NDArray[np.float32]

TRACE_HZ = 100
TRACE_S = 10

_BRIDGE_S, _SHORTEST_S = 0.05, 0.3
_DRIFT_S = 0.35  # a Gaussian this wide follows what is slower than half a hertz
_MOST_MV = 5.0


def take_trace(ecg: Ecg) -> Singles:
    """Twelve leads in mV without drift, `TRACE_S` at `TRACE_HZ`, then twelve rows of 1 where they are seen."""
    count = TRACE_S * TRACE_HZ
    trace, seen = np.zeros((len(LEADS), count), np.float32), np.zeros((len(LEADS), count), np.float32)
    at = np.arange(count) * ecg.fs_hz / TRACE_HZ
    bridge, shortest = round(_BRIDGE_S * ecg.fs_hz), round(_SHORTEST_S * ecg.fs_hz)
    for k, lead in enumerate(LEADS):
        if lead not in ecg.leads:
            continue
        x = ecg.signal_mv[:, ecg.leads.index(lead)]
        for start, stop in finite_runs(x, bridge, shortest):
            rows = np.arange(start, stop)
            held = np.isfinite(x[start:stop])
            part = np.interp(rows, rows[held], x[start:stop][held])
            part = part - gaussian_filter1d(part, _DRIFT_S * ecg.fs_hz, mode="nearest")
            part = gaussian_filter1d(part, 0.35 * ecg.fs_hz / TRACE_HZ, mode="nearest")
            inside = (at >= start) & (at <= stop - 1)
            trace[k, inside] = np.interp(at[inside], rows, part)
            seen[k, inside] = 1.0
    return np.concatenate([trace.clip(-_MOST_MV, _MOST_MV), seen])
