"""The ST-elevation rule: met, narrowly missed and undetermined, for everyone it tells apart."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyze.context import find_facts
from analyze.measurements import Amplitude, Measurements, StLevel
from analyze.rules.engine import Evidence, Finding, Verdict, evaluate, judge_level, load_rule
from analyze.rules.words import is_narrow
from digitize.record import LEADS, Patient, Sex

RULE = load_rule("stemi.udmi4")
MAN_54, MAN_35, MAN_25 = (Patient(age, "male") for age in (54, 35, 25))
WOMAN = Patient(30, "female")


def judge(patient: Patient, error_mv: float = 0.01, missing: tuple[str, ...] = (), **j_mv: float) -> Finding:
    """The rule's answer for J levels in millivolts, 0 in the leads not named."""
    levels = tuple(
        StLevel(lead) if lead in missing else StLevel(lead, j_mv=j_mv.get(lead, 0.0), error_mv=error_mv)
        for lead in (*LEADS, *(lead for lead in j_mv if lead not in LEADS))
    )
    return evaluate(RULE, Measurements(st=levels), patient)


@pytest.mark.parametrize(
    ("patient", "threshold_mv"),
    [(MAN_54, 0.20), (Patient(40, "male"), 0.20), (MAN_35, 0.25), (MAN_25, 0.25), (WOMAN, 0.15)],
)
def test_v2_and_v3_by_age_and_sex(patient: Patient, threshold_mv: float) -> None:
    above, at, below = threshold_mv + 0.02, threshold_mv, threshold_mv - 0.02
    assert judge(patient, V2=above, V3=above).verdict == "met"
    assert judge(patient, error_mv=0.0, V2=at, V3=at).verdict == "met"
    assert judge(patient, error_mv=0.0, V2=at, V3=at - 1e-9).verdict == "not_met"
    assert judge(patient, V2=above, V3=below).verdict == "not_met"
    assert judge(patient, V2=above, V3=threshold_mv + 0.005).verdict == "undetermined"
    assert judge(patient, V2=above, V3=threshold_mv - 0.005).verdict == "undetermined"


@pytest.mark.parametrize("patient", [MAN_54, MAN_35, WOMAN, Patient()])
@pytest.mark.parametrize("pair", [("II", "aVF"), ("aVF", "III"), ("I", "aVL"), ("V4", "V5"), ("V5", "V6")])
def test_elsewhere_a_tenth_of_a_millivolt_for_everyone(pair: tuple[str, str], patient: Patient) -> None:
    assert judge(patient, **dict.fromkeys(pair, 0.12)).verdict == "met"
    assert judge(patient, **dict.fromkeys(pair, 0.08)).verdict == "not_met"
    assert judge(patient, **dict.fromkeys(pair, 0.105)).verdict == "undetermined"


def test_each_lead_of_a_pair_has_its_own_threshold() -> None:
    assert judge(MAN_54, V3=0.22, V4=0.12).verdict == "met"
    assert judge(MAN_54, V3=0.18, V4=0.12).verdict == "not_met"
    assert judge(MAN_54, V1=0.12, V2=0.22).verdict == "met"


@pytest.mark.parametrize("pair", [("I", "II"), ("V1", "V6"), ("aVL", "III"), ("aVR", "V1"), ("I", "aVR"), ("V2", "V4")])
def test_leads_that_are_no_neighbours_do_not_add_up(pair: tuple[str, str]) -> None:
    assert judge(MAN_54, **dict.fromkeys(pair, 0.4)).verdict == "not_met"


def test_ii_and_iii_are_neighbours_with_or_without_avf() -> None:
    assert judge(MAN_54, missing=("aVF",), II=0.2, III=0.2).verdict == "met"
    assert judge(MAN_54, missing=("aVF",), II=0.2, III=0.08).verdict == "undetermined"


def test_one_lead_alone_is_not_enough() -> None:
    found = judge(MAN_54, III=0.3)
    assert found.verdict == "not_met"
    assert [e.lead for e in found.evidence] == ["aVF", "III"]
    assert "Narrowly" not in found.statement


