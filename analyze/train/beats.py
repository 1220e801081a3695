"""Train the beat classifier on DS1 of MIT-BIH and made-up rhythms and export it: ``paperbeat train beats --data DIR``.

A quarter of an hour of one core; needs the extra ``train``. Thresholds are those best out of fold, patients left out;
DS2 is never read here: ``paperbeat bench beats DIR`` does that.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections import Counter
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import sklearn
import torch
from numpy.typing import NDArray

from analyze.beatclass import decide, find_close
from analyze.beatclass_features import FEATURES
from analyze.train.beats_data import CLASSES, Examples, gather, thin
from analyze.train.beats_graph import OPSET, to_onnx
from analyze.train.beats_rows import MADE_UP, combine, fit_rows, rows_out_of_fold, show_rows, teach_rows
from analyze.train.beats_trees import fit, judge
from digitize.datasets import mitbih, split_by_patient

WEIGHTS = Path(__file__).parents[1] / "weights"
FOLDS = 7
_COMMON = 20  # beats of a class that make a record one of that class when patients are dealt to folds
_FORMS = {"half an hour": (False, False), "10 s": (True, False), "dense": (False, True), "dense, 10 s": (True, True)}
_CHOSEN_ON = ("lead 1, half an hour", "lead 1, 10 s")

Folds = dict[str, int]
Figures = dict[str, dict[str, float]]


def deal(folder: Path, seed: int) -> Folds:
    """Fold of each record of DS1, patients together, records with many S, V or F spread evenly."""
    entries = [entry for entry in mitbih.records(folder) if entry.split == "DS1"]
    counts = {entry.record_id: Counter(mitbih.beats(entry).aami.tolist()) for entry in entries}

    def strata(entry: mitbih.MitbihEntry) -> list[str]:
        return [c for c in "FSV" if counts[entry.record_id][c] >= _COMMON]

    folds = split_by_patient(entries, FOLDS, seed, strata)
    return {entry.record_id: int(fold) for entry, fold in zip(entries, folds, strict=True)}


def trees_out_of_fold(examples: Examples, fold: NDArray[np.int64], seed: int) -> NDArray[np.float32]:
    """Probabilities of every beat by trees and lines that have not seen its patient, shape (beat, 2)."""
    kept = np.zeros(fold.size, dtype=bool)
    kept[thin(examples, seed)] = True
    probability = np.zeros((fold.size, 2), np.float32)
    for k in range(FOLDS):
        probability[fold == k] = judge(fit(examples.take(kept & (fold != k)), seed), examples.features[fold == k])
        print(f"trees, fold {k + 1} of {FOLDS}", file=sys.stderr, flush=True)
    return probability


def choose_thresholds(examples: Examples, probability: NDArray[np.float32]) -> dict[str, float]:
    """The thresholds with the greatest F1, of V and then of S, averaged over records and pieces of the first lead."""
    grid = np.round(np.arange(0.3, 0.95, 0.05), 2)
    lead = examples.lead == 0
    examples, probability = examples.take(lead & ~examples.dense), probability[lead & ~examples.dense]
    found = {"ventricular": 0.5, "early": 0.5}
    for threshold, kind in (("ventricular", "V"), ("early", "S")):
        tried = [measure(examples, probability, found | {threshold: float(t)}) for t in grid]
        best = int(np.argmax([np.mean([views[name][f"{kind} F1"] for name in _CHOSEN_ON]) for views in tried]))
        found[threshold] = float(grid[best])
    return found


def measure(examples: Examples, probability: NDArray[np.float32], thresholds: dict[str, float]) -> Figures:
    """Sensitivity, positive predictivity and F1 by class, for each lead and form."""
    said, true = decide(probability, **thresholds), np.array(CLASSES)[examples.kind]
    figures = {}
    for lead, (form, (piece, dense)) in product((0, 1), _FORMS.items()):
        view = (examples.lead == lead) & (examples.piece == piece) & (examples.dense == dense)
        if not view.any():
            continue
        row = {}
        for c in CLASSES:
            hit = float(((said == c) & (true == c) & view).sum())
            row[f"{c} Se"] = hit / max(float(((true == c) & view).sum()), 1.0)
            row[f"{c} +P"] = hit / max(float(((said == c) & view).sum()), 1.0)
            row[f"{c} F1"] = 2.0 * hit / max(float(((true == c) & view).sum() + ((said == c) & view).sum()), 1.0)
        figures[f"lead {lead + 1}, {form}"] = {k: round(v, 4) for k, v in row.items()}
    return figures


def measure_close(examples: Examples, probability: NDArray[np.float32], thresholds: dict[str, float]) -> Figures:
    """Of the beats that count as unsure, and of the others, how many there are and how many are wrong; first lead."""
    close = find_close(probability, **thresholds)
    wrong = decide(probability, **thresholds) != np.array(CLASSES)[examples.kind]
    called = decide(probability, **thresholds) != "N"
    figures = {}
    for piece in (False, True):
        view = (examples.lead == 0) & (examples.piece == piece) & ~examples.dense
        figures["10 s" if piece else "half an hour"] = {
            "unsure": round(float(close[view].mean()), 4),
            "wrong of the unsure": round(float(wrong[view & close].mean()), 4),
            "wrong of the others": round(float(wrong[view & ~close].mean()), 4),
            "wrong of the others called S or V": round(float(wrong[view & ~close & called].mean()), 4),
        }
    return figures


def export(
    model: bytes, thresholds: dict[str, float], figures: Figures, unsure: Figures, command: str, folder: Path
) -> None:
    """Write beats.onnx and its card."""
    (folder / "beats.onnx").write_bytes(model)
    card: dict[str, Any] = {
        "file": "beats.onnx",
        "sha256": hashlib.sha256(model).hexdigest(),
        "inputs": {
            "features": f"float32 (beats, {len(FEATURES)}), NaN where unknown; all beats of one lead in their "
            "order; analyze.beatclass_features"
        },
        "features": list(FEATURES),
        "outputs": {"probability": "(beats, 2): ventricular; early, if not ventricular"},
        "labels": ["N", "S", "V", "F", "Q"],
        "never_answered": ["F"],
        "thresholds": thresholds,
        "opset": OPSET,
        "training": {
            "command": command,
            "scikit-learn": sklearn.__version__,
            "torch": torch.__version__,
            "data": "DS1 of the MIT-BIH Arrhythmia Database (ODC-By 1.0), both leads, whole and in pieces of 10 s; "
            "intervals also from records whose normal cycles were cut out (dense); "
            f"{MADE_UP} made-up rhythms (analyze.train.beats_simulated)",
        },
        "metrics": {"out of fold in DS1, patients left out": figures, "unsure, lead 1": unsure},
    }
    (folder / "beats.json").write_text(json.dumps(card, indent=2) + "\n")


def main(argv: list[str] | None = None) -> None:
    """Train, choose thresholds, export."""
    parser = argparse.ArgumentParser(description="Train the beat classifier.")
    parser.add_argument("--data", type=Path, required=True, help="MIT-BIH as PhysioNet publishes it")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="a file for the features: written, or read where it is there")
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    args = parser.parse_args(argv)
    torch.set_num_threads(1)  # the networks are small, and so they come out the same
    examples, folds = read_or_gather(args.data, args.seed, args.keep), deal(args.data, args.seed)
    fold = np.array([folds[record] for record in examples.record])
    trees = trees_out_of_fold(examples, fold, args.seed)
    shown, taught = show_rows(examples.features, trees[:, 0]), teach_rows(args.seed)
    probability = combine(trees, rows_out_of_fold(taught, examples, fold, shown, args.seed))
    judged, probability = examples.take(examples.kind >= 0), probability[examples.kind >= 0]
    thresholds = choose_thresholds(judged, probability)
    figures = measure(judged, probability, thresholds)
    unsure = measure_close(judged, probability, thresholds)
    model = fit(examples.take(thin(examples, args.seed)), args.seed)
    nets = fit_rows(taught, examples, shown, fold >= 0, args.seed)
    command = f"paperbeat train beats --data MIT-BIH --seed {args.seed}"
    args.out.mkdir(parents=True, exist_ok=True)
    export(to_onnx(model, nets).SerializeToString(), thresholds, figures, unsure, command, args.out)
    print(json.dumps({"thresholds": thresholds, **figures, "unsure": unsure}, indent=1), file=sys.stderr)


def read_or_gather(folder: Path, seed: int, kept: Path | None) -> Examples:
    """Examples of DS1, from the file of an earlier call where there is one."""
    if kept is not None and kept.is_file():
        with np.load(kept) as held:
            return Examples(**held)
    examples = gather(folder, "DS1", seed)
    if kept is not None:
        np.savez(kept, **vars(examples))
    return examples


if __name__ == "__main__":
    main()
