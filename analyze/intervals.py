"""Lengths of time: P, PR, QRS and QT over the leads of each column, and how regular the beats come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analyze.beats import Beats
from analyze.columns import finite_runs
from analyze.marked import FIRST, LAST, MarkedColumn

_SD_MS = {"p": 6.0, "pr": 5.0, "qrs": 3.0, "qt": 10.0}  # what simulated hearts, whose waves end sharply, differ by
_PAPER_MS = (2.0, 15.0)  # standard error of a time read well, and what is added as quality falls to 0
_EARLY = 0.8  # of the usual RR interval: a beat that comes sooner is early,
_RESTED = 1.05  # when the interval after it is longer than usual,
_ABRUPT = 0.95  # or when it is of a run that begins and ends at once


@dataclass(frozen=True)
class Interval:
    """A length in milliseconds and the half width of its 95 % interval; None where it is not seen."""

    ms: float | None = None
    error_ms: float | None = None


@dataclass(frozen=True)
class Regularity:
    """RR intervals, as `Measurements` names them."""

    rr_ms: float | None = None
    rr_longest_ms: float | None = None
    rr_change: float | None = None
    early_beats: int = 0


def measure_intervals(
    marked: Sequence[MarkedColumn], quality: Mapping[str, float] | None, p_alike: bool = False
) -> dict[str, Interval]:
    """P, PR, QRS and QT: each column's own, then the median over the columns.

    ``p_alike``: what precedes the QRS complexes is the same from beat to beat, so that P waves too faint for the strip
    alone are believed where other leads show them.

    The error holds what is known of this method's own and, on paper, how well it was read; people who mark the same ECG
    differ from each other by more (`paperbeat bench ludb`).
    """
    lengths = [column_lengths_ms(at) for at in marked]
    median = {name: _median([column[name] for column in lengths]) for name in _SD_MS}
    # a strip shows the most beats: a P wave that is not in it is nowhere
    blind = [at for at, column in zip(marked, lengths, strict=True) if column["pr"] is None]
    if 2 * len(blind) > len(marked) or (not p_alike and any(at.average.column.strips for at in blind)):
        median |= {"p": None, "pr": None}
    overall = None if quality is None else float(np.mean(list(quality.values()))) if quality else 0.0
    paper_ms = 0.0 if overall is None else _PAPER_MS[0] + _PAPER_MS[1] * (1.0 - overall)
    return {
        name: Interval(ms, None if ms is None else 1.96 * float(np.hypot(_SD_MS[name], paper_ms)))
        for name, ms in median.items()
    }


def column_lengths_ms(at: MarkedColumn) -> dict[str, float | None]:
    """P, PR, QRS and QT of one column's representative beat: from the earliest of its leads to the latest."""
    ms, leads = 1000.0 / at.average.fs_hz, len(at.marks)
    p_on, p_off, t_off = (
        [getattr(m, name) for m in at.marks.values() if np.isfinite(getattr(m, name))]
        for name in ("p_on", "p_off", "t_off")
    )
    start = at.qrs_on - at.average.r
    found: dict[str, float | None] = dict.fromkeys(_SD_MS)
    found["qrs"] = (at.qrs_off - at.qrs_on) * ms
    if p_on and 2 * len(p_on) >= leads:
        found["pr"] = (start - float(np.quantile(p_on, FIRST))) * ms
        if p_off:
            found["p"] = (float(np.quantile(p_off, LAST)) - float(np.quantile(p_on, FIRST))) * ms
    if t_off and 2 * len(t_off) >= leads:
        found["qt"] = (float(np.quantile(t_off, LAST)) - start) * ms
    return found


def measure_regularity(beats: Beats) -> Regularity:
    """RR intervals and what disturbs them."""
    rr, start, usual = beats.rr_s, beats.rr_from, beats.median_rr_s
    if usual is None:
        return Regularity()
    sound = beats.normal[start] & beats.normal[start + 1]
    neighbours = np.diff(start) == 1
    early = _find_early(rr, usual, sound, neighbours)
    kept = rr[sound]
    change = np.percentile(np.abs(np.diff(kept)) / kept.mean(), 75) if kept.size >= 3 else None
    return Regularity(
        rr_ms=1000.0 * usual,
        rr_longest_ms=1000.0 * float(rr.max()),
        rr_change=None if change is None else float(change),
        early_beats=int(early.sum()),
    )


def _find_early(
    rr: NDArray[np.float64], usual: float, sound: NDArray[np.bool_], neighbours: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Which intervals end in an early beat: one that is made up for, or a run of two or more among usual ones."""
    short = sound & (rr < _EARLY * usual)
    early = np.zeros(rr.size, dtype=np.bool_)
    for first, stop in finite_runs(np.where(short, rr, np.nan)):
        if stop == rr.size or not neighbours[max(0, first - 1) : stop].all():
            continue
        abrupt = stop - first > 1 and first > 0 and rr[first - 1] > _ABRUPT * usual
        early[first:stop] = rr[stop] > (_ABRUPT if abrupt else _RESTED) * usual
    return early


def rate_error_bpm(beats: Beats, quality: Mapping[str, float] | None) -> float | None:
    """Half width of the 95 % interval of the mean rate: both ends of the strip of beats are known to a few ms."""
    rate = beats.heart_rate_bpm
    if rate is None:
        return None
    ends_ms = 4.0 if quality is None else 10.0
    return float(1.96 * rate * ends_ms * 2.0**0.5 / (1000.0 * beats.rr_s.sum()))


def _median(values: Sequence[float | None]) -> float | None:
    held = [value for value in values if value is not None]
    return float(np.median(held)) if held else None
