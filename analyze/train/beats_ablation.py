"""What each choice of the beat classifier is worth, out of fold in DS1: ``paperbeat train beats_ablation --data DIR``.

One thing is changed at a time, thresholds are chosen anew for each row, and DS2 is not read. The last rows let beats of
one patient be on both sides, as much of the literature does, to say what such figures are worth.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from imblearn.over_sampling import SMOTE
from numpy.typing import NDArray
from sklearn.impute import SimpleImputer

from analyze.beatclass_features import ATRIAL, FEATURES, TIMING
from analyze.beatclass_rhythm import REPEATS
from analyze.classify import to_probability
from analyze.train.beats import FOLDS, choose_thresholds, deal, measure, read_or_gather
from analyze.train.beats_data import CLASSES, Examples, thin
from analyze.train.beats_rows import ROWS_SHARE, combine, judge_rows, rows_out_of_fold, show_rows, teach_rows
from analyze.train.beats_trees import VENTRICULAR, columns, fit_early_line, grow, hold_back
from analyze.train.treenode import Forest

Fit = Callable[[NDArray[np.float32], NDArray[np.bool_], int], Forest]
Floats = NDArray[np.float64]

_N, _S, _V = (CLASSES.index(c) for c in "NSV")
_SMOTE_SHARE = 0.3  # early beats for each normal one, after as many are made up as that takes


def grow_smote(features: NDArray[np.float32], positive: NDArray[np.bool_], seed: int) -> Forest:
    """Forest on beats made up between real ones (Chawla et al. 2002); of the training folds only."""
    whole = SimpleImputer(strategy="median").fit_transform(features)
    share = max(_SMOTE_SHARE, 1.01 * positive.sum() / max((~positive).sum(), 1))
    more, truth = SMOTE(sampling_strategy=min(share, 1.0), random_state=seed).fit_resample(whole, positive)
    return grow(more.astype(np.float32), truth, seed, power=0.0)


EARLY = (*TIMING, *ATRIAL, "corr_qrs_near", "resid_qrs_near", "corr_t")
SHARE = 0.3
"""Trees' share where they stand beside the line."""
TREES: dict[str, tuple[tuple[str, ...], Fit]] = {
    "on timing alone": (TIMING, grow),
    "without P wave": (tuple(name for name in EARLY if name not in ATRIAL), grow),
    "on all features, seconds too": (FEATURES, grow),
    "without weights": (EARLY, partial(grow, power=0.0)),
    "with weights in full": (EARLY, partial(grow, power=1.0)),
    "with SMOTE": (EARLY, grow_smote),
}
"""Features and fitting of trees for early beats beside the line."""


def cross(
    examples: Examples, fold: NDArray[np.int64], kind: int, against: Sequence[int], names: Sequence[str], grow: Fit,
    seed: int,
) -> Floats:  # fmt: skip
    """Out-of-fold log odds of one class against others, shape (beat,)."""
    kept = np.zeros(fold.size, dtype=bool)
    kept[thin(examples, seed)] = True
    kept &= np.isin(examples.kind, (kind, *against)) & ~examples.dense
    features, odds = examples.features[:, columns(names)], np.zeros(fold.size)
    for k in range(FOLDS):
        train = kept & (fold != k)
        odds[fold == k] = grow(features[train], examples.kind[train] == kind, seed).decision_function(
            features[fold == k]
        )
    return odds


def cross_line(examples: Examples, fold: NDArray[np.int64], seed: int, dense: bool = True) -> NDArray[np.float32]:
    """Out-of-fold log odds of the line, with or without the records whose normal cycles were cut out, shape (beat,)."""
    kept = np.zeros(fold.size, dtype=bool)
    kept[thin(examples, seed)] = True
    kept &= ~examples.dense | dense
    odds = np.zeros(fold.size, np.float32)
    for k in range(FOLDS):
        odds[fold == k] = fit_early_line(examples.take(kept & (fold != k))).odds(examples.features[fold == k])
    return odds


