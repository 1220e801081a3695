"""Where rows end, by the ink alone."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from digitize.extents import measure_overhang

PX_PER_MM = (10.0, 10.0)
FINE = 20
BASELINES_MM = [20.0, 40.0, 60.0]


def draw_rows(ends_mm: list[float], pen_mm: float) -> np.ndarray:
    """Rows of ink with round tips, drawn fine, blurred and brought to the sheet's resolution."""
    y, x = np.mgrid[0 : 80 * FINE, 0 : 60 * FINE] / FINE
    ink = np.zeros(y.shape, np.float32)
    for baseline, end in zip(BASELINES_MM, ends_mm, strict=True):
        beyond = np.maximum(x - end, 0)
        ink[np.hypot(y - baseline, beyond) <= pen_mm / 2] = 1
    coarse = ink.reshape(800, FINE // 10, 600, FINE // 10).mean(axis=(1, 3))
    return gaussian_filter(coarse, 0.8)


@pytest.mark.parametrize("pen_mm", [0.3, 0.5])
def test_overhang_is_measured_to_a_fraction_of_the_pen(pen_mm: float) -> None:
    for over_mm in (0.0, 0.13, 0.3):
        found_mm = measure_overhang(draw_rows([50.0 + over_mm] * 3, pen_mm), PX_PER_MM, BASELINES_MM, 49.95)
        # A pixel's middle lies half a pixel after its edge; positions on the sheet are those of middles.
        assert found_mm == pytest.approx(over_mm, abs=0.06)


def test_what_the_pens_tip_may_have_drawn_tells_nothing() -> None:
    for short_mm in (0.05, 0.15):
        assert measure_overhang(draw_rows([49.95 - short_mm] * 3, 0.4), PX_PER_MM, BASELINES_MM, 49.95) == 0.0


def test_rows_that_end_before_tell_it() -> None:
    found_mm = measure_overhang(draw_rows([49.65] * 3, 0.3), PX_PER_MM, BASELINES_MM, 49.95)
    assert found_mm == pytest.approx(-0.2, abs=0.06)


def test_rows_that_do_not_agree_tell_nothing():
    assert measure_overhang(draw_rows([50.0, 50.4, 49.5], 0.4), PX_PER_MM, BASELINES_MM, 50.0) == 0.0


def test_a_row_that_runs_on_is_left_out_of_count():
    assert measure_overhang(draw_rows([50.2, 50.2, 59.0], 0.4), PX_PER_MM, BASELINES_MM, 50.0) == 0.0


def test_a_page_cut_before_the_end_tells_nothing():
    trace = draw_rows([50.2] * 3, 0.4)[:, :500]
    assert measure_overhang(trace, PX_PER_MM, BASELINES_MM, 50.0) == 0.0


def test_rows_that_leave_their_baselines_before_the_end_tell_nothing():
    broken = draw_rows([50.2] * 3, 0.4)
    broken[:, 492:] = 0
    assert measure_overhang(broken, PX_PER_MM, BASELINES_MM, 50.0) == 0.0
