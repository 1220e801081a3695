"""Write the classifier as one ONNX graph: forests and networks mixed and calibrated, and the distance beside them."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnx
import torch
from onnx import TensorProto, compose, helper, numpy_helper
from torch import Tensor, nn

from analyze.classinput import BEAT_HZ, BEAT_S, NUMBERS, Singles
from analyze.train.networks import CHANNELS
from analyze.train.outliers import MOST_NUMBER, STEP, Cloud
from analyze.train.treenode import Forest, to_node

OPSET, ML_OPSET, IR = 17, 3, 9
TIME = round(sum(BEAT_S) * BEAT_HZ)


@dataclass(frozen=True, eq=False)
class Classifier:
    """All that the shipped file holds.

    Attributes
    ----------
    forests : sequence of Forest
        One a label.
    nets : sequence of Module
        Their log odds are averaged.
    share : float
        Weight of the networks against the forests.
    slope, offset : ndarray, shape (label,)
        Calibration of the mixed log odds.
    cloud : Cloud
    """

    forests: Sequence[Forest]
    nets: Sequence[nn.Module]
    share: float
    slope: Singles
    offset: Singles
    cloud: Cloud


class Beside(nn.Module):
    """What torch knows of the graph: the networks' part of the answer, and the distance."""

    centre: Tensor
    spread: Tensor
    beat_mean: Tensor
    directions: Tensor
    mean: Tensor
    whiten: Tensor

    def __init__(self, classifier: Classifier) -> None:
        super().__init__()
        self.nets = nn.ModuleList(classifier.nets)
        for name, array in vars(classifier.cloud).items():
            self.register_buffer(name, torch.from_numpy(np.array(array)))

    def forward(self, beat: Tensor, numbers: Tensor) -> tuple[Tensor, Tensor]:
        said = torch.stack([net(beat) for net in self.nets]).mean(0)
        scaled = (numbers - self.centre) / self.spread
        scaled = torch.where(torch.isnan(scaled), torch.zeros_like(scaled), scaled).clamp(-MOST_NUMBER, MOST_NUMBER)
        flat = beat[:, :12, ::STEP].flatten(1) - self.beat_mean
        along = flat @ self.directions
        rest = ((flat - along @ self.directions.T).square().mean(1, keepdim=True) + 1e-4).log()
        off = (torch.cat([scaled, along, rest], 1) - self.mean) @ self.whiten
        return said, off.square().mean(1).sqrt()


def to_onnx(classifier: Classifier) -> onnx.ModelProto:
    """The graph: ``beat`` and ``numbers`` in, calibrated ``log_odds`` (n, label) and ``distance`` (n,) out."""
    buffer = io.BytesIO()
    torch.onnx.export(
        Beside(classifier).eval(), (torch.zeros(2, CHANNELS, TIME), torch.zeros(2, len(NUMBERS))), buffer,  # type: ignore[arg-type]
        input_names=["beat", "numbers"], output_names=["said", "distance"], opset_version=OPSET, dynamo=False,
        dynamic_axes={name: {0: "n"} for name in ("beat", "numbers", "said", "distance")},
    )  # fmt: skip
    beside = onnx.load_from_string(buffer.getvalue())
    beside.ir_version = IR
    labels = len(classifier.forests)
    grown = _graph([to_node(classifier.forests, "measured", "grown")], {"measured": len(NUMBERS)}, {"grown": labels})
    mixed = _graph(
        _mix(classifier), {"said_in": labels, "grown_in": labels}, {"log_odds": labels}, _weights(classifier)
    )
    model = compose.merge_models(beside, grown, io_map=[], prefix2="forest/")
    model = compose.merge_models(
        model, mixed, io_map=[("said", "said_in"), ("forest/grown", "grown_in")], outputs=["distance", "log_odds"]
    )
    for node in model.graph.node:  # numbers go into the forest as well
        for k, name in enumerate(node.input):
            if name == "forest/measured":
                node.input[k] = "numbers"
    for entry in [entry for entry in model.graph.input if entry.name == "forest/measured"]:
        model.graph.input.remove(entry)
    onnx.checker.check_model(model)
    return model


def _mix(classifier: Classifier) -> list[onnx.NodeProto]:
    return [
        helper.make_node("Mul", ["said_in", "net_share"], ["net_part"]),
        helper.make_node("Mul", ["grown_in", "forest_share"], ["forest_part"]),
        helper.make_node("Add", ["net_part", "forest_part"], ["mixed"]),
        helper.make_node("Mul", ["mixed", "slope"], ["sloped"]),
        helper.make_node("Add", ["sloped", "offset"], ["log_odds"]),
    ]


def _weights(classifier: Classifier) -> dict[str, Singles]:
    share = np.float32(classifier.share)
    return {
        "net_share": np.array(share), "forest_share": np.array(1 - share, np.float32),
        "slope": classifier.slope, "offset": classifier.offset,
    }  # fmt: skip


def _graph(
    nodes: Sequence[onnx.NodeProto],
    takes: dict[str, int],
    gives: dict[str, int],
    held: dict[str, Singles] | None = None,
) -> onnx.ModelProto:
    """A small model of (n, width) inputs and outputs."""

    def describe(widths: dict[str, int]) -> list[onnx.ValueInfoProto]:
        return [helper.make_tensor_value_info(k, TensorProto.FLOAT, ["n", width]) for k, width in widths.items()]

    initial = [numpy_helper.from_array(np.asarray(array, np.float32), name) for name, array in (held or {}).items()]
    graph = helper.make_graph(nodes, "part", describe(takes), describe(gives), initial)
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", ML_OPSET)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=IR)
