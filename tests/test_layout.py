"""Which lead is printed where: drawn pages of every sheet; labels missing, misread or in another order."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from digitize.errors import UnknownLayout
from digitize.layout import recognise_layout
from digitize.panels import settle_begin
from digitize.record import LEADS, Ecg
from digitize.sheets import KnownSheet, load_layouts
from digitize.stages import UNNAMED, Layout, Word
from digitize.synth.heart import simulate
from digitize.synth.render import Page, render
from digitize.synth.stock import Type

ECG = simulate("normal", heart_rate_bpm=70, seed=5).ecg


def draw(layout: str = "3x4+1", **kwargs: object) -> Page:
    return render(ECG, layout=layout, dpi=127, grid="none", **kwargs)  # type: ignore[arg-type]


def draw_sheet(rows: tuple[tuple[str, ...], ...], strips: tuple[str, ...], **kwargs: object) -> Page:
    sheet = KnownSheet("other", rows, strips, 10.0 / len(rows[0]))
    return render(ECG, layout=sheet, dpi=127, grid="none", **kwargs)  # type: ignore[arg-type]


def ink_of(page: Page) -> NDArray[np.float32]:
    return np.asarray(1 - page.rgb.min(axis=2) / 255, np.float32)


def lead_labels(page: Page) -> tuple[Word, ...]:
    return tuple(word for word in page.labels if any(word.text == p.lead for p in page.layout.panels))


def read(page: Page, labels: tuple[Word, ...] | None = None, hint: str | None = None) -> Layout:
    scale = (page.px_per_mm, page.px_per_mm)
    return recognise_layout(ink_of(page), scale, lead_labels(page) if labels is None else labels, hint)


def assert_same(found: Layout, page: Page, x_mm: float = 0.7, y_mm: float = 3.0) -> None:
    assert found.name == page.layout.name
    assert [(p.lead, p.row, p.column, p.strip) for p in found.panels] == [
        (p.lead, p.row, p.column, p.strip) for p in page.layout.panels
    ]
    for panel, true in zip(found.panels, page.layout.panels, strict=True):
        assert panel.x_mm == pytest.approx(true.x_mm, abs=x_mm), panel.lead
        assert panel.baseline_mm == pytest.approx(true.baseline_mm, abs=y_mm), panel.lead


@pytest.mark.parametrize("layout", list(load_layouts()))
@pytest.mark.parametrize(
    ("separator", "pulse", "above"), [("tick", "left", True), ("bar", "right", False), ("none", "none", True)]
)
def test_every_sheet_is_explained(layout: str, separator: str, pulse: str, above: bool) -> None:
    page = draw(layout, separator=separator, pulse=pulse, label_above=above)
    assert_same(read(page), page)


def test_half_of_the_labels_are_enough() -> None:
    page = draw("3x4+1")
    some = tuple(w for w in lead_labels(page) if w.text in {"II", "aVL", "V1", "V3", "V5", "V6"})
    assert_same(read(page, some), page)


def test_false_labels_and_misread_ones_do_no_harm() -> None:
    page = draw("3x4+1", label_above=False)
    labels = [replace(w, text="V1") if w.text == "V3" else w for w in lead_labels(page)]
    for k, (x, y) in enumerate(np.random.default_rng(1).uniform((30, 60), (280, 190), (40, 2))):
        labels.append(Word(("I", "II", "III", "V7")[k % 4], (x, y, x + 2, y + 3), 0.7))
    assert_same(read(page, tuple(labels)), page)


def test_an_unnamed_strip_gets_the_usual_name_and_a_frame_none() -> None:
    page = draw("3x4+1")
    strip = page.layout.panels[-1]
    labels = tuple(w for w in lead_labels(page) if w.box_mm[1] < strip.baseline_mm - 15)
    assert len(labels) == 12
    assert_same(read(page, labels), page)
    y = round((strip.baseline_mm + 24) * page.px_per_mm)
    page.rgb[y : y + 2, 40:-40] = 0
    assert_same(read(page, labels), page)


def doubt(labels: tuple[Word, ...], page: Page, confidence: dict[str, float]) -> tuple[Word, ...]:
    """The labels, those of the page's strips as sure as told; left out at 0."""
    first = min(p.baseline_mm for p in page.layout.panels if p.strip) - 15
    doubted = (replace(w, confidence=confidence.get(w.text, 0.0)) if w.box_mm[1] > first else w for w in labels)
    return tuple(w for w in doubted if w.confidence > 0)


