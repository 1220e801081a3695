"""Sheets: millimetres where the lattice says, white paper in light and shade, turns that go with their lattice."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digitize.errors import UsageError
from digitize.flatten import PX_PER_MM, even_light, flatten, keep_page, turn_lattice, turn_sheet
from digitize.stages import Lattice, Photo, Sheet


@cache
def make_lattice() -> Lattice:
    """8 by 6 boxes of 24 px, turned and bent a little, in a photo of 300 by 240 px."""
    row, col = np.mgrid[:7, :9].astype(float)
    x, y = 40 + 24 * col + 2 * row + 1.5 * np.sin(col), 30 + 24 * row - 2 * col + 1.5 * np.cos(row)
    return Lattice(np.stack([x, y], axis=-1), np.ones(x.shape, bool), 5.0, 0.2, 0.9, "grid 5 mm")


def test_the_sheet_shows_what_the_lattice_points_at() -> None:
    y, x = np.mgrid[:240, :300]
    lattice = make_lattice()
    spot = lattice.to_px(21.3, 12.7)
    rgb = np.full((240, 300, 3), 255, np.uint8)
    rgb[np.hypot(x - spot[0], y - spot[1]) < 1.5] = 0
    sheet = flatten(Photo(rgb, ""), lattice)
    dark = np.argwhere(sheet.rgb[..., 0] < 128).mean(axis=0)
    assert dark == pytest.approx([12.7 * PX_PER_MM, 21.3 * PX_PER_MM], abs=0.3)
    assert sheet.photo_px_per_mm == pytest.approx(4.8, abs=0.2)
    assert sheet.rgb.shape[:2] == (300, 400)


def test_paper_outside_the_photo_is_white_and_not_valid() -> None:
    lattice = make_lattice()
    photo = Photo(np.full((240, 150, 3), 90, np.uint8), "")
    sheet = flatten(photo, lattice)
    beyond = lattice.to_px(*np.meshgrid(np.arange(0.5, 39), np.arange(0.5, 29)))[..., 0] > 150
    seen = sheet.valid[5:290:10, 5:390:10]
    assert np.mean(seen == beyond[: seen.shape[0], : seen.shape[1]]) < 0.02
    assert (sheet.rgb[~sheet.valid] == 255).all()


def test_shade_goes_and_ink_stays() -> None:
    paper = np.full((600, 800, 3), (240.0, 225.0, 200.0))
    paper[:, 400:] *= 0.45
    paper *= np.linspace(1, 0.7, 600)[:, None, None]
    bare = np.ones((600, 800), bool)
    for y in range(40, 600, 50):
        paper[y : y + 2] *= np.array([0.9, 0.6, 0.6])
        bare[y - 3 : y + 5] = False
    paper[100:460, 200:203] *= 0.2
    paper[100:460, 600:603] *= 0.2
    bare[97:463, 197:206] = bare[97:463, 597:606] = False
    bare[:, 360:440] = False
    even = even_light(paper.astype(np.uint8))
    assert even[bare].min() > 225
    light, shade = even[100:460, 201].mean(), even[100:460, 601].mean()
    assert max(light, shade) < 80
    assert abs(light - shade) < 12


def test_thick_ink_has_no_halo() -> None:
    rgb = np.full((400, 600, 3), 200, np.uint8)
    rgb[150:250, 290:310] = 20
    even = even_light(rgb)
    assert even[200, 300].max() < 40
    assert np.ptp(even[:, :280].astype(int)) <= 6
    assert np.ptp(even[:, 320:].astype(int)) <= 6


@given(st.integers(-4, 4), st.floats(6, 9), st.floats(6, 9))
def test_turned_lattice_and_sheet_show_the_same_paper(quarters: int, x_mm: float, y_mm: float) -> None:
    lattice = make_lattice()
    width, height = lattice.size_mm
    turned = turn_lattice(lattice, quarters)
    where = {0: (x_mm, y_mm), 1: (y_mm, width - x_mm), 2: (width - x_mm, height - y_mm), 3: (height - y_mm, x_mm)}
    assert turned.to_px(*where[quarters % 4]) == pytest.approx(lattice.to_px(x_mm, y_mm), abs=1e-6)


@given(st.integers(-4, 4))
def test_four_turns_are_none(quarters: int) -> None:
    rng = np.random.default_rng(0)
    sheet = Sheet(rng.integers(0, 255, (6, 9, 3)).astype(np.uint8), (10.0, 8.0), rng.random((6, 9)) > 0.5, 7.0)
    there = turn_sheet(sheet, quarters)
    back = turn_sheet(there, -quarters)
    assert np.array_equal(back.rgb, sheet.rgb)
    assert np.array_equal(back.valid, sheet.valid)
    assert back.px_per_mm == sheet.px_per_mm
    assert there.px_per_mm == ((8.0, 10.0) if quarters % 2 else (10.0, 8.0))


def test_what_lies_outside_the_named_corners_is_white() -> None:
    photo = Photo(np.full((40, 60, 3), 90, np.uint8), "")
    assert keep_page(photo, None) is photo
    kept = keep_page(photo, ((10, 10), (49, 10), (49, 29), (10, 29))).rgb
    assert kept[20, 30, 0] == 90 and kept[10, 10, 0] == 90
    assert (kept[:9] == 255).all() and (kept[:, 51:] == 255).all()
    with pytest.raises(UsageError):
        keep_page(photo, ((0, 0), (1, 1)))
