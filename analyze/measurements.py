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
        What counts as zero: ``"qrs_onset"``, the mean of the 16 ms before the QRS complex.
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
    """Waves of one lead's representative beat, in millivolts against the QRS onset.

    Attributes
    ----------
    lead : str
    r_mv : float
        Highest point of the QRS complex, >= 0.
    s_mv : float
        Lowest point after R, <= 0; in a complex without R the depth of QS.
    q_mv : float
        Lowest point before R, <= 0; in a complex without R the depth of QS.
    p_mv, t_mv : float, optional
        Height of P and T at their peaks, negative when inverted; None where there is no such wave.
    t_max_mv, t_min_mv : float, optional
        Highest and lowest point of T: both differ from 0 when it is biphasic.
    p_end_mv_ms : float, optional
        What P dips below zero in its latter half, mV x ms, <= 0 (P terminal force).
    pr_mv : float, optional
        Level at the QRS onset against that before P: negative where PR is depressed; None where P does not begin.
    q_ms : float, optional
        How long the complex is negative before R; 0 without Q.
    r_ms, r_peak_ms : float, optional
        How long R is positive, and from QRS onset to its peak.
    notch_mv : float, optional
        Height of a notch on the last downstroke of R (Jpeak); 0 without one.
    error_mv : float, optional
        Half width of the 95 % interval of ``r_mv``, ``s_mv`` and ``q_mv``; the notch shares that of ST.
    p_error_mv, t_error_mv, pr_error_mv : float, optional
        The same of P, T and PR, which are less steep.
    """

    lead: str
    r_mv: float
    s_mv: float
    q_mv: float = 0.0
    p_mv: float | None = None
    t_mv: float | None = None
    t_max_mv: float | None = None
    t_min_mv: float | None = None
    p_end_mv_ms: float | None = None
    q_ms: float | None = None
    r_ms: float | None = None
    r_peak_ms: float | None = None
    notch_mv: float | None = None
    error_mv: float | None = None
    p_error_mv: float | None = None
    t_error_mv: float | None = None
    pr_mv: float | None = None
    pr_error_mv: float | None = None


@dataclass(frozen=True)
class Measurements:
    """What was measured; None where it could not be.

    Attributes
    ----------
    heart_rate_bpm : float, optional
        Mean over the record.
    rr_ms, rr_longest_ms : float, optional
        Median and longest RR interval.
    rr_change : float, optional
        Upper quartile of the change between neighbouring RR intervals of usual beats, over their mean.
    regular : bool, optional
    beats, ectopic_beats : int
        All QRS complexes found, and those of unusual shape.
    early_beats : int
        Beats of usual shape that come more than a fifth early, with a rest after them.
    spikes : int
        Of a pacemaker.
    p_clarity : float, optional
        How far P stands out of what changes from beat to beat in its place: its height over their standard deviation,
        median of the leads.
    p_match : float, optional
        How alike what precedes the QRS complexes is from beat to beat: near 1 with P waves at a constant PR interval,
        near 0 in atrial fibrillation.
    atrial_rate_bpm, atrial_likeness, rr_off_pp : float, optional
        A train of waves between the QRST complexes: its rate, how alike what lies one of its periods apart is (1 is the
        same, chance gives up to 0.3), and how far RR intervals are from whole periods, at most, in periods.
    p_ms, pr_ms, qrs_ms, qt_ms : float, optional
    qtc_fridericia_ms, qtc_bazett_ms, qtc_framingham_ms, qtc_hodges_ms : float, optional
    heart_rate_error_bpm, p_error_ms, pr_error_ms, qrs_error_ms, qt_error_ms : float, optional
    axis_error_deg, p_axis_error_deg, t_axis_error_deg : float, optional
        Half widths of 95 % intervals, the reading of the paper included. QTc has that of QT, corrected alike.
    axis_deg, p_axis_deg, t_axis_deg : float, optional
        Frontal axes of QRS, P and T, -180 to 180.
    sokolow_mv, cornell_mv : float, optional
        S in V1 + the taller R of V5 and V6 (Sokolow and Lyon 1949); R in aVL + S in V3 (Casale 1987).
    transition : str, optional
        First lead from V1 on whose R is at least as tall as its S is deep; ``"none"`` where V6 has not turned.
    st : tuple of StLevel
        One for each lead of the ECG.
    amplitudes : tuple of Amplitude
        For the leads whose QRS complex is seen.
    """

    heart_rate_bpm: float | None = None
    rr_ms: float | None = None
    rr_longest_ms: float | None = None
    rr_change: float | None = None
    regular: bool | None = None
    beats: int = 0
    ectopic_beats: int = 0
    early_beats: int = 0
    spikes: int = 0
    p_clarity: float | None = None
    p_match: float | None = None
    atrial_rate_bpm: float | None = None
    atrial_likeness: float | None = None
    rr_off_pp: float | None = None
    p_ms: float | None = None
    pr_ms: float | None = None
    qrs_ms: float | None = None
    qt_ms: float | None = None
    qtc_bazett_ms: float | None = None
    qtc_fridericia_ms: float | None = None
    qtc_framingham_ms: float | None = None
    qtc_hodges_ms: float | None = None
    heart_rate_error_bpm: float | None = None
    p_error_ms: float | None = None
    pr_error_ms: float | None = None
    qrs_error_ms: float | None = None
    qt_error_ms: float | None = None
    axis_deg: float | None = None
    p_axis_deg: float | None = None
    t_axis_deg: float | None = None
    axis_error_deg: float | None = None
    p_axis_error_deg: float | None = None
    t_axis_error_deg: float | None = None
    sokolow_mv: float | None = None
    cornell_mv: float | None = None
    transition: str | None = None
    st: tuple[StLevel, ...] = ()
    amplitudes: tuple[Amplitude, ...] = ()
