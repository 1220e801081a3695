"""Curves to a signal: twelve leads at 500 Hz, each where it is printed, blank everywhere else."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from digitize.record import FS_HZ, LEADS, Ecg, Note
from digitize.stages import Calibration, Curve, Layout

MIN_SHARE = 0.6
"""A lead of which less than this can be followed is left blank altogether."""
PARTIAL_SHARE = 0.97
MODE_STEP_MM = 0.25


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
    duration_s = max((p.x_mm[1] - p.x_mm[0]) / calibration.mm_per_s + _start_s(p, layout, calibration) for p in layout.panels)
    samples = round(duration_s * FS_HZ)
    signal = np.full((samples, len(LEADS)), np.nan)
    quality: dict[str, float] = {}
    notes: list[Note] = []
    # Strips last: where a lead is printed twice the strip, which runs the whole page, stands.
    for curve in sorted(curves, key=lambda c: c.panel.strip):
        lead = curve.panel.lead
        if lead not in LEADS:
            continue
        start_s = _start_s(curve.panel, layout, calibration)
        values, share = _to_samples(curve, calibration, start_s, samples)
        good = share * float(np.mean(curve.confidence[np.isfinite(curve.y_mm)])) if share > 0 else 0.0
        if share < MIN_SHARE:
            if not curve.panel.strip:
                quality[lead] = 0.0
                notes.append(_unread(lead, share))
            continue
        column = signal[:, LEADS.index(lead)]
        np.copyto(column, values, where=np.isfinite(values))
        quality[lead] = max(good, quality.get(lead, 0.0)) if curve.panel.strip else good
        if share < PARTIAL_SHARE:
            notes.append(_partly_unread(lead, share))
    return Ecg(signal, FS_HZ, LEADS), {k: quality[k] for k in LEADS if k in quality}, tuple(notes)


def _start_s(panel: object, layout: Layout, calibration: Calibration) -> float:
    """Page time at which a panel begins: its distance from the left end of the rows."""
    left = min(p.x_mm[0] for p in layout.panels)
    return (panel.x_mm[0] - left) / calibration.mm_per_s  # type: ignore[attr-defined]


def _to_samples(
    curve: Curve, calibration: Calibration, start_s: float, samples: int
) -> tuple[NDArray[np.float64], float]:
    """Millivolts at the signal's sample times, shape (samples,), and the share of the panel that could be followed."""
    out = np.full(samples, np.nan)
    known = np.isfinite(curve.y_mm)
    if known.sum() < 8:
        return out, 0.0
    zero_mm = find_zero(curve.y_mm[known])
    mv = (zero_mm - curve.y_mm) / calibration.mm_per_mv
    at_s = start_s + (curve.x_mm - curve.panel.x_mm[0]) / calibration.mm_per_s
    times = np.arange(samples) / FS_HZ
    inside = (times >= at_s[0]) & (times <= at_s[-1])
    out[inside] = PchipInterpolator(at_s[known], mv[known], extrapolate=False)(times[inside])
    nearest = np.clip(np.searchsorted(at_s, times[inside]), 0, len(at_s) - 1)
    out[np.flatnonzero(inside)[~known[nearest]]] = np.nan
    return out, float(known.mean())


def find_zero(y_mm: NDArray[np.float64]) -> float:
    """The height at which a trace mostly lies: its isoelectric line, roughly."""
    edges = np.arange(y_mm.min() - MODE_STEP_MM, y_mm.max() + 2 * MODE_STEP_MM, MODE_STEP_MM)
    counts, _ = np.histogram(y_mm, edges)
    smooth = np.convolve(counts, [0.25, 0.5, 0.25], mode="same")
    best = int(np.argmax(smooth))
    near = np.abs(y_mm - (edges[best] + edges[best + 1]) / 2) <= 2 * MODE_STEP_MM
    return float(np.mean(y_mm[near]))


def _unread(lead: str, share: float) -> Note:
    message = f"Lead {lead} could not be followed ({share:.0%} of it) and is left blank."
    return Note("lead_unreadable", "error", message, "Look at the overlay there; photograph that part again, closer.")


def _partly_unread(lead: str, share: float) -> Note:
    message = f"Lead {lead} was followed over {share:.0%} of its length; the rest is left blank."
    return Note("lead_partial", "warning", message, "Look at the overlay there.")
