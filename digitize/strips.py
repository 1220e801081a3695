"""A rhythm strip repeats a lead of the sheet: its label, half hidden by a beat, is checked against what it shows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from digitize.record import Note
from digitize.stages import Curve, Layout

ALIKE, UNLIKE = 0.97, 0.96
"""Correlation from which on two readings are of one lead, and below which they are not."""
MIN_POINTS = 200
FAMILIES = (("I", "II", "III"), ("aVR", "aVL", "aVF"), ("V1", "V2", "V3", "V4", "V5", "V6"))
"""Names that are taken for one another: III with a stroke hidden is II, and I with two."""


def name_strips(layout: Layout, curves: tuple[Curve, ...]) -> tuple[Layout, tuple[Curve, ...], tuple[Note, ...]]:
    """Give a strip the name of the lead that it repeats, where it clearly does not repeat the one that it is named.

    Parameters
    ----------
    layout : Layout
    curves : tuple of Curve

    Returns
    -------
    Layout, tuple of Curve, tuple of Note
        The same where every strip agrees with its lead, or where that lead is not on the sheet.
    """
    notes = []
    for strip in [curve for curve in curves if curve.panel.strip]:
        name = strip.panel.lead
        family = next((f for f in FAMILIES if name in f), ())
        body = {c.panel.lead: c for c in curves if not c.panel.strip and c.panel.lead in family}
        alike = {lead: _correlate(strip, curve) for lead, curve in body.items()}
        best = max(alike, key=lambda lead: alike[lead], default=name)
        if best == name or alike.get(name, 1.0) > UNLIKE or alike[best] < ALIKE:
            continue
        panel = replace(strip.panel, lead=best)
        layout = replace(layout, panels=tuple(panel if p == strip.panel else p for p in layout.panels))
        curves = tuple(replace(c, panel=panel) if c is strip else c for c in curves)
        message = f"The rhythm strip's label reads {name}, but it shows what lead {best} shows; it is named so."
        notes.append(Note("strip_renamed", "warning", message, "Compare the overlay with the page."))
    return layout, curves, tuple(notes)


def _correlate(strip: Curve, curve: Curve) -> float:
    """Correlation of two curves where both are known at one place along the rows; 0 where they hardly meet."""
    there = np.isfinite(curve.y_mm)
    y_mm = _look_up(strip, curve.x_mm)
    both = there & np.isfinite(y_mm)
    if both.sum() < MIN_POINTS or np.ptp(curve.y_mm[both]) == 0 or np.ptp(y_mm[both]) == 0:
        return 0.0
    return float(np.corrcoef(curve.y_mm[both], y_mm[both])[0, 1])


def _look_up(curve: Curve, x_mm: NDArray[np.float64]) -> NDArray[np.float64]:
    """Heights at other places; NaN beside a blank and beyond the ends."""
    return np.asarray(np.interp(x_mm, curve.x_mm, curve.y_mm, left=np.nan, right=np.nan), np.float64)
