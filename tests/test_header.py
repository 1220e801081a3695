"""Header facts from recognised words, and words from a drawn sheet."""

from __future__ import annotations

import importlib.util
import shutil
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont

from digitize import text as text_module
from digitize.header import GAINS_MM_PER_MV, SPEEDS_MM_PER_S, HeaderFacts, parse_header
from digitize.stages import Word
from digitize.text import Engine, read_words


def lay_out(*lines: str) -> list[Word]:
    """Words on lines 8 mm apart, letters 1.5 mm wide and 3 mm high."""
    words = []
    for row, line in enumerate(lines):
        x = 10.0
        for part in line.split():
            words.append(Word(part, (x, 10 + 8 * row, x + 1.5 * len(part), 13 + 8 * row), 0.9))
            x += 1.5 * len(part) + 1.5
    return words


@pytest.mark.parametrize(
    ("lines", "facts"),
    [
        (("ID: 01067_hr", "Age: 60 yrs", "Sex: Male"), {"age_y": 60, "sex": "male"}),
        (("25mm/s 10mm/mV",), {"mm_per_s": 25, "mm_per_mv": 10}),
        (("25 mm/sec", "10 mm/mV", "60~ 0.05 - 150 Hz"), {"mm_per_s": 25, "mm_per_mv": 10, "filter_hz": (0.05, 150)}),
        (("25mrn/s 1Omm/mV",), {"mm_per_s": 25, "mm_per_mv": 10}),
        (("2Smm/s10mmimV",), {"mm_per_s": 25, "mm_per_mv": 10}),
        (("AC5025mm/s",), {"mm_per_s": 25}),
        (("12.5 mm/s 2,5 mm/mV",), {"mm_per_s": 12.5, "mm_per_mv": 2.5}),
        (("Limb: 10 mm/mV Chest: 5mm/mV",), {"mm_per_mv": 10, "chest_mm_per_mv": 5}),
        (("10 mm/mV", "5 mm/mV"), {"other_gains": (5, 10)}),
        (("25 mm/s 10/5 mm/mV 0.05-150 Hz",), {"mm_per_s": 25, "mm_per_mv": 10, "chest_mm_per_mv": 5,
                                               "filter_hz": (0.05, 150)}),
        (("25mm/s 10/5mm/mvV 0.05-150 Hz",), {"mm_per_s": 25, "mm_per_mv": 10, "chest_mm_per_mv": 5,
                                              "filter_hz": (0.05, 150)}),
        (("1015mm/mV",), {"mm_per_mv": 10, "chest_mm_per_mv": 5}),
        (("10.0/5.0 mm/mV",), {"mm_per_mv": 10, "chest_mm_per_mv": 5}),
        (("20 / 1O mm/mV",), {"mm_per_mv": 20, "chest_mm_per_mv": 10}),
        (("Limb leads: 10mm/mV", "Chest leads: 5mm/mV"), {"mm_per_mv": 10, "chest_mm_per_mv": 5}),
        (("10 mm/mV", "Chest: 5 mm/mV"), {"mm_per_mv": 10, "chest_mm_per_mv": 5}),
        (("33mm/s 7 mm/mV",), {}),
        (("58yr Female",), {"age_y": 58, "sex": "female"}),
        (("56 Years M",), {"age_y": 56, "sex": "male"}),
        (("67-year-old",), {"age_y": 67}),
        (("45 Jahre", "Geschlecht: weiblich"), {"age_y": 45, "sex": "female"}),
        (("Alter: 71", "Geschlecht: M"), {"age_y": 71, "sex": "male"}),
        (("Edad: 45 años", "Sexo: F"), {"age_y": 45, "sex": "female"}),
        (("Âge: 33 ans", "Sexe: Homme"), {"age_y": 33, "sex": "male"}),
        (("Sex: Male", "Sex: Female"), {}),
        (("Age: 150", "Age: 8 months", "DOB: 12-03-1950", "seen 3 years ago"), {}),
        (("Age: 40", "41 yrs"), {}),
        (("Age: 6 yrs",), {}),
        (("Years Male / mmHg",), {"sex": "male"}),
        (("Date: 1988-07-10, 16:52:30", "Height: 168", "Weight: 81 Kgs"), {}),
        (("Vent. rate 82 BPM",), {"heart_rate_bpm": 82}),
        (("0.67~25Hz AC50 25mm/s 10mm/mV 4*2.5s+1r ♥55",),
         {"filter_hz": (0.67, 25), "mm_per_s": 25, "mm_per_mv": 10, "heart_rate_bpm": 55}),
        (("10mm/m¥V 4*2.5s+1r W122 SE-3",), {"mm_per_mv": 10, "heart_rate_bpm": 122}),
        (("HR: 700", "W122"), {}),
    ],
)  # fmt: skip
def test_parse_header(lines: tuple[str, ...], facts: dict[str, object]) -> None:
    assert parse_header(lay_out(*lines)) == HeaderFacts(**facts)  # type: ignore[arg-type]


