"""The middle of the pen, from ink: level, slanting and steep strokes, thin and thick pens."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from digitize.centreline import FINE, draw_centreline

Array = NDArray[np.float64]


def draw_stroke(x: Array, y: Array, pen_px: float = 3.5, blur_px: float = 0.8) -> NDArray[np.float32]:
    """Ink of one stroke on 120 by 300 pixels."""
    fine = 8
    canvas = np.zeros((120 * fine, 300 * fine), np.uint8)
    points = np.round((np.stack([x, y], axis=1) + 0.5) * fine - 0.5).astype(np.int32)
    cv2.polylines(canvas, [points], False, 255, round(pen_px * fine))
    small = cv2.resize(canvas, None, fx=1 / fine, fy=1 / fine, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.GaussianBlur(small.astype(np.float32) / 255, (0, 0), blur_px), np.float32)


def follow(ink: NDArray[np.float32], y: Array) -> tuple[Array, Array, Array]:
    """The centre line of ink whose path is known: y at the beginning of each column and of the next."""
    ends = np.round(y).astype(np.int64)
    return draw_centreline(ink, np.ones_like(ink), ends[:-1], ends[1:])


@settings(deadline=None, max_examples=20)
@given(st.floats(-0.6, 0.6), st.floats(-5, 5), st.floats(2.5, 6.0))
def test_a_level_or_slanting_stroke_is_found_to_a_tenth_of_a_pixel(slope: float, offset: float, pen_px: float) -> None:
    x = np.arange(-0.5, 300.5)
    y = 60 + offset + slope * (x - 150) * 0.5
    at, found, confidence = follow(draw_stroke(x, y, pen_px), y[:301])
    inner = (at > 10) & (at < 290) & np.isfinite(found)
    assert inner.sum() > 250
    error = found[inner] - (60 + offset + slope * (at[inner] - 150) * 0.5)
    assert abs(np.median(error)) < 0.12 and np.abs(error).max() < 0.6
    assert (confidence[inner] > 0.5).all()


@pytest.mark.parametrize("pen_px", [3.0, 5.0])
@pytest.mark.parametrize("height_px", [-45.0, 45.0])
def test_a_spike_keeps_its_height_to_half_a_pen(pen_px: float, height_px: float) -> None:
    x = np.arange(-0.5, 300.5, 0.25)
    y = 60 - height_px * np.interp(np.abs(x - 150), [0, 9], [1, 0])
    at, found, _ = follow(draw_stroke(x, y, pen_px), np.interp(np.arange(-0.5, 300.5), x, y))
    tip = np.nanmax(np.sign(height_px) * (60 - found))
    assert tip == pytest.approx(abs(height_px), abs=pen_px / 2)
    assert at[np.nanargmax(np.sign(height_px) * (60 - found))] == pytest.approx(150, abs=1.5)
    flanks = (np.abs(at - 150) > 2) & (np.abs(at - 150) < 7) & np.isfinite(found)
    assert flanks.sum() > 6
    sideways = (found - np.interp(at, x, y))[flanks] / 5.0  # the flanks climb 5 px a column
    assert np.abs(sideways).max() < 1.0


def test_without_ink_there_is_no_line() -> None:
    ink = np.zeros((120, 300), np.float32)
    at, found, confidence = follow(ink, np.full(301, 60.0))
    assert len(at) == 300 * FINE
    assert not np.isfinite(found).any() and not confidence.any()
