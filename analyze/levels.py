"""Heights of one lead on its representative beat: ST levels and waves against the QRS onset, never rounded."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.signal import find_peaks

from analyze.marked import MarkedColumn
from analyze.measurements import ST_OFFSETS_MS, Amplitude, StLevel

Floats = NDArray[np.float64]

PQ_MS = 16
"""The level at the QRS onset is the mean over this long before it; that before P is, too."""

_ST_MS = 8  # an ST level is a mean over this long
_ONE_BEAT_MV = 0.02  # standard error where a single beat leaves none to compute
_PAPER_MV = (0.008, 0.05)  # standard error of a curve read well, and what is added as its quality falls to 0
_PAPER_SHARE = 0.02  # of a wave's height: what the width of a pen hides at its tip
_NO_WAVE_MV = 0.02  # a deflection of the QRS complex below this is none
_NOTCH_MS = (50, 20)  # a J notch is sought from this long before the end of QRS to this long after it

_NOTCH_SHARE = 0.5  # of R: the end-QRS notch of Macfarlane 2015, taken as the lower half of the downstroke


def level_beat(at: MarkedColumn, lead: str) -> Floats:
    """Representative beat of a lead in millivolts above its own level at the QRS onset, shape (time,)."""
    x = at.average.mv[:, at.average.column.leads.index(lead)]
    width = max(1, round(PQ_MS * at.average.fs_hz / 1000.0))
    before = x[max(0, at.qrs_on - width) : at.qrs_on + 1]
    held = before[np.isfinite(before)]
    return np.asarray(x - (held.mean() if held.size else np.nan), dtype=np.float64)


def measure_st(lead: str, at: MarkedColumn | None, quality: Mapping[str, float] | None) -> StLevel:
    """ST level of one lead on its representative beat; all None when its QRS complex is not seen."""
    if at is None:
        return StLevel(lead)
    x, fs_hz = level_beat(at, lead), at.average.fs_hz
    half = round(_ST_MS * fs_hz / 2000.0)
    values: list[float | None] = []
    for offset in ST_OFFSETS_MS:
        row = at.qrs_off + round(offset * fs_hz / 1000.0)
        part = x[max(0, row - half) : row + half + 1]
        values.append(float(part.mean()) if part.size and np.isfinite(part).all() else None)
    # the beats were levelled at their PQ, so that their scatter here holds that of the baseline too
    beats_mv = _scatter_mv(at, lead, at.qrs_off - half, at.qrs_off + half + 1)
    edges = x[[max(0, at.qrs_off - half), min(x.size - 1, at.qrs_off + half)]]
    timing_mv = abs(float(edges[1] - edges[0])) / 2.0 if np.isfinite(edges).all() else 0.0
    j, j20, j40, j60, j80 = values
    error_mv = 1.96 * float(np.linalg.norm([beats_mv, timing_mv, paper_error_mv(lead, quality)]))
    return StLevel(lead, j, j20, j40, j60, j80, error_mv=error_mv)


def measure_waves(lead: str, at: MarkedColumn, quality: Mapping[str, float] | None) -> Amplitude:
    """Heights and widths of P, Q, R, S and T of a lead whose QRS complex is seen."""
    x, ms = level_beat(at, lead), 1000.0 / at.average.fs_hz
    qrs = np.nan_to_num(x[at.qrs_on : at.qrs_off + 1])
    above = qrs - np.linspace(qrs[0], qrs[-1], qrs.size)  # a J point that is raised is no R wave
    top = int(np.argmax(above))
    upright = min(above[top], qrs[top]) >= _NO_WAVE_MV
    before, after = (qrs[: top + 1], qrs[top:]) if upright else (qrs, qrs)
    q_mv = min(0.0, float(before.min()))
    q_mv = q_mv if q_mv <= -_NO_WAVE_MV else 0.0
    r_mv = float(qrs[top]) if upright else 0.0
    beats_mv = _scatter_mv(at, lead, at.qrs_on, at.qrs_off + 1)
    read_mv = 0.0 if quality is None else _PAPER_SHARE * max(r_mv, -float(qrs.min()))
    p, t = (_span(at, lead, wave) for wave in ("p", "t"))
    before_p = None if p is None else _before(x, p[0], at.average.fs_hz)
    return Amplitude(
        lead,
        r_mv,
        min(0.0, float(after.min())),
        q_mv,
        p_mv=None if p is None else _at_peak(x[slice(*p)]),
        t_mv=None if t is None else _at_peak(x[slice(*t)]),
        t_max_mv=None if t is None else max(0.0, float(np.nanmax(x[slice(*t)]))),
        t_min_mv=None if t is None else min(0.0, float(np.nanmin(x[slice(*t)]))),
        p_end_mv_ms=None if p is None else float(np.minimum(x[sum(p) // 2 : p[1]], 0.0).sum() * ms),
        q_ms=float((before < -_NO_WAVE_MV / 2.0).sum() * ms) if q_mv else 0.0,
        r_ms=float((qrs > _NO_WAVE_MV / 2.0).sum() * ms) if upright else 0.0,
        r_peak_ms=top * ms if upright else None,
        notch_mv=_notch_mv(x, at, at.qrs_on + top) if upright else 0.0,
        error_mv=1.96 * float(np.linalg.norm([beats_mv, read_mv, paper_error_mv(lead, quality)])),
        p_error_mv=_wave_error_mv(lead, at, p, quality),
        t_error_mv=_wave_error_mv(lead, at, t, quality),
        pr_mv=None if before_p is None else -float(x[slice(*before_p)].mean()),
        pr_error_mv=_wave_error_mv(lead, at, before_p, quality),
    )


def _before(x: Floats, row: int, fs_hz: float) -> tuple[int, int] | None:
    """Rows of the level before a wave that begins at a row; None where they are not all seen."""
    first = row - round(PQ_MS * fs_hz / 1000.0)
    return (first, row) if first >= 0 and np.isfinite(x[first:row]).all() else None


def _wave_error_mv(
    lead: str, at: MarkedColumn, span: tuple[int, int] | None, quality: Mapping[str, float] | None
) -> float | None:
    """Half width of the 95 % interval of a wave's height; the beats were levelled at their PQ, whose error it holds."""
    if span is None:
        return None
    return 1.96 * float(np.hypot(_scatter_mv(at, lead, *span), paper_error_mv(lead, quality)))


