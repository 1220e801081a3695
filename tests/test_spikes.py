"""Pacemaker spikes: found where they were put, lifted out, and nothing else taken for one."""

from __future__ import annotations

import numpy as np
import pytest

from analyze.beats import find_beats
from analyze.spikes import find_spikes, lift_spikes
from digitize.record import LEADS, Ecg
from digitize.synth.heart import HeartKind, simulate


def paced(before_s: float = 0.03) -> tuple[Ecg, Ecg, np.ndarray]:
    """A wide heart, the same with a spike of two samples before each QRS complex in all leads but one, and where."""
    heart = simulate("lbbb", seed=3, noise_mv=0.005)
    at = np.round((heart.qrs_on_s - before_s) * 500).astype(int)
    signal = heart.ecg.signal_mv.copy()
    for k in (0, 1):
        signal[at + k, :11] += np.linspace(0.3, 1.0, 11)
    return heart.ecg, Ecg(signal, 500.0), at


def test_spikes_are_found_where_they_are() -> None:
    _, ecg, at = paced()
    found = find_spikes(ecg)
    assert found.size == at.size
    assert np.abs(found - at).max() <= 1


def test_lifting_leaves_the_heart_itself() -> None:
    heart, ecg, _ = paced()
    lifted = lift_spikes(ecg, find_spikes(ecg))
    assert np.abs(lifted.signal_mv - heart.signal_mv).max() < 0.06
    assert np.abs(ecg.signal_mv - heart.signal_mv).max() > 0.9


def test_an_atrial_spike_is_no_beat() -> None:
    heart, ecg, _ = paced(before_s=0.2)
    np.testing.assert_allclose(find_beats(ecg).r, find_beats(heart).r, atol=3)


@pytest.mark.parametrize("kind", ["normal", "anterior_stemi", "lbbb", "afib"])
def test_sharp_waves_and_noise_are_no_spikes(kind: HeartKind) -> None:
    assert find_spikes(simulate(kind, seed=1).ecg).size == 0
    assert find_spikes(simulate(kind, seed=1, noise_mv=0.06).ecg).size == 0


def test_a_rectangle_is_taken_down_by_its_height() -> None:
    heart, _, at = paced()
    signal = heart.signal_mv.copy()
    for start in at:
        signal[start : start + 13] += np.linspace(-0.8, 0.7, 12)
    ecg = Ecg(signal, 500.0)
    found = find_spikes(ecg)
    assert found.tolist() == at.tolist()
    assert np.abs(lift_spikes(ecg, found).signal_mv - heart.signal_mv).max() < 0.06


def test_strokes_of_a_loose_limb_electrode_are_no_spikes() -> None:
    heart, _, at = paced()
    signal = heart.signal_mv.copy()
    for lead, share in (("I", 1.0), ("III", -1.0), ("aVL", 1.0), ("aVR", -0.5), ("aVF", -0.5)):
        signal[at, LEADS.index(lead)] += 0.6 * share
    assert find_spikes(Ecg(signal, 500.0)).size == 0
    limbs = Ecg(signal[:, :6], 500.0, LEADS[:6])
    assert find_spikes(limbs).size == at.size


def test_one_lead_or_a_single_stroke_proves_nothing() -> None:
    heart, ecg, at = paced()
    assert find_spikes(Ecg(ecg.signal_mv[:, :1], 500.0, ("I",))).size == 0
    signal = heart.signal_mv.copy()
    signal[at[4]] += 1.0
    assert find_spikes(Ecg(signal, 500.0)).size == 0
    assert find_spikes(Ecg(np.full((3, 12), np.nan), 500.0)).size == 0
