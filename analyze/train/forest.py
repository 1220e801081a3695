"""Boosted trees on what was measured: a forest for every label."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from analyze.classinput import Singles
from analyze.train.treenode import Forest

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
