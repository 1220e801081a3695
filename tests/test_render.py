from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digitize.record import LEADS, Ecg
from digitize.sheets import load_layouts
from digitize.synth.heart import simulate
from digitize.synth.ink import Screen, cover_grid, cover_screen
from digitize.synth.render import COLOURS, Page, render
from digitize.synth.stock import Stock

HEART = simulate("normal", seed=1, noise_mv=0.01).ecg


def read_back_mv(page: Page) -> np.ndarray:
    """From drawn page pixels through millimetres to millivolts, into the shape of the page's signal."""
    signal_mv = np.full_like(page.ecg.signal_mv, np.nan)
    for trace in page.traces:
        x_mm, y_mm = ((page.to_px(trace.points_mm) + 0.5) / page.px_per_mm).T
        panel = trace.panel
        time_s = panel.start_s + (x_mm - panel.x_mm[0]) / page.calibration.mm_per_s
        at = np.round(time_s * page.ecg.fs_hz).astype(int)
        signal_mv[at, LEADS.index(panel.lead)] = (panel.baseline_mm - y_mm) / page.calibration.mm_per_mv
    return signal_mv


@given(
    layout=st.sampled_from(list(load_layouts())),
    mm_per_mv=st.sampled_from([5.0, 10.0, 20.0]),
    mm_per_s=st.sampled_from([12.5, 25.0, 50.0]),
    paper=st.sampled_from(["a4", "letter"]),
    pulse=st.sampled_from(["left", "right", "none"]),
    dpi=st.sampled_from([30.0, 41.3]),
)
@settings(max_examples=40, deadline=None)
def test_truth_turns_back_into_the_signal(
    layout: str, mm_per_mv: float, mm_per_s: float, paper: Any, pulse: Any, dpi: float
) -> None:
    page = render(HEART, layout=layout, mm_per_mv=mm_per_mv, mm_per_s=mm_per_s, paper=paper, pulse=pulse, dpi=dpi)
    truth_mv = page.ecg.signal_mv
    read_mv = read_back_mv(page)
    assert np.array_equal(np.isfinite(read_mv), np.isfinite(truth_mv))
    assert np.nanmax(np.abs(read_mv - truth_mv)) < 1e-9
    left, top, right, bottom = page.grid_mm
    for trace in page.traces:
        assert left <= trace.panel.x_mm[0] and trace.panel.x_mm[1] <= right
        assert top < trace.panel.baseline_mm < bottom
    for box in page.pulses_mm:
        assert left <= box[0] and box[2] <= right
        assert box[3] - box[1] == pytest.approx(mm_per_mv)


@pytest.mark.parametrize("layout", load_layouts())
def test_columns_follow_one_another_and_a_strip_fills_its_lead(layout: str) -> None:
    sheet = load_layouts()[layout]
    page = render(HEART, layout=layout, dpi=30)
    printed = np.isfinite(page.ecg.signal_mv)
    assert printed.shape == (5000, 12)
    for row in sheet.rows:
        for column, lead in enumerate(row):
            expected = np.zeros(5000, bool)
            length = round(sheet.column_s * 500)
            expected[column * length : (column + 1) * length] = True
            assert np.array_equal(printed[:, LEADS.index(lead)], expected | (lead in sheet.strips))
    assert np.array_equal(page.ecg.signal_mv[printed], HEART.signal_mv[printed])


@pytest.mark.parametrize("layout", load_layouts())
def test_every_panel_is_labelled_with_its_lead_at_its_start(layout: str) -> None:
    for above in (True, False):
        page = render(HEART, layout=layout, dpi=60, label_above=above)
        assert [word.text for word in page.labels] == [trace.panel.lead for trace in page.traces]
        assert {word.text for word in page.labels} == set(LEADS)
        for word, trace in zip(page.labels, page.traces, strict=True):
            left, top, _, bottom = word.box_mm
            assert trace.panel.x_mm[0] <= left <= trace.panel.x_mm[0] + 3
            assert (bottom < trace.panel.baseline_mm) if above else (top > trace.panel.baseline_mm)


@pytest.mark.parametrize(
    ("layout", "mm_per_s", "mm_per_mv", "dpi"), [("3x4+1", 25, 10, 300), ("6x2", 50, 20, 200), ("12x1", 25, 5, 300)]
)
def test_the_ink_lies_where_the_truth_says(layout: str, mm_per_s: float, mm_per_mv: float, dpi: float) -> None:
    time_s = np.arange(5000) / 500
    waves_mv = 0.4 * np.sin(2 * np.pi * (0.9 * time_s[:, None] + np.arange(12) / 12))
    page = render(
        Ecg(waves_mv, 500.0, LEADS),
        layout=layout,
        mm_per_s=mm_per_s,
        mm_per_mv=mm_per_mv,
        dpi=dpi,
        grid="none",
        separator="none",
        footer="",
    )
    ink = 255.0 - page.rgb.min(axis=2)
    signal, error = 0.0, 0.0
    for trace in page.traces:
        x_px, y_px = page.to_px(trace.points_mm).T
        x_from_mm = trace.panel.x_mm[0] + 10  # clear of the label
        columns = np.arange(int(x_from_mm * page.px_per_mm), int(x_px[-1]) - 3)
        expected = np.interp(columns, x_px, y_px)
        reach = round(0.8 * page.px_per_mm)
        rows = np.round(expected).astype(int) + np.arange(-reach, reach + 1)[:, None]
        weight = ink[rows, columns] - 3
        weight[weight < 12] = 0
        found = (weight * rows).sum(axis=0) / weight.sum(axis=0)
        to_mv = 1 / page.px_per_mm / mm_per_mv
        signal += np.sum((np.interp(columns, x_px, y_px) - y_px.mean()) ** 2) * to_mv**2
        error += np.sum((found - expected) ** 2) * to_mv**2
    assert 10 * np.log10(signal / error) > 30


