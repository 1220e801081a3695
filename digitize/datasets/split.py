"""Folds for cross-validation that keep every patient on one side."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from digitize.datasets.entry import E, Entry


def labels_of(entry: Entry) -> tuple[str, ...]:
    """All labels of an entry, the usual strata."""
    return entry.labels


def split_by_patient(
    entries: Iterable[E], folds: int, seed: int, strata: Callable[[E], Sequence[str]] = labels_of
) -> NDArray[np.int64]:
    """Divide records into folds; no patient is in two of them.

    Patients are dealt out label by label, the rarest first, each to the fold that has the fewest records of that label:
    iterative stratification (Sechidis, Tsoumakas, Vlahavas 2011, doi 10.1007/978-3-642-23808-6_10), by patient. The
    same entries in the same order with the same seed give the same folds on every machine.

    Parameters
    ----------
    entries : iterable of Entry
    folds : int
        At least 2.
    seed : int
    strata : callable, optional
        The labels of an entry that shall be spread evenly, such as ``lambda entry: entry.superclasses``.

    Returns
    -------
    ndarray of int, shape (record,)
        Fold of each entry, 0 to ``folds - 1``.

    Raises
    ------
    ValueError
        Fewer than two folds, or fewer patients than folds.
    """
    entries = list(entries)
    rows: dict[str, list[int]] = defaultdict(list)
    for k, entry in enumerate(entries):
        rows[entry.patient_id].append(k)
    if not 2 <= folds <= len(rows):
        raise ValueError(f"{len(rows)} patients cannot be divided into {folds} folds")
    has = {patient: Counter(name for k in ks for name in set(strata(entries[k]))) for patient, ks in rows.items()}
    dealt = _deal(has, {patient: len(ks) for patient, ks in rows.items()}, folds, np.random.default_rng(seed))
    return np.array([dealt[entry.patient_id] for entry in entries], np.int64)


def _deal(has: dict[str, Counter[str]], size: dict[str, int], folds: int, rng: np.random.Generator) -> dict[str, int]:
    """Fold of each patient, given how many records each has, in all and of each label."""
    names = list(has)
    order = [names[k] for k in rng.permutation(len(names))]
    order.sort(key=lambda patient: -size[patient])  # stable: chance decides among equals
    holders: dict[str, list[str]] = defaultdict(list)
    for patient in order:
        for name in has[patient]:
            holders[name].append(patient)
    total = sum(has.values(), Counter[str]())
    in_fold, records_in = [Counter[str]() for _ in range(folds)], [0] * folds
    dealt: dict[str, int] = {}

    def give(patient: str, name: str) -> None:
        fold = min(range(folds), key=lambda f: (in_fold[f][name], records_in[f], f))
        dealt[patient] = fold
        in_fold[fold] += has[patient]
        records_in[fold] += size[patient]

    for name in sorted(total, key=lambda name: (total[name], name)):
        for patient in holders[name]:
            if patient not in dealt:
                give(patient, name)
    for patient in order:
        if patient not in dealt:
            give(patient, "")
    return dealt
