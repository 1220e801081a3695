"""Which leads were recorded at the same time: the columns of a sheet, or the whole of a digital record.

A 3x4 sheet shows four different stretches of time. Only leads of one column may be compared beat by beat, so everything
measured across leads is measured in a column and only then combined.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from digitize.record import Ecg

_LONG = 0.6  # a lead that covers more of the record than this runs through all columns (a strip, or a whole record)
_SAME = 0.5  # two leads share a column when they overlap in at least this much of the shorter one


@dataclass(frozen=True)
class Column:
    """Leads seen together from sample ``start`` up to, but not including, ``stop``; ``strips``: the rhythm strips."""

    start: int
    stop: int
    leads: tuple[str, ...]
    strips: bool = False


def extents(ecg: Ecg) -> dict[str, tuple[int, int]]:
    """First sample held and one past the last, for every lead that holds any."""
    found: dict[str, tuple[int, int]] = {}
    for k, lead in enumerate(ecg.leads):
        held = np.flatnonzero(np.isfinite(ecg.signal_mv[:, k]))
        if held.size:
            found[lead] = (int(held[0]), int(held[-1]) + 1)
    return found


def find_columns(ecg: Ecg) -> tuple[Column, ...]:
    """Stretches of time in which the same leads are seen.

    A whole record is one column. On a sheet every column holds its own leads and the rhythm strips, which run through
    all of them; the strips alone, over their full length, come last as a column of their own.

    Returns
    -------
    tuple of Column
        In order of time, the strips last; empty when no lead holds a sample.
    """
    span = extents(ecg)
    if not span:
        return ()
    first, last = min(a for a, _ in span.values()), max(b for _, b in span.values())
    long = {lead: s for lead, s in span.items() if s[1] - s[0] > _LONG * (last - first)}
    if 2 * len(long) > len(span):
        return (Column(first, last, tuple(span)),)

    groups: list[dict[str, tuple[int, int]]] = []
    for lead, (a, b) in sorted(((n, s) for n, s in span.items() if n not in long), key=lambda item: item[1]):
        for group in groups:
            ga, gb = min(s[0] for s in group.values()), max(s[1] for s in group.values())
            if min(b, gb) - max(a, ga) >= _SAME * min(b - a, gb - ga):
                group[lead] = (a, b)
                break
        else:
            groups.append({lead: (a, b)})

    columns = []
    for group in groups:
        a, b = min(s[0] for s in group.values()), max(s[1] for s in group.values())
        columns.append(Column(a, b, tuple(lead for lead in ecg.leads if lead in group or lead in long)))
    if long:
        a, b = min(s[0] for s in long.values()), max(s[1] for s in long.values())
        columns.append(Column(a, b, tuple(long), strips=bool(groups)))
    return tuple(columns)


def home_columns(columns: Iterable[Column]) -> dict[str, Column]:
    """The column in which each lead is seen for longest."""
    home: dict[str, Column] = {}
    for column in columns:
        for lead in column.leads:
            if lead not in home or column.stop - column.start > home[lead].stop - home[lead].start:
                home[lead] = column
    return home


def finite_runs(x: NDArray[np.float64], bridge: int = 0, shortest: int = 1) -> list[tuple[int, int]]:
    """Stretches (start, stop) of finite samples; gaps up to ``bridge`` samples do not end a stretch."""
    held = np.flatnonzero(np.isfinite(x))
    if not held.size:
        return []
    breaks = np.flatnonzero(np.diff(held) > bridge + 1)
    starts = held[np.concatenate([[0], breaks + 1])]
    stops = held[np.concatenate([breaks, [held.size - 1]])] + 1
    return [(int(a), int(b)) for a, b in zip(starts, stops, strict=True) if b - a >= shortest]
