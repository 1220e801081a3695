from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from digitize.formats import read_ecg
from digitize.record import LEADS
from digitize.synth.samples import SAMPLES, Sample, draw_page

FOLDER = Path(__file__).parents[1] / "samples"


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_drawing_a_sample_again_gives_the_truth_beside_its_pictures(sample: Sample) -> None:
    drawn = draw_page(sample, dpi=30).ecg
    kept = read_ecg(FOLDER / f"{sample.name}.csv")
    assert (kept.fs_hz, kept.leads) == (500.0, LEADS)
    assert np.array_equal(np.isfinite(kept.signal_mv), np.isfinite(drawn.signal_mv))
    assert np.nanmax(np.abs(kept.signal_mv - drawn.signal_mv)) < 6e-5  # written to 0.1 µV
    assert (FOLDER / f"{sample.name}_photo.csv").read_bytes() == (FOLDER / f"{sample.name}.csv").read_bytes()


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_a_sample_is_a_small_page_and_a_small_photo(sample: Sample) -> None:
    page, photo = FOLDER / f"{sample.name}.png", FOLDER / f"{sample.name}_photo.jpg"
    with Image.open(page) as picture:
        assert picture.width / 200 * 25.4 == pytest.approx(297 if sample.name != "lbbb" else 279.4, abs=0.1)
    with Image.open(photo) as picture:
        assert picture.width * picture.height <= 8_000_000
    assert max(page.stat().st_size, photo.stat().st_size) < 700_000


def test_the_samples_stay_small() -> None:
    assert sum(path.stat().st_size for path in FOLDER.iterdir() if path.is_file()) < 6_000_000
