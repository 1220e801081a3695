"""Curves to a signal: twelve leads at 500 Hz, each where it is printed, blank everywhere else."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from digitize.record import FS_HZ, LEADS, Ecg, Note
from digitize.runs import find_runs
from digitize.stages import UNNAMED, Calibration, Curve, Layout, Panel

MIN_SHARE = 0.6
"""A panel of which less than this can be followed is left blank altogether."""
SEPARATOR_S = 0.05
"""A blank of at most this at a panel's end is what the separator hides, not a part that could not be read."""
UNREAD_S = 0.04
"""Other blanks count as a part that could not be read when they come to more than this: a millimetre of paper."""
PEN_MM = 0.3
"""A blank narrower than this has the pen on both its sides and no room for anything but the pen."""
MODE_STEP_MM = 0.25
MIN_POINTS = 8


def assemble(
    curves: tuple[Curve, ...], calibration: Calibration, layout: Layout
) -> tuple[Ecg, dict[str, float], tuple[Note, ...]]:
    """Put the curves on one time axis, in millivolts.

    Parameters
    ----------
    curves : tuple of Curve
    calibration : Calibration
    layout : Layout

    Returns
    -------
    Ecg
        500 Hz over the page's printed time. A rhythm strip fills its lead's column.
    dict of str to float
        Quality of every printed lead, 0 (not readable) to 1.
    tuple of Note
        Leads that could not be read, whole or in part.
    """
    ends_s = [_start_s(p, layout, calibration) + (p.x_mm[1] - p.x_mm[0]) / calibration.mm_per_s for p in layout.panels]
    signal = np.full((round(max(ends_s) * FS_HZ), len(LEADS)), np.nan)
    quality: dict[str, float] = {}
    notes: list[Note] = []
    extra: list[str] = []
    separated = 0
    # Strips last: where a lead is printed twice the strip, which runs the whole page, stands.
    for curve in sorted(curves, key=lambda c: c.panel.strip):
        lead = curve.panel.lead.lstrip("-")
        if lead not in LEADS:
            if lead != UNNAMED:  # a note of its own tells of a strip without a name
                extra.append(lead)
            continue
        first, last, values = sample_curve(curve, calibration, _start_s(curve.panel, layout, calibration), len(signal))
        if curve.panel.lead.startswith("-"):  # printed upside down, as Cabrera's order has aVR
            values = -values
        known = np.isfinite(values)
        share = float(known.mean()) if len(values) else 0.0
        quality.setdefault(lead, 0.0)
        if share < MIN_SHARE:
            notes.append(_unread(curve.panel, share))
            continue
        np.copyto(signal[first:last, LEADS.index(lead)], values, where=known)
        confidence = float(np.mean(curve.confidence[np.isfinite(curve.y_mm)]))
        quality[lead] = max(quality[lead], share * confidence)
        inner = _drop_separators(known)
        separated += len(inner) < len(known)
        unread_s = float((~inner).sum()) / FS_HZ
        if unread_s > UNREAD_S:
            notes.append(_partly_unread(curve.panel, unread_s))
    if extra:
        message = f"{', '.join(extra)}: printed and traced on the overlay, but no part of the twelve-lead signal."
        notes.append(Note("extra_leads", "info", message))
    if separated:
        message = f"At the ends of {separated} panels up to {SEPARATOR_S:g} s, hidden by separators, is left blank."
        notes.append(Note("separators_blank", "info", message))
    return Ecg(signal, FS_HZ, LEADS), {k: quality[k] for k in LEADS if k in quality}, tuple(notes)


def _start_s(panel: Panel, layout: Layout, calibration: Calibration) -> float:
    """Page time at which a panel begins: its distance from the left end of the rows."""
    left = min(p.x_mm[0] for p in layout.panels)
    return (panel.x_mm[0] - left) / calibration.mm_per_s


