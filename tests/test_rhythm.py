"""The rhythm in words: what is named, and what is left open."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from analyze import measure
from analyze.judge import find_all
from analyze.measurements import Measurements
from analyze.rhythm import name_rhythm
from analyze.shown import show_as
from digitize.record import Patient
from digitize.synth.heart import conduct, simulate

SINUS = Measurements(
    heart_rate_bpm=72.0, rr_ms=833.0, rr_longest_ms=850.0, rr_change=0.02, regular=True, beats=12, p_clarity=5.0,
    p_ms=100.0, pr_ms=160.0, qrs_ms=90.0, p_axis_deg=55.0,
)  # fmt: skip


def named(m: Measurements) -> dict[str, str]:
    return {f.code: f.verdict for f in name_rhythm(m)}


@pytest.mark.parametrize(
    ("rate", "title"),
    [(59.9, "Sinus bradycardia"), (60.0, "Sinus rhythm"), (100.0, "Sinus rhythm"), (100.1, "Sinus tachycardia")],
)
def test_sinus_by_rate(rate: float, title: str) -> None:
    (found,) = name_rhythm(replace(SINUS, heart_rate_bpm=rate))
    assert (found.title, found.verdict) == (title, "met")


def test_arrhythmia_with_clear_p_waves_is_of_the_sinus_and_without_them_fibrillation() -> None:
    varies = replace(SINUS, rr_change=0.15)
    assert name_rhythm(varies)[0].title == "Sinus rhythm with sinus arrhythmia"
    for unclear in (
        replace(varies, pr_ms=None),
        replace(varies, p_clarity=1.0),
        replace(varies, pr_ms=None, p_match=0.3),
    ):
        assert named(unclear)["rhythm.atrial_fibrillation"] == "met"
    alike = replace(varies, p_match=0.8)
    assert name_rhythm(replace(alike, p_clarity=1.0))[0].title == "Sinus rhythm with sinus arrhythmia"
    assert named(replace(alike, pr_ms=None)) == {"rhythm.no_p": "undetermined"}
    assert "rhythm.atrial_fibrillation" not in named(replace(alike, rr_change=0.5, p_axis_deg=-80.0))
    assert "rhythm.atrial_fibrillation" not in named(replace(SINUS, rr_change=0.09, pr_ms=None))


def test_what_a_strip_hints_at_is_left_open() -> None:
    assert named(replace(SINUS, pr_ms=None, heart_rate_bpm=150.0)) == {"rhythm.flutter": "undetermined"}
    assert named(replace(SINUS, pr_ms=None, heart_rate_bpm=40.0))["conduction.av_block_3"] == "undetermined"
    assert named(replace(SINUS, rr_longest_ms=1700.0))["conduction.av_block_2"] == "undetermined"
    assert named(replace(SINUS, p_axis_deg=-80.0)) == {"rhythm.ectopic_atrial": "undetermined"}
    assert named(Measurements()) == {"rhythm.unknown": "undetermined"}


@pytest.mark.parametrize(("pr_ms", "verdict"), [(205.0, "undetermined"), (215.0, "met"), (185.0, None)])
def test_first_degree_block_knows_its_error(pr_ms: float, verdict: str | None) -> None:
    assert named(replace(SINUS, pr_ms=pr_ms, pr_error_ms=10.0)).get("conduction.av_block_1") == verdict


def test_extra_beats_pacing_and_wide_tachycardia() -> None:
    assert named(replace(SINUS, ectopic_beats=2))["rhythm.ectopic"] == "met"
    assert named(replace(SINUS, early_beats=1))["rhythm.atrial_ectopic"] == "met"
    assert named(replace(SINUS, spikes=12)) == {"rhythm.paced_rhythm": "met"}
    wide = name_rhythm(replace(SINUS, pr_ms=None, heart_rate_bpm=180.0, qrs_ms=150.0))[0]
    assert (wide.code, wide.urgency) == ("rhythm.wide_tachycardia", "emergency")
    tied = replace(SINUS, pr_ms=None, heart_rate_bpm=120.0, qrs_ms=150.0, atrial_rate_bpm=120.0, atrial_likeness=0.9)
    assert name_rhythm(tied)[0].code == "rhythm.wide_tachycardia"
    narrow = name_rhythm(replace(SINUS, pr_ms=None, heart_rate_bpm=200.0))[0]
    assert (narrow.code, narrow.verdict, narrow.urgency) == ("rhythm.svt", "met", "urgent")


@pytest.mark.parametrize(("kind", "code"), [("normal", "rhythm.sinus"), ("afib", "rhythm.atrial_fibrillation")])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_simulated_hearts(kind: str, code: str, seed: int) -> None:
    m = measure(simulate(kind, seed=seed, noise_mv=0.01).ecg)  # type: ignore[arg-type]
    assert code in {f.code for f in find_all(m, Patient()) if f.verdict == "met"}


def irregular_s(seed: int) -> np.ndarray:
    """Onsets of QRS complexes as irregular as in fibrillation."""
    return 0.5 + np.cumsum(np.random.default_rng(seed).uniform(0.55, 1.1, 11))


@pytest.mark.parametrize("form", ["whole", "3x4"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_p_waves_at_a_constant_pr_speak_against_fibrillation_however_irregular(seed: int, form: str) -> None:
    qrs_s = irregular_s(seed)
    ecg = conduct(qrs_s, qrs_s - 0.16, seed=seed, noise_mv=0.015)
    m = measure(show_as(ecg, form, np.random.default_rng(0)))
    assert m.rr_change is not None and m.rr_change > 0.2
    assert m.p_match is not None and m.p_match > 0.8
    assert "rhythm.sinus" in named(m)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_p_waves_before_irregular_beats_are_fibrillation(seed: int) -> None:
    m = measure(conduct(irregular_s(seed), np.zeros(0), seed=seed, noise_mv=0.015))
    assert m.p_match is not None and m.p_match < 0.5
    assert named(m)["rhythm.atrial_fibrillation"] == "met"


def test_a_run_of_early_beats_is_counted_and_sinus_arrhythmia_is_not() -> None:
    run_s = 0.4 + np.cumsum([0.0, 1.4, 1.4, 0.6, 0.6, 0.6, 1.4, 1.9])
    assert measure(conduct(run_s, run_s - 0.16)).early_beats == 3
    breath_s = 0.4 + np.cumsum([0.0, 1.1, 1.0, 0.85, 0.78, 0.72, 0.78, 0.9, 1.0, 1.1])
    assert measure(conduct(breath_s, breath_s - 0.16)).early_beats == 0


def conducted(pp_s: float, pr_s: tuple[float | None, ...], count: int = 14) -> tuple[np.ndarray, np.ndarray]:
    """QRS and P onsets: every P wave in turn has one of the PR intervals, or none."""
    p_s = 0.2 + pp_s * np.arange(count)
    pr = [pr_s[k % len(pr_s)] for k in range(count)]
    return np.array([p + d for p, d in zip(p_s, pr, strict=True) if d is not None]), p_s


DISSOCIATED = (np.arange(0.6, 11, 1.72), np.arange(0.1, 11, 0.62))


@pytest.mark.parametrize("form", ["whole", "3x4"])
@pytest.mark.parametrize(
    ("beats_s", "code", "words"),
    [
        (conducted(0.8, (0.16, 0.24, 0.29, None)), "conduction.av_block_2", "Wenckebach?"),
        (conducted(0.8, (0.18, 0.18, 0.18, None)), "conduction.av_block_2", "some not followed, at a constant PR"),
        (conducted(0.7, (0.18, None), 16), "conduction.av_block_2", "2 P waves to a QRS complex"),
        (DISSOCIATED, "conduction.av_block_3", "P waves at 97, QRS complexes at 35 a minute"),
    ],
    ids=["wenckebach", "mobitz", "two to one", "complete"],
)
def test_a_train_of_p_waves_faster_than_the_ventricles_is_a_block(
    beats_s: tuple[np.ndarray, np.ndarray], code: str, words: str, form: str
) -> None:
    ecg = conduct(*beats_s, seed=1, noise_mv=0.015)
    found = name_rhythm(measure(show_as(ecg, form, np.random.default_rng(0))))
    block = [f for f in found if f.code.startswith("conduction.")]
    assert [(f.code, f.verdict) for f in block] == [(code, "met")]
    assert words in block[0].statement and "suspected" in block[0].title
    assert not {f.title for f in found} & {"Sinus bradycardia", "Atrial fibrillation or flutter suspected"}


@pytest.mark.parametrize("pp_s", [0.55, 0.8, 1.3])
def test_p_waves_that_are_all_conducted_are_no_block(pp_s: float) -> None:
    m = measure(conduct(*conducted(pp_s, (0.17,), 20), seed=2, noise_mv=0.015))
    assert set(named(m)) == {"rhythm.sinus"}


def test_waves_of_flutter_between_the_complexes_are_seen() -> None:
    m = measure(conduct(0.5 + 0.78 * np.arange(12), np.arange(0.0, 11, 0.21), seed=1, noise_mv=0.01))
    assert named(m)["rhythm.flutter"] == "met"


def test_of_few_beats_a_block_is_only_asked() -> None:
    few = replace(SINUS, rr_change=None, atrial_rate_bpm=90.0, atrial_likeness=0.6, heart_rate_bpm=40.0)
    assert named(few)["conduction.av_block_2"] == "undetermined"
    slower = replace(few, rr_change=0.3, atrial_rate_bpm=45.0, heart_rate_bpm=90.0, pr_ms=None)
    assert "rhythm.atrial_fibrillation" in named(slower)
    near = replace(few, rr_change=0.04, atrial_rate_bpm=104.0, heart_rate_bpm=97.0)
    assert set(named(near)) == {"rhythm.sinus"}
    faint = replace(few, rr_change=0.01, atrial_likeness=0.3)
    assert "conduction.av_block_2" not in named(faint)
