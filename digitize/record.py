"""The types all three packages share: an ECG, the patient it is of, and what was noticed on the way."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

LEADS: tuple[str, ...] = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
"""The twelve standard leads in the order of every table and file written here."""

FS_HZ = 500.0
"""Sampling rate of every signal read from paper."""

Sex = Literal["female", "male"]
Severity = Literal["info", "warning", "error"]


@dataclass(frozen=True, eq=False)
class Ecg:
    """An ECG signal in millivolts.

    Attributes
    ----------
    signal_mv : ndarray, shape (time, lead)
        Millivolts; NaN where a lead is not printed or could not be read. Never filled in.
    fs_hz : float
        Samples per second.
    leads : tuple of str, length lead
        Lead names, such as ``("I", "II", ...)``.
    """

    signal_mv: NDArray[np.float64]
    fs_hz: float
    leads: tuple[str, ...] = LEADS

    def __post_init__(self) -> None:
        if self.signal_mv.ndim != 2 or self.signal_mv.shape[1] != len(self.leads):
            raise ValueError(f"signal_mv has shape {self.signal_mv.shape}; expected (time, {len(self.leads)})")
        if not self.fs_hz > 0:
            raise ValueError(f"fs_hz must be positive, not {self.fs_hz}")

    @property
    def duration_s(self) -> float:
        """Length of the record in seconds."""
        return float(self.signal_mv.shape[0] / self.fs_hz)

    @property
    def time_s(self) -> NDArray[np.float64]:
        """Time of each sample, shape (time,)."""
        return np.arange(self.signal_mv.shape[0], dtype=np.float64) / self.fs_hz

    def lead(self, name: str) -> NDArray[np.float64]:
        """One lead in millivolts, shape (time,). Raises KeyError when the ECG does not hold that lead."""
        try:
            return self.signal_mv[:, self.leads.index(name)]
        except ValueError:
            raise KeyError(name) from None

    @property
    def printed(self) -> dict[str, bool]:
        """Which leads hold at least one sample."""
        return {name: bool(np.isfinite(self.lead(name)).any()) for name in self.leads}


@dataclass(frozen=True)
class Patient:
    """What the rules need to know of the patient, and where it came from (``hint``, ``printed`` or ``unknown``)."""

    age_y: float | None = None
    sex: Sex | None = None
    source: str = "unknown"


@dataclass(frozen=True)
class Note:
    """Something a reader of the result must know: an assumption, a doubt, a part that could not be read."""

    code: str
    severity: Severity
    message: str
    hint: str = ""


@dataclass(frozen=True)
class Hints:
    """What a person knows better than the page shows; every field overrides what would be read.

    Attributes
    ----------
    layout : str, optional
        Name of a layout in ``layouts.toml``, such as ``"3x4+1"``.
    speed_mm_per_s, gain_mm_per_mv : float, optional
        Paper speed, and gain of all leads.
    chest_gain_mm_per_mv : float, optional
        Gain of the chest leads where it is another.
    lead_names : tuple of str, optional
        Names of the panels in reading order, replacing those of the layout.
    corners_px : tuple of four (x, y) pairs, optional
        Corners of the page in the picture, clockwise from the top left: what lies outside is ignored.
    patient : Patient
        Age and sex; they win over what is printed.
    """

    layout: str | None = None
    speed_mm_per_s: float | None = None
    gain_mm_per_mv: float | None = None
    chest_gain_mm_per_mv: float | None = None
    lead_names: tuple[str, ...] | None = None
    corners_px: tuple[tuple[float, float], ...] | None = None
    patient: Patient = field(default_factory=Patient)
