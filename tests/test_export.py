"""Exports for phones and small boards: what the command refuses, what it writes, and that all of it answers alike."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from analyze.classify import FEWEST_LEADS
from analyze.classinput import BEAT_HZ, BEAT_S, prepare
from api import cli
from api.commands import export as command
from digitize.formats import read_ecg, write_ecg
from digitize.synth.heart import simulate

HOUSE = Path(__file__).parent.parent
SHAPE = (1, 24, round(sum(BEAT_S) * BEAT_HZ))


@pytest.fixture
def signal(tmp_path: Path) -> Path:
    path = tmp_path / "ecg.csv"
    write_ecg(simulate("anterior_stemi", seed=3, noise_mv=0.01).ecg, path)
    return path


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ([], "usage"),
        (["--onnx", "x", "--int8", "x"], "usage"),
        (["--onnx", "."], "usage"),
        (["--input", "ecg.csv"], "usage"),
        (["--tflite", "file/edge.tflite"], "cannot_write"),
    ],
    ids=["nothing asked", "one name twice", "a folder", "half an option", "below a file"],
)
def test_a_wrong_call_ends_with_1_and_writes_nothing(
    arguments: list[str], code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    assert cli.run(["export", *arguments]) == 1
    assert capsys.readouterr().err.startswith(f"error[{code}]: ")
    assert left(tmp_path) == ["file"]


@pytest.mark.parametrize(
    ("kind", "absent", "extra"),
    [
        ("tflite", "litert_torch", "[train,edge]"),
        ("tflite", "torch", "[train,edge]"),
        ("onnx", "torch", "[train]"),
        ("int8", "onnx", "[train]"),
    ],
)
def test_what_is_missing_is_named_with_the_way_to_get_it(
    kind: str, absent: str, extra: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == absent else object())
    assert cli.run(["export", f"--{kind}", str(tmp_path / "edge")]) == 3
    said = capsys.readouterr().err
    assert said.startswith("error[missing_part]: ") and f'pip install -e ".{extra}"' in said
    assert left(tmp_path) == []


def test_absent_networks_are_a_missing_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    monkeypatch.setattr(command, "NETS", tmp_path / "diagnosis.pt")
    assert cli.run(["export", "--onnx", str(tmp_path / "edge.onnx")]) == 3
    assert "paperbeat train diagnosis" in capsys.readouterr().err
    assert left(tmp_path) == []


def test_an_export_that_fails_says_why_and_ends_with_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = []

    def run(words: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        asked.append(words)
        return subprocess.CompletedProcess(words, 1, "", "error[differs]: int8 differs\n")

    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    monkeypatch.setattr(command, "NETS", Path(__file__))
    monkeypatch.setattr(subprocess, "run", run)
    assert cli.run(["export", "--int8", str(tmp_path / "edge.onnx")]) == 2
    assert capsys.readouterr().err.endswith("error[differs]: int8 differs\n")
    assert asked[0][-2:] == ["--int8", str(tmp_path / "edge.onnx")]


def test_the_input_is_what_the_classifier_sees(signal: Path, tmp_path: Path) -> None:
    out = tmp_path / "made" / "beat.npy"
    assert cli.run(["export", "--input", str(signal), str(out)]) == 0
    beat = np.load(out)
    assert beat.dtype == np.float32 and beat.shape == SHAPE
    np.testing.assert_array_equal(beat[0], prepare(read_ecg(signal)).beat)
    assert left(out.parent) == ["beat.npy"]


def test_an_unreadable_signal_leaves_no_input(tmp_path: Path) -> None:
    (tmp_path / "ecg.csv").write_text("not an ECG")
    assert cli.run(["export", "--input", str(tmp_path / "ecg.csv"), str(tmp_path / "beat.npy")]) == 2
    assert left(tmp_path) == ["ecg.csv"]


class Trunk:
    """Stands in for ai-edge-litert: answers with how many rows of the beat are not zero, over 24, for every label."""

    def __init__(self, model_path: str, num_threads: int) -> None:
        assert Path(model_path).exists() and num_threads == 1

    def allocate_tensors(self) -> None: ...
    def invoke(self) -> None: ...

    def get_input_details(self) -> list[dict[str, int]]:
        return [{"index": 0}]

    get_output_details = get_input_details

    def set_tensor(self, _: int, beat: np.ndarray) -> None:
        self.said = np.full(2, beat.any(axis=2).sum() / 24, np.float32)

    def get_tensor(self, _: int) -> np.ndarray:
        return self.said[None]


def load_example(monkeypatch: pytest.MonkeyPatch, interpreter: object | None) -> object:
    if interpreter is not None:
        module = type(sys)("ai_edge_litert.interpreter")
        module.Interpreter = interpreter  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "ai_edge_litert", type(sys)("ai_edge_litert"))
        monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", module)
    spec = importlib.util.spec_from_file_location("edge_classify", HOUSE / "examples" / "edge_classify.py")
    assert spec is not None and spec.loader is not None
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    return example


@pytest.mark.parametrize(("leads", "unsure"), [(12, False), (FEWEST_LEADS, False), (FEWEST_LEADS - 1, True)])
def test_the_example_tells_labels_from_card_and_doubts_few_leads(
    leads: int, unsure: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    example = load_example(monkeypatch, Trunk)
    beat = np.zeros(SHAPE, np.float32)
    beat[0, :leads] = beat[0, 12 : 12 + leads] = 1.0
    labels = [
        {"code": "NORM", "name": "normal", "threshold": leads / 12},
        {"code": "MI", "name": "x", "threshold": 1.1},
    ]
    card = {"input": {"shape": list(SHAPE)}, "labels": labels, "unsure_below_leads": FEWEST_LEADS}
    (tmp_path / "edge.tflite").write_bytes(b"model")
    (tmp_path / "edge.tflite.json").write_text(json.dumps(card))
    np.save(tmp_path / "beat.npy", beat)
    monkeypatch.setattr(sys, "argv", ["edge_classify.py", str(tmp_path / "edge.tflite"), str(tmp_path / "beat.npy")])
    example.main()  # type: ignore[attr-defined]
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("unsure: ") == unsure
    assert said[-2].startswith(f"* {leads / 12:.3f}  NORM") and said[-1].startswith(f"  {leads / 12:.3f}  MI")
    np.save(tmp_path / "beat.npy", beat.astype(np.float64))
    with pytest.raises(SystemExit, match="float32"):
        example.main()  # type: ignore[attr-defined]


def test_the_example_needs_numpy_and_litert_alone() -> None:
    text = (HOUSE / "examples" / "edge_classify.py").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 45
    imports = {line.split()[1].partition(".")[0] for line in text.splitlines() if line.startswith(("import", "from"))}
    assert imports <= {"json", "sys", "pathlib", "numpy", "ai_edge_litert"}


@pytest.mark.filterwarnings("ignore")  # torch, onnx and litert-torch warn about one another
@pytest.mark.parametrize("kind", ["onnx", "int8", "tflite"])
def test_an_export_answers_as_torch_does(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch", reason="needs the extra: train")
    pytest.importorskip("onnx", reason="needs the extra: train")
    if kind == "tflite":
        pytest.importorskip("litert_torch", reason="needs the extra: edge")
    from analyze.train import edge, edge_formats

    monkeypatch.setattr(edge, "HEARTS", 5)
    monkeypatch.setattr(edge, "RANGE_HEARTS", 10)
    trained, path = edge.read_trained(edge.NETS), tmp_path / f"edge.{kind}"
    edge.export(trained, {kind: path}, "0" * 64)
    assert left(tmp_path) == [path.name, f"{path.name}.json"]
    card = json.loads((tmp_path / f"{path.name}.json").read_text())
    assert card["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest() and card["bytes"] < 4e6
    assert [label["code"] for label in card["labels"]][:5] == ["NORM", "MI", "STTC", "CD", "HYP"]
    opened = edge_formats.open_tflite if kind == "tflite" else edge_formats.open_onnx
    beats = edge.draw_beats(5, 77)
    off = np.abs(opened(path.read_bytes())(beats) - edge_formats.open_torch(trained.edge)(beats)).max()
    assert off <= (0.1 if kind == "int8" else 1e-4)


@pytest.mark.filterwarnings("ignore")
def test_an_export_that_differs_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch", reason="needs the extra: train")
    from analyze.train import edge

    monkeypatch.setattr(edge, "HEARTS", 2)
    monkeypatch.setattr(edge, "_convert", lambda kind, trained: (b"x", lambda beats: np.ones((2, len(trained.labels)))))
    with pytest.raises(edge.Differs, match="onnx differs"):
        edge.export(edge.read_trained(edge.NETS), {"onnx": tmp_path / "edge.onnx"}, "0" * 64)
    assert left(tmp_path) == []


@pytest.mark.filterwarnings("ignore")
def test_the_example_runs_a_real_file(
    tmp_path: Path, signal: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("litert_torch", reason="needs the extra: edge")
    from analyze.train import edge, edge_formats

    monkeypatch.setattr(edge, "HEARTS", 2)
    trained, path = edge.read_trained(edge.NETS), tmp_path / "edge.tflite"
    edge.export(trained, {"tflite": path}, "0" * 64)
    assert cli.run(["export", "--input", str(signal), str(tmp_path / "beat.npy")]) == 0
    monkeypatch.setattr(sys, "argv", ["edge_classify.py", str(path), str(tmp_path / "beat.npy")])
    load_example(monkeypatch, None).main()  # type: ignore[attr-defined]
    said = {line[2:].split()[1]: float(line[2:].split()[0]) for line in capsys.readouterr().out.splitlines()}
    for code, p in zip(
        trained.labels, edge_formats.open_torch(trained.edge)(np.load(tmp_path / "beat.npy"))[0], strict=True
    ):
        assert said[code] == pytest.approx(p, abs=6e-4)
