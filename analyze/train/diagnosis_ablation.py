"""What care for rare labels and pre-training are worth: ``python -m analyze.train.diagnosis_ablation --data PTB-XL``.

Networks are trained on all forms, forests on measurements of whole records; both are judged on the first fold's whole
records. Whatever is weighted, repeated or made up is of the other folds alone.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from imblearn.over_sampling import SMOTE
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from analyze.classinput import Singles
from analyze.train import beatnet, forest
from analyze.train.diagnosis_options import make_parser, name_apart
from analyze.train.doubts import read_examples
from analyze.train.forest import FEWEST, LEAVES, PENALTY, RATE, SHARE, TREES
from analyze.train.measures import macro_auc, macro_auprc
from analyze.train.mistakes import MISTAKES
from analyze.train.networks import build
from analyze.train.training import Training, read_training
from analyze.train.treenode import Forest
from digitize.datasets.ptbxl import SUPERCLASSES

HEADS = len(SUPERCLASSES)
RARE = 100
"""A label with fewer records than this is rare."""
FOCUS = 2.0
MOST_WEIGHT, MOST_REPEATS = 20.0, 3
FILLED = 0.5
"""Examples of a label for each without it, once more have been made up."""
EPOCHS, PRETEXT_EPOCHS = 20, 5

Grow = Callable[[Singles, NDArray[np.bool_]], Forest]


def focal(weight: Tensor) -> beatnet.Cost:
    """Focal loss (Lin et al. 2017, arXiv 1708.02002)."""

    def cost(out: Tensor, y: Tensor) -> Tensor:
        each = functional.binary_cross_entropy_with_logits(out, y, weight, reduction="none")
        missed = (out.sigmoid() - y).abs()
        return (missed**FOCUS * each).mean() * 4

    return cost


def weighted(weight: Tensor, truth: Singles) -> beatnet.Cost:
    """Cross-entropy in which those who have a label weigh as much as those who do not."""
    share = truth.mean(axis=0)
    positive = torch.from_numpy(np.clip((1 - share) / share, 1.0, MOST_WEIGHT).astype(np.float32))
    return lambda out, y: functional.binary_cross_entropy_with_logits(out, y, weight, pos_weight=positive)


def repeat_rare(truth: Singles, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rows, those with a rare label up to `MOST_REPEATS` times."""
    count = truth[rows].sum(axis=0)
    rarest = np.where(truth[rows] > 0, count, np.inf).min(axis=1)
    return np.repeat(rows, np.clip(np.round(np.sqrt(2 * RARE / rarest)), 1, MOST_REPEATS).astype(int))