def paper_error_mv(lead: str, quality: Mapping[str, float] | None) -> float:
    """Standard error of a level that was read from paper; 0 for a digital record."""
    return 0.0 if quality is None else _PAPER_MV[0] + _PAPER_MV[1] * (1.0 - quality.get(lead, 0.0))


def _scatter_mv(at: MarkedColumn, lead: str, start: int, stop: int) -> float:
    """Mean standard error of the representative beat between two rows."""
    error = at.average.error_mv[max(0, start) : stop, at.average.column.leads.index(lead)]
    held = error[np.isfinite(error)]
    return float(held.mean()) if held.size else _ONE_BEAT_MV


def _span(at: MarkedColumn, lead: str, wave: str) -> tuple[int, int] | None:
    """Rows of a wave, the second past its last; None where it was not found, ends and all, or holds a gap."""
    marks = at.marks[lead]
    on, off = getattr(marks, f"{wave}_on"), getattr(marks, f"{wave}_off")
    if not np.isfinite(on + off):
        return None
    first, last = max(0, at.average.r + round(on)), at.average.r + round(off) + 1
    part = at.average.mv[first:last, at.average.column.leads.index(lead)]
    return (first, last) if part.size and np.isfinite(part).all() else None


def _at_peak(wave: Floats) -> float:
    """The height that is farthest from the straight line between the wave's ends."""
    line = np.linspace(wave[0], wave[-1], wave.size)
    return float(wave[np.argmax(np.abs(wave - line))])


def _notch_mv(x: Floats, at: MarkedColumn, r: int) -> float:
    """Height of a second top low on R's last downstroke, near QRS's end; 0 without one (Macfarlane 2015, Jpeak)."""
    first, last = (round(s * ms * at.average.fs_hz / 1000.0) for s, ms in zip((-1, 1), _NOTCH_MS, strict=True))
    start = max(r + 1, at.qrs_off + first)
    part = np.nan_to_num(x[start : at.qrs_off + last + 1])
    peaks, _ = find_peaks(part, prominence=_NO_WAVE_MV)
    low = part[peaks][part[peaks] <= _NOTCH_SHARE * x[r]]  # one higher up is a split R wave
    return float(max(0.0, low.max())) if low.size else 0.0
