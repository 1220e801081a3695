"""Ink told from grid: on drawn pages what is left is the trace and the print, whatever the grid's colour and lines."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from digitize.ink import measure_darkness, separate_ink
from digitize.stages import Ink, Sheet
from digitize.synth.heart import simulate
from digitize.synth.render import Grid, Page, render

DPI = 254.0  # 10 px per mm, as a flat sheet has


@cache
def draw(colour: str, grid: Grid) -> tuple[Page, Ink]:
    heart = simulate("normal", heart_rate_bpm=70, seed=4)
    page = render(heart.ecg, layout="3x4", dpi=DPI, colour=colour, grid=grid, paper="letter")
    left, top, *_ = page.grid_mm
    x, y = round(left * 10), round(top * 10)
    rgb = np.ascontiguousarray(page.rgb[y:, x:])  # the origin of a sheet lies on a crossing of the grid
    return page, separate_ink(Sheet(rgb, (10.0, 10.0), np.ones(rgb.shape[:2], bool), 10.0))


def place_traces(page: Page, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Pixels under the middle of the pen."""
    drawn = np.zeros(shape, bool)
    left, top, *_ = page.grid_mm
    for trace in page.traces:
        x, y = np.round((trace.points_mm - (round(left * 10) / 10, round(top * 10) / 10)) * 10 - 0.5).astype(int).T
        drawn[y, x] = True
    return drawn


@pytest.mark.parametrize("colour", ["red", "grey", "blue"])
@pytest.mark.parametrize("grid", ["1+5", "5"])
def test_the_trace_stays_and_the_grid_goes(colour: str, grid: Grid) -> None:
    page, ink = draw(colour, grid)
    drawn = place_traces(page, ink.trace.shape)
    assert np.mean(ink.trace[drawn] > 0.5) > 0.97
    right, bottom = (round((page.grid_mm[k + 2] - page.grid_mm[k]) * 10) for k in (0, 1))
    bare = distance_transform_edt(~drawn) > 12
    for box in (*page.labels, *page.words):
        x0, y0, x1, y1 = (round((v - page.grid_mm[k % 2]) * 10) for k, v in enumerate(box.box_mm))
        bare[max(y0 - 8, 0) : y1 + 8, max(x0 - 8, 0) : x1 + 8] = False
    for x0, y0, x1, y1 in page.pulses_mm:
        left, top = page.grid_mm[:2]
        bare[round((y0 - top) * 10) - 12 : round((y1 - top) * 10) + 12,
             round((x0 - left) * 10) - 40 : round((x1 - left) * 10) + 40] = False  # fmt: skip
    inside = np.zeros_like(bare)
    inside[30 : bottom - 30, 30 : right - 30] = True
    assert np.mean(ink.trace[bare & inside] > 0.35) < 0.004


def test_planes_are_shares_of_full_ink() -> None:
    _, ink = draw("red", "1+5")
    for plane in (ink.trace, ink.sure):
        assert plane.dtype == np.float32
        assert plane.shape == ink.trace.shape
        assert plane.min() >= 0 and plane.max() <= 1


def test_darkness_is_that_of_the_colour_in_which_the_grid_is_palest() -> None:
    rgb = np.full((200, 300, 3), 250, np.uint8)
    rgb[::10] = (245, 120, 120)
    rgb[:, 150] = 20
    darkness = measure_darkness(Sheet(rgb, (10.0, 10.0), np.ones((200, 300), bool), 10.0))
    assert darkness[10, 20] < 0.1 < 0.9 < darkness[15, 150]


def test_outside_the_photo_there_is_no_trace() -> None:
    rgb = np.full((600, 800, 3), 250, np.uint8)
    rgb[300:304] = 10
    valid = np.ones((600, 800), bool)
    valid[:, 500:] = False
    ink = separate_ink(Sheet(rgb, (10.0, 10.0), valid, 10.0))
    assert not ink.trace[:, 510:].any()
