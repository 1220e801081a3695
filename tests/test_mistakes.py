"""Mistakes made on purpose, and what is noticed of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from analyze import analyze, give_opinion
from analyze.beats import find_beats
from analyze.classify import read_card
from analyze.marked import mark_columns, pick_homes
from analyze.noise import measure_noise
from analyze.train.mistakes import MISTAKES, drown, make_mistake
from digitize.record import Ecg
from digitize.synth.heart import simulate

BY_NAME = {mistake.name: mistake for mistake in MISTAKES}


def heart(seed: int = 1) -> Ecg:
    return simulate("normal", seed=seed, noise_mv=0.01, wander_mv=0.02).ecg


def made(name: str, ecg: Ecg | None = None) -> Ecg:
    return make_mistake(ecg or heart(), BY_NAME[name], np.random.default_rng(0))


def test_exchanged_arms_turn_lead_i_over_and_leave_the_chest_alone() -> None:
    ecg, wrong = heart(), made("arms exchanged")
    for one, other, sign in (("I", "I", -1), ("II", "III", 1), ("III", "II", 1), ("aVR", "aVL", 1), ("aVF", "aVF", 1)):
        np.testing.assert_allclose(wrong.lead(one), sign * ecg.lead(other), atol=1e-9)
    np.testing.assert_allclose(wrong.signal_mv[:, 6:], ecg.signal_mv[:, 6:], atol=1e-9)


def test_a_right_arm_electrode_on_the_leg_leaves_lead_ii_flat() -> None:
    wrong = made("right arm and right leg exchanged")
    assert np.abs(wrong.lead("II")).max() < 1e-9 and np.abs(wrong.lead("I")).max() > 0.1


@pytest.mark.parametrize("mistake", MISTAKES, ids=[mistake.name for mistake in MISTAKES])
def test_einthovens_law_holds_in_every_mistake_but_noise(mistake: object) -> None:
    wrong = make_mistake(heart(), mistake, np.random.default_rng(0))  # type: ignore[arg-type]
    assert wrong.signal_mv.shape == heart().signal_mv.shape and not np.array_equal(wrong.signal_mv, heart().signal_mv)
    if mistake is not BY_NAME["drowned in noise"]:
        np.testing.assert_allclose(wrong.lead("II"), wrong.lead("I") + wrong.lead("III"), atol=1e-6)


@pytest.mark.parametrize("kind", ["limbs", "chest", "speed", "turned"])
def test_gross_mistakes_make_it_unsure_and_are_named(kind: str) -> None:
    gross = {
        "limbs": "arms exchanged", "chest": "V1 to V6 the other way round", "speed": "speed twice what is said",
        "turned": "turned by half a circle",
    }  # fmt: skip
    words = {reason["why"]: reason["words"] for reason in read_card()["unsure"]}
    said = [give_opinion(made(gross[kind], heart(seed))).unsure for seed in range(4)]
    assert all(said) and words[kind] in said


@pytest.mark.parametrize("hidden", [slice(0, 3), slice(6, 12)], ids=["I to III", "the chest leads"])
def test_leads_that_are_not_seen_are_not_said_to_be_exchanged(hidden: slice) -> None:
    for seed in range(3):
        ecg = heart(seed)
        ecg.signal_mv[:, hidden] = np.nan
        assert "exchanged" not in give_opinion(ecg).unsure


def test_noise_is_measured_on_the_beats() -> None:
    def noise_of(ecg: Ecg) -> float:
        noise = measure_noise(pick_homes(mark_columns(ecg, find_beats(ecg))))
        assert noise is not None
        return noise

    ecg = heart()
    noisy = [replace(ecg, signal_mv=drown(ecg.signal_mv, np.random.default_rng(0), times)) for times in (0.1, 0.5, 1.0)]
    shares = [noise_of(x) for x in (ecg, *noisy)]
    assert shares == sorted(shares) and shares[-1] > 4 * shares[0]


def test_without_a_second_beat_noise_is_not_known() -> None:
    assert measure_noise({}) is None


def test_what_a_rule_suspects_makes_the_classifier_unsure_too(monkeypatch: pytest.MonkeyPatch) -> None:
    import analyze.report as report

    monkeypatch.setattr(report, "form_opinion", lambda *args: replace(give_opinion(heart()), unsure=""))
    opinion = analyze(made("right arm and right leg exchanged")).opinion
    assert opinion is not None and "exchanged" in opinion.unsure
    sound = analyze(heart()).opinion
    assert sound is not None and not sound.unsure
