"""How well the classifier that ships tells records apart that carry labels: PTB-XL's own, or the Challenge's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import process_time
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from analyze.classify import give_opinion, read_card
from analyze.labelled import GROUPS, Labelled, name_labels
from analyze.shown import show_as
from digitize.datasets import load

FEWEST = 5
"""A label with fewer records than this is counted and not measured."""


@dataclass(frozen=True)
class LabelFigures:
    """One label: ``auc`` None with fewer than `FEWEST` records that have it; ``f1`` at the threshold of the card."""

    code: str
    group: str
    records: int
    auc: float | None
    f1: float | None


@dataclass(frozen=True)
class DiagnosisFigures:
    """What `bench_diagnosis` found: ``macro_auc`` over the labels of a group that have an AUC.

    ``ms`` is the median processor time of an opinion in milliseconds, reading the file left out.
    """

    form: str
    records: int
    unsure: int
    ms: float
    labels: tuple[LabelFigures, ...]
    macro_auc: dict[str, float]


def bench_diagnosis(
    entries: Sequence[Labelled], form: str = "whole", on_record: Callable[[str], None] = lambda _: None
) -> DiagnosisFigures:
    """Classify labelled records as they are, or as a sheet shows them.

    Parameters
    ----------
    entries : sequence of PtbxlEntry or CincEntry
        From `list_labelled`.
    form : {"whole", "3x4", "6x2", "worn"}
        See `analyze.shown.show_as`.
    on_record : callable, optional
        Told the name of every record that is done.
    """
    codes = [label["code"] for label in read_card()["labels"]]
    probability = np.empty((len(entries), len(codes)))
    truth = np.zeros((len(entries), len(codes)))
    unsure, spent_s = 0, []
    for k, entry in enumerate(entries):
        ecg = show_as(load(entry), form, np.random.default_rng(k))
        begun = process_time()
        opinion = give_opinion(ecg)
        spent_s.append(process_time() - begun)
        said = {label.code: label.probability for label in opinion.labels}
        probability[k] = [said[code] for code in codes]
        held = {code for group in GROUPS for code in name_labels(entry, group)}
        truth[k] = [code in held for code in codes]
        unsure += bool(opinion.unsure)
        on_record(entry.record_id)
    labels = tuple(
        _judge(label, truth[:, k], probability[:, k]) for k, label in enumerate(read_card()["labels"])
    )  # fmt: skip
    groups = dict.fromkeys(label.group for label in labels)
    known = {g: [label.auc for label in labels if label.group == g and label.auc is not None] for g in groups}
    macro = {group: float(np.mean(values)) for group, values in known.items() if values}
    return DiagnosisFigures(form, len(entries), unsure, 1000.0 * float(np.median(spent_s)), labels, macro)


def measure_auc(truth: NDArray[np.float64], score: NDArray[np.float64]) -> float:
    """Area under the ROC curve: the share of pairs, one with and one without the label, that are in order."""
    rank = rankdata(score)
    has = truth > 0
    pairs = has.sum() * (~has).sum()
    return float((rank[has].sum() - has.sum() * (has.sum() + 1) / 2) / pairs)


def to_lines(figures: DiagnosisFigures) -> list[str]:
    """The figures as a table in plain text."""
    lines = [f"{'label':<11}{'records':>8}{'AUC':>8}{'F1':>7}"]
    for label in figures.labels:
        auc, f1 = (f"{value:.3f}" if value is not None else "–" for value in (label.auc, label.f1))
        lines.append(f"{label.code:<11}{label.records:>8}{auc:>8}{f1:>7}")
    macro = ", ".join(f"{group} {value:.4f}" for group, value in figures.macro_auc.items())
    lines.append(f"{figures.records} records, {figures.form}; macro AUC: {macro}; unsure of {figures.unsure}")
    lines.append(f"{figures.ms:.0f} ms of processor time an ECG, median")
    lines.append("Records that the classifier was trained on give figures that are too good: see its card.")
    return lines


def to_figures(figures: DiagnosisFigures) -> dict[str, Any]:
    """The figures for JSON."""
    return {
        "form": figures.form,
        "records": figures.records,
        "unsure": figures.unsure,
        "ms": figures.ms,
        "macro_auc": figures.macro_auc,
        "labels": {f.code: {"records": f.records, "auc": f.auc, "f1": f.f1} for f in figures.labels},
    }


def _judge(label: dict[str, Any], truth: NDArray[np.float64], probability: NDArray[np.float64]) -> LabelFigures:
    count = int(truth.sum())
    if not FEWEST <= count < truth.size:
        return LabelFigures(label["code"], label["group"], count, None, None)
    called = probability >= label["threshold"]
    f1 = 2 * float((truth * called).sum()) / float(truth.sum() + called.sum())
    return LabelFigures(label["code"], label["group"], count, measure_auc(truth, probability), f1)
