"""Samples as 16-bit whole microvolts, the form that WFDB, DICOM and EDF share, and the units files give theirs in."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from digitize.errors import UsageError
from digitize.record import Ecg

BLANK = -32768
"""The count that stands for no sample: WFDB's own choice for format 16, and out of reach of the others."""

_MAX_UV = 32767
_MV_PER = {"v": 1000.0, "mv": 1.0, "uv": 1e-3, "µv": 1e-3, "μv": 1e-3, "nv": 1e-6, "millivolt": 1.0, "microvolt": 1e-3}


def to_counts(ecg: Ecg) -> NDArray[np.int16]:
    """The signal in whole microvolts, shape (time, lead), ``BLANK`` where there is no sample.

    Raises
    ------
    UsageError
        A sample beyond ±32.767 mV, which 16 bits cannot hold.
    """
    uv = np.rint(ecg.signal_mv * 1000)
    if np.nanmax(np.abs(uv), initial=0.0) > _MAX_UV:
        raise UsageError(
            "The signal goes beyond ±32.767 mV, more than this format holds at 1 µV.", "Write .csv or .npz."
        )
    return np.where(np.isfinite(uv), uv, BLANK).astype(np.int16)


def mv_per(unit: str) -> float | None:
    """Millivolts in one of a unit (``"uV"``, ``"mV"``, ...); None when it is no voltage."""
    return _MV_PER.get(unit.strip().lower())
