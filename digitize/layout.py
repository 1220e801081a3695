"""Which lead is printed where: the joint explanation of lead labels, rows of ink and separators by a known sheet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from digitize.errors import UnknownLayout
from digitize.rows import find_rows, measure_coverage
from digitize.separators import find_boundary_shift
from digitize.sheets import KnownSheet, load_layouts
from digitize.stages import Layout, Panel, Word

USUAL_SPEED_MM_S = 25.0
SPEEDS_MM_S = (25.0, 50.0, 12.5)
COLUMN_SLACK = 0.12
"""Part by which columns may be wider or narrower than their seconds at a usual paper speed."""
ROW_GAP_MM = (9.0, 75.0)
LABEL_DX_MM, LABEL_DY_MM = 6.0, 5.0
"""How far a label may stand from where the others say it should."""
LABEL_REACH_MM = 14.0
"""How far above or below the baseline labels stand."""
LABEL_LEAD_IN_MM = 1.0
"""A label's left edge stands this far right of where its panel begins, when no separator says better."""
MIN_LABELS = 3.0
"""Sum of the confidences of labels that must agree before a layout counts as read."""
SURE = 0.5
MISSING_COST = 0.35


@dataclass(frozen=True)
class Arrangement:
    """A known sheet laid over the labels: label of row r, column c near ``(x0 + c dx, y0 + r dy)``, in mm."""

    sheet: KnownSheet
    x0_mm: float
    dx_mm: float
    y0_mm: float
    dy_mm: float
    matched: tuple[tuple[int, int, Word], ...]
    score: float

    @property
    def weight(self) -> float:
        """Sum of the confidences of the labels that fit."""
        return sum(word.confidence for _, _, word in self.matched)


def recognise_layout(
    trace: NDArray[np.float32], px_per_mm: tuple[float, float], labels: tuple[Word, ...], hint: str | None = None
) -> Layout:
    """Explain the sheet.

    Parameters
    ----------
    trace : ndarray of float32, shape (H, W)
    px_per_mm : (float, float)
    labels : tuple of Word
        Lead labels found anywhere on the upright sheet.
    hint : str, optional
        Name of the layout, when a person has named it.

    Returns
    -------
    Layout
        Panels with the heights of their rows and where they begin and end.

    Raises
    ------
    UnknownLayout
        When too few labels agree on any known sheet, or the hint is not the name of one.
    """
    known = load_layouts()
    if hint is not None and hint not in known:
        raise UnknownLayout(f"No layout is called {hint!r}.", f"Known layouts: {', '.join(known)}.")
    sheets = [known[hint]] if hint else list(known.values())
    bodies = {sheet.rows: sheet for sheet in sorted(sheets, key=lambda s: -len(s.strips))}
    arrangements = [a for sheet in bodies.values() if (a := arrange_labels(sheet, labels))]
    best = max(arrangements, key=lambda a: a.score, default=None)
    if best is None or best.weight < (MIN_LABELS if hint is None else 1.5):
        raise UnknownLayout("The lead labels could not be read well enough to say which lead is which.")
    coverage = measure_coverage(trace, px_per_mm)
    baselines = place_rows(best, coverage, px_per_mm[1])
    strips = find_strips(best, baselines, coverage, px_per_mm[1], labels, sheets, bool(hint))
    return lay_panels(best, baselines, strips, trace, px_per_mm, "hint" if hint else "labels")


def arrange_labels(sheet: KnownSheet, labels: tuple[Word, ...]) -> Arrangement | None:
    """The placing of a known sheet that explains most labels, or None when no two agree."""
    place = {name: (r, c) for r, row in enumerate(sheet.rows) for c, name in enumerate(row)}
    usable = [word for word in labels if word.text in place]
    best: Arrangement | None = None
    for x0, dx, y0, dy in _hypotheses(sheet, [w for w in usable if w.confidence > SURE], place):
        found: dict[tuple[int, int], Word] = {}
        for word in usable:
            r, c = place[word.text]
            x, y = _anchor(word)
            near = abs(x - x0 - c * dx) < LABEL_DX_MM and abs(y - y0 - r * dy) < LABEL_DY_MM
            if near and ((r, c) not in found or found[r, c].confidence < word.confidence):
                found[r, c] = word
        score = sum(w.confidence for w in found.values()) - MISSING_COST * (len(place) - len(found))
        if best is None or score > best.score:
            matched = tuple((r, c, w) for (r, c), w in sorted(found.items()))
            best = Arrangement(sheet, x0, dx, y0, dy, matched, score)
    return _fit(best) if best else None


def _hypotheses(
    sheet: KnownSheet, sure: list[Word], place: dict[str, tuple[int, int]]
) -> Iterator[tuple[float, float, float, float]]:
    """Spacings that two labels, not in the same row, and three where one of them is not in the same column, imply."""
    widths = [sheet.column_s * speed for speed in SPEEDS_MM_S]
    for a, b in permutations(sure, 2):
        (ra, ca), (rb, cb) = place[a.text], place[b.text]
        (xa, ya), (xb, yb) = _anchor(a), _anchor(b)
        if rb <= ra:
            continue
        dy = (yb - ya) / (rb - ra)
        if not ROW_GAP_MM[0] <= dy <= ROW_GAP_MM[1]:
            continue
        if ca == cb:
            spacings = [w for w in widths if abs(xb - xa) < LABEL_DX_MM]
        else:
            dx = (xb - xa) / (cb - ca)
            spacings = [dx] if any(abs(dx / w - 1) < COLUMN_SLACK for w in widths) else []
        for dx in spacings:
            yield xa - ca * dx, dx, ya - ra * dy, dy


