"""The rhythm in words, as far as the beats and the P waves before them tell it."""

from __future__ import annotations

from collections.abc import Sequence

from analyze.avblock import find_blocked_bpm, name_av_block
from analyze.measurements import Measurements
from analyze.pwaves import P_ALIKE
from analyze.rules.load import Urgency
from analyze.rules.words import Finding, Verdict

_SLOW_BPM, _FAST_BPM = 60.0, 100.0
_VARIES = 0.10  # of the mean: neighbouring RR intervals change by more than this where the rhythm is irregular
_SINUS_AXIS_DEG = (-30.0, 105.0)  # of P, with room for its error
_VARIES_MUCH = 0.20
_P_CLEAR = 1.5  # P stands out of what changes from beat to beat
_FLUTTER_BPM = (130.0, 160.0)  # 2:1 conduction of 260 to 320 a minute
_F_WAVES_BPM = (200.0, 350.0)
_FLUTTER_LIKE = 0.5  # of waves one period apart; see `paperbeat bench rhythm`
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
    return (_name(m), *_disturbances(m), *name_av_block(m))


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
    train = find_blocked_bpm(m)
    if not alike and _has_f_waves(m):
        words = f"Waves at {m.atrial_rate_bpm:.0f} a minute between the QRS complexes; {rate:.0f} bpm."
        return _find("rhythm.flutter", "met", "Atrial flutter suspected", words, "urgent")
    if not alike and train is None and ((varies and not clear_p) or (m.rr_change >= _VARIES_MUCH and not sinus)):
        words = f"RR intervals change by {100 * m.rr_change:.0f} % without clear sinus P waves; {rate:.0f} bpm."
        urgency: Urgency = "urgent" if rate > _FAST_BPM else "routine"
        return _find("rhythm.atrial_fibrillation", "met", "Atrial fibrillation or flutter suspected", words, urgency)
    if not clear_p and train is not None:
        words = f"{train:.0f} a minute; QRS complexes {rate:.0f}."
        return _find("rhythm.p_train", "met", "P waves at their own rate", words)
    if not clear_p:
        if _FLUTTER_BPM[0] <= rate <= _FLUTTER_BPM[1]:
            words = f"Regular, {rate:.0f} bpm, no clear P waves."
            return _find("rhythm.flutter", "undetermined", "Atrial flutter or another tachycardia", words, "urgent")
        wide = (m.qrs_ms or 0.0) >= _QRS_WIDE_MS
        if wide and rate > _FAST_BPM:
            words = f"{rate:.0f} bpm, QRS {m.qrs_ms:.0f} ms, no clear P waves: ventricular until proven otherwise."
            return _find("rhythm.wide_tachycardia", "met", "Tachycardia with wide QRS", words, "emergency")
        if not varies and rate > _FLUTTER_BPM[1] and m.qrs_ms is not None:
            words = f"Regular, {rate:.0f} bpm, QRS {m.qrs_ms:.0f} ms, no P waves before it."
            return _find("rhythm.svt", "met", "Supraventricular tachycardia suspected", words, "urgent")
        if varies:
            words = f"{rate:.0f} bpm; what precedes QRS is alike from beat to beat, which speaks against fibrillation."
            return _find("rhythm.no_p", "undetermined", "Irregular rhythm, P waves not clear", words)
        return _find("rhythm.no_p", "undetermined", "Regular rhythm without clear P waves", f"{rate:.0f} bpm.")
    if m.p_axis_deg is not None and not sinus:
        words = f"P axis {m.p_axis_deg:.0f}°, {rate:.0f} bpm (or exchanged limb leads)."
        return _find("rhythm.ectopic_atrial", "undetermined", "P waves not as from the sinus node", words)
    of_sinus = rate if train is None else train
    name = (
        "Sinus bradycardia" if of_sinus < _SLOW_BPM else "Sinus tachycardia" if of_sinus > _FAST_BPM else "Sinus rhythm"
    )
    name += " with sinus arrhythmia" if varies and not (m.early_beats or m.ectopic_beats or train) else ""
    words = f"{of_sinus:.0f} a minute, QRS complexes {rate:.0f}" if train else f"{rate:.0f} bpm"
    axis = f", P axis {m.p_axis_deg:.0f}°" if m.p_axis_deg is not None else ""
    return _find("rhythm.sinus", "met", name, f"{words}{axis}.")


def _has_f_waves(m: Measurements) -> bool:
    """Whether waves of flutter come between the QRST complexes."""
    likeness, rate_bpm = m.atrial_likeness or 0.0, m.atrial_rate_bpm or 0.0
    return likeness >= _FLUTTER_LIKE and _F_WAVES_BPM[0] <= rate_bpm <= _F_WAVES_BPM[1]


def _disturbances(m: Measurements) -> Sequence[Finding]:
    """Extra beats, pauses and slow conduction."""
    found = []
    if m.ectopic_beats and not m.spikes:
        words = f"{m.ectopic_beats} of {m.beats} beats of another shape, left out of the measurements."
        found.append(_find("rhythm.ectopic", "met", "Ectopic beats", words))
    if m.early_beats and m.rr_change is not None and m.pr_ms is not None:
        words = f"{m.early_beats} of {m.beats} beats of usual shape come early."
        found.append(_find("rhythm.atrial_ectopic", "met", "Supraventricular extrasystoles", words))
    return found


def _find(code: str, verdict: Verdict, title: str, words: str, urgency: Urgency = "context") -> Finding:
    said = f"{title}: {words}" if verdict == "met" else f"{title}: undetermined. {words}"
    return Finding(code, verdict, said, (), title, urgency, "1", _SOURCE)
