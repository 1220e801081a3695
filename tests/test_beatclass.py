"""Classes of beats: ectopic beats put into a simulated heart are told, and nothing else is taken for one."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from analyze.beatclass import ask_graph, class_of_beats, classify_beats, decide, find_close, load_card
from analyze.beatclass_features import FEATURES, beat_features
from analyze.beatclass_rhythm import ABSOLUTE, REPEATS, rhythm_features
from digitize.record import Ecg

FS_HZ = 360.0
WEIGHTS = Path(__file__).parent.parent / "analyze" / "weights"


def strip(rr_s: list[float], kinds: str, fs_hz: float = FS_HZ, noise_mv: float = 0.01) -> tuple[Ecg, np.ndarray]:
    """One lead of Gaussian waves: beats N and S (narrow, S with no P wave of the usual shape) and V (wide, no P)."""
    r_s = 0.6 + np.concatenate([[0.0], np.cumsum(rr_s)])
    time_s = np.arange(round((r_s[-1] + 0.8) * fs_hz)) / fs_hz

    def wave(at_s: float, height_mv: float, width_s: float) -> np.ndarray:
        return height_mv * np.exp(-0.5 * np.square((time_s - at_s) / width_s))

    x = np.random.default_rng(1).normal(0.0, noise_mv, time_s.size)
    for at, kind in zip(r_s, kinds, strict=True):
        if kind == "V":
            x += wave(at, -1.6, 0.040) + wave(at + 0.06, 0.5, 0.03) + wave(at + 0.28, 0.5, 0.06)
            continue
        x += wave(at, 1.2, 0.012) + wave(at + 0.03, -0.3, 0.010) + wave(at + 0.28, 0.3, 0.05)
        x += wave(at - 0.16, 0.15, 0.020) if kind == "N" else wave(at - 0.12, -0.12, 0.015)
    return Ecg(x[:, None], fs_hz, ("II",)), np.round(r_s * fs_hz).astype(np.int64)


def ectopic(at: int, kind: str, beats: int = 14) -> tuple[list[float], str]:
    """A steady heart with one early beat and the pause after it."""
    rr_s = [0.8] * (beats - 1)
    rr_s[at - 1], rr_s[at] = 0.50, 1.10 if kind == "V" else 0.95
    return rr_s, "N" * at + kind + "N" * (beats - at - 1)


def test_a_steady_heart_is_normal() -> None:
    ecg, r = strip([0.8] * 12, "N" * 13)
    found, classes = classify_beats(ecg)
    assert found.size == r.size
    assert np.abs(found - r).max() < 0.05 * FS_HZ
    assert set(classes.tolist()) == {"N"}


@pytest.mark.parametrize("kind", ["S", "V"])
@pytest.mark.parametrize("fs_hz", [250.0, 500.0])
def test_an_early_beat_is_told_by_its_shape(kind: str, fs_hz: float) -> None:
    ecg, _ = strip(*ectopic(7, kind), fs_hz=fs_hz)
    _, classes = classify_beats(ecg, "II")
    assert "".join(classes.tolist()) == "N" * 7 + kind + "N" * 6


def test_gain_does_not_matter() -> None:
    ecg, r = strip(*ectopic(7, "V"))
    features = beat_features(ecg.signal_mv[:, 0], FS_HZ, r)
    np.testing.assert_allclose(beat_features(3.0 * ecg.signal_mv[:, 0], FS_HZ, r), features, atol=1e-4)


def test_a_beat_not_seen_whole_is_unclassifiable() -> None:
    ecg, r = strip([0.8] * 12, "N" * 13)
    x = ecg.signal_mv[:, 0].copy()
    x[r[5] - 3 : r[5] + 40] = np.nan
    classes = class_of_beats(x, FS_HZ, r)
    assert classes[5] == "Q"
    assert "Q" not in classes[[0, 3, 8, 12]]


def test_no_class_without_beats_to_compare() -> None:
    ecg, _ = strip([0.8, 0.8], "NNN")
    assert classify_beats(ecg)[1].tolist() == ["Q"] * 3
    found, classes = classify_beats(Ecg(np.full((3000, 1), np.nan), 500.0, ("V1",)))
    assert found.size == classes.size == 0


def test_no_interval_across_what_is_not_seen() -> None:
    ecg, r = strip([0.8] * 12, "N" * 13)
    x = ecg.signal_mv[:, 0].copy()
    x[r[5] + 150 : r[7] - 100] = np.nan
    features = beat_features(x, FS_HZ, np.delete(r, 6))
    assert np.isnan(features[6, FEATURES.index("pre_local")])
    assert np.isfinite(features[4, FEATURES.index("pre_local")])


def test_an_unknown_lead_is_named() -> None:
    with pytest.raises(KeyError, match="V9"):
        classify_beats(strip([0.8] * 5, "N" * 6)[0], "V9")


def test_ventricular_goes_before_early() -> None:
    probability = np.array([[0.9, 0.9], [0.1, 0.9], [0.1, 0.1], [0.5, 0.9]], np.float32)
    assert decide(probability, ventricular=0.6, early=0.6).tolist() == ["V", "S", "N", "N"]


def test_the_card_is_of_these_weights() -> None:
    card, weights = load_card(), (WEIGHTS / "beats.onnx").read_bytes()
    assert card["sha256"] == hashlib.sha256(weights).hexdigest()
    assert tuple(card["features"]) == FEATURES
    assert len(weights) < 10e6
    answers = ask_graph(np.full((2, len(FEATURES)), np.nan, np.float32))
    assert answers.shape == (2, 2)
    assert ((answers > 0) & (answers < 1)).all()


def test_the_graph_answers_as_what_it_was_made_of() -> None:
    pytest.importorskip("sklearn", reason="needs the extra: train")
    torch = pytest.importorskip("torch", reason="needs the extra: train")
    onnxruntime = pytest.importorskip("onnxruntime")
    from analyze.train.beats_data import CLASSES, Examples
    from analyze.train.beats_graph import to_onnx
    from analyze.train.beats_rows import RowNet, combine, judge_rows, show_rows
    from analyze.train.beats_trees import fit, judge

    rng = np.random.default_rng(0)
    features = rng.normal(size=(1500, len(FEATURES))).astype(np.float32).round(1)
    features[rng.random(features.shape) < 0.1] = np.nan
    n = len(features)
    truth = rng.integers(len(CLASSES), size=n)
    features[:, [FEATURES.index(name) for name in ABSOLUTE]] = np.exp(rng.normal(size=(n, len(ABSOLUTE))))
    features[::7, FEATURES.index("post_s")] = np.nan
    features[:, FEATURES.index(REPEATS)] = rng.uniform(0.0, 0.1, n)
    features[::5, FEATURES.index(REPEATS)] = np.nan
    nought, no = np.zeros(n, np.int64), np.zeros(n, bool)
    examples = Examples(features, truth, np.full(n, "1"), nought, no, no, nought)
    trees = fit(examples, seed=1)
    torch.manual_seed(1)
    nets = [RowNet().eval() for _ in range(2)]
    session = onnxruntime.InferenceSession(to_onnx(trees, nets).SerializeToString(), providers=["CPUExecutionProvider"])
    alone = judge(trees, features)
    together = combine(alone, judge_rows(nets, examples, show_rows(features, alone[:, 0])))
    (answered,) = session.run(None, {"features": features})
    np.testing.assert_allclose(answered, together, atol=1e-4)
    assert answered.std() > 0.05
    assert np.abs(together - alone).max() > 0.05
    one = examples.take(np.arange(n) < 1)
    (answered,) = session.run(None, {"features": one.features})
    by_itself = judge_rows(nets, one, show_rows(one.features, alone[:1, 0]))
    np.testing.assert_allclose(answered, combine(alone[:1], by_itself), atol=1e-4)


def test_seconds_stay_seconds_and_unknown_stays_unknown() -> None:
    found = rhythm_features(np.array([0.8, 0.8, 0.5, 1.1, np.nan, 0.8, 0.8]))
    assert found["pre_s"][3] == 0.5
    assert found["post_s"][3] == 1.1
    assert found["prev_s"][3] == 0.8
    assert np.isnan(found["pre_s"][[0, 5]]).all()
    assert np.isnan(found["post_s"][[4, 7]]).all()
    assert found["mean_s"][0] == pytest.approx(0.8)
    assert np.isnan(rhythm_features(np.array([0.8, 0.8]))[REPEATS]).all()


def test_bigeminy_repeats_itself_and_fibrillation_does_not() -> None:
    rng = np.random.default_rng(2)
    bigeminy = np.tile([0.5, 1.1], 30) + rng.normal(0, 0.01, 60)
    assert rhythm_features(bigeminy)[REPEATS].min() > 0.3
    assert rhythm_features(rng.uniform(0.4, 1.1, 60))[REPEATS].max() < 0.06


def test_a_beat_at_a_threshold_is_close_and_one_far_from_it_is_not() -> None:
    probability = np.array([[0.6, 0.0], [0.01, 0.6], [0.01, 0.01], [0.99, 0.6]], np.float32)
    assert find_close(probability, ventricular=0.6, early=0.6).tolist() == [True, True, False, False]


def test_cut_cycles_leaves_real_intervals_and_no_step() -> None:
    pytest.importorskip("sklearn", reason="needs the extra: train")
    from analyze.train.beats_data import cut_cycles

    rr_s, kinds = ectopic(20, "S", beats=40)
    ecg, r = strip(rr_s, kinds, noise_mv=0.0)
    kind = np.array(["NSV".index(c) for c in kinds])
    x, at, left = cut_cycles(ecg.signal_mv[:, 0] + 0.3, r, kind, 0.3, np.random.default_rng(1), FS_HZ)
    assert left.tolist().count(1) == 1
    assert 3 <= left.size <= 5
    early = int(np.flatnonzero(left == 1)[0])
    assert np.diff(at)[early - 1] == r[20] - r[19]
    assert np.diff(at)[early] == r[21] - r[20]
    assert np.abs(np.diff(x)).max() <= np.abs(np.diff(ecg.signal_mv[:, 0])).max() + 1e-9
