"""What a beat's class is told from: when it comes, how its QRS complex differs from the usual one, and its P wave.

What trees see tells no heart from another (no rate, no width of the usual beat): with a few dozen patients to learn
from, they would know the patient by it. Intervals in seconds go to a linear model alone, which cannot.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from analyze.beatclass_rhythm import ABSOLUTE, REPEATS, rhythm_features
from analyze.beatclass_windows import AFTER_S, BEFORE_S, FS_HZ, QRS_S, Windows, cut, cut_windows, span

Floats = NDArray[np.float64]

TIMING = (
    "pre_local", "pre_sinus", "pre_prev", "pre_high", "rank", "pre_post", "post_local", "around", "prev_local",
    "next_local", "jump", "spread", "early", "local_usual",
)  # fmt: skip
SHAPE = (
    "corr_qrs", "corr_all", "corr_qrs_near", "resid_qrs", "resid_qrs_near", "log_height", "log_area", "log_slope",
    "width_s", "width_ratio", "corr_t", "t_height", "t_opposes",
)  # fmt: skip
ATRIAL = ("corr_p", "p_best", "resid_before", "p_usual", "p_best_usual")
FEATURES = (*TIMING, *SHAPE, *ATRIAL, *ABSOLUTE, REPEATS)
"""Columns of what `beat_features` gives."""

_P_S, _T_S = (-0.25, -0.08), (0.14, 0.42)
_P_EARLIER_S, _P_LATER_S = 0.12, 0.04
_AROUND = 10  # beats to either side that say what is usual just now
_LONGEST_S = 6.0
_EARLY = 0.85
_UNSEEN_S = 0.3
_EDGE_S = 0.04
_STEEP = 0.2  # of the steepest slope: a QRS complex lasts as long as its slopes exceed this


def beat_features(x_mv: Floats, fs_hz: float, r: NDArray[np.int64]) -> NDArray[np.float32]:
    """Features of every beat of one lead.

    Parameters
    ----------
    x_mv : ndarray, shape (time,)
        Millivolts, NaN where not seen; ten seconds or half an hour.
    fs_hz : float
    r : ndarray of int, shape (beats,)
        QRS complexes in order of time.

    Returns
    -------
    ndarray of float32, shape (beats, `FEATURES`)
        NaN where there is no neighbour or a part of the beat is not seen.
    """
    w = cut_windows(x_mv, fs_hz, r)
    rr_s = rr_intervals(w)
    found = _timing(w, rr_s) | _shape(w) | _atrial(w) | rhythm_features(rr_s)
    return np.stack([found[name] for name in FEATURES], axis=1).astype(np.float32)


def _timing(w: Windows, rr: Floats) -> dict[str, Floats]:
    """RR intervals before and after each beat beside those around it and those of the whole record."""
    n = w.at.size
    padded = np.concatenate([np.full(3, np.nan), rr, np.full(3, np.nan)])
    prev, pre, post, following = (padded[k : k + n] for k in (1, 2, 3, 4))
    plain = rr[w.alike[1:] & w.alike[:-1] & np.isfinite(rr)]
    usual = _nan_median(rr)
    sinus = float(np.median(plain)) if plain.size > 1 else usual
    around = np.full((n, 5), np.nan)  # median, 80th percentile, spread, jump, share that is early
    rank = np.full(n, np.nan)
    for k in range(n):
        near = rr[max(0, k - _AROUND) : k + _AROUND]
        near = near[np.isfinite(near)]
        if near.size < 2:
            continue
        middle = float(np.median(near))
        low, high, top = np.percentile(near, [10, 80, 90])
        jump = float(np.median(np.abs(np.diff(near))))
        around[k] = middle, high, (top - low) / middle, jump / middle, (near < _EARLY * middle).mean()
        rank[k] = (near < pre[k]).mean() if np.isfinite(pre[k]) else np.nan
    local, high, spread, jumps, early = around.T
    return {
        "pre_local": pre / local, "pre_sinus": pre / sinus, "pre_prev": pre / prev, "pre_high": pre / high,
        "rank": rank, "pre_post": pre / post, "post_local": post / local, "around": (pre + post) / (2.0 * local),
        "prev_local": prev / local, "next_local": following / local, "jump": jumps, "spread": spread, "early": early,
        "local_usual": local / usual,
    }  # fmt: skip


def rr_intervals(w: Windows) -> Floats:
    """RR intervals in seconds; NaN where a beat may have gone unseen between, or two beats are one."""
    rr = np.diff(w.at) / FS_HZ
    blind = np.concatenate([[0], np.cumsum(~np.isfinite(w.lead))])
    at = np.clip(w.at, 0, w.lead.size)
    unseen_s = np.diff(blind[at]) / FS_HZ
    return np.where((rr > 0) & (rr < _LONGEST_S) & (unseen_s < _UNSEEN_S), rr, np.nan)


def _shape(w: Windows) -> dict[str, Floats]:
    """The QRS complex and the T wave beside the usual ones."""
    q, t = span(QRS_S), span(_T_S)
    beat, near, usual = w.beats[:, q], w.near[:, q], w.usual[None, q]
    t_beat, t_near = w.beats[:, t], w.near[:, t]
    width_s, usual_s = _width_s(w.beats, q), _width_s(w.usual[None], q)
    return {
        "corr_qrs": _correlate(beat, usual),
        "corr_all": _correlate(w.beats[:, q.start : t.stop], w.usual[None, q.start : t.stop]),
        "corr_qrs_near": _correlate(beat, near),
        "resid_qrs": _rms(beat - usual),
        "resid_qrs_near": _rms(beat - near),
        "log_height": _log_ratio(beat, usual, lambda x: np.ptp(x, axis=1)),
        "log_area": _log_ratio(beat, usual, lambda x: np.abs(_level(x)).mean(axis=1)),
        "log_slope": _log_ratio(beat, usual, lambda x: np.abs(np.diff(x, axis=1)).max(axis=1)),
        "width_s": width_s,
        "width_ratio": width_s / np.maximum(usual_s, 0.01),
        "corr_t": _correlate(t_beat, t_near),
        "t_height": np.ptp(t_beat, axis=1) - np.ptp(t_near, axis=1),
        "t_opposes": t_beat.mean(axis=1) * np.sign(beat.mean(axis=1)),
    }


def _atrial(w: Windows) -> dict[str, Floats]:
    """Whether the usual P wave is where it usually is, and how steadily it is there around this beat."""
    p, q = span(_P_S), span(QRS_S)
    wave = w.near[:, p]
    corr_p = _correlate(_without_last_t(w, p), wave)
    best = _best_p(w, wave, p)
    return {
        "corr_p": corr_p,
        "p_best": best,
        "resid_before": _rms(_level(w.beats[:, : q.start]) - _level(w.near[:, : q.start])),
        "p_usual": _running_median(corr_p),
        "p_best_usual": _running_median(best),
    }


def _without_last_t(w: Windows, p: slice) -> Floats:
    """What is before each QRS complex, less the T wave of the beat before where that reaches so far."""
    left, zero = w.beats[:, p].copy(), round(BEFORE_S * FS_HZ)
    for k in range(1, w.at.size):
        since = w.at[k] - w.at[k - 1] + np.arange(p.start, p.stop)
        reach = since <= zero + round(AFTER_S * FS_HZ)
        if reach.any():
            tail = w.near[k - 1, since[reach]]
            left[k, reach] -= tail - tail[-1]
    return left


def _best_p(w: Windows, wave: Floats, p: slice) -> Floats:
    """Correlation with the usual P wave at the best place, from 120 ms earlier to 40 ms later."""
    zero = round(BEFORE_S * FS_HZ)
    early, late = round(_P_EARLIER_S * FS_HZ), round(_P_LATER_S * FS_HZ)
    rows = sliding_window_view(
        cut(w.lead, w.at, zero - p.start + early, p.stop - 1 - zero + late), wave.shape[1], axis=1
    )
    scores = np.stack([_correlate(rows[:, k], wave) for k in range(rows.shape[1])], axis=1)
    best = np.where(np.isfinite(scores), scores, -2.0).max(axis=1)
    return np.where(best < -1.0, np.nan, best)


def _width_s(beats: Floats, q: slice) -> Floats:
    """How long the QRS complex lasts: from the first to the last slope that is no small part of the steepest."""
    reach = round(_EDGE_S * FS_HZ)
    slope = np.abs(np.gradient(beats[:, q.start - reach : q.stop + reach], axis=1))
    slope = uniform_filter1d(np.nan_to_num(slope), 3, axis=1)
    steep = slope > _STEEP * slope.max(axis=1, keepdims=True)
    last = steep.shape[1] - 1 - steep[:, ::-1].argmax(axis=1)
    return np.asarray((last - steep.argmax(axis=1)) / FS_HZ, dtype=np.float64)


def _log_ratio(beat: Floats, usual: Floats, size: Callable[[Floats], Floats]) -> Floats:
    return np.asarray(np.log(np.maximum(size(beat), 1e-3) / np.maximum(size(usual), 1e-3)), dtype=np.float64)


def _level(rows: Floats) -> Floats:
    """Rows less the line between the means of their first and their last four samples."""
    share = np.linspace(0.0, 1.0, rows.shape[1])
    first, last = rows[:, :4].mean(axis=1, keepdims=True), rows[:, -4:].mean(axis=1, keepdims=True)
    return np.asarray(rows - (1.0 - share) * first - share * last, dtype=np.float64)


def _correlate(a: Floats, b: Floats) -> Floats:
    """Correlation along the rows, shape (beats,); NaN where a sample is missing."""
    a, b = a - a.mean(axis=1, keepdims=True), b - b.mean(axis=1, keepdims=True)
    size = np.sqrt(np.square(a).sum(axis=1) * np.square(b).sum(axis=1))
    return np.asarray((a * b).sum(axis=1) / np.maximum(size, 1e-9), dtype=np.float64)


def _rms(rows: Floats) -> Floats:
    return np.asarray(np.sqrt(np.square(rows).mean(axis=1)), dtype=np.float64)


def _nan_median(values: Floats) -> float:
    held = values[np.isfinite(values)]
    return float(np.median(held)) if held.size else float("nan")


def _running_median(values: Floats) -> Floats:
    """Median of the beats to either side and the beat itself, those left out that have no value."""
    return np.array([_nan_median(values[max(0, k - _AROUND) : k + _AROUND + 1]) for k in range(values.size)])