def test_a_narrow_miss_shows_both_leads_and_how_far_they_came() -> None:
    found = judge(MAN_54, II=0.02, aVF=0.057, III=0.12)
    assert (found.verdict, [e.lead for e in found.evidence]) == ("not_met", ["aVF", "III"])
    assert "Narrowly missed: ST at J: aVF +0.06 mV of +0.10 mV, III +0.12 mV of +0.10 mV." in found.statement
    far = judge(MAN_54, aVF=0.04, III=0.08)
    assert "Nearest: ST at J: aVF +0.04 mV of +0.10 mV, III +0.08 mV" in far.statement


@pytest.mark.parametrize(
    ("value", "threshold", "unit", "narrow"),
    [(0.06, 0.1, "mV", True), (-0.03, -0.05, "mV", True), (0.04, 0.1, "mV", False), (1.75, 0.1, "mV", False),
     (388.0, 500.0, "ms", False), (480.0, 500.0, "ms", True), (0.02, 0.0, "mV", False)],
)  # fmt: skip
def test_what_is_narrow(value: float, threshold: float, unit: str, narrow: bool) -> None:
    evidence = (Evidence("II", None, None, "", value, threshold, unit),)
    assert is_narrow("not_met", evidence) == narrow
    assert not is_narrow("undetermined", evidence)


def test_unknown_age_or_sex_is_undetermined_only_where_it_matters() -> None:
    assert judge(Patient(), V2=0.30, V3=0.30).verdict == "met"
    assert judge(Patient(), V2=0.10, V3=0.10).verdict == "not_met"
    between = judge(Patient(), V2=0.22, V3=0.22)
    assert between.verdict == "undetermined"
    assert (
        "women" in between.statement
        and "men from 40" in between.statement
        and "age and sex decide" in between.statement
    )
    assert judge(Patient(age_y=70), V2=0.22, V3=0.22).verdict == "met"
    assert judge(Patient(age_y=70), V2=0.17, V3=0.17).verdict == "undetermined"
    assert judge(Patient(sex="female"), V2=0.17, V3=0.17).verdict == "met"
    assert judge(Patient(sex="male"), V2=0.22, V3=0.22).verdict == "undetermined"
    assert judge(Patient(sex="male"), V2=0.17, V3=0.17).verdict == "not_met"


def test_a_missing_lead_matters_only_where_it_could_decide() -> None:
    assert judge(MAN_54, missing=("aVF",), II=0.2).verdict == "undetermined"
    assert judge(MAN_54, missing=("aVF",), II=0.2, V4=0.2, V5=0.2).verdict == "met"
    assert judge(MAN_54, missing=("V2",)).verdict == "not_met"
    assert judge(MAN_54, missing=("V2", "V3")).verdict == "undetermined"
    assert judge(MAN_54, missing=LEADS).verdict == "undetermined"
    shown = judge(MAN_54, missing=("aVF",), II=0.2).evidence
    assert [(e.lead, e.value_mv) for e in shown] == [("II", 0.2), ("aVF", None)]


def test_extra_leads_count_when_recorded() -> None:
    assert judge(MAN_54, V7=0.06, V8=0.06, error_mv=0.005).verdict == "met"
    assert judge(MAN_35, V7=0.06, V8=0.06, error_mv=0.005).verdict == "not_met"
    assert judge(MAN_25, V3R=0.06, V4R=0.06, error_mv=0.005).verdict == "not_met"
    assert judge(MAN_35, V3R=0.06, V4R=0.06, error_mv=0.005).verdict == "met"


def test_evidence_holds_value_and_threshold_unrounded() -> None:
    found = judge(MAN_54, V2=0.234567, V3=0.31)
    assert [(e.lead, e.value_mv, e.threshold_mv) for e in found.evidence] == [("V2", 0.234567, 0.2), ("V3", 0.31, 0.2)]


