"""What a photo costs the classifier against its sheet: ``python -m analyze.train.paper --data PTB-XL --out OUT``.

Records of the first fold are printed as 3x4 with a strip on paper of any kind, photographed and read; forests and
networks that were fitted on the other folds judge the reading, and the same sheet without paper between.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import cv2
import numpy as np

from analyze.classinput import ClassifierInput, Singles, prepare
from analyze.shown import show_as
from analyze.train import beatnet, forest
from analyze.train.diagnosis import (
    NETS,
    choose_share,
    cross_validate,
    grow_forests,
)
from analyze.train.diagnosis_options import make_parser, name_apart
from analyze.train.measures import macro_auc
from analyze.train.training import Training, read_training
from digitize import digitize
from digitize.datasets import load
from digitize.datasets.ptbxl import SUPERCLASSES
from digitize.errors import PaperbeatError
from digitize.record import Ecg
from digitize.synth.choose import choose_footer, choose_look
from digitize.synth.effects import choose_effects, degrade
from digitize.synth.render import render

FOLD = 0
STRENGTH = 0.5
DRAWS = 500


def read_photo(ecg: Ecg, rng: np.random.Generator) -> ClassifierInput:
    """Print, photograph and read a record. Raises PaperbeatError where the page is refused."""
    page = render(ecg, dpi=200.0, layout="3x4+1", footer=choose_footer(rng), **choose_look(rng))
    photo = degrade(page, choose_effects(rng, STRENGTH, "photo"), seed=int(rng.integers(2**31)))
    _, jpeg = cv2.imencode(".jpg", cv2.cvtColor(photo.rgb, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 92])
    return prepare(digitize(jpeg.tobytes()).ecg)


def read_both(training: Training, count: int, seed: int) -> Iterator[tuple[int, ClassifierInput, ClassifierInput]]:
    """Record, reading and sheet, of as many records as are not refused."""
    for row in np.random.default_rng(seed).permutation(np.flatnonzero(training.fold == FOLD))[:count]:
        ecg = load(training.entries[row])
        try:
            read = read_photo(ecg, np.random.default_rng([seed, int(row)]))
        except PaperbeatError as refused:
            print(f"{training.entries[row].record_id}: {refused.code}", file=sys.stderr, flush=True)
            continue
        yield int(row), read, prepare(show_as(ecg, "3x4", np.random.default_rng(0)))


def main(argv: list[str] | None = None) -> None:
    """Print both AUCs and the interval of their difference."""
    parser = make_parser("AUC of photos against sheets.")
    parser.add_argument("--n", type=int, default=72)
    args = parser.parse_args(argv)
    training = read_training(args.data, args.out / "inputs", args.folds, args.seed, name_apart(args.apart))
    share = choose_share(training, cross_validate(training, args.out, args.epochs, args.seed))
    forests = grow_forests(training, np.flatnonzero(training.fold != FOLD), args.seed)
    nets = [beatnet.load_net(args.out / f"fold{FOLD}.{k}.pt", len(training.labels)) for k in range(NETS)]

    def judge(ready: list[ClassifierInput]) -> Singles:
        beat = np.stack([one.beat for one in ready]).astype(np.float16)
        grown = forest.judge(forests, np.stack([one.numbers for one in ready]))
        said = np.mean([beatnet.predict(net, beat) for net in nets], axis=0)
        return np.asarray((1 - share) * grown + share * said)[:, : len(SUPERCLASSES)]

    rows, read, shown = zip(*read_both(training, args.n, args.seed), strict=True)
    truth = training.truth[list(rows), : len(SUPERCLASSES)]
    on_paper, on_file = judge(list(read)), judge(list(shown))
    rng = np.random.default_rng(args.seed)
    drawn = [rng.integers(0, len(rows), len(rows)) for _ in range(DRAWS)]
    off = [macro_auc(truth[k], on_paper[k]) - macro_auc(truth[k], on_file[k]) for k in drawn]
    low, high = np.percentile(off, [2.5, 97.5])
    sys.stdout.write(
        f"{len(rows)} of {args.n} photos read; macro AUC {macro_auc(truth, on_paper):.4f} on paper, "
        f"{macro_auc(truth, on_file):.4f} on the sheet; difference {low:+.4f} to {high:+.4f}\n"
    )


if __name__ == "__main__":
    main()
