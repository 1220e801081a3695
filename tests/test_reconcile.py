"""Einthoven's law between leads that are printed together: shared out, never where something else is wrong."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from digitize.reconcile import LIMB, obey_einthoven
from digitize.record import LEADS

Array = NDArray[np.float64]
SIX = tuple(LIMB)


def draw_limbs(rng: np.random.Generator, count: int = 400) -> Array:
    """Six limb leads that obey the law, shape (count, 6)."""
    pair = np.cumsum(rng.normal(0, 0.05, (count, 2)), axis=0)
    return np.asarray(pair @ np.array(list(LIMB.values())).T)


def measure_power(off: Array) -> float:
    """Summed squares of errors about each lead's own offset."""
    held = off[:, np.isfinite(off).all(axis=0)]
    return float(np.square(held - held.mean(axis=0)).sum())


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_a_signal_that_obeys_the_law_is_left_as_it_is_whatever_its_zero_lines(seed: int) -> None:
    rng = np.random.default_rng(seed)
    signal = draw_limbs(rng) + rng.normal(0, 1, 6)
    out = obey_einthoven(signal, np.full(signal.shape, 0.02), SIX)
    np.testing.assert_allclose(out, signal, atol=1e-9)


@given(st.integers(0, 2**32 - 1), st.integers(3, 6))
@settings(max_examples=25, deadline=None)
def test_squared_error_never_grows(seed: int, held: int) -> None:
    rng = np.random.default_rng(seed)
    true = draw_limbs(rng)
    read = true + rng.normal(0, 0.02, true.shape)
    read[:, rng.permutation(6)[held:]] = np.nan
    out = obey_einthoven(read, np.full(read.shape, 0.02), SIX)

    assert measure_power(out - true) < measure_power(read - true)
    np.testing.assert_array_equal(np.isfinite(out), np.isfinite(read))


def test_the_lead_that_is_least_sure_is_moved_most() -> None:
    rng = np.random.default_rng(1)
    true = draw_limbs(rng)[:, :3]
    read, error = true.copy(), np.full(true.shape, 0.02)
    read[200:204, 1] += 0.3
    error[200:204, 1] = 0.3
    out = obey_einthoven(read, error, SIX[:3])
    assert np.abs(out - true)[200:204, 1].max() < 0.01
    assert np.abs(out - true)[:, [0, 2]].max() < 0.01


def test_a_misfit_that_no_reading_error_explains_is_not_shared_out() -> None:
    rng = np.random.default_rng(2)
    read = draw_limbs(rng)[:, :3]
    read[100:140, 2] += 1.0  # another lead's peak
    out = obey_einthoven(read, np.full(read.shape, 0.02), SIX[:3])
    np.testing.assert_array_equal(out[100:140], read[100:140])


@pytest.mark.parametrize("held", [("I", "II"), ("V1", "V2", "V3"), ("aVR", "V1")])
def test_fewer_than_three_limb_leads_and_chest_leads_are_left_alone(held: tuple[str, ...]) -> None:
    rng = np.random.default_rng(3)
    read = np.full((300, 12), np.nan)
    for name in held:
        read[:, LEADS.index(name)] = rng.normal(0, 1, 300)
    np.testing.assert_array_equal(obey_einthoven(read, np.full(read.shape, 0.1), LEADS), read)


def test_columns_of_a_sheet_have_zero_lines_of_their_own() -> None:
    """I, II, III first, then aVR, aVL, aVF beside a strip of II: two patterns, each with other offsets."""
    rng = np.random.default_rng(4)
    true = draw_limbs(rng, 800)
    read = true + rng.normal(0, 0.01, true.shape)
    read[:400, 3:] = np.nan
    read[400:, [0, 2]] = np.nan
    read[400:] += rng.normal(0, 1, 6)
    out = obey_einthoven(read, np.full(read.shape, 0.02), SIX)
    for part in (np.s_[:400], np.s_[400:]):
        assert measure_power((out - true)[part]) < measure_power((read - true)[part])
