"""Known sheets laid over the lead labels: columns evenly spaced, rows at whatever heights the labels give."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from digitize.sheets import KnownSheet
from digitize.stages import Word

SPEEDS_MM_S = (25.0, 50.0, 12.5)
COLUMN_SLACK = 0.12
"""Part by which columns may be wider or narrower than their seconds at a usual paper speed."""
OTHER_COLUMN_MM = 50.0
"""Three rows of five columns, limb, chest and back leads, last 2 s each."""
ANY_COLUMN_MM = (20.0, 280.0)
"""Columns of a sheet whose seconds nobody has told: one beat, to a page's width."""
ROW_GAP_MM = (9.0, 75.0)
LABEL_DX_MM, LABEL_DY_MM = 4.5, 4.5
"""How far a label may stand from where the others of its column and of its row stand."""
SURE = 0.5
MISSING_COST = 0.35
UNEVEN_COST = 1.0
"""For a gap between rows that is twice as wide as usual."""
OFF_COST = 0.06
"""For each millimetre that a label stands beside its column."""
SYMMETRIC = frozenset({"I", "II", "III"})
"""Strokes of the grid and of QRS complexes look like these."""
SYMMETRIC_WEIGHT = 0.5
KIN_WORTH, MINUS_WORTH = 0.4, 0.7
"""What a label counts for where its neighbour's name should stand: V5 for V4, aVR for aVF are misread easily; what it
counts where only a minus sign is missing or too many."""
CONTRADICTS = 0.8
"""A label as sure as this, of another kind than should stand there, speaks against the sheet."""

Fitting = list[tuple[int, int, Word, float]]
"""Row, column, label and what it is worth there."""


@dataclass(frozen=True)
class Arrangement:
    """A known sheet laid over the labels.

    Attributes
    ----------
    sheet : KnownSheet
    x0_mm, dx_mm : float
        The label of column c begins at ``x0 + c dx``.
    rows_mm : tuple of float
        Height of each row's labels.
    matched : tuple of (int, int, Word)
        Row, column and label of those that fit.
    score : float
    """

    sheet: KnownSheet
    x0_mm: float
    dx_mm: float
    rows_mm: tuple[float, ...]
    matched: tuple[tuple[int, int, Word], ...]
    score: float

    @property
    def weight(self) -> float:
        """Sum of the confidences of the labels that fit; of mere strokes it takes two to make one."""
        return sum(
            (SYMMETRIC_WEIGHT if w.text in SYMMETRIC else 1.0) * resemble(w.text, self.sheet.rows[r][c]) * w.confidence
            for r, c, w in self.matched
        )

    @property
    def dy_mm(self) -> float:
        """Usual distance of rows; of a single row, the room it has."""
        return float(np.median(np.diff(self.rows_mm))) if len(self.rows_mm) > 1 else ROW_GAP_MM[1]


def arrange_labels(sheet: KnownSheet, labels: tuple[Word, ...], any_width: bool = False) -> Arrangement | None:
    """The placing of a known sheet that explains most labels, or None when no two agree.

    Parameters
    ----------
    sheet : KnownSheet
    labels : tuple of Word
    any_width : bool
        Columns may be of any width, not only of the sheet's seconds at a usual paper speed.

    Returns
    -------
    Arrangement or None
    """
    place = {name: (r, c) for r, row in enumerate(sheet.rows) for c, name in enumerate(row)}
    usable = [word for word in labels if word.text in place]
    best: Arrangement | None = None
    pairs = [(r, c, w, likeness) for n, (r, c) in place.items() for w in usable if (likeness := resemble(w.text, n))]
    for x0, dx in _hypotheses(sheet, [w for w in usable if w.confidence > SURE], place, any_width):
        fitting = [
            (r, c, w, (w.confidence - OFF_COST * off) * likeness)
            for r, c, w, likeness in pairs
            if (off := abs(anchor(w)[0] - x0 - c * dx)) < LABEL_DX_MM
        ]
        if best is not None and _promise(fitting, len(place)) < best.score:
            continue
        found = _stack_rows(sheet, x0, dx, fitting, None)
        if found is not None and found.score > (best.score if best else -np.inf) - 2:
            found = _stack_rows(sheet, x0, dx, fitting, found.dy_mm) or found
            if best is None or found.score > best.score:
                best = found
    return _fit_columns(best) if best else None


def _promise(fitting: Fitting, places: int) -> float:
    """The most that a placing can score: every place by its best label, wherever that stands."""
    most: dict[tuple[int, int], float] = {}
    for r, c, _, worth in fitting:
        most[r, c] = max(most.get((r, c), 0.0), worth)
    return sum(most.values()) - MISSING_COST * (places - len(most))


def count_contradictions(found: Arrangement, labels: tuple[Word, ...]) -> int:
    """Places at which a label of another kind stands where the sheet's own was not read: the leads' order differs."""
    read = {(r, c) for r, c, _ in found.matched}
    count = 0
    for r, y in enumerate(found.rows_mm):
        for c, name in enumerate(found.sheet.rows[r]):
            count += (r, c) not in read and any(
                word.confidence > CONTRADICTS
                and not resemble(word.text, name)
                and abs(anchor(word)[0] - found.x0_mm - c * found.dx_mm) < LABEL_DX_MM
                and abs(anchor(word)[1] - y) < LABEL_DY_MM
                for word in labels
            )
    return count


def resemble(text: str, name: str) -> float:
    """What a label that reads ``text`` counts for where ``name`` should stand, 0 to 1."""
    if text == name:
        return 1.0
    if text.lstrip("-") == name.lstrip("-"):
        return MINUS_WORTH
    return KIN_WORTH if _family(text) == _family(name) else 0.0


