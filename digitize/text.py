"""Words printed around the traces, read by whichever text engine is installed.

The grid must be gone before: on a raw grid Tesseract takes minutes. Traces are taken out here, and only the bands of
the sheet that hold glyphs are shown to the engine, which keeps a page at about a second.
"""

from __future__ import annotations

import csv
import importlib.util
import io
import os
import shutil
import subprocess
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from digitize.stages import Box, Word

if TYPE_CHECKING:
    from rapidocr import RapidOCR

Engine = Literal["tesseract", "rapidocr"]
Line = tuple[int, int, int, int]
"""Left, top, right, bottom of a line of text on the enlarged sheet, in pixels."""

GLYPH_MM = (0.9, 6.0)
"""Height of a letter's ink, from a small x to a headline's capitals."""

RULE_MM = 4.5
"""Straight strokes longer than this are no part of a letter."""

LETTER_GAP_MM = 1.5
WORD_GAP_MM = 6.0
"""Letters of one word, and words of one line, stand closer than this."""

MIN_LINE_MM = 4.5
"""Shorter lines (lead labels, stray marks) are not worth an engine's time."""

OCR_PX_PER_MM = 10.0
"""Text is enlarged to this before it is read: capitals of 2 mm are then 20 pixels high."""

PAD_MM = (6.0, 15.0, 0.6)
"""Shown before, after, and above and below a line: letters that touch a grid line were not counted to it."""

MIN_LETTERS = 3
"""Fewer separate marks are no line of text."""

MAX_LINES = 48
"""More lines than this are not read; those with fewest letters give way."""

MARGIN_PX = 20
"""White around every line in the picture that the engine sees."""

SOFT_PX = 1.0
MIN_CONFIDENCE = 0.1
"""Weaker words are left out; it is for who uses the others to judge them."""
INK = 0.35
TIMEOUT_S = 10.0


def find_engine() -> Engine | None:
    """The text engine to use: Tesseract when its program is there, else rapidocr when it is installed, else None."""
    if shutil.which("tesseract"):
        return "tesseract"
    return "rapidocr" if importlib.util.find_spec("rapidocr") else None


def read_words(
    darkness: NDArray[np.float32], px_per_mm: tuple[float, float], engine: Engine | None = None,
    timeout_s: float = TIMEOUT_S,
) -> tuple[Word, ...]:  # fmt: skip
    """Read the lines of text on an upright sheet.

    Parameters
    ----------
    darkness : ndarray of float32, shape (H, W)
        Ink that is no grid, 0 (paper) to 1 (black); traces and print alike.
    px_per_mm : (float, float)
        Along x and y.
    engine : {"tesseract", "rapidocr"}, optional
        Instead of the one that `find_engine` names.
    timeout_s : float
        Tesseract is stopped after this.

    Returns
    -------
    tuple of Word
        Lead labels and single marks are mostly left out. Empty without an engine, and when it ran out of time.
    """
    engine = engine or find_engine()
    size = tuple(max(1, round(n * OCR_PX_PER_MM / p)) for n, p in zip(darkness.shape[::-1], px_per_mm, strict=True))
    scaled = np.clip(np.asarray(cv2.resize(darkness, size, interpolation=cv2.INTER_CUBIC), np.float32), 0, 1)
    clean = _erase_rules(scaled)
    lines = _find_lines(clean)
    if engine is None or not lines:
        return ()
    picture, tops = _stack_lines(clean, lines)
    found = run_tesseract(picture, timeout_s) if engine == "tesseract" else run_rapidocr(picture)
    words = []
    for text, (left, top, right, bottom), confidence in found:
        row = int(np.searchsorted(tops, (top + bottom) / 2, side="right")) - 1
        if text.strip() and confidence >= MIN_CONFIDENCE and row >= 0:
            dx, dy = lines[row][0] - MARGIN_PX, lines[row][1] - tops[row]
            left_mm, right_mm = (left + dx) / OCR_PX_PER_MM, (right + dx) / OCR_PX_PER_MM
            top_mm, bottom_mm = (top + dy) / OCR_PX_PER_MM, (bottom + dy) / OCR_PX_PER_MM
            words.append(Word(text.strip(), (left_mm, top_mm, right_mm, bottom_mm), confidence))
    return tuple(words)


def _erase_rules(scaled: NDArray[np.float32]) -> NDArray[np.float32]:
    """Take out straight strokes: grid lines that were left over, frames, separators."""
    ink = (scaled > INK).astype(np.uint8)
    length = round(RULE_MM * OCR_PX_PER_MM)
    rules = np.zeros(ink.shape, np.bool_)
    for shape, wobble in (((1, length), (3, 1)), ((length, 1), (1, 3))):
        wide = cv2.dilate(ink, np.ones(wobble, np.uint8))
        rules |= np.asarray(cv2.morphologyEx(wide, cv2.MORPH_OPEN, np.ones(shape, np.uint8))) > 0
    band = np.asarray(cv2.dilate((rules & (ink > 0)).astype(np.uint8), np.ones((3, 3), np.uint8))) > 0
    clean = np.where(band, np.float32(0), scaled)
    # letters that a rule crossed are closed again where ink goes on beyond it on both sides
    closed = np.maximum(*(cv2.morphologyEx(clean, cv2.MORPH_CLOSE, np.ones(s, np.uint8)) for s in ((7, 1), (1, 7))))
    return np.where(band, closed, clean).astype(np.float32)


def _close_gaps(ink: NDArray[np.bool_], gap_mm: float) -> NDArray[np.uint8]:
    """Fill what lies between marks at one height that stand closer than this."""
    reach = np.ones((1, round(gap_mm * OCR_PX_PER_MM)), np.uint8)
    return np.asarray(cv2.morphologyEx(ink.astype(np.uint8), cv2.MORPH_CLOSE, reach), np.uint8)