def test_strips_are_taken_where_the_columns_show_other_seconds() -> None:
    page = draw("3x4+3", simultaneous=True, type=Type(label_at_mm=(-6.0, -2.0)))
    labels = doubt(lead_labels(page), page, {"V1": 0.97, "II": 0.83, "V5": 0.35})
    found = read(page, labels)
    assert_same(found, page, x_mm=1.5)
    assert [p.sure for p in found.panels if p.strip] == [True, False, False]
    assert [p.lead for p in read(page, doubt(labels, page, {})).panels if p.strip] == ["V1", "II", "V5"]


def test_strips_that_nothing_names_are_taken_without_a_name() -> None:
    page = draw_sheet(load_layouts()["3x4"].rows, ("V2", "aVF"))
    found = read(page, doubt(lead_labels(page), page, {}))
    assert [(p.lead, p.sure) for p in found.panels if p.strip] == [(UNNAMED, False)] * 2
    assert found.left_out == ()


def test_a_row_that_beats_beyond_the_sheet_is_told() -> None:
    page = draw("3x4+1")
    assert read(page).left_out == ()
    y = page.layout.panels[-1].baseline_mm
    top, bottom = (round((y + d) * page.px_per_mm) for d in (-12, 12))
    blank = np.full((round(50 * page.px_per_mm), *page.rgb.shape[1:]), 255, np.uint8)
    rgb = np.vstack([page.rgb, blank, page.rgb[top:bottom]])
    ((_, above, _, below),) = read(replace(page, rgb=rgb), lead_labels(page)).left_out
    assert (above + below) / 2 == pytest.approx(len(rgb) / page.px_per_mm - 12, abs=3)


def test_a_column_beyond_the_sheet_is_told() -> None:
    rows = tuple((*row, name) for row, name in zip(fill(LEADS, 3, 4), ("V4R", "V8", "V9"), strict=True))
    page = render(BACK, layout=KnownSheet("3x5", rows, (), 2.0), dpi=127, grid="none")
    edge = page.layout.panels[4].x_mm[0]
    labels = tuple(w for w in lead_labels(page) if w.box_mm[0] < edge)
    ((left, _, right, _),) = read(page, labels).left_out
    assert edge < left < right <= page.layout.panels[4].x_mm[1] + 15
    assert read(page).left_out == ()


def test_labels_half_way_to_the_next_row_are_of_the_row_above() -> None:
    page = draw_sheet(load_layouts()["6x2"].rows, ("II", "V1"), type=Type(label_at_mm=(1.0, 6.5)), separator="none")
    scale = (page.px_per_mm, page.px_per_mm)
    ink = ink_of(page)
    rows = sorted({p.baseline_mm for p in page.layout.panels})
    top = slice(round((rows[0] - 9) * scale[1]), round((rows[0] + 9) * scale[1]))
    x0, x1 = (round(x * scale[0]) for x in (70, 100))
    ink[top, x0:x1] = 0  # a row with less ink than the strips
    found = recognise_layout(ink, scale, lead_labels(page))
    assert found.panels[0].baseline_mm == pytest.approx(rows[0], abs=3)
    assert [p.lead for p in found.panels if p.strip] == ["II", "V1"]


@pytest.mark.parametrize("boxed", [False, True])
def test_labels_on_the_pulses_do_not_move_the_columns(boxed: bool) -> None:
    type_ = Type(label_at_mm=(-9.5, -1.0), label_mm=4.4, boxed=boxed)
    page = draw("6x2+1", separator="none", pulse="left", type=type_)
    assert_same(read(page), page, x_mm=1.5)


