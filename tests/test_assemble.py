"""Curves to a signal: right times and millivolts, gaps that stay gaps, strips that stand, blanks named once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from digitize.assemble import assemble, find_zero
from digitize.record import FS_HZ, LEADS
from digitize.stages import UNNAMED, Calibration, Curve, Layout, Panel

Array = NDArray[np.float64]
ROWS = (("I", "aVR", "V1", "V4"), ("II", "aVL", "V2", "V5"), ("III", "aVF", "V3", "V6"))
LEFT_MM = 17.3


def lay_3x4(strips: tuple[str, ...] = ("II",), mm_per_s: float = 25.0) -> Layout:
    wide = 2.5 * mm_per_s
    panels = [
        Panel(lead, r, c, (LEFT_MM + c * wide, LEFT_MM + (c + 1) * wide), 30.0 * r, 2.5 * c)
        for r, row in enumerate(ROWS)
        for c, lead in enumerate(row)
    ]
    panels += [
        Panel(lead, 3 + k, 0, (LEFT_MM, LEFT_MM + 4 * wide), 30.0 * (3 + k), 0.0, strip=True)
        for k, lead in enumerate(strips)
    ]
    return Layout(f"3x4+{len(strips)}", tuple(panels), "labels", 1.0)


def heights_mm(panel: Panel, x_mm: Array, mm_per_s: float) -> Array:
    """A spike every second and nothing else; each lead has its own height, panel and strip differ by 3 mm."""
    seconds = (x_mm - LEFT_MM) / mm_per_s
    spike = np.exp(-0.5 * ((seconds % 1 - 0.5) / 0.02) ** 2)
    return np.asarray(panel.baseline_mm - spike * (3 + LEADS.index(panel.lead) + 3 * panel.strip))


def draw_curves(layout: Layout, spacing_mm: float = 0.05, mm_per_s: float = 25.0) -> list[Curve]:
    curves = []
    for panel in layout.panels:
        x = np.arange(np.ceil(panel.x_mm[0] / spacing_mm), np.ceil(panel.x_mm[1] / spacing_mm)) * spacing_mm
        curves.append(Curve(panel, x, heights_mm(panel, x, mm_per_s), np.full(len(x), 0.9)))
    return curves


def blank(curve: Curve, from_s: float, to_s: float) -> Curve:
    """The curve without what lies between two times of the panel."""
    seconds = (curve.x_mm - curve.panel.x_mm[0]) / 25.0
    return Curve(
        curve.panel, curve.x_mm, np.where((seconds >= from_s) & (seconds < to_s), np.nan, curve.y_mm), curve.confidence
    )


USUAL = Calibration(25.0, 10.0, "printed", "pulse")


@pytest.mark.parametrize("mm_per_mv", [5.0, 10.0, 20.0])
@pytest.mark.parametrize("spacing_mm", [0.05, 0.1, 0.13])
def test_times_and_millivolts_are_those_of_the_paper(mm_per_mv: float, spacing_mm: float) -> None:
    layout = lay_3x4()
    calibration = Calibration(25.0, mm_per_mv, "printed", "pulse")
    ecg, quality, notes = assemble(tuple(draw_curves(layout, spacing_mm)), calibration, layout)
    assert ecg.signal_mv.shape == (5000, 12)
    assert not notes
    assert quality == pytest.approx(dict.fromkeys(LEADS, 0.9))
    for panel in layout.panels[:12]:
        if panel.lead == "II":
            continue
        shown = np.flatnonzero(np.isfinite(ecg.lead(panel.lead)))
        assert (shown[0], shown[-1]) == (1250 * panel.column, 1250 * panel.column + 1249)
        height_mv = (3 + LEADS.index(panel.lead)) / mm_per_mv
        assert np.nanmax(ecg.lead(panel.lead)) == pytest.approx(height_mv, rel=0.01)
        assert np.nanmedian(ecg.lead(panel.lead)) == pytest.approx(0, abs=0.005)
        assert int(np.nanargmax(ecg.lead(panel.lead))) % 500 == pytest.approx(250, abs=1)


def test_chest_leads_have_a_gain_of_their_own() -> None:
    layout = lay_3x4(("V1",))
    curves = tuple(draw_curves(layout))
    usual, _, _ = assemble(curves, USUAL, layout)
    mixed, _, _ = assemble(curves, Calibration(25.0, 10.0, "printed", "pulse", 5.0, "printed"), layout)
    for lead in LEADS:
        times = 2.0 if lead.startswith("V") else 1.0
        np.testing.assert_allclose(mixed.lead(lead), times * usual.lead(lead))


def test_at_50_mm_s_the_same_paper_is_half_the_time() -> None:
    layout = lay_3x4()
    ecg, _, _ = assemble(tuple(draw_curves(layout)), Calibration(50.0, 10.0, "printed", "pulse"), layout)
    assert ecg.duration_s == 5
    assert np.flatnonzero(np.isfinite(ecg.lead("V4")))[0] == 1875


def test_a_strip_fills_its_lead_for_the_whole_time_and_stands_over_the_panel() -> None:
    layout = lay_3x4()
    ecg, _, _ = assemble(tuple(draw_curves(layout)), USUAL, layout)
    assert np.isfinite(ecg.lead("II")).all()
    assert ecg.lead("II").max() == pytest.approx(0.7, rel=0.01)  # 1 + 3 mm of lead II, and 3 mm of a strip


def test_the_panel_stays_where_the_strip_cannot_be_read() -> None:
    layout = lay_3x4(("V1", "II"))
    curves = [blank(c, 0, 7) if c.panel.strip and c.panel.lead == "II" else c for c in draw_curves(layout)]
    ecg, quality, notes = assemble(tuple(curves), USUAL, layout)
    shown = np.isfinite(ecg.lead("II"))
    assert shown[:1250].all() and not shown[1250:].any()
    assert np.nanmax(ecg.lead("II")) == pytest.approx(0.4, rel=0.01)
    assert quality["II"] == pytest.approx(0.9)
    assert np.isfinite(ecg.lead("V1")).all()
    assert [note.code for note in notes] == ["strip_unreadable"]
    assert "II" in notes[0].message


def test_a_lead_that_cannot_be_followed_is_blank_and_named() -> None:
    layout = lay_3x4()
    curves = [blank(c, 0.3, 2.5) if c.panel.lead == "V3" else c for c in draw_curves(layout)]
    ecg, quality, notes = assemble(tuple(curves), USUAL, layout)
    assert not np.isfinite(ecg.lead("V3")).any()
    assert quality["V3"] == 0
    assert [(note.code, note.severity) for note in notes] == [("lead_unreadable", "error")]
    assert "V3" in notes[0].message


@given(st.floats(0.1, 2.0), st.floats(0.06, 0.3), st.sampled_from([0.05, 0.1]))
def test_a_gap_stays_a_gap_and_is_named_with_its_length(from_s: float, length_s: float, spacing_mm: float) -> None:
    layout = lay_3x4(())
    curves = [
        blank(c, from_s, from_s + length_s) if c.panel.lead == "aVF" else c for c in draw_curves(layout, spacing_mm)
    ]
    ecg, quality, notes = assemble(tuple(curves), USUAL, layout)
    times = ecg.time_s - 2.5
    held = np.isfinite(ecg.lead("aVF"))
    assert not held[(times > from_s) & (times < from_s + length_s - spacing_mm / 25)].any()
    edge_s = 2 * spacing_mm / 25 + 1 / FS_HZ
    assert held[(times >= 0) & (times < from_s - edge_s)].all()
    assert held[(times > from_s + length_s + edge_s) & (times < 2.5)].all()
    assert [note.code for note in notes] == ["lead_partial"]
    assert "aVF" in notes[0].message and "s, left blank" in notes[0].message
    assert quality["aVF"] < quality["V1"]


def test_a_blank_narrower_than_the_pen_is_bridged() -> None:
    layout = lay_3x4(())
    curves = [blank(c, 1.0, 1.009) if c.panel.lead == "aVF" else c for c in draw_curves(layout)]
    ecg, _, notes = assemble(tuple(curves), USUAL, layout)
    whole, _, _ = assemble(tuple(draw_curves(layout)), USUAL, layout)
    assert not notes
    np.testing.assert_allclose(ecg.lead("aVF"), whole.lead("aVF"), atol=0.03)


def test_what_separators_hide_is_told_once_and_is_no_unread_part() -> None:
    layout = lay_3x4()
    curves = [c if c.panel.strip else blank(blank(c, 0, 0.03), 2.47, 2.5) for c in draw_curves(layout)]
    ecg, _, notes = assemble(tuple(curves), USUAL, layout)
    assert [(note.code, note.severity) for note in notes] == [("separators_blank", "info")]
    assert not np.isfinite(ecg.lead("V1")[2500:2514]).any()


def test_a_longer_blank_at_the_end_is_an_unread_part() -> None:
    layout = lay_3x4()
    curves = [blank(c, 2.3, 2.5) if c.panel.lead == "V6" else c for c in draw_curves(layout)]
    _, _, notes = assemble(tuple(curves), USUAL, layout)
    assert [note.code for note in notes] == ["lead_partial"]


@given(st.floats(0.0, 30.0), st.sampled_from([0.05, 0.1, 0.125]))
def test_each_sample_of_a_row_belongs_to_one_lead(left_mm: float, spacing_mm: float) -> None:
    wide = 62.37
    panels = tuple(
        Panel(lead, 0, c, (left_mm + c * wide, left_mm + (c + 1) * wide), 20.0, 2.5 * c)
        for c, lead in enumerate(("I", "aVR", "V1", "V4"))
    )
    layout = Layout("1x4", panels, "labels", 1.0)
    ecg, _, _ = assemble(tuple(draw_curves(layout, spacing_mm)), USUAL, layout)
    owners = np.isfinite(ecg.signal_mv).sum(axis=1)
    assert (owners == 1).all()


def test_leads_of_other_names_are_left_out() -> None:
    panel = Panel("V4R", 0, 0, (0.0, 62.5), 10.0, 0.0)
    layout = Layout("1x2", (panel, Panel("I", 0, 1, (62.5, 125.0), 10.0, 2.5)), "hint", 1.0)
    x = np.arange(0, 62.5, 0.05)
    curves = tuple(Curve(p, x + p.x_mm[0], np.full(len(x), 10.0), np.ones(len(x))) for p in layout.panels)
    ecg, quality, _ = assemble(curves, USUAL, layout)
    assert list(quality) == ["I"]
    assert [lead for lead, held in ecg.printed.items() if held] == ["I"]


@given(st.floats(-20, 20), st.floats(1.5, 8.0), st.integers(0, 99))
def test_the_zero_line_is_where_the_trace_mostly_lies(level_mm: float, spike_mm: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    y = level_mm + rng.normal(0, 0.05, 1000)
    y[:250] += spike_mm
    assert find_zero(y) == pytest.approx(level_mm, abs=0.06)


def test_avr_printed_upside_down_is_turned_and_leads_beyond_the_twelve_are_named() -> None:
    layout = lay_3x4(())
    curves = draw_curves(layout)
    other = {"aVR": "-aVR", "V6": "V4R"}
    renamed = tuple(replace(c, panel=replace(c.panel, lead=other.get(c.panel.lead, c.panel.lead))) for c in curves)
    upright, _, _ = assemble(tuple(curves), USUAL, layout)
    ecg, quality, notes = assemble(renamed, USUAL, layout)
    assert np.array_equal(ecg.lead("aVR"), -upright.lead("aVR"), equal_nan=True)
    assert "-aVR" not in quality and not ecg.printed["V6"]
    (note,) = [note for note in notes if note.code == "extra_leads"]
    assert "V4R" in note.message


def test_a_strip_without_a_name_is_no_lead_beyond_the_twelve() -> None:
    layout = lay_3x4(("II",))
    curves = draw_curves(layout)
    nameless = [replace(c, panel=replace(c.panel, lead=UNNAMED)) if c.panel.strip else c for c in curves]
    ecg, _, notes = assemble(tuple(nameless), USUAL, layout)
    assert not [note for note in notes if note.code == "extra_leads"]
    assert np.isfinite(ecg.lead("II")).sum() < len(ecg.signal_mv) / 2
