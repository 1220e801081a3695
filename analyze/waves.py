"""P, QRS and T of every beat in every lead.

The representative beat is marked once, where noise is least; each beat then takes those marks, P and T moved to where
that beat shows them. Ectopic beats are marked by themselves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analyze.average import Average, average_beats, cut_beats
from analyze.beats import Beats, find_beats
from analyze.columns import find_columns, home_columns
from analyze.marked import mark_columns
from analyze.marks import MARKS, Marks, mark_waves
from analyze.qrs import find_qrs
from analyze.spikes import lift_spikes
from digitize.record import Ecg

Floats = NDArray[np.float64]

_SHIFT_S = {"p": 0.04, "t": 0.05}
_ALIKE = {"p": 0.4, "t": 0.5}  # correlation with the representative wave, below which a beat has no such wave


@dataclass(frozen=True, eq=False)
class Fiducials:
    """Sample positions of one lead's waves, each of shape (beats,); NaN where a wave is absent or not seen."""

    p_on: Floats
    p_peak: Floats
    p_off: Floats
    qrs_on: Floats
    r_peak: Floats
    qrs_off: Floats
    t_on: Floats
    t_peak: Floats
    t_off: Floats


def delineate(ecg: Ecg, beats: Beats | None = None) -> dict[str, Fiducials]:
    """Mark P, QRS and T of every beat in every lead.

    Parameters
    ----------
    ecg : Ecg
        Whole records and what a sheet shows (NaN elsewhere).
    beats : Beats, optional
        As found by `find_beats`, to save finding them again.

    Returns
    -------
    dict of str to Fiducials
        For each lead of the ECG one row a beat, the same beats in all leads, in order of time.
    """
    beats = find_beats(ecg) if beats is None else beats
    ecg = lift_spikes(ecg, beats.spikes)
    table = {lead: np.full((beats.r.size, len(MARKS)), np.nan) for lead in ecg.leads}
    usual = mark_columns(ecg, beats, most=None)
    home = home_columns(find_columns(ecg))
    for column in dict.fromkeys(home.values()):
        leads = [lead for lead in column.leads if home[lead] == column]
        inside = (beats.r >= column.start) & (beats.r < column.stop)
        if column in usual:
            at = usual[column]
            _fill(table, np.flatnonzero(inside & beats.normal), at.average, at.marks, ecg, leads)
        for row in np.flatnonzero(inside & ~beats.normal):
            alone = average_beats(ecg, column, beats, which=np.arange(beats.r.size) == row)
            joint = None if alone is None else find_qrs(alone)
            if alone is not None and joint is not None:
                _fill(table, np.array([row]), alone, mark_waves(alone, joint, with_p=False), ecg, leads)
    return {lead: Fiducials(**dict(zip(MARKS, rows.T, strict=True))) for lead, rows in table.items()}


def _fill(
    table: dict[str, Floats],
    rows: NDArray[np.int64],
    average: Average,
    marks: dict[str, Marks],
    ecg: Ecg,
    leads: list[str],
) -> None:
    """Write the marks of some beats of a column into the table."""
    for lead in leads:
        if lead in marks:
            table[lead][rows] = _place(ecg.lead(lead), average, lead, marks[lead])


def _place(x: Floats, average: Average, lead: str, marks: Marks) -> Floats:
    """Marks of each averaged beat in one lead, shape (beats, marks), in samples of the record."""
    k = average.column.leads.index(lead)
    placed: Floats = average.at[:, None] + np.array([getattr(marks, name) for name in MARKS])
    if average.at.size > 1:
        for wave in ("p", "t"):
            span = [MARKS.index(f"{wave}_on"), MARKS.index(f"{wave}_peak"), MARKS.index(f"{wave}_off")]
            placed[:, span] += _shifts(x, average, k, marks, wave)[:, None]
    at = np.clip(np.nan_to_num(placed).round().astype(int), 0, x.size - 1)
    outside = (placed < 0) | (placed > x.size - 1) | ~np.isfinite(x[at])
    placed[outside] = np.nan
    return placed


def _shifts(x: Floats, average: Average, k: int, marks: Marks, wave: str) -> Floats:
    """Samples by which each beat's P or T lies later than the representative one; NaN where it has none like it."""
    on, off = getattr(marks, f"{wave}_on"), getattr(marks, f"{wave}_off")
    none = np.full(average.at.size, np.nan)
    if not np.isfinite(on + off):
        peak = getattr(marks, f"{wave}_peak")
        return np.zeros(average.at.size) if np.isfinite(peak) else none
    a, b, most = round(on), round(off), round(_SHIFT_S[wave] * average.fs_hz)
    template = average.mv[average.r + a : average.r + b + 1, k]
    template = template - template.mean()
    size = float(np.linalg.norm(template))
    if template.size < 5 or not size > 0:
        return none
    wide = cut_beats(x, average.at, most - a, b + most)
    scores = np.full((average.at.size, 2 * most + 1), -1.0)
    for shift in range(2 * most + 1):
        part = wide[:, shift : shift + template.size]
        part = part - part.mean(axis=1, keepdims=True)
        score = part @ template / np.maximum(np.linalg.norm(part, axis=1) * size, 1e-12)
        # a little in favour of staying, so that noise alone moves nothing
        scores[:, shift] = np.where(np.isfinite(score), score - 0.1 * abs(shift - most) / most, -1.0)
    best = scores.argmax(axis=1)
    found = np.where(scores.max(axis=1) >= _ALIKE[wave], best - most, np.nan)
    unseen = scores.max(axis=1) <= -1.0
    return np.asarray(np.where(unseen, 0.0, found), dtype=np.float64)
