"""Which way up the page lies, and whether it is seen in a mirror: as its lead labels can be read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from digitize.flatten import turn_lattice, turn_sheet
from digitize.labels import find_labels, score_upright
from digitize.record import Note
from digitize.stages import Ink, Lattice, Sheet, Word

CLEAR = 5.0
"""Score at which the first turn tried is taken without a look at the others: seven or more names read surely."""
CLEARER = 0.25
"""By how much more than upside down a page must read the other way to be turned so: I, II and III read both ways."""
POOR = 2.5
"""A page on which no turn reads better than this is looked at in a mirror too: letters that are their own mirror image,
and strokes, make as much."""


def turn_upright(
    lattice: Lattice, sheet: Sheet, ink: Ink
) -> tuple[Lattice, Sheet, Ink, tuple[Word, ...], tuple[Note, ...]]:
    """Turn the page, and mirror it, so that its labels read, and return them.

    Parameters
    ----------
    lattice : Lattice
    sheet : Sheet
    ink : Ink

    Returns
    -------
    Lattice, Sheet, Ink, tuple of Word, tuple of Note
        All turned alike, the labels found, and a note when the picture was mirrored.
    """
    score, turn, words = _try_turns(ink.trace, sheet.px_per_mm)
    mirrored: tuple[Note, ...] = ()
    if score < POOR:
        other_score, other_turn, other_words = _try_turns(ink.trace[:, ::-1], sheet.px_per_mm)
        if other_score > max(POOR, 2 * score):
            turn, words = other_turn, other_words
            lattice, sheet, ink = (
                mirror_lattice(lattice),
                mirror_sheet(sheet),
                _change(ink, lambda plane: plane[:, ::-1]),
            )
            message = "The picture shows the page in a mirror; it was turned back."
            mirrored = (Note("mirrored", "warning", message, "Compare the overlay with the page."),)
    if turn:
        lattice, sheet = turn_lattice(lattice, turn), turn_sheet(sheet, turn)
        ink = _change(ink, lambda plane: np.rot90(plane, turn))
    return lattice, sheet, ink, words, mirrored


def mirror_lattice(lattice: Lattice) -> Lattice:
    """The same paper with x running the other way."""
    return replace(
        lattice,
        nodes_px=np.ascontiguousarray(lattice.nodes_px[:, ::-1]),
        seen=np.ascontiguousarray(lattice.seen[:, ::-1]),
    )


def mirror_sheet(sheet: Sheet) -> Sheet:
    """The sheet mirrored as `mirror_lattice` mirrors its lattice."""
    return replace(
        sheet, rgb=np.ascontiguousarray(sheet.rgb[:, ::-1]), valid=np.ascontiguousarray(sheet.valid[:, ::-1])
    )


def _try_turns(trace: NDArray[np.float32], px_per_mm: tuple[float, float]) -> tuple[float, int, tuple[Word, ...]]:
    """The quarter turn at which most labels read: its score, how many quarters, and the labels."""
    best: tuple[float, int, tuple[Word, ...]] = -1.0, 0, ()
    for quarters in (0, 2, 1, 3):
        scale = px_per_mm[::-1] if quarters % 2 else px_per_mm
        words = find_labels(np.ascontiguousarray(np.rot90(trace, quarters)), scale)
        score = score_upright(words)
        opposite = abs(best[1] - quarters) == 2
        if score > best[0] + (CLEARER if opposite else 0):
            best = score, quarters, words
        if quarters == 0 and score >= CLEAR:
            break
    return best


def _change(ink: Ink, how: Callable[[NDArray[np.float32]], NDArray[np.float32]]) -> Ink:
    """Every plane of the ink moved alike."""
    return Ink(*(np.ascontiguousarray(how(plane)) for plane in (ink.trace, ink.sure)))
