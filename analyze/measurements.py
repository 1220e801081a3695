"""What is measured of an ECG, as types: units in the names, None where the ECG does not show it."""

from __future__ import annotations

from dataclasses import dataclass

ST_OFFSETS_MS: tuple[int, ...] = (0, 20, 40, 60, 80)
"""Where the ST level is taken, in milliseconds after the J point."""


@dataclass(frozen=True)
class StLevel:
    """ST level of one lead.

    Attributes
    ----------
    lead : str
    j_mv, j20_mv, j40_mv, j60_mv, j80_mv : float, optional
        At the J point and 20 to 80 ms later, against ``baseline``.
    baseline : str
        What counts as zero: ``"qrs_onset"``.
    error_mv : float, optional
        Half width of the 95 % interval: scatter between beats, the slope at the J point (which is known to a few
        milliseconds) and, on paper, how well the lead was read.
    """

    lead: str
    j_mv: float | None = None
    j20_mv: float | None = None
    j40_mv: float | None = None
    j60_mv: float | None = None
    j80_mv: float | None = None
    baseline: str = "qrs_onset"
    error_mv: float | None = None


@dataclass(frozen=True)
class Amplitude:
    """Highest and lowest point of a lead's QRS complex against the QRS onset: ``r_mv`` >= 0 and ``s_mv`` <= 0."""

    lead: str
    r_mv: float
    s_mv: float


@dataclass(frozen=True)
class Measurements:
    """What was measured; None where it could not be.

    Attributes
    ----------
    heart_rate_bpm : float, optional
        Mean over the record.
    rr_ms : float, optional
        Median RR interval.
    regular : bool, optional
    beats, ectopic_beats : int
        All QRS complexes found, and those of unusual shape.
    pr_ms, qrs_ms, qt_ms : float, optional
    qtc_bazett_ms, qtc_fridericia_ms, qtc_framingham_ms, qtc_hodges_ms : float, optional
    axis_deg : float, optional
        Frontal QRS axis, -180 to 180.
    st : tuple of StLevel
        One for each lead of the ECG.
    amplitudes : tuple of Amplitude
        For the leads whose QRS complex is seen.
    """

    heart_rate_bpm: float | None = None
    rr_ms: float | None = None
    regular: bool | None = None
    beats: int = 0
    ectopic_beats: int = 0
    pr_ms: float | None = None
    qrs_ms: float | None = None
    qt_ms: float | None = None
    qtc_bazett_ms: float | None = None
    qtc_fridericia_ms: float | None = None
    qtc_framingham_ms: float | None = None
    qtc_hodges_ms: float | None = None
    axis_deg: float | None = None
    st: tuple[StLevel, ...] = ()
    amplitudes: tuple[Amplitude, ...] = ()
