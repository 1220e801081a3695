"""Pixels to signals: a page becomes an Ecg.

>>> from digitize import digitize
>>> ecg = digitize("page.jpg").ecg  # doctest: +SKIP
"""

from __future__ import annotations

from digitize.record import FS_HZ, LEADS, Ecg, Hints, Note, Patient

__all__ = ["FS_HZ", "LEADS", "Ecg", "Hints", "Note", "Patient"]
