"""Networks over rows of beats, taught by made-up rhythms and then by real ones: which beats come too early from above.

The line sees a beat and what is usual around it; the networks see its neighbours one by one, and so tell a run, a
pattern or fibrillation from a beat that is early. One is as good as chance made it; their mean is steadier.
"""

from __future__ import annotations

import copy
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from analyze.beatclass import log_odds
from analyze.beatclass_features import FEATURES
from analyze.beatclass_rhythm import local_median
from analyze.classify import to_probability
from analyze.train.beats_data import CLASSES, Examples
from analyze.train.beats_simulated import draw_rhythm

BEATS, SHORTEST = 64, 6
"""Longest and shortest row that is learnt from."""
SHOWN = ("pre_s", "post_s", "local_s", "corr_p", "p_best")
"""Features that the network is shown, beside the odds of a ventricular beat."""
CHANNELS = 13
"""What is known of each beat, the last being that there is one."""
NETS = 3
MADE_UP, BATCH = 26_000, 48
FIRST, THEN = (1800, 4e-3), (300, 2e-3)
"""Steps and greatest rate on made-up rhythms alone, and then with real ones."""
REAL = 0.5
"""Share of real rows in a batch then."""
ROWS_SHARE = 0.5
"""The networks' share in the log odds of an early beat; the rest is the line's."""
REACHES, WIDTH = (1, 2, 4, 8, 4, 1), 32
HIDE = 0.15
"""How often shapes and P waves are hidden, so that intervals are not left to them."""
REACH_S, USUAL = (0.1, 6.0), -0.22
"""Intervals are held within these seconds; the logarithm that is shown as 0, at 75 beats a minute."""
RATIO, ODDS, ODDS_UNIT, FARTHEST = 3.0, 8.0, 4.0, 4.0
"""What logarithms of ratios are multiplied by, within what log odds are held and divided by what, and all is held."""
_N, _S = CLASSES.index("N"), CLASSES.index("S")

Rows = tuple[NDArray[np.float32], NDArray[np.int64]]
"""What is shown of beats and their classes: 1 early, 0 normal, else -1."""


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
    pre, post, local = (np.log(np.clip(part, *REACH_S)) - USUAL for part in (pre_s, post_s, local_s))
    ratios = (RATIO * (pre - local), RATIO * (post - local), RATIO * (post - pre))
    known = (np.isfinite(part) for part in (pre, post, p_here))
    odds = np.clip(ventricular, -ODDS, ODDS) / ODDS_UNIT
    shown = (pre, post, *ratios, local, odds, p_here, p_best, *known, np.ones(pre.size))
    return np.clip(np.nan_to_num(np.stack(shown, axis=1).astype(np.float32)), -FARTHEST, FARTHEST)


def made_up_rows(count: int, seed: int) -> Rows:
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


def show_rows(features: NDArray[np.float32], ventricular: NDArray[np.float32]) -> NDArray[np.float32]:
    """`row_inputs` of beats, of their features (beats, `FEATURES`) and probabilities of a ventricular one (beats,)."""
    pre, post, local, here, best = (features[:, FEATURES.index(name)].astype(np.float64) for name in SHOWN)
    return row_inputs(pre, post, local, log_odds(ventricular), here, best)


def train_rows(net: RowNet, made_up: Rows, real: list[list[list[Rows]]], steps: int, rate: float, seed: int) -> RowNet:
    """Train on made-up rows, and on real ones where there are any: by record, form and row, each drawn alike often."""
    rng = np.random.default_rng(seed)
    optimizer = torch.optim.AdamW(net.parameters(), lr=rate, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps, pct_start=0.15)
    net.train()
    for _ in range(steps):
        rows, kinds = np.zeros((BATCH, BEATS, CHANNELS), np.float32), np.full((BATCH, BEATS), -1)
        first = BATCH - round(REAL * BATCH) if real else BATCH
        drawn = rng.integers(0, len(made_up[0]), first)
        rows[:first], kinds[:first] = made_up[0][drawn], made_up[1][drawn]
        for row, kind in zip(rows[first:], kinds[first:], strict=True):
            forms = real[int(rng.integers(len(real)))]
            form = forms[int(rng.integers(len(forms)))]
            x, y = form[int(rng.integers(len(form)))]
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


@dataclass(frozen=True, eq=False)
class Taught:
    """Networks that made-up rhythms taught, and these."""

    nets: tuple[RowNet, ...]
    made_up: Rows


def teach_rows(seed: int) -> Taught:
    """Teach networks by made-up rhythms alone."""
    torch.manual_seed(seed)
    made_up = made_up_rows(MADE_UP, seed)
    return Taught(tuple(train_rows(RowNet(), made_up, [], *FIRST, seed + k) for k in range(NETS)), made_up)


def fit_rows(
    taught: Taught, examples: Examples, shown: NDArray[np.float32], which: NDArray[np.bool_], seed: int
) -> list[RowNet]:
    """Train copies of what made-up rhythms taught on rows of ``examples`` too, those of the beats ``which``."""
    kind = np.select([examples.kind == _S, examples.kind == _N], [1, 0], -1)
    by_record: dict[str, dict[str, list[Rows]]] = {}
    for at in examples.rows():
        if which[at.start] and at.stop - at.start >= SHORTEST:
            form = f"{examples.piece[at.start]} {examples.dense[at.start]}"
            forms = by_record.setdefault(str(examples.record[at.start]), {})
            forms.setdefault(form, []).append((shown[at], kind[at]))
    real = [list(forms.values()) for forms in by_record.values()]
    return [train_rows(copy.deepcopy(net), taught.made_up, real, *THEN, seed + k) for k, net in enumerate(taught.nets)]


def judge_rows(nets: Sequence[RowNet], examples: Examples, shown: NDArray[np.float32]) -> NDArray[np.float64]:
    """Log odds of all beats, the mean of the networks', shape (beats,)."""
    with torch.no_grad():
        rows = [torch.from_numpy(shown[None, at]) for at in examples.rows()]
        return np.mean([torch.cat([net(row)[0] for row in rows]).numpy() for net in nets], axis=0, dtype=np.float64)


def rows_out_of_fold(
    taught: Taught, examples: Examples, fold: NDArray[np.int64], shown: NDArray[np.float32], seed: int
) -> NDArray[np.float64]:
    """Log odds of all beats by networks that have not seen their patients, shape (beats,)."""
    odds = np.zeros(fold.size)
    for k in range(fold.max() + 1):
        nets = fit_rows(taught, examples, shown, fold != k, seed + NETS * k)
        odds[fold == k] = judge_rows(nets, examples.take(fold == k), shown[fold == k])
        print(f"rows, fold {k + 1} of {fold.max() + 1}", file=sys.stderr, flush=True)
    return odds


def combine(judged: NDArray[np.float32], rows: NDArray[np.float64], share: float = ROWS_SHARE) -> NDArray[np.float32]:
    """Probabilities (beat, 2) of trees and of the line, the networks' log odds (beat,) mixed into the second."""
    odds = share * rows + (1.0 - share) * log_odds(judged[:, 1])
    return np.stack([judged[:, 0], to_probability(odds)], axis=1).astype(np.float32)
