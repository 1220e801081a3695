"""The rhythm in words, as far as the beats and the P waves before them tell it."""

from __future__ import annotations

from collections.abc import Sequence

from analyze.measurements import Measurements
from analyze.pwaves import P_ALIKE
from analyze.rules.load import Urgency
from analyze.rules.words import Evidence, Finding, Verdict

_SLOW_BPM, _FAST_BPM = 60.0, 100.0
_VARIES = 0.10  # of the mean: neighbouring RR intervals change by more than this where the rhythm is irregular
_PR_LONG_MS = 200.0
_PAUSE = 1.75  # of the usual RR interval: a beat is missing
_SINUS_AXIS_DEG = (-30.0, 105.0)  # of P, with room for its error
_VARIES_MUCH = 0.20
_P_CLEAR = 1.5  # P stands out of what changes from beat to beat
_P_ALIKE = (
    0.6  # correlation from beat to beat: below this, what precedes QRS is fibrillation (`paperbeat bench rhythm`)
)
_FLUTTER_BPM = (130.0, 160.0)  # 2:1 conduction of 260 to 320 a minute
_QRS_WIDE_MS = 120.0
_SOURCE = (
    "Kligfield et al. 2007; Mason et al. 2007, AHA/ACC/HRS statements on ECG diagnosis; thresholds in analyze/rhythm.py"
)


def name_rhythm(m: Measurements) -> tuple[Finding, ...]:
    """Rhythm findings: one that names it, and what disturbs it; undetermined where the strip is too short.

    Returns
    -------
    tuple of Finding
        Codes ``rhythm.*`` and ``conduction.*``, all met or undetermined: what is not there is not listed.
    """
    if m.heart_rate_bpm is None:
        return (_find("rhythm.unknown", "undetermined", "Rhythm", "Too few beats to name it."),)
    return (_name(m), *_disturbances(m))


def _name(m: Measurements) -> Finding:
    """The rhythm itself."""
    rate = m.heart_rate_bpm or 0.0
    alike = m.p_match is not None and m.p_match >= P_ALIKE
    clear_p = m.pr_ms is not None and (m.p_clarity is None or m.p_clarity >= _P_CLEAR or alike)
    if m.spikes and m.spikes >= 0.5 * m.beats:
        return _find("rhythm.paced_rhythm", "met", "Paced rhythm", f"{m.spikes} spikes, {m.beats} beats.")
    if m.rr_change is None:
        return _find("rhythm.unknown", "undetermined", "Rhythm", f"Too few beats to name it; {rate:.0f} bpm.")
    varies = m.rr_change >= _VARIES
    sinus = m.p_axis_deg is None or _SINUS_AXIS_DEG[0] <= m.p_axis_deg <= _SINUS_AXIS_DEG[1]
    if not alike and ((varies and not clear_p) or (m.rr_change >= _VARIES_MUCH and not sinus)):
        words = f"RR intervals change by {100 * m.rr_change:.0f} % without clear sinus P waves; {rate:.0f} bpm."
        urgency: Urgency = "urgent" if rate > _FAST_BPM else "routine"
        return _find("rhythm.atrial_fibrillation", "met", "Atrial fibrillation or flutter suspected", words, urgency)
    if not clear_p:
        if _FLUTTER_BPM[0] <= rate <= _FLUTTER_BPM[1]:
            words = f"Regular, {rate:.0f} bpm, no clear P waves."
            return _find("rhythm.flutter", "undetermined", "Atrial flutter or another tachycardia", words, "urgent")
        wide = (m.qrs_ms or 0.0) >= _QRS_WIDE_MS
        if wide and rate > _FAST_BPM:
            words = f"{rate:.0f} bpm, QRS {m.qrs_ms:.0f} ms, no clear P waves: ventricular until proven otherwise."
            return _find("rhythm.wide_tachycardia", "met", "Tachycardia with wide QRS", words, "emergency")
        if varies:
            words = f"{rate:.0f} bpm; what precedes QRS is alike from beat to beat, which speaks against fibrillation."
            return _find("rhythm.no_p", "undetermined", "Irregular rhythm, P waves not clear", words)
        return _find("rhythm.no_p", "undetermined", "Regular rhythm without clear P waves", f"{rate:.0f} bpm.")
    if m.p_axis_deg is not None and not sinus:
        words = f"P axis {m.p_axis_deg:.0f}°, {rate:.0f} bpm (or exchanged limb leads)."
        return _find("rhythm.ectopic_atrial", "undetermined", "P waves not as from the sinus node", words)
    name = "Sinus bradycardia" if rate < _SLOW_BPM else "Sinus tachycardia" if rate > _FAST_BPM else "Sinus rhythm"
    name += " with sinus arrhythmia" if varies and not m.early_beats and not m.ectopic_beats else ""
    return _find(
        "rhythm.sinus",
        "met",
        name,
        f"{rate:.0f} bpm, P axis {m.p_axis_deg or 0:.0f}°." if m.p_axis_deg else f"{rate:.0f} bpm.",
    )


def _disturbances(m: Measurements) -> Sequence[Finding]:
    """Extra beats, pauses and slow conduction."""
    found = []
    if m.ectopic_beats and not m.spikes:
        words = f"{m.ectopic_beats} of {m.beats} beats of another shape, left out of the measurements."
        found.append(_find("rhythm.ectopic", "met", "Ectopic beats", words))
    if m.early_beats and m.rr_change is not None and m.pr_ms is not None:
        words = f"{m.early_beats} of {m.beats} beats of usual shape come early."
        found.append(_find("rhythm.atrial_ectopic", "met", "Supraventricular extrasystoles", words))
    if (
        m.rr_ms
        and m.rr_longest_ms
        and m.pr_ms is not None
        and m.rr_longest_ms >= _PAUSE * m.rr_ms
        and not m.ectopic_beats
    ):
        words = f"A pause of {m.rr_longest_ms:.0f} ms: a blocked P (second degree AV block) or a sinus pause."
        found.append(_find("conduction.av_block_2", "undetermined", "Second degree AV block?", words, "urgent"))
    if (
        m.pr_ms is not None
        and not m.spikes
        and m.pr_ms - (m.pr_error_ms or 0.0) <= _PR_LONG_MS < m.pr_ms + (m.pr_error_ms or 0.0)
    ):
        found.append(_first_degree(m, "undetermined"))
    elif m.pr_ms is not None and not m.spikes and m.pr_ms > _PR_LONG_MS:
        found.append(_first_degree(m, "met"))
    if m.pr_ms is None and m.regular and (m.heart_rate_bpm or 0.0) < 45.0 and not m.spikes:
        words = (
            f"Regular, {m.heart_rate_bpm:.0f} bpm, P waves not tied to QRS: third degree AV block or an escape rhythm."
        )
        found.append(_find("conduction.av_block_3", "undetermined", "Third degree AV block?", words, "emergency"))
    return found


def _first_degree(m: Measurements, verdict: Verdict) -> Finding:
    evidence = (Evidence("", None, None, "PR", m.pr_ms, _PR_LONG_MS, "ms"),)
    found = _find("conduction.av_block_1", verdict, "First degree AV block", f"PR {m.pr_ms:.0f} ms.")
    return Finding(found.code, found.verdict, found.statement, evidence, found.title, "context", "1", _SOURCE)


def _find(code: str, verdict: Verdict, title: str, words: str, urgency: Urgency = "context") -> Finding:
    said = f"{title}: {words}" if verdict == "met" else f"{title}: undetermined. {words}"
    return Finding(code, verdict, said, (), title, urgency, "1", _SOURCE)
