"""Letters for synthetic print: words and lead labels in many faces, and in a plotter's pen strokes."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

CAP_PX = 40
"""Cap height in the glyph bank."""

FAMILIES = (
    "Liberation Sans", "Liberation Sans Narrow", "Liberation Serif", "Liberation Mono", "DejaVu Sans",
    "DejaVu Sans Mono", "DejaVu Serif", "DejaVu Sans Condensed", "FreeSans", "FreeSerif", "FreeMono", "Nimbus Sans",
    "Nimbus Roman", "Nimbus Mono PS", "Nimbus Sans Narrow", "C059", "P052", "URW Gothic", "Arimo", "Tinos", "Cousine",
)  # fmt: skip

PLOT_FACES = ("STIXGeneral", "STIXGeneralBol", "cmr10", "DejaVuSans", "DejaVuSans-Bold")
HERSHEY = ("hershey plain", "hershey serif")
"""OpenCV's faces number 0 and 3: the letters of plotters and of many programs."""

_WORDS_PRINTED = """
25mm/s 25 mm/s 10mm/mV 10 mm/mV 50mm/s 5mm/mV mV Hz 100Hz 40Hz 0.05-150 0.67~25Hz AC50 F50 ID ID: Name Name: Age:
Sex: Male Female yrs Years DOB Date: Room Dr. ECG REPORT Report by: Unconfirmed Diagnosis Vent. rate PR QRS QT/QTc
P-R-T axes ms BPM bpm Normal sinus rhythm Abnormal Loc Technician: Limb: Chest: Lead Off Page 1 of HR P R T N A VE
LVH AVL. VIII IV VI X Y Z L R F N C aV V RV LV AV VF VT AF Vx infarct inferior anterior ischemia ST T-wave
Confirmed 12SL V1.0 SE-3 4*2.5s+1r Auto Manual Filter on off Heart Rate: /min mmHg kg cm Dept Height: Weight:
"""
WORDS = tuple(_WORDS_PRINTED.split())
"""What stands on such pages and is no lead label."""

STROKES: dict[str, Sequence[Sequence[tuple[float, float]]]] = {
    "I": [[(0.5, 0), (0.5, 1)]],
    "V": [[(0, 1), (0.5, 0), (1, 1)]],
    "a": [[(0.85, 0.65), (0.85, 0)], [(0.85, 0.5), (0.5, 0.67), (0.15, 0.35), (0.45, 0), (0.85, 0.2)]],
    "A": [[(0, 0), (0.5, 1), (1, 0)], [(0.2, 0.4), (0.8, 0.4)]],
    "R": [[(0, 0), (0, 1), (0.7, 1), (0.95, 0.78), (0.7, 0.52), (0, 0.52)], [(0.5, 0.52), (1, 0)]],
    "L": [[(0, 1), (0, 0), (0.9, 0)]],
    "F": [[(0, 0), (0, 1), (0.95, 1)], [(0, 0.52), (0.7, 0.52)]],
    "r": [[(0.1, 0), (0.1, 0.66)], [(0.1, 0.4), (0.45, 0.66), (0.8, 0.6)]],
    "-": [[(0.1, 0.45), (0.9, 0.45)]],
    "0": [[(0.5, 1), (0.05, 0.7), (0.05, 0.3), (0.5, 0), (0.95, 0.3), (0.95, 0.7), (0.5, 1)]],
    "1": [[(0.2, 0.8), (0.55, 1), (0.55, 0)]],
    "2": [[(0.05, 0.8), (0.45, 1), (0.9, 0.8), (0.85, 0.55), (0, 0), (0.95, 0)]],
    "3": [[(0.05, 1), (0.9, 1), (0.4, 0.6), (0.9, 0.4), (0.75, 0.05), (0.3, 0), (0, 0.15)]],
    "4": [[(0.7, 0), (0.7, 1), (0, 0.3), (1, 0.3)]],
    "5": [[(0.9, 1), (0.1, 1), (0.05, 0.55), (0.6, 0.62), (0.95, 0.35), (0.6, 0), (0, 0.1)]],
    "6": [[(0.8, 1), (0.2, 0.6), (0.05, 0.25), (0.5, 0), (0.95, 0.3), (0.5, 0.58), (0.1, 0.35)]],
    "7": [[(0, 1), (0.95, 1), (0.35, 0)]],
    "8": [[(0.5, 0.54), (0.1, 0.78), (0.5, 1), (0.9, 0.78), (0.5, 0.54), (0, 0.26), (0.5, 0), (1, 0.26), (0.5, 0.54)]],
    "9": [[(0.9, 0.65), (0.5, 0.42), (0.05, 0.7), (0.5, 1), (0.95, 0.75), (0.8, 0.4), (0.2, 0)]],
}
"""A plotter's letters, as electrocardiographs with a thermal head draw them: pen strokes in a unit box, y upwards."""


