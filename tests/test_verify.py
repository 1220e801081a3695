"""What is no readable ECG is refused with the right word; what is one passes."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from digitize.errors import InputError, NoEcgFound, PageCutOff, TooBlurred, UsageError
from digitize.pipeline import read_photo
from digitize.record import LEADS, Ecg, Hints
from digitize.score import score_page
from digitize.sheets import load_layouts
from digitize.stages import Curve, Ink, Lattice, Layout, Panel, Photo, Sheet
from digitize.synth.heart import simulate
from digitize.synth.render import Page, render
from digitize.verify import (
    MAX_EDGE_MM,
    MIN_PX_PER_MM,
    check_crossings,
    check_ink,
    check_lattice,
    check_panels,
    check_picture,
    check_scale,
    check_signal,
    measure_edges,
    measure_grid_edge,
    rename_leads,
)

Rgb = NDArray[np.uint8]


@cache
def draw_ecg() -> Page:
    return render(simulate("normal", heart_rate_bpm=72, seed=5).ecg, dpi=130, paper="letter")


def draw_blank() -> Rgb:
    return np.full((600, 800, 3), 240, np.uint8)


def draw_cat() -> Rgb:
    """Fur, ears, whiskers and stripes in front of a soft background, with a camera's noise."""
    rng = np.random.default_rng(1)
    scene = cv2.resize(rng.integers(60, 200, (30, 40, 3)).astype(np.uint8), (1200, 900), interpolation=cv2.INTER_CUBIC)
    fur = (150, 110, 70)
    cv2.ellipse(scene, (600, 630), (312, 228), 0, 0, 360, fur, -1)
    cv2.circle(scene, (600, 336), 180, fur, -1)
    for side in (-1, 1):
        ear = np.array([(600 + side * 168, 288), (600 + side * 138, 108), (600 + side * 54, 174)])
        cv2.fillPoly(scene, [ear], fur)
        cv2.circle(scene, (600 + side * 66, 312), 27, (210, 220, 60), -1)
        for droop in (-60, 0, 60):
            cv2.line(scene, (600 + side * 24, 390), (600 + side * 198, 390 + droop), (240, 240, 240), 2, cv2.LINE_AA)
    for k in range(14):
        cv2.ellipse(scene, (600, 630), (300 - k * 21, 216 - k * 15), 0, 200, 340, (100, 70, 40), 6)
    return np.asarray((scene + rng.normal(0, 10, scene.shape)).clip(0, 255), np.uint8)


def draw_text() -> Rgb:
    page = Image.new("RGB", (1240, 1754), "white")
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(21)
    words = [*LEADS, "the", "leads", "are", "printed", "at", "25 mm/s", "and", "10 mm/mV"]
    rng = np.random.default_rng(2)
    for y in range(110, 1650, 33):
        draw.text((110, y), " ".join(rng.choice(words, 16)), fill="black", font=font)
    return np.asarray(page)


