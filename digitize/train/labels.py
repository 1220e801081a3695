"""Train the lead-label reader on synthetic print and export it: ``python -m digitize.train.labels``.

Takes about twenty minutes on one core, less with ``--start`` from weights that know most classes. Needs the extra
``train`` and the fonts that `digitize.train.label_crops`
names (Debian: fonts-liberation, fonts-dejavu, fonts-freefont-ttf, fonts-urw-base35, fonts-croscore).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import time
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset

from digitize.labels import BOX_UNIT_PX, CLASSES, PX_PER_MM, STRIDE_PX
from digitize.train.label_crops import PATCH_PX, Patch, draw_patch

WEIGHTS = Path(__file__).parents[1] / "weights"
CELLS = PATCH_PX // STRIDE_PX
IGNORE = -1
OPSET = 17


class LabelNet(nn.Module):
    """Darkness (n, 1, H, W) to class logits and box distances (n, classes + 4, H / 8, W / 8)."""

    def __init__(self) -> None:
        super().__init__()

        def block(c_in: int, c_out: int, kernel: int = 3, stride: int = 1, dilation: int = 1) -> nn.Sequential:
            pad = dilation * (kernel // 2)
            conv = nn.Conv2d(c_in, c_out, kernel, stride, pad, dilation, bias=False)
            return nn.Sequential(conv, nn.BatchNorm2d(c_out), nn.ReLU())

        self.stem = nn.Sequential(block(1, 16, 5, 2), block(16, 32, 3, 2), block(32, 48), block(48, 80, 3, 2))
        self.body = nn.ModuleList([block(80, 80), block(80, 80, dilation=2), block(80, 80)])
        self.head = nn.Conv2d(80, len(CLASSES) + 4, 1)
        with torch.no_grad():
            assert self.head.bias is not None
            self.head.bias[0] = 4.0

    def forward(self, darkness: Tensor) -> Tensor:
        x = self.stem(darkness)
        for block in self.body:
            x = x + block(x)
        out: Tensor = self.head(x)
        return out


def lay_targets(patch: Patch) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Class of every cell (IGNORE around and at the rim of labels) and its distances to the box's four sides."""
    kinds = np.zeros((CELLS, CELLS), np.int64)
    sides = np.zeros((4, CELLS, CELLS), np.float32)
    y, x = np.mgrid[:CELLS, :CELLS].astype(np.float32) * STRIDE_PX
    inside = []
    for kind, (left, top, right, bottom) in zip(patch.classes, patch.boxes_px, strict=True):
        kinds[(x > left - 5) & (x < right + 5) & (y > top - 5) & (y < bottom + 5)] = IGNORE
        seen = (min(right, PATCH_PX) - max(left, 0)) * (min(bottom, PATCH_PX) - max(top, 0))
        if right > 0 and bottom > 0 and seen > 0.85 * (right - left) * (bottom - top):
            inside.append((kind, left, top, right, bottom))
    for kind, left, top, right, bottom in inside:
        reach_x, reach_y = max(4.1, 0.2 * (right - left)), max(4.1, 0.25 * (bottom - top))
        core = (abs(x - (left + right) / 2) <= reach_x) & (abs(y - (top + bottom) / 2) <= reach_y)
        kinds[core] = kind
        sides[:, core] = np.stack([x - left, y - top, right - x, bottom - y])[:, core] / BOX_UNIT_PX
    return kinds, sides


class Patches(Dataset[tuple[Tensor, Tensor, Tensor]]):
    """Patches drawn from a seed, with their targets."""

    def __init__(self, seed: int, count: int) -> None:
        self.seed, self.count = seed, count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor, Tensor]:
        patch = draw_patch(self.seed, index)
        kinds, sides = lay_targets(patch)
        return torch.from_numpy(patch.darkness)[None], torch.from_numpy(kinds), torch.from_numpy(sides)


