"""Trees, line and networks over rows of beats as one ONNX graph: features of the beats of a row to probabilities."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from onnx import ModelProto, TensorProto, checker, helper
from torch import nn

from analyze.beatclass_features import FEATURES
from analyze.beatclass_rhythm import REPEATS
from analyze.train.beats_line import write_line
from analyze.train.beats_rows import FARTHEST, ODDS, ODDS_UNIT, RATIO, REACH_S, ROWS_SHARE, SHOWN, USUAL, RowNet
from analyze.train.beats_trees import IRREGULAR, VENTRICULAR, Model, columns
from analyze.train.nodes import Nodes
from analyze.train.treenode import to_node

OPSET, OPSET_ML = 17, 3


def to_onnx(model: Model, nets: Sequence[RowNet]) -> ModelProto:
    """``features`` (beat, feature), of the beats of one lead in their order, NaN allowed, to ``probability`` (beat, 2).

    It answers as `combine` does.
    """
    nodes = Nodes()
    ventricular = "ventricular_odds"
    nodes.written.append(to_node([model.trees], "features", ventricular, [columns(VENTRICULAR)]))
    held = _write_held_back(nodes, write_line(nodes, model.line, "features"))
    line = nodes.add("Mul", held, _one(nodes, 1.0 - ROWS_SHARE))
    shown = _write_shown(nodes, ventricular)
    mean = nodes.add("Mean", *(_write_rows(nodes, net, shown) for net in nets))
    rows = nodes.add("Mul", mean, _one(nodes, ROWS_SHARE))
    early = nodes.add("Add", rows, line)
    answers = [nodes.add("Sigmoid", odds) for odds in (ventricular, early)]
    nodes.add("Concat", *answers, gives="probability", axis=1)
    graph = helper.make_graph(
        nodes.written,
        "beats",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["beats", len(FEATURES)])],
        [helper.make_tensor_value_info("probability", TensorProto.FLOAT, ["beats", 2])],
    )
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", OPSET_ML)]
    made = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    checker.check_model(made)
    return made


def _one(nodes: Nodes, value: float) -> str:
    return nodes.constant([float(value)])


def _write_held_back(nodes: Nodes, odds: str) -> str:
    """Log odds (beat, 1) of `hold_back`, kept from being infinite as `log_odds` keeps them."""
    low, high = IRREGULAR
    repeats = nodes.pick("features", columns([REPEATS]))
    scaled = nodes.add("Mul", nodes.add("Sub", repeats, _one(nodes, low)), _one(nodes, 1.0 / (high - low)))
    ramp = nodes.add("Min", nodes.add("Max", scaled, _one(nodes, 0.0)), _one(nodes, 1.0))
    able = nodes.add("Where", nodes.add("IsNaN", repeats), _one(nodes, 1.0), ramp)
    held = nodes.add("Mul", nodes.add("Sigmoid", odds), able)
    early = nodes.add("Clip", held, nodes.constant(1e-6), nodes.constant(1.0 - 1e-6))
    return nodes.add("Log", nodes.add("Div", early, nodes.add("Sub", _one(nodes, 1.0), early)))


def _write_rows(nodes: Nodes, net: RowNet, shown: str) -> str:
    """A network: log odds (beat, 1) of what it is shown (beat, channel)."""
    x = nodes.add("Unsqueeze", nodes.add("Transpose", shown), nodes.constant([0]))
    x = _write_conv(nodes, net.first, x)
    for wide, narrow in zip(net.wide, net.narrow, strict=True):
        inner = _write_conv(nodes, wide, nodes.add("Relu", x))
        x = nodes.add("Add", x, _write_conv(nodes, narrow, nodes.add("Relu", inner)))
    return nodes.add("Reshape", _write_conv(nodes, net.last, nodes.add("Relu", x)), nodes.constant([-1, 1]))


def _write_conv(nodes: Nodes, conv: nn.Module, takes: str) -> str:
    assert isinstance(conv, nn.Conv1d) and conv.bias is not None
    weight, bias = (nodes.constant(part.detach().numpy()) for part in (conv.weight, conv.bias))
    reach, pad = int(conv.dilation[0]), int(conv.padding[0])
    return nodes.add("Conv", takes, weight, bias, dilations=[reach], pads=[pad, pad])


def _write_shown(nodes: Nodes, ventricular: str) -> str:
    """`row_inputs`, shape (beat, channel)."""
    shown = nodes.pick("features", columns(SHOWN))
    unknown = nodes.add("IsNaN", shown)
    there = nodes.add("Where", unknown, _one(nodes, 1.0), shown)
    logs = nodes.add("Log", nodes.add("Clip", there, *(nodes.constant(end) for end in REACH_S)))
    logs = nodes.add("Where", unknown, _one(nodes, np.nan), nodes.add("Sub", logs, _one(nodes, USUAL)))
    ratios = nodes.add("Sub", nodes.pick(logs, [0, 1, 1]), nodes.pick(logs, [2, 2, 0]))
    odds = nodes.add("Clip", ventricular, nodes.constant(-ODDS), nodes.constant(ODDS))
    parts = (
        nodes.pick(logs, [0, 1]), nodes.add("Mul", ratios, _one(nodes, RATIO)), nodes.pick(logs, [2]),
        nodes.add("Div", odds, _one(nodes, ODDS_UNIT)), nodes.pick(shown, [3, 4]),
    )  # fmt: skip
    values = nodes.add("Concat", *parts, axis=1)
    values = nodes.add("Where", nodes.add("IsNaN", values), _one(nodes, 0.0), values)
    values = nodes.add("Clip", values, nodes.constant(-FARTHEST), nodes.constant(FARTHEST))
    # The odds are known of every beat: their column says that there is one.
    missing = nodes.add("Concat", nodes.pick(unknown, [0, 1, 3]), nodes.add("IsNaN", odds), axis=1)
    known = nodes.add("Cast", nodes.add("Not", missing), to=TensorProto.FLOAT)
    return nodes.add("Concat", values, known, axis=1)