def sample_curve(
    curve: Curve, calibration: Calibration, start_s: float, samples: int
) -> tuple[int, int, NDArray[np.float64]]:
    """A panel's millivolts at the signal's sample times.

    Parameters
    ----------
    curve : Curve
        Points at any spacing.
    calibration : Calibration
    start_s : float
        Page time of the panel's left end.
    samples : int
        Of the whole signal.

    Returns
    -------
    first, last : int
        The panel's samples: from its left end up to, not including, its right end.
    ndarray, shape (last - first,)
        NaN where either of the two points around a sample is unknown and part of a blank as wide as a pen or wider.
    """
    left, right = curve.panel.x_mm
    first = min(samples, max(0, int(np.ceil(start_s * FS_HZ - 1e-6))))
    last = min(samples, int(np.ceil((start_s + (right - left) / calibration.mm_per_s) * FS_HZ - 1e-6)))
    values = np.full(max(0, last - first), np.nan)
    known = np.isfinite(curve.y_mm)
    if known.sum() < MIN_POINTS:
        return first, first + len(values), values
    mv = (find_zero(curve.y_mm[known]) - curve.y_mm) / calibration.gain_of(curve.panel.lead)
    at_x = left + (np.arange(first, first + len(values)) / FS_HZ - start_s) * calibration.mm_per_s
    spacing_mm = float(np.median(np.diff(curve.x_mm)))
    # The panel's ends lie up to one point beyond the first and the last; a value there is the nearest point's.
    at_x = np.where(np.abs(at_x - np.clip(at_x, curve.x_mm[0], curve.x_mm[-1])) <= spacing_mm, at_x, np.nan)
    at_x = np.clip(at_x, curve.x_mm[0], curve.x_mm[-1])
    solid = known.copy()
    for a, b in find_runs(~known):
        solid[a:b] = a > 0 and b < len(known) and (b - a + 1) * spacing_mm < PEN_MM
    covered = np.isfinite(np.interp(at_x, curve.x_mm, np.where(solid, 0.0, np.nan)))
    values[covered] = PchipInterpolator(curve.x_mm[known], mv[known])(at_x[covered])
    return first, first + len(values), values


def find_zero(y_mm: NDArray[np.float64]) -> float:
    """The height at which a trace mostly lies: its isoelectric line, roughly."""
    edges = np.arange(y_mm.min() - 2 * MODE_STEP_MM, y_mm.max() + 2 * MODE_STEP_MM, MODE_STEP_MM)
    counts, _ = np.histogram(y_mm, edges)
    smooth = np.convolve(counts, [0.25, 0.5, 0.25], mode="same")
    best = int(np.argmax(smooth))
    near = np.abs(y_mm - edges[best] - MODE_STEP_MM / 2) <= 2 * MODE_STEP_MM
    return float(np.mean(y_mm[near]))


def _drop_separators(known: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The panel without the blanks at its two ends, each if it is no longer than a separator hides."""
    first, last = int(np.argmax(known)), int(np.argmax(known[::-1]))
    longest = round(SEPARATOR_S * FS_HZ)
    return known[first if first <= longest else 0 : len(known) - (last if last <= longest else 0)]


def _unread(panel: Panel, share: float) -> Note:
    hint = "Look at the overlay there; photograph that part again, closer."
    if panel.strip:
        message = f"The rhythm strip of {panel.lead} could not be followed ({share:.0%} of it) and is left out."
        return Note("strip_unreadable", "warning", message, hint)
    message = f"Lead {panel.lead} could not be followed ({share:.0%} of it) and is left blank."
    return Note("lead_unreadable", "error", message, hint)


def _partly_unread(panel: Panel, unread_s: float) -> Note:
    name = f"The rhythm strip of {panel.lead}" if panel.strip else f"Lead {panel.lead}"
    message = f"{name} could not be followed for {unread_s:.2f} s, left blank."
    return Note("lead_partial", "warning", message, "Look at the overlay there.")
