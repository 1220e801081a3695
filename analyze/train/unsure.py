"""How often the classifier says it is unsure of what it should doubt: ``python -m analyze.train.unsure --data DIR``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from analyze.classify import give_opinion
from analyze.labelled import list_labelled
from analyze.shown import FORMS, show_as
from analyze.train.mistakes import MISTAKES, Mistake, drown, make_mistake
from digitize.datasets import load

MORE = (
    Mistake("noise of twice the signal's size", "noise", lambda mv, rng: drown(mv, rng, 2.0)),
    Mistake("noise of four times its size", "noise", lambda mv, rng: drown(mv, rng, 4.0)),
    Mistake("noise alone", "noise", lambda mv, rng: 0.1 * rng.standard_normal(mv.shape)),
    Mistake("flat", "noise", lambda mv, rng: np.zeros_like(mv)),
    Mistake("three leads alone", "leads", lambda mv, rng: np.where(np.arange(12) < 3, mv, np.nan)),
)


def main(argv: list[str] | None = None) -> None:
    """Print the share of records that are called unsure, for every change."""
    parser = argparse.ArgumentParser(description="Share of changed records of which the classifier is unsure.")
    parser.add_argument("--data", type=Path, required=True, help="PTB-XL or CinC")
    parser.add_argument("--n", type=int, default=100)
    parser.add_argument("--as", dest="form", choices=FORMS, default="whole")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args(argv)
    rng = np.random.default_rng(args.seed)
    entries = list_labelled(args.data)
    some = [entries[k] for k in rng.permutation(len(entries))[: args.n]]
    records = [load(entry) for entry in some]
    as_it_is = Mistake("as it is", "", lambda mv, rng: mv)
    for mistake in (as_it_is, *MISTAKES, *MORE):
        shown = [show_as(make_mistake(ecg, mistake, rng), args.form, rng) for ecg in records]
        unsure = np.mean([bool(give_opinion(ecg).unsure) for ecg in shown])
        sys.stdout.write(f"| {mistake.name} | {100 * unsure:.0f} % |\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
