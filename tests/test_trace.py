"""Tracing drawn ink: sub-pixel, peaks at their height, gaps left open, each row its own."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from digitize.stages import Curve, Ink, Layout, Panel, Word
from digitize.trace import follow_path, trace_panels

PX_PER_MM = 10.0
Array = NDArray[np.float64]


def beat_mm(x_mm: Array, height_mm: float = 12.0) -> Array:
    """A QRS of 80 ms and a T wave, every 20 mm."""
    at = (x_mm % 20) - 8
    qrs = np.interp(at, [-0.9, 0, 0.8, 1.3], [0, 1, -0.2, 0])
    return np.asarray(height_mm * qrs + 0.2 * height_mm * np.exp(-0.5 * ((at - 6) / 1.2) ** 2))


def draw_ink(rows: list[tuple[Array, Array]], pen_mm: float = 0.4, fine: int = 4) -> NDArray[np.float32]:
    """Ink of rows of points (x, y) in mm on a sheet of 110 by 60 mm; NaN lifts the pen."""
    scale = PX_PER_MM * fine
    canvas = np.zeros((int(60 * scale), int(110 * scale)), np.uint8)
    for x, y in rows:
        for run in np.split(np.arange(len(x)), np.flatnonzero(~np.isfinite(y))):
            run = run[np.isfinite(y[run])]
            points = np.round((np.stack([x[run], y[run]], axis=1) * scale + (fine - 1) / 2) * 16).astype(np.int32)
            cv2.polylines(canvas, [points], False, 255, round(pen_mm * scale), cv2.LINE_AA, shift=4)
    small = cv2.resize(canvas, None, fx=1 / fine, fy=1 / fine, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.GaussianBlur(small.astype(np.float32) / 255, (0, 0), 0.7), np.float32)


def as_ink(trace: NDArray[np.float32]) -> Ink:
    return Ink(trace, np.ones_like(trace))


def lay_rows(*baselines_mm: float) -> Layout:
    panels = [Panel(f"V{k + 1}", k, 0, (5.0, 105.0), y, 0.0) for k, y in enumerate(baselines_mm)]
    return Layout(f"{len(panels)}x1", tuple(panels), "hint", 1.0)


def trace(ink: NDArray[np.float32], layout: Layout, labels: tuple[Word, ...] = ()) -> tuple[Curve, ...]:
    return trace_panels(as_ink(ink), (PX_PER_MM, PX_PER_MM), layout, labels)


X_MM = np.arange(4, 106, 0.02)


def test_a_trace_is_followed_to_a_fraction_of_a_pixel() -> None:
    (curve,) = trace(draw_ink([(X_MM, 30 - beat_mm(X_MM))]), lay_rows(30.0))
    known = np.isfinite(curve.y_mm)
    assert known.mean() > 0.98
    flat = known & (np.abs(curve.x_mm % 20 - 8) > 2)
    error_mm = curve.y_mm - (30 - beat_mm(curve.x_mm))
    assert np.sqrt(np.mean(error_mm[flat] ** 2)) < 0.05
    assert (curve.confidence[known] > 0.3).all() and not curve.confidence[~known].any()


@pytest.mark.parametrize("height_mm", [-14.0, -4.0, 4.0, 14.0])
def test_peaks_keep_their_height_and_place(height_mm: float) -> None:
    (curve,) = trace(draw_ink([(X_MM, 30 - beat_mm(X_MM, height_mm))]), lay_rows(30.0))
    for peak_mm in (8, 28, 48, 68, 88):
        near = np.abs(curve.x_mm - peak_mm) < 2
        lift = np.sign(height_mm) * (30 - curve.y_mm[near])
        assert np.nanmax(lift) == pytest.approx(abs(height_mm), rel=0.06, abs=0.1)
        assert curve.x_mm[near][np.nanargmax(lift)] == pytest.approx(peak_mm, abs=0.15)


@settings(max_examples=6, deadline=None)
@given(st.floats(12, 90), st.floats(2.5, 8.0))
def test_where_the_pen_was_lifted_nothing_is_drawn(from_mm: float, length_mm: float) -> None:
    y = np.where((from_mm < X_MM) & (from_mm + length_mm > X_MM), np.nan, 30.0)
    (curve,) = trace(draw_ink([(X_MM, y)]), lay_rows(30.0))
    inside = (curve.x_mm > from_mm + 0.5) & (curve.x_mm < from_mm + length_mm - 0.5)
    assert not np.isfinite(curve.y_mm[inside]).any()
    outside = (curve.x_mm < from_mm - 0.5) | ((curve.x_mm > from_mm + length_mm + 0.5) & (curve.x_mm < 104))
    assert np.isfinite(curve.y_mm[outside]).mean() > 0.98


def test_an_empty_row_gives_an_empty_curve() -> None:
    first, second = trace(draw_ink([(X_MM, 15 - beat_mm(X_MM, 5))]), lay_rows(15.0, 45.0))
    assert np.isfinite(first.y_mm).mean() > 0.98
    assert not np.isfinite(second.y_mm).any() and not second.confidence.any()


def test_rows_keep_to_their_own_ink() -> None:
    rows = [(X_MM, base - beat_mm(X_MM, height)) for base, height in ((22.0, -9.0), (45.0, 9.0))]
    curves = trace(draw_ink(rows), lay_rows(22.0, 45.0))
    for curve, (_, y) in zip(curves, rows, strict=True):
        error_mm = curve.y_mm - np.interp(curve.x_mm, X_MM, y)
        assert np.sqrt(np.nanmean(error_mm**2)) < 0.5


def test_a_label_beside_the_trace_is_not_followed() -> None:
    ink = draw_ink([(X_MM, np.full(len(X_MM), 30.0)), (np.array([10.0, 12.0, 14.0]), np.array([25.0, 22.0, 25.0]))])
    (curve,) = trace(ink, lay_rows(30.0), (Word("V1", (9.0, 21.0, 15.0, 26.0), 0.9),))
    assert np.nanmax(np.abs(curve.y_mm - 30)) < 0.3


def test_each_column_of_a_row_belongs_to_one_panel() -> None:
    panels = tuple(Panel(f"V{k}", 0, k, (5 + 25.0 * k, 30 + 25.0 * k), 30.0, k) for k in range(4))
    curves = trace(draw_ink([(X_MM, 30 - beat_mm(X_MM))]), Layout("1x4", panels, "hint", 1.0))
    x_mm = np.concatenate([curve.x_mm for curve in curves])
    assert (np.diff(x_mm) > 0).all()
    for curve in curves:
        assert curve.x_mm[0] >= curve.panel.x_mm[0] - 0.1 and curve.x_mm[-1] < curve.panel.x_mm[1] + 0.1
        assert len(curve.x_mm) == len(curve.y_mm) == len(curve.confidence)


@given(st.integers(0, 99))
def test_a_path_is_connected(seed: int) -> None:
    rng = np.random.default_rng(seed)
    enters, leaves = follow_path(rng.normal(-0.2, 1, (30, 40)).astype(np.float32), 15.0, 10.0)
    assert np.array_equal(enters[1:], leaves[:-1])
    assert enters.min() >= 0 and leaves.max() < 30
