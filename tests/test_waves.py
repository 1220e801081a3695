"""Waves: where the simulated heart says they are, in whole records and in what a sheet shows."""

from __future__ import annotations

import numpy as np
import pytest
from shown import show_on_sheet

from analyze import delineate
from analyze.qrs import find_lead_qrs, measure_slopes
from analyze.waves import Fiducials
from digitize.record import LEADS, Ecg
from digitize.synth.heart import SimulatedHeart, simulate

MARKS = ("p_on", "p_peak", "p_off", "qrs_on", "r_peak", "qrs_off", "t_peak", "t_off")


def errors_ms(found: Fiducials, heart: SimulatedHeart, mark: str) -> np.ndarray:
    """Each marked beat's distance from the heart's own time, in ms."""
    truth = getattr(heart, f"{mark}_s") * 500
    marked = getattr(found, mark)
    marked = marked[np.isfinite(marked)]
    return np.array([2 * (m - truth[np.nanargmin(np.abs(truth - m))]) for m in marked])


@pytest.mark.parametrize(
    ("mark", "within_ms"), [("p_on", 20), ("p_off", 20), ("qrs_on", 8), ("qrs_off", 12), ("t_peak", 20), ("t_off", 30)]
)
def test_marks_lie_where_the_heart_put_them(mark: str, within_ms: float) -> None:
    heart = simulate("normal", seed=5, noise_mv=0.008)
    errors = errors_ms(delineate(heart.ecg)["II"], heart, mark)
    assert errors.size >= heart.r_peak_s.size - 2
    assert np.abs(np.median(errors)) <= within_ms
    assert np.percentile(np.abs(errors), 90) <= within_ms + 12


def test_every_lead_has_one_row_for_each_beat_and_only_where_it_is_seen() -> None:
    heart = simulate("normal", seed=5, noise_mv=0.008)
    found = delineate(show_on_sheet(heart.ecg, "3x4+1"))
    assert tuple(found) == LEADS
    for k, lead in enumerate(LEADS):
        column = k // 3
        for mark in MARKS:
            values = getattr(found[lead], mark)
            assert values.shape == (found["II"].r_peak.size,)
            seen = values[np.isfinite(values)]
            if lead != "II":
                assert np.all((seen >= column * 1250) & (seen < (column + 1) * 1250))
        assert np.isfinite(found[lead].r_peak).sum() >= (2 if lead != "II" else 10)


def test_marks_of_a_beat_are_in_order() -> None:
    found = delineate(simulate("anterior_stemi", seed=1, noise_mv=0.01).ecg)
    for fiducials in found.values():
        rows = np.stack([getattr(fiducials, mark) for mark in MARKS], axis=1)
        for row in rows:
            held = row[np.isfinite(row)]
            assert np.all(np.diff(held) >= 0)


def test_no_p_wave_in_fibrillation() -> None:
    found = delineate(simulate("afib", seed=2).ecg)
    marked = np.mean([np.isfinite(f.p_peak).mean() for f in found.values()])
    assert marked < 0.2


def test_nothing_is_marked_in_noise_free_nothing() -> None:
    found = delineate(Ecg(np.full((2500, 12), np.nan), 500.0))
    assert all(f.r_peak.size == 0 for f in found.values())


@pytest.mark.parametrize("joint", [(-30, 40), (60, 140), (-30, 140)])
def test_a_complex_that_is_not_seen_whole_has_no_marks(joint: tuple[int, int]) -> None:
    beat = np.sin(np.linspace(0, 3, 100))[:, None]
    assert find_lead_qrs(beat[:, 0], measure_slopes(beat, 500.0)[0], joint, 500.0) is None