def main(argv: list[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="What each choice of the beat classifier is worth.")
    parser.add_argument("--data", type=Path, required=True, help="MIT-BIH as PhysioNet publishes it")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="a file for the features: written, or read where it is there")
    args = parser.parse_args(argv)
    torch.set_num_threads(1)  # the networks are small, and so they come out the same
    examples, seed = read_or_gather(args.data, args.seed, args.keep), args.seed
    folds = deal(args.data, seed)
    fold = np.array([folds[record] for record in examples.record])
    others = [k for k in range(len(CLASSES)) if k != _V]
    features, ventricular = examples.features, cross(examples, fold, _V, others, VENTRICULAR, grow, seed)
    line, trees = cross_line(examples, fold, seed), cross(examples, fold, _S, [_N], EARLY, grow, seed)
    shown, taught = show_rows(features, to_probability(ventricular).astype(np.float32)), teach_rows(seed)
    rows = rows_out_of_fold(taught, examples, fold, shown, seed)
    steady = features.copy()
    steady[:, FEATURES.index(REPEATS)] = np.nan
    print("| | V F1 | S F1, half an hour | S F1, 10 s | S F1, dense / dense, 10 s |\n|---|---|---|---|---|")
    tell = partial(_row, examples, ventricular)
    shipped = hold_back(line, features)
    tell("as shipped", shipped, rows)
    tell("without the networks", shipped)
    for share in (0.25, 0.75, 1.0):
        tell(f"networks' share {share:g}", shipped, rows, share)
    made_up = judge_rows(taught.nets, examples, shown)
    tell("networks of made-up rhythms alone", shipped, made_up)
    tell("the same, share 1", shipped, made_up, 1.0)
    tell("fibrillation let through by the line", hold_back(line, steady), rows)
    tell("line without dense records", hold_back(cross_line(examples, fold, seed, dense=False), features), rows)
    for share in (SHARE, 1.0):
        mixed = hold_back(share * trees + (1.0 - share) * line, features)
        tell(f"trees for early beats, {share:g} of the line's part", mixed, rows)
        tell("the same without the networks", mixed)
    for name, (names, fit) in TREES.items():
        trees = cross(examples, fold, _S, [_N], names, fit, seed)
        mixed = hold_back(SHARE * trees + (1.0 - SHARE) * line, features)
        tell(f"trees {name}, {SHARE:g}, without the networks", mixed)
    _shuffle_beats(examples, fold, seed)


def _shuffle_beats(examples: Examples, by_patient: NDArray[np.int64], seed: int) -> None:
    """What the figures would be if beats of one patient were on both sides."""
    rng = np.random.default_rng(seed)
    fold, others = rng.integers(FOLDS, size=by_patient.size), [k for k in range(len(CLASSES)) if k != _V]
    trees, line = cross(examples, fold, _S, [_N], EARLY, grow, seed), cross_line(examples, fold, seed)
    early = hold_back(SHARE * trees + (1.0 - SHARE) * line, examples.features)
    name = f"trees, {SHARE:g}, without the networks, beats shuffled over patients"
    _row(examples, cross(examples, fold, _V, others, VENTRICULAR, grow, seed), name, early)
    use = (examples.kind >= 0) & (examples.lead == 0) & ~examples.piece & ~examples.dense
    plain = examples.take(use)
    for name, fold in (
        ("shuffled over patients", rng.integers(FOLDS, size=use.sum())),
        ("by patient", by_patient[use]),
    ):
        print(f"accuracy over N, S, V and F, beats {name}: {100 * _accuracy(plain, fold, seed):.2f} %", flush=True)


def _accuracy(examples: Examples, fold: NDArray[np.int64], seed: int) -> float:
    """Share of beats that trees over every feature name rightly, as the literature counts."""
    right = 0
    for k in range(FOLDS):
        train = fold != k
        trees = Forest(max_iter=100, early_stopping=False, random_state=seed)
        trees.fit(examples.features[train], examples.kind[train])
        right += int((trees.predict(examples.features[~train]) == examples.kind[~train]).sum())
    return right / fold.size


def _row(
    examples: Examples,
    ventricular: Floats,
    name: str,
    early: Floats,
    rows: Floats | None = None,
    share: float = ROWS_SHARE,
) -> None:
    judged = examples.kind >= 0
    probability = np.stack([to_probability(ventricular), early], axis=1).astype(np.float32)
    probability = (probability if rows is None else combine(probability, rows, share))[judged]
    examples = examples.take(judged)
    views = measure(examples, probability, choose_thresholds(examples, probability))
    s = {view: figures["S F1"] for view, figures in views.items()}
    print(
        f"| {name} | {views['lead 1, half an hour']['V F1']:.3f} | {s['lead 1, half an hour']:.3f} "
        f"| {s['lead 1, 10 s']:.3f} | {s['lead 1, dense']:.3f} / {s['lead 1, dense, 10 s']:.3f} |",
        flush=True,
    )


if __name__ == "__main__":
    main()
