"""Whose records a folder holds: counts by sex and age, to see at a glance whether it was read right."""

from __future__ import annotations

from collections import Counter
from typing import Any

from digitize.datasets.entry import Entry, Listing

_DECADE_Y = 10


def summarise(listing: Listing[Any]) -> dict[str, Counter[str]]:
    """Records by sex and by decade of age."""
    return {
        "sex": Counter(entry.sex or "unknown" for entry in listing),
        "age": Counter(map(_decade, listing)),
    }


def _decade(entry: Entry) -> str:
    """``"60-69"``; ``"90 and over"`` also stands for those whose age is given as over 89."""
    if entry.age_y is None:
        return "unknown"
    start_y = int(entry.age_y // _DECADE_Y) * _DECADE_Y
    return "90 and over" if start_y >= 90 else f"{start_y}-{start_y + _DECADE_Y - 1}"
