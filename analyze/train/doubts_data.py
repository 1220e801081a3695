"""Records with mistakes as the classifier sees them, on disk: what its doubts are learned from."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analyze.beats import find_beats
from analyze.classinput import BEAT_HZ, BEAT_S, NUMBERS, lay_out
from analyze.marked import mark_columns, pick_homes
from analyze.measure import measure
from analyze.noise import measure_noise
from analyze.shown import FORMS, show_as
from analyze.train.mistakes import MISTAKES, make_mistake
from digitize.datasets import Entry, load

DRAWN = 4
"""Mistakes drawn for each record, besides the record as it is."""
_STEP = 100


@dataclass(frozen=True, eq=False)
class Examples:
    """Records as they are and with mistakes, each in a form drawn at random; shapes (record, 1 + DRAWN, ...).

    Attributes
    ----------
    mistake : ndarray of int
        Index in `MISTAKES`; -1 for the record as it is.
    form : ndarray of int
        Index in `FORMS`.
    beat, numbers : ndarray
        See `analyze.classinput.ClassifierInput`.
    noise : ndarray
        See `analyze.noise.measure_noise`; NaN where it is not known.
    """

    mistake: NDArray[np.int8]
    form: NDArray[np.int8]
    beat: NDArray[np.float16]
    numbers: NDArray[np.float32]
    noise: NDArray[np.float32]


def prepare_examples(entries: Sequence[Entry], cache: Path, seed: int) -> Examples:
    """Examples of all records; a preparation that was interrupted goes on where it stopped."""
    cache.mkdir(parents=True, exist_ok=True)
    done_path = cache / "mistakes.done"
    said = f"seed {seed}, {len(entries)} records from {entries[0].record_id}"
    done = int(done_path.read_text().split()[0]) if done_path.exists() and said in done_path.read_text() else 0
    shape, mode = (len(entries), 1 + DRAWN), "r+" if done else "w+"
    kinds = {
        "mistake": (np.int8, ()), "form": (np.int8, ()), "noise": (np.float32, ()),
        "beat": (np.float16, (24, round(sum(BEAT_S) * BEAT_HZ))), "numbers": (np.float32, (len(NUMBERS),)),
    }  # fmt: skip
    held = {
        name: np.lib.format.open_memmap(cache / f"mistakes.{name}.npy", mode, kind, shape + more)
        for name, (kind, more) in kinds.items()
    }
    for k in range(done, len(entries)):
        rng = np.random.default_rng([seed, k])
        ecg = load(entries[k])
        for j, which in enumerate((-1, *rng.permutation(len(MISTAKES))[:DRAWN])):
            form = int(rng.integers(len(FORMS)))
            shown = show_as(ecg if which < 0 else make_mistake(ecg, MISTAKES[which], rng), FORMS[form], rng)
            beats = find_beats(shown)
            marked = mark_columns(shown, beats)
            ready, noise = lay_out(marked, measure(shown, None, beats, marked)), measure_noise(pick_homes(marked))
            found = (which, form, np.nan if noise is None else noise, ready.beat, ready.numbers)
            for name, value in zip(held, found, strict=True):
                held[name][k, j] = value
        if (k + 1) % _STEP == 0 or k + 1 == len(entries):
            for array in held.values():
                array.flush()
            done_path.write_text(f"{k + 1} {said}")
            print(f"prepared mistakes: {k + 1}/{len(entries)}", file=sys.stderr, flush=True)
    return Examples(**held)
