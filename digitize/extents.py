"""Where the rows begin and end on the paper, as their ink tells: labels may stand well before or after."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

NEAR_MM = 3.0
"""A trace begins and ends this near its baseline."""
AGREE_MM, AGREE_SHARE = 1.5, 0.6
"""Ends of this part of the rows lie this near one another, or say nothing."""
SAME_MM = 2.5
"""Rows as long as their columns, within this."""
PULSE_MM = (4.0, 13.0)
"""Room that a calibration pulse and its feet take before or after a row."""
PULSE_ROOM_MM, PULSE_LIKE = 8.0, 0.3
PULSE_LOW_MM, PULSE_HIGH_MM = 2.0, 23.0
FLAT_MM = 0.2
"""A pulse's top keeps within this of its height for millimetres, a T wave's for one."""
LABEL_MM = (-5.0, 14.0)
"""A row begins this far left or right of where its label begins."""
LABEL_SURE_MM = 1.2
"""Labels that stand this near are taken at their word."""
TAIL_MM, SHORT_MM, PAST_MM = 3.0, 0.5, 1.0
"""Of each row's last trace this much tells its darkness; its end is looked for this far before and after where it
should be, the pen's tip included. A trace that is not there has climbed away from its baseline."""
TAIL_AGREE_MM, TAIL_ROWS = 0.2, 3
"""So near together rows end that were drawn to one length; a blot or a QRS there is out of step."""


def measure_ends(
    inked: NDArray[np.uint8], px_per_mm: tuple[float, float], baselines_mm: list[float]
) -> tuple[float | None, float | None]:
    """Left and right end of the rows' ink, in mm; None where the rows do not agree.

    Parameters
    ----------
    inked : ndarray of uint8, shape (H, W)
        From `digitize.rows.keep_long`.
    px_per_mm : (float, float)
    baselines_mm : list of float
    """
    ends = []
    for baseline in baselines_mm:
        top, bottom = (max(0, round((baseline + d) * px_per_mm[1])) for d in (-NEAR_MM, NEAR_MM))
        along = np.flatnonzero(inked[top:bottom].any(axis=0)) if bottom > top else np.zeros(0)
        if len(along):
            ends.append((along[0] / px_per_mm[0], (along[-1] + 1) / px_per_mm[0]))
    if not ends:
        return None, None
    left, right = (_agree(np.array(side)) for side in zip(*ends, strict=True))
    return left, right


def _agree(ends_mm: NDArray[np.float64]) -> float | None:
    middle = float(np.median(ends_mm))
    return middle if (np.abs(ends_mm - middle) < AGREE_MM).mean() >= AGREE_SHARE else None


def find_begin(
    inked: NDArray[np.uint8],
    px_per_mm: tuple[float, float],
    baselines_mm: list[float],
    label_mm: float,
    width_mm: float,
) -> tuple[float, bool]:
    """Where the rows begin, in mm: as the labels say, unless the ends of the ink say otherwise.

    Parameters
    ----------
    inked : ndarray of uint8, shape (H, W)
    px_per_mm : (float, float)
    baselines_mm : list of float
    label_mm : float
        Where the labels put it.
    width_mm : float
        Of all columns together.

    Returns
    -------
    float, bool
        The latter whether both ends bear it out.
    """
    left, right = measure_ends(inked, px_per_mm, baselines_mm)
    if left is None or right is None:
        return _begin_by_one_end(inked, px_per_mm, baselines_mm, label_mm, width_mm, left, right), False
    begin = _begin_between(inked, px_per_mm, baselines_mm, width_mm, left, right)
    if begin is None or not LABEL_MM[0] < begin - label_mm < LABEL_MM[1]:
        return label_mm, False
    return (begin if abs(begin - label_mm) > LABEL_SURE_MM else label_mm), True


def _begin_by_one_end(
    inked: NDArray[np.uint8],
    px_per_mm: tuple[float, float],
    baselines_mm: list[float],
    label_mm: float,
    width_mm: float,
    left: float | None,
    right: float | None,
) -> float:
    """Where rows begin of which only the left or the right ends agree, or neither."""
    if left is not None:
        # No row begins before its ink; behind a pulse, one end alone does not tell where.
        begin, pulse = left, _measure_flatness(inked, px_per_mm, baselines_mm, left, left + PULSE_ROOM_MM)
    elif right is not None:  # pulses that differ: the other end tells, where no pulse stands and nothing is cut
        begin = right - width_mm
        pulse = _look_like_pulses(inked, px_per_mm, baselines_mm, right - PULSE_ROOM_MM, right)
    else:
        return label_mm
    return begin if pulse < PULSE_LIKE and LABEL_SURE_MM < begin - label_mm < LABEL_MM[1] else label_mm


