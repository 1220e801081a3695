"""Where the QRS complex of one representative beat begins, peaks and ends.

Its ends are where the slope leaves and returns to what it is in the quiet parts, first over all leads of the column,
then in each lead near there.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from analyze.average import Average

Floats = NDArray[np.float64]

_QRS_REACH_S = (0.14, 0.20)  # how far a QRS complex may reach before and after its reference point
_SLOPES = ((0.030, 0.037), (0.060, 0.060), (0.100, 0.100))
"""Of the greatest slope: what counts as flat before and after. The next pair is taken where a complex would be so long
that it holds what a pacemaker's spike leaves behind, or a steep ST segment."""
_LONG_S = 0.14
_STILL_S = 0.014  # flat for this long is the end
_BRIEF = 3  # fewer steep samples than this are noise
_UPRIGHT = 0.15  # an R wave this much of the S wave's depth is the peak that is marked


def smooth(x: Floats, sigma_s: float, fs_hz: float) -> Floats:
    """Gaussian smoothing of stretches without gaps, time last."""
    return np.asarray(gaussian_filter1d(x, max(sigma_s * fs_hz, 0.5), mode="nearest"), dtype=np.float64)


def measure_slopes(mv: Floats, fs_hz: float) -> Floats:
    """Absolute slopes of beats (time, lead) in mV/s, smoothed, shape (lead, time); NaN at gaps."""
    held = np.isfinite(mv.T)
    filled = mv.T.copy()
    for row, there in zip(filled, held, strict=True):
        if there.any() and not there.all():
            row[~there] = np.interp(np.flatnonzero(~there), np.flatnonzero(there), row[there])
    slopes = np.abs(np.gradient(smooth(filled, 0.004, fs_hz), axis=1)) * fs_hz
    return np.where(held & (held.sum(axis=1) >= 3)[:, None], slopes, np.nan)


def find_qrs(average: Average) -> tuple[int, int] | None:
    """Rows of the QRS onset and end over all leads of the column; None when there is no such complex."""
    fs_hz = average.fs_hz
    slopes = measure_slopes(average.mv, fs_hz)
    seen = np.isfinite(slopes)
    joint = np.sqrt(np.where(seen, np.square(slopes), 0.0).sum(axis=0) / np.maximum(seen.sum(axis=0), 1))
    before, after = (round(s * fs_hz) for s in _QRS_REACH_S)
    a, b = max(0, average.r - before), min(joint.size, average.r + after)
    gap = max(2, round(_STILL_S * fs_hz))
    centre = int(np.clip(average.r - a, 0, b - a - 1))
    on = off = centre
    for shares in _SLOPES:
        steep = _steep(joint, a, b, fs_hz, shares)
        if steep is None:
            return None
        on, off = _walk(steep[0], centre, -1, gap), _walk(steep[1], centre, 1, gap)
        if off - on <= _LONG_S * fs_hz:
            break
    return a + on, a + off


def _steep(
    slope: Floats, a: int, b: int, fs_hz: float, shares: tuple[float, float] = _SLOPES[0]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]] | None:
    """Where the slope, between two rows, is too steep to be flat: as an onset and as an end is judged."""
    near = np.nan_to_num(slope[a:b])
    if near.size < 5 or not near.max() > 0:
        return None
    top = float(near.max())
    quiet = np.nan_to_num(slope[max(0, a - round(0.1 * fs_hz)) : a])
    floor = 2.0 * float(np.median(quiet)) if quiet.size > 5 else 0.0
    on, off = (near > min(max(share * top, floor), 0.3 * top) for share in shares)
    return on, off


def _walk(steep: NDArray[np.bool_], start: int, step: int, gap: int) -> int:
    """Last steep sample from ``start`` on, across flat stretches shorter than ``gap``."""
    last, at, flat = start, start, 0
    while 0 <= at < steep.size:
        flat = 0 if steep[at] else flat + 1
        if steep[at]:
            last = at
        elif flat > gap and (last != start or flat > 4 * gap):
            break
        at += step
    return last


def find_lead_qrs(x: Floats, slope: Floats, joint: tuple[int, int], fs_hz: float) -> tuple[int, int, int] | None:
    """QRS onset, main peak and end in one lead, near those of all leads."""
    margin = round(0.016 * fs_hz)
    a, b = max(0, joint[0] - margin), min(x.size, joint[1] + margin)
    if b - a < 5 or not np.isfinite(x[a:b]).all():
        return None
    on, off = joint
    steep = _steep(slope, a, b, fs_hz)
    if steep is not None:
        # looked for from outside, so that no flat top within the complex ends it
        first, last = (np.flatnonzero(sliding_window_view(side, _BRIEF).all(axis=1)) for side in steep)
        if first.size and last.size:
            # halfway between the lead's own and that of all leads: nearer to what readers mark than either
            on, off = round((a + first[0] + joint[0]) / 2), round((a + last[-1] + _BRIEF - 1 + joint[1]) / 2)
    if off - on < 3 or on < 0 or off >= x.size:  # a strip's beat need not reach as far as its column's
        return None
    a, b = on, off + 1
    height = x[a:b] - np.interp(np.arange(a, b), [a, b - 1], [x[a], x[b - 1]])
    upright = height.max() >= _UPRIGHT * -height.min()
    peak = a + int(np.argmax(height if upright else -height))
    return on, peak, off
