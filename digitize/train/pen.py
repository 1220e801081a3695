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
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from digitize.pen import BIN_PX, CHANNELS, FINE, PX_PER_MM, stack_band
from digitize.stages import Ink

WEIGHTS = Path(__file__).parents[1] / "weights"
HEIGHT_PX, WIDTH_PX = 448, 384
WIDTHS = (16, 32, 48, 64, 96)
OPSET = 17
REPORT, KEEP, LIST = 100, 500, 50
"""Steps between lines of the log, checkpoints, and looks into the folder for new sheets."""


class Pair(nn.Sequential):
    """Two convolutions, each with its norm."""

    def __init__(self, c_in: int, c_out: int) -> None:
        layers: list[nn.Module] = []
        for c in (c_in, c_out):
            layers += [nn.Conv2d(c, c_out, 3, 1, 1, bias=False), nn.BatchNorm2d(c_out), nn.ReLU()]
        super().__init__(*layers)


class PenNet(nn.Module):
    """Band (n, CHANNELS, H, W) to logits (n, H / BIN_PX + 1, FINE * W): heights from the top, then "no trace"."""

    def __init__(self, widths: tuple[int, ...] = WIDTHS) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(CHANNELS, widths[0], 4, 2, 1), nn.ReLU())
        self.down = nn.ModuleList([Pair(widths[max(k - 1, 0)], c) for k, c in enumerate(widths)])
        self.up = nn.ModuleList([Pair(b + a, a) for a, b in zip(widths[-2::-1], widths[:0:-1], strict=True)])
        self.height = nn.Conv2d(widths[0], 2 * FINE, 1)
        self.none = nn.Sequential(nn.Conv1d(widths[0], 32, 1), nn.ReLU(), nn.Conv1d(32, 2 * FINE, 1))

    def forward(self, band: Tensor) -> Tensor:
        x = self.stem(band)
        kept = []
        for k, pair in enumerate(self.down):
            x = pair(functional.max_pool2d(x, 2) if k else x)
            kept.append(x)
        for pair, skip in zip(self.up, kept[-2::-1], strict=True):
            x = pair(torch.cat([functional.interpolate(x, scale_factor=2.0, mode="nearest"), skip], 1))
        height = self.height(x)  # (n, 2 FINE, H / 2, W / 2): the columns of each cell are its channels
        none = self.none(x.amax(2))[:, :, None]
        out = torch.cat([height, none], 2).permute(0, 2, 3, 1)
        return out.reshape(out.shape[0], out.shape[1], -1)


@dataclass(frozen=True, eq=False)
class Crop:
    """A piece of a row: what the network sees, and the true height of every fine column in bins (NaN: no trace)."""

    band: NDArray[np.float32]
    height_bins: NDArray[np.float32]


def cut_crop(path: Path, rng: np.random.Generator) -> Crop:
    """A random piece of a random row of a saved sheet, somewhat changed in height, light and side."""
    planes = np.load(path, mmap_mode="r")
    name = path.name.split(".")[0]
    baselines = np.load(path.with_name(f"{name}.baselines.npy"))
    row = int(rng.integers(len(baselines)))
    curve = np.load(path.with_name(f"{name}.curves.npy"), mmap_mode="r")[row]
    top = round(baselines[row] - HEIGHT_PX / 2 + rng.normal(0, 45))
    left = int(rng.integers(-40, planes.shape[1] - WIDTH_PX + 40))
    piece = np.empty((HEIGHT_PX, WIDTH_PX, 5), np.uint8)
    piece[:] = (255, 255, 255, 0, 255)
    y0, y1 = max(top, 0), min(top + HEIGHT_PX, planes.shape[0])
    x0, x1 = max(left, 0), min(left + WIDTH_PX, planes.shape[1])
    if y1 > y0:
        piece[y0 - top : y1 - top, x0 - left : x1 - left] = planes[y0:y1, x0:x1]
    height = np.full(FINE * WIDTH_PX, np.nan, np.float32)
    height[FINE * (x0 - left) : FINE * (x1 - left)] = curve[FINE * x0 : FINE * x1]
    unit = piece.astype(np.float32) * np.float32(1 / 255)
    rgb = _change_light(unit[..., :3], rng)
    trace, sure = np.moveaxis(unit[..., 3:], 2, 0)
    ink = Ink(trace, trace, trace, sure)
    guessed = baselines + rng.normal(0, 8, len(baselines))
    band = stack_band(rgb, ink, top, guessed[row], np.delete(guessed, row).tolist())
    bins = (height - top - (BIN_PX - 1) / 2) / BIN_PX
    if rng.random() < 0.2:  # upside down is as good a trace
        band, bins = band[:, ::-1].copy(), HEIGHT_PX / BIN_PX - 1 - bins
        band[5] *= -1
    return Crop(band, bins)


