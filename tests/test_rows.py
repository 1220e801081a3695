"""Rows of ink: where traces run, and what is no trace."""

from __future__ import annotations

import numpy as np
import pytest

from digitize.rows import beat_together, find_rows, keep_long, measure_coverage
from digitize.synth.heart import simulate
from digitize.synth.render import render

PAGE = render(simulate("normal", seed=2).ecg, layout="3x4+1", dpi=127, grid="none", pulse="none")
SCALE = (PAGE.px_per_mm, PAGE.px_per_mm)
INK = (1 - PAGE.rgb.min(axis=2) / 255).astype(np.float32)
BASELINES = sorted({p.baseline_mm for p in PAGE.layout.panels})
EXTENT = PAGE.layout.panels[-1].x_mm


def test_coverage_peaks_at_the_rows() -> None:
    coverage = measure_coverage(keep_long(INK, SCALE), SCALE, EXTENT)
    assert find_rows(coverage, SCALE[1]) == pytest.approx(BASELINES, abs=1.5)


def test_letters_are_not_kept() -> None:
    kept = keep_long(INK, SCALE)
    for word in PAGE.labels[:12]:
        left, top, right, bottom = (round(edge * PAGE.px_per_mm) for edge in word.box_mm)
        assert not kept[top:bottom, left:right].any()
    assert kept.any()


def test_bare_paper_has_no_rows() -> None:
    assert find_rows(measure_coverage(np.zeros(INK.shape, np.uint8), SCALE), SCALE[1]) == []


def test_strips_beat_with_the_rows_and_lines_do_not() -> None:
    inked = keep_long(INK, SCALE)
    assert beat_together(inked, SCALE, BASELINES[:3], BASELINES[3], EXTENT) > 0.5
    foot = BASELINES[3] + 20
    inked[round(foot * SCALE[1])] = 1
    assert beat_together(inked, SCALE, BASELINES[:3], foot, EXTENT) < 0.1
