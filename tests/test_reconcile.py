"""Einthoven's law between leads that are printed together: shared out, never where something else is wrong."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from digitize.reconcile import LIMB, MISFIT, obey_einthoven
from digitize.record import FS_HZ, LEADS, Ecg

Array = NDArray[np.float64]
SIX = tuple(LIMB)


def draw_limbs(rng: np.random.Generator, count: int = 400) -> Array:
    """Six limb leads that obey the law, shape (count, 6)."""
    pair = np.cumsum(rng.normal(0, 0.05, (count, 2)), axis=0)
    return np.asarray(pair @ np.array(list(LIMB.values())).T)


def obey(signal: Array, leads: tuple[str, ...]) -> Array:
    return obey_einthoven(Ecg(signal, FS_HZ, leads)).signal_mv


def measure_power(off: Array) -> float:
    """Summed squares of errors about each lead's own offset."""
    held = off[:, np.isfinite(off).all(axis=0)]
    return float(np.square(held - held.mean(axis=0)).sum())


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_a_signal_that_obeys_the_law_is_left_as_it_is_whatever_its_zero_lines(seed: int) -> None:
    rng = np.random.default_rng(seed)
    signal = draw_limbs(rng) + rng.normal(0, 1, 6)
    out = obey(signal, SIX)
    np.testing.assert_allclose(out, signal, atol=1e-9)


@given(st.integers(0, 2**32 - 1), st.integers(3, 6))
@settings(max_examples=25, deadline=None)
def test_squared_error_never_grows(seed: int, held: int) -> None:
    rng = np.random.default_rng(seed)
    true = draw_limbs(rng)
    read = true + rng.normal(0, 0.02, true.shape)
    read[:, rng.permutation(6)[held:]] = np.nan
    out = obey(read, SIX)

    assert measure_power(out - true) < measure_power(read - true)
    np.testing.assert_array_equal(np.isfinite(out), np.isfinite(read))


def test_the_lead_on_a_steep_stroke_is_moved_most() -> None:
    """A stroke read 2 ms late is wrong by its slope; the leads beside it that run flat there are not."""
    true = np.zeros((400, 3))
    stroke = np.exp(-0.5 * ((np.arange(400) - 200) / 4) ** 2)
    true[:, 1] = true[:, 2] = stroke  # I is flat, II and III are the same
    read = true.copy()
    read[:, 1] = np.roll(stroke, 1)
    off, before = obey(read, SIX[:3]) - true, read - true
    assert np.square(off).sum() < 0.7 * np.square(before).sum()
    assert np.abs(off[:, 0]).max() < 0.25 * np.abs(before).max()


def test_a_misfit_that_no_reading_error_explains_is_not_shared_out() -> None:
    rng = np.random.default_rng(2)
    read = draw_limbs(rng)[:, :3]
    read[100:130, 2] += 3.0  # another lead's peak, far from what the law allows
    out = obey(read, SIX[:3])
    np.testing.assert_allclose(out[101:129], read[101:129], atol=1e-12)


def test_leads_that_break_the_law_too_often_were_not_recorded_together() -> None:
    rng = np.random.default_rng(5)
    read = rng.normal(0, 10 * MISFIT * 0.012, (400, 3))
    read = np.repeat(read, 8, axis=0)
    np.testing.assert_allclose(obey(read, SIX[:3]), read, atol=1e-12)


@pytest.mark.parametrize("held", [("I", "II"), ("V1", "V2", "V3"), ("aVR", "V1")])
def test_fewer_than_three_limb_leads_and_chest_leads_are_left_alone(held: tuple[str, ...]) -> None:
    rng = np.random.default_rng(3)
    read = np.full((300, 12), np.nan)
    for name in held:
        read[:, LEADS.index(name)] = rng.normal(0, 1, 300)
    np.testing.assert_array_equal(obey(read, LEADS), read)


def test_columns_of_a_sheet_have_zero_lines_of_their_own() -> None:
    """I, II, III first, then aVR, aVL, aVF beside a strip of II: two patterns, each with other offsets."""
    rng = np.random.default_rng(4)
    true = draw_limbs(rng, 800)
    read = true + rng.normal(0, 0.01, true.shape)
    read[:400, 3:] = np.nan
    read[400:, [0, 2]] = np.nan
    read[400:] += rng.normal(0, 1, 6)
    out = obey(read, SIX)
    for part in (np.s_[:400], np.s_[400:]):
        assert measure_power((out - true)[part]) < measure_power((read - true)[part])
