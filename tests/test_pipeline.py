"""Whole pages, end to end: drawn from a known heart, photographed, read, and held against what was drawn."""

from __future__ import annotations

import hashlib
import io
import pickle
import shutil
from functools import cache
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from analyze import analyze, to_json
from digitize.formats import read_ecg
from digitize.pipeline import Clock, choose_patient, digitize
from digitize.record import LEADS, Hints, Patient
from digitize.score import score_page
from digitize.sheets import load_layouts
from digitize.stages import Digitization
from digitize.synth.effects import photograph
from digitize.synth.heart import simulate
from digitize.synth.render import Page, render
from digitize.synth.samples import SAMPLES, Sample

FOLDER = Path(__file__).parents[1] / "samples"
PHOTO_PX = (2200, 1650)
TURNS = {"3x4": 0, "3x4+1": 1, "3x4+3": 2, "6x2": 3, "6x2+1": 0, "12x1": 2}
needs_tesseract = pytest.mark.skipif(shutil.which("tesseract") is None, reason="needs Tesseract to read the print")


@cache
def draw(layout: str = "3x4+1", mm_per_s: float = 25.0, mm_per_mv: float = 10.0, dpi: float = 180.0) -> Page:
    heart = simulate("normal", heart_rate_bpm=76, seed=7, noise_mv=0.005)
    return render(heart.ecg, layout=layout, mm_per_s=mm_per_s, mm_per_mv=mm_per_mv, dpi=dpi)


def encode(page: Page) -> bytes:
    file = io.BytesIO()
    Image.fromarray(page.rgb).save(file, "PNG", compress_level=1)
    return file.getvalue()


@cache
def read_photo_of(layout: str) -> Digitization:
    photo = photograph(draw(layout), strength=0.3, seed=3, size_px=PHOTO_PX, quarter_turns=TURNS[layout])
    file = io.BytesIO()
    Image.fromarray(photo.rgb).save(file, "JPEG", quality=88)
    return digitize(file.getvalue())


@cache
def read_sample(file: str) -> Digitization:
    return digitize(FOLDER / file)


@pytest.mark.parametrize("layout", TURNS)
def test_a_photo_of_each_layout_is_read_whichever_way_it_lies(layout: str) -> None:
    page = read_photo_of(layout)
    score = score_page(draw(layout).ecg, page.ecg)
    assert page.layout.name == layout
    assert score.leads_found == 12 and score.leads_named >= 11
    assert score.snr_db >= 10
    assert page.calibration.mm_per_mv == 10 and page.calibration.gain_source == "pulse"
    assert set(page.quality) == set(LEADS) and min(page.quality.values()) > 0.6


@pytest.mark.parametrize("layout", TURNS)
def test_leads_stand_in_their_columns(layout: str) -> None:
    page, sheet = read_photo_of(layout), load_layouts()[layout]
    assert page.ecg.signal_mv.shape[0] == pytest.approx(5000, abs=50)
    for row in sheet.rows:
        for column, lead in enumerate(row):
            shown_s = np.flatnonzero(np.isfinite(page.ecg.lead(lead))) / 500
            if lead in sheet.strips:
                assert (shown_s[0] < 0.2) and (shown_s[-1] > 9.7)
            else:
                begin = column * sheet.column_s
                assert shown_s[0] == pytest.approx(begin, abs=0.15)
                assert shown_s[-1] == pytest.approx(begin + sheet.column_s, abs=0.15)


@pytest.mark.parametrize(("kind", "floor_db"), [(".png", 16), ("_photo.jpg", 9)])
@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_samples_are_read(sample: Sample, kind: str, floor_db: float) -> None:
    page = read_sample(sample.name + kind)
    score = score_page(read_ecg(FOLDER / f"{sample.name}.csv"), page.ecg)
    assert page.layout.name == sample.sheet.get("layout", "3x4+1")
    assert score.leads_found == 12 and score.leads_named >= 11
    assert score.snr_db >= floor_db
    assert not [note for note in page.notes if note.severity == "error"]


