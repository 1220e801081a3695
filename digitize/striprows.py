"""Rhythm strips: rows of ink below a sheet's rows that beat or bear a label, and what they are called."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from digitize.arrange import LABEL_DX_MM, LABEL_DY_MM, SURE, SYMMETRIC, Arrangement, anchor
from digitize.sheets import KnownSheet
from digitize.stages import UNNAMED, Word

STRIP_GAP = (0.35, 1.7)
"""A strip follows the row above it at this many times the usual distance of rows."""
MIN_STRIP_COVERAGE, MIN_NAMED_COVERAGE = 0.5, 0.3
SURE_STRIP = 0.85
"""II and III are misread for each other easily: less sure than this, the usual name stands."""


@dataclass(frozen=True)
class LowerRow:
    """A row of ink below the sheet's rows: its height, its coverage (`digitize.rows`), and whether it beats."""

    y_mm: float
    coverage: float
    beats: bool


@dataclass(frozen=True)
class Strip:
    """A rhythm strip; ``sure`` says whether its name is a label that was read."""

    name: str
    baseline_mm: float
    sure: bool


def find_strips(
    found: Arrangement,
    baselines: list[float],
    lower: Sequence[LowerRow],
    labels: tuple[Word, ...],
    sheets: Sequence[KnownSheet],
) -> list[Strip]:
    """Rhythm strips below the rows, from the top; none that beats is left out.

    Parameters
    ----------
    found : Arrangement
    baselines : list of float
        Of the sheet's rows, in mm.
    lower : sequence of LowerRow
        From the top.
    labels : tuple of Word
    sheets : sequence of KnownSheet
        Those that may be meant.

    Returns
    -------
    list of Strip
        One without a sure label bears the name that a known sheet of as many strips gives it, else that of an unsure
        label, else `UNNAMED`.
    """
    offset = float(np.median([anchor(w)[1] - baselines[r] for r, _, w in found.matched] or [0.0]))
    leads = {name for row in found.sheet.rows for name in row if name}
    column = [w for w in labels if abs(anchor(w)[0] - found.x0_mm) < 1.5 * LABEL_DX_MM and w.text in leads]
    last = baselines[-1]
    rows: list[tuple[Word | None, float]] = []
    for row in lower:
        near = [w for w in column if abs(anchor(w)[1] - row.y_mm - offset) < LABEL_DY_MM]
        word = max(near, key=lambda w: w.confidence, default=None)
        inked = row.beats and row.coverage >= MIN_STRIP_COVERAGE
        if not inked and (word is None or word.confidence <= SURE):
            continue
        if row.y_mm > last + STRIP_GAP[1] * found.dy_mm:  # a footer or a frame, not the next row
            break
        if row.y_mm > last + STRIP_GAP[0] * found.dy_mm:
            rows.append((word, row.y_mm))
            last = row.y_mm
    usual = next((s.strips for s in sheets if s.rows == found.sheet.rows and len(s.strips) == len(rows)), ())
    read = [word.text if word and _is_sure(word) else "" for word, _ in rows]
    if not all(name in ("", known) for name, known in zip(read, usual, strict=False)):
        usual = ()
    names = usual or [word.text if word else UNNAMED for word, _ in rows]
    return [Strip(name, y, bool(sure)) for name, sure, (_, y) in zip(names, read, rows, strict=True)]


def _is_sure(word: Word) -> bool:
    return word.confidence > (SURE_STRIP if word.text in SYMMETRIC else SURE)
