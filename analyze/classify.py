"""What a network and forests trained on PTB-XL say of an ECG, and whether they have seen the like of it.

One ONNX file, one card, onnxruntime alone. The rules of `analyze.rules` do not hear of it and it not of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analyze.beats import find_beats
from analyze.classinput import ClassifierInput, Singles, lay_out, prepare
from analyze.columns import Column
from analyze.marked import MarkedColumn, mark_columns
from analyze.measure import measure
from analyze.measurements import Measurements
from digitize import networks
from digitize.record import Ecg

FEWEST_LEADS = 6
"""With fewer leads than this an answer counts as unsure."""


@dataclass(frozen=True)
class LabelOpinion:
    """What is said of one label.

    Attributes
    ----------
    code, name : str
        As in PTB-XL (``"MI"``), and in words.
    group : {"superclass", "subclass", "rhythm"}
    probability : float
        Calibrated out of fold.
    threshold : float
        From which on the label is called: that of the best F1 out of fold.
    positive : bool
        Whether it is called.
    """

    code: str
    name: str
    group: str
    probability: float
    threshold: float
    positive: bool


@dataclass(frozen=True)
class Opinion:
    """What the classifier says of an ECG.

    Attributes
    ----------
    model : str
        First twelve digits of the SHA-256 of its file.
    labels : tuple of LabelOpinion
        The likeliest first within their group.
    unsure : str
        Why the answer should not be relied on, in words; empty when there is no reason.
    distance : float
        From the records it was trained on; about 1 for what is usual. NaN without a beat.
    """

    model: str
    labels: tuple[LabelOpinion, ...]
    unsure: str
    distance: float


def classify(ecg: Ecg) -> dict[str, float]:
    """Probability of every label the classifier knows.

    Parameters
    ----------
    ecg : Ecg
        A whole record or what a sheet shows; NaN where nothing is.

    Returns
    -------
    dict of str to float
        By code; the five superclasses of PTB-XL first: ``{"NORM": 0.03, "MI": 0.91, ...}``. Labels do not exclude one
        another and need not add up to 1. `give_opinion` says also whether they can be relied on.
    """
    probability, _ = ask(prepare(ecg))
    return {label["code"]: float(p) for label, p in zip(read_card()["labels"], probability, strict=True)}


def give_opinion(ecg: Ecg) -> Opinion:
    """Classify an ECG and judge whether the classifier has seen the like of it."""
    beats = find_beats(ecg)
    marked = mark_columns(ecg, beats)
    return form_opinion(marked, measure(ecg, None, beats, marked))


def form_opinion(marked: Mapping[Column, MarkedColumn], measured: Measurements) -> Opinion:
    """The same of an ECG whose beats are marked and measured."""
    card = read_card()
    ready = lay_out(marked, measured)
    probability, distance = ask(ready)
    labels = [
        LabelOpinion(
            said["code"], said["name"], said["group"], float(p), said["threshold"], bool(p >= said["threshold"])
        )
        for said, p in zip(card["labels"], probability, strict=True)
    ]
    groups = list(dict.fromkeys(label.group for label in labels))
    labels.sort(key=lambda label: (groups.index(label.group), -label.probability))
    return Opinion(card["sha256"][:12], tuple(labels), _doubt(ready, distance), distance)


def ask(ready: ClassifierInput) -> tuple[NDArray[np.float64], float]:
    """Probabilities in the order of the card's labels, and the distance from what was trained on."""
    log_odds, distance = ask_many(ready.beat[None], ready.numbers[None])
    seen = bool(ready.beat.any())
    return to_probability(log_odds[0]), float(distance[0]) if seen else float("nan")


def ask_many(beat: Singles, numbers: Singles) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Calibrated log odds (n, label) and distances (n,) of inputs (n, 24, 160) and (n, 184)."""
    network = networks.open_network("analyze", "diagnosis")
    log_odds, distance = network.run(["log_odds", "distance"], {"beat": beat, "numbers": numbers})
    return np.asarray(log_odds, np.float64), np.asarray(distance, np.float64)


def to_probability(log_odds: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Logistic function."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(log_odds, -50, 50))), np.float64)


def _doubt(ready: ClassifierInput, distance: float) -> str:
    count = int(ready.beat[12:].any(axis=1).sum())
    if not count:
        return "no beat was found in any lead"
    if count < FEWEST_LEADS:
        return f"only {count} leads show a beat"
    if distance > read_card()["unsure_from_distance"]:
        return "the ECG is unlike those the classifier learned from"
    return ""


def read_card() -> dict[str, Any]:
    """The card of the classifier: labels, thresholds, data, metrics, hash."""
    return networks.read_card("analyze", "diagnosis")
