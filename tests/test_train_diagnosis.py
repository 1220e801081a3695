"""The training of the 12-lead classifier: what is exported says what was fitted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from analyze.classinput import NUMBERS
from digitize.record import LEADS, Ecg
from digitize.synth.heart import simulate

RECORDS = 96


@pytest.fixture(scope="module")
def inputs() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Beats, numbers with holes and labels that they decide."""
    rng = np.random.default_rng(0)
    beat = rng.standard_normal((RECORDS, 24, 160)).astype(np.float16)
    numbers = rng.standard_normal((RECORDS, len(NUMBERS))).astype(np.float32)
    truth = (numbers[:, :3] + 0.3 * rng.standard_normal((RECORDS, 3)) > 0).astype(np.float32)
    numbers[rng.random(numbers.shape) < 0.1] = np.nan
    return beat, numbers, truth


def test_the_graph_says_what_forests_and_networks_say(inputs: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    torch = pytest.importorskip("torch")
    pytest.importorskip("sklearn")
    pytest.importorskip("onnx")
    pytest.importorskip("onnxscript")
    import warnings

    import onnxruntime

    from analyze.train import forest, outliers
    from analyze.train.diagnosis_export import Classifier, to_onnx
    from analyze.train.networks import build

    beat, numbers, truth = inputs
    torch.manual_seed(0)
    forests = forest.grow(numbers, truth, np.ones(RECORDS, np.float32), 0)
    nets = [build("resnet", 3).eval() for _ in range(2)]
    cloud = outliers.fit_cloud(beat, numbers)
    slope, offset = np.array([0.5, 1.0, 2.0], np.float32), np.array([0.1, 0.0, -1.0], np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = to_onnx(Classifier(forests, nets, 0.4, slope, offset, cloud))
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    single = beat.astype(np.float32)
    log_odds, distance = session.run(["log_odds", "distance"], {"beat": single, "numbers": numbers})
    with torch.no_grad():
        said = np.mean([net(torch.from_numpy(single)).numpy() for net in nets], axis=0)
    expected = slope * (0.4 * said + 0.6 * forest.judge(forests, numbers)) + offset
    assert np.abs(log_odds - expected).max() < 1e-4
    assert np.abs(distance - outliers.measure_distance(cloud, beat, numbers)).max() < 1e-4


def test_kinds_of_mistakes_become_an_output_of_the_graph(
    inputs: tuple[np.ndarray, np.ndarray, np.ndarray], tmp_path: Path
) -> None:
    pytest.importorskip("sklearn")
    onnx = pytest.importorskip("onnx")
    import json
    import shutil
    from importlib.resources import files

    import onnxruntime

    from analyze.train import forest
    from analyze.train.doubts_file import write_doubts

    _, numbers, truth = inputs
    for name in ("diagnosis.onnx", "diagnosis.json"):
        shutil.copy(str(files("analyze").joinpath("weights", name)), tmp_path / name)
    forests = forest.grow(numbers, truth[:, :2], np.ones(RECORDS, np.float32), 0)
    for _ in range(2):  # the second time in place of the first
        write_doubts(tmp_path, ("limbs", "gain"), forests, {"limbs": 1.0, "gain": 2.0, "distance": 3.0})
    path = tmp_path / "diagnosis.onnx"
    onnx.checker.check_model(onnx.load(path))
    beat = np.zeros((RECORDS, 24, 160), np.float32)
    session = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    (doubts,) = session.run(["doubts"], {"beat": beat, "numbers": numbers})
    assert np.abs(doubts - forest.judge(forests, numbers)).max() < 1e-4
    card = json.loads((tmp_path / "diagnosis.json").read_text())
    assert [(reason["why"], reason["above"]) for reason in card["unsure"]] == [
        ("limbs", 1.0), ("gain", 2.0), ("distance", 3.0),
    ]  # fmt: skip


def test_a_finished_network_is_not_trained_again_and_another_begins_with_it(
    inputs: tuple[np.ndarray, np.ndarray, np.ndarray], tmp_path: Path
) -> None:
    torch = pytest.importorskip("torch")
    from analyze.train import beatnet
    from analyze.train.diagnosis_data import Inputs

    beat, numbers, truth = inputs
    forms, rows, kept = [Inputs(beat, numbers)], np.tile(np.arange(RECORDS), 3), tmp_path / "net.pt"
    net = beatnet.train_net(forms, truth, rows, 2, 2, 1, kept)
    assert np.array_equal(beatnet.predict(net, beat), beatnet.predict(beatnet.load_net(kept, 3), beat))
    again = beatnet.train_net(forms, truth, rows, 2, 2, 1, kept)
    assert np.array_equal(beatnet.predict(net, beat), beatnet.predict(again, beat))
    asked = []
    cost = lambda out, y: asked.append(1) or torch.nn.functional.binary_cross_entropy_with_logits(out, y)  # noqa: E731
    begun = beatnet.train_net(forms, truth, rows, 2, 2, 1, begin=net, cost=cost)
    assert len(asked) == 2 * (len(rows) // beatnet.BATCH)
    assert not np.array_equal(beatnet.predict(begun, beat), beatnet.predict(net, beat))


@pytest.mark.parametrize("name", ["resnet", "cnn-bilstm", "cnn-transformer", "cnn-bilstm-transformer", "state-space"])
def test_every_architecture_answers(name: str) -> None:
    torch = pytest.importorskip("torch")
    from analyze.train.networks import CHANNELS, build

    out = build(name, 5).eval()(torch.zeros(2, CHANNELS, 250))
    assert out.shape == (2, 5) and torch.isfinite(out).all()


def test_shapley_values_agree_with_captum(inputs: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    torch = pytest.importorskip("torch")
    captum = pytest.importorskip("captum.attr")
    from analyze.explain import share_out
    from analyze.segments import SEGMENTS, hide
    from analyze.train.networks import build

    torch.manual_seed(1)
    net = build("resnet", 1).eval()
    beat, numbers = inputs[0][0].astype(np.float32), inputs[1][0]
    beat[12:] = 1.0

    def play(kept: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return np.asarray(net(torch.from_numpy(hide(beat, numbers, kept)[0]))[:, 0].numpy(), np.float64)

    values, _, _, _ = share_out(play, len(SEGMENTS), seed=0, orders=24)
    seen = hide(np.ones_like(beat), numbers, np.eye(len(SEGMENTS), dtype=bool))[0]
    players = torch.from_numpy(np.argmax(seen, axis=0))[None]
    sampled = captum.ShapleyValueSampling(lambda x: net(x)[:, 0]).attribute(
        torch.from_numpy(beat)[None], baselines=0.0, feature_mask=players, n_samples=24
    )
    theirs = np.array([float(sampled[0][players[0] == k][0]) if (players[0] == k).any() else 0.0 for k in range(36)])
    assert np.corrcoef(values[:36], theirs)[0, 1] > 0.9


def test_traces_are_level_and_marked() -> None:
    from analyze.train.trace import TRACE_HZ, TRACE_S, take_trace

    ecg = simulate("normal", seed=1, wander_mv=0.5).ecg
    signal = ecg.signal_mv.copy()
    signal[:2500, LEADS.index("V1")] = np.nan
    trace = take_trace(Ecg(signal + 2.0, ecg.fs_hz))
    assert trace.shape == (24, TRACE_S * TRACE_HZ)
    at = LEADS.index("V1")
    assert not trace[at, :490].any() and not trace[12 + at, :490].any() and trace[12 + at, 510:].all()
    assert abs(float(np.median(trace[LEADS.index("II")]))) < 0.2


def test_labels_have_words(tmp_path: Path) -> None:
    import tomllib
    from importlib.resources import files

    from digitize.datasets.ptbxl import SUPERCLASSES

    with files("analyze.train").joinpath("labels.toml").open("rb") as file:
        words = tomllib.load(file)
    assert tuple(words["superclass"]) == SUPERCLASSES
    assert all(text for group in words.values() for text in group.values())
