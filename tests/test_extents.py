"""Where rows begin and end, by the ink alone."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from digitize.extents import find_begin, measure_overhang

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


WIDTH_MM, FOOT_MM = 40.0, 0.5


def draw_traces(begins_mm: list[float], ends_mm: list[float], pulse_mm: float = 0.0) -> NDArray[np.uint8]:
    """Rows that rise and fall along their baselines, each after a calibration pulse of a width, if any."""
    inked = np.zeros((800, 700), np.uint8)
    for baseline, begin, end in zip(BASELINES_MM, begins_mm, ends_mm, strict=True):
        x = np.arange(round(begin * 10), round(end * 10))
        y = baseline * 10 + 12 * np.sin(x / 9)
        flat = (x >= (begin + FOOT_MM) * 10) & (x < (begin + pulse_mm) * 10)
        y[flat] = baseline * 10 - 100
        inked[np.rint(y).astype(int), x] = 1
    return inked


def begin_of(inked: NDArray[np.uint8], label_mm: float) -> tuple[float, bool]:
    return find_begin(inked, PX_PER_MM, BASELINES_MM, label_mm, WIDTH_MM)


def test_rows_as_long_as_their_columns_begin_at_their_ink_wherever_the_labels_stand() -> None:
    inked = draw_traces([10.0] * 3, [50.0] * 3)
    for label_mm in (13.0, 7.5, 0.0):
        assert begin_of(inked, label_mm) == (pytest.approx(10, abs=0.1), True)


def test_labels_that_stand_near_the_ink_are_taken_at_their_word() -> None:
    assert begin_of(draw_traces([10.0] * 3, [50.0] * 3), 10.8) == (10.8, True)


def test_rows_with_a_pulse_before_them_begin_behind_it() -> None:
    inked = draw_traces([10.0] * 3, [56.0] * 3, pulse_mm=6.0)
    assert begin_of(inked, 12.0) == (pytest.approx(16, abs=0.1), True)


def test_one_end_alone_tells_where_rows_begin_unless_a_pulse_may_stand_there() -> None:
    ends_mm = [50.0, 56.0, 62.0]
    assert begin_of(draw_traces([10.0] * 3, ends_mm), 7.0) == (pytest.approx(10, abs=0.1), False)
    assert begin_of(draw_traces([10.0] * 3, ends_mm, pulse_mm=8.0), 7.0) == (7.0, False)
    begins_mm = [4.0, 10.0, 16.0]
    assert begin_of(draw_traces(begins_mm, [50.0] * 3), 7.0) == (pytest.approx(10, abs=0.1), False)


def test_no_ink_leaves_the_labels_to_tell() -> None:
    assert begin_of(np.zeros((800, 700), np.uint8), 9.0) == (9.0, False)
