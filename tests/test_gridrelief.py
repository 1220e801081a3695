"""Paper that rises from the table, seen from above one point of it: what each family of lines tells of the other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from digitize.gridrelief import Offsets, bend_sheet, find_foot

ROWS, COLS, PITCH_MM, PX_PER_MM = 61, 81, 2.5, 8.0
FAR_MM = 350.0
"""From the camera to the table."""
HIDDEN = np.s_[8:16, 60:65]
"""What a QRS hides of the lines that run down, in the top right corner."""


def place_nodes() -> NDArray[np.complex128]:
    y, x = PITCH_MM * np.indices((ROWS, COLS))
    return np.asarray(x + 1j * y, np.complex128)


def rise(foot_mm: complex, seed: int = 1) -> NDArray[np.complex128]:
    """How far bumps some millimetres high move what is printed on them, in mm."""
    at = place_nodes()
    rng = np.random.default_rng(seed)
    peaks = rng.uniform(0, 1, 40) * at.real.max() + 1j * rng.uniform(0, 1, 40) * at.imag.max()
    high_mm = rng.normal(0, 1.0, 40)
    bumps = high_mm * np.exp(-0.5 * np.square(np.abs(at[..., None] - np.r_[peaks[:-1], at[12, 62]]) / 7))
    return np.asarray(bumps.sum(axis=-1) * (at - foot_mm) / FAR_MM, np.complex128)


def measure(moved_mm: NDArray[np.complex128], noise_mm: float = 0.004) -> tuple[Offsets, Offsets]:
    """What the lines 5 mm apart tell: those that run down of what is to the right, those that run across of below."""
    rng = np.random.default_rng(5)
    right, down = (np.full((ROWS, COLS), np.nan) for _ in range(2))
    right[:, ::2], down[::2] = moved_mm.real[:, ::2], moved_mm.imag[::2]
    right, down = (part + noise_mm * rng.standard_normal(part.shape) for part in (right, down))
    right[HIDDEN] = np.nan
    return Offsets(right, noise_mm), Offsets(down, noise_mm)


def fit(moved_mm: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """The sheet as found in two looks, beside the flat one, in mm."""
    flat = place_nodes()
    found = np.zeros_like(flat)
    for _ in range(2):
        offsets = measure(moved_mm - found)
        right, down = bend_sheet((flat + found) * PX_PER_MM, PITCH_MM, *offsets, turns=4)
        found = found + right + 1j * down
    return found


@settings(max_examples=30, deadline=None)
@given(st.floats(40, 160), st.floats(30, 120), st.integers(0, 9))
def test_bends_point_at_the_foot_of_the_camera(x: float, y: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    place = rng.uniform(0, 200, 3000) + 1j * rng.uniform(0, 150, 3000)
    bend = 0.02 * rng.standard_normal(3000) * (place - complex(x, y)) / 100
    aside = 0.004 * (rng.standard_normal(3000) + 1j * rng.standard_normal(3000))
    assert abs(find_foot(place, bend + aside) - complex(x, y)) < 15


def test_without_bends_the_foot_is_the_middle() -> None:
    place = place_nodes().ravel()
    assert find_foot(place, np.zeros(len(place), complex)) == pytest.approx(complex(place.mean()))


def test_lines_that_run_across_tell_what_is_hidden_of_those_that_run_down(monkeypatch: pytest.MonkeyPatch) -> None:
    moved = rise(100 + 75j)
    off = np.abs(fit(moved) - moved)[HIDDEN].max()
    monkeypatch.setattr("digitize.gridrelief.SIDEWAYS", 1.0)
    alone = np.abs(fit(moved) - moved)[HIDDEN].max()
    assert off < 0.6 * alone
    assert off < 0.06


def test_what_is_measured_is_followed() -> None:
    moved = rise(100 + 75j, seed=2)
    off = np.abs(fit(moved) - moved)[4:-4, 4:-4]
    assert np.median(off) < 0.006 and np.quantile(off, 0.99) < 0.05


def test_nothing_measured_bends_nothing() -> None:
    nothing = Offsets(np.full((ROWS, COLS), np.nan), np.inf)
    bent = bend_sheet(place_nodes() * PX_PER_MM, PITCH_MM, nothing, nothing, turns=4)
    assert not any(part.any() for part in bent)
