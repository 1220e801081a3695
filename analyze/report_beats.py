"""Each finding drawn where it is: on a lead's representative beat, the level measured and its threshold."""

from __future__ import annotations

from html import escape

import numpy as np

from analyze.levels import level_beat
from analyze.marked import MarkedColumn
from analyze.rules.words import Evidence, show_value

_BEFORE_MM, _AFTER_MM = 6.0, 14.0  # of the QRS onset, at 25 mm/s
_MM_PER_S, _MM_PER_MV = 25.0, 10.0
_HEIGHT_MM = (9.0, 26.0)
_AFTER_J_MS = {"ST at J": 0.0, "ST in the direction of QRS": 0.0, "ST/S": 0.0, "ST at J+60": 60.0}
_T = ("T", "T, highest", "T, lowest")


def draw_evidence(evidence: tuple[Evidence, ...], home: dict[str, MarkedColumn]) -> str:
    """A row of beats, one for each lead that the evidence names; empty where none can be drawn."""
    drawn = []
    for e in evidence:
        if e.lead in home and e.value is not None:
            drawn.append(_draw_beat(e, home[e.lead]))
    return f'<div class="beats">{"".join(drawn)}</div>' if drawn else ""


def _draw_beat(e: Evidence, at: MarkedColumn) -> str:
    """One lead's beat with the QRS onset's level, the threshold (dashed) and the point measured."""
    mv, fs_hz = level_beat(at, e.lead), at.average.fs_hz
    x_mm = _BEFORE_MM + (np.arange(mv.size) - at.qrs_on) / fs_hz * _MM_PER_S
    inside = (x_mm >= 0) & (x_mm <= _BEFORE_MM + _AFTER_MM) & np.isfinite(mv)
    points = mv[inside] * _MM_PER_MV
    in_mv = e.threshold_mv is not None
    level = [e.threshold_mv * _MM_PER_MV] if e.threshold_mv is not None else []
    up = max(2.0, *(value + 1.0 for value in (*level, float(points.max(initial=0.0)))))
    down = max(1.5, *(1.0 - value for value in (*level, float(points.min(initial=0.0)))))
    height = float(np.clip(up + down, *_HEIGHT_MM))
    zero = up * height / (up + down)
    scale = height / (up + down)
    line = " ".join(f"{x:.2f},{zero - y * scale:.2f}" for x, y in zip(x_mm[inside], points, strict=True))
    width = _BEFORE_MM + _AFTER_MM
    parts = [f'<path class="b0" d="M0 {zero:.2f}H{width:g}"/>', f'<polyline class="bt" points="{line}"/>']
    if in_mv and e.what not in ("QRS, peak to peak", "R-S", "taller of R and S"):
        parts.insert(1, f'<path class="b1" d="M0 {zero - level[0] * scale:.2f}H{width:g}"/>')
    row = _row(e, at)
    if row is not None and 0 <= row < mv.size and np.isfinite(mv[row]):
        parts.append(
            f'<circle class="bp" cx="{x_mm[row]:.2f}" cy="{zero - mv[row] * _MM_PER_MV * scale:.2f}" r=".55"/>'
        )
    threshold = show_value(Evidence("", None, None, e.what, e.threshold, None, e.unit))
    return (
        f'<figure><svg viewBox="0 0 {width:g} {height:.2f}" style="width:{width:g}mm;height:{height:.2f}mm">'
        f"{''.join(parts)}</svg><figcaption><b>{escape(e.lead)}</b> {escape(e.what)} {escape(show_value(e))}"
        f"<div>threshold {escape(threshold)}</div></figcaption></figure>"
    )


def _row(e: Evidence, at: MarkedColumn) -> int | None:
    """Row of the beat at which the value was taken; None where it is not one point."""
    marks = at.marks[e.lead]
    if e.what in _AFTER_J_MS:
        return at.qrs_off + round(_AFTER_J_MS[e.what] * at.average.fs_hz / 1000.0)
    peak = marks.t_peak if e.what in _T else marks.p_peak if e.what == "P" else np.nan
    return at.average.r + round(peak) if np.isfinite(peak) else None
