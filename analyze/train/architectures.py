"""Known architectures on the trace itself, on one split: ``python -m analyze.train.architectures --data PTB-XL``.

What ships looks at representative beats and measurements instead; this says what it was preferred to. All networks get
the same crops of 2.5 s, the same steps, and answer for a record by their mean over six crops.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import RidgeClassifier
from torch import Tensor, nn
from torch.nn import functional

from analyze.classinput import Singles
from analyze.train.diagnosis_data import choose_labels, mark_labels
from analyze.train.measures import macro_auc
from analyze.train.networks import CHANNELS, build
from analyze.train.trace import TRACE_HZ, TRACE_S, take_trace
from digitize.datasets import load, ptbxl, split_by_patient
from digitize.datasets.ptbxl import SUPERCLASSES, PtbxlEntry

NAMES = ("resnet", "cnn-bilstm", "cnn-transformer", "cnn-bilstm-transformer", "state-space")
CROP, CROPS = 250, 6
BATCH, DECAY, MIXUP, MINOR = 64, 0.02, 0.3, 0.3
RATES = {"resnet": 3e-3, "cnn-bilstm": 3e-3}
RATE = 2e-3
KERNELS = 1000


def read_traces(entries: Sequence[PtbxlEntry], path: Path) -> NDArray[np.float16]:
    """Traces of all records, (record, CHANNELS, time), kept in a file."""
    if path.exists():
        return np.asarray(np.load(path, mmap_mode="r"))
    traces = np.lib.format.open_memmap(path, "w+", np.float16, (len(entries), CHANNELS, TRACE_S * TRACE_HZ))
    for k, entry in enumerate(entries):
        traces[k] = take_trace(load(entry))
    traces.flush()
    return traces


def train_on_traces(
    name: str, traces: NDArray[np.float16], truth: Singles, rows: NDArray[np.int64], epochs: int, seed: int
) -> nn.Module:
    """Train one architecture on crops."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    net = build(name, truth.shape[1])
    rate = RATES.get(name, RATE)
    optimizer = torch.optim.AdamW(net.parameters(), rate, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, rate, total_steps=epochs * (len(rows) // BATCH), pct_start=0.25
    )
    weight = torch.full((truth.shape[1],), MINOR)
    weight[: len(SUPERCLASSES)] = 1.0
    for _ in range(epochs):
        order = rng.permutation(rows)
        for k in range(len(order) // BATCH):
            at = order[k * BATCH : (k + 1) * BATCH]
            first = rng.integers(0, traces.shape[2] - CROP + 1, BATCH)
            x = np.stack([traces[row, :, a : a + CROP] for row, a in zip(at, first, strict=True)]).astype(np.float32)
            x[:, :12] *= np.exp(0.1 * rng.standard_normal((BATCH, 1, 1))).astype(np.float32)
            share, other = float(rng.beta(MIXUP, MIXUP)), rng.permutation(BATCH)
            band, y = torch.from_numpy(x), torch.from_numpy(truth[at])
            out = net(share * band + (1 - share) * band[other])
            loss = functional.binary_cross_entropy_with_logits(out, share * y + (1 - share) * y[other], weight)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
    return net.eval()


def judge_traces(net: nn.Module, traces: NDArray[np.float16]) -> Singles:
    """Mean probability over evenly spread crops, (record, label)."""
    said = []
    with torch.no_grad():
        for first in np.linspace(0, traces.shape[2] - CROP, CROPS).astype(int):
            x = torch.from_numpy(traces[:, :, first : first + CROP].astype(np.float32))
            said.append(torch.cat([net(x[k : k + 256]).sigmoid() for k in range(0, len(x), 256)]).numpy())
    return np.asarray(np.mean(said, axis=0), np.float32)


def describe_at_random(traces: NDArray[np.float16], seed: int) -> Singles:
    """Random convolutions (ROCKET; Dempster et al. 2020, arXiv 1910.13051): maximum and share above zero of each."""
    rng = np.random.default_rng(seed)
    x = torch.from_numpy(traces[:, :12].astype(np.float32))
    parts = []
    for _ in range(KERNELS):
        length, spread = int(rng.choice([7, 9, 11])), int(2 ** rng.uniform(0, 5))
        leads = rng.permutation(12)[: int(2 ** rng.uniform(0, 3.58))]
        kernel = rng.standard_normal((1, len(leads), length)).astype(np.float32)
        kernel -= kernel.mean(axis=2, keepdims=True)
        y: Tensor = functional.conv1d(x[:, leads], torch.from_numpy(kernel), dilation=spread)[:, 0]
        bias = float(np.quantile(y[int(rng.integers(len(y)))].numpy(), rng.random()))
        parts += [y.amax(1), (y > bias).float().mean(1)]
    return np.asarray(torch.stack(parts, 1).numpy(), np.float32)


def main(argv: list[str] | None = None) -> None:
    """Train every architecture on the same folds and print a table."""
    parser = argparse.ArgumentParser(description="Compare architectures on one split.")
    parser.add_argument("--data", type=Path, required=True, help="a PTB-XL folder")
    parser.add_argument("--out", type=Path, default=Path("architectures"))
    parser.add_argument("--epochs", type=int, default=24)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", action="append", choices=(*NAMES, "random-features"))
    args = parser.parse_args(argv)
    torch.set_num_threads(1)
    args.out.mkdir(parents=True, exist_ok=True)
    entries = ptbxl.records(args.data).entries
    truth = mark_labels(entries, choose_labels(entries))
    traces = read_traces(entries, args.out / "traces.npy")
    fold = split_by_patient(entries, 5, args.seed, lambda entry: entry.superclasses)
    rows, held = np.flatnonzero(fold != 0), np.flatnonzero(fold == 0)
    heads = truth[:, : len(SUPERCLASSES)]
    for name in args.only or (*NAMES, "random-features"):
        begun = time.process_time()
        if name == "random-features":
            features = describe_at_random(traces, args.seed)
            features = (features - features[rows].mean(0)) / (features[rows].std(0) + 1e-6)
            ridge = [RidgeClassifier(alpha=3000.0).fit(features[rows], y[rows]) for y in heads.T]
            score = np.stack([r.decision_function(features[held]) for r in ridge], axis=1)
            size = KERNELS
        else:
            net = train_on_traces(name, traces, truth, rows, args.epochs, args.seed)
            score = judge_traces(net, traces[held])[:, : len(SUPERCLASSES)]
            size = sum(p.numel() for p in net.parameters())
        auc = macro_auc(heads[held], score)
        line = f"| {name} | {size:,} | {auc:.4f} | {time.process_time() - begun:.0f} s |\n"
        sys.stdout.write(line)
        sys.stdout.flush()


if __name__ == "__main__":
    main()
