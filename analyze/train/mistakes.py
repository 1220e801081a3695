"""Records as they come out when something went wrong: electrodes exchanged, paper misread, noise.

Exchanged electrodes, gains and speeds follow exactly from the record itself, so that a record changed is as good as one
recorded wrongly. What each kind is called is what a reader is told to check.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from digitize.record import LEADS, Ecg

Floats = NDArray[np.float64]
Change = Callable[[Floats, np.random.Generator], Floats]

CHEST = LEADS[6:]


@dataclass(frozen=True)
class Mistake:
    """One mistake, the kind it is of, and what it makes of a record (time, 12) in millivolts."""

    name: str
    kind: str
    change: Change


def make_mistake(ecg: Ecg, mistake: Mistake, rng: np.random.Generator) -> Ecg:
    """A record of twelve leads with a mistake."""
    return replace(ecg, signal_mv=mistake.change(ecg.signal_mv.copy(), rng))


def move_limbs(places: Mapping[str, str]) -> Change:
    """Limb electrodes on other limbs: ``{"RA": "LA", ...}`` has the right arm's electrode on the left arm.

    Potentials are taken from Wilson's terminal; the right leg is as the left (both are far from the heart), and a right
    leg's electrode does not enter the leads.
    """

    def change(mv: Floats, rng: np.random.Generator) -> Floats:
        one, two = mv[:, 0], mv[:, 1]
        at = {"RA": -(one + two) / 3.0, "LA": (2 * one - two) / 3.0, "LL": (2 * two - one) / 3.0}
        at["RL"] = at["LL"]
        right, left, foot = (at[places.get(name, name)] for name in ("RA", "LA", "LL"))
        limbs = [
            left - right, foot - right, foot - left,
            right - (left + foot) / 2, left - (right + foot) / 2, foot - (right + left) / 2,
        ]  # fmt: skip
        return np.concatenate([np.stack(limbs, axis=1), mv[:, 6:] - ((right + left + foot) / 3.0)[:, None]], axis=1)

    return change


def move_chest(order: Sequence[int]) -> Change:
    """Chest leads in another order, ``[2, 1, 3, 4, 5, 6]`` for V1 and V2 exchanged."""
    return lambda mv, rng: np.concatenate([mv[:, :6], mv[:, [5 + k for k in order]]], axis=1)


def stretch(times: int) -> Change:
    """All that is within the first part of the record, as many times longer: paper that ran faster than is said."""

    def change(mv: Floats, rng: np.random.Generator) -> Floats:
        at = np.arange(len(mv)) / times
        return np.stack([np.interp(at, np.arange(len(mv)), x) for x in mv.T], axis=1)

    return change


def drown(mv: Floats, rng: np.random.Generator, times: float = 1.0) -> Floats:
    """Muscle noise of the signal's own size, or of so many times it, in every lead."""
    return mv + times * rng.standard_normal(mv.shape) * mv.std(axis=0)


MISTAKES: tuple[Mistake, ...] = (
    Mistake("arms exchanged", "limbs", move_limbs({"RA": "LA", "LA": "RA"})),
    Mistake("left arm and left leg exchanged", "limbs", move_limbs({"LA": "LL", "LL": "LA"})),
    Mistake("right arm and left leg exchanged", "limbs", move_limbs({"RA": "LL", "LL": "RA"})),
    Mistake("right arm and right leg exchanged", "limbs", move_limbs({"RA": "RL"})),
    Mistake("V1 and V2 exchanged", "chest", move_chest([2, 1, 3, 4, 5, 6])),
    Mistake("V2 and V3 exchanged", "chest", move_chest([1, 3, 2, 4, 5, 6])),
    Mistake("V3 and V4 exchanged", "chest", move_chest([1, 2, 4, 3, 5, 6])),
    Mistake("V1 and V3 exchanged", "chest", move_chest([3, 2, 1, 4, 5, 6])),
    Mistake("V1 and V6 exchanged", "chest", move_chest([6, 2, 3, 4, 5, 1])),
    Mistake("V1 to V6 the other way round", "chest", move_chest([6, 5, 4, 3, 2, 1])),
    Mistake("gain twice what is said", "gain", lambda mv, rng: 2 * mv),
    Mistake("gain half of what is said", "gain", lambda mv, rng: mv / 2),
    Mistake("speed twice what is said", "speed", stretch(2)),
    Mistake("speed half of what is said", "speed", lambda mv, rng: np.concatenate([mv[::2], mv[::2]])[: len(mv)]),
    Mistake("upside down", "turned", lambda mv, rng: -mv),
    Mistake("mirrored in time", "turned", lambda mv, rng: mv[::-1]),
    Mistake("turned by half a circle", "turned", lambda mv, rng: -mv[::-1]),
    Mistake("drowned in noise", "noise", drown),
)  # fmt: skip
