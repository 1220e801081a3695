"""Lines on a printer's dots: found, lifted to their true places, and not seen where there are none."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from digitize.gridrounding import find_rounding

ROWS, COLS, BOX_PX = 40, 54, 30.0


def bend_page(rng: np.random.Generator) -> NDArray[np.complex128]:
    """Crossings of a page that is turned, seen from the side and folded once, shape (ROWS, COLS)."""
    rows, cols = np.mgrid[:ROWS, :COLS].astype(float)
    fold = 0.02 * np.abs(cols - rng.uniform(15, 40))
    at = (cols + fold) * np.exp(0.1j) + 1j * rows * np.exp(0.08j)
    return np.asarray(BOX_PX * at * (1 + 0.002 * rows))


def draw_offsets(dots: float, phase: float, count: int) -> NDArray[np.float64]:
    place = dots * np.arange(count) + phase
    return np.asarray((np.round(place) - place) / dots)


def step_px(at_px: NDArray[np.complex128], axis: int) -> NDArray[np.complex128]:
    return np.asarray(np.gradient(at_px.real, axis=axis) + 1j * np.gradient(at_px.imag, axis=axis))


def draw_on_dots(
    true_px: NDArray[np.complex128], dots: tuple[float, float], phase: tuple[float, float]
) -> NDArray[np.complex128]:
    across, down = draw_offsets(dots[0], phase[0], COLS), draw_offsets(dots[1], phase[1], ROWS)
    return np.asarray(true_px + across[None] * step_px(true_px, 1) + down[:, None] * step_px(true_px, 0))


@given(st.integers(0, 2**32 - 1), st.sampled_from([39.37, 29.53, 23.62, 19.69, 47.24]))
@settings(max_examples=15, deadline=None)
def test_lines_go_back_to_where_they_were_meant(seed: int, dots: float) -> None:
    rng = np.random.default_rng(seed)
    true_px = bend_page(rng)
    drawn_px = draw_on_dots(true_px, (dots, dots), tuple(rng.uniform(0, 1, 2)))
    noisy_px = drawn_px + rng.normal(0, 0.003 * BOX_PX, (2, ROWS, COLS)).T.swapaxes(0, 1) @ [1, 1j]
    noisy_px[rng.random(noisy_px.shape) < 0.1] = np.nan
    rounding = find_rounding(noisy_px)
    assert rounding is not None
    across, down = rounding.columns[None] * step_px(drawn_px, 1), rounding.rows[:, None] * step_px(drawn_px, 0)
    lifted_px = drawn_px - across - down

    def unevenness(at_px: NDArray[np.complex128]) -> float:
        off = (at_px - true_px)[1:-1, 1:-1] / BOX_PX
        return float(np.std(off.real) + np.std(off.imag))

    assert unevenness(lifted_px) < 0.65 * unevenness(drawn_px)  # 0.2 is usual; a fold can hide a line or two


@pytest.mark.parametrize("seed", range(6))
def test_a_page_whose_lines_lie_true_has_no_such_pattern(seed: int) -> None:
    rng = np.random.default_rng(seed)
    noise = rng.normal(0, 0.01 * BOX_PX, (ROWS, COLS, 2)) @ np.array([1, 1j])
    assert find_rounding(bend_page(rng) + noise) is None


def test_lines_of_their_own_unevenness_have_no_such_pattern() -> None:
    """As a worn ruling has it: every line a little off, but not as dots would have it."""
    rng = np.random.default_rng(9)
    true_px = bend_page(rng)
    off = rng.normal(0, 0.008, COLS) * step_px(true_px, 1) + rng.normal(0, 0.008, ROWS)[:, None] * step_px(true_px, 0)
    assert find_rounding(true_px + off) is None


def test_two_patterns_of_unlike_dots_are_no_printer() -> None:
    true_px = bend_page(np.random.default_rng(2))
    assert find_rounding(draw_on_dots(true_px, (39.37, 31.75), (0.2, 0.6))) is None


def test_a_page_on_its_side_is_found_too() -> None:
    drawn_px = draw_on_dots(bend_page(np.random.default_rng(3)), (39.37, 39.37), (0.2, 0.6))
    for quarters in range(4):
        turned = np.rot90(drawn_px, quarters)
        assert find_rounding(np.ascontiguousarray(turned)) is not None


def test_a_few_lines_tell_nothing() -> None:
    drawn_px = draw_on_dots(bend_page(np.random.default_rng(4)), (39.37, 39.37), (0.2, 0.6))
    assert find_rounding(drawn_px[:, :14]) is None
