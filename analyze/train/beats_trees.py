"""What tells beats apart one by one: boosted trees which are ventricular, a line on intervals which are early.

Where no pair of intervals repeats itself, as in atrial fibrillation, no beat can be called early.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analyze.beatclass_features import FEATURES, SHAPE
from analyze.beatclass_rhythm import REPEATS
from analyze.classify import to_probability
from analyze.train.beats_data import CLASSES, Examples
from analyze.train.beats_line import Line, Singles, fit_line
from analyze.train.treenode import Forest

VENTRICULAR = (
    *SHAPE, "pre_local", "pre_sinus", "pre_prev", "pre_post", "post_local", "jump", "corr_p", "p_best", "resid_before",
)  # fmt: skip
IRREGULAR = (0.03, 0.06)
"""Share of repeated pairs of intervals up to which nothing is early, and from which on anything may be."""

_N, _S, _V, _F = range(len(CLASSES))


@dataclass(frozen=True, eq=False)
class Model:
    """Trees for ventricular beats, and the line for early ones."""

    trees: Forest
    line: Line


def columns(names: Sequence[str]) -> list[int]:
    """Their places among `FEATURES`."""
    return [FEATURES.index(name) for name in names]


def grow(features: Singles, positive: NDArray[np.bool_], seed: int, power: float = 0.5) -> Forest:
    """Fit one ensemble; the positive beats weigh as the odds against them to ``power``."""
    odds = float((~positive).sum()) / max(float(positive.sum()), 1.0)
    weight = np.where(positive, odds**power, 1.0)
    trees = Forest(
        max_iter=60, learning_rate=0.1, max_leaf_nodes=8, min_samples_leaf=60, l2_regularization=5.0,
        early_stopping=False, random_state=seed,
    )  # fmt: skip
    return trees.fit(features, positive, sample_weight=weight)


def fit(examples: Examples, seed: int) -> Model:
    """The trees, of all beats; the line, of the classes N and S.

    The line alone learns from records whose normal cycles were cut out: it is what must not lean on the usual beat.
    """
    real = examples.take(~examples.dense)
    return Model(grow(real.features[:, columns(VENTRICULAR)], real.kind == _V, seed), fit_early_line(examples))


def fit_early_line(examples: Examples) -> Line:
    """The line, of the beats N and S; the leads have the same intervals, one of them is enough."""
    above = examples.take(np.isin(examples.kind, (_N, _S)) & (examples.lead == 0))
    return fit_line(above.features, above.kind == _S)


def judge(model: Model, features: Singles) -> Singles:
    """Probabilities of ventricular and of early, shape (beat, 2)."""
    ventricular = model.trees.predict_proba(features[:, columns(VENTRICULAR)])[:, 1]
    return np.stack([ventricular, hold_back(model.line.odds(features), features)], axis=1).astype(np.float32)


def hold_back(odds: NDArray[np.floating], features: Singles) -> NDArray[np.float64]:
    """Probability of an early beat, shape (beat,), of log odds: none where nothing repeats itself."""
    low, high = IRREGULAR
    repeats = features[:, FEATURES.index(REPEATS)]
    able = np.where(np.isnan(repeats), 1.0, np.clip((repeats - low) / (high - low), 0.0, 1.0))
    return able * to_probability(odds)
