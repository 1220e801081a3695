"""Frames go, what crosses them stays, and a page without any is left alone."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from digitize.frames import drop_frames
from digitize.stages import Ink

SCALE = (10.0, 10.0)


def lay_ink(drawn: NDArray[np.uint8]) -> Ink:
    trace = drawn.astype(np.float32) / 255
    return Ink(trace, np.ones_like(trace))


def draw_trace() -> NDArray[np.uint8]:
    """Spikes of 20 mm every 20 mm on a flat line, and a pulse before them."""
    drawn = np.zeros((900, 1500), np.uint8)
    x = np.arange(200, 1400)
    y = np.where((x % 200) < 10, 300, 500)
    cv2.polylines(drawn, [np.stack([x, y], axis=1).astype(np.int32)], False, 255, 3)
    cv2.rectangle(drawn, (120, 400), (170, 500), 255, 3)
    return drawn


def test_a_frame_goes_and_the_trace_stays() -> None:
    alone = draw_trace()
    framed = alone.copy()
    cv2.rectangle(framed, (80, 380), (1450, 640), 255, 2)
    ink = drop_frames(lay_ink(framed), SCALE)
    beside = cv2.dilate((framed > 0).astype(np.uint8) - (alone > 0), np.ones((15, 15), np.uint8)) > 0
    assert ink.trace[380, 700:780].max() == 0 and ink.trace[600, 80] == 0
    assert (ink.sure[380, 700:780] == 0).all()
    np.testing.assert_array_equal(ink.trace[~beside], lay_ink(alone).trace[~beside])


def test_lines_that_make_no_frame_stay() -> None:
    drawn = draw_trace()
    cv2.line(drawn, (80, 700), (1450, 700), 255, 2)  # a rule under the rows
    ink = lay_ink(drawn)
    assert drop_frames(ink, SCALE) is ink
