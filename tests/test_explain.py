"""Shapley values: exact where the answer is known, and adding up where it is not."""

from __future__ import annotations

import numpy as np
import pytest

from analyze import explain
from analyze.classinput import NUMBERS, prepare
from analyze.explain import make_game, share_out
from analyze.segments import COMMON, SEGMENTS, hide, owners
from digitize.errors import UsageError
from digitize.record import LEADS
from digitize.synth.heart import simulate


def test_a_sum_is_shared_out_exactly() -> None:
    worth = np.array([3.0, -1.0, 0.0, 0.5])
    values, errors, start, end = share_out(lambda kept: 2.0 + kept @ worth, 4, seed=0)
    assert np.allclose(values, worth) and np.allclose(errors, 0)
    assert (start, end) == (2.0, 4.5)


def test_what_two_make_together_is_halved() -> None:
    values, _, _, _ = share_out(lambda kept: (kept[:, 0] & kept[:, 1]).astype(float), 3, seed=0, orders=8)
    assert np.allclose(values, [0.5, 0.5, 0.0])


def test_every_number_belongs_to_a_wave() -> None:
    named = {NUMBERS[k]: SEGMENTS[owner] for k, owner in enumerate(owners())}
    assert named["heart_rate_bpm"] == named["sokolow_mv"] == COMMON
    assert named["V2 j40_mv"] == named["V2 t_mv"] == "V2 ST-T"
    assert named["aVL q_ms"] == named["aVL r_peak_ms"] == "aVL QRS"
    assert named["II p_end_mv_ms"] == "II P"
    assert set(owners()) == set(range(len(SEGMENTS)))


def test_hiding_a_wave_hides_its_numbers_and_its_stretch_only() -> None:
    ready = prepare(simulate("normal", seed=1).ecg)
    kept = np.ones((2, len(SEGMENTS)), bool)
    kept[1, SEGMENTS.index("V2 QRS")] = False
    beat, numbers = hide(ready.beat, ready.numbers, kept)
    assert np.array_equal(beat[0], ready.beat) and np.array_equal(numbers[0], ready.numbers, equal_nan=True)
    changed = beat[1] != ready.beat
    assert set(np.flatnonzero(changed.any(axis=1))) == {LEADS.index("V2"), 12 + LEADS.index("V2")}
    gone = {NUMBERS[k] for k in np.flatnonzero(np.isnan(numbers[1]) & ~np.isnan(ready.numbers))}
    assert gone and all(name.startswith("V2 ") for name in gone) and "V2 t_mv" not in gone


def test_the_parts_lead_from_nothing_to_the_answer() -> None:
    ecg = simulate("anterior_stemi", seed=2, noise_mv=0.01).ecg
    told = explain(ecg, "MI")
    assert len(told.parts) == len(SEGMENTS)
    assert sum(part.log_odds for part in told.parts) == pytest.approx(told.log_odds - told.start_log_odds, abs=1e-6)
    assert [abs(p.log_odds) for p in told.parts] == sorted((abs(p.log_odds) for p in told.parts), reverse=True)
    assert told == explain(ecg, "MI")


def test_an_anterior_infarction_is_seen_in_front() -> None:
    told = explain(simulate("anterior_stemi", seed=2, noise_mv=0.01).ecg, "MI")
    by_lead = {lead: sum(p.log_odds for p in told.parts if p.lead == lead) for lead in LEADS}
    assert sum(by_lead[lead] for lead in ("V1", "V2", "V3", "V4")) > sum(by_lead[lead] for lead in ("II", "III", "aVF"))


def test_more_orders_agree_with_fewer() -> None:
    ready = prepare(simulate("lbbb", seed=1, noise_mv=0.01).ecg)
    play = make_game(ready, 0)
    few, errors, _, _ = share_out(play, len(SEGMENTS), seed=1, orders=16)
    many, finer, _, _ = share_out(play, len(SEGMENTS), seed=2, orders=64)
    assert (np.abs(few - many) <= 4.5 * np.hypot(errors, finer) + 0.02).all()


def test_an_unknown_label_is_told_with_those_known() -> None:
    with pytest.raises(UsageError) as caught:
        explain(simulate("normal", seed=1).ecg, "FLU")
    assert "NORM" in caught.value.hint