@pytest.mark.parametrize("mm_per_s", [25.0, 50.0])
@pytest.mark.parametrize("mm_per_mv", [5.0, 20.0])
def test_other_gains_and_speeds(mm_per_s: float, mm_per_mv: float) -> None:
    drawn = draw("3x4", mm_per_s, mm_per_mv)
    hints = Hints() if shutil.which("tesseract") else Hints(speed_mm_per_s=mm_per_s)
    page = digitize(encode(drawn), hints)
    assert (page.calibration.mm_per_s, page.calibration.mm_per_mv) == (mm_per_s, mm_per_mv)
    score = score_page(drawn.ecg, page.ecg)
    assert score.leads_named == 12
    assert score.snr_db >= 10


@needs_tesseract
@needs_tesseract
def test_chest_leads_at_half_gain_are_read_at_theirs() -> None:
    heart = simulate("normal", heart_rate_bpm=76, seed=7, noise_mv=0.005)
    drawn = render(heart.ecg, layout="3x4+1", chest_mm_per_mv=5.0, dpi=180)
    page = digitize(encode(drawn))
    assert (page.calibration.gain_of("II"), page.calibration.gain_of("V2")) == (10, 5)
    assert page.calibration.chest_source == "printed"
    assert score_page(drawn.ecg, page.ecg).snr_db >= 20


def test_age_and_sex_come_from_the_print() -> None:
    page = read_sample("afib.png")
    assert (page.patient.age_y, page.patient.sex, page.patient.source) == (77, "female", "printed")


def test_the_same_bytes_give_the_same_numbers() -> None:
    first, again = read_sample("normal.png"), digitize((FOLDER / "normal.png").read_bytes())
    assert first.ecg.signal_mv.tobytes() == again.ecg.signal_mv.tobytes()
    assert (first.layout, first.calibration, first.quality, first.notes) == (
        again.layout,
        again.calibration,
        again.quality,
        again.notes,
    )


def test_a_reading_can_be_sent_to_another_process() -> None:
    page = read_sample("normal.png")
    back = pickle.loads(pickle.dumps(page))
    assert np.array_equal(back.ecg.signal_mv, page.ecg.signal_mv, equal_nan=True)
    assert back.layout == page.layout


def test_every_stage_is_timed_and_the_weights_are_named() -> None:
    page = read_sample("normal.png")
    stages = ["lattice", "flatten", "ink", "labels", "layout", "trace", "text", "calibrate", "assemble"]
    assert list(page.timings_s) == stages
    weights = to_json(analyze(page.ecg, page.patient, page=page))["software"]["weights"]
    shipped = {"labels": "digitize", "pen": "digitize", "diagnosis": "analyze", "beats": "analyze"}
    for name, package in shipped.items():
        blob = files(package).joinpath("weights", f"{name}.onnx").read_bytes()
        assert weights.pop(name) == hashlib.sha256(blob).hexdigest()
    assert not weights


def test_what_a_person_says_of_the_patient_wins() -> None:
    printed = Patient(58, "male", "printed")
    assert choose_patient(Patient(), printed) == printed
    assert choose_patient(Patient(40, "female", "hint"), printed) == Patient(40, "female", "hint")
    assert choose_patient(Patient(age_y=40, source="hint"), printed) == Patient(40, "male", "hint and printed")
    assert choose_patient(Patient(), Patient(None, None, "printed")) == Patient()


def test_a_clock_counts_a_stage_that_fails() -> None:
    clock = Clock()
    with pytest.raises(ZeroDivisionError), clock("work"):
        _ = 1 / 0
    assert clock.timings_s["work"] >= 0


def test_rows_that_exchange_peaks_are_never_delivered_as_ok() -> None:
    page = read_photo_of("12x1")
    assert page.status == "partial"
    assert "rows_meet" in {note.code for note in page.notes}
