"""Made-up rhythms keep to what they stand for; the network over rows of beats learns from them and from real ones."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyze.beatclass_features import FEATURES
from analyze.train import beats_simulated as made_up
from analyze.train.beats_data import Examples

torch = pytest.importorskip("torch", reason="needs the extra: train")


@pytest.mark.parametrize("draw", made_up.RHYTHMS)
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_intervals_are_a_hearts(draw: object, seed: int) -> None:
    assert callable(draw)
    beats = draw(np.random.default_rng(seed), 60)
    rr_s = np.array([beat[0] for beat in beats])
    assert len(beats) >= 60
    assert rr_s.min() > 0.1 and rr_s.max() < 8.0


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_nothing_is_early_where_the_atria_do_not_beat_early(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for draw in (made_up.draw_sinus, made_up.draw_fibrillation, made_up.draw_flutter, made_up.draw_block):
        assert made_up.EARLY not in {kind for _, kind, _ in draw(rng, 80)}


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_an_early_beat_comes_before_the_sinus_node_would_have(seed: int) -> None:
    beats = made_up.draw_sick_sinus(np.random.default_rng(seed), 80)
    early = [rr_s for rr_s, kind, _ in beats if kind == made_up.EARLY]
    assert np.median(early) < np.median([rr_s for rr_s, kind, _ in beats if kind == made_up.NORMAL])


def test_most_beats_may_be_early() -> None:
    rng = np.random.default_rng(1)
    shares = [np.mean([kind == made_up.EARLY for _, kind, _ in made_up.draw_sick_sinus(rng, 80)]) for _ in range(60)]
    assert np.max(shares) > 0.85 and np.min(shares) < 0.5


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), count=st.integers(6, 64))
def test_what_is_observed_fits_together(seed: int, count: int) -> None:
    seen = made_up.draw_rhythm(np.random.default_rng(seed), count)
    np.testing.assert_array_equal(seen.pre_s[1:], seen.post_s[:-1])
    assert np.isnan(seen.pre_s[0]) and np.isnan(seen.post_s[-1])
    for part in (seen.p_here, seen.p_best):
        known = part[np.isfinite(part)]
        assert ((known >= -1) & (known <= 1)).all()


def test_what_is_unknown_is_said_to_be() -> None:
    from analyze.train.beats_rows import CHANNELS, row_inputs

    nothing = np.full(3, np.nan)
    shown = row_inputs(
        np.array([np.nan, 0.8, 0.8]), np.array([0.8, 0.8, np.nan]), nothing, np.zeros(3), nothing, nothing
    )
    assert shown.shape == (3, CHANNELS) and np.isfinite(shown).all()
    np.testing.assert_array_equal(shown[:, 9:], [[0, 1, 0, 1], [1, 1, 0, 1], [1, 0, 0, 1]])


def row_examples(kind: np.ndarray, record: np.ndarray, row: np.ndarray, pre_s: np.ndarray) -> Examples:
    """Beats of which nothing is known but the interval before."""
    features = np.full((kind.size, len(FEATURES)), np.nan, np.float32)
    features[:, FEATURES.index("pre_s")] = pre_s
    nought, no = np.zeros(kind.size, np.int64), np.zeros(kind.size, bool)
    return Examples(features, kind, record, nought, no, no, row)


def test_training_lessens_what_is_misjudged() -> None:
    from analyze.train.beats_rows import RowNet, made_up_rows, train_rows

    torch.manual_seed(1)
    rows, kinds = made_up_rows(200, 1)
    net = train_rows(RowNet(), (rows, kinds), [], 60, 4e-3, 1)
    with torch.no_grad():
        odds = net(torch.from_numpy(rows)).numpy()
    assert odds[kinds == 1].mean() > odds[kinds == 0].mean() + 1.0


def test_real_rows_are_learnt_from_and_only_those_asked_for() -> None:
    from analyze.train.beats_rows import RowNet, Taught, fit_rows, judge_rows, made_up_rows, show_rows

    rng = np.random.default_rng(1)
    record = np.repeat(np.array(["1", "2"]), 400)
    kind = (rng.random(800) < 0.4).astype(np.int64)
    # In the first patient early beats come after short intervals, in the second after long ones.
    pre_s = np.where((kind == 1) == (record == "1"), 0.5, 1.2)
    examples = row_examples(kind, record, np.arange(800) // 40, pre_s)
    shown = show_rows(examples.features, np.full(800, 0.01, np.float32))
    torch.manual_seed(1)
    taught, odds = Taught((RowNet(),), made_up_rows(50, 1)), []
    for patient in ("1", "2"):
        nets = fit_rows(taught, examples, shown, record == patient, 1)
        odds.append(judge_rows(nets, examples, shown))
    short = pre_s < 1.0
    assert odds[0][short].mean() > odds[0][~short].mean() + 1.0
    assert odds[1][short].mean() < odds[1][~short].mean() - 1.0


def test_rows_lie_where_their_numbers_change() -> None:
    row = np.array([0, 0, 3, 3, 3, 4])
    examples = row_examples(np.zeros(6, np.int64), np.full(6, "1"), row, np.ones(6))
    assert examples.rows() == [slice(0, 2), slice(2, 5), slice(5, 6)]
    assert examples.take(np.array([2, 3, 5])).rows() == [slice(0, 2), slice(2, 3)]


def test_the_mean_of_odds_lies_between_them() -> None:
    from analyze.train.beats_rows import combine

    judged = np.array([[0.2, 0.5], [0.2, 0.9], [0.2, 0.0]], np.float32)
    mixed = combine(judged, np.array([2.0, 0.0, 9.0]))
    np.testing.assert_array_equal(mixed[:, 0], judged[:, 0])
    assert mixed[0, 1] == pytest.approx(1 / (1 + np.exp(-1.0)), abs=1e-5)
    assert 0.5 < mixed[1, 1] < 0.9
    assert mixed[2, 1] < 0.1  # what trees and line rule out, as in fibrillation, the network does not bring back
