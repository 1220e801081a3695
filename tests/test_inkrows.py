"""Strips of one to three leads by their ink: each with its label, whatever lines frame the page."""

import numpy as np
import pytest
from numpy.typing import NDArray

from digitize.inkrows import arrange_strips
from digitize.stages import Word
from digitize.synth.heart import simulate

PX_PER_MM = (10.0, 10.0)
LEFT_MM, RIGHT_MM = 30.0, 280.0
STRIPS = {60.0: "II", 120.0: "V1"}


def draw_strips(leads: dict[float, str], lines_mm: tuple[float, ...] = ()) -> NDArray[np.uint8]:
    """Strips at 25 mm/s and 10 mm/mV by the heights of their baselines, and level lines over the whole page."""
    inked = np.zeros((1800, 3100), np.uint8)
    ecg = simulate("normal", heart_rate_bpm=70, seed=3).ecg
    x = np.arange(round(LEFT_MM * 10), round(RIGHT_MM * 10))
    for baseline_mm, lead in leads.items():
        mv = np.interp((x / 10 - LEFT_MM) / 25, ecg.time_s, ecg.lead(lead))
        y = np.rint((baseline_mm - 10 * mv) * 10).astype(int)
        for column, first, last in zip(x[1:], y[:-1], y[1:], strict=True):
            inked[min(first, last) : max(first, last) + 2, column] = 1
    for line_mm in lines_mm:
        inked[round(line_mm * 10) : round(line_mm * 10) + 2, 50:3050] = 1
    return inked


def write_labels(leads: dict[float, str], confidence: float = 0.95) -> tuple[Word, ...]:
    return tuple(Word(lead, (LEFT_MM, y + 4, LEFT_MM + 4, y + 7), confidence) for y, lead in leads.items())


@pytest.mark.parametrize("lines_mm", [(), (15.0, 165.0)])
def test_strips_are_taken_and_lines_that_frame_the_page_are_not(lines_mm: tuple[float, ...]) -> None:
    found = arrange_strips(draw_strips(STRIPS, lines_mm), PX_PER_MM, write_labels(STRIPS))
    assert found is not None
    assert found.sheet.rows == (("II",), ("V1",))


def test_a_strip_without_a_label_makes_it_another_sheet() -> None:
    unnamed = STRIPS | {150.0: "V5"}
    assert arrange_strips(draw_strips(unnamed), PX_PER_MM, write_labels(STRIPS)) is None


def test_a_label_that_is_not_sure_names_no_strip() -> None:
    assert arrange_strips(draw_strips(STRIPS), PX_PER_MM, write_labels(STRIPS, 0.5)) is None


def test_lines_alone_are_no_strips() -> None:
    assert arrange_strips(draw_strips({}, (60.0, 120.0)), PX_PER_MM, ()) is None
