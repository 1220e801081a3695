"""A rhythm strip repeats a lead of the sheet: its label, half hidden or not read, is checked against what it shows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from digitize.record import Note
from digitize.stages import UNNAMED, Curve, Layout

ALIKE, UNLIKE = 0.97, 0.96
"""Correlation from which on two readings are of one lead, and below which they are not."""
MIN_POINTS = 200
MISFIT = 1 - ALIKE**2
"""Power of the difference of two readings of one lead, over the lead's own, that goes with `ALIKE`."""
CLEAR = 2.0
"""By this factor the lead that a strip repeats fits better than any other."""
OTHER = 0.5
"""A strip that differs so much from a lead is of another, however poor the reading."""
FAMILIES = (("I", "II", "III"), ("aVR", "aVL", "aVF"), ("V1", "V2", "V3", "V4", "V5", "V6"))
"""Names that are taken for one another: III with a stroke hidden is II, and I with two."""


def name_strips(layout: Layout, curves: tuple[Curve, ...]) -> tuple[Layout, tuple[Curve, ...], tuple[Note, ...]]:
    """Give a strip the name of the lead that it repeats, where it clearly does not repeat the one that it is named.

    A strip whose label was not read may repeat any lead; where it fits several, and not the usual one, it has no name.

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
    body = {c.panel.lead: c for c in curves if not c.panel.strip and c.panel.lead}
    for strip in [curve for curve in curves if curve.panel.strip]:
        choose = _read_name if strip.panel.sure else _guess_name
        name, note = choose(strip, body)
        notes += [note] if note else []
        if name != strip.panel.lead:
            panel = replace(strip.panel, lead=name)
            layout = replace(layout, panels=tuple(panel if p == strip.panel else p for p in layout.panels))
            curves = tuple(replace(c, panel=panel) if c is strip else c for c in curves)
    return layout, curves, tuple(notes)


def _read_name(strip: Curve, body: dict[str, Curve]) -> tuple[str, Note | None]:
    """The label's name, or that of another lead of its family, as which it was misread."""
    name = strip.panel.lead
    family = next((f for f in FAMILIES if name in f), ())
    alike = {lead: _correlate(strip, curve) for lead, curve in body.items() if lead in family}
    best = max(alike, key=lambda lead: alike[lead], default=name)
    if best == name or alike.get(name, 1.0) > UNLIKE or alike[best] < ALIKE:
        return name, None
    message = f"The rhythm strip's label reads {name}, but it shows what lead {best} shows; it is named so."
    return best, Note("strip_renamed", "warning", message, "Compare the overlay with the page.")


def _guess_name(strip: Curve, body: dict[str, Curve]) -> tuple[str, Note | None]:
    """The usual name unless the strip shows something else, then that of the one lead that it repeats, if any."""
    name = strip.panel.lead
    unlike = {lead: misfit for lead, curve in body.items() if (misfit := _measure_misfit(strip, curve)) is not None}
    best, *others = sorted(unlike, key=lambda lead: unlike[lead]) or [name]
    own, least = unlike.get(name), unlike.get(best, np.inf)
    if name != UNNAMED and (own is None or own <= max(MISFIT, CLEAR * least)) and (own or 0.0) < OTHER:
        return name, None
    if least <= MISFIT and all(unlike[lead] >= CLEAR * least for lead in others):
        message = f"No label of the rhythm strip could be read; it shows what lead {best} shows and is named so."
        return best, Note("strip_renamed", "warning", message, "Compare the overlay with the page.")
    message = "A rhythm strip is printed, but neither label nor shape tells which lead it shows: it is left out."
    return UNNAMED, Note("strip_unnamed", "warning", message, "Read its label on the page, and name the leads.")


def _measure_misfit(strip: Curve, curve: Curve) -> float | None:
    """Power of the difference of two curves over the second's, where both are known; None where they hardly meet.

    Columns may all show the same seconds: the curve is also held against the strip's beginning.
    """
    found = []
    for shift_mm in (0.0, strip.panel.x_mm[0] - curve.panel.x_mm[0]):
        y_mm = _look_up(strip, curve.x_mm + shift_mm)
        both = np.isfinite(curve.y_mm) & np.isfinite(y_mm)
        if both.sum() >= MIN_POINTS and (power := float(np.var(curve.y_mm[both]))) > 0:
            found.append(float(np.var(y_mm[both] - curve.y_mm[both])) / power)
    return min(found, default=None)


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
