"""A pen cannot jump: what stands apart at a panel's end, with no stroke that leads to it, is not the trace."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from digitize.pen import PX_PER_MM
from digitize.stages import Curve, Ink

JUMP_MM = 3.0
"""A step between neighbouring columns that needs a stroke to be believed."""
BESIDE_MM = 1.0
"""Columns are neighbours that are no further apart than this."""
OPEN_MM = 3.0
"""So much of a step without ink, and not hidden by a grid line either, is no stroke."""
INKED, HIDDEN = 0.35, 0.5
SHORT_MM = 5.0
"""Only this much at either end of a panel is ever doubted."""


def drop_unlinked(curve: Curve, ink: Ink) -> Curve:
    """Blank what a step without a stroke parts from the rest, near the ends of a panel.

    Where a trace begins beside a pulse or a label, the likeliest way may lead to the frame of the page or to another
    row for some columns, and then jump.

    Parameters
    ----------
    curve : Curve
    ink : Ink
        At `PX_PER_MM` along both axes.
    """
    read = np.flatnonzero(np.isfinite(curve.y_mm))
    if read.size < 2:
        return curve
    x, y = curve.x_mm[read], curve.y_mm[read]
    jumps = np.flatnonzero((np.abs(np.diff(y)) > JUMP_MM) & (np.diff(x) < BESIDE_MM))
    loose = [k for k in jumps if _longest_open_mm(ink, x[k : k + 2], y[k : k + 2]) > OPEN_MM]
    kept = np.ones(read.size, bool)
    for k in loose:
        if x[k] - curve.x_mm[0] < SHORT_MM:
            kept[: k + 1] = False
        if curve.x_mm[-1] - x[k + 1] < SHORT_MM:
            kept[k + 1 :] = False
    if kept.all():
        return curve
    y_mm, confidence = curve.y_mm.copy(), curve.confidence.copy()
    y_mm[read[~kept]], confidence[read[~kept]] = np.nan, 0.0
    return replace(curve, y_mm=y_mm, confidence=confidence)


def _longest_open_mm(ink: Ink, x_mm: NDArray[np.float64], y_mm: NDArray[np.float64]) -> float:
    """The longest stretch of height between two points that has no ink in the columns there, for all that is seen."""
    top, bottom = np.sort(np.rint(y_mm * PX_PER_MM).astype(int))
    left, right = round(x_mm[0] * PX_PER_MM) - 1, round(x_mm[1] * PX_PER_MM) + 2
    part = np.s_[max(top, 0) : max(bottom, 0) + 1, max(left, 0) : max(right, 0)]
    maybe = ((ink.trace[part] > INKED) | (ink.sure[part] < HIDDEN)).any(axis=1)
    inked = np.flatnonzero(np.concatenate([[True], maybe, [True]]))
    return float(np.diff(inked).max() - 1) / PX_PER_MM
