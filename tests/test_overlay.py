"""The overlay: curves where they were traced, each in its own colour, nothing where nothing was read."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from digitize.overlay import LEFT_OUT_RGB, LONG_SIDE_PX, colour_of, draw_overlay, overlay_png
from digitize.record import LEADS, Ecg, Patient
from digitize.stages import Calibration, Curve, Digitization, Lattice, Layout, Panel, Photo, Sheet

PX_PER_MM = 8.0


def draw_page(size_px: tuple[int, int] = (1200, 900), px_per_mm: float = PX_PER_MM) -> Digitization:
    """Grey paper on which V1 was read along y = 40 mm, but for a gap, and V2 at 80 mm not at all."""
    width, height = size_px
    rgb = np.full((height, width, 3), 200, np.uint8)
    row, col = np.mgrid[: int(height / px_per_mm / 5) + 2, : int(width / px_per_mm / 5) + 2] * 5.0 * px_per_mm
    lattice = Lattice(np.stack([col, row], axis=-1), np.ones(row.shape, bool), 5.0, 0.1, 1.0, "grid 5 mm")
    x = np.arange(20, 120, 0.1)
    panels = (Panel("V1", 0, 0, (20, 120), 40, 0), Panel("V2", 1, 0, (20, 120), 80, 0))
    y = np.where((x > 60) & (x < 80), np.nan, 40.0)
    curves = (
        Curve(panels[0], x, y, np.ones(len(x))),
        Curve(panels[1], x, np.full(len(x), np.nan), np.zeros(len(x))),
    )
    return Digitization(
        ecg=Ecg(np.full((2000, 12), np.nan), 500.0),
        photo=Photo(rgb, "0"),
        lattice=lattice,
        sheet=Sheet(rgb, (10.0, 10.0), np.ones(rgb.shape[:2], bool), px_per_mm),
        layout=Layout("2x1", panels, "hint", 1.0),
        calibration=Calibration(25.0, 10.0, "assumed", "assumed"),
        curves=curves,
        words=(),
        patient=Patient(),
        quality={},
    )


def is_colour(canvas: NDArray[np.uint8], lead: str) -> NDArray[np.bool_]:
    return np.asarray((np.abs(canvas.astype(int) - colour_of(lead)) < 40).all(axis=-1))


def test_curves_lie_where_they_were_traced_and_gaps_show_the_paper() -> None:
    canvas = draw_overlay(draw_page())
    y = round(40 * PX_PER_MM)
    on_line = is_colour(canvas, "V1")[y]
    for x_mm, expected in ((25, True), (55, True), (65, False), (75, False), (85, True), (115, True)):
        assert on_line[round(x_mm * PX_PER_MM)] == expected, x_mm
    assert not is_colour(canvas, "V2")[round(80 * PX_PER_MM) - 3 : round(80 * PX_PER_MM) + 3].any()


def test_every_panel_is_named_the_unread_one_too() -> None:
    canvas = draw_overlay(draw_page())
    for lead, baseline_mm in (("V1", 40), ("V2", 80)):
        band = is_colour(canvas, lead)[round((baseline_mm - 12) * PX_PER_MM) : round((baseline_mm - 4) * PX_PER_MM)]
        assert band.any(), lead


def test_a_large_photo_is_shown_smaller_with_the_curves_in_place() -> None:
    canvas = draw_overlay(draw_page((4800, 3600), 32.0))
    assert canvas.shape == (LONG_SIDE_PX * 3 // 4, LONG_SIDE_PX, 3)
    assert is_colour(canvas, "V1")[(40 * 16), (30 * 16)]


def test_the_photo_is_left_as_it_was() -> None:
    page = draw_page()
    before = page.photo.rgb.copy()
    draw_overlay(page)
    assert np.array_equal(page.photo.rgb, before)


def test_the_png_holds_the_overlay() -> None:
    page = draw_page()
    with Image.open(io.BytesIO(overlay_png(page))) as picture:
        assert np.array_equal(np.asarray(picture.convert("RGB")), draw_overlay(page))
    assert overlay_png(page) == overlay_png(replace(page))


@pytest.mark.parametrize("lead", LEADS)
def test_no_two_leads_share_a_colour(lead: str) -> None:
    others = [np.abs(np.subtract(colour_of(lead), colour_of(other))).max() for other in LEADS if other != lead]
    assert min(others) > 40


def test_what_is_left_out_is_framed() -> None:
    page = draw_page()
    framed = replace(page, layout=replace(page.layout, left_out=((30.0, 95.0, 110.0, 115.0),)))
    red = np.abs(draw_overlay(framed)[round(95 * PX_PER_MM)].astype(int) - LEFT_OUT_RGB).max(axis=-1) < 40
    assert red.mean() > 0.5
    assert (draw_overlay(page)[round(95 * PX_PER_MM)] == draw_overlay(page)[round(100 * PX_PER_MM)]).all()