def _anchor(word: Word) -> tuple[float, float]:
    """Left edge and middle height of a label: labels of one column are set flush left."""
    left, top, _, bottom = word.box_mm
    return left, (top + bottom) / 2


def _fit(found: Arrangement) -> Arrangement:
    """Least-squares spacings through all the labels that fit."""
    rows = np.array([r for r, _, _ in found.matched], float)
    cols = np.array([c for _, c, _ in found.matched], float)
    xy = np.array([_anchor(w) for _, _, w in found.matched])
    x0, dx, y0, dy = found.x0_mm, found.dx_mm, found.y0_mm, found.dy_mm
    if len(set(cols)) > 1:
        dx, x0 = np.polyfit(cols, xy[:, 0], 1)
    else:
        x0 = float(np.median(xy[:, 0] - cols * dx))
    if len(set(rows)) > 1:
        dy, y0 = np.polyfit(rows, xy[:, 1], 1)
    return Arrangement(found.sheet, float(x0), float(dx), float(y0), float(dy), found.matched, found.score)


def place_rows(found: Arrangement, coverage: NDArray[np.float64], px_per_mm: float) -> list[float]:
    """Baselines of the sheet's rows, in mm: the labels stand at one distance from all of them."""
    n = len(found.sheet.rows)
    reach = min(LABEL_REACH_MM, 0.48 * found.dy_mm)
    offsets = np.arange(-reach, reach + 0.1, 0.2)
    heights = found.y0_mm + found.dy_mm * np.arange(n)
    smooth = np.convolve(coverage, np.hanning(int(3 * px_per_mm) | 1) / (1.5 * px_per_mm), mode="same")
    at = np.arange(len(smooth)) / px_per_mm
    sums = [np.interp(heights - o, at, smooth, left=0, right=0).sum() - 0.004 * abs(o) for o in offsets]
    expected = heights - offsets[int(np.argmax(sums))]
    reach_mm = min(4.0, 0.25 * found.dy_mm)
    baselines = []
    for height in expected:
        near = np.abs(at - height) <= reach_mm
        baselines.append(float(at[near][np.argmax(coverage[near])]) if near.any() else float(height))
    return baselines


def find_strips(
    found: Arrangement,
    baselines: list[float],
    coverage: NDArray[np.float64],
    px_per_mm: float,
    labels: tuple[Word, ...],
    sheets: list[KnownSheet],
    hinted: bool,
) -> list[tuple[str, float]]:
    """Rhythm strips below the rows: name and baseline of each; a strip nobody names is named ''."""
    below = [
        y
        for y in find_rows(coverage, px_per_mm)
        if baselines[-1] + 0.45 * found.dy_mm < y < baselines[-1] + (1.7 + 3) * found.dy_mm
    ]
    strips = []
    last = baselines[-1]
    for y in below:
        if y - last > 1.7 * found.dy_mm:  # a footer or a frame, not the next row
            break
        strips.append(y)
        last = y
    offset = float(np.median([_anchor(w)[1] - baselines[r] for r, _, w in found.matched]))
    usual = [s.strips for s in sheets if s.rows == found.sheet.rows and (hinted or len(s.strips) == len(strips))]
    names = list(usual[0]) if usual else [""] * len(strips)
    if hinted:
        strips = strips[: len(names)]
    named = []
    for y, name in zip(strips, names, strict=False):
        near = [
            w
            for w in labels
            if abs(_anchor(w)[0] - found.x0_mm) < 1.5 * LABEL_DX_MM and abs(_anchor(w)[1] - y - offset) < LABEL_DY_MM
        ]
        best = max(near, key=lambda w: w.confidence, default=None)
        named.append((best.text if best and best.confidence > SURE else name, y))
    return [(name, y) for name, y in named if name in {n for row in found.sheet.rows for n in row}]


def lay_panels(
    found: Arrangement,
    baselines: list[float],
    strips: list[tuple[str, float]],
    trace: NDArray[np.float32],
    px_per_mm: tuple[float, float],
    source: str,
) -> Layout:
    """Panels with their beginnings and ends: boundaries where separators stand, else by the labels."""
    columns = found.sheet.columns
    width_mm = trace.shape[1] / px_per_mm[0]
    dx = found.dx_mm
    speed = min(SPEEDS_MM_S, key=lambda s: abs(np.log(dx / (found.sheet.column_s * s))))
    nominal = found.sheet.column_s * speed
    if columns == 1 or abs(dx / nominal - 1) < 0.03:
        dx = nominal  # labels stand within a millimetre or two; the paper speed is surer than that
    guess = found.x0_mm - LABEL_LEAD_IN_MM + dx * np.arange(columns)
    shift = find_boundary_shift(trace, px_per_mm, guess[1:], baselines) if columns > 1 else 0.0
    starts = guess + shift
    start_s = found.sheet.column_s * speed / USUAL_SPEED_MM_S
    panels = []
    for r, (row, y) in enumerate(zip(found.sheet.rows, baselines, strict=True)):
        for c, name in enumerate(row):
            span = (float(max(starts[c], 0)), float(min(starts[c] + dx, width_mm)))
            panels.append(Panel(name, r, c, span, y, c * start_s))
    for k, (name, y) in enumerate(strips):
        span = (float(max(starts[0], 0)), float(min(starts[-1] + dx, width_mm)))
        panels.append(Panel(name, len(baselines) + k, 0, span, y, 0.0, strip=True))
    name = _name_sheet(found.sheet, len(strips))
    confidence = float(np.clip(found.weight / (len(found.sheet.rows) * columns), 0, 1))
    return Layout(name, tuple(panels), source, confidence)


def _name_sheet(sheet: KnownSheet, strips: int) -> str:
    base = f"{len(sheet.rows)}x{sheet.columns}"
    return f"{base}+{strips}" if strips else base
