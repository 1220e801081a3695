"""Lead labels on the flat sheet, read by a small convolutional network that looks everywhere at once.

Labels are found and named in one pass over the darkness map, so that one which a trace or a separator touches is as
good as one that stands free. The network is trained on synthetic print alone (`digitize/train/labels.py`).
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from digitize.networks import open_network
from digitize.stages import Box, Word

CLASSES = (
    "", "I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6",
    "V7", "V8", "V9", "V3R", "V4R",
)  # fmt: skip
"""What the network tells apart; '' is everything that is no label."""

PX_PER_MM = 6.0
"""Resolution the network was trained at: caps of 1.4 to 4.6 mm are 8 to 28 pixels high."""

STRIDE_PX = 8
"""The network gives one answer for every 8 x 8 pixels, centred on pixels 0, 8, 16, ..."""

BOX_UNIT_PX = 16.0
"""Scale of the box distances in training."""

MIN_CONFIDENCE = 0.3
"""Below this a label is not reported."""

SYMMETRIC = frozenset({"I", "II", "III"})
"""Labels that look the same upside down."""


def find_labels(
    darkness: NDArray[np.float32], px_per_mm: tuple[float, float], min_confidence: float = MIN_CONFIDENCE
) -> tuple[Word, ...]:
    """Find and name the lead labels on a sheet that stands upright.

    Parameters
    ----------
    darkness : ndarray of float32, shape (H, W)
        Ink that is no grid, 0 (paper) to 1 (black); traces and print alike.
    px_per_mm : (float, float)
        Along x and y.
    min_confidence : float
        Weaker labels are left out.

    Returns
    -------
    tuple of Word
        In reading order of their boxes' centres, top to bottom. ``confidence`` is the network's probability of the
        name, calibrated on synthetic print.
    """
    scaled = _scale(darkness, px_per_mm)
    probability, sides_px = open_network("digitize", "labels").run(None, {"darkness": scaled[None, None]})
    words = []
    for name, box, confidence in _pick(probability[0], sides_px[0], min_confidence):
        left, right = ((edge + 0.5) / PX_PER_MM - 0.5 / px_per_mm[0] for edge in (box[0], box[2]))
        top, bottom = ((edge + 0.5) / PX_PER_MM - 0.5 / px_per_mm[1] for edge in (box[1], box[3]))
        words.append(Word(name, (left, top, right, bottom), confidence))
    return tuple(sorted(words, key=lambda word: (word.box_mm[1] + word.box_mm[3], word.box_mm[0])))


def score_upright(words: tuple[Word, ...]) -> float:
    """How strongly the labels say that the sheet stands upright: compare the sheet's four quarter-turns by it.

    The best confidence of each lead name is counted once; I, II and III, which look the same upside down, hardly.
    """
    best: dict[str, float] = {}
    for word in words:
        weight = 0.1 if word.text in SYMMETRIC else 1.0
        best[word.text] = max(best.get(word.text, 0.0), weight * word.confidence)
    return sum(best.values())


def _scale(darkness: NDArray[np.float32], px_per_mm: tuple[float, float]) -> NDArray[np.float32]:
    """Bring the map to the network's resolution, with sides that are multiples of the stride."""
    height, width = darkness.shape
    size = max(1, round(width * PX_PER_MM / px_per_mm[0])), max(1, round(height * PX_PER_MM / px_per_mm[1]))
    shrinks = size[0] < width
    scaled = cv2.resize(darkness, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC)
    pad_y, pad_x = -scaled.shape[0] % STRIDE_PX, -scaled.shape[1] % STRIDE_PX
    return np.pad(np.clip(scaled, 0, 1), ((0, pad_y), (0, pad_x))).astype(np.float32)


def _pick(
    probability: NDArray[np.float32], sides_px: NDArray[np.float32], min_confidence: float
) -> list[tuple[str, Box, float]]:
    """Best label first, drop the candidates that lie on it, and so on."""
    names = probability[1:]
    best = names.max(axis=0)
    rows, columns = np.nonzero(best >= min_confidence)
    order = np.argsort(-best[rows, columns], kind="stable")
    found: list[tuple[str, Box, float]] = []
    for row, column in zip(rows[order], columns[order], strict=True):
        left, top, right, bottom = np.maximum(sides_px[:, row, column], 1.0)
        x, y = column * STRIDE_PX, row * STRIDE_PX
        box = (float(x - left), float(y - top), float(x + right), float(y + bottom))
        if not any(_overlaps(box, other) for _, other, _ in found):
            kind = int(names[:, row, column].argmax()) + 1
            found.append((CLASSES[kind], box, float(best[row, column])))
    return found


def _overlaps(a: Box, b: Box) -> bool:
    """True when the boxes share more than a fifth of the smaller one."""
    wide = min(a[2], b[2]) - max(a[0], b[0])
    high = min(a[3], b[3]) - max(a[1], b[1])
    smaller = min((a[2] - a[0]) * (a[3] - a[1]), (b[2] - b[0]) * (b[3] - b[1]))
    return wide > 0 and high > 0 and wide * high > 0.2 * smaller
