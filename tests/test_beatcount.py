"""The count of a strip's beats by class, and that it never hides a doubt."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from analyze import analyze, to_html, to_json, to_text
from analyze.beatcount import count_beats
from analyze.beats import find_beats
from analyze.measure import measure
from digitize.record import LEADS, Ecg
from digitize.synth.heart import simulate


def heart_with_wide_beat(at: int = 5) -> Ecg:
    """A steady heart, one beat of it replaced by an early wide one."""
    heart = simulate("normal", heart_rate_bpm=75, seed=4, noise_mv=0.005)
    signal = heart.ecg.signal_mv.copy()
    r = round(heart.r_peak_s[at] * 500)
    a, b = r - 110, r + 220
    signal[a:b] = np.linspace(signal[a], signal[b], b - a)
    middle = r - 60
    at_ms = 2.0 * np.arange(-150, 251)
    wide = -1.8 * np.exp(-0.5 * np.square(at_ms / 34.0)) + 0.9 * np.exp(-0.5 * np.square((at_ms - 75.0) / 26.0))
    signal[middle - 150 : middle + 251] += (wide + 0.5 * np.exp(-0.5 * np.square((at_ms - 280.0) / 60.0)))[:, None]
    return Ecg(signal, 500.0, LEADS)


def test_a_ventricular_beat_is_counted_and_all_add_up() -> None:
    ecg = heart_with_wide_beat()
    beats = find_beats(ecg)
    count = count_beats(ecg, beats, measure(ecg, None, beats))
    assert count is not None
    assert count.lead == "II"
    assert count.ventricular == 1
    assert count.normal + count.supraventricular + count.ventricular + count.unsure == count.beats == beats.r.size
    assert count.words.startswith(f"1 ventricular of {count.beats} beats in II")


def test_no_count_of_few_beats() -> None:
    ecg = simulate("normal", seed=1).ecg
    shown = ecg.signal_mv.copy()
    shown[1250:] = np.nan
    short = Ecg(shown, ecg.fs_hz, ecg.leads)
    beats = find_beats(short)
    assert count_beats(short, beats, measure(short, None, beats)) is None
    assert to_json(analyze(short))["beat_classes"] is None


def test_a_flat_strip_tells_nothing_and_says_so() -> None:
    ecg = simulate("normal", seed=1).ecg
    flat = ecg.signal_mv.copy()
    flat[:, LEADS.index("II")] = 0.0
    report = analyze(Ecg(flat, ecg.fs_hz, ecg.leads))
    assert report.beat_count is not None
    assert report.beat_count.words == f"none of {report.beat_count.beats} beats in II can be told"


def test_what_the_rules_see_otherwise_is_said() -> None:
    ecg = simulate("normal", seed=1, noise_mv=0.01).ecg
    beats = find_beats(ecg)
    m = measure(ecg, None, beats)
    plain = count_beats(ecg, beats, m)
    assert plain is not None
    assert plain.doubts == ()
    odd = count_beats(ecg, beats, replace(m, ectopic_beats=2, early_beats=1, spikes=3))
    assert odd is not None
    assert len(odd.doubts) == 3
    assert "2 of another shape where it tells 0 ventricular" in odd.doubts[1]


def test_another_number_is_a_difference_and_the_same_is_none() -> None:
    ecg = heart_with_wide_beat()
    beats = find_beats(ecg)
    m = measure(ecg, None, beats)
    for seen, doubts in ((1, 0), (3, 1)):
        count = count_beats(ecg, beats, replace(m, ectopic_beats=seen, early_beats=0))
        assert count is not None
        assert len(count.doubts) == doubts


def test_fibrillation_is_named_as_a_doubt() -> None:
    ecg = simulate("afib", seed=3, noise_mv=0.01).ecg
    beats = find_beats(ecg)
    count = count_beats(ecg, beats, measure(ecg, None, beats))
    assert count is not None
    assert any("atrial fibrillation" in doubt for doubt in count.doubts)


@pytest.mark.parametrize("kind", ["normal", "lbbb"])
def test_the_report_shows_the_count_everywhere(kind: str) -> None:
    report = analyze(simulate(kind, seed=2, noise_mv=0.01).ecg)  # type: ignore[arg-type]
    count = report.beat_count
    assert count is not None
    assert count.words in to_text(report)
    assert count.words in to_html(report)
    document = to_json(report)
    assert document["beat_classes"]["beats"] == count.beats
    assert document["software"]["weights"]["beats"].startswith(count.model)
