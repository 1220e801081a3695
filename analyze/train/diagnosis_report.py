"""What the training came to, as tables and one plot: ``python -m analyze.train.diagnosis_report --data PTB-XL``.

Every figure is out of fold: no record is judged by what was fitted on its patient. Thresholds and calibration of a
record's fold are chosen on the other folds.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analyze.classify import to_probability
from analyze.train import measures
from analyze.train.diagnosis import OutOfFold, choose_share, cross_validate
from analyze.train.diagnosis_options import make_parser, name_apart
from analyze.train.training import CALIBRATED_ON, Training, read_training
from digitize.datasets.ptbxl import SUPERCLASSES

HEADS = len(SUPERCLASSES)
BINS = 10

Floats = NDArray[np.float64]


def calibrate_across(training: Training, judged: OutOfFold, share: float) -> tuple[dict[str, Floats], Floats]:
    """Probabilities by form (record, label) and thresholds (record, label), each fold's from all other folds."""
    probability = {form: np.zeros(training.truth.shape) for form in training.inputs}
    threshold = np.zeros(training.truth.shape)
    mixed = {form: judged.mix(form, share).astype(np.float64) for form in training.inputs}
    truth = training.truth.astype(np.float64)
    for fold in range(int(training.fold.max()) + 1):
        held = training.fold == fold
        for k in range(truth.shape[1]):
            known = np.concatenate([mixed[form][~held, k] for form in CALIBRATED_ON])
            slope, offset = measures.fit_calibration(np.tile(truth[~held, k], len(CALIBRATED_ON)), known)
            for form, values in mixed.items():
                probability[form][held, k] = to_probability(slope * values[held, k] + offset)
            known = to_probability(slope * known + offset)
            threshold[held, k] = measures.choose_threshold(np.tile(truth[~held, k], len(CALIBRATED_ON)), known)
    return probability, threshold


def write_results(training: Training, judged: OutOfFold, seed: int) -> Iterator[str]:
    """The tables in Markdown, line by line."""
    share = choose_share(training, judged)
    probability, threshold = calibrate_across(training, judged, share)
    patients = np.unique([entry.patient_id for entry in training.entries], return_inverse=True)[1]
    heads = training.truth[:, :HEADS].astype(np.float64)
    count, folds = patients.max() + 1, training.fold.max() + 1
    yield f"{len(training.entries)} records of {count} patients, {folds} folds by patient."
    yield f"Share of the networks in the mixture: {share:g}.\n"
    yield from _compare_forms(training, judged, share, heads, patients, seed)
    yield ""
    yield from _list_labels(training, probability["whole"], threshold)
    yield ""
    yield from _confuse(heads, probability["whole"][:, :HEADS] >= threshold[:, :HEADS])


def _compare_forms(
    training: Training, judged: OutOfFold, share: float, heads: Floats, patients: NDArray[np.int64], seed: int
) -> Iterator[str]:
    yield "| form | forests | networks | both | 95 % interval | AUPRC |" + "".join(f" {c} |" for c in SUPERCLASSES)
    yield "|---" * (6 + HEADS) + "|"
    for form in training.inputs:
        both = judged.mix(form, share)[:, :HEADS].astype(np.float64)
        alone = (measures.macro_auc(heads, part[form][:, :HEADS]) for part in (judged.forests, judged.nets))
        low, high = measures.bound(measures.macro_auc, heads, both, patients, seed)
        each = "".join(f" {measures.macro_auc(heads[:, [k]], both[:, [k]]):.3f} |" for k in range(HEADS))
        told = " | ".join(f"{value:.4f}" for value in (*alone, measures.macro_auc(heads, both)))
        yield f"| {form} | {told} | {low:.3f}–{high:.3f} | {measures.macro_auprc(heads, both):.3f} |{each}"


def _list_labels(training: Training, probability: Floats, threshold: Floats) -> Iterator[str]:
    yield "| label | in words | records | AUC | AUPRC | F1 | sensitivity | precision | calibration error |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for k, label in enumerate(training.labels):
        truth, p = training.truth[:, k].astype(np.float64), probability[:, k]
        called = (p >= threshold[:, k]).astype(np.float64)
        hits = float((truth * called).sum())
        values = (
            measures.macro_auc(truth[:, None], p[:, None]), measures.macro_auprc(truth[:, None], p[:, None]),
            measures.f1(truth, called), hits / truth.sum(), hits / max(called.sum(), 1.0),
            measures.calibration_error(truth, p),
        )  # fmt: skip
        yield f"| {label.code} | {label.name} | {truth.sum():.0f} | " + " | ".join(f"{v:.3f}" for v in values) + " |"


def _confuse(truth: Floats, called: NDArray[np.bool_]) -> Iterator[str]:
    """How often records with each class are called each class: classes do not exclude one another."""
    yield "| of records with | " + " | ".join(f"called {c}" for c in SUPERCLASSES) + " | nothing called |"
    yield "|---" * (HEADS + 2) + "|"
    for k, code in enumerate(SUPERCLASSES):
        rows = called[truth[:, k] > 0]
        told = " | ".join(f"{100 * share:.0f} %" for share in (*rows.mean(axis=0), (~rows.any(axis=1)).mean()))
        yield f"| {code} ({len(rows)}) | {told} |"


def draw_calibration(training: Training, probability: Floats, path: Path) -> None:
    """Predicted against true share of the superclasses, in bins of equally many records."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5, 5), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="0.7")
    for k, code in enumerate(SUPERCLASSES):
        parts = np.array_split(np.argsort(probability[:, k]), BINS)
        shares = [(probability[p, k].mean(), training.truth[p, k].mean()) for p in parts]
        axes.plot(*zip(*shares, strict=True), marker="o", markersize=3, label=code)
    axes.set(xlabel="predicted probability", ylabel="share of records", xlim=(0, 1), ylim=(0, 1))
    axes.legend(frameon=False)
    figure.savefig(path, dpi=120)


def main(argv: list[str] | None = None) -> None:
    """Print the tables of a finished training."""
    parser = make_parser("Tables of a finished training of the 12-lead classifier.")
    parser.add_argument("--plot", type=Path, help="draw the calibration curve here")
    args = parser.parse_args(argv)
    training = read_training(args.data, args.out / "inputs", args.folds, args.seed, name_apart(args.apart))
    judged = cross_validate(training, args.out, args.epochs, args.seed)
    for line in write_results(training, judged, args.seed):
        sys.stdout.write(line + "\n")
    if args.plot:
        share = choose_share(training, judged)
        draw_calibration(training, calibrate_across(training, judged, share)[0]["whole"], args.plot)


if __name__ == "__main__":
    main()
