"""AV block as far as a strip tells it: a long PR interval, and P waves that no QRS complex follows.

A train of atrial waves between the QRST complexes (`analyze.atria`) that is faster than the ventricles is what a block
of second or third degree shows. Ten seconds suggest one and do not prove it; a pause alone is no more than a question.
"""

from __future__ import annotations

from collections.abc import Sequence

from analyze.measurements import Measurements
from analyze.pwaves import P_ALIKE
from analyze.rules.load import Urgency
from analyze.rules.words import Evidence, Finding, Verdict

_PR_LONG_MS = 200.0
_PAUSE = 1.75  # of the usual RR interval: a beat is missing
_ESCAPE_BPM = 45.0
_LIKE = 0.4  # likeness of waves one period apart: no train by chance, see `paperbeat bench rhythm`
_TRAIN_BPM = (40.0, 130.0)  # faster ones are flutter, or a T wave and a P wave taken for two of a kind
_FASTER = 1.07  # than the ventricles: one P wave in fifteen is blocked,
_TIED = 1.5  # or, where all beats are regular and have a PR interval, every second one
_VARIES = 0.10
_WHOLE = 0.15  # of a PP interval: RR intervals within this of whole PP intervals
_TWO = 2.15  # PP intervals: Wenckebach's pause is shorter than two
_SOURCE = (
    "Kusumoto et al. 2019, ACC/AHA/HRS guideline on bradycardia [from memory], for what the degrees are;"
    " limits of what a strip shows are ours, in analyze/avblock.py"
)


def find_blocked_bpm(m: Measurements) -> float | None:
    """Rate of a train of P waves too fast for all of them to be conducted; None without one."""
    bpm, rate_bpm = m.atrial_rate_bpm, m.heart_rate_bpm
    if bpm is None or rate_bpm is None or (m.atrial_likeness or 0.0) < _LIKE:
        return None
    tied = m.pr_ms is not None and m.rr_change is not None and m.rr_change < _VARIES
    faster = bpm >= (_TIED if tied else _FASTER) * rate_bpm
    return bpm if faster and _TRAIN_BPM[0] <= bpm <= _TRAIN_BPM[1] else None


def name_av_block(m: Measurements) -> Sequence[Finding]:
    """Findings ``conduction.av_block_*``, met or undetermined; none with a pacemaker."""
    if m.spikes or m.heart_rate_bpm is None:
        return ()
    train = find_blocked_bpm(m)
    if train is not None:
        return (_name_blocked(m, train, m.heart_rate_bpm),)
    hints = []
    if m.pr_ms is not None:
        if m.rr_ms and (m.rr_longest_ms or 0.0) >= _PAUSE * m.rr_ms and not m.ectopic_beats:
            words = f"A pause of {m.rr_longest_ms:.0f} ms: a blocked P (second degree AV block) or a sinus pause."
            hints.append(_find("conduction.av_block_2", "undetermined", "Second degree AV block?", words, "urgent"))
        error = m.pr_error_ms or 0.0
        if m.pr_ms + error > _PR_LONG_MS:
            hints.append(_name_first(m.pr_ms, "met" if m.pr_ms - error > _PR_LONG_MS else "undetermined"))
    elif m.regular and m.heart_rate_bpm < _ESCAPE_BPM:
        words = (
            f"Regular, {m.heart_rate_bpm:.0f} bpm, P waves not tied to QRS: third degree AV block or an escape rhythm."
        )
        hints.append(_find("conduction.av_block_3", "undetermined", "Third degree AV block?", words, "emergency"))
    return hints


def _name_blocked(m: Measurements, atrial_bpm: float, rate_bpm: float) -> Finding:
    """What a train of P waves speaks for that is faster than the ventricles."""
    rates = f"P waves at {atrial_bpm:.0f}, QRS complexes at {rate_bpm:.0f} a minute"
    constant = m.pr_ms is not None and (m.p_match or 0.0) >= P_ALIKE
    whole = m.rr_off_pp is not None and m.rr_off_pp <= _WHOLE
    second, third = "Second degree AV block suspected", "Third degree AV block suspected"
    if m.rr_change is None:
        words = f"{rates}; too few beats to tell whether they are tied to each other."
        return _find("conduction.av_block_2", "undetermined", "Second or third degree AV block?", words, "emergency")
    if m.rr_change < _VARIES and not constant:
        words = f"{rates}, each regular and neither tied to the other."
        return _find("conduction.av_block_3", "met", third, words, "emergency")
    if constant and whole:
        every = (
            f"{round(atrial_bpm / rate_bpm)} P waves to a QRS complex" if m.rr_change < _VARIES else "some not followed"
        )
        words = f"{rates}: {every}, at a constant PR interval of {m.pr_ms:.0f} ms."
        return _find("conduction.av_block_2", "met", second, words, "urgent")
    wenckebach = not constant and (m.rr_longest_ms or 0.0) * atrial_bpm <= _TWO * 60000.0
    words = f"{rates}, with PR intervals that differ" + (" (Wenckebach?)." if wenckebach else ".")
    return _find("conduction.av_block_2", "met" if wenckebach else "undetermined", second, words, "urgent")


def _name_first(pr_ms: float, verdict: Verdict) -> Finding:
    evidence = (Evidence("", None, None, "PR", pr_ms, _PR_LONG_MS, "ms"),)
    found = _find("conduction.av_block_1", verdict, "First degree AV block", f"PR {pr_ms:.0f} ms.", "context")
    return Finding(found.code, found.verdict, found.statement, evidence, found.title, "context", "2", _SOURCE)


def _find(code: str, verdict: Verdict, title: str, words: str, urgency: Urgency) -> Finding:
    said = f"{title}: {words}" if verdict == "met" else f"{title}: undetermined. {words}"
    return Finding(code, verdict, said, (), title, urgency, "2", _SOURCE)
