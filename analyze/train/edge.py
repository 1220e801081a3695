"""Export the classifier's networks for phones and small boards: ``paperbeat export`` runs this.

Forests on measurements do not go to TFLite, so what is exported reads the representative beats alone, with a
calibration of its own; mean of the networks, calibration and sigmoid are inside the graph. It has no measure of being
unlike what was trained on, which the card says.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import tomllib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, get_args

import numpy as np
import torch

from analyze.classify import FEWEST_LEADS
from analyze.classinput import BEAT_HZ, BEAT_S, Singles, prepare
from analyze.shown import FORMS, show_as
from analyze.train import edge_formats as formats
from analyze.train.edge_formats import Judge, Trained, read_trained
from analyze.train.networks import CHANNELS
from digitize.record import LEADS
from digitize.synth.heart import HeartKind, simulate

NETS = Path(__file__).with_name("diagnosis.pt")
HEARTS, HEARTS_SEED = 40, 1
"""Simulated hearts on which an export is held against torch; 8 bits take their ranges from others."""
RANGE_HEARTS, RANGE_SEED = 60, 1000
MOST_OFF = {"tflite": 1e-4, "onnx": 1e-4, "int8": 0.1}
"""An export that differs by more than this in any probability is not written."""


class Differs(Exception):
    """An export does not answer as torch does."""


@dataclass(frozen=True, eq=False)
class Exported:
    """One file in the making: its bytes, and how far its probabilities are from torch's on simulated hearts."""

    model: bytes
    most_off: float
    mean_off: float


def draw_beats(count: int, seed: int) -> Singles:
    """Inputs from simulated hearts of all kinds and rates, as records and as sheets show them, (count, 24, 160)."""
    rng = np.random.default_rng(seed)
    kinds = get_args(HeartKind)
    beats = []
    for k in range(count):
        noise_mv, wander_mv = rng.uniform(0, [0.04, 0.1])
        heart = simulate(
            kinds[k % len(kinds)], heart_rate_bpm=rng.uniform(45, 130), seed=int(rng.integers(2**31)),
            noise_mv=noise_mv, wander_mv=wander_mv,
        )  # fmt: skip
        beat = prepare(show_as(heart.ecg, FORMS[int(rng.integers(len(FORMS)))], rng)).beat
        beat[:12] *= rng.uniform(0.5, 2.0)
        beats.append(beat)
    return np.stack(beats)


def export(trained: Trained, wanted: dict[str, Path], nets_sha256: str) -> dict[str, Exported]:
    """Make, check and write files and their cards.

    Parameters
    ----------
    trained : Trained
    wanted : dict of str to Path
        Where ``tflite``, ``onnx`` and ``int8`` shall go; the card goes beside each as ``FILE.json``.
    nets_sha256 : str
        Of the file that the networks came from, for the card.

    Raises
    ------
    Differs
        When an export does not answer as torch does; then no file is written.
    """
    beats = draw_beats(HEARTS, HEARTS_SEED)
    made = {kind: make(kind, trained, beats) for kind in wanted}
    for kind, exported in made.items():
        if not exported.most_off <= MOST_OFF[kind]:
            raise Differs(f"{kind} differs from torch by {exported.most_off:.2g} in a probability")
    whole = {}
    for kind, path in wanted.items():
        card = describe(kind, made[kind], trained, path.name, nets_sha256)
        whole[path] = made[kind].model
        whole[path.with_name(f"{path.name}.json")] = (json.dumps(card, indent=2) + "\n").encode()
    _write(whole)
    return made


def _write(whole: dict[Path, bytes]) -> None:
    """All files or none."""
    parts = {path: path.with_name(f"{path.name}.part") for path in whole}
    try:
        for path, data in whole.items():
            parts[path].write_bytes(data)
        for path, part in parts.items():
            part.replace(path)
    finally:
        for part in parts.values():
            part.unlink(missing_ok=True)


def make(kind: str, trained: Trained, beats: Singles) -> Exported:
    """One export, held against torch on beats (n, 24, 160)."""
    model, judge = _convert(kind, trained)
    off = np.abs(judge(beats) - formats.open_torch(trained.edge)(beats))
    return Exported(model, float(off.max()), float(off.mean()))


def _convert(kind: str, trained: Trained) -> tuple[bytes, Judge]:
    if kind == "tflite":
        model = formats.to_tflite(trained.edge)
        return model, formats.open_tflite(model)
    model = formats.to_onnx(trained.edge)
    if kind == "int8":
        model = formats.to_int8(model, draw_beats(RANGE_HEARTS, RANGE_SEED))
    return model, formats.open_onnx(model)


def describe(kind: str, exported: Exported, trained: Trained, name: str, nets_sha256: str) -> dict[str, Any]:
    """The card of one file: all that a program without Paperbeat needs to know."""
    words: dict[str, dict[str, str]] = tomllib.loads(files(__package__).joinpath("labels.toml").read_text("utf-8"))
    names = {code: name for group in words.values() for code, name in group.items()}
    return {
        "file": name,
        "kind": kind,
        "sha256": hashlib.sha256(exported.model).hexdigest(),
        "bytes": len(exported.model),
        "input": {
            "shape": [1 if kind == "tflite" else "n", CHANNELS, formats.TIME],
            "dtype": "float32",
            "rows": "mV above the QRS onset of each lead's representative beat, 0 where unknown; then 1 where known",
            "leads": LEADS,
            "fs_hz": BEAT_HZ,
            "qrs_onset_sample": round(BEAT_S[0] * BEAT_HZ),
            "made_by": "paperbeat export --input SIGNAL BEAT.npy",
        },
        "output": "float32, probability of each label, calibrated out of fold; they need not add up to 1",
        "labels": [
            {"code": code, "name": names.get(code, code), "threshold": round(float(limit), 4)}
            for code, limit in zip(trained.labels, trained.threshold, strict=True)
        ],
        "unsure_below_leads": FEWEST_LEADS,
        "limits": "Networks alone, without the forests of diagnosis.onnx and its measure of being unlike the training "
        "records: it answers for any input. Not a medical device.",
        "against_torch": {
            "inputs": f"{HEARTS} simulated hearts",
            "largest_difference": float(f"{exported.most_off:.2g}"),
            "mean_difference": float(f"{exported.mean_off:.2g}"),
        },
        "made_from": {"file": NETS.name, "sha256": nets_sha256, "torch": torch.__version__},
    }


def main(argv: list[str] | None = None) -> None:
    """Export what is asked for."""
    parser = argparse.ArgumentParser(description="Export the classifier's networks for phones and small boards.")
    for kind in MOST_OFF:
        parser.add_argument(f"--{kind}", type=Path, metavar="FILE")
    parser.add_argument("--nets", type=Path, default=NETS, help="as paperbeat train diagnosis leaves them")
    args = parser.parse_args(argv)
    wanted = {kind: path for kind in MOST_OFF if (path := getattr(args, kind)) is not None}
    torch.set_num_threads(1)
    trained, sha256 = read_trained(args.nets), hashlib.sha256(args.nets.read_bytes()).hexdigest()
    try:
        made = export(trained, wanted, sha256)
    except Differs as exc:
        sys.exit(f"error[differs]: {exc}; nothing was written")
    except OSError as exc:
        sys.exit(f"error[cannot_write]: The files cannot be written: {exc.strerror}.")
    for kind, exported in made.items():
        print(
            f"{wanted[kind]}  {len(exported.model) / 1e6:.2f} MB, probabilities at most {exported.most_off:.2g} "
            f"from torch's, {exported.mean_off:.2g} on average"
        )


if __name__ == "__main__":
    main()
