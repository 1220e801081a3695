"""How often the classifier says it is unsure of what it should doubt: ``python -m analyze.train.unsure --data DIR``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analyze.benchdiagnosis import list_labelled
from analyze.classify import give_opinion
from digitize.datasets import load
from digitize.record import LEADS, Ecg

Floats = NDArray[np.float64]
Change = Callable[[Floats, np.random.Generator], Floats]


def swap(first: str, second: str) -> Change:
    """Two leads under each other's name."""

    def change(mv: Floats, rng: np.random.Generator) -> Floats:
        at = [LEADS.index(first), LEADS.index(second)]
        mv[:, at] = mv[:, at[::-1]]
        return mv

    return change


def reverse_arms(mv: Floats, rng: np.random.Generator) -> Floats:
    """The arms' electrodes exchanged: I upside down, II with III, aVR with aVL."""
    lead = {name: mv[:, k].copy() for k, name in enumerate(LEADS)}
    moved = {"I": -lead["I"], "II": lead["III"], "III": lead["II"], "aVR": lead["aVL"], "aVL": lead["aVR"]}
    for name, x in moved.items():
        mv[:, LEADS.index(name)] = x
    return mv


def drown(mv: Floats, rng: np.random.Generator) -> Floats:
    """Muscle noise of the signal's own size in every lead."""
    return mv + rng.standard_normal(mv.shape) * mv.std(axis=0)


CHANGES: dict[str, Change] = {
    "as it is": lambda mv, rng: mv,
    "arms exchanged": reverse_arms,
    "V1 and V6 exchanged": swap("V1", "V6"),
    "V1 and V2 exchanged": swap("V1", "V2"),
    "V1 to V6 the other way round": lambda mv, rng: np.concatenate([mv[:, :6], mv[:, :5:-1]], axis=1),
    "gain twice what is said": lambda mv, rng: 2 * mv,
    "gain half of what is said": lambda mv, rng: mv / 2,
    "speed half of what is said": lambda mv, rng: np.repeat(mv, 2, axis=0)[: len(mv)],
    "upside down": lambda mv, rng: -mv,
    "drowned in noise": drown,
    "noise alone": lambda mv, rng: 0.1 * rng.standard_normal(mv.shape),
    "flat": lambda mv, rng: np.zeros_like(mv),
    "three leads alone": lambda mv, rng: np.where(np.arange(12) < 3, mv, np.nan),
}


def main(argv: list[str] | None = None) -> None:
    """Print the share of records that are called unsure, for every change."""
    parser = argparse.ArgumentParser(description="Share of changed records of which the classifier is unsure.")
    parser.add_argument("--data", type=Path, required=True, help="PTB-XL or CinC")
    parser.add_argument("--n", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args(argv)
    rng = np.random.default_rng(args.seed)
    entries = list_labelled(args.data)
    some = [entries[k] for k in rng.permutation(len(entries))[: args.n]]
    records: list[Ecg] = [load(entry) for entry in some]
    for name, change in CHANGES.items():
        doubts = [give_opinion(replace(ecg, signal_mv=change(ecg.signal_mv.copy(), rng))).unsure for ecg in records]
        sys.stdout.write(f"| {name} | {100 * np.mean([bool(doubt) for doubt in doubts]):.0f} % |\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
