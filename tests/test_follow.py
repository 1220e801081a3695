"""What of a row's beginning the calibration pulse hides, and no more."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from digitize.follow import LEG_RIM_MM, LEGS_MM, leave_pulse
from digitize.pulse import Pulse
from digitize.stages import Curve, Panel

BASELINES_MM = (20.0, 50.0, 80.0)
BEGIN_MM = 20.0
PX_PER_MM = 10.0


def draw_legs(qrs: bool) -> NDArray[np.float32]:
    """Right legs of three rows' pulses, each 0.3 mm wide and 10 mm high; beside the first a QRS, or none."""
    trace = np.zeros((1000, 600), np.float32)
    for baseline_mm in BASELINES_MM:
        foot = round(baseline_mm * PX_PER_MM)
        trace[foot - 100 : foot, 199:202] = 1.0
    if qrs:
        trace[80:200, 202:209] = 1.0
    return trace


def leave(trace: NDArray[np.float32]) -> list[float]:
    """Where each row's trace begins after the pulse has been taken off."""
    x_mm = BEGIN_MM + 0.05 * np.arange(200)
    curves = tuple(
        Curve(Panel(lead, k, 0, (BEGIN_MM, 30.0), baseline, 0.0), x_mm, np.full(200, baseline), np.ones(200))
        for k, (lead, baseline) in enumerate(zip(("I", "II", "III"), BASELINES_MM, strict=True))
    )
    left = leave_pulse(curves, trace, (PX_PER_MM, PX_PER_MM), Pulse(10.0, 5.0, BEGIN_MM, 3))
    return [float(curve.x_mm[np.isfinite(curve.y_mm)][0]) for curve in left]


def test_a_trace_begins_beside_its_pulse() -> None:
    assert all(abs(x - BEGIN_MM - LEG_RIM_MM) < 0.1 for x in leave(draw_legs(qrs=False)))


def test_a_qrs_beside_the_pulse_is_not_taken_for_its_leg() -> None:
    clear, others = leave(draw_legs(qrs=False)), leave(draw_legs(qrs=True))
    assert others[1:] == clear[1:]
    assert clear[0] <= others[0] <= BEGIN_MM + LEGS_MM + LEG_RIM_MM + 0.05