def test_grid_lines_lie_on_whole_millimetres_of_the_grid_box() -> None:
    page = render(HEART, dpi=254, grid="5", colour="grey", header=(), footer="")
    profile = page.rgb[:, :, 0].astype(float)[round(15 * page.px_per_mm) : round(30 * page.px_per_mm)].mean(axis=0)
    lines_mm = np.arange(page.grid_mm[0], page.grid_mm[2] + 0.1, 5)
    on_line = profile[np.round(lines_mm * page.px_per_mm - 0.5).astype(int)]
    between = profile[np.round((lines_mm[:-1] + 2.5) * page.px_per_mm - 0.5).astype(int)]
    assert on_line.max() < between.min() - 30
    assert page.rgb.shape == (2100, 2970, 3)


@given(
    screen=st.builds(Screen, st.floats(0.3, 0.6), st.floats(-90, 90), st.floats(0, 1), st.booleans()),
    px_per_mm=st.floats(10, 20),
)
@settings(max_examples=30, deadline=None)
def test_a_screen_leaves_between_all_of_the_colour_and_what_its_depth_says(screen: Screen, px_per_mm: float) -> None:
    left = cover_screen((200, 200, 3), px_per_mm, screen)
    assert left.shape == (200, 200)
    assert left.max() == pytest.approx(1, abs=1e-5)
    assert 1 - screen.depth - 1e-5 <= left.min() <= 1 - 0.7 * screen.depth  # pixels may miss where it is deepest


def test_a_level_screen_breaks_upright_lines_into_beads_and_touches_no_trace() -> None:
    stock = Stock((255, 255, 255), (200, 120, 120), (90, 20, 20), "5")
    even = render(HEART, dpi=300, stock=stock)
    beads = render(HEART, dpi=300, stock=replace(stock, screen=Screen(0.4, 0.0, 0.9, False)))
    changed = (even.rgb != beads.rgb).any(axis=2)
    left, top = even.grid_mm[:2]
    lines = cover_grid(changed.shape, even.grid_mm, even.px_per_mm, 5, stock.thick_mm)
    assert not changed[lines == 0].any()
    x, y = (round(float(v)) for v in even.to_px([left + 5, top + 2.5]))
    upright, across = (page[y - 20 : y + 20, x].astype(int)[:, 1] for page in (beads.rgb, even.rgb))
    assert np.ptp(upright) > 120 and np.ptp(across) == 0
    level = beads.rgb[round(float(even.to_px([left, top + 5])[1])), x + 5 : x + 40, 1].astype(int)
    assert np.ptp(level) == 0


def test_the_pen_is_lifted_over_missing_samples() -> None:
    signal_mv = HEART.signal_mv.copy()
    signal_mv[200:400, 0] = np.nan
    page = render(Ecg(signal_mv, 500.0, LEADS), layout="3x4", grid="none", dpi=100)
    assert np.isnan(page.ecg.signal_mv[200:400, 0]).all()
    panel = page.traces[0].panel
    box_mm = np.array([[panel.x_mm[0] + 10.5, panel.baseline_mm - 3], [panel.x_mm[0] + 19.5, panel.baseline_mm + 3]])
    (x0, y0), (x1, y1) = np.round(page.to_px(box_mm)).astype(int)
    assert page.rgb[y0:y1, x0:x1].min() > 240


@pytest.mark.parametrize("colour", COLOURS)
def test_every_colour_prints_a_light_page_with_dark_ink(colour: str) -> None:
    page = render(HEART, colour=colour, dpi=60, header=("ID: 1\nAge: 30 yrs", "Sex: Male"))
    assert np.median(page.rgb) > 180
    assert page.rgb.min() < 60
    assert [word.text for word in page.words][:3] == ["ID: 1", "Age: 30 yrs", "Sex: Male"]
    assert page.words[-1].text.startswith("25 mm/s   10 mm/mV")


def test_a_page_that_cannot_be_printed_is_refused() -> None:
    with pytest.raises(ValueError, match="no layout called"):
        render(HEART, layout="5x5")
    with pytest.raises(ValueError, match="no colour called"):
        render(HEART, colour="plaid")
    with pytest.raises(ValueError, match="20 to 600"):
        render(HEART, dpi=0)
    with pytest.raises(ValueError, match="do not fit"):
        render(HEART, mm_per_s=50, column_s=2.5)
    with pytest.raises(ValueError, match="lasts 2 s"):
        render(simulate(duration_s=2).ecg)
    with pytest.raises(ValueError, match="lacks III"):
        render(Ecg(HEART.signal_mv[:, :2], 500.0, ("I", "II")))


def test_the_same_page_twice_is_the_same_picture() -> None:
    assert np.array_equal(render(HEART, dpi=60).rgb, render(HEART, dpi=60).rgb)