def test_words_may_come_in_any_order() -> None:
    words = lay_out("Age: 60 yrs Sex: Male", "25 mm/s 10 mm/mV")
    assert parse_header(words[::-1]) == parse_header(words) == HeaderFacts(60, "male", 25, 10)


def test_a_doubtful_age_is_no_age() -> None:
    words = [Word("Age:", (10, 10, 16, 13), 0.9), Word("5", (18, 10, 20, 13), 0.3), Word("yrs", (21, 10, 25, 13), 0.9)]
    assert parse_header(words) == HeaderFacts()


def test_words_far_apart_are_no_line() -> None:
    words = [Word("25", (10, 10, 13, 13), 0.9), Word("mm/s", (60, 10, 66, 13), 0.9)]
    assert parse_header(words) == HeaderFacts()


def test_a_pair_of_gains_counts_though_it_is_read_badly_and_a_single_one_does_not() -> None:
    weak = [replace(word, confidence=0.18) for word in lay_out("25mm/s 10/5 mm/mV", "20mm/mV")]
    assert parse_header(weak) == HeaderFacts(mm_per_mv=10, chest_mm_per_mv=5)


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_categories=("Nd", "No")), max_size=12), max_size=20))
def test_text_without_digits_states_no_number(lines: list[str]) -> None:
    facts = parse_header(lay_out(*lines))
    numbers = {f.name: getattr(facts, f.name) for f in fields(facts) if f.name != "sex"}
    assert set(numbers.values()) == {None}


@given(st.lists(st.text("0123456789 mM/sVvOolI.,:;ygre-|", max_size=16), max_size=12))
def test_junk_never_states_an_implausible_number(lines: list[str]) -> None:
    facts = parse_header(lay_out(*lines))
    assert facts.mm_per_s is None or facts.mm_per_s in SPEEDS_MM_PER_S
    assert facts.mm_per_mv is None or facts.mm_per_mv in GAINS_MM_PER_MV
    assert facts.age_y is None or 10 <= facts.age_y <= 120


@given(st.integers(10, 120), st.sampled_from(["Female", "Male"]), st.sampled_from(SPEEDS_MM_PER_S))
def test_what_is_printed_is_read_back(age_y: int, sex: str, speed: float) -> None:
    facts = parse_header(lay_out(f"Age: {age_y} yrs", f"Sex: {sex}", f"{speed:g} mm/s"))
    assert facts == HeaderFacts(age_y=age_y, sex=sex.lower(), mm_per_s=speed)  # type: ignore[arg-type]


def draw_page() -> np.ndarray:
    """A page at 8 px/mm: header, a trace across, footer."""
    page = Image.new("L", (1600, 1000))
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(28)
    for at, line in (
        ((60, 40), "Age: 60 yrs"),
        ((60, 90), "Sex: Female"),
        ((300, 940), "25mm/s"),
        ((700, 940), "10mm/mV"),
    ):
        pen.text(at, line, 230, font)
    pen.line([(x, 500 + 150 * (x % 200 == 100) + 5 * (x % 20 == 0)) for x in range(0, 1600, 10)], 230, 4)
    return np.asarray(page, np.float32) / 255


@pytest.mark.parametrize("engine", ["tesseract", "rapidocr"])
def test_header_of_a_drawn_page_is_read(engine: Engine) -> None:
    present = shutil.which("tesseract") if engine == "tesseract" else importlib.util.find_spec("rapidocr")
    if not present:
        pytest.skip(f"{engine} is not installed")
    words = read_words(draw_page(), (8.0, 8.0), engine, timeout_s=60)
    assert parse_header(words) == HeaderFacts(60, "female", 25, 10)
    speed = next(word for word in words if "mm/s" in word.text)
    assert speed.box_mm == pytest.approx((300 / 8, 945 / 8, 395 / 8, 968 / 8), abs=1.5)


def test_no_engine_reads_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_module, "find_engine", lambda: None)
    assert read_words(draw_page(), (8.0, 8.0)) == ()


def test_blank_page_holds_no_words() -> None:
    assert read_words(np.zeros((800, 1000), np.float32), (8.0, 8.0)) == ()