def measure_loss(out: Tensor, kinds: Tensor, sides: Tensor) -> Tensor:
    """Focal loss over cells (Lin et al. 2017, gamma 2) plus smooth L1 over the boxes of label cells."""
    logits, box = out[:, : len(CLASSES)], out[:, len(CLASSES) :]
    cost = functional.cross_entropy(logits, kinds, ignore_index=IGNORE, reduction="none", label_smoothing=0.01)
    true = logits.softmax(1).gather(1, kinds.clamp(min=0)[:, None])[:, 0]
    label = kinds > 0
    count = label.sum().clamp(min=1)
    boxes = functional.smooth_l1_loss(box, sides, reduction="none", beta=0.2).mean(1)
    return (((1 - true) ** 2 * cost)[kinds != IGNORE].sum() + boxes[label].sum()) / count


def resume(net: LabelNet, weights: Path, known: list[str], darkness: Tensor) -> None:
    """Put weights that ship into a fresh network, in place.

    The shipped convolutions hold their normalisation. It is taken out again by what ``darkness`` measures at each
    layer, so that the network answers as before and can be trained on. A class that the weights do not know begins
    as the known one that ends most alike: -aVR as aVR.

    Parameters
    ----------
    net : LabelNet
    weights : Path
        An exported labels.onnx.
    known : list of str
        Its classes.
    darkness : Tensor, shape (n, 1, H, W)
        Patches to measure by.
    """
    import onnx

    graph = onnx.load(str(weights)).graph
    arrays = {i.name: torch.from_numpy(onnx.numpy_helper.to_array(i).copy()) for i in graph.initializer}
    convs = [node.input for node in graph.node if node.op_type == "Conv"]
    blocks = [block for block in (*net.stem, *net.body) if isinstance(block, nn.Sequential)]

    def normalise(norm: nn.Module, args: tuple[Tensor]) -> None:
        assert isinstance(norm, nn.BatchNorm2d)
        mean, var = args[0].mean((0, 2, 3)), args[0].var((0, 2, 3))
        norm.running_mean, norm.running_var = mean, var
        norm.weight.data = (var + norm.eps).sqrt()
        norm.bias.data = mean + norm.bias.data

    hooks = []
    for block, names in zip(blocks, convs, strict=False):
        conv, norm = block[0], block[1]
        assert isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d)
        conv.weight.data = arrays[names[1]]
        norm.bias.data = arrays[names[2]]
        hooks.append(norm.register_forward_pre_hook(normalise))
    net.eval()
    with torch.no_grad():
        net(darkness)
    for hook in hooks:
        hook.remove()
    last = convs[len(blocks)]
    rows = [max(range(len(known)), key=lambda k: (known[k] == name, _count_alike(known[k], name))) for name in CLASSES]
    rows += range(len(known), len(known) + 4)
    assert net.head.bias is not None
    net.head.weight.data, net.head.bias.data = arrays[last[1]][rows], arrays[last[2]][rows]
    net.train()


def _count_alike(a: str, b: str) -> int:
    """How many letters two names have in common at their ends."""
    return next((k for k, (x, y) in enumerate(zip(a[::-1], b[::-1], strict=False)) if x != y), min(len(a), len(b)))


def train(seed: int, patches: int, batch: int, workers: int, start: Path | None = None) -> LabelNet:
    """One pass over freshly drawn patches with a one-cycle learning rate, from ``start`` or from nothing."""
    torch.manual_seed(seed)
    net: LabelNet = LabelNet()
    if start:
        known = json.loads(start.with_suffix(".json").read_text())["classes"]
        resume(net, start, known, torch.stack([Patches(seed, 64)[k][0] for k in range(64)]))
    net = net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    steps, rate = patches // batch, 1e-3 if start else 4e-3
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps, pct_start=0.15)
    begun, mean = time.monotonic(), 0.0
    for step, (darkness, kinds, sides) in enumerate(DataLoader(Patches(seed, patches), batch, num_workers=workers)):
        with torch.autocast("cpu", torch.bfloat16):  # twice as fast where the processor knows it
            out = net(darkness.to(memory_format=torch.channels_last))
        loss = measure_loss(out.float(), kinds, sides)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimizer.step()
        schedule.step()
        mean = 0.98 * mean + 0.02 * float(loss.detach()) if step else float(loss.detach())
        if step % 100 == 99:
            print(
                f"step {step + 1}/{steps}  loss {mean:.3f}  {time.monotonic() - begun:.0f} s",
                file=sys.stderr,
                flush=True,
            )
    return net.eval()


