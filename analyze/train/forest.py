"""Boosted trees on what was measured: a forest for every label, all of them one node of an ONNX graph.

scikit-learn fits them. Its trees are written as they are: skl2onnx 1.20 refuses them with numpy 2.4 and onnx 1.23.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from onnx import NodeProto, helper
from sklearn.ensemble import HistGradientBoostingClassifier

from analyze.classinput import Singles

Forest: TypeAlias = HistGradientBoostingClassifier

TREES, RATE, LEAVES, FEWEST, SHARE = 120, 0.08, 8, 30, 0.3
"""Trees a label, their learning rate, leaves of each, records in a leaf, and the share of numbers a split may see."""
PENALTY = 5.0


def grow(numbers: Singles, truth: Singles, weight: Singles, seed: int) -> list[Forest]:
    """One forest a label.

    Parameters
    ----------
    numbers : ndarray, shape (example, number)
        NaN where something could not be measured: the trees decide on which side that lies.
    truth : ndarray, shape (example, label)
    weight : ndarray, shape (example,)
    seed : int
    """
    forests = []
    for k in range(truth.shape[1]):
        forest = Forest(
            max_iter=TREES, learning_rate=RATE, max_leaf_nodes=LEAVES, min_samples_leaf=FEWEST, max_features=SHARE,
            l2_regularization=PENALTY, early_stopping=False, random_state=seed,
        )  # fmt: skip
        forests.append(forest.fit(numbers, truth[:, k] > 0.5, sample_weight=weight))
    return forests


def judge(forests: Sequence[Forest], numbers: Singles) -> Singles:
    """Log odds of every label, shape (example, label)."""
    return np.stack([forest.decision_function(numbers) for forest in forests], axis=1).astype(np.float32)


def to_node(forests: Sequence[Forest], takes: str, gives: str) -> NodeProto:
    """The forests as one ONNX node: ``takes`` (n, number) with NaN, ``gives`` log odds (n, label)."""
    nodes: dict[str, list[Any]] = {name: [] for name in _NODE_FIELDS}
    leaves: dict[str, list[Any]] = {name: [] for name in ("treeids", "nodeids", "ids", "weights")}
    tree = 0
    for label, forest in enumerate(forests):
        for (predictor,) in forest._predictors:
            for at, node in enumerate(predictor.nodes):
                leaf = bool(node["is_leaf"])
                values = (
                    tree, at, 0 if leaf else int(node["feature_idx"]),
                    0.0 if leaf else _floor_single(float(node["num_threshold"])), "LEAF" if leaf else "BRANCH_LEQ",
                    int(node["left"]), int(node["right"]), int(node["missing_go_to_left"]),
                )  # fmt: skip
                for name, value in zip(_NODE_FIELDS, values, strict=True):
                    nodes[name].append(value)
                if leaf:
                    for name, value in zip(leaves, (tree, at, label, float(node["value"])), strict=True):
                        leaves[name].append(value)
            tree += 1
    attributes: dict[str, Any] = {f"nodes_{name}": value for name, value in nodes.items()}
    attributes |= {f"target_{name}": value for name, value in leaves.items()}
    base = [float(np.ravel(forest._baseline_prediction)[0]) for forest in forests]
    return helper.make_node(
        "TreeEnsembleRegressor", [takes], [gives], domain="ai.onnx.ml", n_targets=len(forests), base_values=base,
        post_transform="NONE", **attributes,
    )  # fmt: skip


_NODE_FIELDS = (
    "treeids", "nodeids", "featureids", "values", "modes", "truenodeids", "falsenodeids", "missing_value_tracks_true",
)  # fmt: skip


def _floor_single(threshold: float) -> float:
    """The largest float32 that is not above a threshold: numbers are float32, so that no comparison changes."""
    single = np.float32(threshold)
    if float(single) > threshold:
        single = np.nextafter(single, np.float32(-np.inf))
    return float(single)
