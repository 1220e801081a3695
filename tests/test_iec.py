"""Beats of known geometry, as IEC 60601-2-25 asks of a machine that measures: 25 uV or 5 %, and 10 ms.

The simulated heart's lobes are raised cosines, whose slope is zero where they end: T is taken to end where it has
fallen to 5 % of its height in the lead in which that is latest; P and QRS as the lobes have them.
"""

from __future__ import annotations

import numpy as np
import pytest

from analyze import Measurements, measure
from digitize.record import LEADS
from digitize.synth.heart import HeartKind, SimulatedHeart, simulate

KINDS: tuple[HeartKind, ...] = ("normal", "anterior_stemi", "inferior_stemi", "lbbb")
FS_HZ = 500.0


def level(heart: SimulatedHeart) -> np.ndarray:
    """A middle beat of the undisturbed heart above its QRS onset, shape (time, lead), from 0.3 s before it."""
    on = round(heart.qrs_on_s[5] * FS_HZ)
    return heart.ecg.signal_mv[on - 150 : on + 350] - heart.ecg.signal_mv[on]


def within(measured: float, true: float) -> bool:
    return abs(measured - true) <= max(0.025, 0.05 * abs(true))


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_heights_within_25_uv_or_5_percent(kind: HeartKind, seed: int) -> None:
    heart = simulate(kind, seed=seed, heart_rate_bpm=60)
    x, j = level(heart), 150 + round((heart.qrs_off_s[5] - heart.qrs_on_s[5]) * FS_HZ)
    m = measure(heart.ecg)
    off = []
    for k, lead in enumerate(LEADS):
        a = next(a for a in m.amplitudes if a.lead == lead)
        st = next(st for st in m.st if st.lead == lead)
        qrs = x[150 : j + 1, k]
        if a.r_mv:
            off.append(within(a.r_mv, float(qrs.max())))
        off.append(within(min(a.s_mv, a.q_mv), float(min(qrs.min(), 0.0))))
        assert st.j60_mv is not None
        off.append(within(st.j60_mv, float(x[j + 30, k])))
        if a.t_mv is not None:  # a lead across T, or one in which ST alone comes back to rest, shows none
            t = x[j + 30 :, k]
            off.append(within(a.t_mv, float(t.max())) or within(a.t_mv, float(t.min())))
    assert sum(a.t_mv is not None for a in m.amplitudes) >= 9
    assert off.count(False) <= 2  # of some 45, as many as the standard lets drop


def visible_end(x: np.ndarray, start: int) -> int:
    """Last row at which any lead is still 5 % of its wave's height from rest."""
    rest = x[-1]
    share = np.abs(x - rest) / np.abs(x[start:] - rest).max(axis=0)
    big = np.abs(x[start:] - rest).max(axis=0) > 0.1
    return int(np.flatnonzero((share[:, big] > 0.05).any(axis=1))[-1])


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_intervals_within_10_ms(kind: HeartKind, seed: int) -> None:
    heart = simulate(kind, seed=seed, heart_rate_bpm=60)
    m = measure(heart.ecg)

    def mean_ms(begin: np.ndarray, end: np.ndarray) -> float:
        return float(1000 * np.nanmean(end - begin))

    assert m.p_ms == pytest.approx(mean_ms(heart.p_on_s, heart.p_off_s), abs=10)
    assert m.pr_ms == pytest.approx(mean_ms(heart.p_on_s, heart.qrs_on_s), abs=10)
    assert m.qrs_ms == pytest.approx(mean_ms(heart.qrs_on_s, heart.qrs_off_s), abs=10)
    j = 150 + round((heart.qrs_off_s[5] - heart.qrs_on_s[5]) * FS_HZ)
    assert m.qt_ms == pytest.approx(2 * (visible_end(level(heart), j + 20) - 150), abs=10)


def test_every_measurement_has_an_error_and_paper_makes_it_larger() -> None:
    ecg = simulate("normal", seed=1, noise_mv=0.01).ecg
    digital, poor = measure(ecg), measure(ecg, dict.fromkeys(LEADS, 0.3))

    def errors(m: Measurements) -> list[float]:
        whole = [m.heart_rate_error_bpm, m.p_error_ms, m.pr_error_ms, m.qrs_error_ms, m.qt_error_ms]
        return [value or 0.0 for value in (*whole, *(a.error_mv for a in m.amplitudes), *(s.error_mv for s in m.st))]

    assert all(0 < a < b for a, b in zip(errors(digital), errors(poor), strict=True))
