"""Lattices fitted to drawn pages, against the map from paper to photo that they were drawn with."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from digitize import lattice
from digitize.errors import GridNotFound
from digitize.gridgrow import Nodes
from digitize.gridsignal import Repetition
from digitize.gridsurface import Surface, drop_outliers, fit_surface
from digitize.lattice import choose_witnesses, fit_lattice, vote_box
from digitize.stages import Lattice, Photo
from digitize.synth.degrade import PhotoPage
from digitize.synth.effects import photograph
from digitize.synth.heart import simulate
from digitize.synth.render import Grid, render
from digitize.synth.stock import Pen, Stock


@cache
def take_photo(colour: str, grid: Grid, strength: float, turns: int, seed: int) -> PhotoPage:
    page = render(simulate("normal", seed=1).ecg, dpi=120, colour=colour, grid=grid)
    return photograph(page, strength=strength, seed=seed, size_px=(1800, 1350), quarter_turns=turns)


def measure_errors(lattice: Lattice, photo: PhotoPage) -> NDArray[np.float64]:
    """Photo distance, in boxes, of every true crossing of the printed grid from the lattice node nearest to it."""
    left, top, right, bottom = photo.page.grid_mm
    x, y = np.meshgrid(np.arange(left, right + 1, 5.0), np.arange(top, bottom + 1, 5.0))
    true = photo.to_px(np.stack([x, y], axis=-1)).reshape(-1, 2)
    nodes = lattice.nodes_px.reshape(-1, 2)
    box_px = 5 / lattice.pitch_mm * float(np.median(np.linalg.norm(np.diff(lattice.nodes_px, axis=1), axis=-1)))
    return np.array([np.linalg.norm(nodes - at, axis=1).min() for at in true]) / box_px


@pytest.mark.parametrize(
    ("colour", "grid", "strength", "turns", "seed"),
    [
        ("red", "1+5", 0.0, 0, 0),
        ("pink", "5", 1.0, 1, 1),
        ("grey", "1+5", 0.6, 2, 2),
        ("blue", "1+5", 1.0, 3, 3),
        ("dark_red", "5", 0.5, 0, 4),
    ],
)
def test_nodes_lie_on_the_printed_crossings(colour: str, grid: Grid, strength: float, turns: int, seed: int) -> None:
    photo = take_photo(colour, grid, strength, turns, seed)
    lattice = fit_lattice(Photo(photo.rgb, ""))
    errors = measure_errors(lattice, photo)
    assert lattice.pitch_mm == (5.0 if strength == 0 else 2.5)
    assert np.median(errors) < 0.01  # of 5 mm: 0.05 mm is 2 ms and 5 uV
    assert np.percentile(errors, 95) < 0.03
    count = errors.size * (5 / lattice.pitch_mm) ** 2
    assert 0.75 * count < lattice.seen.sum() < 1.1 * count


def test_black_and_white_copy_is_read_too() -> None:
    photo = take_photo("red", "1+5", 0.5, 0, 5)
    grey = np.repeat(cv2.cvtColor(photo.rgb, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)
    errors = measure_errors(fit_lattice(Photo(grey, "")), photo)
    assert np.median(errors) < 0.02


def test_axes_follow_the_photo() -> None:
    lattice = fit_lattice(Photo(take_photo("pink", "5", 1.0, 1, 1).rgb, ""))
    along_x, along_y = np.diff(lattice.nodes_px, axis=1).mean((0, 1)), np.diff(lattice.nodes_px, axis=0).mean((0, 1))
    assert along_x[0] > abs(along_x[1])
    assert along_y[1] > abs(along_y[0])


def test_same_photo_same_lattice() -> None:
    photo = Photo(take_photo("red", "1+5", 0.0, 0, 0).rgb, "")
    first, second = fit_lattice(photo), fit_lattice(photo)
    assert np.array_equal(first.nodes_px, second.nodes_px)
    assert np.array_equal(first.seen, second.seen)


@pytest.mark.parametrize(("count", "pitch_px", "pitch_mm"), [(230, 6, 2.0), (140, 10, 1.0)])
def test_lines_without_bold_ones_count_as_millimetres(count: int, pitch_px: int, pitch_mm: float) -> None:
    rgb = np.full((900, 1500, 3), 250, np.uint8)
    end_px = 50 + count * pitch_px
    rgb[50:851:pitch_px, 50 : end_px + 1] = rgb[50:851, 50 : end_px + 1 : pitch_px] = (240, 160, 150)
    lattice = fit_lattice(Photo(rgb, ""))
    assert (lattice.pitch_mm, lattice.source) == (pitch_mm, "grid 1 mm")
    step_px = np.diff(lattice.nodes_px, axis=1)[..., 0] / pitch_mm
    assert np.abs(step_px - pitch_px).max() < 0.05


@pytest.mark.parametrize(("height_px", "frame"), [(240, True), (130, True), (205, False)])
def test_grids_of_several_axes_make_one_lattice(height_px: int, frame: bool) -> None:
    rgb = np.full((1300, 1700, 3), 255, np.uint8)
    tops = range(60, 1300 - height_px - 20, height_px + 17)
    for k, top in enumerate(tops):
        first = top + 11 + 7 * k % 40  # lines begin at another phase in each
        for x in range(65, 1600, 8):
            rgb[top : top + height_px, x] = (250, 215, 215) if (x - 65) % 40 else (235, 130, 130)
        for y in range(first - 8 * ((first - top) // 8), top + height_px, 8):
            rgb[y, 60:1600] = np.minimum(rgb[y, 60:1600], (250, 215, 215) if (y - first) % 40 else (235, 130, 130))
        if frame:
            cv2.rectangle(rgb, (60, top), (1600, top + height_px), (0, 0, 0), 1)
    lattice = fit_lattice(Photo(rgb, ""))
    steps = [np.median(np.abs(np.diff(lattice.nodes_px, axis=k)).max(axis=-1)) for k in (0, 1)]
    np.testing.assert_allclose(steps, 40, atol=0.3)
    assert lattice.nodes_px[0, 0, 1] < tops[0] + 40
    assert lattice.nodes_px[-1, 0, 1] > tops[-1] + height_px - 40


def test_dots_between_dotted_lines_make_a_flat_page() -> None:
    """As thermal devices print to files: one black pixel to a dot, lines rounded to whole pixels."""
    rgb = np.full((1200, 1700, 3), 255, np.uint8)
    box_px = 39.85
    down, across = (np.round(60 + box_px * np.arange(n)).astype(int) for n in (38, 27))
    dots_x, dots_y = (np.round(60 + box_px / 10 * np.arange(10 * n)).astype(int) for n in (37, 26))
    rgb[np.ix_(across, dots_x)] = rgb[np.ix_(dots_y, down)] = 40
    rgb[np.ix_(dots_y[::2], dots_x[::2])] = 120
    lattice = fit_lattice(Photo(rgb, ""))
    assert lattice.residual_px < 0.5
    assert lattice.seen.sum() > 0.9 * 38 * 27
    steps = np.diff(lattice.nodes_px, axis=1)[..., 0]
    assert np.ptp(steps) < 1e-6
    assert steps.mean() == pytest.approx(box_px, abs=0.02)


def draw_words(rng: np.random.Generator) -> NDArray[np.uint8]:
    rgb = np.full((900, 1200, 3), 250, np.uint8)
    for y in range(60, 880, 34):
        for x in range(60, 1100, 110):
            word = "".join(chr(rng.integers(97, 123)) for _ in range(rng.integers(2, 7)))
            cv2.putText(rgb, word, (x, y), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (20, 20, 20), 2, cv2.LINE_AA)
    return rgb


def draw_bars(rng: np.random.Generator) -> NDArray[np.uint8]:
    rgb = np.full((900, 1200, 3), 250, np.uint8)
    for x in range(100, 1100, 90):
        cv2.rectangle(rgb, (x, 850 - int(rng.integers(80, 700))), (x + 50, 850), (60, 100, 200), -1)
    rgb[110:851:100, 80:1120] = 200
    return rgb


def draw_blobs(rng: np.random.Generator) -> NDArray[np.uint8]:
    coarse = rng.integers(0, 255, (13, 18, 3)).astype(np.uint8)
    soft = cv2.resize(coarse, (1200, 900), interpolation=cv2.INTER_CUBIC)
    return np.clip(soft + rng.normal(0, 12, soft.shape), 0, 255).astype(np.uint8)


def draw_stripes(_: np.random.Generator) -> NDArray[np.uint8]:
    rgb = np.full((900, 1200, 3), 250, np.uint8)
    rgb[::20] = 120
    return rgb


def draw_nothing(_: np.random.Generator) -> NDArray[np.uint8]:
    return np.full((900, 1200, 3), 250, np.uint8)


def draw_speck(_: np.random.Generator) -> NDArray[np.uint8]:
    return np.full((9, 60, 3), 250, np.uint8)


@pytest.mark.parametrize("draw", [draw_words, draw_bars, draw_blobs, draw_stripes, draw_nothing, draw_speck])
def test_pictures_without_a_grid_are_refused(draw) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(GridNotFound):
        fit_lattice(Photo(draw(np.random.default_rng(0)), ""))


def make_nodes(bend_px: float, noise_px: float) -> tuple[Nodes, NDArray[np.complex128]]:
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:20, :30].astype(float)
    true = 30 * (x + 1j * y) + bend_px * np.sin(x / 4 + y / 5)
    found = true + noise_px * (rng.standard_normal(x.shape) + 1j * rng.standard_normal(x.shape))
    found[5:9, 10:14] = np.nan
    return Nodes(found, np.where(np.isfinite(found), 0.9, 0.0)), true


def test_surface_follows_bent_paper_over_gaps() -> None:
    nodes, true = make_nodes(bend_px=6, noise_px=0.3)
    surface = fit_surface(nodes, margin=2)
    assert not surface.flat
    assert np.abs(surface.at_px[2:-2, 2:-2] - true).max() < 1.0
    assert not surface.seen[2:-2, 2:-2][5:9, 10:14].any()


def test_flat_paper_is_plane() -> None:
    nodes, true = make_nodes(bend_px=0, noise_px=0.3)
    surface = fit_surface(nodes, margin=2)
    assert surface.flat
    assert np.abs(surface.at_px[2:-2, 2:-2] - true).max() < 0.1


def test_a_node_beside_its_line_is_dropped() -> None:
    nodes, _ = make_nodes(bend_px=6, noise_px=0.3)
    nodes.at_px[15, 20] += 8
    kept = drop_outliers(nodes)
    assert np.isnan(kept.at_px[15, 20])
    assert np.isfinite(kept.at_px).sum() > 0.98 * np.isfinite(nodes.at_px).sum() - 1


def repeat(step_px: float, score: float = 1.0, bold: bool = False) -> Repetition:
    return Repetition(0j, step_px + 0j, step_px * 1j, score, bold)


def test_a_step_too_long_for_a_page_yields_to_a_fifth_of_it() -> None:
    """A resampled screenshot repeats its pixels every fifth line too, so both steps get as many votes."""
    votes = [repeat(71.25, bold=True), repeat(14.25)] * 8
    assert vote_box(votes, side_px=768) == pytest.approx(14.25)
    assert vote_box([repeat(71.25)] * 8, side_px=768) == pytest.approx(71.25)
    assert vote_box([], side_px=768) is None


def test_fine_lines_that_another_channel_shows_to_fill_boxes_are_no_boxes() -> None:
    fine, boxes = repeat(6.0, score=1.9), repeat(30.0, bold=True)
    assert vote_box([fine, boxes] * 6, side_px=2400) == pytest.approx(30)
    assert vote_box([fine] * 6, side_px=2400) == pytest.approx(6)


@pytest.mark.parametrize("dpi", [150, 250])
def test_black_bold_lines_over_coloured_fine_ones_are_boxes(dpi: int) -> None:
    stock = Stock((252, 249, 244), (190, 96, 100), (28, 0, 0), "1+5", 0.15, 0.12)
    page = render(simulate("normal", seed=1).ecg, dpi=dpi, stock=stock)
    found = fit_lattice(Photo(page.rgb, ""))
    assert np.median(np.diff(found.nodes_px, axis=1)[..., 0]) / found.pitch_mm == pytest.approx(dpi / 25.4, rel=0.01)


def test_a_colour_in_which_nothing_repeats_in_squares_gives_way_to_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """A blue pen on a magenta grid: red shows beats and rows, green the grid."""
    beats = Repetition(0j, 42 + 0j, 110j, 0.4, False)
    shown = {
        "red": [beats] * 6,
        "grey": [repeat(54.0, 0.3)] * 6,
        "blue": [beats],
        "green": [repeat(42.0, 0.8, True)] * 6,
    }
    names = list(shown)
    monkeypatch.setattr(lattice, "measure_evidence", lambda _, name: np.full((2, 2), names.index(name)))
    monkeypatch.setattr(lattice, "find_repetitions", lambda plane, **_: shown[names[plane[0, 0]]])
    witnesses, bold, fine = choose_witnesses(np.zeros((900, 2400, 3), np.uint8))
    assert names[witnesses[0].evidence[0, 0]] == "green"
    assert (bold, fine) == (True, False)


def test_a_page_whose_first_piece_of_grid_is_one_line_is_measured_all_the_same() -> None:
    stock = Stock((255, 238, 239), (255, 213, 218), (246, 190, 216), "1+5", 0.11, 0.2)
    heart = simulate("inferior_stemi", seed=1).ecg
    page = render(heart, layout="6x2", stock=stock, pen=Pen(0.6, (18, 22, 78)))
    points_px = np.concatenate([trace.points_mm for trace in page.traces]) * page.px_per_mm
    (left, top), (right, bottom) = (side(points_px, axis=0).astype(int) for side in (np.nanmin, np.nanmax))
    found = fit_lattice(Photo(page.rgb[top:bottom, left:right].copy(), ""))
    assert np.median(np.diff(found.nodes_px, axis=1)[..., 0]) / found.pitch_mm == pytest.approx(200 / 25.4, rel=0.01)


def test_small_page_in_a_wide_photo_keeps_its_boxes() -> None:
    rgb = np.full((1200, 2000, 3), 120, np.uint8)
    rgb[290:910, 390:1310] = 250
    rgb[300:901:12, 400:1297] = rgb[300:901, 400:1297:12] = (240, 150, 140)
    lattice = fit_lattice(Photo(rgb, ""))
    assert lattice.source == "grid 5 mm"
    assert np.diff(lattice.nodes_px, axis=1)[..., 0].mean() / lattice.pitch_mm == pytest.approx(12 / 5, abs=0.01)


def test_crossings_that_no_surface_goes_through_are_no_grid(monkeypatch: pytest.MonkeyPatch) -> None:
    page = render(simulate("normal", seed=1).ecg, dpi=100).rgb

    def scatter(nodes: Nodes, margin: int) -> Surface:
        surface = fit_surface(nodes, margin)
        few = np.zeros_like(surface.seen)
        few[:2, :2] = True
        return replace(surface, seen=few)

    assert fit_lattice(Photo(page, "")).seen.sum() >= lattice.MIN_NODES
    monkeypatch.setattr(lattice, "fit_surface", scatter)
    with pytest.raises(GridNotFound):
        fit_lattice(Photo(page, ""))
