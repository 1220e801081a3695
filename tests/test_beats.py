"""Beats: found in whichever leads are seen, and never at the edges of what a sheet shows."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shown import real_data, show_on_sheet

from analyze.beats import find_beats
from analyze.columns import find_columns
from digitize.record import LEADS, Ecg
from digitize.synth.heart import HeartKind, simulate


def match(found: np.ndarray, truth: np.ndarray, within: float = 30) -> tuple[int, int]:
    """Beats missed and beats made up; those within 0.15 s of the record's ends count neither way."""
    inner = truth[(truth > 75) & (truth < 4925)]
    missed = sum(not np.any(np.abs(found - t) <= within) for t in inner)
    made_up = sum(not np.any(np.abs(truth - f) <= within) for f in found)
    return missed, made_up


@pytest.mark.parametrize("sheet", ["12x1", "3x4", "3x4+1", "3x4+3", "6x2", "6x2+1"])
@pytest.mark.parametrize("kind", ["normal", "anterior_stemi", "lbbb", "afib"])
def test_every_beat_of_a_sheet_is_found_once(kind: HeartKind, sheet: str) -> None:
    heart = simulate(kind, seed=3, noise_mv=0.01, wander_mv=0.05)
    beats = find_beats(show_on_sheet(heart.ecg, sheet, edge_s=0.017))
    assert match(beats.r, heart.r_peak_s * 500) == (0, 0)
    assert beats.heart_rate_bpm == pytest.approx(60 / np.diff(heart.r_peak_s).mean(), abs=3)
    assert beats.normal.all()


@settings(max_examples=12, deadline=None)
@given(rate=st.integers(35, 170), seed=st.integers(0, 50))
def test_rate_is_right_from_slow_to_fast(rate: int, seed: int) -> None:
    heart = simulate("normal", heart_rate_bpm=rate, seed=seed, noise_mv=0.01)
    truth = 60 / np.diff(heart.r_peak_s).mean()
    assert find_beats(show_on_sheet(heart.ecg, "3x4+1")).heart_rate_bpm == pytest.approx(truth, abs=3)


def test_steps_between_panels_are_no_beats() -> None:
    heart = simulate("normal", heart_rate_bpm=50, seed=1)
    shown = show_on_sheet(heart.ecg, "3x4")
    shown.signal_mv[1250:2500] += 0.4
    shown.signal_mv[2500:3750] -= 0.3
    assert match(find_beats(shown).r, heart.r_peak_s * 500) == (0, 0)


def test_a_stretch_that_cannot_be_read_is_no_pause() -> None:
    heart = simulate("normal", heart_rate_bpm=75, seed=2)
    torn = heart.ecg.signal_mv.copy()
    torn[2000:3600] = np.nan
    beats = find_beats(Ecg(torn, 500.0))
    assert not np.any((beats.r > 2000) & (beats.r < 3600))
    assert beats.heart_rate_bpm == pytest.approx(75, abs=3)


def test_a_pause_is_a_pause() -> None:
    heart = simulate("normal", heart_rate_bpm=75, seed=2)
    gone = np.flatnonzero((heart.r_peak_s > 4) & (heart.r_peak_s < 5.5))
    signal = heart.ecg.signal_mv.copy()
    for k in gone:
        a, b = (round(s * 500) for s in (heart.qrs_on_s[k] - 0.02, heart.qrs_off_s[k] + 0.02))
        signal[a:b] = np.linspace(signal[a], signal[b], b - a)
    beats = find_beats(Ecg(signal, 500.0))
    assert beats.r.size == heart.r_peak_s.size - gone.size
    assert beats.regular is False or beats.rr_s.max() > 1.5


def test_an_ectopic_beat_is_told_from_the_others() -> None:
    heart = simulate("normal", heart_rate_bpm=70, seed=4)
    odd = 5
    at = round(heart.r_peak_s[odd] * 500)
    wide = -2.0 * np.exp(-0.5 * ((np.arange(-100, 101)) / 28.0) ** 2)
    signal = heart.ecg.signal_mv.copy()
    signal[at - 100 : at + 101] += wide[:, None]
    beats = find_beats(Ecg(signal, 500.0))
    assert np.flatnonzero(~beats.normal).tolist() == [odd]


@pytest.mark.parametrize("rows", [0, 1, 2, 100, 5000])
def test_nothing_is_found_where_nothing_is(rows: int) -> None:
    for signal in (np.full((rows, 12), np.nan), np.zeros((rows, 12))):
        beats = find_beats(Ecg(signal, 500.0))
        assert beats.r.size == 0
        assert beats.heart_rate_bpm is None
        assert beats.regular is None


def test_columns_are_those_of_the_sheet() -> None:
    ecg = simulate("normal").ecg
    assert [c.leads for c in find_columns(ecg)] == [LEADS]
    columns = find_columns(show_on_sheet(ecg, "3x4+1", edge_s=0.02))
    assert [c.leads for c in columns] == [
        ("I", "II", "III"),
        ("II", "aVR", "aVL", "aVF"),
        ("II", "V1", "V2", "V3"),
        ("II", "V4", "V5", "V6"),
        ("II",),
    ]
    assert [c.start for c in columns] == [0, 1250, 2500, 3750, 0] or columns[1].start == 1260


def test_rate_of_printed_records_is_the_rhythm_strips() -> None:
    for path in sorted(real_data("photos").glob("*.csv"))[:6]:
        with path.open(newline="") as lines:
            rows = list(csv.DictReader(lines))
        signal = np.array([[float(row[lead] or "nan") for lead in LEADS] for row in rows])
        sheet, strip = find_beats(Ecg(signal, 500.0)), find_beats(Ecg(signal[:, [1]], 500.0, ("II",)))
        assert sheet.heart_rate_bpm == pytest.approx(strip.heart_rate_bpm, abs=3)


def test_a_fused_beat_is_not_usual_but_an_artefact_in_one_lead_is_none_of_its_shape() -> None:
    heart = simulate("normal", seed=2, noise_mv=0.01)
    signal, r = heart.ecg.signal_mv.copy(), (heart.r_peak_s * 500).astype(int)
    # activated from elsewhere: lead by lead, each at its own shift, much like the others, and together not
    for k in range(12):
        signal[r[4] - 100 : r[4] + 100, k] = np.roll(signal[r[4] - 100 : r[4] + 100, k], (-15, 0, 15)[k % 3])
    signal[r[6] - 20 : r[6] + 20, 2] += 3.0
    normal = find_beats(Ecg(signal, 500.0)).normal
    assert np.flatnonzero(~normal).tolist() == [4]
