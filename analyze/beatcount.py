"""How many beats of the rhythm strip are supraventricular or ventricular, and how many cannot be told.

The classifier of beats says this, not the rules of `analyze.rhythm`; where the two differ, the count says so.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analyze.beatclass import judge_beats, load_card
from analyze.beats import Beats
from analyze.measurements import Measurements
from analyze.rhythm import name_rhythm
from digitize.record import LEADS, Ecg

FEWEST_BEATS = 6
SHORTEST_S = 5.0
"""Of less than this nobody can say which beats are unusual."""

_FAVOURED = ("II", "V1", "V5", *LEADS)  # as rhythm strips are printed
_AS_LONG = 0.95


@dataclass(frozen=True)
class BeatCount:
    """Beats of one lead by class.

    Attributes
    ----------
    model : str
        First twelve digits of the SHA-256 of the classifier's file.
    lead : str
        The lead they were told in: the one that is seen longest.
    beats : int
        All beats seen there.
    normal, supraventricular, ventricular, unsure : int
        They add up to ``beats``; ``unsure`` are those not seen whole or near a threshold, whatever they were called.
    doubts : tuple of str
        Why the count should not be relied on, and where the rhythm's rules differ; in words.
    """

    model: str
    lead: str
    beats: int
    normal: int
    supraventricular: int
    ventricular: int
    unsure: int
    doubts: tuple[str, ...]

    @property
    def words(self) -> str:
        """``1 supraventricular, 3 ventricular of 14 beats in II, 2 unsure``."""
        if self.unsure == self.beats:
            return f"none of {self.beats} beats in {self.lead} can be told"
        told = [(self.supraventricular, "supraventricular"), (self.ventricular, "ventricular")]
        ectopic = ", ".join(f"{n} {name}" for n, name in told if n) or "no ectopic beat"
        return f"{ectopic} of {self.beats} beats in {self.lead}" + (f", {self.unsure} unsure" if self.unsure else "")


def count_beats(ecg: Ecg, beats: Beats, measured: Measurements) -> BeatCount | None:
    """Count the beats of the lead that is seen longest by class.

    Parameters
    ----------
    ecg : Ecg
        A record or what a sheet shows; NaN where nothing is seen.
    beats : Beats
        As `find_beats` gives them.
    measured : Measurements

    Returns
    -------
    BeatCount or None
        None where no lead shows 5 s and six beats.
    """
    lead = _strip(ecg)
    if lead is None:
        return None
    x = ecg.signal_mv[:, ecg.leads.index(lead)]
    r = beats.r[np.isfinite(x[beats.r])]
    if r.size < FEWEST_BEATS:
        return None
    classes, unsure = judge_beats(x, ecg.fs_hz, r)
    n, s, v = (int(((classes == c) & ~unsure).sum()) for c in "NSV")
    model = str(load_card()["sha256"])[:12]
    open_ = int(unsure.sum())
    return BeatCount(model, lead, int(r.size), n, s, v, open_, _doubts(s, v, open_, measured))


def _strip(ecg: Ecg) -> str | None:
    """The lead that is seen longest; of several the one that rhythm strips usually are."""
    seen_s = {lead: float(np.isfinite(x).sum()) / ecg.fs_hz for lead, x in zip(ecg.leads, ecg.signal_mv.T, strict=True)}
    longest = max(seen_s.values(), default=0.0)
    if longest < SHORTEST_S:
        return None
    long = [lead for lead, seconds in seen_s.items() if seconds >= _AS_LONG * longest]
    return min(long, key=lambda lead: _FAVOURED.index(lead) if lead in _FAVOURED else len(_FAVOURED))


def _doubts(supraventricular: int, ventricular: int, unsure: int, m: Measurements) -> tuple[str, ...]:
    """What speaks against relying on the count; unsure beats may make up for what the rules count more."""
    doubts = []
    if m.spikes:
        doubts.append("pacing spikes are seen and the classifier of beats has never seen paced beats")
    if any(found.code == "rhythm.atrial_fibrillation" for found in name_rhythm(m)):
        doubts.append("the rhythm may be atrial fibrillation, in which no early beat is told")
    if not ventricular <= m.ectopic_beats <= ventricular + unsure:
        doubts.append(f"the rules see {m.ectopic_beats} of another shape where it tells {ventricular} ventricular")
    if not supraventricular <= m.early_beats <= supraventricular + unsure:
        doubts.append(f"the rules see {m.early_beats} early of usual shape where it tells {supraventricular}")
    return tuple(doubts)
