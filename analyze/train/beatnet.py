"""Train the network that reads the representative beats: residual convolutions over all leads at once."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from analyze.classinput import Singles
from analyze.train.diagnosis_data import Inputs
from analyze.train.networks import build
from digitize.train.mean import follow

Cost = Callable[[Tensor, Tensor], Tensor]

BATCH, RATE, DECAY, MIXUP = 64, 3e-3, 0.02, 0.3
MINOR = 0.3
"""Weight in the loss of what is no superclass."""
MIXED_GAIN, LEAD_GAIN, NOISE_MV, LOST_LEAD, HIDDEN = 0.10, 0.05, 0.03, 0.08, 0.3
SHIFT = 4
"""Samples by which the QRS onset may be off."""
NOISE_STEP = 8


def train_net(
    forms: Sequence[Inputs], truth: Singles, rows: NDArray[np.int64], heads: int, epochs: int, seed: int,
    checkpoint: Path | None = None, name: str = "resnet", begin: nn.Module | None = None, cost: Cost | None = None,
) -> nn.Module:  # fmt: skip
    """Train one network on the records ``rows``, each time in a form drawn at random.

    On a graphics card, where there is one, its layers run in 16 bits. There is no early stopping: the rate falls to
    nothing over the epochs, the mean of the weights is kept, and the few records that could be held back mislead.

    Parameters
    ----------
    forms : sequence of Inputs
    truth : ndarray, shape (record, label)
    rows : ndarray of int
    heads : int
        How many of the labels, from the first, are superclasses and count in full.
    epochs, seed : int
    checkpoint : Path, optional
        Written after every epoch, and gone on from when it is there.
    name : str
        See `analyze.train.networks.build`.
    begin : Module, optional
        A network that was trained for something else; all but its last layer is taken over.
    cost : callable, optional
        Of log odds and truth (n, label); cross-entropy, in which superclasses count in full, when left out.

    Returns
    -------
    Module
        With the running mean of the weights.
    """
    torch.manual_seed(seed)
    net, mean = build(name, truth.shape[1]), build(name, truth.shape[1])
    if begin is not None:
        kept = {key: value for key, value in begin.state_dict().items() if ".out." not in key}
        net.load_state_dict(kept, strict=False)
    mean.load_state_dict(net.state_dict())
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    net, mean = net.to(device), mean.to(device)
    optimizer = torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=DECAY)
    steps = epochs * (len(rows) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps, pct_start=0.25)
    weight = weigh(truth.shape[1], heads)
    cost = cost or (lambda out, y: functional.binary_cross_entropy_with_logits(out, y, weight))
    parts = {"net": net, "mean": mean, "optimizer": optimizer, "schedule": schedule}
    first = _resume(checkpoint, parts)
    for epoch in range(first, epochs):
        net.train()
        spent = []
        for x, y in _draw_batches(forms, truth, rows, np.random.default_rng([seed, epoch])):
            with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
                out = net(x.to(device))
            loss = cost(out.float().cpu(), y)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
            follow(mean, net, min(0.99, (schedule.last_epoch + 1) / (schedule.last_epoch + 10)))
            spent.append(float(loss.detach()))
        _save(checkpoint, parts, epoch + 1)
        if epoch % 10 == 9 or epoch + 1 == epochs:
            print(f"  epoch {epoch + 1}/{epochs}  loss {np.mean(spent):.4f}", file=sys.stderr, flush=True)
    return mean.cpu().eval()


def weigh(labels: int, heads: int) -> Tensor:
    """Weight of each label in the loss, shape (label,)."""
    weight = torch.full((labels,), MINOR)
    weight[:heads] = 1.0
    return weight


def load_net(checkpoint: Path, labels: int, name: str = "resnet") -> nn.Module:
    """The network of a checkpoint that `train_net` has left."""
    net = build(name, labels)
    net.load_state_dict(torch.load(checkpoint, weights_only=True, map_location="cpu")["mean"])
    return net.eval()


def predict(net: nn.Module, beat: NDArray[np.float16]) -> Singles:
    """Log odds of every label, shape (record, label)."""
    with torch.no_grad():
        parts = [net(torch.from_numpy(beat[k : k + 256].astype(np.float32))) for k in range(0, len(beat), 256)]
    return np.asarray(torch.cat(parts).numpy(), np.float32)


def _draw_batches(
    forms: Sequence[Inputs], truth: Singles, rows: NDArray[np.int64], rng: np.random.Generator
) -> Iterator[tuple[Tensor, Tensor]]:
    """One epoch of changed and mixed beats."""
    order = rng.permutation(rows)
    for k in range(len(order) // BATCH):
        at = order[k * BATCH : (k + 1) * BATCH]
        drawn = rng.integers(len(forms), size=BATCH)
        beat = np.stack([forms[form].beat[row] for form, row in zip(drawn, at, strict=True)]).astype(np.float32)
        share, other = float(rng.beta(MIXUP, MIXUP)), rng.permutation(BATCH)
        x, y = torch.from_numpy(_change(beat, rng)), torch.from_numpy(truth[at])
        yield share * x + (1 - share) * x[other], share * y + (1 - share) * y[other]


def _change(beat: Singles, rng: np.random.Generator) -> Singles:
    """Other gains, some noise, leads and waves hidden, the QRS onset a little off; shape (n, 24, time) kept."""
    n, _, time = beat.shape
    gain = np.exp(MIXED_GAIN * rng.standard_normal((n, 1, 1)) + LEAD_GAIN * rng.standard_normal((n, 12, 1)))
    knots = rng.standard_normal((n, 12, time // NOISE_STEP + 1))
    noise = np.repeat(knots, NOISE_STEP, axis=2)[..., :time] * NOISE_MV * rng.random((n, 1, 1))
    seen = beat[:, 12:] * (rng.random((n, 12, 1)) > LOST_LEAD)
    for k in np.flatnonzero(rng.random(n) < HIDDEN):
        edges = np.sort(rng.integers(0, time, 2))
        seen[k, rng.random(12) < rng.random(), edges[0] : edges[1]] = 0.0
    changed = np.concatenate([(beat[:, :12] * gain + noise) * seen, seen], axis=1)
    return np.roll(changed, int(rng.integers(-SHIFT, SHIFT + 1)), axis=2).astype(np.float32)


def _resume(checkpoint: Path | None, parts: dict) -> int:  # type: ignore[type-arg]
    if checkpoint is None or not checkpoint.exists():
        return 0
    kept = torch.load(checkpoint, weights_only=True, map_location="cpu")
    for name, part in parts.items():
        part.load_state_dict(kept[name])
    return int(kept["epoch"])


def _save(checkpoint: Path | None, parts: dict, epoch: int) -> None:  # type: ignore[type-arg]
    if checkpoint is not None:
        part = checkpoint.with_suffix(".part")
        torch.save({"epoch": epoch, **{name: value.state_dict() for name, value in parts.items()}}, part)
        part.replace(checkpoint)
