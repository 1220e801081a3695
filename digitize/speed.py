"""Whether the paper speed fits the sheet and the heart: a row nearly always lasts ten seconds, a QRS a tenth of one.

A speed that is assumed has to stand against all that the page shows of time: the length of its rows, the width of its
pulse, the heart rate that it prints, and how long beats, QRS and T last.
"""

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
RECOVERY_SMOOTH_S = 0.04
MIN_BEATS = 3
RECOVERY_RR = 0.62
"""ST and T are over within this part of a beat; the P wave of the next begins later."""
FLAT = 0.15
"""So much of that time is taken to be flat, and tells how steep noise is."""
WEIGHTS = (0.3, 0.2, 0.5)
"""Of beat, QRS and T in `compare_pace`: about those of the least scatter among PTB-XL's records."""
SWIFT, SLOW = 0.165, 0.37
"""Bounds of `compare_pace` in seconds, about half-way, as a factor, from the usual 0.25 to what half or twice the speed
would make of it. How many records lie beyond is measured by ``python -m digitize.evaluate_speed``."""
SAME_RATE = 0.12
"""The rate of the beats shown differs from the printed mean by less."""
PULSE_S = 0.2
"""A calibration pulse lasts so long by custom; some machines draw shorter ones, or 5 mm at any speed."""

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


def doubt_speed(
    calibration: Calibration,
    layout: Layout,
    ecg: Ecg,
    printed_bpm: float | None = None,
    pulse_mm: float | None = None,
) -> tuple[Note, ...]:
    """Say so where an assumed speed fits neither the usual length of a row nor how hearts beat.

    Parameters
    ----------
    calibration : Calibration
    layout : Layout
    ecg : Ecg
        As read at that speed.
    printed_bpm : float, optional
        Heart rate as the page prints it.
    pulse_mm : float, optional
        Width of the calibration pulse.

    Returns
    -------
    tuple of Note
        ``speed_doubtful``, or nothing.
    """
    if calibration.speed_source != "assumed":
        return ()
    speed = calibration.mm_per_s
    doubt = (
        _doubt_rows(speed, _measure_rows(layout))
        or _doubt_pulse(speed, pulse_mm)
        or _doubt_heart(measure_pace(ecg.signal_mv, ecg.fs_hz), printed_bpm)
    )
    return (Note("speed_doubtful", "error", f"At the assumed {speed:g} mm/s {doubt}", _HINT),) if doubt else ()


def _doubt_rows(mm_per_s: float, length_mm: float | None) -> str | None:
    if length_mm is None or 1 / USUAL <= length_mm / mm_per_s / PAGE_S <= USUAL:
        return None
    better = min(SPEEDS_MM_S, key=lambda speed: abs(length_mm / speed - PAGE_S))
    row_s = [length_mm / speed for speed in (mm_per_s, better)]
    return f"a row lasts {row_s[0]:.1f} s; at {better:g} mm/s it would last {row_s[1]:.1f} s, as most do."


def _doubt_pulse(mm_per_s: float, width_mm: float | None) -> str | None:
    """A short pulse tells nothing, a long one was run faster."""
    if width_mm is None or width_mm / mm_per_s < USUAL * PULSE_S:
        return None
    return f"the calibration pulse lasts {width_mm / mm_per_s:.2f} s; {PULSE_S:g} s is the custom."


def _doubt_heart(pace: tuple[float, float, float] | None, printed_bpm: float | None) -> str | None:
    if pace is None:
        return None
    rate_bpm, lasts_s = pace[0], compare_pace(*pace)
    if printed_bpm and abs(abs(np.log2(rate_bpm / printed_bpm)) - 1) < np.log2(1 + SAME_RATE):
        return f"the heart beats {rate_bpm:.0f} times a minute; the page prints {printed_bpm:.0f}."
    if SWIFT <= lasts_s <= SLOW:
        return None
    what = "short, as if run slower" if lasts_s < SWIFT else "long, as if run faster; paced beats are so too"
    return f"the heart beats {rate_bpm:.0f} times a minute, and for that its QRS and T are {what}."


def measure_pace(signal_mv: NDArray[np.float64], fs_hz: float) -> tuple[float, float, float] | None:
    """Heart rate, how long the steep part of a QRS lasts, and how soon after it the T wave comes.

    Parameters
    ----------
    signal_mv : ndarray, shape (time, lead)
        NaN where it is not known.
    fs_hz : float

    Returns
    -------
    rate_bpm, stroke_s, recovery_s : float
        Medians over the beats; the last is when half of the rise and fall after QRS is over. None with fewer than
        `MIN_BEATS`.
    """
    slope = np.abs(np.gradient(signal_mv, axis=0))
    known = np.isfinite(slope)
    slope = np.where(known, slope, 0.0) / np.maximum(
        [np.quantile(s[k], STEEP) if k.any() else np.inf for s, k in zip(slope.T, known.T, strict=True)], 1e-9
    )
    slope = slope.sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    together = uniform_filter1d(slope, max(1, round(SMOOTH_S * fs_hz)))
    peaks, _ = find_peaks(together, height=0.5 * np.quantile(together, STEEP), distance=max(1, round(GAP_S * fs_hz)))
    if len(peaks) < MIN_BEATS:
        return None
    around = round(AROUND_S * fs_hz)
    strokes = []
    for k in peaks:
        steep = np.flatnonzero(together[max(k - around, 0) : k + around] > FLANK * together[k])
        strokes.append((steep[-1] - steep[0]) / fs_hz)
    beat_s, stroke_s = float(np.median(np.diff(peaks))) / fs_hz, float(np.median(strokes))
    return 60 / beat_s, stroke_s, _measure_recovery(slope, fs_hz, peaks, beat_s, stroke_s)


def _measure_recovery(
    slope: NDArray[np.float64], fs_hz: float, peaks: NDArray[np.int64], beat_s: float, stroke_s: float
) -> float:
    """When half of what rises and falls between a QRS and the next P is over."""
    smooth = uniform_filter1d(slope, max(1, round(RECOVERY_SMOOTH_S * fs_hz)))
    first, last = round(2 * stroke_s * fs_hz), round(RECOVERY_RR * beat_s * fs_hz)
    beats = [smooth[k + first : k + last] for k in peaks if k + last <= len(smooth)]
    if not beats or last - first < 2:
        return RECOVERY_RR * beat_s
    usual = np.median(beats, axis=0)
    over = np.cumsum(np.maximum(usual - np.quantile(usual, FLAT), 0))
    return float(first + np.searchsorted(over, over[-1] / 2)) / fs_hz


def compare_pace(rate_bpm: float, stroke_s: float, recovery_s: float) -> float:
    """Geometric mean of how long a beat, the steep part of its QRS and its recovery last: `SWIFT` and `SLOW` bound it.

    All are as many times too long as the speed is assumed too slow; each varies between hearts for reasons of its own.
    """
    lengths_s = np.maximum([60 / rate_bpm, stroke_s, recovery_s], 1e-3)
    return float(np.exp(np.dot(WEIGHTS, np.log(lengths_s))))


def _measure_rows(layout: Layout) -> float | None:
    """Length of the rows without strips, None on a sheet of few leads."""
    body = [panel for panel in layout.panels if not panel.strip]
    if len(body) < MIN_LEADS:
        return None
    return max(p.x_mm[1] for p in body) - min(p.x_mm[0] for p in body)
