"""Confidence held against truth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from digitize.evaluate_confidence import Outcome, draw_bins, read_any, tell


def test_a_page_at_random_is_as_right_as_it_is_sure() -> None:
    outcome = read_any(77, 0)
    assert outcome.snr_db > 20
    assert len(outcome.confidence) == len(outcome.error_mm) > 10_000
    assert np.mean(outcome.error_mm < 1.6) > 0.98
    assert outcome.confidence.mean() > 0.98


def test_a_page_that_is_refused_is_told_by_its_code(capsys: pytest.CaptureFixture[str]) -> None:
    sure = np.array([0.6, 0.6, 0.999, 0.999, 0.999])
    far = np.array([0.1, 9.0, 0.1, 0.2, 0.3])
    outcomes = [
        Outcome("ok", 20.0, sure, far),
        Outcome("ok", 3.0, sure, far),
        Outcome("too_blurred", np.nan, np.empty(0), np.empty(0)),
    ]
    bins = tell(outcomes)
    assert bins == [pytest.approx((0.6, 0.5, 0.4)), pytest.approx((0.999, 1.0, 0.6))]
    said = capsys.readouterr().out
    assert "2 of 3 pages read; refused: {'too_blurred': 1}" in said
    assert "ok: 2 pages, median 11.5 dB, 1 under 5 dB" in said


def test_the_table_becomes_a_picture(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    draw_bins([(0.6, 0.5, 0.4), (0.999, 1.0, 0.6)], tmp_path / "bins.png")
    assert (tmp_path / "bins.png").stat().st_size > 1000
