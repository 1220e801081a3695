"""Rows of ink: where traces run, and what is no trace."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from digitize.rows import beat_together, beats_alone, find_rows, keep_long, measure_coverage
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


def test_a_strip_beats_alone_and_a_broken_frame_with_letters_does_not() -> None:
    inked = keep_long(INK, SCALE)
    assert beats_alone(inked, SCALE, BASELINES[3], EXTENT, 15.0)
    foot = BASELINES[3] + 20
    inked[round((foot - 8) * SCALE[1]) :] = 0
    inked[round(foot * SCALE[1])] = 1
    for x_mm, high_mm in ((60, 3), (66, 3), (71, 3), (150, 4), (156, 4)):
        x, y = round(x_mm * SCALE[0]), round(foot * SCALE[1])
        inked[y - round(high_mm * SCALE[1]) : y, x : x + 12] = 1
    assert not beats_alone(inked, SCALE, foot, EXTENT, 15.0)


def test_grid_lines_that_hide_the_trace_do_not_cut_it() -> None:
    scale = (2 * SCALE[0], 2 * SCALE[1])
    ink = cv2.resize(INK, None, fx=2, fy=2, interpolation=cv2.INTER_LINEAR)
    cut, sure = ink.copy(), np.ones_like(ink)
    for left in range(0, ink.shape[1], round(5 * scale[0])):
        line = np.s_[:, left : left + round(0.6 * scale[0])]
        cut[line], sure[line] = 0, 0
    whole, lost, mended = (measure_coverage(keep_long(*args), scale, EXTENT) for args in (
        (ink, scale), (cut, scale), (cut, scale, sure),
    ))  # fmt: skip
    at = [round(y * scale[1]) for y in BASELINES]
    assert max(lost[at]) < 0.5 * min(whole[at])
    assert mended[at] == pytest.approx(whole[at], abs=0.15)
