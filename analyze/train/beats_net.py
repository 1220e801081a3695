"""A small network on the beat's own trace, beside the trees: ``python -m analyze.train.beats_net --data DIR``.

Out of fold in DS1, first lead, with the folds, measures and choice of thresholds of the trees; once for each way to
weigh classes. What it is worth stands in RESULTS.md.
"""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from analyze.beatclass_features import rr_intervals
from analyze.beatclass_rhythm import ABSOLUTE, REPEATS, rhythm_features
from analyze.beatclass_windows import cut_windows
from analyze.train.beats import FOLDS, choose_thresholds, deal, measure
from analyze.train.beats_data import CLASSES, Examples, gather, thin

EPOCHS, BATCH, RATE, DECAY = 8, 128, 2e-3, 1e-3
_CLIP = 4.0
_FOCUS = 2.0  # Lin et al. 2017
_N, _S, _V = (CLASSES.index(c) for c in "NSV")


def trace_features(x_mv: NDArray[np.float64], fs_hz: float, r: NDArray[np.int64]) -> NDArray[np.float32]:
    """Window of each beat, of the usual beat nearby, and logarithms of intervals, side by side; unknown is 0."""
    w = cut_windows(x_mv, fs_hz, r)
    found = rhythm_features(rr_intervals(w))
    logs = np.stack([np.log(np.maximum(found[name], 0.02)) for name in (*ABSOLUTE, REPEATS)], axis=1)
    ratios = logs[:, :3] - logs[:, 3:4]
    return np.nan_to_num(np.concatenate([w.beats, w.near, logs, ratios], axis=1)).clip(-_CLIP, _CLIP).astype(np.float32)


class BeatNet(nn.Module):
    """Three convolutions over beat and usual beat; pooled and joined with the intervals."""

    def __init__(self, numbers: int) -> None:
        super().__init__()
        steps = ((2, 16, 7), (16, 32, 5), (32, 48, 5))
        self.body = nn.Sequential(
            *(
                nn.Sequential(nn.Conv1d(a, b, k, stride=2, padding=k // 2), nn.BatchNorm1d(b), nn.ReLU())
                for a, b, k in steps
            )
        )
        self.head = nn.Sequential(nn.Linear(96 + numbers, 48), nn.ReLU(), nn.Dropout(0.3), nn.Linear(48, len(CLASSES)))
        self.numbers = numbers

    def forward(self, x: Tensor) -> Tensor:
        """Log odds of the classes, up to a constant, of `trace_features`."""
        trace, numbers = x[:, : -self.numbers], x[:, -self.numbers :]
        held = self.body(trace.reshape(len(x), 2, -1))
        return self.head(torch.cat([held.mean(2), held.amax(2), numbers], dim=1))  # type: ignore[no-any-return]


def cost(odds: Tensor, truth: Tensor, weight: Tensor, focus: float) -> Tensor:
    """Weighted cross entropy; with ``focus`` above 0 what is told well already counts less."""
    log_p = functional.log_softmax(odds, dim=1).gather(1, truth[:, None])[:, 0]
    return -(weight[truth] * (1.0 - log_p.exp()) ** focus * log_p).mean()


def train_net(x: Tensor, truth: Tensor, seed: int, power: float, focus: float) -> BeatNet:
    """Train on beats; classes weigh as their rarity to ``power``."""
    torch.manual_seed(seed)
    net = BeatNet(len(ABSOLUTE) + 1 + 3)
    count = torch.bincount(truth, minlength=len(CLASSES)).clamp(min=1).float()
    weight = (len(truth) / count) ** power
    weight = weight / weight[truth].mean()
    steps = EPOCHS * (len(truth) // BATCH)
    optimizer = torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps)
    for _ in range(EPOCHS):
        order = torch.randperm(len(truth))
        for k in range(len(truth) // BATCH):
            at = order[k * BATCH : (k + 1) * BATCH]
            loss = cost(net(x[at]), truth[at], weight, focus)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
    return net.eval()


def out_of_fold(
    examples: Examples, folds: dict[str, int], seed: int, power: float, focus: float
) -> NDArray[np.float32]:
    """Probabilities of ventricular, and of early if not ventricular, by networks that have not seen the patient."""
    fold = np.array([folds[record] for record in examples.record])
    kept = np.zeros(fold.size, dtype=bool)
    kept[thin(examples, seed)] = True
    x, truth = torch.from_numpy(examples.features), torch.from_numpy(examples.kind)
    probability = np.zeros((fold.size, 2), np.float32)
    for k in range(FOLDS):
        train = torch.from_numpy(np.flatnonzero(kept & (fold != k)))
        net = train_net(x[train], truth[train], seed, power, focus)
        with torch.no_grad():
            p = torch.cat([functional.softmax(net(part), dim=1) for part in torch.split(x[fold == k], 4096)]).numpy()
        probability[fold == k] = np.stack([p[:, _V], p[:, _S] / np.maximum(1.0 - p[:, _V], 1e-6)], axis=1)
    return probability


VARIANTS = {"no weights": (0.0, 0.0), "class weights": (0.5, 0.0), "focal loss": (0.0, _FOCUS)}


def main(argv: list[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="A small network on the beat's own trace.")
    parser.add_argument("--data", type=Path, required=True, help="MIT-BIH as PhysioNet publishes it")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args(argv)
    torch.set_num_threads(1)
    examples = gather(args.data, "DS1", args.seed, trace_features, leads=(0,))
    examples = examples.take(examples.kind >= 0)
    run = partial(out_of_fold, examples, deal(args.data, args.seed), args.seed)
    print("| network | V F1, half an hour / 10 s | S F1, half an hour / 10 s |\n|---|---|---|")
    for name, (power, focus) in VARIANTS.items():
        probability = run(power, focus)
        views = measure(examples, probability, choose_thresholds(examples, probability))
        long, short = views["lead 1, half an hour"], views["lead 1, 10 s"]
        scores = [f"{long[f'{c} F1']:.3f} / {short[f'{c} F1']:.3f}" for c in "VS"]
        print(f"| {name} | {scores[0]} | {scores[1]} |", flush=True)


if __name__ == "__main__":
    main()
