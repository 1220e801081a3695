"""Train the 12-lead classifier: ``paperbeat train diagnosis --data PTB-XL``.

Forests on what was measured and networks on the representative beats are cross-validated by patient, mixed and
calibrated on the records that each of them has not seen, and then fitted once more on all for the file that ships.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import sklearn
import torch
from numpy.typing import NDArray

from analyze.classify import to_probability
from analyze.classinput import Singles
from analyze.segments import SEGMENTS, owners
from analyze.train import beatnet, forest
from analyze.train.diagnosis_export import Classifier, to_onnx
from analyze.train.diagnosis_options import make_parser, name_apart
from analyze.train.doubts import learn_doubts, read_examples
from analyze.train.measures import choose_threshold, fit_calibration, macro_auc
from analyze.train.outliers import fit_cloud
from analyze.train.training import CALIBRATED_ON, WEIGHTS, Training, read_training
from analyze.train.treenode import Forest
from digitize.datasets.ptbxl import SUPERCLASSES
from digitize.record import LEADS

NETS = 2
SHARES = (0.3, 0.4, 0.5, 0.6)
GROWN_ON = ("whole", "worn")
"""Forms that forests are grown on, each once as it is and once with segments hidden."""


@dataclass(frozen=True, eq=False)
class OutOfFold:
    """Log odds that each record got from what was not fitted on its patient, by form, each (record, label)."""

    forests: dict[str, Singles]
    nets: dict[str, Singles]

    def mix(self, form: str, share: float) -> Singles:
        """Log odds of forests and networks together, ``share`` being that of the networks."""
        return (1 - share) * self.forests[form] + share * self.nets[form]


def cross_validate(training: Training, out: Path, epochs: int, seed: int) -> OutOfFold:
    """Fit without each fold and judge it; what is finished lies in ``out`` and is not done again."""
    forests = {form: np.zeros_like(training.truth) for form in training.inputs}
    nets = {form: np.zeros_like(training.truth) for form in training.inputs}
    for fold in range(int(training.fold.max()) + 1):
        path = out / f"fold{fold}.npz"
        rows, held = np.flatnonzero(training.fold != fold), np.flatnonzero(training.fold == fold)
        if not path.exists():
            grown = grow_forests(training, rows, seed)
            trained = train_nets(training, rows, out, f"fold{fold}", epochs, seed)
            said = {}
            for form, inputs in training.inputs.items():
                beat, numbers = inputs.beat[held], inputs.numbers[held]
                said[f"forests {form}"] = forest.judge(grown, numbers)
                said[f"nets {form}"] = np.mean([beatnet.predict(net, beat) for net in trained], axis=0)
            np.savez(path, **said)  # type: ignore[arg-type]
        with np.load(path) as kept:
            for form in training.inputs:
                forests[form][held], nets[form][held] = kept[f"forests {form}"], kept[f"nets {form}"]
        heads = len(SUPERCLASSES)
        auc = macro_auc(training.truth[held, :heads], (forests["whole"] + nets["whole"])[held, :heads])
        print(f"fold {fold}: superclass macro AUC {auc:.4f}", file=sys.stderr, flush=True)
    return OutOfFold(forests, nets)


def grow_forests(training: Training, rows: NDArray[np.int64], seed: int) -> list[Forest]:
    """Forests of all labels, grown on records as they are and with segments hidden."""
    rng = np.random.default_rng(seed)
    parts = []
    for form in GROWN_ON:
        numbers = training.inputs[form].numbers[rows]
        kept = rng.random((len(rows), len(SEGMENTS))) < rng.random((len(rows), 1))
        parts += [numbers, np.where(kept[:, owners()], numbers, np.float32(np.nan))]
    truth = np.tile(training.truth[rows], (len(parts), 1))
    return forest.grow(np.concatenate(parts), truth, np.ones(len(truth), np.float32), seed)


def train_nets(
    training: Training, rows: NDArray[np.int64], out: Path, name: str, epochs: int, seed: int
) -> list[torch.nn.Module]:
    """Networks that differ by their seed, trained on all forms."""
    forms = list(training.inputs.values())
    return [
        beatnet.train_net(
            forms, training.truth, rows, len(SUPERCLASSES), epochs, seed + k, out / f"{name}.{k}.pt"
        )
        for k in range(NETS)
    ]  # fmt: skip


def choose_share(training: Training, judged: OutOfFold) -> float:
    """Share of the networks with the best superclass AUC, out of fold, over records and sheets."""
    heads = len(SUPERCLASSES)

    def reach(share: float) -> float:
        scores = [macro_auc(training.truth[:, :heads], judged.mix(f, share)[:, :heads]) for f in CALIBRATED_ON]
        return float(np.mean(scores))

    return max(SHARES, key=reach)


def calibrate(training: Training, judged: OutOfFold, share: float) -> tuple[Singles, Singles, Singles]:
    """Slope, offset and threshold of every label, from records and sheets out of fold, each (label,)."""
    truth = np.tile(training.truth, (len(CALIBRATED_ON), 1)).astype(np.float64)
    mixed = np.concatenate([judged.mix(form, share) for form in CALIBRATED_ON]).astype(np.float64)
    fitted = np.array([fit_calibration(t, m) for t, m in zip(truth.T, mixed.T, strict=True)])
    probability = to_probability(mixed * fitted[:, 0] + fitted[:, 1])
    threshold = [choose_threshold(t, p) for t, p in zip(truth.T, probability.T, strict=True)]
    return fitted[:, 0].astype(np.float32), fitted[:, 1].astype(np.float32), np.array(threshold, np.float32)


def train_diagnosis(
    data: Path, out: Path, weights: Path, folds: int = 5, epochs: int = 40, seed: int = 1, apart: Sequence[str] = ()
) -> tuple[Training, OutOfFold]:
    """Cross-validate, fit on all, and write ``diagnosis.onnx`` with its card.

    Parameters
    ----------
    data : Path
        A PTB-XL folder, whole or a part of it.
    out : Path
        Folder for what was prepared, checkpoints and predictions out of fold: a training that was interrupted goes on.
    weights : Path
        Folder of the finished file.
    folds, epochs, seed : int
    apart : sequence of str
        See `read_training`.
    """
    torch.set_num_threads(1)
    out.mkdir(parents=True, exist_ok=True)
    training = read_training(data, out / "inputs", folds, seed, apart)
    judged = cross_validate(training, out, epochs, seed)
    share = choose_share(training, judged)
    slope, offset, threshold = calibrate(training, judged, share)
    every = np.arange(len(training.entries))
    classifier = Classifier(
        grow_forests(training, every, seed), train_nets(training, every, out, "all", epochs, seed), share, slope,
        offset, fit_cloud(training.inputs["whole"].beat, training.inputs["whole"].numbers),
    )  # fmt: skip
    words = f"--folds {folds} --epochs {epochs} --seed {seed}"
    metrics = {
        f"superclass macro AUC out of fold, {form}": round(
            macro_auc(training.truth[:, : len(SUPERCLASSES)], judged.mix(form, share)[:, : len(SUPERCLASSES)]), 4
        )
        for form in training.inputs
    }
    _write(classifier, training, judged, threshold, metrics, words, weights)
    # Beside this module, where `paperbeat export` looks for them: they are no part of the package.
    _save_nets(classifier, training, judged, Path(__file__).parent if weights == WEIGHTS else weights)
    examples = read_examples(data, training, out, seed)
    for line in learn_doubts(training, examples, out, weights, seed):
        print(line, flush=True)
    return training, judged


def _save_nets(classifier: Classifier, training: Training, judged: OutOfFold, folder: Path) -> None:
    """The networks by themselves with their own calibration, for export to where no forest runs."""
    slope, offset, threshold = calibrate(training, judged, 1.0)
    kept = {
        "labels": [label.code for label in training.labels],
        "nets": [net.state_dict() for net in classifier.nets],
        "slope": torch.from_numpy(slope), "offset": torch.from_numpy(offset), "threshold": torch.from_numpy(threshold),
    }  # fmt: skip
    part = folder / "diagnosis.pt.part"
    torch.save(kept, part)
    part.replace(folder / "diagnosis.pt")


def _write(
    classifier: Classifier, training: Training, judged: OutOfFold, threshold: Singles, metrics: dict[str, float],
    words: str, folder: Path,
) -> None:  # fmt: skip
    """The graph and its card, the card last: it names the graph's hash."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "diagnosis.onnx"
    part = path.with_suffix(".part")
    part.write_bytes(to_onnx(classifier).SerializeToString())
    part.replace(path)
    labels = [
        {
            "code": label.code, "name": label.name, "group": label.group, "threshold": round(float(limit), 4),
            "temperature": round(1 / float(slope), 4), "records": int(truth.sum()),
            "auc": round(macro_auc(truth[:, None], mixed[:, None]), 3),
        }
        for label, limit, slope, truth, mixed in zip(
            training.labels, threshold, classifier.slope, training.truth.T,
            judged.mix("whole", classifier.share).T, strict=True,
        )
    ]  # fmt: skip
    card = {
        "file": path.name,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "inputs": {"beat": "float32 (n, 24, 160)", "numbers": "float32 (n, 184), NaN where unknown", "leads": LEADS},
        "outputs": {"log_odds": "float32 (n, label), calibrated", "distance": "float32 (n,), usually 1"},
        "net_share": classifier.share,
        "labels": labels,
        "training": {
            "command": f"paperbeat train diagnosis --data PTB-XL {words}",
            "data": f"{len(training.entries)} records of PTB-XL in {len(training.inputs)} forms each",
            "torch": torch.__version__, "scikit-learn": sklearn.__version__, "onnx": onnx.__version__,
        },
        "metrics": metrics,
    }  # fmt: skip
    (folder / "diagnosis.json").write_text(json.dumps(card, indent=2) + "\n")


def main(argv: list[str] | None = None) -> None:
    """Train and export."""
    parser = make_parser("Train the 12-lead classifier on a PTB-XL folder.")
    parser.add_argument("--weights", type=Path, default=WEIGHTS, help="where diagnosis.onnx and its card go")
    args = parser.parse_args(argv)
    apart = name_apart(args.apart)
    train_diagnosis(args.data, args.out, args.weights, args.folds, args.epochs, args.seed, apart)


if __name__ == "__main__":
    main()
