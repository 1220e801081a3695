from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digitize.synth.heart import HeartKind, SimulatedHeart, simulate

KINDS: tuple[HeartKind, ...] = get_args(HeartKind)
PERSONS = range(12)


def st_at_j_mv(heart: SimulatedHeart) -> dict[str, float]:
    """Median over the beats of the level at the J point above that at QRS onset."""
    ecg = heart.ecg
    whole = np.isfinite(heart.qrs_on_s) & np.isfinite(heart.qrs_off_s)
    on, off = (np.round(s[whole] * ecg.fs_hz).astype(int) for s in (heart.qrs_on_s, heart.qrs_off_s))
    off = np.minimum(off, ecg.signal_mv.shape[0] - 1)
    return dict(zip(ecg.leads, np.median(ecg.signal_mv[off] - ecg.signal_mv[on], axis=0).tolist(), strict=True))


def beat_mv(heart: SimulatedHeart, lead: str) -> np.ndarray:
    """The second beat's QRS in one lead."""
    fs = heart.ecg.fs_hz
    return heart.ecg.lead(lead)[int(heart.qrs_on_s[1] * fs) : int(heart.qrs_off_s[1] * fs) + 1]


@given(
    kind=st.sampled_from(KINDS),
    rate=st.floats(40, 160),
    seed=st.integers(0, 10_000),
    noise=st.sampled_from([0.0, 0.02]),
)
@settings(max_examples=25, deadline=None)
def test_limb_leads_obey_einthoven_and_goldberger(kind: HeartKind, rate: float, seed: int, noise: float) -> None:
    ecg = simulate(kind, heart_rate_bpm=rate, seed=seed, duration_s=4, noise_mv=noise, wander_mv=noise).ecg
    i, ii, iii, avr, avl, avf = (ecg.lead(lead) for lead in ("I", "II", "III", "aVR", "aVL", "aVF"))
    assert np.abs(i + iii - ii).max() < 1e-12
    assert np.abs(avr + avl + avf).max() < 1e-12
    assert np.abs(avr + (i + ii) / 2).max() < 1e-12


