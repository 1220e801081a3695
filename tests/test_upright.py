"""Which way up the page lies: every quarter turn is turned back."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from digitize import upright
from digitize.flatten import turn_lattice, turn_sheet
from digitize.stages import Ink, Lattice, Sheet, Word
from digitize.synth.heart import simulate
from digitize.synth.render import render
from digitize.upright import mirror_lattice, mirror_sheet, turn_upright


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_a_page_is_turned_until_its_labels_read(quarters: int, mirrored: bool) -> None:
    page = render(simulate("normal", seed=2).ecg, layout="3x4+1", dpi=127, grid="none")
    height, width = page.rgb.shape[:2]
    rows, cols = np.mgrid[0 : height / page.px_per_mm : 5, 0 : width / page.px_per_mm : 5] * page.px_per_mm
    lattice = Lattice(np.stack([cols, rows], axis=-1), np.ones(rows.shape, bool), 5.0, 0.1, 1.0, "grid 5 mm")
    sheet = Sheet(page.rgb, (page.px_per_mm,) * 2, np.ones((height, width), bool), page.px_per_mm)
    if quarters:
        lattice, sheet = turn_lattice(lattice, quarters), turn_sheet(sheet, quarters)
    if mirrored:
        lattice, sheet = mirror_lattice(lattice), mirror_sheet(sheet)
    darkness = (1 - sheet.rgb.min(axis=2) / 255).astype(np.float32)
    ink = Ink(darkness, np.ones_like(darkness))
    found, turned, turned_ink, labels, notes = turn_upright(lattice, sheet, ink)
    assert np.array_equal(turned.rgb, page.rgb)
    assert turned_ink.trace.shape == page.rgb.shape[:2]
    assert {"aVR", "aVL", "aVF", "V1", "V4"} <= {word.text for word in labels}
    assert [note.code for note in notes] == ["mirrored"] * mirrored
    across = found.to_px([10.0, 20.0], [10.0, 10.0])
    assert across[1, 0] - across[0, 0] == pytest.approx(10 * page.px_per_mm, rel=0.01)


def test_names_that_read_both_ways_turn_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    sure = iter([0.9, 0.99, 0.0, 0.0])

    def find_labels(trace: NDArray[np.float32], px_per_mm: tuple[float, float]) -> tuple[Word, ...]:
        return (Word("III", (0, 0, 4, 3), next(sure, 0.0)),)

    monkeypatch.setattr(upright, "find_labels", find_labels)
    nodes = np.stack(np.meshgrid(np.arange(4.0), np.arange(3.0)), axis=-1)
    lattice = Lattice(nodes, np.ones((3, 4), bool), 5.0, 0.1, 1.0, "grid 5 mm")
    sheet = Sheet(np.zeros((10, 15, 3), np.uint8), (1.0, 1.0), np.ones((10, 15), bool), 1.0)
    plane = np.zeros((10, 15), np.float32)
    found, _, _, labels, notes = turn_upright(lattice, sheet, Ink(plane, plane))
    assert np.array_equal(found.nodes_px, nodes)
    assert labels[0].confidence == 0.9 and notes == ()
