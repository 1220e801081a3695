"""Measurements against the simulated heart, and the same from a sheet as from the whole record."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from shown import real_data, show_on_sheet

from analyze import Measurements, measure
from analyze.beats import find_beats
from analyze.marked import mark_columns
from analyze.measure import correct_qt
from digitize.record import LEADS, Ecg
from digitize.synth.heart import HeartKind, SimulatedHeart, simulate

KINDS: tuple[HeartKind, ...] = ("normal", "anterior_stemi", "inferior_stemi", "lbbb")


def st_j_mv(m: Measurements) -> np.ndarray:
    return np.array([math.nan if level.j_mv is None else level.j_mv for level in m.st])


def true_st_j_mv(kind: HeartKind, seed: int) -> np.ndarray:
    """The undisturbed heart's own level at the J point against the QRS onset, shape (lead,)."""
    heart = simulate(kind, seed=seed)
    on, off = (np.round(t[2:5] * 500).astype(int) for t in (heart.qrs_on_s, heart.qrs_off_s))
    return np.asarray(np.median(heart.ecg.signal_mv[off] - heart.ecg.signal_mv[on], axis=0))


def mean_ms(begin: np.ndarray, end: np.ndarray) -> float:
    return float(np.nanmean(end - begin) * 1000)


def disturbed(kind: HeartKind, seed: int) -> SimulatedHeart:
    return simulate(kind, seed=seed, noise_mv=0.01, wander_mv=0.08)


@pytest.mark.parametrize("kind", KINDS)
def test_intervals_and_rate(kind: HeartKind) -> None:
    heart = disturbed(kind, seed=1)
    m = measure(heart.ecg)
    assert m.heart_rate_bpm == pytest.approx(60 / np.diff(heart.r_peak_s).mean(), abs=1)
    assert m.pr_ms == pytest.approx(mean_ms(heart.p_on_s, heart.qrs_on_s), abs=12)
    assert m.qrs_ms == pytest.approx(mean_ms(heart.qrs_on_s, heart.qrs_off_s), abs=10)
    assert m.qt_ms == pytest.approx(mean_ms(heart.qrs_on_s, heart.t_off_s), abs=20)
    assert m.regular is True


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_st_levels_are_the_hearts_own_in_spite_of_wander(kind: HeartKind, seed: int) -> None:
    measured = st_j_mv(measure(disturbed(kind, seed).ecg))
    np.testing.assert_allclose(measured, true_st_j_mv(kind, seed), atol=0.025)