def _family(name: str) -> str:
    """I, II and III; aVR, aVL and aVF; V1 to V9; what no label names is no kin of any."""
    return "aV" if "aV" in name else name[:1] or "none"


def anchor(word: Word) -> tuple[float, float]:
    """Left edge and middle height of a label: labels of one column are set flush left."""
    left, top, _, bottom = word.box_mm
    return left, (top + bottom) / 2


def _hypotheses(
    sheet: KnownSheet, sure: list[Word], place: dict[str, tuple[int, int]], any_width: bool
) -> Iterator[tuple[float, float]]:
    """Where columns begin and how wide they are, as one label or two of different columns imply."""
    widths = [sheet.column_s * speed for speed in SPEEDS_MM_S]
    if sheet.columns > 2:
        widths.append(OTHER_COLUMN_MM)
    tried: set[tuple[int, int]] = set()
    for a in sure:
        xa, ca = anchor(a)[0], place[a.text][1]
        spacings = list(widths)
        for b in sure:
            if place[b.text][1] > ca:
                dx = (anchor(b)[0] - xa) / (place[b.text][1] - ca)
                usual = any(abs(dx / w - 1) < COLUMN_SLACK for w in widths)
                if usual or (any_width and ANY_COLUMN_MM[0] < dx < ANY_COLUMN_MM[1]):
                    spacings.append(dx)
        for dx in spacings:
            key = round(xa - ca * dx), round(2 * dx)
            if key not in tried:
                tried.add(key)
                yield xa - ca * dx, dx


Stack = tuple[float, tuple[float | None, ...]]


def _stack_rows(
    sheet: KnownSheet, x0: float, dx: float, fitting: Fitting, pitch_mm: float | None
) -> Arrangement | None:
    """The heights of the rows, from the top, at which most labels stand; rows without any lie between the others."""
    count, columns = len(sheet.rows), sheet.columns
    by_row = [[(c, w, worth) for r, c, w, worth in fitting if r == row] for row in range(count)]
    # best[row]: of all ways to stack the rows down to this one with a label in it, (score, heights).
    best: list[list[Stack]] = []
    for row in range(count):
        here: list[Stack] = []
        for height in sorted({anchor(w)[1] for _, w, _ in by_row[row]}):
            gain = _gain(by_row[row], height, columns)
            above: Stack = (-MISSING_COST * columns * row, (None,) * row)
            for before in range(row):
                steps = row - before
                for score, heights in best[before]:
                    last = heights[-1]
                    gap = (height - (last or 0.0)) / steps
                    if not ROW_GAP_MM[0] <= gap <= ROW_GAP_MM[1]:
                        continue
                    uneven = abs(gap / pitch_mm - 1) if pitch_mm else 0.0
                    total = score - MISSING_COST * columns * (steps - 1) - UNEVEN_COST * min(uneven, 1.0)
                    if total > above[0]:
                        above = total, (*heights, *(None,) * (steps - 1))
            here.append((above[0] + gain, (*above[1], height)))
        best.append(here)
    ends = [
        (score - MISSING_COST * columns * (count - 1 - row), (*heights, *(None,) * (count - 1 - row)))
        for row in range(count)
        for score, heights in best[row]
    ]
    ends = [end for end in ends if sum(h is not None for h in end[1]) >= min(2, count)]
    if not ends:
        return None
    score, heights = max(ends, key=lambda end: end[0])
    at = [r for r in range(count) if heights[r] is not None]
    known = np.array([heights[r] for r in at], float)
    slope = (known[-1] - known[0]) / (at[-1] - at[0]) if len(at) > 1 else 0.0
    rows = [float(np.interp(r, at, known) + slope * (min(r - at[0], 0) + max(r - at[-1], 0))) for r in range(count)]
    matched = []
    for r in range(count):
        for c in range(columns):
            near = [(worth, w) for col, w, worth in by_row[r] if col == c and abs(anchor(w)[1] - rows[r]) < LABEL_DY_MM]
            if near and heights[r] is not None:
                matched.append((r, c, max(near, key=lambda n: n[0])[1]))
    middles = [np.median([anchor(w)[1] for k, _, w in matched if k == r]) if r in at else rows[r] for r in range(count)]
    return Arrangement(sheet, x0, dx, tuple(float(y) for y in middles), tuple(matched), score)


def _gain(labels: list[tuple[int, Word, float]], height: float, columns: int) -> float:
    """What a row at this height explains: its best label in every column, less what is missing."""
    best: dict[int, float] = {}
    for column, word, worth in labels:
        if abs(anchor(word)[1] - height) < LABEL_DY_MM:
            best[column] = max(best.get(column, 0.0), worth)
    return sum(best.values()) - MISSING_COST * (columns - len(best))


def _fit_columns(found: Arrangement) -> Arrangement:
    """Least-squares spacing of columns through all the labels that fit; sure ones count more."""
    cols = np.array([c for _, c, _ in found.matched], float)
    x = np.array([anchor(w)[0] for _, _, w in found.matched])
    sure = np.array([w.confidence for _, _, w in found.matched])
    if len(set(cols)) > 1:
        dx, x0 = np.polyfit(cols, x, 1, w=sure)
    else:
        dx, x0 = found.dx_mm, float(np.median(x - cols * found.dx_mm))
    return Arrangement(found.sheet, float(x0), float(dx), found.rows_mm, found.matched, found.score)