def test_rows_need_not_stand_evenly() -> None:
    page = draw("3x4", pulse="none")
    cut = round((page.layout.panels[4].baseline_mm - 12.5) * page.px_per_mm)
    blank = np.full((round(18 * page.px_per_mm), *page.rgb.shape[1:]), 255, np.uint8)
    moved = len(blank) / page.px_per_mm
    rgb = np.vstack([page.rgb[:cut], blank, page.rgb[cut:]])
    labels = tuple(
        w
        if w.box_mm[1] < cut / page.px_per_mm
        else Word(w.text, (w.box_mm[0], w.box_mm[1] + moved, w.box_mm[2], w.box_mm[3] + moved), 1.0)
        for w in lead_labels(page)
    )
    found = read(replace(page, rgb=rgb), labels)
    baselines = [p.baseline_mm for p in found.panels if p.column == 0]
    true = [p.baseline_mm + (moved if p.row else 0) for p in page.layout.panels if p.column == 0]
    assert baselines == pytest.approx(true, abs=3)


def test_columns_that_the_sheet_lacks_are_left_out() -> None:
    page = draw("3x4", pulse="none")
    edge = page.layout.panels[1].x_mm[1] + 1
    rgb = page.rgb.copy()
    rgb[:, round(edge * page.px_per_mm) :] = 255
    labels = tuple(w for w in lead_labels(page) if w.box_mm[0] < edge)
    found = read(replace(page, rgb=rgb), labels)
    assert found.name == "3x2"
    assert {p.lead for p in found.panels} == {"I", "II", "III", "aVR", "aVL", "aVF"}


def test_a_hint_needs_no_labels() -> None:
    page = draw("3x4+1", separator="bar")
    found = read(page, (), "3x4+1")
    assert found.source == "hint"
    assert_same(found, page, x_mm=1.0)


@pytest.mark.parametrize("labels", [(), (Word("II", (30, 40, 32, 43), 0.9), Word("V1", (90, 70, 93, 73), 0.9))])
def test_too_few_labels_are_no_layout(labels: tuple[Word, ...]) -> None:
    with pytest.raises(UnknownLayout):
        read(draw(), labels)


def test_another_order_of_leads_is_named_as_its_labels_say() -> None:
    page = draw("3x4")
    other = {"I": "aVL", "II": "I", "III": "aVR", "aVR": "II", "aVL": "aVF", "aVF": "III"}
    labels = tuple(replace(w, text=other.get(w.text, w.text)) for w in lead_labels(page))
    found = read(page, labels)
    assert [p.lead for p in found.panels if not p.strip] == [other.get(p.lead, p.lead) for p in page.layout.panels]


CABRERA = ("aVL", "I", "-aVR", "II", "aVF", "III", "V1", "V2", "V3", "V4", "V5", "V6")
BACK = Ecg(np.column_stack([ECG.signal_mv, 0.7 * ECG.signal_mv[:, 9:12]]), ECG.fs_hz, (*ECG.leads, "V4R", "V8", "V9"))


def fill(order: tuple[str, ...], rows: int, columns: int, down: bool = True) -> tuple[tuple[str, ...], ...]:
    """Leads in the order in which they are read, down the columns or along the rows."""
    places = [[r + rows * c if down else columns * r + c for c in range(columns)] for r in range(rows)]
    return tuple(tuple(order[k] for k in row) for row in places)


