"""What the 12-lead classifier is trained on: records, their labels, folds by patient, and inputs in every form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analyze.classinput import Singles
from analyze.labelled import Labelled, list_labelled
from analyze.train.diagnosis_data import Inputs, Label, choose_labels, mark_labels, prepare_inputs
from digitize.datasets import split_by_patient

WEIGHTS = Path(__file__).parents[1] / "weights"
CALIBRATED_ON = ("whole", "3x4")
"""Forms on which probabilities, thresholds and doubts are fitted."""


@dataclass(frozen=True, eq=False)
class Training:
    """Records, labels and inputs, and the fold of each record.

    Attributes
    ----------
    entries : tuple of Labelled
    labels : list of Label
    truth : ndarray, shape (record, label)
    fold : ndarray of int, shape (record,)
    inputs : dict of str to Inputs
        By form.
    """

    entries: tuple[Labelled, ...]
    labels: list[Label]
    truth: Singles
    fold: NDArray[np.int64]
    inputs: dict[str, Inputs]


def read_training(data: Path, cache: Path, folds: int, seed: int, apart: Sequence[str] = ()) -> Training:
    """List a folder of PTB-XL or of the Challenge and prepare its records.

    Parameters
    ----------
    data, cache : Path
    folds, seed : int
    apart : sequence of str
        Names of records which, with all others of their patients, must not be trained on.
    """
    entries = list_labelled(data)
    patients = {entry.patient_id for entry in entries if entry.record_id in set(apart)}
    kept = np.array([entry.patient_id not in patients for entry in entries])
    inputs = prepare_inputs(entries, cache, seed)
    if not kept.all():  # else they stay on disk
        inputs = {form: Inputs(i.beat[kept], i.numbers[kept]) for form, i in inputs.items()}
    entries = tuple(entry for entry, keep in zip(entries, kept, strict=True) if keep)
    labels = choose_labels(entries)
    fold = split_by_patient(entries, folds, seed, lambda entry: entry.superclasses)
    return Training(entries, labels, mark_labels(entries, labels), fold, inputs)
