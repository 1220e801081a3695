"""Beats of MIT-BIH to learn from: both leads, each record whole and in noisy pieces of ten seconds.

Most beats of every record of DS1 are normal, which is no law of nature. Records with early beats are therefore held
again with normal cycles cut out, until two fifths of their beats are early, and once more until four fifths are, or as
many as can be.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analyze.beatclass_features import beat_features
from digitize.datasets import load, mitbih

CLASSES = ("N", "S", "V", "F")
"""What is learnt; DS1 has eight beats of class Q."""
PIECE_S = 10.0

Floats = NDArray[np.float64]
Describe = Callable[[Floats, float, NDArray[np.int64]], NDArray[np.float32]]

_EDGE_S = 0.05
_FEWEST = 4
_NOISE_MV, _GAIN = (0.0, 0.04), (0.7, 1.4)
_SHARES = (0.4, 0.8)
_ENOUGH = 10  # early beats that make it worth while to cut the normal ones out
_JOINT_S = 0.1


@dataclass(frozen=True, eq=False)
class Examples:
    """Beats of several records.

    Attributes
    ----------
    features : ndarray of float32, shape (beat, feature)
    kind : ndarray of int, shape (beat,)
        Place in `CLASSES`; -1 if it is in none of them, which stays for its neighbours' sake.
    record : ndarray of str, shape (beat,)
    lead : ndarray of int, shape (beat,)
    piece : ndarray of bool, shape (beat,)
        Whether it was seen in ten seconds only.
    dense : ndarray of bool, shape (beat,)
        Whether normal cycles of its record were cut out.
    row : ndarray of int, shape (beat,)
        Number of the stretch it is a part of; the beats of one follow one another in time.
    """

    features: NDArray[np.float32]
    kind: NDArray[np.int64]
    record: NDArray[np.str_]
    lead: NDArray[np.int64]
    piece: NDArray[np.bool_]
    dense: NDArray[np.bool_]
    row: NDArray[np.int64]

    def take(self, which: NDArray[np.bool_] | NDArray[np.int64]) -> Examples:
        """Some of them."""
        return Examples(*(value[which] for value in vars(self).values()))

    def rows(self) -> list[slice]:
        """Where each stretch lies."""
        ends = np.flatnonzero(np.diff(self.row, append=-1)) + 1
        return [slice(int(a), int(b)) for a, b in zip(np.r_[0, ends[:-1]], ends, strict=True)]


def gather(
    folder: Path, split: mitbih.Split, seed: int, describe: Describe = beat_features, leads: tuple[int, ...] = (0, 1)
) -> Examples:
    """Examples of one side of the split, record by record; only features, as ``describe`` gives them, are held."""
    parts: list[Examples] = []
    for entry in mitbih.records(folder):
        if entry.split == split:
            for stretch in stretches(entry, seed, leads):
                parts.append(_describe_all(stretch, entry.record_id, len(parts), describe))
            print(f"read {entry.record_id}", file=sys.stderr, flush=True)
    return Examples(*(np.concatenate(column) for column in zip(*(vars(p).values() for p in parts), strict=True)))


def thin(examples: Examples, seed: int, normal: int = 600, others: int = 300) -> NDArray[np.int64]:
    """Places of no more than so many beats of a class in each record, lead and form: none shall outvote the rest."""
    rng = np.random.default_rng(seed)
    forms = zip(examples.lead, examples.piece, examples.dense, strict=True)
    group = np.char.add(examples.record, [f"/{a}/{b}/{c}" for a, b, c in forms])
    kept = []
    for name in np.unique(group):
        for kind in range(len(CLASSES)):
            places = np.flatnonzero((group == name) & (examples.kind == kind))
            kept.append(rng.permutation(places)[: others if kind else normal])
    return np.sort(np.concatenate(kept))


def cut_cycles(
    x: Floats, r: NDArray[np.int64], kind: NDArray[np.int64], share: float, rng: np.random.Generator, fs_hz: float
) -> tuple[Floats, NDArray[np.int64], NDArray[np.int64]]:
    """A lead without as many of its cycles between normal beats as it takes for ``share`` of the beats to be early.

    A cycle goes from just after one QRS complex to just after the next: the intervals that stay are real ones, and the
    traces are joined where both follow a normal beat. Returns the lead, its beats and their classes.
    """
    normal, early = kind == CLASSES.index("N"), int((kind == CLASSES.index("S")).sum())
    cycles = np.flatnonzero(normal[1:] & normal[:-1])
    wanted = max(0, int(normal.sum() - early * (1.0 - share) / share))
    keep, gone, shift = np.ones(x.size, bool), np.zeros(r.size, bool), np.zeros(x.size)
    after = round(_JOINT_S * fs_hz)
    for k in np.sort(rng.permutation(cycles)[:wanted]):
        first, last = r[k] + after, r[k + 1] + after
        if last < x.size:
            keep[first:last], gone[k + 1] = False, True
            shift[last:] += x[first] - x[last]
    place = np.cumsum(keep) - 1
    return (x + shift)[keep], place[r[~gone]], kind[~gone]


@dataclass(frozen=True, eq=False)
class Stretch:
    """A lead of a record, or ten seconds of it: samples, beats, their places in `CLASSES` (-1: none of them), forms."""

    x_mv: Floats
    fs_hz: float
    r: NDArray[np.int64]
    kind: NDArray[np.int64]
    lead: int
    piece: bool
    dense: bool


def stretches(entry: mitbih.MitbihEntry, seed: int, leads: tuple[int, ...]) -> Iterator[Stretch]:
    """Every form in which a record is held, sampled as the record is."""
    ecg, truth = load(entry), mitbih.beats(entry)
    rng = np.random.default_rng([seed, sum(map(ord, entry.record_id))])
    kind = np.array([CLASSES.index(c) if c in CLASSES else -1 for c in truth.aami])
    early = int((kind == CLASSES.index("S")).sum())
    for lead in leads:
        x = ecg.signal_mv[:, lead]
        yield Stretch(x, ecg.fs_hz, truth.sample, kind, lead, False, False)
        for z, r, c in _pieces(x, truth.sample, kind, rng, ecg.fs_hz):
            yield Stretch(z, ecg.fs_hz, r, c, lead, True, False)
        for share in _SHARES if early >= _ENOUGH else ():
            y, r, c = cut_cycles(x, truth.sample, kind, share, rng, ecg.fs_hz)
            yield Stretch(y, ecg.fs_hz, r, c, lead, False, True)
            for z, at, of in _pieces(y, r, c, rng, ecg.fs_hz):
                yield Stretch(z, ecg.fs_hz, at, of, lead, True, True)


def _describe_all(stretch: Stretch, record: str, row: int, describe: Describe) -> Examples:
    values = (record, stretch.lead, stretch.piece, stretch.dense, row)
    columns = (np.full(stretch.r.size, value) for value in values)
    return Examples(describe(stretch.x_mv, stretch.fs_hz, stretch.r), stretch.kind, *columns)


def _pieces(
    x: Floats, r: NDArray[np.int64], kind: NDArray[np.int64], rng: np.random.Generator, fs_hz: float
) -> Iterator[tuple[Floats, NDArray[np.int64], NDArray[np.int64]]]:
    """Ten seconds after ten seconds, each with a gain and a noise of its own."""
    size, edge = round(PIECE_S * fs_hz), round(_EDGE_S * fs_hz)
    for start in range(int(rng.integers(size)), x.size - size, size):
        which = np.flatnonzero((r >= start + edge) & (r < start + size - edge))
        if which.size >= _FEWEST:
            noisy = x[start : start + size] * rng.uniform(*_GAIN)
            yield noisy + rng.normal(0.0, rng.uniform(*_NOISE_MV), size), r[which] - start, kind[which]