def _change_light(rgb: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Other contrast, other colours, more noise."""
    dark = (1 - rgb) * rng.uniform(0.7, 1.3) * (1 + 0.1 * rng.standard_normal(3).astype(np.float32))
    if rng.random() < 0.3:
        dark += rng.uniform(0, 0.06) * rng.standard_normal(rgb.shape[:2], np.float32)[..., None]
    if rng.random() < 0.15:
        dark[:] = dark.mean(axis=2, keepdims=True)
    return np.asarray(np.clip(255 * (1 - dark), 0, 255), np.uint8)


def draw_batches(folder: Path, seed: int, batch: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Batches for ever, from the sheets that the folder holds at the time."""
    rng = np.random.default_rng(seed)
    while True:
        sheets = sorted(folder.glob("*.planes.npy"))
        if not sheets:
            time.sleep(5)
            continue
        for _ in range(LIST):
            crops = [cut_crop(sheets[int(rng.integers(len(sheets)))], rng) for _ in range(batch)]
            yield (
                torch.from_numpy(np.stack([c.band for c in crops])),
                torch.from_numpy(np.stack([c.height_bins for c in crops])),
            )


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
    for step in range(start, args.steps):
        band, bins = next(batches)
        with torch.autocast("cpu", torch.bfloat16):  # twice as fast where the processor knows it
            out = net(band.to(memory_format=torch.channels_last))
        loss = measure_loss(out.float(), bins)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(net.parameters(), 2.0)
        optimizer.step()
        schedule.step()
        _follow(mean, net, min(0.999, (step + 1) / (step + 10)))
        cost = 0.98 * cost + 0.02 * float(loss.detach()) if step > start else float(loss.detach())
        if step % REPORT == REPORT - 1:
            line = f"step {step + 1}/{args.steps}  loss {cost:.4f}  {time.monotonic() - begun:.0f} s"
            print(line, file=sys.stderr, flush=True)
        if step % KEEP == KEEP - 1 or step + 1 == args.steps:
            state = {"net": net.state_dict(), "mean": mean.state_dict(), "optimizer": optimizer.state_dict()}
            part = args.checkpoint.with_suffix(".part")
            torch.save({**state, "schedule": schedule.state_dict(), "step": step + 1}, part)
            part.replace(args.checkpoint)
    return mean.eval()


def _follow(mean: PenNet, net: PenNet, keep: float) -> None:
    """Running mean of the weights, which generalises better than the last of them."""
    with torch.no_grad():
        for kept, new in zip(mean.state_dict().values(), net.state_dict().values(), strict=True):
            if kept.is_floating_point():
                kept.lerp_(new, 1 - keep)
            else:
                kept.copy_(new)


class Reader(nn.Module):
    """The network as it ships: probabilities of one row's heights, and of no trace."""

    def __init__(self, net: PenNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, band: Tensor) -> Tensor:
        out: Tensor = self.net(band).softmax(1)
        return out


def export(net: PenNet, metrics: dict[str, float], command: str, folder: Path) -> None:
    """Write pen.onnx and its card."""
    path = folder / "pen.onnx"
    torch.onnx.export(
        Reader(net).eval(), (torch.zeros(1, CHANNELS, 64, 96),), str(path),
        input_names=["band"], output_names=["probability"], opset_version=OPSET, dynamo=False,
        dynamic_axes={"band": {2: "height", 3: "width"}, "probability": {1: "bins", 2: "columns"}},
    )  # fmt: skip
    card = {
        "file": path.name,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "inputs": {
            "band": f"float32 (1, {CHANNELS}, H, W) at {PX_PER_MM:g} px/mm, H and W multiples of 32; "
            "see digitize.pen.stack_band"
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


def main(argv: list[str] | None = None) -> None:
    """Train and export."""
    parser = argparse.ArgumentParser(description="Train the network that follows the pen.")
    parser.add_argument("--sheets", type=Path, required=True, help="folder that digitize.train.bands fills")
    parser.add_argument("--checkpoint", type=Path, default=Path("pen.pt"))
    parser.add_argument("--anew", action="store_true", help="keep the checkpoint's weights, begin a new cycle")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, default=6000)
    parser.add_argument("--batch", type=int, default=12)
    parser.add_argument("--rate", type=float, default=4e-3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    args = parser.parse_args(argv)
    torch.set_num_threads(args.threads)
    net = train(args)
    words = f"--steps {args.steps} --batch {args.batch} --rate {args.rate:g} --seed {args.seed}"
    export(net, {}, f"python -m digitize.train.pen --sheets SHEETS {words}", args.out)


if __name__ == "__main__":
    main()
