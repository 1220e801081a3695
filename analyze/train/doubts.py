"""What the classifier doubts, and how often rightly: ``python -m analyze.train.doubts --data PTB-XL --out OUT``.

For every kind of mistake a forest tells records as they are from records with such a mistake, by what was measured. How
near to certain it must be is chosen on records that it has not seen; so are the distance and the noise from which on
an answer is called unsure. All of it is added to the file that `paperbeat train diagnosis` has written.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analyze.labelled import list_labelled
from analyze.shown import FORMS
from analyze.train import beatnet
from analyze.train.diagnosis_options import make_parser, name_apart
from analyze.train.doubts_data import Examples, prepare_examples
from analyze.train.doubts_file import write_doubts
from analyze.train.measures import macro_auc
from analyze.train.mistakes import MISTAKES
from analyze.train.outliers import fit_cloud, measure_distance
from analyze.train.training import WEIGHTS, Training, read_training
from analyze.train.treenode import Forest
from digitize.datasets.ptbxl import SUPERCLASSES

KINDS = tuple(dict.fromkeys(mistake.kind for mistake in MISTAKES if mistake.kind != "noise"))
REASONS = (*KINDS, "noise", "distance")
"""Why an answer may be unsure, each with a score and a limit."""
GROWN_ON = ("whole", "3x4", "worn")
"""Forms that forests are grown on and limits are chosen on."""
FALSE_KINDS_PERCENT, FALSE_DISTANCE_PERCENT = 3.5, 0.5
"""Of records and sheets without a mistake this many may be doubted: for any kind of mistake, and for their distance."""
FALSE_NOISE_PERCENT = 1.0
"""Of worn sheets, which are the noisiest, this many may be doubted for their noise: less of it costs little."""
TREES, RATE, LEAVES, FEWEST, SHARE, PENALTY = 100, 0.1, 8, 20, 0.3, 5.0

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Judged:
    """Scores of `REASONS` out of fold.

    Attributes
    ----------
    sound : ndarray, shape (record, form, reason)
        Of records as they are, in every form; their noise is known in one of the forms only, else NaN.
    changed : ndarray, shape (record, example, reason)
        Of the examples.
    """

    sound: Floats
    changed: Floats


def grow_kinds(training: Training, examples: Examples, rows: NDArray[np.int64], seed: int) -> list[Forest]:
    """One forest a kind, of what tells its mistakes from records as they are."""
    sound = np.concatenate([training.inputs[form].numbers[rows] for form in GROWN_ON])
    wrong, mistake = examples.numbers[rows].reshape(-1, sound.shape[1]), examples.mistake[rows].ravel()
    forests = []
    for kind in KINDS:
        held = np.isin(mistake, [k for k, m in enumerate(MISTAKES) if m.kind == kind])
        truth = np.arange(len(sound) + held.sum()) >= len(sound)
        weight = np.where(truth, len(sound) / max(held.sum(), 1), 1.0)
        forest = Forest(
            max_iter=TREES, learning_rate=RATE, max_leaf_nodes=LEAVES, min_samples_leaf=FEWEST, max_features=SHARE,
            l2_regularization=PENALTY, early_stopping=False, random_state=seed,
        )  # fmt: skip
        forests.append(forest.fit(np.concatenate([sound, wrong[held]]), truth, sample_weight=weight))
    return forests


def judge_across(training: Training, examples: Examples, out: Path, seed: int) -> Judged:
    """Scores of every record by what was fitted on other patients; kept in ``out``."""
    path = out / "doubts.npz"
    if not path.exists():
        count, width = len(training.entries), len(REASONS)
        sound, changed = np.full((count, len(FORMS), width), np.nan), np.full((*examples.mistake.shape, width), np.nan)
        for fold in range(int(training.fold.max()) + 1):
            rows, held = np.flatnonzero(training.fold != fold), np.flatnonzero(training.fold == fold)
            forests = grow_kinds(training, examples, rows, seed)
            whole = training.inputs["whole"]
            cloud = fit_cloud(whole.beat[rows], whole.numbers[rows])

            def judge(beat: NDArray[np.float16], numbers: NDArray[np.float32]) -> Floats:
                said = [forest.decision_function(numbers) for forest in forests]  # noqa: B023
                return np.stack([*said, np.full(len(beat), np.nan), measure_distance(cloud, beat, numbers)], axis=1)  # noqa: B023

            for k, form in enumerate(FORMS):
                sound[held, k] = judge(training.inputs[form].beat[held], training.inputs[form].numbers[held])
            for j in range(changed.shape[1]):
                changed[held, j] = judge(examples.beat[held, j], examples.numbers[held, j])
            print(f"doubts: fold {fold}", file=sys.stderr, flush=True)
        changed[..., REASONS.index("noise")] = examples.noise
        np.put_along_axis(
            sound[..., REASONS.index("noise")], examples.form[:, :1].astype(int), examples.noise[:, :1], axis=1
        )
        np.savez(path, sound=sound, changed=changed)
    with np.load(path) as kept:
        return Judged(kept["sound"], kept["changed"])


def choose_limits(judged: Judged, rows: NDArray[np.bool_]) -> Floats:
    """Scores from which on an answer is unsure, shape (reason,), so that few records without a mistake are doubted."""
    shown = judged.sound[rows][:, [FORMS.index(form) for form in GROWN_ON]].reshape(-1, len(REASONS))
    limits = np.empty(len(REASONS))
    distance, noise = REASONS.index("distance"), REASONS.index("noise")
    limits[distance] = np.percentile(shown[:, distance], 100 - FALSE_DISTANCE_PERCENT)
    limits[noise] = np.nanpercentile(judged.sound[rows, FORMS.index("worn"), noise], 100 - FALSE_NOISE_PERCENT)
    kinds = shown[:, : len(KINDS)]
    for percent in np.arange(FALSE_KINDS_PERCENT, 0, -0.05):
        limits[: len(KINDS)] = np.percentile(kinds, 100 - percent, axis=0)
        if 100 * (kinds > limits[: len(KINDS)]).any(axis=1).mean() <= FALSE_KINDS_PERCENT:
            break
    return limits


def measure_costs(training: Training, examples: Examples, out: Path) -> dict[int, tuple[float, float]]:
    """Macro AUC of the superclasses of one network a fold, by mistake: of the records whole and sound, and changed."""
    heads, labels = len(SUPERCLASSES), len(training.labels)
    sound, changed = np.empty((len(training.entries), heads)), np.empty((*examples.mistake.shape, heads))
    for fold in range(int(training.fold.max()) + 1):
        net, held = beatnet.load_net(out / f"fold{fold}.0.pt", labels), np.flatnonzero(training.fold == fold)
        sound[held] = beatnet.predict(net, training.inputs["whole"].beat[held])[:, :heads]
        for j in range(changed.shape[1]):
            changed[held, j] = beatnet.predict(net, examples.beat[held, j])[:, :heads]
    truth, costs = training.truth[:, :heads], {}
    for k in range(len(MISTAKES)):
        rows, at = np.nonzero(examples.mistake == k)
        costs[k] = macro_auc(truth[rows], sound[rows]), macro_auc(truth[rows], changed[rows, at])
    return costs


def list_doubts(training: Training, examples: Examples, judged: Judged, out: Path) -> Iterator[str]:
    """Tables of what is doubted out of fold: each fold's limits are chosen on the others."""
    limits = np.empty((len(training.entries), len(REASONS)))
    for fold in range(int(training.fold.max()) + 1):
        limits[training.fold == fold] = choose_limits(judged, training.fold != fold)
    doubted, sound = judged.changed > limits[:, None], judged.sound > limits[:, None]
    paper = np.isin(examples.form, [FORMS.index(form) for form in FORMS if form != "whole"])
    costs = measure_costs(training, examples, out)
    yield "| mistake | examples | unsure: records | sheets | for that reason | AUC without and with it |"
    yield "|---|---|---|---|---|---|"
    for k, mistake in enumerate(MISTAKES):
        at = examples.mistake == k
        shares = [100 * doubted[at & form].any(axis=1).mean() for form in (~paper, paper)]
        own = 100 * doubted[at][:, REASONS.index(mistake.kind)].mean()
        told = f"{shares[0]:.0f} % | {shares[1]:.0f} % | {own:.0f} % | {costs[k][0]:.3f}, {costs[k][1]:.3f}"
        yield f"| {mistake.name} | {at.sum()} | {told} |"
    yield ""
    yield "| without a mistake | records | " + " | ".join(FORMS) + " |"
    yield "|---" * (2 + len(FORMS)) + "|"
    codes = {label.code: training.truth[:, k] > 0 for k, label in enumerate(training.labels)}
    young = np.array([entry.age_y is not None and entry.age_y < 18 for entry in training.entries])
    every = {"all": np.ones(len(training.entries), bool), "under 18 years": young}
    every |= {code: codes[code] for code in ("NORM", "MI", "STTC", "CD", "HYP", "PACE", "AFIB") if code in codes}
    for name, rows in every.items():
        if rows.any():
            shares = 100 * sound[rows].any(axis=2).mean(axis=0)
            yield f"| {name} | {rows.sum()} | " + " | ".join(f"{share:.1f} %" for share in shares) + " |"
    noisy = [100 * doubted[examples.form[:, 0] == k, 0].any(axis=1).mean() for k in range(len(FORMS))]
    yield (
        f"| a quarter of all in each form, noise too | {len(paper)} | " + " | ".join(f"{x:.1f} %" for x in noisy) + " |"
    )


