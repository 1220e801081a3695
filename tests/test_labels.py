"""Lead labels on drawn sheets: found, named, in the right place, and not where there are none."""

from __future__ import annotations

import hashlib
import json
from importlib.resources import files

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from digitize.labels import CLASSES, find_labels, score_upright
from digitize.record import LEADS
from digitize.stages import Word
from digitize.train.glyphs import CAP_PX, draw_text

PX_PER_MM = 8.0
WIDTH_MM, HEIGHT_MM = 270, 130
GRID = [(lead, 10.0 + 63 * (k // 3), 25.0 + 35 * (k % 3)) for k, lead in enumerate(LEADS)]
"""Lead, and where its label stands in mm: left and middle."""


def draw_traces(sheet: NDArray[np.float32], rows_mm: tuple[float, ...], pen_px: int = 3) -> None:
    """Three rows of beats with sharp QRS complexes and round T waves."""
    x = np.arange(0, sheet.shape[1], 2.0)
    phase = (x / PX_PER_MM + 7) % 21
    beat = 12 * np.exp(-0.5 * ((phase - 10) / 0.5) ** 2) - 3 * np.exp(-0.5 * ((phase - 11) / 0.5) ** 2)
    beat += 2.5 * np.exp(-0.5 * ((phase - 16) / 1.6) ** 2)
    for row in rows_mm:
        points = np.rint(np.column_stack([x, (row - beat) * PX_PER_MM]) * 8).astype(np.int32)
        cv2.polylines(sheet, [points], False, 0.85, pen_px, cv2.LINE_AA, 3)


def print_label(
    sheet: NDArray[np.float32], name: str, left_mm: float, middle_mm: float, cap_mm: float, face: str
) -> None:
    """Write one label in Pillow's own face or in plotter strokes."""
    if face == "strokes":
        glyph = draw_text("", name)
    else:
        font = ImageFont.load_default(56)
        _, _, right, bottom = font.getbbox(name)
        picture = Image.new("L", (int(right) + 4, int(bottom) + 4))
        ImageDraw.Draw(picture).text((0, 0), name, 255, font)
        drawn = np.asarray(picture)
        ys, xs = np.nonzero(drawn)
        glyph = drawn[ys.min() : ys.max() + 1, xs.min() : xs.max() + 1]
    scale = cap_mm * PX_PER_MM / CAP_PX
    size = max(1, round(glyph.shape[1] * scale)), max(1, round(glyph.shape[0] * scale))
    small = cv2.resize(glyph, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    x, y = round(left_mm * PX_PER_MM), round(middle_mm * PX_PER_MM - size[1] / 2)
    window = sheet[y : y + size[1], x : x + size[0]]
    np.maximum(window, 0.9 * small, out=window)


def draw_sheet(
    face: str = "pillow", cap_mm: float = 3.0, rows_mm: tuple[float, ...] = (32, 67, 102)
) -> NDArray[np.float32]:
    """A 3x4 sheet at 8 px/mm: labels above the traces, or on them."""
    sheet = np.zeros((int(HEIGHT_MM * PX_PER_MM), int(WIDTH_MM * PX_PER_MM)), np.float32)
    draw_traces(sheet, rows_mm)
    for name, left, middle in GRID:
        print_label(sheet, name, left, middle, cap_mm, face)
    return sheet


def name_places(words: tuple[Word, ...]) -> list[str]:
    """For each place of the 3x4 sheet the label found there, '' for none."""
    names = []
    for _, left, middle in GRID:
        here = [w for w in words if abs(w.box_mm[0] - left) < 3 and abs((w.box_mm[1] + w.box_mm[3]) / 2 - middle) < 2.5]
        names.append(here[0].text if len(here) == 1 else "")
    return names


@pytest.mark.parametrize("face", ["pillow", "strokes"])
@pytest.mark.parametrize("cap_mm", [1.8, 3.0, 4.2])
def test_every_lead_is_found_and_named(face: str, cap_mm: float) -> None:
    words = find_labels(draw_sheet(face, cap_mm), (PX_PER_MM, PX_PER_MM))
    assert name_places(words) == list(LEADS)
    assert len(words) == 12


def test_labels_on_the_trace_are_read() -> None:
    words = find_labels(draw_sheet(rows_mm=(26, 61, 96)), (PX_PER_MM, PX_PER_MM))
    right = sum(name == lead for name, lead in zip(name_places(words), LEADS, strict=True))
    assert right >= 10


def test_scale_may_differ_along_x_and_y() -> None:
    sheet = cv2.resize(draw_sheet(), None, fx=1.5, fy=0.9, interpolation=cv2.INTER_AREA)
    words = find_labels(np.asarray(sheet, np.float32), (1.5 * PX_PER_MM, 0.9 * PX_PER_MM))
    assert name_places(words) == list(LEADS)


def test_box_holds_the_ink() -> None:
    sheet = np.zeros((400, 640), np.float32)
    print_label(sheet, "aVR", 30.0, 25.0, 3.0, "pillow")
    (word,) = find_labels(sheet, (PX_PER_MM, PX_PER_MM))
    ys, xs = np.nonzero(sheet > 0.3)
    ink = (xs.min() / PX_PER_MM, ys.min() / PX_PER_MM, xs.max() / PX_PER_MM, ys.max() / PX_PER_MM)
    assert word.text == "aVR"
    assert word.box_mm == pytest.approx(ink, abs=0.8)


@pytest.mark.parametrize("face", ["pillow", "strokes"])
def test_the_upright_turn_scores_highest(face: str) -> None:
    sheet = draw_sheet(face)
    turns = [np.ascontiguousarray(np.rot90(sheet, k)) for k in range(4)]
    scores = [score_upright(find_labels(turn, (PX_PER_MM, PX_PER_MM))) for turn in turns]
    assert scores[0] > 8
    assert max(scores[1:]) < 2


def test_no_labels_where_there_are_none() -> None:
    traces = np.zeros((1040, 2160), np.float32)
    draw_traces(traces, (32, 67, 102))
    noise = np.random.default_rng(0).uniform(0, 0.3, (600, 800)).astype(np.float32)
    words = Image.new("L", (1200, 400))
    for k, line in enumerate(
        ("25 mm/s  10 mm/mV  0.05-150 Hz", "Name: Miller  Sex: Female", "Abnormal ECG 2024 82 BPM")
    ):
        ImageDraw.Draw(words).text((40, 40 + 100 * k), line, 230, ImageFont.load_default(32))
    for sheet in (np.zeros((300, 300), np.float32), traces, noise, np.asarray(words, np.float32) / 255):
        assert find_labels(sheet, (PX_PER_MM, PX_PER_MM), min_confidence=0.6) == ()


def test_tiny_and_odd_maps_are_read() -> None:
    assert find_labels(np.zeros((1, 1), np.float32), (PX_PER_MM, PX_PER_MM)) == ()
    assert find_labels(np.zeros((13, 7), np.float32), (11.0, 3.0)) == ()


def test_same_sheet_same_labels() -> None:
    sheet = draw_sheet()
    assert find_labels(sheet, (PX_PER_MM, PX_PER_MM)) == find_labels(sheet, (PX_PER_MM, PX_PER_MM))


def test_a_lead_named_twice_counts_once() -> None:
    once = (Word("V1", (0, 0, 5, 3), 0.9),)
    assert score_upright(once * 3) == score_upright(once) == pytest.approx(0.9)
    assert score_upright((Word("II", (0, 0, 5, 3), 1.0),)) == pytest.approx(0.1)


def test_card_tells_of_these_weights() -> None:
    weights = files("digitize").joinpath("weights")
    card = json.loads(weights.joinpath("labels.json").read_text())
    blob = weights.joinpath("labels.onnx").read_bytes()
    assert card["sha256"] == hashlib.sha256(blob).hexdigest()
    assert tuple(card["classes"]) == CLASSES
    assert len(blob) < 1_000_000
    assert card["training"]["command"].startswith("python -m digitize.train.labels")
