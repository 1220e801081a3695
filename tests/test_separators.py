"""Where panels meet: on the middle of the strokes between them."""

from __future__ import annotations

import numpy as np
import pytest

from digitize.separators import find_columns

BASELINES_MM = [20.0, 40.0, 60.0]


@pytest.mark.parametrize("wide_px", [3, 6, 9])
@pytest.mark.parametrize("shift_px", [0, 3, 7])
def test_boundaries_lie_on_the_middle_of_separators(wide_px: int, shift_px: int) -> None:
    trace = np.zeros((800, 1400), np.float32)
    for boundary in (400, 700, 1000):
        first = boundary + shift_px - wide_px // 2
        for baseline in BASELINES_MM:
            y = round(baseline * 10)
            trace[y - 30 : y + 30, first : first + wide_px] = 1
            trace[y - 1 : y + 2, 100:1300] = 1
    begin, width, marked = find_columns(trace, (10.0, 10.0), 10.4, 30.0, 4, BASELINES_MM)
    middle_px = 400 + shift_px - wide_px // 2 + (wide_px - 1) / 2
    assert marked
    assert begin + width == pytest.approx(middle_px / 10, abs=0.03)
    assert width == pytest.approx(30.0, rel=0.002)


def test_without_separators_boundaries_stay() -> None:
    assert find_columns(np.zeros((800, 1400), np.float32), (10.0, 10.0), 10.4, 30.0, 4, BASELINES_MM) == (
        10.4,
        30.0,
        False,
    )
