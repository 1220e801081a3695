"""scikit-learn's boosted trees as one node of an ONNX graph.

skl2onnx 1.20 refuses them with numpy 2.4 and onnx 1.23, so they are written as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from onnx import NodeProto, helper
from sklearn.ensemble import HistGradientBoostingClassifier

Forest: TypeAlias = HistGradientBoostingClassifier


def to_node(
    forests: Sequence[Forest], takes: str, gives: str, columns: Sequence[Sequence[int]] | None = None
) -> NodeProto:
    """Forests as one node.

    Parameters
    ----------
    forests : sequence of Forest
        One for each column of the answer.
    takes, gives : str
        Names of the input (n, number), NaN where something is not known, and of the log odds (n, forest).
    columns : sequence of sequence of int, optional
        Which numbers each forest was grown on; all of them when left out.
    """
    nodes: dict[str, list[Any]] = {name: [] for name in _NODE_FIELDS}
    leaves: dict[str, list[Any]] = {name: [] for name in ("treeids", "nodeids", "ids", "weights")}
    tree = 0
    for label, forest in enumerate(forests):
        for (predictor,) in forest._predictors:
            for at, node in enumerate(predictor.nodes):
                leaf = bool(node["is_leaf"])
                number = int(node["feature_idx"])
                number = number if columns is None or leaf else columns[label][number]
                values = (
                    tree, at, 0 if leaf else number,
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
