"""Frontal axes of P, QRS and T from net areas in the limb leads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analyze.levels import level_beat
from analyze.marked import FIRST, LAST, MarkedColumn

_NO_AXIS_MV_S = {"p": 3e-4, "qrs": 5e-4, "t": 5e-4}  # a net area below this has no direction
_ERROR_MV_S = 4e-4  # 95 %: 5 uV over a QRS complex's length
_TURN_DEG = 6.0  # 95 %: breathing, and ends marked elsewhere


@dataclass(frozen=True)
class Axis:
    """A frontal axis in degrees, -180 to 180, and the half width of its 95 % interval; None where there is none."""

    deg: float | None = None
    error_deg: float | None = None


def find_axis(marked: Sequence[MarkedColumn], wave: str) -> Axis:
    """Axis of ``"p"``, ``"qrs"`` or ``"t"`` from the net area in I and aVF, or in the limb leads that give them.

    Leads of one column are taken where it holds enough of them: areas of different beats need not fit together.
    """
    together = [_limb_areas(at, wave) for at in marked]
    apart = {lead: area for areas in reversed(together) for lead, area in areas.items()}
    for areas in (*together, apart):
        if "I" not in areas:
            continue
        if "II" in areas:
            avf = areas["II"] - areas["I"] / 2.0  # Einthoven and Goldberger: aVF = II - I / 2
        elif "III" in areas:
            avf = areas["III"] + areas["I"] / 2.0
        elif "aVF" in areas:
            avf = areas["aVF"]
        else:
            continue
        along, down = areas["I"], 2.0 * avf / np.sqrt(3.0)
        length = float(np.hypot(along, down))
        if length < _NO_AXIS_MV_S[wave]:
            return Axis()
        error = _TURN_DEG + float(np.degrees(np.arctan2(_ERROR_MV_S, length)))
        return Axis(float(np.degrees(np.arctan2(down, along))), error)
    return Axis()


def _limb_areas(at: MarkedColumn, wave: str) -> dict[str, float]:
    """Net area of a wave in a column's limb leads in mV s, between its ends over all leads."""
    if wave == "qrs":
        first, last = at.qrs_on, at.qrs_off
    else:
        on = [getattr(m, f"{wave}_on") for m in at.marks.values() if np.isfinite(getattr(m, f"{wave}_on"))]
        off = [getattr(m, f"{wave}_off") for m in at.marks.values() if np.isfinite(getattr(m, f"{wave}_off"))]
        if not on or not off:
            return {}
        first = max(0, at.average.r + round(float(np.quantile(on, FIRST))))
        last = at.average.r + round(float(np.quantile(off, LAST)))
    leads = [lead for lead in ("I", "II", "III", "aVF") if lead in at.marks]
    return {lead: float(np.nansum(level_beat(at, lead)[first : last + 1])) / at.average.fs_hz for lead in leads}
