"""The classifier's networks by themselves as one module, and what it becomes: TFLite, ONNX, ONNX in 8 bits."""

from __future__ import annotations

import contextlib
import io
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from analyze.classinput import BEAT_HZ, BEAT_S, Singles
from analyze.train.networks import CHANNELS, build

OPSET = 17
TIME = round(sum(BEAT_S) * BEAT_HZ)

Judge = Callable[[Singles], Singles]
"""Beats (n, 24, 160) to probabilities (n, label)."""


class Edge(nn.Module):
    """Networks, averaged and calibrated: beats (n, 24, 160) to probabilities (n, label)."""

    slope: Tensor
    offset: Tensor

    def __init__(self, nets: Sequence[nn.Module], slope: Tensor, offset: Tensor) -> None:
        super().__init__()
        self.nets = nn.ModuleList(nets)
        self.register_buffer("slope", slope)
        self.register_buffer("offset", offset)

    def forward(self, beat: Tensor) -> Tensor:
        said = torch.stack([net(beat) for net in self.nets]).mean(0)
        return (said * self.slope + self.offset).sigmoid()


@dataclass(frozen=True, eq=False)
class Trained:
    """What ``diagnosis.pt`` holds: the module, its labels' codes, and from which probability each is called."""

    edge: Edge
    labels: tuple[str, ...]
    threshold: Singles


def read_trained(path: Path) -> Trained:
    """Read the networks that `analyze.train.diagnosis` leaves beside its graph."""
    kept = torch.load(path, weights_only=True)
    nets = []
    for state in kept["nets"]:
        net = build("resnet", len(kept["labels"]))
        net.load_state_dict(state)
        nets.append(net)
    edge = Edge(nets, kept["slope"], kept["offset"]).eval()
    return Trained(edge, tuple(kept["labels"]), kept["threshold"].numpy())


def to_tflite(edge: Edge) -> bytes:
    """A TFLite file for one beat at a time."""
    import litert_torch

    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        path = Path(folder) / "edge.tflite"
        litert_torch.convert(edge, (torch.zeros(1, CHANNELS, TIME),)).export(str(path))
        return path.read_bytes()


def to_onnx(edge: Edge) -> bytes:
    """An ONNX graph: ``beat`` (n, 24, 160) in, ``probability`` (n, label) out."""
    buffer = io.BytesIO()
    torch.onnx.export(
        edge, (torch.zeros(2, CHANNELS, TIME),), buffer,  # type: ignore[arg-type]
        input_names=["beat"], output_names=["probability"], opset_version=OPSET, dynamo=False,
        dynamic_axes={"beat": {0: "n"}, "probability": {0: "n"}},
    )  # fmt: skip
    return buffer.getvalue()


def to_int8(graph: bytes, beats: Singles) -> bytes:
    """The same graph with its convolutions in 8 bits.

    Parameters
    ----------
    graph : bytes
        As `to_onnx` makes it.
    beats : ndarray, shape (n, 24, 160)
        From which the range of every layer is taken, the rarest 1 in 100,000 values left out. What comes after the
        convolutions is a thousandth of the work and stays in floating point.
    """
    from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType
    from onnxruntime.quantization import quantize_static as quantize

    class Beats(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self.left = iter(beats)

        def get_next(self) -> dict[str, Singles] | None:
            beat = next(self.left, None)
            return None if beat is None else {"beat": beat[None]}

    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        before, after = Path(folder) / "edge.onnx", Path(folder) / "int8.onnx"
        before.write_bytes(graph)
        quantize(
            before, after, Beats(), QuantFormat.QDQ, op_types_to_quantize=["Conv"], per_channel=True,
            activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.Percentile,
        )  # fmt: skip
        return after.read_bytes()


def open_torch(edge: Edge) -> Judge:
    """The module itself."""

    def judge(beats: Singles) -> Singles:
        with torch.no_grad():
            return np.asarray(edge(torch.from_numpy(beats)).numpy(), np.float32)

    return judge


def open_onnx(graph: bytes) -> Judge:
    """An ONNX graph in onnxruntime, on one core."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level, options.intra_op_num_threads = 3, 1
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    return lambda beats: np.asarray(session.run(["probability"], {"beat": beats})[0], np.float32)


def open_tflite(model: bytes) -> Judge:
    """A TFLite file in ai-edge-litert, on one core."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=model, num_threads=1)
    interpreter.allocate_tensors()
    into, out = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]

    def judge_one(beat: Singles) -> Singles:
        interpreter.set_tensor(into, beat[None])
        interpreter.invoke()
        return np.asarray(interpreter.get_tensor(out)[0], np.float32)

    return lambda beats: np.stack([judge_one(beat) for beat in beats])
