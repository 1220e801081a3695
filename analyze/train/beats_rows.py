"""A network over rows of beats, taught by made-up rhythms first: ``python -m analyze.train.beats_rows --data DIR``.

Out of fold in DS1, first lead, beside the trees and the line that ship and in the mean with them. What it is worth
stands in RESULTS.md.
"""

from __future__ import annotations

import argparse
import copy
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from analyze.beatclass import log_odds
from analyze.beatclass_features import FEATURES, beat_features
from analyze.beatclass_rhythm import local_median
from analyze.train.beats import FOLDS, Figures, choose_thresholds, deal, measure, out_of_fold
from analyze.train.beats_data import CLASSES, Examples, describe_all, stretches
from analyze.train.beats_simulated import RHYTHMS, draw_rhythm
from digitize.datasets import mitbih

BEATS, SHORTEST, CHANNELS = 64, 6, 13
"""Longest and shortest row that is learnt from; what is known of each beat, the last being that there is one."""
MADE_UP, BATCH = 16_000, 48
FIRST, THEN = (1800, 4e-3), (300, 2e-3)
"""Steps and greatest rate on made-up rhythms alone, and then with half of each batch from DS1."""
REACHES, WIDTH = (1, 2, 4, 8, 4, 1), 32
HIDE = 0.15
"""How often shapes and P waves are hidden, so that intervals are not left to them."""
HALO, WHOLE = 40, 128
"""Long rows are judged in pieces with so many beats beside them."""
_S = CLASSES.index("S")


class RowNet(nn.Module):
    """Rows (n, beats, `CHANNELS`) to the log odds (n, beats) that a beat comes too early from above."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv1d(CHANNELS, WIDTH, 1)
        self.wide = nn.ModuleList([nn.Conv1d(WIDTH, WIDTH, 3, padding=d, dilation=d) for d in REACHES])
        self.narrow = nn.ModuleList([nn.Conv1d(WIDTH, WIDTH, 1) for _ in REACHES])
        self.drop, self.last = nn.Dropout1d(0.1), nn.Conv1d(WIDTH, 1, 1)

    def forward(self, rows: Tensor) -> Tensor:
        there = rows[..., -1:].transpose(1, 2)
        x = self.first(rows.transpose(1, 2)) * there
        for wide, narrow in zip(self.wide, self.narrow, strict=True):
            x = (x + self.drop(narrow(functional.relu(wide(functional.relu(x)))))) * there
        out: Tensor = self.last(functional.relu(x))[:, 0]
        return out


def row_inputs(
    pre_s: NDArray[np.float64],
    post_s: NDArray[np.float64],
    local_s: NDArray[np.float64],
    ventricular: NDArray[np.float64],
    p_here: NDArray[np.float64],
    p_best: NDArray[np.float64],
) -> NDArray[np.float32]:
    """What the network is shown of a row's beats, shape (beats, `CHANNELS`); unknown is 0, and said to be."""
    pre, post, local = (np.log(np.clip(part, 0.1, 6.0)) + 0.22 for part in (pre_s, post_s, local_s))  # 0 at 75 a minute
    ratios = (3 * (pre - local), 3 * (post - local), 3 * (post - pre))
    known = (np.isfinite(part) for part in (pre, post, p_here))
    shown = (pre, post, *ratios, local, np.clip(ventricular, -8, 8) / 4, p_here, p_best, *known, np.ones(pre.size))
    return np.clip(np.nan_to_num(np.stack(shown, axis=1).astype(np.float32)), -4, 4)