def draw_chart() -> Rgb:
    """Bars for twelve leads over the grid lines of a plot."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 7), dpi=120)
    axes = figure.add_subplot()
    axes.bar(range(12), np.random.default_rng(0).random(12), tick_label=LEADS)
    axes.minorticks_on()
    axes.grid(True, which="both")
    file = io.BytesIO()
    FigureCanvasAgg(figure).print_png(file)
    return np.asarray(Image.open(file).convert("RGB"))


def draw_paper() -> Rgb:
    """Graph paper, 1 and 5 mm, with nothing on it."""
    paper = np.full((1000, 1400, 3), (255, 250, 245), np.uint8)
    for fine in (True, False):
        step = 6 if fine else 30
        colour, width = ((245, 205, 205), 1) if fine else ((230, 130, 130), 2)
        for x in range(0, 1400, step):
            cv2.line(paper, (x, 0), (x, 1000), colour, width)
        for y in range(0, 1000, step):
            cv2.line(paper, (0, y), (1400, y), colour, width)
    return paper


def draw_sines() -> Rgb:
    """Graph paper with four waves drawn by hand, which nobody has named."""
    paper = draw_paper()
    x = np.arange(100, 1300)
    for y in (200, 400, 600, 800):
        wave = np.stack([x, y + 60 * np.sin(x / 37)], axis=1).round().astype(np.int32)
        cv2.polylines(paper, [wave], False, (20, 20, 40), 2, cv2.LINE_AA)
    return paper


def draw_checkers() -> Rgb:
    y, x = np.mgrid[:900, :1200]
    return np.repeat(((x // 24 + y // 24) % 2 * 255).astype(np.uint8)[..., None], 3, axis=2)


def draw_table() -> Rgb:
    """A spreadsheet: a regular grid with numbers in it."""
    page = Image.new("RGB", (1400, 1000), "white")
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(17)
    rng = np.random.default_rng(3)
    for x in range(0, 1400, 75):
        draw.line([(x, 0), (x, 1000)], fill=(190, 190, 190))
    for y in range(0, 1000, 26):
        draw.line([(0, y), (1400, y)], fill=(190, 190, 190))
        for x in range(0, 1400, 75):
            draw.text((x + 6, y + 4), f"{rng.random() * 100:.1f}", fill="black", font=font)
    return np.asarray(page)


def soften(rgb: Rgb, sigma_px: float) -> Rgb:
    return np.asarray(cv2.GaussianBlur(rgb, (0, 0), sigma_px), np.uint8)


def draw_blurred(sigma_mm: float) -> Rgb:
    return soften(draw_ecg().rgb, sigma_mm * draw_ecg().px_per_mm)


def draw_without_grid() -> Rgb:
    rgb = draw_ecg().rgb.copy()
    rgb[rgb.min(axis=2) > 90] = 255
    return rgb


def draw_overexposed() -> Rgb:
    return np.asarray((draw_ecg().rgb.astype(float) * 3 + 80).clip(0, 255), np.uint8)


def cut(left: float, top: float, right: float, bottom: float) -> Rgb:
    height, width = draw_ecg().rgb.shape[:2]
    return draw_ecg().rgb[int(top * height) : int(bottom * height), int(left * width) : int(right * width)]


REFUSED = {
    "blank": (draw_blank, "no_ecg_found"),
    "cat": (draw_cat, "grid_not_found"),
    "text": (draw_text, "grid_not_found unknown_layout no_ecg_found"),
    "bar chart": (draw_chart, "grid_not_found unknown_layout"),
    "empty grid": (draw_paper, "no_ecg_found"),
    "soft empty grid": (lambda: soften(draw_paper(), 4), "too_blurred grid_not_found"),
    "waves by hand": (draw_sines, "unknown_layout"),
    "checkers": (draw_checkers, "unknown_layout no_ecg_found grid_not_found"),
    "spreadsheet": (draw_table, "grid_not_found unknown_layout"),
    "blur of 0.4 mm": (lambda: draw_blurred(0.4), "too_blurred"),
    "blur of 0.7 mm": (lambda: draw_blurred(0.7), "too_blurred"),
    "blur of 1.5 mm": (lambda: draw_blurred(1.5), "too_blurred grid_not_found"),
    "left half": (lambda: cut(0, 0, 0.5, 1), "page_cut_off"),
    "right half": (lambda: cut(0.5, 0, 1, 1), "page_cut_off"),
    "upper half": (lambda: cut(0, 0, 1, 0.5), "page_cut_off"),
    "lower half": (lambda: cut(0, 0.5, 1, 1), "page_cut_off unknown_layout"),
    "a quarter": (lambda: cut(0, 0, 0.5, 0.5), "page_cut_off unknown_layout"),
}


@pytest.mark.parametrize("draw", [draw_without_grid, draw_overexposed])
def test_a_page_whose_grid_is_gone_is_measured_by_its_pulses_and_says_so(draw: Callable[[], Rgb]) -> None:
    read = read_photo(Photo(draw(), ""), Hints())
    assert read.status == "partial"
    assert "grid_absent" in [note.code for note in read.notes]
    score = score_page(draw_ecg().ecg, read.ecg)
    assert score.leads_found == 12
    assert score.snr_db > 7  # at 5 pixels to a millimetre a pulse's height is known to a third of a percent


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_readable_ecg_is_refused(name: str) -> None:
    draw, codes = REFUSED[name]
    with pytest.raises(InputError) as caught:
        read_photo(Photo(np.ascontiguousarray(draw()), ""), Hints())
    assert caught.value.code in codes.split()
    assert caught.value.exit_code == 2
    assert caught.value.message and caught.value.hint


def lay_strokes(px_per_mm: float, pen_mm: float, sigma_mm: float) -> NDArray[np.float32]:
    """Ink of strokes across and along a sheet of 100 by 50 mm."""
    fine = 3
    scale = px_per_mm * fine
    ink = np.zeros((int(50 * scale), int(100 * scale)), np.float32)
    pen = max(1, round(pen_mm * scale))
    for k in range(1, 10):
        ink[round(5 * k * scale) : round(5 * k * scale) + pen, : int(55 * scale)] = 1
        ink[:, int((58 + 4 * k) * scale) : int((58 + 4 * k) * scale) + pen] = 1
    soft = cv2.GaussianBlur(ink, (0, 0), max(sigma_mm * scale, 0.01))
    small = cv2.resize(soft, None, fx=1 / fine, fy=1 / fine, interpolation=cv2.INTER_AREA)
    return np.asarray(small / small.max(), np.float32)


@pytest.mark.parametrize("px_per_mm", [6.0, 10.0])
@pytest.mark.parametrize("pen_mm", [0.3, 0.7])
def test_edges_tell_the_blur_in_millimetres_whatever_pen_and_pixels(px_per_mm: float, pen_mm: float) -> None:
    sigmas_mm = np.array([0.1, 0.2, 0.3, 0.4])
    inks = [lay_strokes(px_per_mm, pen_mm, sigma) for sigma in sigmas_mm]
    edges_mm = np.array([np.median(measure_edges(ink, (px_per_mm, px_per_mm))) for ink in inks])
    assert (np.diff(edges_mm) > 0.08).all()
    assert (edges_mm > 1.5 * sigmas_mm).all() and (edges_mm < 2.1 * sigmas_mm + 0.12).all()


def test_a_sharp_thick_pen_is_not_blurred() -> None:
    assert np.median(measure_edges(lay_strokes(10, 0.8, 0.05), (10, 10))) < MAX_EDGE_MM / 2


def lay_sheet(rgb: Rgb) -> Sheet:
    return Sheet(rgb, (10.0, 10.0), np.ones(rgb.shape[:2], bool), 8.0)


def as_ink(trace: NDArray[np.float32]) -> Ink:
    return Ink(trace, np.ones_like(trace))


def test_too_few_pixels_a_millimetre_are_too_few() -> None:
    check_scale(MIN_PX_PER_MM)
    with pytest.raises(TooBlurred, match=r"2\.0 pixels"):
        check_scale(2.0)


def test_sharp_strokes_are_taken() -> None:
    trace = lay_strokes(10, 0.4, 0.1)
    check_ink(lay_sheet(np.full((*trace.shape, 3), 255, np.uint8)), as_ink(trace))


def test_a_grid_alone_tells_blurred_paper_from_empty_paper() -> None:
    paper = np.asarray(cv2.resize(draw_paper(), None, fx=10 / 6, fy=10 / 6, interpolation=cv2.INTER_LINEAR), np.uint8)
    assert measure_grid_edge(lay_sheet(paper)) < MAX_EDGE_MM
    empty = as_ink(np.zeros(paper.shape[:2], np.float32))
    with pytest.raises(NoEcgFound):
        check_ink(lay_sheet(paper), empty)
    with pytest.raises(TooBlurred):
        check_ink(lay_sheet(soften(paper, 6)), empty)


def lay_panels(leads: tuple[str, ...] = LEADS) -> Layout:
    rows = load_layouts()["3x4"].rows
    panels = [
        Panel(lead, r, c, (20 + 62.5 * c, 82.5 + 62.5 * c), 40 + 30.0 * r, 2.5 * c)
        for r, row in enumerate(rows)
        for c, lead in enumerate(row)
        if lead in leads
    ]
    return Layout("3x4", tuple(panels), "labels", 1.0)


def show(right_mm: float, bottom_mm: float = 150) -> Sheet:
    sheet = lay_sheet(np.full((1500, 3000, 3), 255, np.uint8))
    valid = np.zeros((1500, 3000), bool)
    valid[: int(bottom_mm * 10), : int(right_mm * 10)] = True
    return replace(sheet, valid=valid)


def test_a_whole_page_has_no_cut_off_lead() -> None:
    assert check_panels(lay_panels(), show(300)) == ()
    assert check_panels(lay_panels(), show(269)) == ()  # a millimetre: the columns are no surer than that


def test_leads_that_leave_the_picture_are_named() -> None:
    (note,) = check_panels(lay_panels(), show(240))
    assert (note.code, note.severity) == ("lead_cut_off", "warning")
    assert "V4, V5, V6;" in note.message


@pytest.mark.parametrize(("right_mm", "bottom_mm"), [(180, 150), (300, 90)])
def test_a_page_that_lies_outside_by_a_row_or_more_is_refused(right_mm: float, bottom_mm: float) -> None:
    with pytest.raises(PageCutOff):
        check_panels(lay_panels(), show(right_mm, bottom_mm))


def test_half_the_leads_are_no_page_when_it_ends_at_the_pictures_edge() -> None:
    limb = lay_panels(("I", "II", "III", "aVR", "aVL", "aVF"))
    with pytest.raises(PageCutOff, match="right"):
        check_panels(limb, show(146))
    assert check_panels(limb, show(300)) == ()  # printed so: there is bare paper beside them


def test_leads_that_a_sheet_of_its_kind_shows_are_missed() -> None:
    limb = lay_panels(("I", "II", "III", "aVR", "aVL", "aVF"))
    with pytest.raises(PageCutOff):
        check_panels(replace(limb, missing=("V1", "V2", "V3", "V4", "V5", "V6")), show(300))


def test_a_lead_that_is_missing_is_told() -> None:
    (note,) = check_panels(
        replace(lay_panels(tuple(lead for lead in LEADS if lead != "V3")), missing=("V3",)), show(300)
    )
    assert (note.code, note.message.split(":")[0]) == ("lead_not_found", "V3")


def test_boxes_that_are_not_square_are_doubted() -> None:
    row, col = np.mgrid[:10, :12].astype(float)
    for high_px, codes in ((30, []), (36, []), (42, ["grid_not_square"])):
        nodes = np.stack([30 * col, high_px * row], axis=-1)
        lattice = Lattice(nodes, np.ones(row.shape, bool), 5.0, 0.1, 0.9, "grid 5 mm")
        assert [note.code for note in check_lattice(lattice)] == codes


def test_a_picture_of_one_colour_is_blank() -> None:
    with pytest.raises(NoEcgFound):
        check_picture(Photo(draw_blank(), ""))
    check_picture(Photo(draw_ecg().rgb, ""))


def test_few_leads_are_no_reading() -> None:
    ecg = Ecg(np.full((5000, 12), np.nan), 500.0)
    with pytest.raises(NoEcgFound):
        check_signal(ecg, {lead: 0.9 if lead in ("I", "II") else 0.0 for lead in LEADS})


def test_a_strip_is_an_ecg_only_when_it_beats() -> None:
    beats = simulate("normal", heart_rate_bpm=70, seed=3).ecg
    rng = np.random.default_rng(4)
    strip = np.full((5000, 12), np.nan)
    strip[:, 1] = beats.lead("II")
    assert check_signal(Ecg(strip, 500.0), {"II": 0.9}) == ()
    others = {
        "sine": np.sin(beats.time_s * 7),
        "random walk": np.cumsum(rng.normal(0, 0.02, 5000)),
        "noise": rng.normal(0, 0.2, 5000),
        "flat": np.zeros(5000),
    }
    for name, curve in others.items():
        strip[:, 1] = curve
        with pytest.raises(NoEcgFound):
            check_signal(Ecg(strip, 500.0), {"II": 0.9})
            pytest.fail(name)


def test_einthovens_law_finds_swapped_leads() -> None:
    ecg = simulate("normal", heart_rate_bpm=150, seed=1).ecg
    fine = dict.fromkeys(LEADS, 0.9)
    assert check_signal(ecg, fine) == ()
    swapped = ecg.signal_mv.copy()
    swapped[:, 1] = 3 * ecg.lead("V2") + np.sin(ecg.time_s * 9)
    (note,) = check_signal(Ecg(swapped, 500.0), fine)
    assert (note.code, note.severity) == ("einthoven", "warning")


def test_a_person_can_name_the_panels() -> None:
    layout = lay_panels()
    assert rename_leads(layout, Hints()) is layout
    names = tuple(f"V{k}" for k in range(12))
    assert tuple(p.lead for p in rename_leads(layout, Hints(lead_names=names)).panels) == names
    with pytest.raises(UsageError):
        rename_leads(layout, Hints(lead_names=("I", "II")))


def test_rows_that_follow_the_same_stroke_are_named() -> None:
    def curve(lead: str, row: int, peak_mm: float) -> Curve:
        x = np.arange(0, 60, 0.05)
        baseline = 20.0 + 13 * row
        y = baseline - peak_mm * np.exp(-((x - 30) ** 2))
        return Curve(Panel(lead, row, 0, (0.0, 60.0), baseline, 0.0), x, y, np.ones_like(x))

    assert check_crossings((curve("I", 0, 5), curve("II", 1, 5))) == ()
    (note,) = check_crossings((curve("I", 0, 0), curve("II", 1, 13)))
    assert note.code == "rows_meet" and "I, II" in note.message
    assert check_crossings((curve("I", 0, 0), curve("II", 2, 26))) == ()