def learn_mistakes(training: Training, data: Path, out: Path, rows: NDArray[np.int64], seed: int) -> nn.Module:
    """A network that tells which mistake was made, without any label (Sarkar and Etemad 2020, arXiv 2002.03898)."""
    examples = read_examples(data, training, out, seed)
    beat = examples.beat[rows].reshape(-1, *examples.beat.shape[2:])
    truth = np.eye(len(MISTAKES) + 1, dtype=np.float32)[examples.mistake[rows].ravel()]
    torch.manual_seed(seed)
    net = build("resnet", truth.shape[1])
    optimizer, rng = (
        torch.optim.AdamW(net.parameters(), lr=1e-3, weight_decay=beatnet.DECAY),
        np.random.default_rng(seed),
    )
    for _ in range(PRETEXT_EPOCHS):
        for at in np.array_split(rng.permutation(len(beat)), len(beat) // beatnet.BATCH):
            loss = functional.cross_entropy(
                net(torch.from_numpy(beat[at].astype(np.float32))), torch.from_numpy(truth[at])
            )
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
    return net.eval()


def compare_nets(training: Training, data: Path, out: Path, seed: int) -> Iterator[tuple[str, Singles]]:
    """What each way of training says of the first fold's whole records."""
    rows, held = np.flatnonzero(training.fold != 0), np.flatnonzero(training.fold == 0)
    weight = beatnet.weigh(training.truth.shape[1], HEADS)
    forms = list(training.inputs.values())

    def run(rows: NDArray[np.int64], cost: beatnet.Cost | None = None, begin: nn.Module | None = None) -> Singles:
        net = beatnet.train_net(forms, training.truth, rows, HEADS, EPOCHS, seed, begin=begin, cost=cost)
        return beatnet.predict(net, training.inputs["whole"].beat[held])

    yield "network, as it is", run(rows)
    yield "network, class weights", run(rows, weighted(weight, training.truth[rows]))
    yield "network, focal loss", run(rows, focal(weight))
    yield "network, rare records repeated", run(repeat_rare(training.truth, rows))
    yield "network, first taught to tell mistakes", run(rows, begin=learn_mistakes(training, data, out, rows, seed))


def compare_forests(training: Training, labels: NDArray[np.int64], seed: int) -> Iterator[tuple[str, Singles]]:
    """What each way of growing forests says of the first fold's records, shape (record, label)."""

    def grow(numbers: Singles, truth: NDArray[np.bool_], weight: Singles | None = None) -> Forest:
        grown = Forest(
            max_iter=TREES, learning_rate=RATE, max_leaf_nodes=LEAVES, min_samples_leaf=FEWEST, max_features=SHARE,
            l2_regularization=PENALTY, early_stopping=False, random_state=seed,
        )  # fmt: skip
        return grown.fit(numbers, truth, sample_weight=weight)

    def balance(numbers: Singles, truth: NDArray[np.bool_]) -> Forest:
        return grow(numbers, truth, np.where(truth, min(MOST_WEIGHT, (~truth).sum() / truth.sum()), 1.0))

    def make_up(numbers: Singles, truth: NDArray[np.bool_]) -> Forest:
        if truth.sum() >= FILLED * (~truth).sum():
            return grow(numbers, truth)
        filled = np.where(np.isnan(numbers), np.nanmedian(numbers, axis=0), numbers)
        scale = filled.std(axis=0) + 1e-6  # neighbours are sought in numbers of one size
        more, answer = SMOTE(sampling_strategy=FILLED, random_state=seed).fit_resample(filled / scale, truth)
        return grow(np.concatenate([numbers, more[len(truth) :] * scale]), answer)

    numbers, rows, held = training.inputs["whole"].numbers, training.fold != 0, training.fold == 0
    ways: dict[str, Grow] = {"as they are": grow, "class weights": balance, "SMOTE": make_up}
    for name, way in ways.items():
        forests = [way(numbers[rows], training.truth[rows, label] > 0) for label in labels]
        yield f"forests, {name}", forest.judge(forests, numbers[held])


def main(argv: list[str] | None = None) -> None:
    """Print one line for every way."""
    parser = make_parser("What weights, focal loss, repeated and made-up records and pre-training are worth.")
    args = parser.parse_args(argv)
    torch.set_num_threads(1)
    training = read_training(args.data, args.out / "inputs", args.folds, args.seed, name_apart(args.apart))
    rare = np.flatnonzero(training.truth.sum(axis=0) < RARE)
    held = training.fold == 0
    print("| way | superclasses: AUC | AUPRC | rare labels: AUC | AUPRC |\n|---|---|---|---|---|")

    def tell(name: str, said: Singles, few: Singles) -> None:
        heads, others = training.truth[held, :HEADS], training.truth[held][:, rare]
        values = macro_auc(heads, said), macro_auprc(heads, said), macro_auc(others, few), macro_auprc(others, few)
        sys.stdout.write(f"| {name} | " + " | ".join(f"{value:.4f}" for value in values) + " |\n")
        sys.stdout.flush()

    for name, said in compare_nets(training, args.data, args.out, args.seed):
        tell(name, said[:, :HEADS], said[:, rare])
    labels = np.concatenate([np.arange(HEADS), rare])
    for name, said in compare_forests(training, labels, args.seed):
        tell(name, said[:, :HEADS], said[:, HEADS:])


if __name__ == "__main__":
    main()
