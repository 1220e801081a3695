"""The classifier that ships: what it sees, what it says, and when it doubts itself."""

from __future__ import annotations

import hashlib
import importlib.resources
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyze import classify, give_opinion
from analyze.classify import read_card
from analyze.classinput import BEAT_HZ, BEAT_S, NUMBERS, prepare
from analyze.shown import FORMS, show_as
from digitize.record import LEADS, Ecg
from digitize.synth.heart import simulate

ONSET = round(BEAT_S[0] * BEAT_HZ)


def heart(kind: str = "normal", seed: int = 1) -> Ecg:
    return simulate(kind, seed=seed, noise_mv=0.01, wander_mv=0.02).ecg  # type: ignore[arg-type]


def test_the_card_belongs_to_the_weights() -> None:
    weights = importlib.resources.files("analyze").joinpath("weights", "diagnosis.onnx").read_bytes()
    assert hashlib.sha256(weights).hexdigest() == read_card()["sha256"]
    assert len(weights) < 10e6
    assert [label["code"] for label in read_card()["labels"]][:5] == ["NORM", "MI", "STTC", "CD", "HYP"]


def test_probabilities_have_names_and_bounds() -> None:
    said = classify(heart())
    assert list(said) == [label["code"] for label in read_card()["labels"]]
    assert all(0 <= p <= 1 for p in said.values())


@pytest.mark.parametrize(
    ("kind", "code"), [("normal", "NORM"), ("lbbb", "CLBBB"), ("anterior_stemi", "MI"), ("afib", "AFIB")]
)
def test_simulated_hearts_are_told_from_the_normal_one(kind: str, code: str) -> None:
    assert classify(heart(kind))[code] > 2 * classify(heart("normal" if kind != "normal" else "lbbb"))[code]


def test_the_same_ecg_gets_the_same_answer() -> None:
    assert give_opinion(heart()) == give_opinion(heart())


def test_the_rate_of_sampling_hardly_matters() -> None:
    whole = heart()
    halved = Ecg(whole.signal_mv[::2], 250.0)
    there, here = classify(whole), classify(halved)
    assert max(abs(there[code] - here[code]) for code in ("NORM", "MI", "STTC", "CD", "HYP")) < 0.15


def test_the_beats_of_a_column_are_averaged_once(monkeypatch: pytest.MonkeyPatch) -> None:
    import analyze.marked

    asked, average = [], analyze.marked.average_beats
    monkeypatch.setattr(analyze.marked, "average_beats", lambda *a, **b: asked.append(1) or average(*a, **b))
    report = analyze.analyze(heart())
    assert len(asked) == 1 and set(report.homes) == set(LEADS)
    analyze.to_html(report)
    classify(heart())
    assert len(asked) == 2


def test_beats_lie_over_one_another_on_a_sheet() -> None:
    whole, sheet = (prepare(show_as(heart(), form, np.random.default_rng(0))) for form in ("whole", "3x4"))
    assert whole.beat.shape == sheet.beat.shape == (24, round(sum(BEAT_S) * BEAT_HZ))
    assert sheet.beat[12:, ONSET].all()
    for k, lead in enumerate(LEADS):
        near = whole.beat[k, ONSET - 10 : ONSET + 60]
        shifted = (sheet.beat[k, ONSET - 10 + move : ONSET + 60 + move] for move in range(-2, 3))
        assert max(np.corrcoef(near, other)[0, 1] for other in shifted) > 0.95, lead


def test_what_is_not_seen_is_marked_so() -> None:
    ecg = heart()
    signal = ecg.signal_mv.copy()
    signal[:, LEADS.index("V3")] = np.nan
    ready = prepare(replace(ecg, signal_mv=signal))
    assert not ready.beat[LEADS.index("V3")].any() and not ready.beat[12 + LEADS.index("V3")].any()
    assert np.isnan(ready.numbers[[k for k, name in enumerate(NUMBERS) if name.startswith("V3 ")]]).all()


@pytest.mark.parametrize(
    "signal",
    [np.zeros((5000, 12)), np.full((5000, 12), np.nan), np.random.default_rng(0).normal(0, 0.01, (5000, 12))],
    ids=["flat", "nothing", "noise"],
)
def test_without_a_heart_it_is_unsure(signal: np.ndarray) -> None:
    assert give_opinion(Ecg(signal, 500.0)).unsure


def test_few_leads_make_it_unsure() -> None:
    ecg = heart()
    opinion = give_opinion(Ecg(ecg.signal_mv[:, [1]], ecg.fs_hz, ("II",)))
    assert opinion.unsure == "only 1 leads show a beat" or opinion.unsure


def test_a_usual_ecg_is_near_and_one_turned_over_is_far() -> None:
    ecg = heart()
    upset = replace(ecg, signal_mv=-3 * ecg.signal_mv)
    assert give_opinion(upset).distance > give_opinion(ecg).distance


def test_labels_come_group_by_group_the_likeliest_first() -> None:
    labels = give_opinion(heart()).labels
    groups = [label.group for label in labels]
    assert groups == sorted(groups, key=["superclass", "subclass", "rhythm"].index)
    for group in set(groups):
        told = [label.probability for label in labels if label.group == group]
        assert told == sorted(told, reverse=True)
    assert all(label.positive == (label.probability >= label.threshold) for label in labels)


@settings(max_examples=15, deadline=None)
@given(st.sampled_from(FORMS), st.integers(0, 3))
def test_sheets_show_what_the_record_has_and_nothing_twice(form: str, seed: int) -> None:
    ecg = heart(seed=seed)
    sheet = show_as(ecg, form, np.random.default_rng(seed))
    seen = np.isfinite(sheet.signal_mv)
    assert sheet.signal_mv.shape == ecg.signal_mv.shape
    if form != "worn":
        assert np.array_equal(sheet.signal_mv[seen], ecg.signal_mv[seen])
    share = {"whole": 1.0, "6x2": (5 + 0.5 * 7 - 0.5 + 1) / 12}.get(form)
    columns = seen.all(axis=0).sum()
    assert columns == (12 if form == "whole" else 1)
    assert share is None or form == "6x2" or seen.mean() == share


def test_wear_is_small_and_seeded() -> None:
    ecg = heart()
    worn = show_as(ecg, "worn", np.random.default_rng(3))
    again = show_as(ecg, "worn", np.random.default_rng(3))
    assert np.array_equal(worn.signal_mv, again.signal_mv, equal_nan=True)
    strip = LEADS.index("II")
    assert 0 < np.std(worn.signal_mv[:, strip] - ecg.signal_mv[:, strip]) < 0.5 * np.std(ecg.signal_mv[:, strip])
