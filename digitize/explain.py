"""Which sheet the lead labels are of: one that is known, one in a usual order, or one made up to suit them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from digitize.arrange import (
    LABEL_DX_MM,
    LABEL_DY_MM,
    SURE,
    SYMMETRIC,
    Arrangement,
    anchor,
    arrange_labels,
    count_contradictions,
)
from digitize.freely import arrange_freely
from digitize.sheets import KnownSheet, list_other_sheets
from digitize.stages import Word

MIN_LABELS = 3.0
"""Sum of the confidences of labels that must agree before a layout counts as read."""
CONTRADICTED = 2
"""Labels of other kinds at this many places make another sheet."""
CONTRADICTION_COST = 1.0
PLAIN = 0.85
"""A known sheet of which the labels say this part, and nothing against it, is not compared with others."""
OTHER_COST = 0.5
"""For a sheet that is not among the known ones."""
EXPLAINED = 0.6
"""Part of the names read surely anywhere on the page, strokes apart, that a sheet must have in their places."""
MIN_EXTRA = 2
"""Labels that a column beyond the sheet's own must have."""


def explain_labels(
    sheets: Sequence[KnownSheet], labels: tuple[Word, ...], only_known: bool = False
) -> tuple[Arrangement, ...]:
    """Sheets that may be what the labels are of, the best first.

    Parameters
    ----------
    sheets : sequence of KnownSheet
        Those that are known; each body once.
    labels : tuple of Word
    only_known : bool
        Nothing but these.

    Returns
    -------
    tuple of Arrangement
        Those whose labels are enough; empty when none is. Columns beyond those of the sheet, as of right and back
        leads, are added to it.
    """
    known = [a for sheet in sheets if (a := arrange_labels(sheet, labels))]
    best = max(known, key=lambda a: a.score, default=None)
    if not only_known and (best is None or not _is_plain(best, labels)):
        for sheet in list_other_sheets():
            if found := arrange_labels(sheet, labels, any_width=True):
                known.append(replace(found, score=found.score - OTHER_COST))
        if free := arrange_freely(labels):
            known.append(free)
    wrong = {id(a): count_contradictions(a, labels) for a in known}
    fit = [a for a in known if a.weight >= MIN_LABELS and wrong[id(a)] < CONTRADICTED and _fits(a, labels)]
    fit.sort(key=lambda a: CONTRADICTION_COST * wrong[id(a)] - a.score)
    return tuple(add_columns(found, labels) for found in fit)


def _fits(found: Arrangement, labels: tuple[Word, ...]) -> bool:
    """True when the sheet explains most leads named on the page: words of a text or an axis are no sheet's labels."""
    named = {w.text for w in labels if w.confidence > SURE and w.text not in SYMMETRIC}
    explained = {w.text for _, _, w in found.matched} & named
    return len(explained) >= EXPLAINED * len(named)


def _is_plain(found: Arrangement, labels: tuple[Word, ...]) -> bool:
    full = sum(0.5 if name in SYMMETRIC else 1.0 for row in found.sheet.rows for name in row)
    misread = sum(w.text != found.sheet.rows[r][c] for r, c, w in found.matched)
    return misread == 0 and found.weight >= PLAIN * full and not count_contradictions(found, labels)


def add_columns(found: Arrangement, labels: tuple[Word, ...]) -> Arrangement:
    """The sheet with the columns beside its own in which labels of other leads stand at its rows' heights.

    A place of such a column whose label was not read has no name.
    """
    for beyond in (found.sheet.columns, -1):
        names = {name for row in found.sheet.rows for name in row}
        cells: dict[int, Word] = {}
        for word in labels:
            x_mm, y_mm = anchor(word)
            row = min(range(len(found.rows_mm)), key=lambda r: abs(found.rows_mm[r] - y_mm))
            at = abs(x_mm - found.x0_mm - beyond * found.dx_mm) < LABEL_DX_MM
            near = at and abs(found.rows_mm[row] - y_mm) < LABEL_DY_MM and word.confidence > SURE
            better = row not in cells or word.confidence > cells[row].confidence
            if near and better and word.text not in SYMMETRIC and word.text not in names:
                cells[row] = word
        if len(cells) < min(MIN_EXTRA, len(found.rows_mm)) or len(found.rows_mm) == 1:
            continue
        for row, word in sorted(cells.items(), key=lambda cell: cell[1].confidence):  # each lead once, the surest
            if any(other.text == word.text and r != row for r, other in cells.items()):
                del cells[row]
        added = [cells[r].text if r in cells else "" for r in range(len(found.rows_mm))]
        left = beyond < 0
        rows = tuple((name, *row) if left else (*row, name) for name, row in zip(added, found.sheet.rows, strict=True))
        matched = tuple((r, c + left, w) for r, c, w in found.matched)
        more = tuple((r, 0 if left else beyond, w) for r, w in cells.items())
        sheet = replace(found.sheet, rows=rows)
        x0_mm = found.x0_mm - left * found.dx_mm
        found = replace(found, sheet=sheet, x0_mm=x0_mm, matched=(*matched, *more))
    return found
