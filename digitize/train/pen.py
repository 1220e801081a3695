"""Train the pen network: ``python -m digitize.train.pen --sheets FOLDER`` on sheets that `digitize.train.bands` draws.

A small U-Net reads one row of the sheet at a time and answers, for every fine column, a distribution over heights and
"no trace". The loss is the cross entropy against the true height, split over the two nearest bins so that the sub-pixel
position survives; columns in which the pen moves fast count more, for there the signal's energy is.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from onnxruntime import InferenceSession
from torch import Tensor, nn
from torch.nn import functional

from digitize.follow import MIN_CONFIDENCE
from digitize.pen import (
    BIN_PX,
    CHANNELS,
    FINE,
    FOLD,
    MULTIPLE_PX,
    PX_PER_MM,
    UNIT,
    ZERO,
    fold_rows,
    follow_heights,
    place_pen,
)
from digitize.train.eightbit import round_weights
from digitize.train.mean import follow
from digitize.train.pen_crops import (
    WIDTH_PX,
    cut_crop,
    draw_batches,
    list_sheets,
    round_band,
    stack_crops,
    unround_band,
)
from digitize.train.pen_net import PenNet, fold_stem

WEIGHTS = Path(__file__).parents[1] / "weights"
OPSET = 17
REPORT, KEEP = 100, 250
"""Steps between lines of the log, and checkpoints."""
MEASURED_PX = 448
"""Height of the crops that are measured on."""
SHOWN = 40
"""Crops that tell how large the numbers in each layer become, when they are made whole."""


Ask = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""A band (1, CHANNELS, H, W) to probabilities (1, H / BIN_PX + 1, FINE W)."""


def measure(ask: Ask, folder: Path, count: int = 96) -> dict[str, float]:
    """How near a network comes on sheets it was not trained on, read as `digitize.follow` reads.

    Returns
    -------
    dict of str to float
        ``snr_db`` over all columns together, a column that is not read counting as the mean; ``error_px_median``; and
        the shares of columns with a trace that were read, and of those without that were read all the same.
    """
    sheets = list_sheets(folder, apart=True)
    rng = np.random.default_rng(0)
    signal = noise = 0.0
    errors, ghosts = [], []
    for k in range(count):
        band, bins = stack_crops([cut_crop(sheets[k % len(sheets)], rng, MEASURED_PX)])
        answer = ask(band.numpy())[0, :-1]
        y_px, sure = place_pen(answer, follow_heights(answer[None])[0])
        truth = bins[0].numpy() * BIN_PX + (BIN_PX - 1) / 2
        inked = (truth > 0) & (truth < MEASURED_PX - 1)
        read = sure >= MIN_CONFIDENCE
        ghosts.append(read[np.isnan(truth)])
        if inked.sum() > FINE * WIDTH_PX / 2:
            middle = truth[inked].mean()
            signal += float(((truth[inked] - middle) ** 2).sum())
            off = np.where(read, y_px, middle)[inked] - truth[inked]
            noise += float((off**2).sum())
            errors.append(np.where(read[inked], off, np.nan))
    known = np.concatenate(errors)
    return {
        "snr_db": round(10 * float(np.log10(signal / noise)), 2),
        "error_px_median": round(float(np.nanmedian(np.abs(known))), 3),
        "share_read": round(float(np.isfinite(known).mean()), 4),
        "share_ghosts": round(float(np.concatenate(ghosts).mean()), 4),
    }


def measure_loss(logits: Tensor, bins: Tensor) -> Tensor:
    """Cross entropy of the two bins about the true height, or of "no trace"; what leaves the crop does not count."""
    last = logits.shape[1] - 2
    none = torch.isnan(bins)
    inside = none | ((bins >= 0) & (bins <= last))
    at = torch.where(none | ~inside, torch.zeros_like(bins), bins)
    lower = at.floor().clamp(max=last - 1)
    share = (at - lower)[:, None]
    lower = lower.long()[:, None]
    logp = logits.log_softmax(1)
    seen = (1 - share) * logp.gather(1, lower) + share * logp.gather(1, lower + 1)
    gained = torch.where(none, logp[:, -1], seen[:, 0])
    slope = functional.pad((at[:, 2:] - at[:, :-2]).abs() * (BIN_PX * FINE / 2), (1, 1))
    weight = inside * (1 + slope.nan_to_num(0).clamp(max=8) / 2)
    return -(gained * weight).sum() / weight.sum().clamp(min=1)