@cache
def find_faces() -> tuple[str, ...]:
    """Font files of the chosen families that this machine has, sorted; '' stands for the plotter's strokes."""
    listing = subprocess.run(["fc-list", ":", "family", "file", "style"], capture_output=True, text=True, check=True)
    faces = set()
    for line in listing.stdout.splitlines():
        file, family, style = (part.strip() for part in line.split(":", 2))
        if family.split(",")[-1] in FAMILIES and file.endswith((".ttf", ".otf")) and "Light" not in style:
            faces.add(file)
    if len(faces) < 20:
        raise RuntimeError(
            "too few fonts: install fonts-liberation, fonts-dejavu, fonts-freefont-ttf, fonts-urw-base35"
        )
    return (*sorted(faces), *_find_plot_faces(), *[""] * 12, *HERSHEY * 2)


def _find_plot_faces() -> list[str]:
    """Fonts that come with matplotlib, which draws many of the ECGs on screens."""
    found = find_spec("matplotlib")
    if found is None or found.origin is None:
        return []
    folder = Path(found.origin).parent / "mpl-data" / "fonts" / "ttf"
    return [str(folder / f"{name}.ttf") for name in PLOT_FACES]


@cache
def _load_face(face: str) -> ImageFont.FreeTypeFont:
    probe = ImageFont.truetype(face, 100)
    _, top, _, bottom = probe.getbbox("V")
    return ImageFont.truetype(face, round(100 * CAP_PX / (bottom - top)))


@cache
def draw_text(face: str, text: str, pen_px: int = 5) -> NDArray[np.uint8]:
    """A word as ink 0..255, cropped to its ink with 3 px around it, cap height CAP_PX; strokes when face is ''."""
    if face in HERSHEY:
        canvas = np.zeros((2 * CAP_PX + 24, 48 * len(text) + 60), np.uint8)
        cv2.putText(canvas, text, (12, 12 + CAP_PX), HERSHEY.index(face) * 3, CAP_PX / 21, 255, pen_px, cv2.LINE_AA)
        return _crop(canvas)
    if face:
        font = _load_face(face)
        left, top, right, bottom = font.getbbox(text)
        picture = Image.new("L", (round(right - left) + 6, round(bottom - top) + 6))
        ImageDraw.Draw(picture).text((3 - left, 3 - top), text, 255, font)
        return np.asarray(picture)
    canvas = np.zeros((CAP_PX + 24, 40 * len(text) + 60), np.uint8)
    x = 12.0
    for letter in text:
        width = 8.0 if letter == "I" else 26.0
        for stroke in STROKES.get(letter, [[(0, 0), (1, 1)]]):
            points = [(round((x + px * width) * 8), round((12 + (1 - py) * CAP_PX) * 8)) for px, py in stroke]
            cv2.polylines(canvas, [np.array(points, np.int32)], False, 255, pen_px, cv2.LINE_AA, 3)
        x += width + 9
    return _crop(canvas)


def _crop(canvas: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """What is inked, with 3 px around it."""
    ys, xs = np.nonzero(canvas)
    return np.asarray(canvas[ys.min() - 3 : ys.max() + 4, xs.min() - 3 : xs.max() + 4])


def vary_case(name: str, rng: np.random.Generator) -> str:
    """A label as one machine or another writes it."""
    r = rng.random()
    if name[0] == "-":
        return rng.choice(["-", "–", "- "], p=[0.7, 0.2, 0.1]) + vary_case(name[1:], rng)
    if "aV" in name:
        return (
            name.upper()
            if r < 0.2
            else name.lower()
            if r < 0.24
            else name[:-1] + name[-1].lower()
            if r < 0.27
            else name
        )
    if name[-1] == "R":
        return name[:-1] + "r" if r < 0.4 else name
    return name.lower() if name[0] == "V" and r < 0.03 else name
