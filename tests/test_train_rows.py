"""Made-up rhythms keep to what they stand for, and the network over rows of beats sees no further than its halo."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyze.train import beats_simulated as made_up

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


def test_a_row_in_pieces_is_judged_as_a_whole() -> None:
    from analyze.train.beats_rows import WHOLE, RowNet, judge_row, made_up_rows

    torch.manual_seed(1)
    net = RowNet().eval()
    rows, _ = made_up_rows(8, 1)
    row = np.concatenate([r[r[:, -1] > 0] for r in rows])
    assert len(row) > WHOLE
    with torch.no_grad():
        whole = net(torch.from_numpy(row[None]))[0].numpy()
    np.testing.assert_allclose(judge_row(net, row), whole, atol=1e-5)


def test_what_is_unknown_is_said_to_be() -> None:
    from analyze.train.beats_rows import CHANNELS, row_inputs

    nothing = np.full(3, np.nan)
    shown = row_inputs(
        np.array([np.nan, 0.8, 0.8]), np.array([0.8, 0.8, np.nan]), nothing, np.zeros(3), nothing, nothing
    )
    assert shown.shape == (3, CHANNELS) and np.isfinite(shown).all()
    np.testing.assert_array_equal(shown[:, 9:], [[0, 1, 0, 1], [1, 1, 0, 1], [1, 0, 0, 1]])


def test_training_lessens_what_is_misjudged() -> None:
    from analyze.train.beats_rows import RowNet, judge_row, made_up_rows, train_rows

    torch.manual_seed(1)
    rows, kinds = made_up_rows(200, 1)
    net = train_rows(RowNet(), (rows, kinds), [], 60, 4e-3, 1)
    odds = np.stack([judge_row(net, row) for row in rows])
    assert odds[kinds == 1].mean() > odds[kinds == 0].mean() + 1.0
