"""Signals to findings: an Ecg becomes a Report.

>>> from analyze import Patient, analyze
>>> report = analyze(ecg, Patient(age_y=54, sex="male"))  # doctest: +SKIP
"""

from __future__ import annotations

from analyze.beatclass import classify_beats
from analyze.classify import Opinion, classify, give_opinion
from analyze.explain import Explanation, explain
from analyze.measure import measure
from analyze.measurements import Measurements, StLevel
from analyze.report import Report, analyze, to_json
from analyze.report_html import to_html
from analyze.report_text import to_text
from analyze.rules.words import Evidence, Finding
from analyze.waves import Fiducials, delineate
from digitize.record import Patient

__all__ = [
    "Evidence",
    "Explanation",
    "Fiducials",
    "Finding",
    "Measurements",
    "Opinion",
    "Patient",
    "Report",
    "StLevel",
    "analyze",
    "classify",
    "classify_beats",
    "delineate",
    "explain",
    "give_opinion",
    "measure",
    "to_html",
    "to_json",
    "to_text",
]
