"""How good predictions are: areas under curves, F1, calibration, and how sure those figures themselves are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from sklearn.metrics import average_precision_score, roc_auc_score

Floats = NDArray[np.floating[Any]]

DRAWS = 1000


def macro_auc(truth: Floats, score: Floats) -> float:
    """Mean area under the ROC curve of the labels (columns) that have both answers."""
    return float(np.mean([roc_auc_score(t, s) for t, s in zip(truth.T, score.T, strict=True) if 0 < t.mean() < 1]))


def macro_auprc(truth: Floats, score: Floats) -> float:
    """Mean average precision of the labels that have both answers."""
    pairs = zip(truth.T, score.T, strict=True)
    return float(np.mean([average_precision_score(t, s) for t, s in pairs if 0 < t.mean() < 1]))


def bound(
    measure: Callable[[Floats, Floats], float], truth: Floats, score: Floats, groups: NDArray[np.int64], seed: int
) -> tuple[float, float]:
    """95 % bootstrap interval of a measure; what is drawn are patients, not records.

    Parameters
    ----------
    measure : callable
        Of (truth, score), both (record, label).
    truth, score : ndarray, shape (record, label)
    groups : ndarray of int, shape (record,)
        Patient of each record.
    seed : int
    """
    rng = np.random.default_rng(seed)
    rows = [np.flatnonzero(groups == group) for group in np.unique(groups)]
    values = []
    for _ in range(DRAWS):
        drawn = np.concatenate([rows[k] for k in rng.integers(0, len(rows), len(rows))])
        values.append(measure(truth[drawn], score[drawn]))
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)


def choose_threshold(truth: Floats, probability: Floats) -> float:
    """Probability from which a label is called, for the best F1 on these records; 1 when no record has it."""
    if not truth.any():
        return 1.0
    order = np.argsort(-probability)
    hits = np.cumsum(truth[order])
    f1 = 2 * hits / (np.arange(1, truth.size + 1) + truth.sum())
    best = int(np.argmax(f1))
    after = probability[order[best + 1]] if best + 1 < truth.size else 0.0
    return float((probability[order[best]] + after) / 2)


def f1(truth: Floats, called: Floats) -> float:
    """Harmonic mean of sensitivity and precision; 0 where nothing is there and nothing called."""
    total = truth.sum() + called.sum()
    return float(2 * (truth * called).sum() / total) if total else 0.0


def fit_calibration(truth: Floats, log_odds: Floats) -> tuple[float, float]:
    """Slope (1 / temperature) and offset of log odds that make them the likeliest, of one label."""

    def cost(parts: Floats) -> float:
        z = parts[0] * log_odds + parts[1]
        return float(np.mean(np.logaddexp(0, z) - truth * z))

    slope, offset = minimize(cost, np.array([1.0, 0.0]), method="L-BFGS-B").x
    return float(slope), float(offset)


def calibration_error(truth: Floats, probability: Floats, bins: int = 10) -> float:
    """Expected calibration error: mean distance of predicted from true share, in bins of equally many predictions."""
    parts = np.array_split(np.argsort(probability), bins)
    return float(sum(p.size * abs(probability[p].mean() - truth[p].mean()) for p in parts if p.size) / truth.size)
