"""The label network beside two text engines: ``python -m digitize.train.rivals FOLDER``.

All three see the same: the flat sheet, upright, its grid taken off, which is more than a text engine is usually given.
Every page is taken to show the twelve leads; a name counts as found when it was read once, anywhere on the sheet.
"""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from digitize.errors import PaperbeatError
from digitize.evaluate import PICTURE_ENDINGS
from digitize.flatten import flatten
from digitize.frames import drop_frames
from digitize.ink import separate_ink
from digitize.labels import find_labels
from digitize.load import load
from digitize.pipeline import lay_lattice
from digitize.record import LEADS, Hints
from digitize.stages import Ink, Sheet
from digitize.text import run_rapidocr, run_tesseract
from digitize.upright import turn_upright

TIMEOUT_S = 60.0
SURE = 0.5
"""Confidence from which a name of the network counts, as in `digitize.inkrows`."""
_STROKES = str.maketrans("l|1!i", "IIIII")
Finder = Callable[[Sheet, Ink], set[str]]


def name_lead(text: str) -> str | None:
    """The lead that a word means, generously: strokes are I, and case does not matter."""
    word = re.sub(r"[^A-Za-z0-9|!]", "", text)
    strokes = word.translate(_STROKES)
    if strokes in ("I", "II", "III"):
        return strokes
    folded = {lead.lower(): lead for lead in LEADS if lead[0] != "I"}
    return folded.get(word.lower()) or folded.get(word.lower().replace("l", "1"))


def ask_network(sheet: Sheet, ink: Ink) -> set[str]:
    """Names by the label network."""
    return {word.text for word in find_labels(ink.trace, sheet.px_per_mm) if word.confidence >= SURE}


def ask_tesseract(sheet: Sheet, ink: Ink) -> set[str]:
    """Names by Tesseract, sparse text."""
    return {name for text, _, _ in run_tesseract(_print_ink(ink), TIMEOUT_S) if (name := name_lead(text))}


def ask_rapidocr(sheet: Sheet, ink: Ink) -> set[str]:
    """Names by RapidOCR."""
    return {name for text, _, _ in run_rapidocr(_print_ink(ink)) if (name := name_lead(text))}


def _print_ink(ink: Ink) -> NDArray[np.uint8]:
    return np.rint(255 * (1 - np.clip(1.3 * ink.trace, 0, 1))).astype(np.uint8)


FINDERS: dict[str, Finder] = {"network": ask_network, "Tesseract": ask_tesseract, "RapidOCR": ask_rapidocr}


def main(argv: list[str] | None = None) -> None:
    """Read the labels of every page of a folder three ways."""
    parser = argparse.ArgumentParser(description="Lead labels by the network and by text engines.")
    parser.add_argument("folder", type=Path)
    args = parser.parse_args(argv)
    found: dict[str, list[int]] = {name: [] for name in FINDERS}
    seconds = dict.fromkeys(FINDERS, 0.0)
    for path in sorted(p for p in args.folder.iterdir() if p.suffix.lower() in PICTURE_ENDINGS):
        try:
            photo = load(path)
            lattice = lay_lattice(photo, Hints())
        except PaperbeatError as error:
            print(f"{path.name}: {error.code}")
            continue
        sheet = flatten(photo, lattice)
        _, sheet, ink, _, _ = turn_upright(lattice, sheet, drop_frames(separate_ink(sheet), sheet.px_per_mm))
        for name, ask in FINDERS.items():
            began = time.perf_counter()
            found[name].append(len(ask(sheet, ink) & set(LEADS)))
            seconds[name] += time.perf_counter() - began
        print(f"{path.name}: {', '.join(f'{name} {counts[-1]}' for name, counts in found.items())} of {len(LEADS)}")
    for name, counts in found.items():
        whole, share = sum(c == len(LEADS) for c in counts), sum(counts) / (len(LEADS) * max(len(counts), 1))
        print(f"{name}: {share:.1%} of the names, all on {whole} of {len(counts)} pages, {seconds[name]:.0f} s")


if __name__ == "__main__":
    main()
