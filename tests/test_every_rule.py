"""Every rule: a case that meets it, one that misses it narrowly, one that cannot be told; and the formulas by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from analyze.judge import find_all
from analyze.measurements import Amplitude, Measurements, StLevel
from analyze.rules.engine import evaluate_all
from analyze.rules.load import load_rules
from analyze.rules.quantities import aslanger_mm, smith_3, smith_4
from digitize.record import LEADS, Patient

MAN = Patient(54, "male")
Changes = Mapping[str, Mapping[str, float]]

# An unremarkable heart; R rises and S falls along the chest, nothing is near a threshold.
_R = dict(zip(LEADS, (0.6, 0.9, 0.3, 0.05, 0.3, 0.6, 0.2, 0.5, 0.8, 1.3, 1.2, 0.9), strict=True))
_S = dict(zip(LEADS, (-0.2, -0.2, -0.2, -0.8, -0.2, -0.2, -0.8, -1.2, -0.9, -0.5, -0.3, -0.2), strict=True))
_BASE: dict[str, Any] = {
    "heart_rate_bpm": 70.0,
    "rr_ms": 857.0,
    "rr_longest_ms": 870.0,
    "rr_change": 0.02,
    "regular": True,
    "beats": 12,
    "p_ms": 100.0,
    "pr_ms": 160.0,
    "qrs_ms": 90.0,
    "qt_ms": 380.0,
    "qtc_bazett_ms": 410.0,
    "qtc_fridericia_ms": 400.0,
    "axis_deg": 50.0,
    "p_axis_deg": 50.0,
    "p_clarity": 5.0,
}


def make(
    changes: Changes | None = None, error_mv: float = 0.0, without: tuple[str, ...] = (), **whole: float
) -> Measurements:
    """The unremarkable heart with some leads and values changed; ``st`` moves J and what follows it alike."""
    st, amplitudes = [], []
    for lead in LEADS:
        new = dict((changes or {}).get(lead, {}))
        j = new.pop("st", 0.0)
        rise = new.pop("rise", 0.04)
        if lead in without:
            st.append(StLevel(lead))
            continue
        t_mv = new.get("t_mv", -0.2 if lead == "aVR" else 0.25)
        sign = -1.0 if lead == "aVR" else 1.0
        plain = {
            "r_mv": _R[lead],
            "s_mv": _S[lead],
            "q_mv": 0.0,
            "p_mv": 0.08 * sign,
            "t_mv": t_mv,
            "t_max_mv": max(t_mv, 0.0),
            "t_min_mv": min(t_mv, 0.0),
            "p_end_mv_ms": 0.0,
            "pr_mv": 0.0,
            "q_ms": 0.0,
            "r_ms": 35.0,
            "r_peak_ms": 35.0,
            "notch_mv": 0.0,
        }
        errors = dict.fromkeys(("error_mv", "p_error_mv", "t_error_mv", "pr_error_mv"), error_mv)
        amplitudes.append(Amplitude(lead, **(plain | new | errors)))
        levels = [j + rise * step / 4.0 for step in range(5)]
        st.append(StLevel(lead, *levels, error_mv=error_mv))
    return Measurements(**(_BASE | whole), st=tuple(st), amplitudes=tuple(amplitudes))


@dataclass(frozen=True)
class Case:
    """What meets a rule, what is changed to miss it narrowly, and the leads or values it cannot be told without."""

    meets: Changes = field(default_factory=dict)
    misses: Changes = field(default_factory=dict)
    without: tuple[str, ...] = ()
    whole: Mapping[str, float] = field(default_factory=dict)
    whole_missed: Mapping[str, float] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()


def every(leads: str, **values: float) -> dict[str, dict[str, float]]:
    return {lead: dict(values) for lead in leads.split()}


_LBBB: dict[str, Any] = {"qrs_ms": 150.0}
_BLOCK = every("I V6", r_peak_ms=75.0) | {
    "V1": {"r_mv": 0.1, "s_mv": -1.5},
    "V2": {"r_mv": 0.1, "s_mv": -1.6},
    "V3": {"r_mv": 0.1, "s_mv": -1.6},
}


def blocked(**leads: Mapping[str, float]) -> dict[str, dict[str, float]]:
    return {lead: {**_BLOCK.get(lead, {}), **leads.get(lead, {})} for lead in {*_BLOCK, *leads}}


_SUBTLE = {
    "V2": {"st": 0.12, "rise": 0.1, "r_mv": 0.2, "s_mv": -0.5},
    "V3": {"st": 0.32, "rise": 0.16, "s_mv": -0.5},
    "V4": {"st": 0.12, "rise": 0.1, "r_mv": 0.35},
}

CASES: dict[str, Case] = {
    "context.wide_qrs": Case(whole={"qrs_ms": 120.0}, whole_missed={"qrs_ms": 119.9}, unknown=("qrs_ms",)),
    "context.fast": Case(
        whole={"heart_rate_bpm": 130.0}, whole_missed={"heart_rate_bpm": 129.9}, unknown=("heart_rate_bpm",)
    ),
    "rhythm.paced": Case(
        whole={"spikes": 12}, whole_missed={"spikes": 0}, unknown=("beats", "heart_rate_bpm", "spikes")
    ),
    "conduction.wpw": Case(
        every("I V5 V6", r_peak_ms=55),
        every("I V5 V6", r_peak_ms=49),
        whole={"pr_ms": 100.0, "qrs_ms": 118.0},
        unknown=("pr_ms",),
    ),
    "conduction.lbbb": Case(_BLOCK, _BLOCK | every("I V6", r_peak_ms=60), ("V1",), _LBBB, _LBBB),
    "conduction.rbbb": Case(
        {"V1": {"r_mv": 0.9, "s_mv": -0.2, "r_peak_ms": 70}},
        {"V1": {"r_mv": 0.9, "s_mv": -0.2, "r_peak_ms": 50}},
        whole={"qrs_ms": 130.0},
        whole_missed={"qrs_ms": 130.0},
        unknown=("qrs_ms",),
    ),
    "conduction.left_anterior_block": Case(
        {"aVL": {"q_mv": -0.05}}, whole={"axis_deg": -45.0}, whole_missed={"axis_deg": -44.9}, unknown=("axis_deg",)
    ),
    "conduction.left_posterior_block": Case(
        every("III aVF", q_mv=-0.1) | every("I aVL", r_mv=0.1, s_mv=-0.6),
        every("III aVF", q_mv=-0.1) | every("I aVL", r_mv=0.1, s_mv=-0.6),
        whole={"axis_deg": 100.0},
        whole_missed={"axis_deg": 89.9},
        unknown=("axis_deg",),
    ),
    "chamber.lvh": Case({"V1": {"s_mv": -2.3}}, {"V1": {"s_mv": -2.29}}, ("V1",)),
    "chamber.rvh": Case(
        {"V1": {"r_mv": 0.7, "s_mv": -0.2}},
        {"V1": {"r_mv": 0.6, "s_mv": -0.2}},
        ("V1",),
        {"axis_deg": 110.0},
        {"axis_deg": 110.0},
    ),
    "chamber.low_voltage": Case(
        every("I II III aVR aVL aVF", r_mv=0.3, s_mv=-0.19),
        every("I II III aVR aVL", r_mv=0.3, s_mv=-0.19) | every("aVF", r_mv=0.3, s_mv=-0.2),
        ("aVF",),
    ),
    "chamber.left_atrium": Case(
        {"V1": {"p_end_mv_ms": -4.0}}, {"V1": {"p_end_mv_ms": -3.9}}, ("V1",), {"p_ms": 125.0}, {"p_ms": 125.0}
    ),
    "chamber.right_atrium": Case({"II": {"p_mv": 0.26}}, {"II": {"p_mv": 0.25}}, ("II",)),
    "mimic.early_repolarisation": Case(every("II aVF", notch_mv=0.1), every("II aVF", notch_mv=0.099), ("II", "III")),
    "mimic.pericarditis": Case(every("I II aVF V3 V4 V5 V6", st=0.06), every("I II aVF V3", st=0.06), ("aVL",)),
    "mimic.pr_depression": Case(
        every("II V5", st=0.12, pr_mv=-0.05),
        {"II": {"st": 0.12, "pr_mv": -0.06}, "V5": {"st": 0.12, "pr_mv": -0.049}},
        ("II",),
    ),
    "stemi.udmi4": Case({"V2": {"st": 0.2}, "V3": {"st": 0.2}}, {"V2": {"st": 0.2}, "V3": {"st": 0.199}}, ("V3", "V4")),
    "stemi.posterior": Case(every("V2 V3", st=-0.06, rise=0.0), every("V2 V3", st=-0.049, rise=0.0), ("V6",)),
    "stemi.right_ventricle": Case(
        every("II aVF", st=0.15) | {"III": {"st": 0.2}, "V1": {"st": 0.1}},
        every("II aVF", st=0.15) | {"III": {"st": 0.2}, "V1": {"st": 0.099}},
        ("V1",),
    ),
    "stemi.de_winter": Case(
        every("V2 V3 V4", st=-0.15, rise=0.1, t_mv=0.8) | {"aVR": {"st": 0.05}},
        every("V2 V3 V4", st=-0.1, rise=0.1, t_mv=0.8) | {"aVR": {"st": 0.05}},
        ("aVR",),
    ),
    "stemi.aslanger": Case(
        {"III": {"st": 0.06}, "V5": {"st": -0.06}, "V1": {"st": 0.02}, "V2": {"st": -0.02}},
        {"III": {"st": 0.06}, "V5": {"st": -0.06}, "V1": {"st": -0.02}, "V2": {"st": -0.02}},
        ("V1",),
    ),
    "stemi.south_african_flag": Case(
        every("I aVL V2", st=0.08) | {"III": {"st": -0.06}},
        every("I aVL V2", st=0.08) | {"III": {"st": -0.049}},
        ("III",),
    ),
    "stemi.evolving": Case(
        every("V2 V3", st=0.06, t_mv=-0.2, q_ms=60, q_mv=-0.8, r_mv=0.0),
        every("V2 V3", st=0.06, t_mv=-0.09, q_ms=60, q_mv=-0.8, r_mv=0.0),
        ("V2",),
    ),
    "occlusion.hyperacute_t": Case(every("V3 V4", t_mv=1.9), {"V3": {"t_mv": 1.9}, "V4": {"t_mv": 1.79}}, ("V4",)),
    "occlusion.wellens": Case(every("V2 V3", t_mv=-0.3), {"V2": {"t_mv": -0.3}, "V3": {"t_mv": -0.19}}, ("V3",)),
    "occlusion.smith_4": Case(
        _SUBTLE,
        _SUBTLE | {"V4": {"st": 0.12, "rise": 0.1, "r_mv": 2.5}},
        ("V3",),
        {"qtc_bazett_ms": 430.0},
        {"qtc_bazett_ms": 380.0},
    ),
    "occlusion.smith_3": Case(
        _SUBTLE,
        _SUBTLE | {"V4": {"st": 0.12, "rise": 0.1, "r_mv": 2.5}},
        ("V3",),
        {"qtc_bazett_ms": 430.0},
        {"qtc_bazett_ms": 380.0},
    ),
    "occlusion.aslanger_formula": Case(
        _SUBTLE | {"V2": {"st": 0.12, "rise": 0.1, "r_mv": 0.2, "s_mv": -1.2}, "V4": {"st": 0.12, "r_mv": 1.1}},
        _SUBTLE | {"V2": {"st": 0.12, "rise": 0.1, "r_mv": 0.2, "s_mv": -1.2}, "V4": {"st": 0.12, "r_mv": 1.15}},
        ("V3",),
        {"qt_ms": 400.0},
        {"qt_ms": 320.0},
    ),
    "context.subtle_anterior": Case(
        every("V2 V3", st=0.1, s_mv=-0.5), every("V2 V3", st=0.099, s_mv=-0.5), ("V2", "V3", "V4")
    ),
    "stemi.hypertrophy": Case(
        {"V1": {"s_mv": -2.4}, "V2": {"st": 0.4, "s_mv": -1.6}, "V3": {"st": 0.2}},
        {"V1": {"s_mv": -2.4}, "V2": {"st": 0.399, "s_mv": -1.6}, "V3": {"st": 0.2}},
        ("V2",),
    ),
    "mimic.aneurysm": Case(
        every("V1 V2 V3 V4", st=0.15, q_mv=-1.5, r_mv=0.0, t_mv=0.2),
        every("V1 V2 V3", st=0.15, q_mv=-1.5, r_mv=0.0, t_mv=0.2) | every("V4", t_mv=0.7),
        ("V4",),
    ),
    "lbbb.sgarbossa": Case(blocked(V5={"st": 0.1}), blocked(V5={"st": 0.099}), ("V5",), _LBBB, _LBBB),
    "lbbb.smith_modified": Case(blocked(V2={"st": 0.4}), blocked(V2={"st": 0.399}), ("V2",), _LBBB, _LBBB),
    "lbbb.barcelona": Case(
        blocked(II={"st": -0.0}, V6={"st": -0.1, "r_mv": 0.6}),
        blocked(V6={"st": -0.1, "r_mv": 0.61}),
        ("V6",),
        _LBBB,
        _LBBB,
    ),
    "ischemia.avr": Case(
        every("I II V3 V4 V5 V6", st=-0.06, rise=0.02) | {"aVR": {"st": 0.1}},
        every("I II V4 V5 V6", st=-0.06) | {"aVR": {"st": 0.1}},
        ("aVR",),
    ),
    "ischemia.st_depression": Case(every("V5 V6", st=-0.05, rise=0.0), every("V5 V6", st=-0.05, rise=0.01), ("V5",)),
    "ischemia.t_inversion": Case(every("V5 V6", t_mv=-0.11), every("V5 V6", t_mv=-0.1), ("V5",)),
    "mi.prior_q": Case(every("III aVF", q_ms=30, q_mv=-0.1), every("III aVF", q_ms=29.9, q_mv=-0.1), ("aVF",)),
    "repolarisation.long_qt": Case(
        whole={"qtc_fridericia_ms": 450.0}, whole_missed={"qtc_fridericia_ms": 449.9}, unknown=("qtc_fridericia_ms",)
    ),
    "repolarisation.very_long_qt": Case(
        whole={"qtc_fridericia_ms": 500.0}, whole_missed={"qtc_fridericia_ms": 499.9}, unknown=("qtc_fridericia_ms",)
    ),
    "repolarisation.short_qt": Case(
        whole={"qtc_fridericia_ms": 320.0}, whole_missed={"qtc_fridericia_ms": 320.1}, unknown=("qtc_fridericia_ms",)
    ),
    "leads.arm_reversal": Case(
        {"I": {"p_mv": -0.08, "r_mv": 0.1, "s_mv": -0.6}, "aVR": {"r_mv": 0.4, "s_mv": -0.2}},
        {"I": {"p_mv": 0.01, "r_mv": 0.1, "s_mv": -0.6}, "aVR": {"r_mv": 0.4, "s_mv": -0.2}},
        ("aVR",),
    ),
    "leads.dextrocardia": Case(
        {"I": {"p_mv": -0.08, "r_mv": 0.1, "s_mv": -0.6}, "V6": {"r_mv": 0.1, "s_mv": -0.3}},
        {"I": {"p_mv": -0.08, "r_mv": 0.1, "s_mv": -0.6}, "V6": {"r_mv": 0.3, "s_mv": -0.29}},
        ("V6",),
    ),
    "leads.right_leg": Case({"II": {"r_mv": 0.06, "s_mv": -0.03}}, {"II": {"r_mv": 0.06, "s_mv": -0.05}}, ("II",)),
}


def answer(code: str, m: Measurements, patient: Patient = MAN) -> str:
    findings, _ = evaluate_all(load_rules(), m, patient)
    return next(f.verdict for f in findings if f.code == code)


def test_every_rule_has_its_cases_and_says_where_it_is_from() -> None:
    rules = load_rules()
    assert [rule.code for rule in rules if rule.code not in CASES] == []
    assert len({rule.code for rule in rules}) == len(rules) == len(CASES)
    assert all(rule.source and rule.version and rule.title for rule in rules)


@pytest.mark.parametrize("code", CASES)
def test_met(code: str) -> None:
    assert answer(code, make(CASES[code].meets, **CASES[code].whole)) == "met"


@pytest.mark.parametrize("code", CASES)
def test_narrowly_missed(code: str) -> None:
    case = CASES[code]
    whole = case.whole_missed or case.whole
    assert answer(code, make(case.misses or case.meets, **whole)) == "not_met"


@pytest.mark.parametrize("code", CASES)
def test_cannot_be_told_when_what_decides_is_not_seen(code: str) -> None:
    case = CASES[code]
    m = make(case.meets, without=case.without, **case.whole)
    m = replace(m, **{name: 0 if isinstance(getattr(m, name), int) else None for name in case.unknown})
    assert answer(code, m) == "undetermined"


@pytest.mark.parametrize("code", [code for code in CASES if not CASES[code].whole_missed and CASES[code].misses])
def test_an_error_larger_than_the_distance_leaves_it_open(code: str) -> None:
    case = CASES[code]
    assert answer(code, make(case.misses, error_mv=0.3, **case.whole)) != "met"


def test_an_unremarkable_heart_meets_nothing() -> None:
    findings = find_all(make(), MAN)
    assert [f.code for f in findings if f.verdict == "met"] == ["rhythm.sinus"]
    assert not [f.code for f in findings if f.verdict == "undetermined"]


def test_the_formulas_by_hand() -> None:
    assert aslanger_mm(2.0, 420.0, 8.0, 12.0, 400.0) == pytest.approx(8.0)
    assert smith_4(2.0, 420.0, 12.0, 10.0) == pytest.approx(19.238)
    assert smith_3(4.0, 386.0, 16.0) == pytest.approx(22.342)


def test_the_grey_band_of_the_formula_is_not_told() -> None:
    subtle = _SUBTLE | {"V4": {"st": 0.12, "rise": 0.1, "r_mv": 1.8}}
    m = make(subtle, qtc_bazett_ms=400.0)
    findings, _ = evaluate_all(load_rules(), m, MAN)
    found = next(f for f in findings if f.code == "occlusion.smith_4")
    value = found.evidence[0].value
    assert value is not None and 18.2 < value < 20.7
    assert found.verdict == "undetermined"


def test_in_hypertrophy_the_rule_of_elevation_is_barred_and_that_of_proportion_speaks() -> None:
    m = make({"V1": {"s_mv": -2.4}, "V2": {"st": 0.4, "s_mv": -1.6}, "V3": {"st": 0.3}})
    assert answer("stemi.udmi4", m) == "undetermined"
    assert answer("stemi.hypertrophy", m) == "met"
    assert answer("stemi.hypertrophy", make({"V2": {"st": 0.4, "s_mv": -1.2}})) == "not_met"


def test_what_was_not_held_against_its_source_says_so() -> None:
    findings, _ = evaluate_all(load_rules(), make(), MAN)
    sources = {f.code: f.source for f in findings}
    assert sources["repolarisation.long_qt"].endswith("[from memory or second-hand: the limits]")
    assert "memory" not in sources["stemi.udmi4"]


def test_what_makes_infarction_obvious_bars_the_formula() -> None:
    obvious = _SUBTLE | {"II": {"st": -0.1}}
    assert answer("occlusion.smith_4", make(obvious, qtc_bazett_ms=430.0)) == "not_met"


def test_bundle_rules_are_asked_only_in_bundle_branch_block_or_pacing() -> None:
    raised = {"V5": {"st": 0.3}}
    assert answer("lbbb.sgarbossa", make(raised)) == "not_met"
    assert answer("lbbb.sgarbossa", make(raised, spikes=10)) == "met"


def test_findings_come_in_order_of_urgency() -> None:
    m = make(
        {"V2": {"st": 0.4}, "V3": {"st": 0.4}, "V5": {"t_mv": -0.3}, "V6": {"t_mv": -0.3}}, qtc_fridericia_ms=470.0
    )
    met = [f for f in find_all(m, MAN) if f.verdict == "met"]
    assert [f.code for f in met][:2] == ["stemi.udmi4", "ischemia.t_inversion"]
    assert met[-1].urgency == "context"
    assert "anteroseptal" in met[0].statement and "left anterior descending" in met[0].statement


def test_what_mirrors_a_narrow_miss_is_said() -> None:
    narrow = make({"II": {"st": 0.04}, "aVF": {"st": 0.06}, "III": {"st": 0.08}, "aVL": {"st": -0.06}})
    said = {f.code: f.statement for f in find_all(narrow, MAN)}["stemi.udmi4"]
    assert "Narrowly missed" in said and "aVL is depressed (-0.06 mV)" in said
    alone = make({"aVF": {"st": 0.06}, "III": {"st": 0.08}})
    assert "depressed" not in {f.code: f.statement for f in find_all(alone, MAN)}["stemi.udmi4"]


def test_the_right_coronary_artery_is_named_by_iii_over_ii() -> None:
    right = make({"II": {"st": 0.15}, "aVF": {"st": 0.2}, "III": {"st": 0.25}, "aVL": {"st": -0.1}})
    found = find_all(right, MAN)[0]
    assert found.code == "stemi.udmi4"
    assert "inferior" in found.statement and "mirrored in aVL" in found.statement
    assert "right coronary artery" in found.statement and "circumflex" not in found.statement


def test_the_error_of_steep_strokes_is_not_that_of_p_t_and_st() -> None:
    m = make({"II": {"p_mv": 0.1}}, error_mv=0.005)
    steep = replace(m, amplitudes=tuple(replace(a, error_mv=1.2) for a in m.amplitudes))
    assert answer("chamber.right_atrium", steep) == "not_met"
    assert answer("chamber.lvh", steep) == "undetermined"


@pytest.mark.parametrize("code", CASES)
def test_what_misses_does_so_narrowly(code: str) -> None:
    case = CASES[code]
    m = make(case.misses or case.meets, **(case.whole_missed or case.whole))
    findings, _ = evaluate_all(load_rules(), m, MAN)
    evidence = next(f.evidence for f in findings if f.code == code)
    apart = [
        abs(e.value - e.threshold) / (5.0 if e.what == "pacing spikes" else max(abs(e.threshold), 0.1))
        for e in evidence
        if e.value is not None and e.threshold is not None
    ]
    assert apart and min(apart) <= 0.2
