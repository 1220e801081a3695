"""What rules may ask for: measured values and simple sums of them, by lead or of the whole ECG, each with its error."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import hypot

from analyze.measure import sum_voltages
from analyze.measurements import Amplitude, Measurements, StLevel

_SMALL_MV = 0.05  # no ratio is formed with a wave below this
_MM_PER_MV, _MM_PER_MS = 10.0, 0.025  # of standard paper


@dataclass(frozen=True)
class Value:
    """A value, None where it is not known, and the half width of its 95 % interval."""

    value: float | None = None
    error: float = 0.0


Table = Mapping[str, Mapping[str, Value]]
"""Quantity -> lead -> value; the lead of what belongs to the whole ECG is ``""``."""

LABELS: dict[str, tuple[str, str]] = {
    "st_j_mv": ("ST at J", "mV"),
    "st_j60_mv": ("ST at J+60", "mV"),
    "st_rise_mv": ("ST from J to J+80", "mV"),
    "st_concordant_mv": ("ST in the direction of QRS", "mV"),
    "st_over_s": ("ST/S", ""),
    "st_over_qrs": ("ST/QRS", ""),
    "st_bulge_mv": ("bulge of ST", "mV"),
    "r_mv": ("R", "mV"),
    "s_mv": ("S", "mV"),
    "q_mv": ("Q", "mV"),
    "net_mv": ("R-S", "mV"),
    "qrs_pp_mv": ("QRS, peak to peak", "mV"),
    "rs_tallest_mv": ("taller of R and S", "mV"),
    "p_mv": ("P", "mV"),
    "pr_mv": ("PR", "mV"),
    "p_end_mv_ms": ("P terminal force", "mV ms"),
    "t_mv": ("T", "mV"),
    "t_max_mv": ("T, highest", "mV"),
    "t_min_mv": ("T, lowest", "mV"),
    "t_over_qrs": ("T/QRS", ""),
    "notch_mv": ("J notch", "mV"),
    "q_ms": ("Q", "ms"),
    "r_ms": ("R", "ms"),
    "r_peak_ms": ("R-peak time", "ms"),
    "rate_bpm": ("rate", "bpm"),
    "p_ms": ("P", "ms"),
    "pr_ms": ("PR", "ms"),
    "qrs_ms": ("QRS", "ms"),
    "qtc_ms": ("QTc Fridericia", "ms"),
    "axis_deg": ("QRS axis", "°"),
    "sokolow_mv": ("S V1 + R V5 or V6", "mV"),
    "cornell_mv": ("R aVL + S V3", "mV"),
    "spikes": ("pacing spikes", ""),
    "std_v1v4_lead_mv": ("depression in V1-V4 beyond that in V5-V6", "mV"),
    "smith_4": ("4-variable formula", ""),
    "smith_3": ("3-variable formula", ""),
    "aslanger_mm": ("formula in millimetres", ""),
}


def tabulate(m: Measurements) -> dict[str, dict[str, Value]]:
    """Every quantity of an ECG; a lead that was not recorded is absent, what was not seen in it has no value."""
    st = {level.lead: level for level in m.st}
    height = {a.lead: a for a in m.amplitudes}
    by_lead = {
        name: {lead: _of_lead(name, st.get(lead), height.get(lead)) for lead in {*st, *height}} for name in _LEAD
    }
    return by_lead | {name: {"": value} for name, value in _of_all(m, st, height).items()}


_Pair = Callable[[StLevel, Amplitude], float | None]


def _over(a: float | None, b: float) -> float | None:
    return None if a is None or b < _SMALL_MV else a / b


def _minus(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None else a - b


def _bulge(st: StLevel) -> float | None:
    if st.j_mv is None or st.j40_mv is None or st.j80_mv is None:
        return None
    return st.j40_mv - (st.j_mv + st.j80_mv) / 2.0


def _concordant(st: StLevel, a: Amplitude) -> float | None:
    return None if st.j_mv is None else st.j_mv if a.r_mv >= -a.s_mv else -st.j_mv


_FROM_ST: dict[str, Callable[[StLevel], float | None]] = {
    "st_j_mv": lambda st: st.j_mv,
    "st_j60_mv": lambda st: st.j60_mv,
    "st_rise_mv": lambda st: _minus(st.j80_mv, st.j_mv),
    "st_bulge_mv": _bulge,
}
_FROM_WAVES: dict[str, Callable[[Amplitude], float | None]] = {
    "r_mv": lambda a: a.r_mv,
    "s_mv": lambda a: -a.s_mv,
    "q_mv": lambda a: -a.q_mv,
    "net_mv": lambda a: a.r_mv + min(a.s_mv, a.q_mv),
    "qrs_pp_mv": lambda a: a.r_mv - min(a.s_mv, a.q_mv),
    "rs_tallest_mv": lambda a: max(a.r_mv, -a.s_mv),
    "p_mv": lambda a: a.p_mv,
    "pr_mv": lambda a: a.pr_mv,
    "p_end_mv_ms": lambda a: a.p_end_mv_ms,
    "t_mv": lambda a: a.t_mv,
    "t_max_mv": lambda a: a.t_max_mv,
    "t_min_mv": lambda a: a.t_min_mv,
    "t_over_qrs": lambda a: _over(a.t_max_mv, a.r_mv - min(a.s_mv, a.q_mv)),
    "notch_mv": lambda a: a.notch_mv,
    "q_ms": lambda a: a.q_ms,
    "r_ms": lambda a: a.r_ms,
    "r_peak_ms": lambda a: a.r_peak_ms,
}
_FROM_BOTH: dict[str, _Pair] = {
    "st_concordant_mv": _concordant,
    "st_over_s": lambda st, a: _over(st.j_mv, -a.s_mv),
    "st_over_qrs": lambda st, a: _over(st.j_mv, max(a.r_mv, -a.s_mv)),
}
_LEAD = (*_FROM_ST, *_FROM_WAVES, *_FROM_BOTH)


def _of_lead(name: str, st: StLevel | None, a: Amplitude | None) -> Value:
    """One quantity of one lead."""
    if name in _FROM_ST:
        return Value() if st is None else Value(_FROM_ST[name](st), st.error_mv or 0.0)
    if a is None:
        return Value()
    if name in _FROM_WAVES:
        return Value(_FROM_WAVES[name](a), _wave_error(name, a, st))
    if st is None:
        return Value()
    value = _FROM_BOTH[name](st, a)
    if name == "st_concordant_mv" or value is None:
        return Value(value, st.error_mv or 0.0)
    size = -a.s_mv if name == "st_over_s" else max(a.r_mv, -a.s_mv)
    return Value(value, hypot(st.error_mv or 0.0, value * (a.error_mv or 0.0)) / size)


def _wave_error(name: str, a: Amplitude, st: StLevel | None) -> float:
    """Error of a wave: its own for P and T, that of ST for a notch, that of QRS for what lies in its steep strokes."""
    qrs_mv = a.error_mv or 0.0
    if name.endswith("_ms") and name != "p_end_mv_ms":
        return 6.0 if qrs_mv else 0.0  # three samples at 500 Hz
    own = a.p_error_mv if name.startswith("p_") else a.t_error_mv if name.startswith("t_") else None
    if name == "pr_mv":
        own = a.pr_error_mv
    if name == "notch_mv" and st is not None:
        own = st.error_mv
    error_mv = qrs_mv if own is None else own
    if name == "p_end_mv_ms":
        return 30.0 * error_mv  # over the latter half of P
    if name == "t_over_qrs":
        size, ratio = a.r_mv - min(a.s_mv, a.q_mv), _FROM_WAVES[name](a)
        return hypot(error_mv, (ratio or 0.0) * qrs_mv) / size if size else 0.0
    return error_mv


def _of_all(m: Measurements, st: Mapping[str, StLevel], height: Mapping[str, Amplitude]) -> dict[str, Value]:
    """Quantities of the whole ECG."""
    sums = sum_voltages(height)
    volts = 1.4 * max((a.error_mv or 0.0 for a in m.amplitudes), default=0.0)
    qt = m.qt_error_ms or 0.0
    beats = m.beats or m.heart_rate_bpm
    four, three, simple = (_subtle_lad(m, st, height, formula) for formula in (smith_4, smith_3, aslanger_mm))
    return {
        "rate_bpm": Value(m.heart_rate_bpm, m.heart_rate_error_bpm or 0.0),
        "p_ms": Value(m.p_ms, m.p_error_ms or 0.0),
        "pr_ms": Value(m.pr_ms, m.pr_error_ms or 0.0),
        "qrs_ms": Value(m.qrs_ms, m.qrs_error_ms or 0.0),
        "qtc_ms": Value(m.qtc_fridericia_ms, qt),
        "axis_deg": Value(m.axis_deg, m.axis_error_deg or 0.0),
        "sokolow_mv": Value(sums["sokolow_mv"], volts),
        "cornell_mv": Value(sums["cornell_mv"], volts),
        "spikes": Value(float(m.spikes) if beats else None),
        "std_v1v4_lead_mv": _deepest(st),
        "smith_4": four,
        "smith_3": three,
        "aslanger_mm": simple,
    }


def _deepest(st: Mapping[str, StLevel]) -> Value:
    """By how much ST is lower in V1 to V4 than in V5 and V6, the lowest of each."""
    levels = {lead: st[lead].j_mv for lead in ("V1", "V2", "V3", "V4", "V5", "V6") if lead in st}
    if len(levels) < 6 or any(level is None for level in levels.values()):
        return Value()
    left, right = (min(level for lead in leads if (level := levels[lead]) is not None) for leads in (_FRONT, _SIDE))
    return Value(right - left, max(st[lead].error_mv or 0.0 for lead in levels))


_FRONT, _SIDE = ("V1", "V2", "V3", "V4"), ("V5", "V6")


def smith_4(st60_v3_mm: float, qtc_bazett_ms: float, r_v4_mm: float, qrs_v2_mm: float, qt_ms: float = 0.0) -> float:
    """4-variable formula of Driver and Smith (2017), without QT: 18.2 or more speaks for occlusion of the LAD."""
    return 1.062 * st60_v3_mm + 0.052 * qtc_bazett_ms - 0.268 * r_v4_mm - 0.151 * qrs_v2_mm


def smith_3(
    st60_v3_mm: float, qtc_bazett_ms: float, r_v4_mm: float, qrs_v2_mm: float = 0.0, qt_ms: float = 0.0
) -> float:
    """3-variable formula of Smith (2012), without QRS in V2: more than 23.4 speaks for occlusion of the LAD."""
    return 1.196 * st60_v3_mm + 0.059 * qtc_bazett_ms - 0.326 * r_v4_mm


def aslanger_mm(st60_v3_mm: float, qtc_bazett_ms: float, r_v4_mm: float, qrs_v2_mm: float, qt_ms: float) -> float:
    """Formula of Aslanger (2018), QT uncorrected: less than 12 mm speaks for occlusion of the LAD."""
    return (r_v4_mm + qrs_v2_mm) - (_MM_PER_MS * qt_ms + st60_v3_mm)


def _subtle_lad(
    m: Measurements, st: Mapping[str, StLevel], height: Mapping[str, Amplitude], formula: Callable[..., float]
) -> Value:
    """A formula's value, and the error that its numbers together give it."""
    v2, v4, level = height.get("V2"), height.get("V4"), st.get("V3", StLevel("V3"))
    if v2 is None or v4 is None or level.j60_mv is None or m.qtc_bazett_ms is None or m.qt_ms is None:
        return Value()
    st_mm, r_mm, qrs_mm = (_MM_PER_MV * mv for mv in (level.j60_mv, v4.r_mv, v2.r_mv - min(v2.s_mv, v2.q_mv)))
    errors_mm = [_MM_PER_MV * (part.error_mv or 0.0) for part in (level, v4, v2)]
    qt_error_ms = m.qt_error_ms or 0.0
    value = formula(st_mm, m.qtc_bazett_ms, r_mm, qrs_mm, m.qt_ms)
    moved = (
        formula(st_mm + errors_mm[0], m.qtc_bazett_ms, r_mm, qrs_mm, m.qt_ms),
        formula(st_mm, m.qtc_bazett_ms + qt_error_ms, r_mm, qrs_mm, m.qt_ms + qt_error_ms),
        formula(st_mm, m.qtc_bazett_ms, r_mm + errors_mm[1], qrs_mm, m.qt_ms),
        formula(st_mm, m.qtc_bazett_ms, r_mm, qrs_mm + errors_mm[2], m.qt_ms),
    )
    return Value(value, hypot(*(other - value for other in moved)))
