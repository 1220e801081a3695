"""The calibration pulse: found at every usual gain, on either side, in poor print; never in a QRS."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from digitize.pulse import find_pulse
from digitize.synth.heart import simulate
from digitize.synth.render import Page, render


def draw(kind: str = "normal", **kwargs: object) -> tuple[Page, NDArray[np.float32]]:
    page = render(simulate(kind, seed=4).ecg, dpi=127, grid="none", **kwargs)  # type: ignore[arg-type]
    return page, (1 - page.rgb.min(axis=2) / 255).astype(np.float32)


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("gain", [5.0, 10.0, 20.0])
def test_height_and_place_are_right(side: str, gain: float) -> None:
    page, ink = draw(layout="3x4+1", pulse=side, mm_per_mv=gain)
    pulse = find_pulse(ink, (page.px_per_mm,) * 2, page.layout)
    assert pulse is not None
    assert pulse.height_mm == pytest.approx(gain, abs=0.3)
    assert pulse.right_mm == pytest.approx(page.pulses_mm[0][2], abs=0.3)
    assert pulse.rows >= 3


@pytest.mark.parametrize("kind", ["normal", "lbbb", "anterior_stemi", "afib"])
@pytest.mark.parametrize("layout", ["3x4", "6x2", "12x1"])
def test_no_complex_is_a_pulse(kind: str, layout: str) -> None:
    page, ink = draw(kind, layout=layout, pulse="none")
    assert find_pulse(ink, (page.px_per_mm,) * 2, page.layout) is None


def test_broken_print_and_dots_do_not_hide_it() -> None:
    page, ink = draw(layout="3x4+1")
    rng = np.random.default_rng(0)
    ink *= rng.uniform(size=ink.shape) > 0.12
    ink[::5, ::5] = np.maximum(ink[::5, ::5], 0.5)
    pulse = find_pulse(ink, (page.px_per_mm,) * 2, page.layout)
    assert pulse is not None
    assert pulse.height_mm == pytest.approx(10, abs=0.5)


def test_half_a_pulse_at_the_edge_counts_when_all_rows_show_it() -> None:
    page, ink = draw(layout="3x4+1")
    left, _, right, _ = page.pulses_mm[0]
    ink[:, : round((left + right) / 2 * page.px_per_mm)] = 0
    pulse = find_pulse(ink, (page.px_per_mm,) * 2, page.layout)
    assert pulse is not None
    assert pulse.height_mm == pytest.approx(10, abs=0.4)
    assert pulse.right_mm == pytest.approx(right, abs=0.3)


def test_rows_of_chest_leads_tell_their_gain() -> None:
    page, ink = draw(layout="12x1", chest_mm_per_mv=5.0)
    pulse = find_pulse(ink, (page.px_per_mm,) * 2, page.layout)
    assert pulse is not None
    assert pulse.height_mm == pytest.approx(10, abs=0.3)
    assert pulse.chest_height_mm == pytest.approx(5, abs=0.3)
    assert not pulse.unclear


def test_rows_that_hold_both_kinds_do_not_tell_whose_a_lower_pulse_is() -> None:
    page, ink = draw(layout="3x4")
    left, top, right, bottom = (round(v * page.px_per_mm) for v in page.pulses_mm[0])
    outline = ink[top : top + 3, left - 2 : right + 3].copy()
    ink[top - 3 : (top + bottom) // 2, left - 3 : right + 4] = 0
    ink[(top + bottom) // 2 : (top + bottom) // 2 + 3, left - 2 : right + 3] = outline
    pulse = find_pulse(ink, (page.px_per_mm,) * 2, page.layout)
    assert pulse is not None
    assert pulse.height_mm == pytest.approx(10, abs=0.3)
    assert pulse.unclear
    assert pulse.chest_height_mm is None


@pytest.mark.parametrize("higher_first", [True, False])
def test_a_stair_shows_both_gains(higher_first: bool) -> None:
    page, ink = draw(layout="3x4+1", pulse="none")
    steps = (10, 5) if higher_first else (5, 10)
    for baseline in sorted({p.baseline_mm for p in page.layout.panels}):
        x = page.layout.panels[0].x_mm[0] - 8.0
        heights = ((-1.5, 0), (0, 0), (0, steps[0]), (2.5, steps[0]), (2.5, steps[1]), (5, steps[1]), (5, 0), (6.5, 0))
        points = np.array([(x + dx, baseline - up) for dx, up in heights]) * page.px_per_mm
        drawn = np.zeros(ink.shape, np.uint8)
        cv2.polylines(drawn, [np.round(points * 16).astype(np.int32)], False, 255, 2, cv2.LINE_AA, shift=4)
        ink = np.maximum(ink, drawn.astype(np.float32) / 255)
    pulse = find_pulse(ink, (page.px_per_mm,) * 2, page.layout)
    assert pulse is not None
    assert pulse.height_mm == pytest.approx(10, abs=0.4)
    assert pulse.chest_height_mm == pytest.approx(5, abs=0.4)
    assert pulse.stair
