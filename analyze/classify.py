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
from analyze.marked import MarkedColumn, mark_columns, pick_homes
from analyze.measure import measure
from analyze.measurements import Measurements
from analyze.noise import measure_noise
from digitize import networks
from digitize.record import Ecg

FEWEST_LEADS = 6
"""With fewer leads than this an answer counts as unsure."""
_ASKED_OF = {"limbs": slice(0, 6), "chest": slice(6, 12)}  # more than half of these leads must show a beat


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
    auc : float
        How well it is told from the rest, out of fold; 0.5 is chance.
    """

    code: str
    name: str
    group: str
    probability: float
    threshold: float
    positive: bool
    auc: float


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
    probability, scores = ask(ready)
    scores["noise"] = measure_noise(pick_homes(marked)) or 0.0
    labels = [
        LabelOpinion(
            said["code"],
            said["name"],
            said["group"],
            float(p),
            said["threshold"],
            bool(p >= said["threshold"]),
            said["auc"],
        )
        for said, p in zip(card["labels"], probability, strict=True)
    ]
    groups = list(dict.fromkeys(label.group for label in labels))
    labels.sort(key=lambda label: (groups.index(label.group), -label.probability))
    return Opinion(card["sha256"][:12], tuple(labels), _doubt(ready, scores), scores["distance"])


def ask(ready: ClassifierInput) -> tuple[NDArray[np.float64], dict[str, float]]:
    """Probabilities in the order of the card's labels, and scores of what there may be to doubt, by name."""
    log_odds, doubts, distance = ask_many(ready.beat[None], ready.numbers[None])
    scores = dict(zip((reason["why"] for reason in read_card()["unsure"]), doubts[0].tolist(), strict=False))
    scores["distance"] = float(distance[0]) if ready.beat.any() else float("nan")
    return to_probability(log_odds[0]), scores


def ask_many(
    beat: Singles, numbers: Singles, threads: int = 1
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Calibrated log odds (n, label), those of mistakes (n, kind), and distances (n,).

    Parameters
    ----------
    beat : ndarray of float32, shape (n, 24, 160)
    numbers : ndarray of float32, shape (n, 184)
    threads : int, optional
        0 for as many as there are cores, which pays for many inputs only.
    """
    network = networks.open_network("analyze", "diagnosis", threads)
    answers = network.run(["log_odds", "doubts", "distance"], {"beat": beat, "numbers": numbers})
    log_odds, doubts, distance = (np.asarray(answer, np.float64) for answer in answers)
    return log_odds, doubts, distance


def to_probability(log_odds: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Logistic function."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(log_odds, -50, 50))), np.float64)


def _doubt(ready: ClassifierInput, scores: Mapping[str, float]) -> str:
    """Why the answer should not be relied on, empty without a reason: what is seen before what is suspected."""
    seen = np.asarray(ready.beat[12:].any(axis=1))
    count = int(seen.sum())
    if not count:
        return "no beat was found in any lead"
    if count < FEWEST_LEADS:
        return f"only {count} leads show a beat"
    hidden = {why for why, leads in _ASKED_OF.items() if seen[leads].mean() <= 0.5}
    over = {
        reason["why"]: (scores[reason["why"]] - reason["above"], reason["words"])
        for reason in read_card()["unsure"]
        if reason["why"] not in hidden and scores[reason["why"]] > reason["above"]
    }
    if not over:
        return ""
    return str(over[max(over, key=lambda why: (why == "noise", why != "distance", over[why]))][1])


def read_card() -> dict[str, Any]:
    """The card of the classifier: labels, thresholds, data, metrics, hash."""
    return networks.read_card("analyze", "diagnosis")
