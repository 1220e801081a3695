"""Frames around labels go, the trace that runs through them stays, and what only looks like one is left alone."""

from __future__ import annotations

import cv2
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from digitize.labelframes import drop_label_frames
from digitize.stages import Ink, Sheet, Word

SCALE = (10.0, 10.0)
LETTERS = (200, 150, 260, 180)
"""Left, top, right and bottom of a label, in pixels."""
LABEL = Word("V5", tuple(edge / 10 for edge in LETTERS), 1.0)  # type: ignore[arg-type]


def draw_label(baseline: int = 170) -> NDArray[np.uint8]:
    """Letters that a trace with a peak behind them runs through."""
    drawn = np.zeros((400, 600), np.uint8)
    cv2.putText(drawn, "V5", (202, 178), cv2.FONT_HERSHEY_SIMPLEX, 1.1, 255, 3)
    way = [(20, baseline), (320, baseline), (330, baseline - 90), (340, baseline), (580, baseline)]
    cv2.polylines(drawn, [np.array(way, np.int32)], False, 255, 3)
    return drawn


def lay(drawn: NDArray[np.uint8]) -> tuple[Sheet, Ink]:
    trace = np.asarray(drawn / 255, np.float32)
    rgb = np.repeat(255 - drawn[..., None], 3, axis=2)
    return Sheet(rgb, SCALE, np.ones(drawn.shape, bool), 10.0), Ink(trace, np.ones_like(trace))


gaps = st.integers(3, 18)


@settings(max_examples=25, deadline=None)
@given(gaps=st.tuples(gaps, gaps, gaps, gaps), thick=st.integers(1, 4), baseline=st.integers(155, 175))
def test_a_frame_goes_and_the_trace_stays(gaps: tuple[int, int, int, int], thick: int, baseline: int) -> None:
    alone = draw_label(baseline)
    framed = alone.copy()
    left, top, right, bottom = (e + s * g for e, s, g in zip(LETTERS, (-1, -1, 1, 1), gaps, strict=True))
    cv2.rectangle(framed, (left, top), (right, bottom), 255, thick)
    sheet, ink = drop_label_frames(*lay(framed), (LABEL,))
    middle = np.s_[left + 10 : right - 10]
    assert ink.trace[top, middle].max() == ink.trace[bottom, middle].max() == 0
    assert ink.sure[top, middle].max() == 0 and sheet.rgb[top, middle].min() == 255
    beside = cv2.dilate((framed > 0).astype(np.uint8) - (alone > 0), np.ones((11, 11), np.uint8)) > 0
    np.testing.assert_array_equal(ink.trace[~beside], lay(alone)[1].trace[~beside])
    assert ink.trace[baseline, 290:310].min() == 1  # behind the frame


def test_what_is_no_frame_stays() -> None:
    for points in (
        [(190, 140), (270, 140), (270, 190), (190, 190)],  # one side is missing
        [(190, 165), (190, 140), (270, 140), (270, 190), (190, 190)],  # a part of one
        [(150, 140), (310, 140), (310, 190), (150, 190), (150, 140)],  # too wide to be this label's
    ):
        drawn = draw_label()
        cv2.polylines(drawn, [np.array(points, np.int32)], False, 255, 2)
        sheet, ink = lay(drawn)
        assert drop_label_frames(sheet, ink, (LABEL,)) == (sheet, ink)


def test_a_black_plate_under_white_letters_stays() -> None:
    drawn = draw_label()
    cv2.rectangle(drawn, (190, 140), (270, 190), 255, -1)
    sheet, ink = lay(drawn)
    assert drop_label_frames(sheet, ink, (LABEL,)) == (sheet, ink)


def test_a_label_at_the_edge_of_the_sheet() -> None:
    sheet, ink = lay(draw_label())
    words = tuple(
        Word("II", box, 0.9) for box in ((-0.5, -0.3, 2.0, 2.0), (58.0, 38.0, 61.0, 41.0), (70.0, 1.0, 72.0, 3.0))
    )
    assert drop_label_frames(sheet, ink, words) == (sheet, ink)
