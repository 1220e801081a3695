"""Which way up the page lies: the quarter turn at which the lead labels can be read."""

from __future__ import annotations

import numpy as np

from digitize.flatten import turn_lattice, turn_sheet
from digitize.labels import find_labels, score_upright
from digitize.stages import Ink, Lattice, Sheet, Word

CLEAR = 5.0
"""Score at which the first turn tried is taken without a look at the others: seven or more names read surely."""


def turn_upright(lattice: Lattice, sheet: Sheet, ink: Ink) -> tuple[Lattice, Sheet, Ink, tuple[Word, ...]]:
    """Turn the page so that its labels read, and return them.

    Parameters
    ----------
    lattice : Lattice
    sheet : Sheet
    ink : Ink

    Returns
    -------
    Lattice, Sheet, Ink, tuple of Word
        All turned alike, and the labels found.
    """
    best_turn, best_score = 0, -1.0
    best_words: tuple[Word, ...] = ()
    for quarters in (0, 2, 1, 3):
        px_per_mm = sheet.px_per_mm[::-1] if quarters % 2 else sheet.px_per_mm
        words = find_labels(np.ascontiguousarray(np.rot90(ink.trace, quarters)), px_per_mm)
        score = score_upright(words)
        if score > best_score:
            best_turn, best_words, best_score = quarters, words, score
        if quarters == 0 and score >= CLEAR:
            break
    if best_turn:
        lattice, sheet = turn_lattice(lattice, best_turn), turn_sheet(sheet, best_turn)
        ink = Ink(
            *(np.ascontiguousarray(np.rot90(plane, best_turn)) for plane in (ink.trace, ink.grid, ink.print, ink.sure))
        )
    return lattice, sheet, ink, best_words
