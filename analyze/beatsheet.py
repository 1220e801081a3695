"""Beats that were classified wrongly, drawn for a person to look at: one row of strips for each confusion."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import NDArray

from analyze.beatclass import class_of_beats
from digitize.datasets import load, mitbih

BEFORE_S, AFTER_S = 2.6, 2.0
"""What is drawn around a beat."""

_SHOWN = 12  # strips of one confusion
_MM_PER_S, _MM_PER_MV = 15.0, 6.0
_UP_MV, _DOWN_MV = 2.2, 1.6
_STYLE = (
    "body{font:9pt sans-serif;margin:8mm}figure{display:inline-block;margin:1mm 2mm;width:70mm}"
    "figcaption{color:#555}svg{background:#fdf6f4}polyline{fill:none;stroke:#222;stroke-width:.25}"
    "rect{fill:#c9372c;opacity:.15}text{font-size:3px}.w{fill:#c9372c;font-weight:bold}"
)


@dataclass(frozen=True, eq=False)
class Misread:
    """A beat that was called something else, with what is around it.

    Attributes
    ----------
    record_id : str
    at_s : float
        Its place in the record.
    true, said : str
    trace_mv : ndarray, shape (time,)
        From `BEFORE_S` before it to `AFTER_S` after; NaN beyond the record.
    fs_hz : float
    around : tuple of (float, str, str)
        Every annotated beat that is seen: seconds from this one, true class, class that was said.
    """

    record_id: str
    at_s: float
    true: str
    said: str
    trace_mv: NDArray[np.float64]
    fs_hz: float
    around: tuple[tuple[float, str, str], ...]


def find_misread(entries: Sequence[mitbih.MitbihEntry]) -> list[tuple[str, str, int, list[Misread]]]:
    """Confusions of the first lead, the commonest first: true class, class said, how many, some of them.

    Those shown are taken from the records in turn, evenly over each.
    """
    held: dict[tuple[str, str], list[list[Misread]]] = defaultdict(list)
    for entry in entries:
        by_kind: dict[tuple[str, str], list[Misread]] = defaultdict(list)
        for beat in _misread(entry):
            by_kind[beat.true, beat.said].append(beat)
        for kind, beats in by_kind.items():
            held[kind].append(beats)
    confusions = [(*kind, sum(map(len, records)), _in_turn(records)) for kind, records in held.items()]
    return sorted(confusions, key=lambda found: -found[2])


def draw_misread(confusions: list[tuple[str, str, int, list[Misread]]]) -> str:
    """The sheet as one HTML document."""
    rows = []
    for true, said, count, beats in confusions:
        strips = "".join(_draw(beat) for beat in beats)
        rows.append(f"<h2>{escape(true)} called {escape(said)}: {count} beats</h2>{strips}")
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Misread beats</title><style>{_STYLE}</style>'
        "<p>Above each beat its annotated class, and after a slash what it was called where that is another.</p>"
        f"{''.join(rows)}</html>\n"
    )


def _misread(entry: mitbih.MitbihEntry) -> list[Misread]:
    ecg, truth = load(entry), mitbih.beats(entry)
    x, r, fs_hz = ecg.signal_mv[:, 0], truth.sample, ecg.fs_hz
    said = class_of_beats(x, fs_hz, r)
    before, after = round(BEFORE_S * fs_hz), round(AFTER_S * fs_hz)
    padded = np.pad(x, (before, after), constant_values=np.nan)
    found = []
    for k in np.flatnonzero(said != truth.aami):
        near = np.flatnonzero((r >= r[k] - before) & (r <= r[k] + after))
        around = tuple((float(r[i] - r[k]) / fs_hz, str(truth.aami[i]), str(said[i])) for i in near)
        trace = padded[r[k] : r[k] + before + after + 1]
        found.append(Misread(entry.record_id, r[k] / fs_hz, str(truth.aami[k]), str(said[k]), trace, fs_hz, around))
    return found


def _in_turn(records: list[list[Misread]]) -> list[Misread]:
    """No more than `_SHOWN`, as many of each record as there is room for."""
    room = max(1, _SHOWN // len(records))
    shown: list[Misread] = []
    for beats in records[:_SHOWN]:
        places = np.linspace(0, len(beats) - 1, min(room, len(beats))).round().astype(int)
        shown.extend(beats[k] for k in places)
    return shown


def _draw(beat: Misread) -> str:
    width, height, zero = (BEFORE_S + AFTER_S) * _MM_PER_S, (_UP_MV + _DOWN_MV) * _MM_PER_MV, _UP_MV * _MM_PER_MV
    seconds = np.arange(beat.trace_mv.size) / beat.fs_hz
    seen = np.isfinite(beat.trace_mv)
    level = float(np.median(beat.trace_mv[seen]))
    y_mm = np.clip(zero - (beat.trace_mv[seen] - level) * _MM_PER_MV, 0.0, height)
    line = " ".join(f"{x:.2f},{y:.2f}" for x, y in zip(seconds[seen] * _MM_PER_S, y_mm, strict=True))
    words = []
    for at_s, true, said in beat.around:
        mark = f'<text x="{(BEFORE_S + at_s) * _MM_PER_S - 1:.2f}" y="3"' + (' class="w">' if true != said else ">")
        words.append(mark + escape(true if true == said else f"{true}/{said}") + "</text>")
    return (
        f'<figure><svg viewBox="0 0 {width:g} {height:g}"><rect x="{BEFORE_S * _MM_PER_S - 3:g}" y="0" width="6" '
        f'height="{height:g}"/><polyline points="{line}"/>{"".join(words)}</svg>'
        f"<figcaption>{escape(beat.record_id)}, {beat.at_s:.1f} s</figcaption></figure>"
    )
