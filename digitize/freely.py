"""A sheet that nobody has described: rows and columns as the labels themselves stand, evenly spaced."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from digitize.arrange import (
    ANY_COLUMN_MM,
    LABEL_DX_MM,
    LABEL_DY_MM,
    MISSING_COST,
    OFF_COST,
    ROW_GAP_MM,
    SURE,
    SYMMETRIC,
    Arrangement,
    anchor,
)
from digitize.record import LEADS
from digitize.sheets import PAGE_S, KnownSheet
from digitize.stages import Word

MAX_COLUMNS = 6
MOST_LABELS = 48
"""More are not looked at: the surest are taken."""
STROKE_WEIGHT = 0.8
FREE_COST = 1.0
"""For a sheet that is made up to suit the labels."""
ODD_COST = 2.0
"""For a set of leads that nobody prints: neither all twelve, nor the limb or the chest leads."""
UNNAMED_COST = 0.4
"""For a place whose label was not read, on top of what is missing: nobody can say which lead it is."""
LONE_COST = 0.5
"""For a row of a sheet with several columns that rests on one label alone."""
_LIMB = frozenset({"I", "II", "III", "aVR", "aVL", "aVF"})
_CHEST = frozenset({"V1", "V2", "V3", "V4", "V5", "V6"})

Cells = dict[tuple[int, int], Word]


def arrange_freely(labels: tuple[Word, ...]) -> Arrangement | None:
    """Rows and evenly spaced columns that explain most labels, each lead named once.

    Parameters
    ----------
    labels : tuple of Word

    Returns
    -------
    Arrangement or None
        Its sheet has an empty name where no label was read. None when there is no sure label.
    """
    sure = sorted((w for w in labels if w.confidence > SURE), key=lambda w: -_worth(w, 0.0))[:MOST_LABELS]
    best: tuple[float, Cells, float, float] | None = None
    for x0, dx in _list_columns(sure):
        cells, score = _fill_cells(sure, x0, dx)
        if cells and (best is None or score > best[0]):
            best = score, cells, x0, dx
    return _lay_out(*best) if best else None


def _worth(word: Word, off_mm: float) -> float:
    return (STROKE_WEIGHT if word.text in SYMMETRIC else 1.0) * word.confidence - OFF_COST * off_mm


def _list_columns(sure: list[Word]) -> Iterator[tuple[float, float]]:
    """Where columns may stand: through one label alone, or through two of one row with up to two columns between."""
    tried: set[tuple[int, int]] = set()
    for a in sure:
        xa, ya = anchor(a)
        yield xa, float(ANY_COLUMN_MM[1])
        for b in sure:
            xb, yb = anchor(b)
            if xb - xa < ANY_COLUMN_MM[0] or abs(yb - ya) > LABEL_DY_MM:
                continue
            for steps in (1, 2, 3):
                dx = (xb - xa) / steps
                key = round((xa % dx) / 2), round(2 * dx)
                if dx > ANY_COLUMN_MM[0] and key not in tried:
                    tried.add(key)
                    yield xa, dx


def _fill_cells(sure: list[Word], x0: float, dx: float) -> tuple[Cells, float]:
    """The labels that stand on these columns, row by row, and what they are worth less what is missing.

    Keys are row and column; rows from 0, columns as they come.
    """
    at = []
    for word in sure:
        column = round((anchor(word)[0] - x0) / dx)
        off = abs(anchor(word)[0] - x0 - column * dx)
        if off < LABEL_DX_MM and abs(column) < MAX_COLUMNS:
            at.append((anchor(word)[1], column, word, _worth(word, off)))
    rows = _group_rows(at)
    names: set[str] = set()
    cells: Cells = {}
    worth: dict[tuple[int, int], float] = {}
    for value, row, column, word in sorted(
        ((v, r, c, w) for r, members in enumerate(rows) for _, c, w, v in members), key=lambda e: (-e[0], e[1], e[2])
    ):
        if (row, column) not in cells and word.text.lstrip("-") not in names and value > 0:
            cells[row, column], worth[row, column] = word, value
            names.add(word.text.lstrip("-"))
    return _choose_block(cells, worth)


def _group_rows(
    at: list[tuple[float, int, Word, float]],
) -> list[list[tuple[float, int, Word, float]]]:
    """Labels of about one height together, from the top."""
    rows: list[list[tuple[float, int, Word, float]]] = []
    for entry in sorted(at, key=lambda e: e[0]):
        if rows and entry[0] - float(np.mean([e[0] for e in rows[-1]])) < LABEL_DY_MM:
            rows[-1].append(entry)
        else:
            rows.append([entry])
    return rows


def _choose_block(cells: Cells, worth: dict[tuple[int, int], float]) -> tuple[Cells, float]:
    """The columns and rows that are worth more than they lack."""
    best: tuple[Cells, float] = {}, -np.inf
    columns = sorted({c for _, c in cells})
    for first in columns:
        for last in (c for c in columns if first <= c < first + MAX_COLUMNS):
            count = last - first + 1
            kept: Cells = {}
            score = -FREE_COST
            previous_mm = -np.inf
            for row in sorted({r for r, _ in cells}):
                here = [key for key in cells if key[0] == row and first <= key[1] <= last]
                gain = sum(worth[key] for key in here) - (MISSING_COST + UNNAMED_COST) * (count - len(here))
                gain -= LONE_COST if len(here) < 2 <= count else 0.0
                height = float(np.mean([anchor(cells[key])[1] for key in here])) if here else 0.0
                if gain > 0 and height - previous_mm >= ROW_GAP_MM[0]:
                    score += gain
                    kept |= {key: cells[key] for key in here}
                    previous_mm = height
            names = {word.text.lstrip("-") for word in kept.values()}
            if len(names) > 3 and names & (_LIMB | _CHEST) not in (_LIMB, _CHEST, _LIMB | _CHEST):
                score -= ODD_COST
            if {c for _, c in kept} >= {first, last} and score > best[1]:
                best = kept, score
    return best


def _lay_out(score: float, cells: Cells, x0: float, dx: float) -> Arrangement:
    rows, first = sorted({r for r, _ in cells}), min(c for _, c in cells)
    count = max(c for _, c in cells) - first + 1
    body = tuple(tuple(cells[r, c].text if (r, c) in cells else "" for c in range(first, first + count)) for r in rows)
    body = name_last(body)
    matched = tuple((rows.index(r), c - first, word) for (r, c), word in sorted(cells.items(), key=lambda e: e[0]))
    heights = tuple(float(np.median([anchor(w)[1] for k, _, w in matched if k == r])) for r in range(len(rows)))
    found = Arrangement(KnownSheet("", body, (), PAGE_S / count), x0 + first * dx, dx, heights, matched, score)
    if count == 1:
        return replace(found, x0_mm=float(np.median([anchor(w)[0] for _, _, w in matched])))
    columns, x = np.array([c for _, c, _ in matched]), np.array([anchor(w)[0] for _, _, w in matched])
    slope, start = np.polyfit(columns, x, 1)
    return replace(found, x0_mm=float(start), dx_mm=float(slope))


def name_last(body: tuple[tuple[str, ...], ...]) -> tuple[tuple[str, ...], ...]:
    """The rows with the one lead of the twelve that is not among them in the one place that has no name."""
    names = [name.lstrip("-") for row in body for name in row]
    left = [lead for lead in LEADS if lead not in names]
    if names.count("") != 1 or len(left) != 1:
        return body
    return tuple(tuple(name or left[0] for name in row) for row in body)
