"""Pixels to signals: a page becomes an Ecg.

>>> from digitize import digitize
>>> ecg = digitize("page.jpg").ecg  # doctest: +SKIP
"""

from __future__ import annotations

from digitize.formats import read_ecg, write_ecg
from digitize.pipeline import digitize
from digitize.record import FS_HZ, LEADS, Ecg, Hints, Note, Patient
from digitize.stages import Digitization

__all__ = [
    "FS_HZ",
    "LEADS",
    "Digitization",
    "Ecg",
    "Hints",
    "Note",
    "Patient",
    "digitize",
    "read_ecg",
    "write_ecg",
]
