"""Beats of MIT-BIH to learn from: both leads, each record whole and in noisy pieces of ten seconds."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analyze.beatclass_features import beat_features
from digitize.datasets import load, mitbih

CLASSES = ("N", "S", "V", "F")
"""What is learnt; DS1 has eight beats of class Q."""
PIECE_S = 10.0

_EDGE_S = 0.05
_FEWEST = 4
_NOISE_MV, _GAIN = (0.0, 0.04), (0.7, 1.4)


@dataclass(frozen=True, eq=False)
class Examples:
    """Beats of several records.

    Attributes
    ----------
    features : ndarray of float32, shape (beat, feature)
    kind : ndarray of int, shape (beat,)
        Place in `CLASSES`.
    record : ndarray of str, shape (beat,)
    lead : ndarray of int, shape (beat,)
    piece : ndarray of bool, shape (beat,)
        Whether it was seen in ten seconds only.
    """

    features: NDArray[np.float32]
    kind: NDArray[np.int64]
    record: NDArray[np.str_]
    lead: NDArray[np.int64]
    piece: NDArray[np.bool_]

    def take(self, which: NDArray[np.bool_] | NDArray[np.int64]) -> Examples:
        """Some of them."""
        return Examples(*(value[which] for value in vars(self).values()))


def gather(folder: Path, split: mitbih.Split, seed: int) -> Examples:
    """Examples of one side of the split, record by record; only features are held."""
    parts: list[Examples] = []
    for entry in mitbih.records(folder):
        if entry.split == split:
            parts.extend(_examples(entry, seed))
            print(f"read {entry.record_id}", file=sys.stderr, flush=True)
    return Examples(*(np.concatenate(column) for column in zip(*(vars(p).values() for p in parts), strict=True)))


def thin(examples: Examples, seed: int, normal: int = 600, others: int = 300) -> NDArray[np.int64]:
    """Places of no more than so many beats of a class in each record, lead and form: none shall outvote the rest."""
    rng = np.random.default_rng(seed)
    group = np.char.add(examples.record, [f"/{a}/{b}" for a, b in zip(examples.lead, examples.piece, strict=True)])
    kept = []
    for name in np.unique(group):
        for kind in range(len(CLASSES)):
            places = np.flatnonzero((group == name) & (examples.kind == kind))
            kept.append(rng.permutation(places)[: others if kind else normal])
    return np.sort(np.concatenate(kept))


def _examples(entry: mitbih.MitbihEntry, seed: int) -> Iterator[Examples]:
    ecg, truth = load(entry), mitbih.beats(entry)
    rng = np.random.default_rng([seed, sum(map(ord, entry.record_id))])
    known = np.isin(truth.aami, CLASSES)
    kind = np.array([CLASSES.index(c) if c in CLASSES else -1 for c in truth.aami])
    size, edge = round(PIECE_S * ecg.fs_hz), round(_EDGE_S * ecg.fs_hz)

    def pack(features: NDArray[np.float32], which: NDArray[np.int64], lead: int, piece: bool) -> Examples:
        which, features = which[known[which]], features[known[which]]
        n = which.size
        return Examples(features, kind[which], np.full(n, entry.record_id), np.full(n, lead), np.full(n, piece))

    for lead in range(len(ecg.leads)):
        x = ecg.signal_mv[:, lead]
        yield pack(beat_features(x, ecg.fs_hz, truth.sample), np.arange(truth.sample.size), lead, False)
        for start in range(int(rng.integers(size)), x.size - size, size):
            inside = (truth.sample >= start + edge) & (truth.sample < start + size - edge)
            which = np.flatnonzero(inside)
            if which.size >= _FEWEST:
                noisy = x[start : start + size] * rng.uniform(*_GAIN)
                noisy = noisy + rng.normal(0.0, rng.uniform(*_NOISE_MV), size)
                yield pack(beat_features(noisy, ecg.fs_hz, truth.sample[which] - start), which, lead, True)
