"""Which part of the classifier's input belongs to which wave of which lead.

Training hides such segments at random, so that the network knows what it is to miss one; explanations hide them to see
what each is worth.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from analyze.classinput import BEAT_HZ, BEAT_NUMBERS, BEAT_S, NUMBERS, Singles
from digitize.record import LEADS

WAVES = ("P", "QRS", "ST-T")
COMMON = "rhythm and intervals"
"""What belongs to no lead: rate, regularity, intervals, axes and voltage sums."""
SEGMENTS = (*(f"{lead} {wave}" for lead in LEADS for wave in WAVES), COMMON)

_USUAL_QRS_S = 0.1
_WAVE_OF = {"p": "P", "q": "QRS", "r": "QRS", "s": "QRS", "t": "ST-T", "j": "ST-T"}


@cache
def owners() -> NDArray[np.int64]:
    """Index in `SEGMENTS` of every number, shape (number,)."""
    found = [SEGMENTS.index(COMMON)] * len(BEAT_NUMBERS)
    for name in NUMBERS[len(BEAT_NUMBERS) :]:
        lead, what = name.split(" ")
        found.append(SEGMENTS.index(f"{lead} {_WAVE_OF[what.split('_')[0].rstrip('0123456789')]}"))
    return np.array(found)


def hide(beat: Singles, numbers: Singles, kept: NDArray[np.bool_]) -> tuple[Singles, Singles]:
    """Inputs of one ECG with segments hidden.

    Parameters
    ----------
    beat : ndarray, shape (24, time)
    numbers : ndarray, shape (number,)
    kept : ndarray of bool, shape (coalition, segment)
        Which segments are left, once for every coalition.

    Returns
    -------
    beat : ndarray, shape (coalition, 24, time)
    numbers : ndarray, shape (coalition, number)
    """
    qrs_ms = float(numbers[NUMBERS.index("qrs_ms")])
    qrs_s = qrs_ms / 1000.0 if np.isfinite(qrs_ms) else _USUAL_QRS_S
    at_s = np.arange(beat.shape[1]) / BEAT_HZ - BEAT_S[0]
    wave = (at_s >= 0).astype(int) + (at_s >= qrs_s)
    by_lead = kept[:, : len(LEADS) * len(WAVES)].reshape(len(kept), len(LEADS), len(WAVES))
    seen = np.tile(by_lead[:, :, wave], (1, 2, 1))
    return beat * seen.astype(np.float32), np.where(kept[:, owners()], numbers, np.float32(np.nan))