@given(kind=st.sampled_from(KINDS), rate=st.floats(40, 150), seed=st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_fiducials_come_in_order_one_set_a_beat(kind: HeartKind, rate: float, seed: int) -> None:
    heart = simulate(kind, heart_rate_bpm=rate, seed=seed)
    marks = [heart.qrs_on_s, heart.r_peak_s, heart.qrs_off_s, heart.t_peak_s, heart.t_off_s]
    if kind == "afib":
        assert np.isnan([heart.p_on_s, heart.p_peak_s, heart.p_off_s]).all()
    else:
        marks = [heart.p_on_s, heart.p_peak_s, heart.p_off_s, *marks]
    table = np.array(marks)
    steps = np.diff(table, axis=0)
    assert (steps[np.isfinite(steps)] > 0).all()
    assert np.isfinite(heart.r_peak_s).all()
    assert np.nanmin(table) >= 0 and np.nanmax(table) < 10


@pytest.mark.parametrize("kind", KINDS)
def test_the_mean_rate_is_the_one_asked_for(kind: HeartKind) -> None:
    for rate in (48, 75, 120):
        rr_s = np.diff(simulate(kind, heart_rate_bpm=rate, duration_s=60, seed=3).r_peak_s)
        assert 60 / rr_s.mean() == pytest.approx(rate, rel=0.05)


def test_between_p_and_qrs_a_normal_heart_is_silent() -> None:
    heart = simulate("normal", seed=4)
    fs = heart.ecg.fs_hz
    for off, on in zip(heart.p_off_s[1:-1], heart.qrs_on_s[1:-1], strict=True):
        assert np.abs(heart.ecg.signal_mv[int(np.ceil(off * fs)) : int(on * fs) + 1]).max() < 1e-9


def test_a_normal_heart_looks_normal() -> None:
    for seed in PERSONS:
        heart = simulate("normal", seed=seed)
        st_mv = st_at_j_mv(heart)
        assert max(st_mv["V2"], st_mv["V3"]) < 0.12
        assert max(v for lead, v in st_mv.items() if lead not in ("V2", "V3")) < 0.08
        r = [beat_mv(heart, f"V{k}").max() for k in range(1, 7)]
        s = [-beat_mv(heart, f"V{k}").min() for k in range(1, 7)]
        assert r[0] < 0.6 < s[0]  # rS in V1
        assert r[0] < r[1] < r[2] < r[3]  # R grows towards V4
        assert r[5] > 0.7 and s[5] < 0.35
        up, across = beat_mv(heart, "aVF").sum() * 2 / np.sqrt(3), beat_mv(heart, "I").sum()
        assert -30 < np.rad2deg(np.arctan2(up, across)) < 90
        assert 0.8 < np.ptp(beat_mv(heart, "II")) < 2.5
        assert np.nanmax(heart.qrs_off_s - heart.qrs_on_s) < 0.11


def test_anterior_stemi_meets_the_universal_definition() -> None:
    for seed in PERSONS:
        st_mv = st_at_j_mv(simulate("anterior_stemi", seed=seed))
        assert min(st_mv["V2"], st_mv["V3"]) > 0.27
        assert st_mv["V4"] > 0.13


def test_inferior_stemi_meets_it_with_reciprocal_depression() -> None:
    for seed in PERSONS:
        st_mv = st_at_j_mv(simulate("inferior_stemi", seed=seed))
        assert min(st_mv["II"], st_mv["III"], st_mv["aVF"]) > 0.15
        assert st_mv["III"] > st_mv["II"]
        assert st_mv["aVL"] < -0.1 and st_mv["I"] < -0.03


def test_lbbb_is_wide_negative_in_v1_and_upright_laterally() -> None:
    for seed in PERSONS:
        heart = simulate("lbbb", seed=seed)
        assert np.nanmin(heart.qrs_off_s - heart.qrs_on_s) >= 0.12
        v1 = beat_mv(heart, "V1")
        assert v1.min() < -1.0 and v1.max() < 0.2
        for lead in ("I", "V5", "V6"):
            qrs = beat_mv(heart, lead)
            assert qrs.max() > 0.5 and qrs.min() > -0.2
            assert qrs.argmax() / heart.ecg.fs_hz > 0.06  # R-peak time over 60 ms, no q
        st_mv = st_at_j_mv(heart)
        assert st_mv["V1"] > 0 > st_mv["V6"]  # discordant


def test_atrial_fibrillation_is_irregular_and_sinus_rhythm_is_not() -> None:
    spread = {
        kind: np.mean([np.std(rr) / np.mean(rr) for rr in (np.diff(simulate(kind, seed=s).r_peak_s) for s in PERSONS)])
        for kind in ("afib", "normal")
    }
    assert spread["afib"] > 0.15
    assert spread["normal"] < 0.04


def test_the_same_seed_gives_the_same_heart_and_another_does_not() -> None:
    one, same, other = (simulate("afib", seed=s, noise_mv=0.01).ecg.signal_mv for s in (7, 7, 8))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_noise_has_the_size_asked_for() -> None:
    quiet = simulate("normal", seed=1, duration_s=30).ecg.signal_mv
    noisy = simulate("normal", seed=1, duration_s=30, noise_mv=0.03).ecg.signal_mv
    assert np.std(noisy[:, 6:] - quiet[:, 6:]) == pytest.approx(0.03, rel=0.05)


def test_a_wrong_kind_or_rate_is_refused() -> None:
    with pytest.raises(ValueError, match="known are normal"):
        simulate("happy")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="30 to 200"):
        simulate("normal", heart_rate_bpm=500)


@pytest.mark.parametrize("kind", KINDS)
def test_the_marked_peaks_lie_on_the_waves(kind: HeartKind) -> None:
    heart = simulate(kind, seed=5)
    fs = heart.ecg.fs_hz
    length = np.linalg.norm(heart.ecg.signal_mv, axis=1)
    for r, t, on, j, off in zip(
        *(s[1:-1] for s in (heart.r_peak_s, heart.t_peak_s, heart.qrs_on_s, heart.qrs_off_s, heart.t_off_s)),
        strict=True,
    ):
        assert length[int(on * fs) : int(j * fs)].max() < 1.2 * length[round(r * fs)]
        repolarisation = length[int((j + 0.03) * fs) : int(off * fs)]
        assert length[round(t * fs)] > 0.8 * repolarisation.max()
