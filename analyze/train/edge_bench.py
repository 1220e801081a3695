"""What the exports cost and what 8 bits lose: sizes, seconds, and AUC on records that the networks have not seen."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch

from analyze.classinput import Singles
from analyze.train import beatnet
from analyze.train import edge_formats as formats
from analyze.train.diagnosis import NETS as SEEDS
from analyze.train.diagnosis_options import name_apart
from analyze.train.edge import HEARTS, HEARTS_SEED, NETS, RANGE_HEARTS, RANGE_SEED, draw_beats
from analyze.train.edge_formats import Edge, Judge, read_trained
from analyze.train.measures import macro_auc
from analyze.train.training import Training, read_training
from digitize.datasets.ptbxl import SUPERCLASSES

RUNS = 200
FORMS = ("whole", "3x4")


def time_formats(beats: Singles, ranges: Singles) -> Iterator[tuple[str, int, float, float, float]]:
    """Name, bytes, median milliseconds a beat, largest and mean difference from torch, of every format."""
    trained = read_trained(NETS)
    graph = formats.to_onnx(trained.edge)
    eight = formats.to_int8(graph, ranges)
    made: list[tuple[str, int, Judge]] = [
        ("torch", NETS.stat().st_size, formats.open_torch(trained.edge)),
        ("onnx", len(graph), formats.open_onnx(graph)),
        ("int8", len(eight), formats.open_onnx(eight)),
    ]
    if find_spec("litert_torch"):
        model = formats.to_tflite(trained.edge)
        made.append(("tflite", len(model), formats.open_tflite(model)))
    truth = made[0][2](beats)
    for name, size, judge in made:
        off = np.abs(judge(beats) - truth)
        yield name, size, _time_ms(judge, beats), float(off.max()), float(off.mean())


def _time_ms(judge: Judge, beats: Singles) -> float:
    spent = []
    for k in range(RUNS):
        one = beats[k % len(beats)][None]
        start = time.perf_counter()
        judge(one)
        spent.append(time.perf_counter() - start)
    return 1e3 * float(np.median(spent))


def judge_folds(training: Training, out: Path, ranges: Singles) -> dict[str, tuple[Singles, Singles]]:
    """Probabilities out of fold, floating point and 8 bits, by form, each (record, label)."""
    count = len(training.labels)
    said = {form: (np.zeros_like(training.truth), np.zeros_like(training.truth)) for form in FORMS}
    for fold in range(int(training.fold.max()) + 1):
        nets = [beatnet.load_net(out / f"fold{fold}.{k}.pt", count) for k in range(SEEDS)]
        graph = formats.to_onnx(Edge(nets, torch.ones(count), torch.zeros(count)).eval())
        judges = formats.open_onnx(graph), formats.open_onnx(formats.to_int8(graph, ranges))
        held = np.flatnonzero(training.fold == fold)
        for form in FORMS:
            beats = training.inputs[form].beat[held].astype(np.float32)
            for kept, judge in zip(said[form], judges, strict=True):
                kept[held] = judge(beats)
    return said


def main(argv: list[str] | None = None) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="Sizes, seconds and losses of what paperbeat export writes.")
    parser.add_argument("--data", type=Path, help="PTB-XL, for what 8 bits lose")
    parser.add_argument("--out", type=Path, help="folder that paperbeat train diagnosis filled from it")
    parser.add_argument("--apart", type=Path, help="as the training was given it")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args(argv)
    torch.set_num_threads(1)
    ranges = draw_beats(RANGE_HEARTS, RANGE_SEED)
    print("| format | MB | ms a beat, median of 200 | difference in probability, largest | mean |")
    print("|---|---|---|---|---|")
    for name, size, spent_ms, most, mean in time_formats(draw_beats(HEARTS, HEARTS_SEED), ranges):
        print(f"| {name} | {size / 1e6:.2f} | {spent_ms:.2f} | {most:.1e} | {mean:.1e} |", flush=True)
    if args.data is None or args.out is None:
        return
    training = read_training(args.data, args.out / "inputs", args.folds, args.seed, name_apart(args.apart))
    widths = len(SUPERCLASSES), training.truth.shape[1]
    print("\n| shown as | AUC of superclasses, float / 8 bits | of all labels | difference, largest | mean |")
    print("|---|---|---|---|---|")
    for form, (full, eight) in judge_folds(training, args.out, ranges).items():
        first, every = ([macro_auc(training.truth[:, :n], p[:, :n]) for p in (full, eight)] for n in widths)
        off = np.abs(full - eight)
        print(
            f"| {form} | {first[0]:.4f} / {first[1]:.4f} | {every[0]:.4f} / {every[1]:.4f} "
            f"| {off.max():.3f} | {off.mean():.4f} |"
        )


if __name__ == "__main__":
    main()
