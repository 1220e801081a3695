"""What the beat classifier is trained with: the line stays a line in ONNX, SMOTE and focal loss do what they say."""

from __future__ import annotations

import numpy as np
import pytest

from analyze.beatclass_features import FEATURES
from analyze.beatclass_rhythm import ABSOLUTE, REPEATS

pytest.importorskip("sklearn", reason="needs the extra: train")
torch = pytest.importorskip("torch", reason="needs the extra: train")


def intervals(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Features of beats of which the short ones are early, whatever the record's usual interval is."""
    features = np.full((n, len(FEATURES)), np.nan, np.float32)
    early = rng.random(n) < 0.3
    usual = rng.uniform(0.7, 1.1, n)
    for name in ABSOLUTE:
        features[:, FEATURES.index(name)] = usual * rng.normal(1.0, 0.05, n)
    features[early, FEATURES.index("pre_s")] *= 0.6
    return features, early


def test_the_line_finds_short_intervals_and_bears_gaps() -> None:
    from analyze.train.beats_line import fit_line

    features, early = intervals(2000, np.random.default_rng(1))
    line = fit_line(features, early)
    assert line.weight[ABSOLUTE.index("pre_s")] < 0 < line.weight[ABSOLUTE.index("local_s")]
    odds = line.odds(features)
    assert np.mean((odds > np.median(odds[early]) / 2) == early) > 0.8
    features[:, FEATURES.index("post_s")] = np.nan
    assert np.isfinite(line.odds(features)).all()
    assert np.isfinite(line.odds(np.zeros_like(features))).all()


def test_no_beat_is_early_where_nothing_repeats() -> None:
    from analyze.train.beats_trees import hold_back

    features = np.full((3, len(FEATURES)), np.nan, np.float32)
    features[:2, FEATURES.index(REPEATS)] = 0.01, 0.5
    odds = np.full(3, 2.0)
    early = hold_back(odds, features)
    assert early[0] == 0.0
    assert early[1] == early[2] == pytest.approx(1.0 / (1.0 + np.exp(-2.0)))


def test_smote_makes_up_the_rare_class_between_its_members() -> None:
    pytest.importorskip("imblearn", reason="needs the extra: train")
    from analyze.train.beats_ablation import grow_smote

    rng = np.random.default_rng(1)
    features = rng.normal(size=(600, 4)).astype(np.float32)
    rare = np.arange(600) < 40
    features[rare, 0] += 4.0
    features[::9, 1] = np.nan
    forest = grow_smote(features, rare, 1)
    assert forest.predict_proba(features[rare])[:, 1].mean() > 0.7
    assert forest.predict_proba(features[~rare])[:, 1].mean() < 0.1


def test_focal_loss_forgives_what_is_told_already() -> None:
    from analyze.train.beats_net import BeatNet, cost

    weight, truth = torch.ones(4), torch.tensor([0, 0])
    sure, unsure = torch.tensor([[4.0, 0, 0, 0]] * 2), torch.tensor([[0.0, 0, 0, 0]] * 2)
    plain = cost(sure, truth, weight, 0.0) / cost(unsure, truth, weight, 0.0)
    focal = cost(sure, truth, weight, 2.0) / cost(unsure, truth, weight, 2.0)
    assert focal < 0.1 * plain
    net = BeatNet(9).eval()
    assert net(torch.zeros(3, 2 * 216 + 9)).shape == (3, 4)


def test_trace_features_have_no_gaps() -> None:
    from analyze.train.beats_net import trace_features

    x = np.random.default_rng(1).normal(0.0, 0.01, 3600)
    x[400::300] = 1.0
    x[2000:2100] = np.nan
    found = trace_features(x, 360.0, np.arange(400, 3600, 300))
    assert np.isfinite(found).all()
    assert found.shape == (11, 2 * 216 + len(ABSOLUTE) + 1 + 3)
