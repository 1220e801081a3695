"""Whether the paper speed fits the sheet and the heart: a row nearly always lasts ten seconds, a QRS a tenth of one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d
from scipy.signal import find_peaks

from digitize.arrange import SPEEDS_MM_S
from digitize.header import HeaderFacts
from digitize.record import Ecg, Note
from digitize.sheets import PAGE_S
from digitize.stages import Calibration, Layout

ROW_S = (2.0, 30.0)
"""No sheet's row is shorter or longer: what is printed was then misread, a 25 as a 5."""
USUAL = 1.4
"""Rows this many times longer or shorter than usual were rather run at another speed."""
MIN_LEADS = 6
"""Strips of fewer leads are of any length."""
STEEP, FLANK = 0.985, 0.4
SMOOTH_S, GAP_S, AROUND_S = 0.012, 0.25, 0.15
MIN_BEATS = 3
SWIFT, SLOW = -1.3, 0.44
"""Bounds of `compare_pace`: a sheet run at twice the speed assumed adds 1.4 to it, at half the speed takes as much. How
many records lie beyond is measured by ``python -m digitize.evaluate_speed``."""

_HINT = "Count the boxes of a second on the page, or look for its speed, and give --speed."


def doubt_print(facts: HeaderFacts, layout: Layout) -> tuple[HeaderFacts, tuple[Note, ...]]:
    """Take a printed speed for misread when a row would last impossibly long or short at it.

    Parameters
    ----------
    facts : HeaderFacts
    layout : Layout

    Returns
    -------
    HeaderFacts, tuple of Note
        Without the speed where it is impossible.
    """
    length_mm = _measure_rows(layout)
    if facts.mm_per_s is None or length_mm is None or ROW_S[0] <= length_mm / facts.mm_per_s <= ROW_S[1]:
        return facts, ()
    lasts_s = length_mm / facts.mm_per_s
    message = f"The print seems to say {facts.mm_per_s:g} mm/s, at which a row would last {lasts_s:.0f} s."
    return replace(facts, mm_per_s=None), (Note("speed_conflict", "warning", message, _HINT),)


def doubt_speed(calibration: Calibration, layout: Layout, ecg: Ecg) -> tuple[Note, ...]:
    """Say so where an assumed speed fits neither the usual length of a row nor how hearts beat.

    Parameters
    ----------
    calibration : Calibration
    layout : Layout
    ecg : Ecg
        As read at that speed.

    Returns
    -------
    tuple of Note
        ``speed_doubtful``, or nothing.
    """
    if calibration.speed_source != "assumed":
        return ()
    assumed = f"At the assumed {calibration.mm_per_s:g} mm/s"
    length_mm = _measure_rows(layout)
    if length_mm is not None and not 1 / USUAL <= length_mm / calibration.mm_per_s / PAGE_S <= USUAL:
        better = min(SPEEDS_MM_S, key=lambda speed: abs(length_mm / speed - PAGE_S))
        row_s = [length_mm / speed for speed in (calibration.mm_per_s, better)]
        message = (
            f"{assumed} a row lasts {row_s[0]:.1f} s; at {better:g} mm/s it would last {row_s[1]:.1f} s, as most do."
        )
        return (Note("speed_doubtful", "error", message, _HINT),)
    beats = measure_pace(ecg.signal_mv, ecg.fs_hz)
    if beats is None:
        return ()
    rate_bpm, pace = beats[0], compare_pace(*beats)
    if pace < SWIFT or pace > SLOW:
        what = "narrow, as if run slower" if pace < SWIFT else "wide, as if run faster; paced beats are so too"
        message = f"{assumed} the heart beats {rate_bpm:.0f} times a minute, and for that its QRS is {what}."
        return (Note("speed_doubtful", "error", message, _HINT),)
    return ()


def measure_pace(signal_mv: NDArray[np.float64], fs_hz: float) -> tuple[float, float] | None:
    """Heart rate, and how long the steep part of a QRS lasts.

    Parameters
    ----------
    signal_mv : ndarray, shape (time, lead)
        NaN where it is not known.
    fs_hz : float

    Returns
    -------
    rate_bpm, stroke_s : float
        Median over the beats; None with fewer than `MIN_BEATS`.
    """
    slope = np.abs(np.gradient(signal_mv, axis=0))
    known = np.isfinite(slope)
    slope = np.where(known, slope, 0.0) / np.maximum(
        [np.quantile(s[k], STEEP) if k.any() else np.inf for s, k in zip(slope.T, known.T, strict=True)], 1e-9
    )
    together = slope.sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    together = uniform_filter1d(together, max(1, round(SMOOTH_S * fs_hz)))
    peaks, _ = find_peaks(together, height=0.5 * np.quantile(together, STEEP), distance=max(1, round(GAP_S * fs_hz)))
    if len(peaks) < MIN_BEATS:
        return None
    around = round(AROUND_S * fs_hz)
    strokes = []
    for k in peaks:
        steep = np.flatnonzero(together[max(k - around, 0) : k + around] > FLANK * together[k])
        strokes.append((steep[-1] - steep[0]) / fs_hz)
    return 60 * fs_hz / float(np.median(np.diff(peaks))), float(np.median(strokes))


def compare_pace(rate_bpm: float, stroke_s: float) -> float:
    """Logarithm of the steep part of a QRS in ms over the rate: what `SWIFT` and `SLOW` bound."""
    return float(np.log(1000 * stroke_s / rate_bpm))


def _measure_rows(layout: Layout) -> float | None:
    """Length of the rows without strips, None on a sheet of few leads."""
    body = [panel for panel in layout.panels if not panel.strip]
    if len(body) < MIN_LEADS:
        return None
    return max(p.x_mm[1] for p in body) - min(p.x_mm[0] for p in body)