@pytest.mark.parametrize("sheet", ["3x4", "3x4+1", "6x2+1"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_sheet_gives_what_the_whole_record_gives(kind: HeartKind, sheet: str) -> None:
    ecg = disturbed(kind, seed=2).ecg
    whole, shown = measure(ecg), measure(show_on_sheet(ecg, sheet, edge_s=0.017))
    assert shown.heart_rate_bpm == pytest.approx(whole.heart_rate_bpm, abs=3)
    assert shown.qrs_ms == pytest.approx(whole.qrs_ms, abs=14)
    assert shown.qt_ms == pytest.approx(whole.qt_ms, abs=25)
    assert shown.axis_deg == pytest.approx(whole.axis_deg, abs=8)
    np.testing.assert_allclose(st_j_mv(shown), st_j_mv(whole), atol=0.05)


def test_what_is_not_seen_is_none() -> None:
    ecg = simulate("normal", seed=1).ecg
    torn = ecg.signal_mv.copy()
    torn[:, LEADS.index("V2")] = np.nan
    m = measure(Ecg(torn, 500.0))
    level = next(level for level in m.st if level.lead == "V2")
    assert level.j_mv is None and level.j80_mv is None and level.error_mv is None
    assert sum(level.j_mv is not None for level in m.st) == 11
    empty = measure(Ecg(np.full((5000, 12), np.nan), 500.0))
    assert (empty.heart_rate_bpm, empty.pr_ms, empty.qrs_ms, empty.qtc_bazett_ms, empty.axis_deg) == (None,) * 5
    assert len(empty.st) == 12


def test_fibrillation_has_no_pr_and_is_irregular() -> None:
    m = measure(simulate("afib", seed=2, noise_mv=0.005).ecg)
    assert m.pr_ms is None
    assert m.regular is False


def test_an_ectopic_beat_does_not_move_the_st_level() -> None:
    heart = simulate("normal", seed=4)
    at = round(heart.r_peak_s[5] * 500)
    signal = heart.ecg.signal_mv.copy()
    signal[at - 100 : at + 101] -= 2.0 * np.exp(-0.5 * (np.arange(-100, 101) / 28.0) ** 2)[:, None]
    m = measure(Ecg(signal, 500.0))
    assert m.ectopic_beats == 1
    np.testing.assert_allclose(st_j_mv(m), st_j_mv(measure(heart.ecg)), atol=0.01)


def test_poorer_reading_means_larger_error() -> None:
    ecg = show_on_sheet(simulate("normal", seed=1, noise_mv=0.01).ecg, "3x4+1")
    digital, well, poorly = (
        measure(ecg, quality).st[7].error_mv for quality in (None, dict.fromkeys(LEADS, 1.0), dict.fromkeys(LEADS, 0.2))
    )
    assert digital is not None and well is not None and poorly is not None
    assert digital < well < poorly


def test_corrected_qt_by_hand() -> None:
    at_60 = correct_qt(400.0, 60.0)
    assert set(at_60.values()) == {400.0}
    at_100 = correct_qt(360.0, 100.0)
    assert at_100["qtc_bazett_ms"] == pytest.approx(464.76, abs=0.01)
    assert at_100["qtc_fridericia_ms"] == pytest.approx(426.83, abs=0.01)
    assert at_100["qtc_framingham_ms"] == pytest.approx(421.6)
    assert at_100["qtc_hodges_ms"] == pytest.approx(430.0)
    assert set(correct_qt(None, 60.0).values()) == {None}


@pytest.mark.parametrize(
    ("angle_deg", "leads"), [(60.0, LEADS), (-45.0, LEADS), (120.0, ("I", "aVF")), (0.0, ("I", "III"))]
)
def test_axis_follows_the_vector(angle_deg: float, leads: tuple[str, ...]) -> None:
    at = np.arange(5000) / 500.0
    pulse = sum(np.exp(-0.5 * ((at - r) / 0.012) ** 2) for r in np.arange(0.5, 10, 0.8))
    angle = np.radians(angle_deg)
    one, foot = np.cos(angle), np.sin(angle) * np.sqrt(3) / 2
    two = foot + one / 2
    limb = {"I": one, "II": two, "III": two - one, "aVR": -(one + two) / 2, "aVL": one - two / 2, "aVF": foot}
    signal = np.stack([limb.get(lead, 1.0) * pulse for lead in leads], axis=1)
    assert measure(Ecg(signal, 500.0, leads)).axis_deg == pytest.approx(angle_deg, abs=2)


def test_real_records_as_sheets() -> None:
    with warnings.catch_warnings():  # wfdb's own import warns with pandas 3.1
        warnings.simplefilter("ignore")
        wfdb = pytest.importorskip("wfdb")
    rates, levels = [], []
    for name in ("1", "20", "100"):
        record = wfdb.rdrecord(str(real_data("ludb") / "data" / name))
        order = [[n.lower() for n in record.sig_name].index(lead.lower()) for lead in LEADS]
        ecg = Ecg(record.p_signal[:, order], float(record.fs))
        whole, shown = measure(ecg), measure(show_on_sheet(ecg, "3x4+1"))
        assert whole.heart_rate_bpm is not None and shown.heart_rate_bpm is not None
        rates.append(shown.heart_rate_bpm - whole.heart_rate_bpm)
        levels.append(st_j_mv(shown) - st_j_mv(whole))
    assert np.abs(rates).max() <= 3
    assert np.nanpercentile(np.abs(levels), 90) <= 0.04


def test_a_steep_st_segment_of_one_column_is_not_taken_for_its_qrs() -> None:
    heart = simulate("inferior_stemi", seed=4, noise_mv=0.005)
    signal = heart.ecg.signal_mv.copy()
    limbs = [LEADS.index(lead) for lead in ("I", "II", "III")]
    for on, off in zip(*((t * 500).round().astype(int) for t in (heart.qrs_on_s, heart.qrs_off_s)), strict=True):
        signal[on:off, limbs] *= 0.4  # small complexes
        signal[off : off + 60, limbs] += 0.006 * np.arange(60)[:, None]  # under ST rising to T
        signal[off + 60 : off + 120, limbs] += 0.006 * np.arange(60)[::-1, None]
    sheet = show_on_sheet(Ecg(signal, 500.0), "3x4")
    lengths = [round(1000 * (at.qrs_off - at.qrs_on) / 500) for at in mark_columns(sheet, find_beats(sheet)).values()]
    assert max(lengths) - min(lengths) <= 60


def test_a_depressed_pr_segment_is_measured_against_what_is_before_p() -> None:
    heart = simulate("normal", seed=3)
    ecg, x = heart.ecg, heart.ecg.signal_mv.copy()
    for on_s, off_s in zip(heart.p_on_s, heart.qrs_on_s, strict=True):
        if np.isfinite(on_s + off_s):
            a, b = (round(s * ecg.fs_hz) for s in (on_s, off_s))
            x[a:b, 1] -= np.linspace(0.0, 0.08, b - a)
    found = {a.lead: a.pr_mv for a in measure(Ecg(x, ecg.fs_hz, ecg.leads)).amplitudes}
    assert found["II"] == pytest.approx(-0.08, abs=0.015)
    assert found["V5"] == pytest.approx(0.0, abs=0.01)
