"""Every column's representative beat with its waves marked.

One lead alone often hides where the QRS complex begins or ends. The rhythm strips therefore take both from the columns,
whose beats show the strip's lead together with others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from analyze.average import Average, average_beats
from analyze.beats import Beats
from analyze.columns import Column, find_columns, home_columns
from analyze.marks import Marks, mark_waves
from analyze.qrs import find_qrs
from analyze.spikes import lift_spikes
from digitize.record import Ecg

FIRST, LAST = 0.15, 0.85  # where P begins and T ends in nearly all leads of a column, one noisy lead left aside
_LONGER_S = 0.04  # than the median column: no heart's QRS, but a steep ST segment
_FEWEST_COLUMNS = 3
_COMPARED_S = (0.10, 0.20)
_SHIFT_S = 0.08


@dataclass(frozen=True, eq=False)
class MarkedColumn:
    """A representative beat, its marks by lead, and its QRS onset and end over all leads as rows of the beat."""

    average: Average
    marks: dict[str, Marks]
    qrs_on: int
    qrs_off: int


def mark_columns(ecg: Ecg, beats: Beats, most: int | None = 60) -> dict[Column, MarkedColumn]:
    """Average and mark the usual beats of every column in which a QRS complex is seen.

    Parameters
    ----------
    ecg : Ecg
    beats : Beats
    most : int, optional
        Average no more beats than this in a column.
    """
    ecg = lift_spikes(ecg, beats.spikes)
    averages = {column: average_beats(ecg, column, beats, most=most) for column in find_columns(ecg)}
    held = {column: average for column, average in averages.items() if average is not None}
    joints = _without_outliers({c: find_qrs(average) for c, average in held.items()}, _LONGER_S * ecg.fs_hz)
    found: dict[Column, MarkedColumn] = {}
    for column, average in held.items():
        joint = (_carry_qrs(average, list(found.values())) if column.strips else None) or joints[column]
        marks = {} if joint is None else mark_waves(average, joint)
        if not marks:
            continue
        on = min(m.qrs_on for m in marks.values())
        off = max(m.qrs_off for m in marks.values())
        found[column] = MarkedColumn(average, marks, average.r + round(float(on)), average.r + round(float(off)))
    return found


def pick_homes(marked: Mapping[Column, MarkedColumn]) -> dict[str, MarkedColumn]:
    """The representative beat of each lead that shows one: that of the column in which it is seen for longest."""
    home = {lead: marked[column] for lead, column in home_columns(marked).items()}
    return {lead: at for lead, at in home.items() if lead in at.marks}


def _without_outliers(
    joints: Mapping[Column, tuple[int, int] | None], longer: float
) -> dict[Column, tuple[int, int] | None]:
    """QRS onsets and ends of the columns; one that is far longer than most ends after the median length.

    Few leads with small QRS complexes and steep ST segments show no end of QRS; the other columns of the heart do.
    """
    lengths = [joint[1] - joint[0] for column, joint in joints.items() if joint is not None and not column.strips]
    usual = float(np.median(lengths)) if len(lengths) >= _FEWEST_COLUMNS else np.inf
    return {
        column: (joint[0], joint[0] + round(usual)) if joint and joint[1] - joint[0] > usual + longer else joint
        for column, joint in joints.items()
    }


def _carry_qrs(strip: Average, others: list[MarkedColumn]) -> tuple[int, int] | None:
    """QRS onset and end of a strip's beat: those of the columns, moved to where their beats of the same lead agree."""
    bounds = []
    for other in others:
        shared = [lead for lead in strip.column.leads if lead in other.marks]
        shifts = [_shift(strip, other.average, lead) for lead in shared]
        known = [shift for shift in shifts if shift is not None]
        if known:
            move = strip.r - other.average.r + float(np.median(known))
            bounds.append((other.qrs_on + move, other.qrs_off + move))
    if not bounds:
        return None
    on, off = np.median(np.array(bounds), axis=0)
    return round(float(on)), round(float(off))


def _shift(a: Average, b: Average, lead: str) -> int | None:
    """Samples by which a lead's beat lies later, from its reference point, in ``a`` than in ``b``."""
    before, after = (round(s * a.fs_hz) for s in _COMPARED_S)
    most = round(_SHIFT_S * a.fs_hz)
    x, y = a.mv[:, a.column.leads.index(lead)], b.mv[:, b.column.leads.index(lead)]
    template = y[max(0, b.r - before) : b.r + after]
    start = a.r - (b.r - max(0, b.r - before))
    template = template - template.mean()
    scores = {}
    for shift in range(-most, most + 1):
        part = x[max(0, start + shift) : start + shift + template.size]
        if part.size == template.size:
            scores[shift] = float((part - part.mean()) @ template)
    held = {shift: score for shift, score in scores.items() if np.isfinite(score) and score > 0}
    return max(held, key=lambda shift: held[shift]) if held else None
