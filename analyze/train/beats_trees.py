"""The two ensembles of boosted trees that tell beats apart, and the same as one ONNX graph."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, checker, helper

from analyze.beatclass_features import ATRIAL, FEATURES, SHAPE, TIMING
from analyze.train.beats_data import CLASSES, Examples
from analyze.train.treenode import Forest, to_node

VENTRICULAR = (
    *SHAPE, "pre_local", "pre_sinus", "pre_prev", "pre_post", "post_local", "jump", "corr_p", "p_best", "resid_before",
)  # fmt: skip
EARLY = (*TIMING, *ATRIAL, "corr_qrs_near", "resid_qrs_near", "corr_t")

_N, _S, _V, _F = range(len(CLASSES))
OPSET, OPSET_ML = 17, 3


def columns(names: Sequence[str]) -> list[int]:
    """Their places among `FEATURES`."""
    return [FEATURES.index(name) for name in names]


def grow(features: NDArray[np.float32], positive: NDArray[np.bool_], seed: int, power: float = 0.5) -> Forest:
    """Fit one ensemble; the positive beats weigh as the odds against them to ``power``."""
    odds = float((~positive).sum()) / max(float(positive.sum()), 1.0)
    weight = np.where(positive, odds**power, 1.0)
    trees = Forest(
        max_iter=60, learning_rate=0.1, max_leaf_nodes=8, min_samples_leaf=60, l2_regularization=5.0,
        early_stopping=False, random_state=seed,
    )  # fmt: skip
    return trees.fit(features, positive, sample_weight=weight)


def fit(examples: Examples, seed: int) -> tuple[Forest, Forest]:
    """The ventricular trees, of all beats; and those of early beats, of the classes N and S."""
    ventricular = grow(examples.features[:, columns(VENTRICULAR)], examples.kind == _V, seed)
    above = examples.take((examples.kind == _N) | (examples.kind == _S))
    return ventricular, grow(above.features[:, columns(EARLY)], above.kind == _S, seed)


def judge(trees: tuple[Forest, Forest], features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probabilities of ventricular and of early, shape (beat, 2)."""
    pairs = zip(trees, (VENTRICULAR, EARLY), strict=True)
    return np.stack([t.predict_proba(features[:, columns(n)])[:, 1] for t, n in pairs], axis=1).astype(np.float32)


def to_onnx(trees: tuple[Forest, Forest]) -> ModelProto:
    """``features`` (beat, feature) with NaN to ``probability`` (beat, 2)."""
    places = [columns(names) for names in (VENTRICULAR, EARLY)]
    forest = to_node(trees, "features", "odds", places)
    graph = helper.make_graph(
        [forest, helper.make_node("Sigmoid", ["odds"], ["probability"])],
        "beats",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["beats", len(FEATURES)])],
        [helper.make_tensor_value_info("probability", TensorProto.FLOAT, ["beats", 2])],
    )
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", OPSET_ML)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    checker.check_model(model)
    return model
