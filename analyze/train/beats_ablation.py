"""What each choice of the beat classifier is worth, out of fold in DS1: ``paperbeat train beats_ablation --data DIR``.

One thing is changed at a time, thresholds are chosen anew for each row, and DS2 is not read. The last row lets beats of
one patient be on both sides, as much of the literature does, to say what such figures are worth.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from imblearn.over_sampling import SMOTE
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline

from analyze.beatclass_features import ATRIAL, FEATURES, TIMING
from analyze.train.beats import FOLDS, choose_thresholds, deal, measure, read_or_gather
from analyze.train.beats_data import CLASSES, Examples, thin
from analyze.train.beats_trees import EARLY, VENTRICULAR, columns, grow
from analyze.train.treenode import Forest

Fit = Callable[[NDArray[np.float32], NDArray[np.bool_], int], Forest]

_N, _S, _V = (CLASSES.index(c) for c in "NSV")
_SMOTE_SHARE = 0.3  # early beats for each normal one, after as many are made up as that takes


def grow_smote(features: NDArray[np.float32], positive: NDArray[np.bool_], seed: int) -> Forest:
    """Forest on beats made up between real ones (Chawla et al. 2002); of the training folds only."""
    whole = SimpleImputer(strategy="median").fit_transform(features)
    share = max(_SMOTE_SHARE, 1.01 * positive.sum() / max((~positive).sum(), 1))
    more, truth = SMOTE(sampling_strategy=min(share, 1.0), random_state=seed).fit_resample(whole, positive)
    return grow(more.astype(np.float32), truth, seed, power=0.0)


def grow_forest(features: NDArray[np.float32], positive: NDArray[np.bool_], seed: int) -> Forest:
    """A random forest with balanced classes."""
    forest = RandomForestClassifier(
        60, min_samples_leaf=20, max_features=0.3, class_weight="balanced", random_state=seed
    )
    return make_pipeline(SimpleImputer(strategy="median"), forest).fit(features, positive)


VARIANTS: dict[str, tuple[tuple[str, ...], Fit]] = {
    "as shipped": (EARLY, grow),
    "timing alone": (TIMING, grow),
    "without P wave": (tuple(name for name in EARLY if name not in ATRIAL), grow),
    "all features": (FEATURES, grow),
    "no weights": (EARLY, partial(grow, power=0.0)),
    "weights in full": (EARLY, partial(grow, power=1.0)),
    "SMOTE": (EARLY, grow_smote),
    "random forest": (EARLY, grow_forest),
}
"""Features and fitting of the trees for early beats; those for ventricular ones stay."""


def cross(
    examples: Examples, fold: NDArray[np.int64], kind: int, against: tuple[int, ...], names: tuple[str, ...],
    fit: Fit, seed: int,
) -> NDArray[np.float32]:  # fmt: skip
    """Out-of-fold probability of one class against others, shape (beat,)."""
    kept = np.zeros(fold.size, dtype=bool)
    kept[thin(examples, seed)] = True
    kept &= np.isin(examples.kind, (kind, *against))
    features, probability = examples.features[:, columns(names)], np.zeros(fold.size, np.float32)
    for k in range(FOLDS):
        train = kept & (fold != k)
        model = fit(features[train], examples.kind[train] == kind, seed)
        probability[fold == k] = model.predict_proba(features[fold == k])[:, 1]
    return probability


def main(argv: list[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="What each choice of the beat classifier is worth.")
    parser.add_argument("--data", type=Path, required=True, help="MIT-BIH as PhysioNet publishes it")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="a file for the features: written, or read where it is there")
    args = parser.parse_args(argv)
    examples = read_or_gather(args.data, args.seed, args.keep)
    others = tuple(k for k in range(len(CLASSES)) if k != _V)
    folds = deal(args.data, args.seed)
    fold = np.array([folds[record] for record in examples.record])
    ventricular = cross(examples, fold, _V, others, VENTRICULAR, grow, args.seed)
    print("| early beats told by | V F1 | S F1, lead 1 / 2, half an hour | S F1, lead 1 / 2, 10 s |\n|---|---|---|---|")
    for name, (names, fit) in VARIANTS.items():
        early = cross(examples, fold, _S, (_N,), names, fit, args.seed)
        print(_row(name, examples, ventricular, early), flush=True)
    shuffled = np.random.default_rng(args.seed).integers(FOLDS, size=fold.size)
    ventricular = cross(examples, shuffled, _V, others, VENTRICULAR, grow, args.seed)
    early = cross(examples, shuffled, _S, (_N,), EARLY, grow, args.seed)
    print(_row("as shipped, beats shuffled over patients", examples, ventricular, early))


def _row(name: str, examples: Examples, ventricular: NDArray[np.float32], early: NDArray[np.float32]) -> str:
    probability = np.stack([ventricular, early], axis=1)
    thresholds = choose_thresholds(examples, probability)
    views = measure(examples, probability, thresholds)
    print(f"{name}: {thresholds}", file=sys.stderr, flush=True)
    s = {view: figures["S F1"] for view, figures in views.items()}
    v = views["lead 1, half an hour"]["V F1"]
    return (
        f"| {name} | {v:.3f} | {s['lead 1, half an hour']:.3f} / {s['lead 2, half an hour']:.3f} "
        f"| {s['lead 1, 10 s']:.3f} / {s['lead 2, 10 s']:.3f} |"
    )


if __name__ == "__main__":
    main()