def made_up_rows(count: int, seed: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Rows of made-up rhythms, filled up with nothing, and their classes: 1 early, 0 normal, else -1."""
    rng = np.random.default_rng(seed)
    rows, kinds = np.zeros((count, BEATS, CHANNELS), np.float32), np.full((count, BEATS), -1)
    for row, kind in zip(rows, kinds, strict=True):
        seen = draw_rhythm(rng, BEATS if rng.random() < 0.6 else int(rng.integers(7, 24)))
        n = min(BEATS, seen.kind.size)
        local_s = local_median(seen.post_s[:-1])
        row[:n] = row_inputs(seen.pre_s, seen.post_s, local_s, seen.ventricular, seen.p_here, seen.p_best)[:n]
        kind[:n] = np.where(seen.kind[:n] < 2, seen.kind[:n], -1)
    return rows, kinds


@dataclass(frozen=True, eq=False)
class Rows:
    """Stretches of DS1: features, classes (-1: not learnt), records and forms of all beats; where each row ends."""

    examples: Examples
    ends: NDArray[np.int64]

    def split(self) -> list[slice]:
        return [slice(a, b) for a, b in zip(np.r_[0, self.ends[:-1]], self.ends, strict=True)]


def gather_rows(folder: Path, seed: int) -> Rows:
    """Every stretch of DS1 that is no shorter than `SHORTEST`, both leads."""
    parts: list[Examples] = []
    for entry in mitbih.records(folder):
        if entry.split == "DS1":
            found = (describe_all(s, entry.record_id, beat_features) for s in stretches(entry, seed, (0, 1)))
            parts += [part for part in found if part.kind.size >= SHORTEST]
            print(f"read {entry.record_id}", file=sys.stderr, flush=True)
    columns = zip(*(vars(part).values() for part in parts), strict=True)
    return Rows(Examples(*map(np.concatenate, columns)), np.cumsum([part.kind.size for part in parts]))


def show_rows(rows: Rows, probability: NDArray[np.float32]) -> NDArray[np.float32]:
    """`row_inputs` of all beats."""
    names = ("pre_s", "post_s", "local_s", "corr_p", "p_best")
    pre, post, local, here, best = (rows.examples.features[:, FEATURES.index(n)].astype(np.float64) for n in names)
    return row_inputs(pre, post, local, log_odds(probability[:, 0]), here, best)


Batches = tuple[NDArray[np.float32], NDArray[np.int64]]


def train_rows(net: RowNet, made_up: Batches, real: list[list[Batches]], steps: int, rate: float, seed: int) -> RowNet:
    """Train on made-up rows; where there are real ones (by record and form), on as many of these, records alike."""
    rng = np.random.default_rng(seed)
    optimizer = torch.optim.AdamW(net.parameters(), lr=rate, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps, pct_start=0.15)
    net.train()
    for _ in range(steps):
        rows, kinds = np.zeros((BATCH, BEATS, CHANNELS), np.float32), np.full((BATCH, BEATS), -1)
        first = BATCH // 2 if real else BATCH
        drawn = rng.integers(0, len(made_up[0]), first)
        rows[:first], kinds[:first] = made_up[0][drawn], made_up[1][drawn]
        for row, kind in zip(rows[first:], kinds[first:], strict=True):
            forms = real[int(rng.integers(len(real)))]
            x, y = forms[int(rng.integers(len(forms)))]
            start = _choose_start(rng, y)
            n = min(BEATS, len(y) - start)
            row[:n], kind[:n] = x[start : start + n], y[start : start + n]
        if rng.random() < HIDE:
            rows[:, :, 6:9] = rows[:, :, 11] = 0
        truth = torch.from_numpy(kinds)
        loss = functional.binary_cross_entropy_with_logits(
            net(torch.from_numpy(rows))[truth >= 0], truth[truth >= 0].float()
        )
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        schedule.step()
    return net.eval()


def _choose_start(rng: np.random.Generator, kind: NDArray[np.int64]) -> int:
    """Where a piece of a long row begins; in every second one with an early beat in it, if there is any."""
    last = max(0, len(kind) - BEATS)
    early = np.flatnonzero(kind == 1)
    if last and early.size and rng.random() < 0.5:
        return int(np.clip(rng.choice(early) - rng.integers(0, BEATS), 0, last))
    return int(rng.integers(0, last + 1))


def judge_row(net: RowNet, row: NDArray[np.float32]) -> NDArray[np.float64]:
    """Log odds of every beat of a row that is as long as may be, shape (beats,)."""
    out = np.zeros(len(row))
    with torch.no_grad():
        for first in range(0, len(row), WHOLE):
            begin, end = max(0, first - HALO), min(len(row), first + WHOLE + HALO)
            odds = net(torch.from_numpy(row[None, begin:end]))[0].numpy()
            out[first : first + WHOLE] = odds[first - begin : first - begin + WHOLE]
    return out


def odds_out_of_fold(
    rows: Rows, shown: NDArray[np.float32], fold: NDArray[np.int64], made_up: Batches, seed: int
) -> NDArray[np.float64]:
    """Log odds of all beats of the first lead by made-up rhythms alone, and with the other folds, shape (2, beats)."""
    torch.manual_seed(seed)
    alone = train_rows(RowNet(), made_up, [], *FIRST, seed)
    examples, odds = rows.examples, np.zeros((2, len(shown)))
    kind = np.where(examples.kind == _S, 1, np.where(examples.kind == 0, 0, -1))
    for k in range(FOLDS):
        by_record: dict[str, dict[str, list[slice]]] = {}
        for at in rows.split():
            if fold[at.start] != k:
                form = f"{examples.piece[at.start]} {examples.dense[at.start]}"
                by_record.setdefault(str(examples.record[at.start]), {}).setdefault(form, []).append(at)
        # Every record counts alike, and so does every form of it: forms with few rows repeat them.
        real = [
            [(shown[at], kind[at]) for some in forms.values() for at in (some * (1 + 60 // len(some)))[:60]]
            for forms in by_record.values()
        ]
        both = train_rows(copy.deepcopy(alone), made_up, real, *THEN, seed + k)
        for at in rows.split():
            if fold[at.start] == k and examples.lead[at.start] == 0:
                odds[:, at] = judge_row(alone, shown[at]), judge_row(both, shown[at])
        print(f"fold {k + 1} of {FOLDS}", file=sys.stderr, flush=True)
    return odds


def main(argv: list[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="A network over rows of beats, taught by made-up rhythms.")
    parser.add_argument("--data", type=Path, required=True, help="MIT-BIH as PhysioNet publishes it")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args(argv)
    torch.set_num_threads(1)
    print(f"{MADE_UP} stretches of {len(RHYTHMS)} kinds of rhythm", file=sys.stderr, flush=True)
    made_up = made_up_rows(MADE_UP, args.seed)
    rows, folds = gather_rows(args.data, args.seed), deal(args.data, args.seed)
    fold = np.array([folds[record] for record in rows.examples.record])
    trees = out_of_fold(rows.examples, folds, args.seed)
    alone, both = odds_out_of_fold(rows, show_rows(rows, trees), fold, made_up, args.seed)
    shipped, use = log_odds(trees[:, 1]), (rows.examples.kind >= 0) & (rows.examples.lead == 0)
    ways = {
        "as shipped": shipped, "made-up rhythms alone": alone, "mean with as shipped": (alone + shipped) / 2,
        "made-up rhythms, then half DS1": both, "mean of these with as shipped": (both + shipped) / 2,
    }  # fmt: skip
    print("| S F1, out of fold, lead 1 | half an hour | 10 s | dense / dense, 10 s |\n|---|---|---|---|")
    for name, odds in ways.items():
        early = 1.0 / (1.0 + np.exp(-odds))
        probability, examples = np.stack([trees[:, 0], early], axis=1)[use].astype(np.float32), rows.examples.take(use)
        views: Figures = measure(examples, probability, choose_thresholds(examples, probability))
        forms = ("half an hour", "10 s", "dense", "dense, 10 s")
        a, b, c, d = (views[f"lead 1, {form}"]["S F1"] for form in forms)
        print(f"| {name} | {a:.3f} | {b:.3f} | {c:.3f} / {d:.3f} |", flush=True)


if __name__ == "__main__":
    main()