def with_context(
    qrs_ms: float | None, v1: Amplitude | None, sex: Sex = "male", extra: tuple[Amplitude, ...] = ()
) -> Verdict:
    levels = tuple(StLevel(lead, 0.3 if lead in ("V2", "V3") else 0.0, error_mv=0.01) for lead in LEADS)
    quiet = tuple(Amplitude(lead, 0.5, -0.5, r_peak_ms=70.0) for lead in ("I", "aVL", "V3", "V5", "V6"))
    amplitudes = (*quiet, *((v1,) if v1 else ()), *extra)
    m = Measurements(qrs_ms=qrs_ms, st=levels, amplitudes=amplitudes)
    patient = Patient(54, sex)
    return evaluate(RULE, m, patient, find_facts(m, patient)).verdict


def test_left_bundle_branch_block_and_hypertrophy_bar_the_rule() -> None:
    down, up = Amplitude("V1", 0.1, -1.0), Amplitude("V1", 1.0, -0.1)
    assert with_context(90, down) == "met"
    assert with_context(119.9, down) == "met"
    assert with_context(120, down) == "undetermined"
    assert with_context(140, up) == "met"
    assert with_context(90, Amplitude("V1", 0.1, -3.1)) == "undetermined"
    assert with_context(90, Amplitude("V1", 0.1, -2.9)) == "met"


def test_what_bars_the_rule_is_said_also_when_it_cannot_be_told() -> None:
    levels = tuple(StLevel(lead, 0.3 if lead in ("V2", "V3") else 0.0, error_mv=0.01) for lead in LEADS)
    m = Measurements(qrs_ms=None, st=levels)
    found = evaluate(RULE, m, MAN_54, find_facts(m, MAN_54))
    assert found.verdict == "met"
    said = found.statement.partition("Not excluded: ")[2]
    assert "left bundle branch block" in said and "left ventricular hypertrophy" in said


def test_cornell_depends_on_sex() -> None:
    m = Measurements(qrs_ms=90, amplitudes=(Amplitude("aVL", 0.9, 0.0), Amplitude("V3", 0.2, -1.5)))
    assert find_facts(m, Patient(60, "female"))["lvh"] is True
    assert find_facts(m, Patient(60, "male"))["lvh"] is None
    whole = replace(m, amplitudes=(*m.amplitudes, Amplitude("V1", 0.1, -0.5), Amplitude("V5", 0.9, 0.0)))
    assert find_facts(whole, Patient(60, "male"))["lvh"] is False


levels_mv = st.floats(-0.5, 0.8)


@settings(deadline=None)
@given(value=levels_mv, more=st.floats(0, 0.5), threshold=st.sampled_from([0.1, 0.15, 0.2]), error=st.floats(0, 0.2))
def test_more_elevation_never_turns_a_met_level_down(value: float, more: float, threshold: float, error: float) -> None:
    rank = {"not_met": 0, "undetermined": 1, "met": 2}
    assert rank[judge_level(value + more, error, threshold)] >= rank[judge_level(value, error, threshold)]


@settings(deadline=None)
@given(st.lists(levels_mv, min_size=12, max_size=12), st.sampled_from(LEADS))
def test_losing_a_lead_never_reverses_an_answer(j_mv: list[float], lost: str) -> None:
    named = dict(zip(LEADS, j_mv, strict=True))
    whole, less = judge(MAN_54, **named).verdict, judge(MAN_54, missing=(lost,), **named).verdict
    assert less in (whole, "undetermined")


@settings(deadline=None)
@given(st.lists(levels_mv, min_size=12, max_size=12))
def test_an_unknown_patient_never_contradicts_a_known_one(j_mv: list[float]) -> None:
    named = dict(zip(LEADS, j_mv, strict=True))
    unknown = judge(Patient(), **named).verdict
    assert unknown == "undetermined" or all(
        judge(patient, **named).verdict == unknown for patient in (MAN_54, MAN_35, WOMAN)
    )
