"""Which waves of which leads spoke for a label, as Shapley values.

The players are the waves of every lead and, as one more, what belongs to no lead (`analyze.segments`). A value is what
the log odds gain on average when that player joins the others in a random order (Strumbelj and Kononenko 2014,
doi 10.1007/s10115-013-0679-x); the values add up to the log odds with everything seen less those with nothing seen. An
absent wave is marked as not seen, as training has shown it too, and not replaced by an invented one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analyze.classify import ask_many, read_card
from analyze.classinput import ClassifierInput, prepare
from analyze.segments import COMMON, SEGMENTS, hide
from digitize.errors import UsageError
from digitize.record import Ecg

Game = Callable[[NDArray[np.bool_]], NDArray[np.float64]]

ORDERS = 48
"""Random orders, each of them played forwards and backwards."""
_BATCH = 256


@dataclass(frozen=True)
class Part:
    """What one player is worth: ``lead`` (empty for what belongs to none), ``wave``, log odds and their error."""

    lead: str
    wave: str
    log_odds: float
    error: float


@dataclass(frozen=True)
class Explanation:
    """Why a label got its probability.

    Attributes
    ----------
    code : str
    start_log_odds, log_odds : float
        With nothing seen, and with all that is there.
    parts : tuple of Part
        The weightiest first, whichever way they speak; they add up to the difference of the two.
    """

    code: str
    start_log_odds: float
    log_odds: float
    parts: tuple[Part, ...]


def explain(ecg: Ecg, code: str, seed: int = 0) -> Explanation:
    """Share a label's log odds out over the waves of the leads.

    Parameters
    ----------
    ecg : Ecg
    code : str
        Of a label the classifier knows.
    seed : int, optional
        Of the random orders: the same seed gives the same answer.

    Raises
    ------
    UsageError
        No such label.
    """
    codes = [label["code"] for label in read_card()["labels"]]
    if code not in codes:
        raise UsageError(f"The classifier knows no label {code}.", f"It knows {', '.join(codes)}.")
    ready = prepare(ecg)
    values, errors, start, end = share_out(make_game(ready, codes.index(code)), len(SEGMENTS), seed)
    names = [("", name) if name == COMMON else tuple(name.split(" ", 1)) for name in SEGMENTS]
    parts = [
        Part(lead, wave, float(value), float(error))
        for (lead, wave), value, error in zip(names, values, errors, strict=True)
    ]
    parts.sort(key=lambda part: -abs(part.log_odds))
    return Explanation(code, start, end, tuple(parts))


def make_game(ready: ClassifierInput, label: int) -> Game:
    """Log odds of a label for coalitions of segments, (coalition, segment) to (coalition,)."""

    def play(kept: NDArray[np.bool_]) -> NDArray[np.float64]:
        parts = []
        for first in range(0, len(kept), _BATCH):
            beat, numbers = hide(ready.beat, ready.numbers, kept[first : first + _BATCH])
            parts.append(ask_many(beat, numbers, threads=0)[0][:, label])
        return np.concatenate(parts)

    return play


def share_out(
    play: Game, players: int, seed: int, orders: int = ORDERS
) -> tuple[NDArray[np.float64], NDArray[np.float64], float, float]:
    """Shapley values of a game by antithetic sampling of orders.

    Returns
    -------
    values, errors : ndarray, shape (player,)
        And the standard errors of the values.
    start, end : float
        What nobody and everybody gets.
    """
    rng = np.random.default_rng(seed)
    order = np.stack([rng.permutation(players) for _ in range(orders)])
    gains = np.empty((2, orders, players))
    for turn, played in enumerate((order, order[:, ::-1])):
        rank = np.argsort(played, axis=1)
        kept = rank[:, None, :] < np.arange(players + 1)[None, :, None]
        worth = play(kept.reshape(-1, players)).reshape(orders, players + 1)
        np.put_along_axis(gains[turn], played, np.diff(worth, axis=1), axis=1)
    paired = gains.mean(axis=0)
    errors = paired.std(axis=0, ddof=1) / np.sqrt(orders)
    return paired.mean(axis=0), errors, float(worth[0, 0]), float(worth[0, -1])