def learn_doubts(training: Training, everything: Examples, out: Path, weights: Path, seed: int) -> Iterator[str]:
    """Learn, write into ``diagnosis.onnx`` and its card, and tell."""
    judged = judge_across(training, everything, out, seed)
    forests = grow_kinds(training, everything, np.arange(len(training.entries)), seed)
    limits = choose_limits(judged, np.ones(len(training.entries), bool))
    write_doubts(weights, KINDS, forests, dict(zip(REASONS, limits.tolist(), strict=True)))
    yield from list_doubts(training, everything, judged, out)


def read_examples(data: Path, training: Training, out: Path, seed: int) -> Examples:
    """Examples of the records of a training."""
    entries = list_labelled(data)
    ids = {entry.record_id for entry in training.entries}
    kept = np.array([entry.record_id in ids for entry in entries])
    held = prepare_examples(entries, out / "inputs", seed)
    return Examples(**{name: array[kept] for name, array in vars(held).items()})


def main(argv: list[str] | None = None) -> None:
    """Learn what to doubt and print how often it is doubted."""
    parser = make_parser("Teach the 12-lead classifier what to doubt, and say how often it does.")
    parser.add_argument("--weights", type=Path, default=WEIGHTS, help="where diagnosis.onnx and its card are")
    args = parser.parse_args(argv)
    training = read_training(args.data, args.out / "inputs", args.folds, args.seed, name_apart(args.apart))
    examples = read_examples(args.data, training, args.out, args.seed)
    for line in learn_doubts(training, examples, args.out, args.weights, args.seed):
        sys.stdout.write(line + "\n")


if __name__ == "__main__":
    main()
