"""The two ensembles of boosted trees that tell beats apart, and the same as one ONNX graph.

skl2onnx 1.20 refuses scikit-learn's trees with numpy 2.4 and onnx 1.23, so they are written as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, checker, helper
from sklearn.ensemble import HistGradientBoostingClassifier

from analyze.beatclass_features import ATRIAL, FEATURES, SHAPE, TIMING
from analyze.train.beats_data import CLASSES, Examples

Trees: TypeAlias = HistGradientBoostingClassifier

VENTRICULAR = (
    *SHAPE, "pre_local", "pre_sinus", "pre_prev", "pre_post", "post_local", "jump", "corr_p", "p_best", "resid_before",
)  # fmt: skip
EARLY = (*TIMING, *ATRIAL, "corr_qrs_near", "resid_qrs_near", "corr_t")

_N, _S, _V, _F = range(len(CLASSES))
OPSET, OPSET_ML = 17, 3


def columns(names: Sequence[str]) -> list[int]:
    """Their places among `FEATURES`."""
    return [FEATURES.index(name) for name in names]


def grow(features: NDArray[np.float32], positive: NDArray[np.bool_], seed: int, power: float = 0.5) -> Trees:
    """Fit one ensemble; the positive beats weigh as the odds against them to ``power``."""
    odds = float((~positive).sum()) / max(float(positive.sum()), 1.0)
    weight = np.where(positive, odds**power, 1.0)
    trees = Trees(
        max_iter=60, learning_rate=0.1, max_leaf_nodes=8, min_samples_leaf=60, l2_regularization=5.0,
        early_stopping=False, random_state=seed,
    )  # fmt: skip
    return trees.fit(features, positive, sample_weight=weight)


def fit(examples: Examples, seed: int) -> tuple[Trees, Trees]:
    """The ventricular trees, of all beats; and those of early beats, of the classes N and S."""
    ventricular = grow(examples.features[:, columns(VENTRICULAR)], examples.kind == _V, seed)
    above = examples.take((examples.kind == _N) | (examples.kind == _S))
    return ventricular, grow(above.features[:, columns(EARLY)], above.kind == _S, seed)


def judge(trees: tuple[Trees, Trees], features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probabilities of ventricular and of early, shape (beat, 2)."""
    pairs = zip(trees, (VENTRICULAR, EARLY), strict=True)
    return np.stack([t.predict_proba(features[:, columns(n)])[:, 1] for t, n in pairs], axis=1).astype(np.float32)


def to_onnx(trees: tuple[Trees, Trees]) -> ModelProto:
    """``features`` (beat, feature) with NaN to ``probability`` (beat, 2)."""
    node: dict[str, list[Any]] = {name: [] for name in _NODE}
    leaf: dict[str, list[Any]] = {name: [] for name in ("treeids", "nodeids", "ids", "weights")}
    tree = 0
    for target, (ensemble, names) in enumerate(zip(trees, (VENTRICULAR, EARLY), strict=True)):
        places = columns(names)
        for (predictor,) in ensemble._predictors:
            for at, n in enumerate(predictor.nodes):
                end = bool(n["is_leaf"])
                row = (
                    tree, at, 0 if end else places[int(n["feature_idx"])],
                    0.0 if end else _below(float(n["num_threshold"])), "LEAF" if end else "BRANCH_LEQ",
                    0 if end else int(n["left"]), 0 if end else int(n["right"]),
                    0 if end else int(n["missing_go_to_left"]),
                )  # fmt: skip
                for name, value in zip(_NODE, row, strict=True):
                    node[name].append(value)
                if end:
                    for name, number in zip(leaf, (tree, at, target, float(n["value"])), strict=True):
                        leaf[name].append(number)
            tree += 1
    attributes: dict[str, Any] = {f"nodes_{name}": values for name, values in node.items()}
    attributes |= {f"target_{name}": values for name, values in leaf.items()}
    base = [float(ensemble._baseline_prediction.item()) for ensemble in trees]
    forest = helper.make_node(
        "TreeEnsembleRegressor", ["features"], ["odds"], domain="ai.onnx.ml", n_targets=2, base_values=base,
        aggregate_function="SUM", post_transform="NONE", **attributes,
    )  # fmt: skip
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


_NODE = (
    "treeids", "nodeids", "featureids", "values", "modes", "truenodeids", "falsenodeids", "missing_value_tracks_true",
)  # fmt: skip


def _below(threshold: float) -> float:
    """The greatest single-precision number that is not above a threshold: features are single, and none is between."""
    single = np.float32(threshold)
    return float(single if float(single) <= threshold else np.nextafter(single, np.float32(-np.inf)))