def _find_lines(clean: NDArray[np.float32]) -> list[Line]:
    """Boxes of the lines that ink of letter size forms, those with most letters when there are too many."""
    ink = (clean > INK).astype(np.uint8)
    _, marks, stats, centres = cv2.connectedComponentsWithStats(ink, connectivity=8)
    wide, high = stats[:, cv2.CC_STAT_WIDTH] / OCR_PX_PER_MM, stats[:, cv2.CC_STAT_HEIGHT] / OCR_PX_PER_MM
    letter = (high >= GLYPH_MM[0]) & (high <= GLYPH_MM[1]) & (wide <= 2.5 * GLYPH_MM[1])
    letter[0] = False
    x, y = np.rint(centres[letter]).astype(int).T
    words = _close_gaps(letter[marks], LETTER_GAP_MM)
    _, word_of, _, _ = cv2.connectedComponentsWithStats(words, connectivity=8)
    company = np.bincount(word_of[y, x], minlength=word_of.max() + 1) > 1  # a mark that stands alone is no text
    company[0] = False
    _, line_of, boxes, _ = cv2.connectedComponentsWithStats(_close_gaps(company[word_of], WORD_GAP_MM), connectivity=8)
    line = line_of[y, x]
    before, after, pad_y = (round(mm * OCR_PX_PER_MM) for mm in PAD_MM)
    found: list[tuple[int, Line]] = []
    for k in np.unique(line[line > 0]):
        heights = high[letter][line == k]
        alike = int(np.sum(abs(heights / np.median(heights) - 1) < 0.5))
        left, top, width, height = (int(v) for v in boxes[k, :4])
        tall = height / OCR_PX_PER_MM / np.median(heights)
        if alike >= MIN_LETTERS and width >= MIN_LINE_MM * OCR_PX_PER_MM and width > height and tall < 2.5:
            right, bottom = min(left + width + after, ink.shape[1]), min(top + height + pad_y, ink.shape[0])
            found.append((-alike, (max(left - before, 0), max(top - pad_y, 0), right, bottom)))
    return _merge_lines([line for _, line in sorted(found)[:MAX_LINES]])


def _merge_lines(lines: list[Line]) -> list[Line]:
    """Join boxes that overlap at one height, so that no word is cut in two; top to bottom."""
    merged: list[Line] = []
    for line in sorted(lines):
        left, top, right, bottom = line
        for k, (left_k, top_k, right_k, bottom_k) in enumerate(merged):
            shared = min(bottom, bottom_k) - max(top, top_k)
            if left < right_k and shared > 0.6 * min(bottom - top, bottom_k - top_k):
                merged[k] = (left_k, min(top, top_k), max(right, right_k), max(bottom, bottom_k))
                break
        else:
            merged.append(line)
    return sorted(merged, key=lambda box: (box[1], box[0]))


def _stack_lines(clean: NDArray[np.float32], lines: list[Line]) -> tuple[NDArray[np.uint8], list[int]]:
    """The lines under one another, black on white, and where each begins."""
    width = max(right - left for left, _, right, _ in lines) + 2 * MARGIN_PX
    height = sum(bottom - top + MARGIN_PX for _, top, _, bottom in lines) + MARGIN_PX
    picture = np.full((height, width), 255, np.uint8)
    tops, y = [], MARGIN_PX
    for left, top, right, bottom in lines:
        ink = np.clip(clean[top:bottom, left:right] * 1.3, 0, 1)
        picture[y : y + bottom - top, MARGIN_PX : MARGIN_PX + right - left] = np.rint(255 * (1 - ink)).astype(np.uint8)
        tops.append(y)
        y += bottom - top + MARGIN_PX
    # engines are trained on soft edges; hard ones cost them letters
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), SOFT_PX), np.uint8), tops


def run_tesseract(picture: NDArray[np.uint8], timeout_s: float) -> list[tuple[str, Box, float]]:
    """Words, boxes in pixels, confidences 0 to 1; nothing when the time was not enough."""
    command = ["tesseract", "stdin", "stdout", "--psm", "11", "--oem", "1", "tsv"]
    png = cv2.imencode(".png", picture)[1].tobytes()
    # Lines are short: its own threads wait for one another five times as long as one takes alone.
    alone = {**os.environ, "OMP_THREAD_LIMIT": "1"}
    try:
        table = subprocess.run(command, input=png, capture_output=True, timeout=timeout_s, env=alone, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return []
    found = []
    for row in csv.DictReader(io.StringIO(table.decode()), delimiter="\t", quoting=csv.QUOTE_NONE):
        if row["text"] and row["text"].strip():
            x, y, w, h = (float(row[key]) for key in ("left", "top", "width", "height"))
            found.append((row["text"], (x, y, x + w, y + h), float(row["conf"]) / 100))
    return found


@cache
def _open_rapidocr() -> RapidOCR:
    import logging

    from rapidocr import RapidOCR

    logging.getLogger("RapidOCR").setLevel(logging.ERROR)
    return RapidOCR(params={"Global.log_level": "error", "Det.limit_side_len": 960, "Det.limit_type": "max"})


def run_rapidocr(picture: NDArray[np.uint8]) -> list[tuple[str, Box, float]]:
    """Lines, boxes in pixels, confidences 0 to 1."""
    result: Any = _open_rapidocr()(np.repeat(picture[..., None], 3, axis=2), use_cls=False)
    if result.boxes is None or result.txts is None or result.scores is None:
        return []
    boxes = [(*quad.min(axis=0).tolist(), *quad.max(axis=0).tolist()) for quad in np.asarray(result.boxes)]
    return list(zip(result.txts, boxes, (float(s) for s in result.scores), strict=True))
