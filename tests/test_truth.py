"""What is told of a page beside its picture: every place is where the picture shows it."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from digitize.record import LEADS
from digitize.synth.heart import simulate
from digitize.synth.masks import draw_masks
from digitize.synth.render import Page, render
from digitize.synth.truth import NODE_MM, page_truth

HEART = simulate("anterior_stemi", seed=4).ecg


def told(page: Page) -> dict[str, Any]:
    about: dict[str, Any] = json.loads(json.dumps(page_truth(page, page), allow_nan=False))
    return about


@pytest.mark.parametrize(("layout", "gain", "chest"), [("3x4+1", 10.0, 5.0), ("6x2", 20.0, 20.0), ("12x1", 10.0, 10.0)])
def test_the_told_curve_put_back_is_the_signal_to_30_db(layout: str, gain: float, chest: float) -> None:
    """From the JSON alone, at 300 dpi: pixels to millimetres by the lattice, millimetres to millivolts by the gain."""
    page = render(HEART, layout=layout, mm_per_mv=gain, chest_mm_per_mv=chest, dpi=300, paper=(330.0, 240.0))
    about = told(page)
    nodes = np.array(about["lattice"]["nodes_px"])
    px_per_mm = float(np.diff(nodes[:, :, 1], axis=0).mean() / about["lattice"]["pitch_mm"])
    truth_mv = page.ecg.signal_mv - np.nanmean(page.ecg.signal_mv, axis=0)
    noise = np.zeros(len(LEADS))
    for panel in about["panels"]:
        k = LEADS.index(panel["lead"])
        mm_per_mv = about["calibration"]["chest_mm_per_mv" if panel["lead"][0] == "V" else "mm_per_mv"]
        points = np.array([point or (np.nan, np.nan) for point in panel["trace_px"]])
        read_mv = (panel["baseline_px"][0][1] - points[:, 1]) / px_per_mm / mm_per_mv
        first = panel["first_sample"]
        wanted = page.ecg.signal_mv[first : first + len(read_mv), k]
        assert np.array_equal(np.isnan(read_mv), np.isnan(wanted))
        noise[k] += np.nansum((read_mv - wanted) ** 2)
        seconds = (points[:, 0] - panel["baseline_px"][0][0]) / px_per_mm / about["calibration"]["mm_per_s"]
        assert np.nanmax(np.abs(seconds - np.arange(len(seconds)) / page.ecg.fs_hz)) < 0.001
    snr_db = 10 * np.log10(np.nansum(truth_mv**2, axis=0) / noise)
    assert snr_db.min() > 30


def test_boxes_hold_what_they_name() -> None:
    page = render(HEART, dpi=150, header=("Somebody\n54 Y", "Nothing to see"), separator="bar")
    about, masks = told(page), draw_masks(page)
    assert [word["text"] for word in about["words"]][:3] == ["Somebody", "54 Y", "Nothing to see"]
    assert [label["text"] for label in about["labels"]] == [trace.panel.lead for trace in page.traces]
    boxes = [entry["box_px"] for kind in ("labels", "words") for entry in about[kind]]
    boxes += about["pulses_px"] + about["separators_px"]
    assert len(about["pulses_px"]) == 4 and len(about["separators_px"]) == 9
    left_over = masks.print.copy()
    for box in boxes:
        (left, top), _, (right, bottom), _ = np.array(box)
        part = np.s_[max(int(top) - 3, 0) : int(bottom) + 5, max(int(left) - 12, 0) : int(right) + 14]
        assert left_over[part].max() > 0.9 or masks.print[part].max() > 0.9
        left_over[part] = 0
    assert left_over.max() == 0


def test_lattice_nodes_lie_on_the_grid() -> None:
    page = render(HEART, dpi=150, grid="5")
    about, masks = told(page), draw_masks(page)
    assert about["lattice"]["pitch_mm"] == NODE_MM
    nodes = np.array(about["lattice"]["nodes_px"])
    at = np.rint(nodes).astype(int).reshape(-1, 2)
    assert masks.grid[at[:, 1], at[:, 0]].min() > 0.5
    assert masks.grid[at[:, 1][:-1] + 8, at[:, 0][:-1] + 8].max() == 0


@pytest.mark.parametrize("scale", [3.0, 8.0])
def test_masks_lie_in_the_same_place_at_any_scale(scale: float) -> None:
    page = render(HEART, dpi=127, grid="5")  # 5 px/mm
    own, other = draw_masks(page, row=3), draw_masks(page, scale, row=3)
    assert other.grid.sum() / scale**2 == pytest.approx(own.grid.sum() / 5.0**2, rel=0.03)
    middles_mm = []
    for mask, px_per_mm in ((own.trace, 5.0), (other.trace, scale)):
        columns = (np.arange(40, 250, 1.0) * px_per_mm).astype(int)  # pixels that begin at whole millimetres
        slab = np.array([mask[:, x : x + int(px_per_mm)].sum(axis=1) for x in columns])
        middles_mm.append(slab @ (np.arange(mask.shape[0]) + 0.5) / slab.sum(axis=1) / px_per_mm)
    assert np.median(np.abs(middles_mm[0] - middles_mm[1])) < 0.02
    rows = [draw_masks(page, row=row).trace for row in range(4)]
    assert np.array_equal(np.maximum.reduce(rows), draw_masks(page).trace)