OTHERS = {
    "4x3 along": (fill(LEADS, 4, 3, down=False), ()),
    "4x3 down": (fill(LEADS, 4, 3), ("II",)),
    "2x6": (fill(LEADS, 2, 6, down=False), ()),
    "6x2 Cabrera": (fill(CABRERA, 6, 2), ()),
    "3x4 Cabrera": (fill(CABRERA, 3, 4), ("II",)),
    "12x1 Cabrera": (fill(CABRERA, 12, 1), ()),
    "3x5": (tuple((*row, name) for row, name in zip(fill(LEADS, 3, 4), ("V4R", "V8", "V9"), strict=True)), ()),
    "limb leads": (fill(LEADS[:6], 3, 2), ()),
    "chest leads": (fill(LEADS[6:], 6, 1), ()),
    "no order": (fill(("V6", "I", "aVF", "V2", "III", "V1", "aVR", "V5", "V3", "II", "V4", "aVL"), 3, 4), ()),
    "three strips": ((("II",), ("V1",), ("V5",)), ()),
    "one strip": ((("V2",),), ()),
}


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize(("separator", "pulse"), [("tick", "left"), ("none", "none")])
def test_sheets_that_nobody_has_listed_are_explained(name: str, separator: str, pulse: str) -> None:
    rows, strips = OTHERS[name]
    sheet = KnownSheet(name, rows, strips, 10.0 / len(rows[0]))
    page = render(BACK, layout=sheet, dpi=127, grid="none", separator=separator, pulse=pulse)
    found = read(page)
    assert [(p.lead, p.row, p.column, p.strip) for p in found.panels] == [
        (p.lead, p.row, p.column, p.strip) for p in page.layout.panels
    ]
    for panel, true in zip(found.panels, page.layout.panels, strict=True):
        assert panel.x_mm == pytest.approx(true.x_mm, abs=1.5), panel.lead
        assert panel.baseline_mm == pytest.approx(true.baseline_mm, abs=3.0), panel.lead
    assert found.missing == ()


@pytest.mark.parametrize("at_mm", [(-9.0, -3.0), (3.0, 2.0)])
def test_labels_may_stand_beside_their_traces(at_mm: tuple[float, float]) -> None:
    page = draw("3x4+1", separator="none", type=Type(label_at_mm=at_mm))
    assert_same(read(page), page, x_mm=1.5)


@pytest.mark.parametrize("printed", ["aVR", "-aVR"])
def test_the_law_turns_avr_where_its_minus_sign_is_not_read(printed: str) -> None:
    rows = tuple(zip(("aVL", "I", printed, "II", "aVF", "III"), LEADS[6:], strict=True))
    page = render(ECG, layout=KnownSheet("6x2", rows, (), 5.0), dpi=127, grid="none")
    read_so = "aVR" if printed == "-aVR" else "-aVR"
    labels = tuple(replace(w, text=read_so) if w.text == printed else w for w in lead_labels(page))
    assert [p.lead for p in read(page, labels).panels if p.lead.lstrip("-") == "aVR"] == [printed]


def test_confidence_falls_where_leads_break_einthovens_law() -> None:
    page = draw("12x1")
    swapped = {"II": "V2", "V2": "II"}
    labels = tuple(replace(w, text=swapped.get(w.text, w.text)) for w in lead_labels(page))
    assert read(page, labels).confidence < read(page).confidence


def test_an_unknown_hint_names_the_known_sheets() -> None:
    with pytest.raises(UnknownLayout, match="4x4") as caught:
        read(draw(), hint="4x4")
    assert "6x2" in caught.value.hint


@pytest.mark.parametrize("layout", ["3x4+1", "6x2", "12x1"])
def test_rows_begin_on_a_mark_of_the_grid_though_separators_are_moved_to_dots(layout: str) -> None:
    page = draw(layout)
    begins = {panel.lead: panel.x_mm[0] for panel in page.layout.panels if panel.column == 0}
    for panel in read(page).panels:
        if panel.column == 0:
            assert panel.x_mm[0] == pytest.approx(begins[panel.lead], abs=1e-6)


def test_rows_that_begin_off_every_mark_stay_where_they_are() -> None:
    assert settle_begin(34.75) == 34.75
    assert settle_begin(34.9) == 35.0
    assert settle_begin(34.6) == 34.5