def _begin_between(
    inked: NDArray[np.uint8],
    px_per_mm: tuple[float, float],
    baselines_mm: list[float],
    width_mm: float,
    left: float,
    right: float,
) -> float | None:
    """Where rows begin whose ends agree on both sides; None where their length tells nothing."""
    spare = right - left - width_mm
    if abs(spare) <= SAME_MM:
        pulses = (
            _look_like_pulses(inked, px_per_mm, baselines_mm, left, left + PULSE_MM[0]) > PULSE_LIKE
            and _measure_flatness(inked, px_per_mm, baselines_mm, left, left + PULSE_ROOM_MM) > PULSE_LIKE
        )
        return None if pulses else left + spare / 2  # rows that begin with their pulses are cut at the other end
    if not PULSE_MM[0] <= spare <= PULSE_MM[1]:
        return None
    for look in (_look_like_pulses, _measure_flatness):  # labels may stand on the pulses, whose tops are still flat
        before = look(inked, px_per_mm, baselines_mm, left, left + spare)
        after = look(inked, px_per_mm, baselines_mm, right - spare, right)
        if max(before, after) >= PULSE_LIKE:
            return right - width_mm if before > after else left
    return None  # what the rows have too much of is no pulse


def measure_overhang(
    trace: NDArray[np.float32], px_per_mm: tuple[float, float], baselines_mm: list[float], end_mm: float
) -> float:
    """How far beyond a given end the rows were drawn, in mm: 0 where fewer than `TAIL_ROWS` of them agree.

    Where no separators are, the end of a line is the sharpest mark. A pen's round tip reaches half its width beyond the
    last sample, a line cut off straight does not: what lies between is not told.

    Parameters
    ----------
    trace : ndarray of float32, shape (H, W)
    px_per_mm : (float, float)
    baselines_mm : list of float
    end_mm : float
        Where the last panels end as far as is known.
    """
    sx, sy = px_per_mm
    first, middle, last = (round((end_mm + d) * sx) for d in (-TAIL_MM, -SHORT_MM, PAST_MM))
    if first < 0 or last >= trace.shape[1]:
        return 0.0
    over = []
    for baseline in baselines_mm:
        band = trace[max(0, round((baseline - NEAR_MM) * sy)) : max(0, round((baseline + NEAR_MM) * sy)), first:last]
        ink = band.max(axis=0) if len(band) else np.zeros(last - first)
        half = float(np.median(ink[: middle - first])) / 2
        beyond = np.flatnonzero(ink[middle - first :] < half) + middle - first
        if half == 0 or not len(beyond) or ink[k := int(beyond[0]) - 1] < half:
            continue  # no line ends here
        edge = first + k + (ink[k] - half) / (ink[k] - ink[k + 1])
        pen_mm = float(np.median(band[:, : middle - first].sum(axis=0))) / (2 * half * sy)
        over.append((edge / sx - pen_mm / 2 - end_mm, edge / sx - end_mm))
    if len(over) < TAIL_ROWS:
        return 0.0
    both = np.array(over)
    together = both[np.abs(both[:, 0] - np.median(both[:, 0])) < TAIL_AGREE_MM]
    least, most = together.mean(axis=0)
    return float(np.clip(0.0, least, most)) if len(together) >= TAIL_ROWS else 0.0


def _look_like_pulses(
    inked: NDArray[np.uint8], px_per_mm: tuple[float, float], baselines_mm: list[float], x0_mm: float, x1_mm: float
) -> float:
    """In which part of a stretch of the rows the ink is well above the baseline and not on it."""
    first, last = (max(0, round(x * px_per_mm[0])) for x in (x0_mm, x1_mm))
    shares = []
    for baseline in baselines_mm:
        y = [max(0, round((baseline - d) * px_per_mm[1])) for d in (PULSE_HIGH_MM, PULSE_LOW_MM, -NEAR_MM)]
        high = inked[y[0] : y[1], first:last].any(axis=0)
        low = inked[y[1] : y[2], first:last].any(axis=0)
        shares.append(float((high & ~low).mean()) if last > first else 0.0)
    return float(np.median(shares))


def _measure_flatness(
    inked: NDArray[np.uint8], px_per_mm: tuple[float, float], baselines_mm: list[float], x0_mm: float, x1_mm: float
) -> float:
    """Along which part of a stretch of the rows the topmost ink, above the baseline and below the next row, is flat."""
    gap_mm = float(np.diff(baselines_mm).min()) if len(baselines_mm) > 1 else PULSE_HIGH_MM
    high_mm = min(PULSE_HIGH_MM, gap_mm - NEAR_MM)
    first, last = (max(0, round(x * px_per_mm[0])) for x in (x0_mm, x1_mm))
    shares = []
    for baseline in baselines_mm:
        top, bottom = (max(0, round((baseline - d) * px_per_mm[1])) for d in (high_mm, PULSE_LOW_MM))
        above = inked[top:bottom, first:last]
        tops = above.argmax(axis=0)[above.any(axis=0)] if above.size else np.zeros(0, int)
        if len(tops):
            flat = np.abs(tops - int(np.bincount(tops).argmax())) <= FLAT_MM * px_per_mm[1]
            shares.append(float(flat.sum()) / above.shape[1])
        else:
            shares.append(0.0)
    return float(np.median(shares)) if shares else 0.0
