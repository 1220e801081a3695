"""PTB-XL as the classifier sees it: inputs of every record in every form on disk, and the labels beside them.

A folder of any size is read record by record, and what was prepared is kept in memory-mapped files, so that neither the
signals nor the inputs have to fit into memory, and a second training need not prepare them again.
"""

from __future__ import annotations

import sys
import tomllib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analyze.classinput import BEAT_HZ, BEAT_S, NUMBERS, prepare
from analyze.labelled import Labelled, name_labels
from analyze.shown import FORMS, show_as
from digitize.datasets import load
from digitize.datasets.ptbxl import SUPERCLASSES

FEWEST = 20
"""A label with fewer records than this is not learned."""
_STEP = 100


@dataclass(frozen=True)
class Label:
    """Something to tell: its code, in words, and whether PTB-XL has it as superclass, subclass or rhythm."""

    code: str
    name: str
    group: str


@dataclass(frozen=True, eq=False)
class Inputs:
    """Inputs of all records in one form: ``beat`` (record, 24, 160) float16, ``numbers`` (record, 184) float32."""

    beat: NDArray[np.float16]
    numbers: NDArray[np.float32]


def choose_labels(entries: Sequence[Labelled]) -> list[Label]:
    """Superclasses, and the subclasses and rhythms of which there are at least `FEWEST` records."""
    with files(__package__).joinpath("labels.toml").open("rb") as file:
        words = tomllib.load(file)
    labels = [Label(code, words["superclass"][code], "superclass") for code in SUPERCLASSES]
    for group in ("subclass", "rhythm"):
        count = Counter(code for entry in entries for code in name_labels(entry, group))
        labels += [
            Label(code, words[group].get(code, code), group)
            for code in sorted(count)
            if count[code] >= FEWEST and code not in SUPERCLASSES
        ]
    return labels


def mark_labels(entries: Sequence[Labelled], labels: Sequence[Label]) -> NDArray[np.float32]:
    """1 where a record has a label, shape (record, label)."""
    rows = [[label.code in name_labels(entry, label.group) for label in labels] for entry in entries]
    return np.array(rows, np.float32)


def prepare_inputs(entries: Sequence[Labelled], cache: Path, seed: int) -> dict[str, Inputs]:
    """Inputs in every form, prepared where ``cache`` does not hold them yet.

    Parameters
    ----------
    entries : sequence of Labelled
    cache : Path
        Folder of two memory-mapped files a form; a preparation that was interrupted goes on where it stopped.
    seed : int
        Of what is random in the forms.
    """
    cache.mkdir(parents=True, exist_ok=True)
    listing = cache / "records.txt"
    ids = "\n".join([f"seed {seed}", *(entry.record_id for entry in entries)])
    if not listing.exists() or listing.read_text() != ids:
        for path in cache.glob("*.done"):
            path.unlink()
        listing.write_text(ids)
    return {form: _prepare_form(entries, cache, form, seed) for form in FORMS}


def _prepare_form(entries: Sequence[Labelled], cache: Path, form: str, seed: int) -> Inputs:
    count, width = len(entries), round(sum(BEAT_S) * BEAT_HZ)
    done_path = cache / f"{form}.done"
    done = int(done_path.read_text()) if done_path.exists() else 0
    mode = "r+" if done else "w+"
    beat = np.lib.format.open_memmap(cache / f"{form}.beat.npy", mode, np.float16, (count, 24, width))
    numbers = np.lib.format.open_memmap(cache / f"{form}.numbers.npy", mode, np.float32, (count, len(NUMBERS)))
    for k in range(done, count):
        ready = prepare(show_as(load(entries[k]), form, np.random.default_rng([seed, k])))
        beat[k], numbers[k] = ready.beat, ready.numbers
        if (k + 1) % _STEP == 0 or k + 1 == count:
            beat.flush()
            numbers.flush()
            done_path.write_text(str(k + 1))
            print(f"prepared {form}: {k + 1}/{count}", file=sys.stderr, flush=True)
    return Inputs(beat, numbers)
