"""How well beats are classified: MIT-BIH by record, against annotated places and with the beats found here.

DS2 holds patients that training never saw (de Chazal, O'Dwyer, Reilly 2004, doi 10.1109/TBME.2004.827359). Ventricular
flutter is left out as ANSI/AAMI EC57 asks. Intervals are bootstrapped over patients: beats of one heart are no sample.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analyze.beatclass import class_of_beats, classify_beats
from analyze.evaluate import WINDOW_S, match_nearest
from digitize.datasets import load, mitbih
from digitize.errors import UsageError
from digitize.record import Ecg

Ints = NDArray[np.int64]

KINDS = (*mitbih.AAMI_CLASSES, "-")
"""Rows and columns of a confusion matrix; the last: a beat that was missed, or made up."""
VIEWS = ("annotated beats", "annotated beats, second lead", "beats found", "beats found in strips of 10 s")

_STRIP_S, _STRIP_EDGE_S = 10.0, 0.15
_DRAWS, _SEED = 1000, 1
_FLUTTER = "VFL"


@dataclass(frozen=True, eq=False)
class ClassBench:
    """Confusion matrices, true by answered, in the order of `KINDS`: for each view, shape (record, kind, kind)."""

    split: str
    records: tuple[str, ...]
    patients: tuple[str, ...]
    confusion: dict[str, Ints]


def list_side(folder: Path, split: str) -> list[mitbih.MitbihEntry]:
    """The records of DS1 or DS2.

    Raises
    ------
    UsageError
        No such side.
    UnreadableFile
        No MIT-BIH.
    """
    if split not in ("DS1", "DS2"):
        raise UsageError(f"MIT-BIH has no side {split!r}.", "There are DS1 and DS2.")
    return [entry for entry in mitbih.records(folder) if entry.split == split]


def bench_classes(
    entries: Sequence[mitbih.MitbihEntry], split: str, tell: Callable[[str], None] = lambda _: None
) -> ClassBench:
    """Classify the beats of one side of MIT-BIH, one lead at a time.

    Raises
    ------
    UnreadableFile
        A record is damaged.
    """
    rows: dict[str, list[Ints]] = {view: [] for view in VIEWS}
    for entry in entries:
        for view, confusion in _bench_record(entry).items():
            rows[view].append(confusion)
        tell(entry.record_id)
    return ClassBench(
        split,
        tuple(entry.record_id for entry in entries),
        tuple(entry.patient_id for entry in entries),
        {view: np.stack(parts) for view, parts in rows.items()},
    )


def score_classes(confusion: Ints) -> dict[str, tuple[float, float, float]]:
    """Sensitivity, positive predictivity and F1 of each class; ``confusion`` is (kind, kind)."""
    scores = {}
    for k, name in enumerate(mitbih.AAMI_CLASSES):
        hit, true, said = (float(x) for x in (confusion[k, k], confusion[k].sum(), confusion[:, k].sum()))
        scores[name] = (hit / max(true, 1.0), hit / max(said, 1.0), 2.0 * hit / max(true + said, 1.0))
    return scores


def bootstrap_f1(bench: ClassBench, view: str) -> dict[str, tuple[float, float]]:
    """95 % interval of each class's F1 over patients drawn with replacement."""
    names = sorted(set(bench.patients))
    member = np.array([[patient == name for patient in bench.patients] for name in names], dtype=np.int64)
    by_patient = np.einsum("pr,rij->pij", member, bench.confusion[view])
    rng = np.random.default_rng(_SEED)
    drawn = rng.multinomial(len(names), np.full(len(names), 1.0 / len(names)), _DRAWS)
    totals = np.einsum("dp,pij->dij", drawn, by_patient)
    f1 = np.array([[score[2] for score in score_classes(total).values()] for total in totals])
    low, high = np.percentile(f1, [2.5, 97.5], axis=0)
    return {name: (float(low[k]), float(high[k])) for k, name in enumerate(mitbih.AAMI_CLASSES)}


def class_figures(bench: ClassBench) -> dict[str, Any]:
    """Figures of the bench, for JSON."""
    figures: dict[str, Any] = {"split": bench.split, "records": list(bench.records), "kinds": list(KINDS)}
    for view in VIEWS:
        total = bench.confusion[view].sum(axis=0)
        scores, interval = score_classes(total), bootstrap_f1(bench, view)
        figures[view] = {
            "confusion": total.tolist(),
            "confusion_by_record": bench.confusion[view].tolist(),
            "classes": {
                name: {"sensitivity": se, "ppv": ppv, "f1": f1, "f1_interval_95": list(interval[name])}
                for name, (se, ppv, f1) in scores.items()
            },
            "macro_f1": float(np.mean([f1 for _, _, f1 in scores.values()])),
        }
    return figures