def fit_temperature(net: LabelNet, seed: int, count: int) -> tuple[float, dict[str, float]]:
    """Temperature with the least log loss on label cells and the cells that pass for labels, and held-out metrics."""
    logits_kept, kinds_kept = [], []
    with torch.no_grad():
        for darkness, kinds, _ in DataLoader(Patches(seed, count), 32):
            logits = net(darkness)[:, : len(CLASSES)].permute(0, 2, 3, 1).reshape(-1, len(CLASSES))
            flat = kinds.reshape(-1)
            keep = (flat > 0) | ((flat == 0) & (logits.softmax(1)[:, 0] < 0.9))
            logits_kept.append(logits[keep])
            kinds_kept.append(flat[keep])
    logits, kinds = torch.cat(logits_kept), torch.cat(kinds_kept)
    grid = np.geomspace(0.3, 3, 60)
    losses = [float(functional.cross_entropy(logits / t, kinds)) for t in grid]
    best = float(grid[int(np.argmin(losses))])
    label = kinds > 0
    chosen = logits.argmax(1)
    metrics = {
        "cell_recall": float((chosen[label] > 0).float().mean()),
        "cell_name_accuracy": float((chosen == kinds)[label & (chosen > 0)].float().mean()),
        "cell_precision": float(label[chosen > 0].float().mean()),
    }
    return best, {name: round(value, 4) for name, value in metrics.items()}


class Reader(nn.Module):
    """The network as it ships: probabilities at the fitted temperature, box distances in pixels."""

    def __init__(self, net: LabelNet, temperature: float) -> None:
        super().__init__()
        self.net, self.temperature = net, temperature

    def forward(self, darkness: Tensor) -> tuple[Tensor, Tensor]:
        out = self.net(darkness)
        probability = (out[:, : len(CLASSES)] / self.temperature).softmax(1)
        return probability, out[:, len(CLASSES) :] * BOX_UNIT_PX


def export(net: LabelNet, temperature: float, metrics: dict[str, float], command: str, folder: Path) -> None:
    """Write labels.onnx and its card."""
    path = folder / "labels.onnx"
    net.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    reader = Reader(net, temperature).eval()
    torch.onnx.export(
        reader, (torch.zeros(1, 1, 64, 96),), str(path),
        input_names=["darkness"], output_names=["probability", "sides_px"], opset_version=OPSET, dynamo=False,
        dynamic_axes={"darkness": {2: "height", 3: "width"}, "probability": {2: "rows", 3: "columns"},
                      "sides_px": {2: "rows", 3: "columns"}},
    )  # fmt: skip
    card = {
        "file": path.name,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "inputs": {
            "darkness": f"float32 (1, 1, H, W), 0..1, ink on paper at {PX_PER_MM:g} px/mm, H and W multiples of 8"
        },
        "outputs": {
            "probability": f"(1, {len(CLASSES)}, H/8, W/8)",
            "sides_px": "(1, 4, H/8, W/8): to left, top, right, bottom",
        },
        "classes": list(CLASSES),
        "opset": OPSET,
        "temperature": round(temperature, 4),
        "training": {
            "command": command,
            "torch": torch.__version__,
            "data": "synthetic print only, drawn from the seed",
        },
        "metrics": metrics | {"on": "4000 held-out synthetic patches, seed + 1"},
    }
    (folder / "labels.json").write_text(json.dumps(card, indent=2) + "\n")


def main(argv: list[str] | None = None) -> None:
    """Train, calibrate, export."""
    parser = argparse.ArgumentParser(description="Train the lead-label reader.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--patches", type=int, default=128_000)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--start", type=Path, help="an exported labels.onnx to go on from, its card beside it")
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    args = parser.parse_args(argv)
    torch.set_num_threads(1)
    net = train(args.seed, args.patches, args.batch, args.workers, args.start)
    temperature, metrics = fit_temperature(net, args.seed + 1, 4000)
    command = f"python -m digitize.train.labels --seed {args.seed} --patches {args.patches} --batch {args.batch}"
    if args.start:
        command += f" --start (weights of sha256 {hashlib.sha256(args.start.read_bytes()).hexdigest()[:12]})"
    export(net, temperature, metrics, command, args.out)
    print(json.dumps({"temperature": temperature, **metrics}), file=sys.stderr)


if __name__ == "__main__":
    main()
