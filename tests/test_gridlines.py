"""The lattice between its crossings and beside other ink, against the map that a page was drawn with."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from digitize.gridlines import _find_paper, follow_lines
from digitize.lattice import fit_lattice
from digitize.stages import Lattice, Photo
from digitize.synth.degrade import PhotoPage
from digitize.synth.effects import photograph
from digitize.synth.heart import simulate
from digitize.synth.render import Grid, render

INSIDE_MM = 10.0
INNER = np.s_[6:-6, 6:-6]
"""The spline's ends, which a fitted lattice has outside the page, are less exact."""


def take_photo(colour: str, grid: Grid, strength: float, seed: int) -> PhotoPage:
    page = render(simulate("normal", seed=seed).ecg, dpi=200, colour=colour, grid=grid)
    return photograph(page, strength=strength, seed=seed, size_px=(2600, 2000))


def find_mm(lattice: Lattice, at_px: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where points of the photo lie on the lattice, in mm, by Newton's method from the nearest node, shape (n, 2)."""
    cols = lattice.nodes_px.shape[1]
    nearest = cKDTree(lattice.nodes_px.reshape(-1, 2)).query(at_px)[1]
    at = lattice.pitch_mm * np.stack([nearest % cols, nearest // cols], axis=-1).astype(float)
    for _ in range(6):
        here = lattice.to_px(at[:, 0], at[:, 1])
        slopes = [lattice.to_px(at[:, 0] + d, at[:, 1] + 0.05 - d) - here for d in (0.05, 0.0)]
        at += np.linalg.solve(np.stack(slopes, axis=-1) / 0.05, (at_px - here)[..., None])[..., 0]
    return at


def measure_errors_mm(lattice: Lattice, photo: PhotoPage) -> NDArray[np.float64]:
    """Distance of the lattice's millimetres from the paper's all over the page, but for which line is the first."""
    left, top, right, bottom = photo.page.grid_mm
    x, y = np.meshgrid(
        np.arange(left + INSIDE_MM, right - INSIDE_MM, 3.1), np.arange(top + INSIDE_MM, bottom - INSIDE_MM, 3.1)
    )
    true_mm = np.stack([x, y], axis=-1).reshape(-1, 2)
    found_mm = find_mm(lattice, photo.to_px(true_mm))
    turn = np.round(np.linalg.lstsq(true_mm - true_mm.mean(0), found_mm - found_mm.mean(0), rcond=None)[0])
    off = found_mm - true_mm @ turn
    return np.asarray(np.linalg.norm(off - np.median(off, axis=0), axis=1))


@pytest.mark.parametrize(
    ("colour", "grid", "strength", "seed"), [("dark_red", "5", 1.0, 6), ("pink", "1+5", 1.0, 7), ("grey", "5", 0.6, 8)]
)
def test_millimetres_are_true_between_crossings_and_beside_ink(
    colour: str, grid: Grid, strength: float, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = take_photo(colour, grid, strength, seed)
    errors_mm = measure_errors_mm(fit_lattice(Photo(photo.rgb, "")), photo)
    monkeypatch.setattr("digitize.lattice.follow_lines", lambda rgb, lattice: lattice)
    by_crossings_mm = measure_errors_mm(fit_lattice(Photo(photo.rgb, "")), photo)
    assert np.median(errors_mm) < 0.015  # 0.4 ms
    assert np.percentile(errors_mm, 95) < 0.06
    assert np.percentile(errors_mm, 95) < 0.6 * np.percentile(by_crossings_mm, 95)


def draw_ruled(stroke_px: int | None) -> tuple[NDArray[np.uint8], Lattice]:
    """Grey lines 50 px apart, the sixth from the left with a black stroke so far to its right, and their lattice."""
    rgb = np.full((1001, 1001, 3), 250, np.uint8)
    for k in range(0, 1001, 50):
        rgb[max(0, k - 1) : k + 2] = rgb[:, max(0, k - 1) : k + 2] = 170
    if stroke_px is not None:
        rgb[420:580, 250 + stroke_px : 254 + stroke_px] = 20
    y, x = np.mgrid[:21, :21] * 50.0
    return rgb, Lattice(np.stack([x, y], axis=-1), np.ones((21, 21), bool), 5.0, 0.0, 1.0, "grid 5 mm")


@pytest.mark.parametrize("stroke_px", [None, -6, -4, 2, 4, 8])
def test_a_stroke_beside_a_line_does_not_bend_it(stroke_px: int | None) -> None:
    rgb, lattice = draw_ruled(stroke_px)
    followed = follow_lines(rgb, lattice)
    assert followed.pitch_mm == 2.5 and followed.seen.shape == (41, 41)
    y, x = np.mgrid[:41, :41] * 25.0
    off_px = np.abs(followed.nodes_px - np.stack([x, y], axis=-1))
    assert off_px[INNER].max() < 0.25  # 10 px are 1 mm


def test_a_bend_between_crossings_is_followed() -> None:
    """Paper that gives way by 0.2 mm half-way between the lattice's rows."""
    rgb, lattice = draw_ruled(None)
    y, x = np.mgrid[:1001, :1001].astype(np.float32)
    bump = 2 * np.exp(-0.5 * ((y - 525) / 60) ** 2 - 0.5 * ((x - 500) / 80) ** 2)
    rows, cols = np.indices((1001, 1001))
    bent = rgb[rows, np.clip(np.round(cols - bump).astype(int), 0, 1000)]
    followed = follow_lines(np.ascontiguousarray(bent), lattice)
    assert followed.nodes_px[21, 20, 0] == pytest.approx(502, abs=0.5)
    assert followed.nodes_px[8, 20, 0] == pytest.approx(500, abs=0.3)


def test_nothing_is_learnt_from_bare_paper() -> None:
    _, lattice = draw_ruled(None)
    followed = follow_lines(np.full((1001, 1001, 3), 250, np.uint8), lattice)
    assert np.allclose(followed.nodes_px[::2, ::2][INNER], lattice.nodes_px[INNER], atol=0.05)


def test_paper_is_the_palest_part_of_each_line_across() -> None:
    ink = np.random.default_rng(3).integers(0, 256, (19, 40, 7), dtype=np.uint8)
    given = ink.copy()
    assert np.array_equal(_find_paper(ink), np.sort(given, axis=0)[5])  # 0.3 of 19
    assert np.array_equal(ink, given)