def class_lines(bench: ClassBench) -> list[str]:
    """The bench, line by line."""
    lines = [f"MIT-BIH {bench.split}, {len(bench.records)} records, one lead at a time"]
    for view in VIEWS:
        total = bench.confusion[view].sum(axis=0)
        scores, interval = score_classes(total), bootstrap_f1(bench, view)
        lines += ["", f"{view}: macro F1 {np.mean([f1 for _, _, f1 in scores.values()]):.3f}"]
        for name, (se, ppv, f1) in scores.items():
            low, high = interval[name]
            lines.append(f"  {name}  Se {100 * se:5.1f}  +P {100 * ppv:5.1f}  F1 {f1:.3f} ({low:.3f} to {high:.3f})")
        lines.append("  true \\ said " + "".join(f"{name:>7}" for name in KINDS))
        lines += [f"  {name:>11} " + "".join(f"{n:7}" for n in total[k]) for k, name in enumerate(KINDS)]
    return lines


def _bench_record(entry: mitbih.MitbihEntry) -> dict[str, Ints]:
    ecg, truth = load(entry), mitbih.beats(entry)
    flutter = [(r.start, r.stop) for r in mitbih.rhythms(entry) if r.name == _FLUTTER]
    r, true, within = truth.sample, truth.aami, WINDOW_S * ecg.fs_hz
    steady = _outside(r, flutter)
    found = {}
    for view, lead in ((VIEWS[0], 0), (VIEWS[1], 1)):
        said = class_of_beats(ecg.signal_mv[:, lead], ecg.fs_hz, r)
        found[view] = _count(true[steady], said[steady])
    at, said = classify_beats(ecg, 0)
    keep = _outside(at, flutter)
    found[VIEWS[2]] = compare_beats(r[steady], true[steady], at[keep], said[keep], within)
    size, edge = round(_STRIP_S * ecg.fs_hz), round(_STRIP_EDGE_S * ecg.fs_hz)
    strips = np.zeros((len(KINDS), len(KINDS)), dtype=np.int64)
    for start in range(0, ecg.signal_mv.shape[0] - size + 1, size):
        at, said = classify_beats(Ecg(ecg.signal_mv[start : start + size], ecg.fs_hz, ecg.leads), 0)
        at = at + start
        ours = steady & (r >= start) & (r < start + size)
        keep = _outside(at, flutter)
        inside = (start + edge, start + size - edge)
        strips += compare_beats(r[ours], true[ours], at[keep], said[keep], within, inside)
    found[VIEWS[3]] = strips
    return found


def compare_beats(
    r: Ints,
    true: NDArray[np.str_],
    at: Ints,
    said: NDArray[np.str_],
    within: float,
    inside: tuple[int, int] | None = None,
) -> Ints:
    """Confusion of annotated and found beats; those near a strip's ends count only where both have them."""
    pairs = match_nearest(at.astype(np.float64), r.astype(np.float64), within)
    first, last = inside or (-1, np.iinfo(np.int64).max)
    matched_at, matched_r = {i for i, _ in pairs}, {k for _, k in pairs}
    missed = [k for k in range(r.size) if k not in matched_r and first <= r[k] < last]
    made_up = [i for i in range(at.size) if i not in matched_at and first <= at[i] < last]
    rows = [*(true[k] for _, k in pairs), *(true[k] for k in missed), *("-" for _ in made_up)]
    columns = [*(said[i] for i, _ in pairs), *("-" for _ in missed), *(said[i] for i in made_up)]
    return _count(np.array(rows, dtype=np.str_), np.array(columns, dtype=np.str_))


def _count(true: NDArray[np.str_], said: NDArray[np.str_]) -> Ints:
    """Confusion matrix, shape (kind, kind)."""
    place = {name: k for k, name in enumerate(KINDS)}
    confusion = np.zeros((len(KINDS), len(KINDS)), dtype=np.int64)
    np.add.at(confusion, ([place[c] for c in true.tolist()], [place[c] for c in said.tolist()]), 1)
    return confusion


def _outside(samples: Ints, spans: list[tuple[int, int]]) -> NDArray[np.bool_]:
    outside = np.ones(samples.size, dtype=np.bool_)
    for a, b in spans:
        outside &= (samples < a) | (samples >= b)
    return outside
