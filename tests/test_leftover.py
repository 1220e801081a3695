"""Traces that the layout does not take: a note tells of them, and the reading is partial."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from digitize.leftover import find_left_out, tell_left_out
from digitize.pipeline import UNREAD
from digitize.rows import keep_long
from digitize.synth.heart import simulate
from digitize.synth.render import render

PAGE = render(
    simulate("normal", heart_rate_bpm=70, seed=3).ecg,
    layout="3x4+3",
    dpi=127,
    grid="none",
    header=("Name: Nobody\nAge: 50 yrs", "Sinus rhythm\nNormal ECG", "Unconfirmed diagnosis"),
)
SCALE = (PAGE.px_per_mm, PAGE.px_per_mm)
INKED = keep_long((1 - PAGE.rgb.min(axis=2) / 255).astype(np.float32), SCALE)


def test_a_sheet_taken_whole_leaves_nothing_out() -> None:
    assert find_left_out(PAGE.layout, INKED, SCALE) == ()
    assert tell_left_out(PAGE.layout) == ()


@pytest.mark.parametrize("row", [0, 3, 5])
def test_a_row_that_is_not_taken_is_found(row: int) -> None:
    fewer = replace(PAGE.layout, panels=tuple(p for p in PAGE.layout.panels if p.row != row))
    (true,) = {p.baseline_mm for p in PAGE.layout.panels if p.row == row}
    ((left, top, right, bottom),) = find_left_out(fewer, INKED, SCALE)
    assert (top + bottom) / 2 == pytest.approx(true, abs=2)
    assert (left, right) == PAGE.layout.panels[-1].x_mm


def test_columns_that_are_not_taken_are_found() -> None:
    body = [p for p in PAGE.layout.panels if not p.strip]
    for kept, column in ((range(3), 3), (range(1, 4), 0)):
        fewer = replace(PAGE.layout, panels=tuple(p for p in body if p.column in kept))
        (true,) = {p.x_mm for p in body if p.column == column}
        left, _, right, _ = find_left_out(fewer, INKED, SCALE)[-1]
        assert true[0] - 15 < left < right < true[1] + 15


def test_a_reading_with_traces_left_out_is_partial() -> None:
    (note,) = tell_left_out(replace(PAGE.layout, left_out=((0.0, 0.0, 1.0, 1.0),) * 2))
    assert note.code in UNREAD
    assert "2 places" in note.message
