"""The class of each beat of a rhythm strip: N, S, V, F or Q of ANSI/AAMI EC57, from one lead.

One ONNX graph answers two questions: is the QRS complex ventricular, as boosted trees tell; if not, does the beat come
too early for the sinus node, as a line on RR intervals and small networks over the beats before and after tell
together? ``weights/beats.json`` holds the thresholds; `analyze.train.beats` trained it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from analyze.beatclass_features import FEATURES, beat_features
from analyze.beats import find_beats
from digitize.networks import open_network, read_card
from digitize.record import Ecg

_SEEN = FEATURES.index("corr_qrs_near")
_CLOSE = 0.5  # log odds
_FEWEST = 4  # of fewer beats nobody can say which comes early or looks odd


def classify_beats(ecg: Ecg, lead: int | str = 0) -> tuple[NDArray[np.int64], NDArray[np.str_]]:
    """Find and classify the beats of one lead.

    Parameters
    ----------
    ecg : Ecg
        Any length from a few beats on; NaN where the lead is not seen.
    lead : int or str, optional
        Place or name of the lead; the rhythm strip of a sheet.

    Returns
    -------
    r_peak : ndarray of int, shape (beats,)
        Sample of each QRS complex, as `find_beats` gives it.
    classes : ndarray of str, shape (beats,)
        ``"N"``, ``"S"`` (supraventricular ectopic) or ``"V"`` (ventricular ectopic); ``"Q"`` where a complex is not
        seen whole, or with fewer than four beats. Fusion beats, ``"F"``, are never told: they pass as N or V.

    Raises
    ------
    KeyError
        The ECG does not hold a lead of that name.
    """
    k = ecg.leads.index(lead) if isinstance(lead, str) and lead in ecg.leads else lead
    if isinstance(k, str):
        raise KeyError(lead)
    alone = Ecg(ecg.signal_mv[:, [k]], ecg.fs_hz, (ecg.leads[k],))
    r = find_beats(alone).r
    return r, class_of_beats(alone.signal_mv[:, 0], ecg.fs_hz, r)


def class_of_beats(x_mv: NDArray[np.float64], fs_hz: float, r: NDArray[np.int64]) -> NDArray[np.str_]:
    """Classes of beats whose places are known, shape (beats,); ``x_mv`` (time,) is one lead."""
    return judge_beats(x_mv, fs_hz, r)[0]


def judge_beats(
    x_mv: NDArray[np.float64], fs_hz: float, r: NDArray[np.int64]
) -> tuple[NDArray[np.str_], NDArray[np.bool_]]:
    """Classes of beats whose places are known, and which of them could easily have been another, both (beats,)."""
    if r.size < _FEWEST:
        return np.full(r.size, "Q"), np.ones(r.size, dtype=np.bool_)
    features = beat_features(x_mv, fs_hz, r)
    probability = ask_graph(features)
    classes = decide(probability, **load_card()["thresholds"])
    close = find_close(probability, **load_card()["thresholds"])
    unseen = ~np.isfinite(features[:, _SEEN])
    classes[unseen] = "Q"
    return classes, close | unseen


def find_close(probability: NDArray[np.float32], ventricular: float, early: float) -> NDArray[np.bool_]:
    """Which beats lie so near a threshold, in log odds, that its other side is about as likely, shape (beats,)."""
    p_ventricular, p_early = probability.T
    from_v = np.abs(log_odds(p_ventricular) - log_odds(ventricular))
    from_s = np.abs(log_odds((1.0 - p_ventricular) * p_early) - log_odds(early))
    return np.asarray((from_v < _CLOSE) | ((from_s < _CLOSE) & (p_ventricular <= ventricular)), dtype=np.bool_)


def log_odds(p: NDArray[np.float32] | float) -> NDArray[np.float64]:
    """Log odds of probabilities, kept from being infinite."""
    held = np.clip(np.asarray(p, dtype=np.float64), 1e-6, 1.0 - 1e-6)
    return np.asarray(np.log(held / (1.0 - held)), dtype=np.float64)


def decide(probability: NDArray[np.float32], ventricular: float, early: float) -> NDArray[np.str_]:
    """Classes, shape (beats,), of the two probabilities of each beat, shape (beats, 2), and their thresholds."""
    p_ventricular, p_early = probability.T
    supraventricular = (1.0 - p_ventricular) * p_early
    return np.where(p_ventricular > ventricular, "V", np.where(supraventricular > early, "S", "N"))


def ask_graph(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probabilities that a beat is ventricular, and that one which is not comes from above too early, (beats, 2).

    ``features`` (beats, `FEATURES`) are of all beats of one lead in their order: each is judged beside its neighbours.
    """
    (probability,) = open_network("analyze", "beats", threads=1).run(None, {"features": features})
    return np.asarray(probability, dtype=np.float32)


def load_card() -> dict[str, Any]:
    """What is known of the weights: thresholds, training, metrics."""
    return read_card("analyze", "beats")
