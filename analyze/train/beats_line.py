"""A logistic regression on the logarithms of RR intervals in seconds: which beats come too early, by the clock.

Its few weights cannot know a patient, so that it may see absolute intervals; in logarithms it weighs their ratios too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from analyze.beatclass_features import FEATURES
from analyze.beatclass_rhythm import ABSOLUTE
from analyze.train.nodes import Nodes

Singles = NDArray[np.float32]

_SHORTEST_S = 0.02
_REACH = 4.0  # standard deviations beyond which an interval says no more
_INVERSE_PENALTY = 0.005


@dataclass(frozen=True, eq=False)
class Line:
    """Log odds as a sum: ``bias`` and ``weight`` (5,) of the logarithms of `ABSOLUTE`.

    Logarithms are kept between ``low`` and ``high``, each of shape (5,); ``fill`` stands in for one that is not known.
    """

    weight: Singles
    bias: float
    low: Singles
    high: Singles
    fill: Singles

    def odds(self, features: Singles) -> Singles:
        """Log odds that a beat is early, shape (beat,), of features (beat, `FEATURES`)."""
        logs = np.log(np.maximum(features[:, _places()], np.float32(_SHORTEST_S)))
        logs = np.clip(np.where(np.isnan(logs), self.fill, logs), self.low, self.high)
        return np.asarray(logs @ self.weight + np.float32(self.bias), dtype=np.float32)


def fit_line(features: Singles, early: NDArray[np.bool_], power: float = 0.5) -> Line:
    """Fit it; early beats weigh as the odds against them to ``power``."""
    logs = np.log(np.maximum(features[:, _places()], _SHORTEST_S)).astype(np.float64)
    fill = np.nanmedian(logs, axis=0)
    logs = np.where(np.isnan(logs), fill, logs)
    mean, spread = logs.mean(axis=0), logs.std(axis=0)
    scaled = np.clip((logs - mean) / spread, -_REACH, _REACH)
    odds = float((~early).sum()) / max(float(early.sum()), 1.0)
    found = LogisticRegression(C=_INVERSE_PENALTY, max_iter=400)
    found.fit(scaled, early, sample_weight=np.where(early, odds**power, 1.0))
    weight = found.coef_[0] / spread
    low, high = mean - _REACH * spread, mean + _REACH * spread
    bias = float(found.intercept_[0] - weight @ mean)
    weights, lows, highs, fills = (np.asarray(row, np.float32) for row in (weight, low, high, fill))
    return Line(weights, bias, lows, highs, fills)


def write_line(nodes: Nodes, line: Line, takes: str) -> str:
    """The same as nodes of an ONNX graph, of features (beat, `FEATURES`); returns the name of the odds (beat, 1)."""
    seconds = nodes.pick(takes, _places())
    filled = nodes.add("Where", nodes.add("IsNaN", seconds), nodes.constant(np.exp(line.fill)), seconds)
    logs = nodes.add("Log", nodes.add("Max", filled, nodes.constant([_SHORTEST_S])))
    within = nodes.add("Min", nodes.add("Max", logs, nodes.constant(line.low)), nodes.constant(line.high))
    summed = nodes.add("MatMul", within, nodes.constant(line.weight[:, None]))
    return nodes.add("Add", summed, nodes.constant([line.bias]))


def _places() -> list[int]:
    return [FEATURES.index(name) for name in ABSOLUTE]
