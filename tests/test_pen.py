"""The pen network's surroundings: what it is shown, and how its answer becomes a position."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digitize.pen import (
    BIN_PX,
    CHANNELS,
    FOLD,
    NEAR_BINS,
    RANGE_PX,
    UNIT,
    ZERO,
    fold_rows,
    follow_heights,
    place_pen,
    stack_band,
)
from digitize.stages import Ink

BINS, COLUMNS = 60, 80


def split(heights_bins: np.ndarray) -> np.ndarray:
    """A sure answer: each height split over the two bins next to it, shape (bins, columns)."""
    answer = np.zeros((BINS, len(heights_bins)), np.float32)
    lower = np.floor(heights_bins).astype(int)
    columns = np.arange(len(heights_bins))
    answer[lower, columns] = 1 - (heights_bins - lower)
    answer[lower + 1, columns] += heights_bins - lower
    return answer


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_a_height_between_two_bins_comes_back_exactly(seed: int) -> None:
    rng = np.random.default_rng(seed)
    heights = np.clip(30 + np.cumsum(rng.normal(0, 1.5, COLUMNS)), 1, BINS - 3)
    answer = split(heights)
    y_px, confidence = place_pen(answer, follow_heights(answer[None])[0])
    np.testing.assert_allclose(y_px, heights * BIN_PX + (BIN_PX - 1) / 2, atol=1e-3)
    np.testing.assert_allclose(confidence, 1, atol=1e-5)


def test_an_unsure_stretch_is_crossed_by_the_shorter_way() -> None:
    heights = np.full(COLUMNS, 20.0)
    answer = split(heights)
    answer[:, 30:40] = 0
    answer[[22, 50], 30:40] = 0.5  # equally likely, one of them far away
    path = follow_heights(answer[None])[0]
    assert (np.abs(path[30:40] - 22) <= 1).all()


def test_a_stroke_that_the_network_sees_is_visited_however_steep() -> None:
    heights = np.full(COLUMNS, 40.0)
    heights[38:42] = [25, 5, 5, 25]
    path = follow_heights(split(heights)[None])[0]
    np.testing.assert_array_equal(path, heights)


def test_rows_of_a_stack_do_not_touch_each_other() -> None:
    rng = np.random.default_rng(3)
    rows = rng.random((3, BINS, COLUMNS)).astype(np.float32)
    together = follow_heights(rows)
    for k in range(3):
        np.testing.assert_array_equal(together[k], follow_heights(rows[k : k + 1])[0])


def test_confidence_is_the_probability_near_the_path() -> None:
    answer = np.full((BINS, 4), 0.25 / BINS, np.float32)
    answer[20, :] += 0.5  # and a quarter that there is no trace at all
    _, confidence = place_pen(answer, np.full(4, 20))
    assert confidence == pytest.approx(0.5 + (2 * NEAR_BINS + 1) * 0.25 / BINS, abs=1e-6)


def test_a_band_tells_which_row_is_meant() -> None:
    rgb = np.full((400, 64, 3), 255, np.uint8)
    rgb[100] = 0
    ink = Ink(*(np.full((400, 64), level, np.float32) for level in (0.25, 0.75)))
    band = stack_band(rgb, ink, 50, 250.0, [600.0, -150.0])
    assert band.shape == (CHANNELS, 400, 64) and band.dtype == np.uint8
    seen, step = (band - float(ZERO)) / UNIT, 0.5 / UNIT
    assert seen[:3, 100] == pytest.approx(1, abs=step) and seen[:3, 101].max() == 0
    assert seen[3] == pytest.approx(0.25, abs=step) and seen[4] == pytest.approx(0.75, abs=step)
    assert seen[5, 200, 0] == 0 and seen[5, 300, 0] == pytest.approx(100 / RANGE_PX, abs=step)
    assert seen[6, [399, 0], 0] == pytest.approx([(600 - 449) / RANGE_PX, 1], abs=step)


def test_lines_fold_into_channels() -> None:
    band = np.arange(CHANNELS * 64 * 64, dtype=np.int64).reshape(CHANNELS, 64, 64).astype(np.uint8)
    folded = fold_rows(band)
    assert folded.shape == (1, CHANNELS * FOLD, 64 // FOLD + 1, 64)
    for channel, line in ((0, 0), (3, 5), (6, 63)):
        block, rest = divmod(line + FOLD // 2, FOLD)
        np.testing.assert_array_equal(folded[0, channel * FOLD + rest, block], band[channel, line])
    assert (folded[0, : FOLD // 2, 0] == ZERO).all() and (folded[0, FOLD // 2 : FOLD, -1] == ZERO).all()
