"""QRS complexes set off from the rest, by filter and by wavelets."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from shown import show_on_sheet

from analyze.beats import find_beats
from analyze.denoise import Denoise, keep_qrs
from digitize.synth.heart import simulate

WAYS = get_args(Denoise)


@pytest.mark.parametrize("how", WAYS)
@pytest.mark.parametrize("fs_hz", [250.0, 360.0, 500.0, 1000.0])
def test_what_is_quick_stays_and_what_is_slow_goes(how: Denoise, fs_hz: float) -> None:
    at = np.arange(round(8 * fs_hz)) / fs_hz
    quick = np.exp(-0.5 * ((at - 4.0) / 0.012) ** 2)
    slow = np.sin(2 * np.pi * 0.3 * at) + 0.3 * np.exp(-0.5 * ((at - 6.0) / 0.08) ** 2)
    kept = keep_qrs(quick + slow, fs_hz, how)
    assert kept.shape == at.shape
    assert np.abs(kept[np.abs(at - 4.0) < 0.05]).max() > 0.25
    assert np.abs(kept[np.abs(at - 4.0) > 0.3]).max() < 0.03


@pytest.mark.parametrize("how", WAYS)
@pytest.mark.parametrize("rate", [45, 72, 150])
def test_both_find_the_beats_of_a_noisy_sheet(how: Denoise, rate: int) -> None:
    heart = simulate("normal", heart_rate_bpm=rate, seed=7, noise_mv=0.05, wander_mv=0.2)
    found = find_beats(show_on_sheet(heart.ecg, "3x4+1"), how).r
    truth = heart.r_peak_s * 500
    inner = truth[(truth > 75) & (truth < 4925)]
    assert all(np.abs(found - t).min() <= 30 for t in inner)
    assert all(np.abs(truth - f).min() <= 30 for f in found)


@pytest.mark.parametrize("how", WAYS)
@pytest.mark.parametrize("size", [5, 40, 175])
def test_short_stretches_are_taken_as_they_are(how: Denoise, size: int) -> None:
    assert np.isfinite(keep_qrs(np.linspace(-1.0, 1.0, size), 500.0, how)).all()
