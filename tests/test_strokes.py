"""A pen cannot jump."""

from __future__ import annotations

import numpy as np
import pytest

from digitize.pen import PX_PER_MM
from digitize.stages import Curve, Ink, Panel
from digitize.strokes import SHORT_MM, drop_unlinked

HEIGHT_MM, WIDTH_MM, LEVEL_MM = 40.0, 30.0, 10.0
X_MM = np.arange(0.0, WIDTH_MM, 0.1)


def draw(*strokes_mm: tuple[float, float, float]) -> Ink:
    """Paper with vertical strokes (x, top, bottom)."""
    trace = np.zeros((round(HEIGHT_MM * PX_PER_MM), round(WIDTH_MM * PX_PER_MM)), np.float32)
    for x, top, bottom in strokes_mm:
        trace[
            round(top * PX_PER_MM) : round(bottom * PX_PER_MM), round(x * PX_PER_MM) - 1 : round(x * PX_PER_MM) + 2
        ] = 1
    return Ink(trace, np.ones_like(trace))


def follow(y_mm: np.ndarray) -> Curve:
    return Curve(Panel("II", 0, 0, (0.0, WIDTH_MM), LEVEL_MM, 0.0), X_MM, y_mm, np.ones_like(y_mm))


def away(first_mm: float, last_mm: float) -> np.ndarray:
    """A level trace that is elsewhere, at 35 mm, over a stretch."""
    return np.where((first_mm <= X_MM) & (last_mm > X_MM), 35.0, LEVEL_MM)


@pytest.mark.parametrize(("first", "last"), [(0.0, 1.0), (28.5, 30.0)])
def test_a_piece_at_an_end_that_no_stroke_leads_to_goes(first: float, last: float) -> None:
    kept = drop_unlinked(follow(away(first, last)), draw())
    assert np.array_equal(np.isnan(kept.y_mm), away(first, last) == 35.0)
    assert not kept.confidence[np.isnan(kept.y_mm)].any() and kept.confidence[np.isfinite(kept.y_mm)].all()


@pytest.mark.parametrize(("first", "last", "at"), [(0.0, 1.0, 1.0), (28.5, 30.0, 28.5)])
def test_a_stroke_keeps_it(first: float, last: float, at: float) -> None:
    curve = follow(away(first, last))
    assert drop_unlinked(curve, draw((at, LEVEL_MM, 35.0))) is curve


def test_what_a_grid_line_may_hide_is_no_reason() -> None:
    curve, paper = follow(away(0.0, 1.0)), draw()
    paper.sure[:, round(0.8 * PX_PER_MM) : round(1.2 * PX_PER_MM)] = 0.0
    assert drop_unlinked(curve, paper) is curve


def test_the_middle_is_never_touched() -> None:
    curve = follow(away(SHORT_MM + 1, SHORT_MM + 3))
    assert drop_unlinked(curve, draw()) is curve


def test_gaps_are_no_jumps() -> None:
    y = away(0.0, 1.0)
    y[(X_MM >= 0.8) & (X_MM < 3.0)] = np.nan
    curve = follow(y)
    assert drop_unlinked(curve, draw()) is curve