def train(args: argparse.Namespace) -> PenNet:
    """One cycle of learning rate over ``--steps`` batches; goes on from the checkpoint when there is one."""
    torch.manual_seed(args.seed)
    net: PenNet = PenNet().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    mean: PenNet = PenNet()
    mean.load_state_dict(net.state_dict())
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, args.rate, total_steps=args.steps, pct_start=0.1)
    start = 0
    if args.checkpoint.exists():
        kept = torch.load(args.checkpoint, weights_only=True)
        net.load_state_dict(kept["net"])
        mean.load_state_dict(kept["mean"])
        if not args.anew:
            optimizer.load_state_dict(kept["optimizer"])
            schedule.load_state_dict(kept["schedule"])
            start = kept["step"]
    begun, cost = time.monotonic(), 0.0
    batches = draw_batches(args.sheets, args.seed + start, args.batch)
    beside = ThreadPoolExecutor(1)
    drawing = beside.submit(next, batches)
    for step in range(start, args.steps):
        band, bins = drawing.result()
        drawing = beside.submit(next, batches)
        with torch.autocast("cpu", torch.bfloat16):  # twice as fast where the processor knows it
            out = net(band.to(memory_format=torch.channels_last))
        loss = measure_loss(out.float(), bins)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(net.parameters(), 2.0)
        optimizer.step()
        schedule.step()
        follow(mean, net, min(0.999, (step + 1) / (step + 10)))
        cost = 0.98 * cost + 0.02 * float(loss.detach()) if step > start else float(loss.detach())
        if step % REPORT == REPORT - 1:
            line = f"step {step + 1}/{args.steps}  loss {cost:.4f}  {time.monotonic() - begun:.0f} s"
            print(line, file=sys.stderr, flush=True)
        if step % KEEP == KEEP - 1 or step + 1 == args.steps:
            state = {"net": net.state_dict(), "mean": mean.state_dict(), "optimizer": optimizer.state_dict()}
            part = args.checkpoint.with_suffix(".part")
            torch.save({**state, "schedule": schedule.state_dict(), "step": step + 1}, part)
            part.replace(args.checkpoint)
            if step % (4 * KEEP) == 4 * KEEP - 1:
                print(f"  apart: {measure(ask_network(mean), args.sheets)}", file=sys.stderr, flush=True)
    return mean.eval()


def blend(net: PenNet, checkpoint: Path) -> None:
    """Put a network, in place, half way to an earlier one that it was trained on from.

    Two ends of one training lie in the same valley, and the middle is a little better than either (Wortsman et al.
    2022, arXiv 2203.05482).
    """
    follow(net, _load(checkpoint), 0.5)


def _load(checkpoint: Path) -> PenNet:
    net = PenNet()
    net.load_state_dict(torch.load(checkpoint, weights_only=True)["mean"])
    return net


class Reader(nn.Module):
    """The network as it ships: probabilities of one row's heights, and of no trace."""

    def __init__(self, net: PenNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, band: Tensor) -> Tensor:
        out: Tensor = self.net(band).softmax(1)
        return out


def ask_network(net: PenNet) -> Ask:
    """What `measure` asks of a network in training."""
    reader = Reader(net).eval()

    def ask(band: NDArray[np.float32]) -> NDArray[np.float32]:
        with torch.no_grad():
            return np.asarray(reader(torch.from_numpy(band)).numpy(), np.float32)

    return ask


def export(net: PenNet, sheets: Path, command: str, folder: Path) -> None:
    """Write pen.onnx, in eight bits, and its card with what that file does on the sheets apart."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "pen.onnx"
    torch.onnx.export(
        Reader(fold_stem(net)).eval(), (torch.zeros(1, FOLD * CHANNELS, 2 * MULTIPLE_PX // FOLD + 1, 3 * MULTIPLE_PX),),
        str(path), input_names=["band"], output_names=["probability"], opset_version=OPSET, dynamo=False,
        dynamic_axes={"band": {2: "height", 3: "width"}, "probability": {1: "bins", 2: "columns"}},
    )  # fmt: skip
    rng, kept = np.random.default_rng(0), list_sheets(sheets, apart=False)
    shown = (_fold(cut_crop(kept[int(rng.integers(len(kept)))], rng, MEASURED_PX).band) for _ in range(SHOWN))
    round_weights(path, "band", map(unround_band, shown), 1 / UNIT, ZERO)
    session = InferenceSession(path, providers=["CPUExecutionProvider"])
    metrics = measure(lambda band: np.asarray(session.run(None, {"band": _fold(band[0])})[0]), sheets, 400)
    card = {
        "file": path.name,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "inputs": {
            "band": f"uint8 (1, {FOLD * CHANNELS}, H/{FOLD} + 1, W) at {PX_PER_MM:g} px/mm, H and W multiples of "
            f"{MULTIPLE_PX}; see digitize.pen.stack_band and fold_rows"
        },
        "outputs": {
            "probability": f"(1, H/{BIN_PX} + 1, {FINE} W): of each height in bins of {BIN_PX} px, the last of no trace"
        },
        "opset": OPSET,
        "training": {
            "command": command,
            "torch": torch.__version__,
            "data": "PTB-XL signals on pages of digitize.synth",
        },
        "metrics": metrics,
    }
    (folder / "pen.json").write_text(json.dumps(card, indent=2) + "\n")


def _fold(band: NDArray[np.float32]) -> NDArray[np.uint8]:
    return fold_rows(round_band(band))


def main(argv: list[str] | None = None) -> None:
    """Train and export."""
    parser = argparse.ArgumentParser(description="Train the network that follows the pen.")
    parser.add_argument("--sheets", type=Path, required=True, help="folder that digitize.train.bands fills")
    parser.add_argument("--checkpoint", type=Path, default=Path("pen.pt"))
    parser.add_argument("--anew", action="store_true", help="keep the checkpoint's weights, begin a new cycle")
    parser.add_argument("--blend", type=Path, help="an earlier checkpoint: what is exported is the mean of both")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, default=6000)
    parser.add_argument("--batch", type=int, default=12)
    parser.add_argument("--rate", type=float, default=4e-3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    args = parser.parse_args(argv)
    torch.set_num_threads(args.threads)
    net = train(args)
    if args.blend:
        blend(net, args.blend)
    words = f"--steps {args.steps} --batch {args.batch} --rate {args.rate:g} --seed {args.seed}"
    export(net, args.sheets, f"python -m digitize.train.pen --sheets SHEETS {words}", args.out)


if __name__ == "__main__":
    main()
