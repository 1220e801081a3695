"""Beats of one shape are brought together as far as reading errors explain their difference, and no further."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from digitize.likebeats import find_qrs, share_beats
from digitize.reconcile import LIMB, measure_misfit
from digitize.record import FS_HZ, LEADS, Ecg
from digitize.synth.heart import simulate

Array = NDArray[np.float64]
PEAKS = (200, 620, 1010, 1430, 1840, 2230)


def draw_beats(heights: tuple[float, ...] = (1.0,) * 6, late: tuple[float, ...] = (0.0,) * 6) -> Array:
    """One lead of QRS complexes like a heart's, each of its own height and late by so many samples, shape (2500,)."""
    time = np.arange(2500.0)
    signal = np.zeros(2500)
    for peak, height, off in zip(PEAKS, heights, late, strict=True):
        signal += height * np.exp(-0.5 * ((time - peak - off) / 6) ** 2)
        signal -= 0.3 * height * np.exp(-0.5 * ((time - peak - 14 - off) / 5) ** 2)
    return signal


def share(*leads: Array, misfit: float | None = 0.5) -> Array:
    names = LEADS[: len(leads)]
    return share_beats(Ecg(np.stack(leads, axis=1), FS_HZ, names), misfit).signal_mv


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_beats_that_only_creases_moved_come_closer_to_the_truth(seed: int) -> None:
    rng = np.random.default_rng(seed)
    true = draw_beats()
    read = [draw_beats(late=tuple(rng.normal(0, 0.8, 6))) for _ in LEADS]
    out = share(*read, misfit=0.6)
    before = sum(np.square(lead - true).sum() for lead in read)
    assert np.square(out - true[:, None]).sum() < 0.7 * before


def test_beats_that_are_alike_stay_as_they_are() -> None:
    np.testing.assert_allclose(share(draw_beats(), draw_beats())[:, 0], draw_beats(), atol=1e-6)


def test_an_extrasystole_is_left_as_it_was_read_and_leaves_the_others_so() -> None:
    time = np.arange(2500.0)
    read = draw_beats((1.0, 1.0, 0.0, 1.0, 1.0, 1.0)) - 1.5 * np.exp(-0.5 * ((time - PEAKS[2]) / 25) ** 2)
    np.testing.assert_allclose(share(read, read)[:, 0], read, atol=0.01)


def test_heights_that_differ_by_more_than_reading_errors_keep_most_of_their_difference() -> None:
    """Electrical alternans: every other QRS a third lower, in both leads."""
    heights = (1.0, 0.65) * 3
    out = share(draw_beats(heights), draw_beats(heights), misfit=0.2)[:, 0]
    tops = np.array([out[k - 10 : k + 10].max() for k in PEAKS])
    assert tops[::2].mean() - tops[1::2].mean() > 0.9 * 0.35


@pytest.mark.parametrize("misfit", [None, 0.0])
def test_a_page_that_tells_of_no_errors_is_left_as_it_was_read(misfit: float | None) -> None:
    read = draw_beats((1.0, 1.1) * 3)
    np.testing.assert_array_equal(share(read, misfit=misfit)[:, 0], read)


def test_what_was_not_read_stays_blank_and_what_is_no_qrs_stays_as_it_was() -> None:
    rng = np.random.default_rng(3)
    read = draw_beats(late=tuple(rng.normal(0, 1, 6)))
    read[1000:1040] = np.nan
    out = share(read, draw_beats())[:, 0]
    np.testing.assert_array_equal(np.isfinite(out), np.isfinite(read))
    away = np.min([np.abs(np.arange(2500) - peak) for peak in PEAKS], axis=0) > 0.15 * FS_HZ
    np.testing.assert_array_equal(out[away], read[away])


def test_every_qrs_of_a_heart_is_found_once() -> None:
    heart = simulate("normal", heart_rate_bpm=70, seed=5).ecg
    beats = np.diff(find_qrs(heart)) / heart.fs_hz
    assert pytest.approx(float(np.median(beats)), rel=0.1) == 60 / 70
    assert beats.min() > 0.5


def test_errors_are_told_by_how_far_the_law_is_missed() -> None:
    rng = np.random.default_rng(1)
    pair = np.stack([draw_beats(), 0.7 * draw_beats(late=(1.0,) * 6)], axis=1)
    true = pair @ np.array(list(LIMB.values())).T
    slope = np.gradient(true, axis=0)

    def misfit(late: float) -> float:
        told = measure_misfit(Ecg(true + late * rng.normal(size=(1, 6)) * slope, FS_HZ, tuple(LIMB)))
        assert told is not None
        return told

    assert misfit(0.0) < 0.05
    assert misfit(0.3) < 0.5 * misfit(1.5)
    assert measure_misfit(Ecg(draw_beats()[:, None], FS_HZ, ("V1",))) is None


def test_leads_that_were_recorded_one_after_the_other_tell_nothing_of_reading_errors() -> None:
    """Each row from another moment: the law is missed by whole beats, which no reading error explains."""
    pair = np.stack([draw_beats(), 0.7 * draw_beats(late=(1.0,) * 6)], axis=1)
    true = pair @ np.array(list(LIMB.values())).T
    turned = np.stack([np.roll(lead, 40 * k) for k, lead in enumerate(true.T)], axis=1)
    assert measure_misfit(Ecg(turned, FS_HZ, tuple(LIMB))) is None
