"""The sample pages: ``python -m digitize.synth.samples DIR`` draws them all anew, the same every time.

Every sample is a clean page (``NAME.png``) and a phone-like photo of it (``NAME_photo.jpg``), each with the signal that
is printed on it beside it (``NAME.csv``, ``NAME_photo.csv``).
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

from digitize.formats import write_ecg
from digitize.record import Sex
from digitize.synth.effects import photograph
from digitize.synth.heart import HeartKind, simulate
from digitize.synth.render import Page, render

_PAGE_DPI = 200
_PHOTO_DPI = 220  # what the photo is taken of is finer than the photo, as paper is
_PHOTO_PX = (2400, 1800)


@dataclass(frozen=True)
class Sample:
    """One sample: whose heart, on which sheet, photographed how."""

    name: str
    kind: HeartKind
    heart_rate_bpm: float
    age_y: int
    sex: Sex
    seed: int
    sheet: dict[str, Any] = field(default_factory=dict)
    photo: dict[str, Any] = field(default_factory=dict)


SAMPLES: tuple[Sample, ...] = (
    Sample("normal", "normal", 68, 34, "female", 11, {}, {"table": "cloth", "strength": 0.35}),
    Sample(
        "anterior_stemi",
        "anterior_stemi",
        84,
        58,
        "male",
        12,
        {"colour": "pink", "pulse": "right"},
        {"table": "dark", "strength": 0.5},
    ),
    Sample(
        "inferior_stemi",
        "inferior_stemi",
        62,
        63,
        "female",
        13,
        {"layout": "3x4+3", "colour": "grey"},
        {"table": "wood", "strength": 0.35},
    ),
    Sample(
        "lbbb",
        "lbbb",
        76,
        71,
        "male",
        14,
        {"grid": "5", "colour": "dark_red", "paper": "letter", "separator": "bar", "label_above": False},
        {"table": "wood", "strength": 0.7},
    ),
    Sample(
        "afib",
        "afib",
        95,
        77,
        "female",
        15,
        {"colour": "blue"},
        {"table": "dark", "strength": 0.5, "quarter_turns": 1},
    ),
    Sample(
        "normal_6x2",
        "normal",
        74,
        45,
        "male",
        16,
        {"layout": "6x2", "colour": "green"},
        {"table": "dark", "strength": 0.4},
    ),
)


def draw_page(sample: Sample, dpi: float = _PAGE_DPI) -> Page:
    """Simulate a sample's heart and print it."""
    heart = simulate(
        sample.kind, heart_rate_bpm=sample.heart_rate_bpm, seed=sample.seed, wander_mv=0.02, noise_mv=0.006
    )
    header = (
        f"ID: SIM-{sample.seed:04d}\nAge: {sample.age_y} yrs   Sex: {sample.sex.title()}",
        "Simulated ECG\nNo patient",
        "Paperbeat sample",
    )
    return render(heart.ecg, dpi=dpi, header=header, **sample.sheet)


def draw_samples(folder: Path) -> list[Path]:
    """Draw all samples into a folder.

    Parameters
    ----------
    folder : Path
        Made when absent; files of the same name are replaced.

    Returns
    -------
    list of Path
        The files written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for sample in SAMPLES:
        page = draw_page(sample)
        photo = photograph(draw_page(sample, _PHOTO_DPI), seed=sample.seed, size_px=_PHOTO_PX, **sample.photo)
        png, jpg = folder / f"{sample.name}.png", folder / f"{sample.name}_photo.jpg"
        Image.fromarray(page.rgb).quantize(32, dither=Image.Dither.NONE).save(png, optimize=True)
        Image.fromarray(photo.rgb).save(jpg, quality=50, optimize=True, progressive=True)
        for picture in (png, jpg):
            write_ecg(page.ecg, picture.with_suffix(".csv"))
            written += [picture, picture.with_suffix(".csv")]
    return written


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit("usage: python -m digitize.synth.samples DIR")
    for path in draw_samples(Path(sys.argv[1])):
        print(path.name, f"{path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
