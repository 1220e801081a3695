"""What the rhythm is called against the labels of PTB-XL, CinC, LUDB and MIT-BIH, as recorded or as a sheet shows it.

A label is of the whole record; where two speak of its rhythm, it counts under both. MIT-BIH is cut into strips of 10 s
that lie within one annotated rhythm, both leads of them.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from analyze.evaluate import load_ludb
from analyze.measure import measure
from analyze.rhythm import name_rhythm
from analyze.rules.words import Verdict
from analyze.shown import show_as
from digitize.datasets import Entry, cinc, load, ludb, mitbih, ptbxl
from digitize.record import LEADS, Ecg

FIBRILLATION = ("AFIB", "AFLT")
LABELS: tuple[str, ...] = (
    *FIBRILLATION, "SR", "SARRH", "SBRAD", "STACH", "SVARR", "PAC", "PVC", "BIGU", "TRIGU", "PACE", "WPW",
    "1AVB", "LPR", "2AVB", "3AVB",
)  # fmt: skip
"""Statements of PTB-XL that name a rhythm or disturb it; those of the other data sets are said with the same."""
SAID: dict[str, tuple[str, Verdict]] = {
    "AF": ("rhythm.atrial_fibrillation", "met"),
    "flutter": ("rhythm.flutter", "met"),
    "flutter?": ("rhythm.flutter", "undetermined"),
    "sinus": ("rhythm.sinus", "met"),
    "early": ("rhythm.atrial_ectopic", "met"),
    "1AVB": ("conduction.av_block_1", "met"),
    "1AVB?": ("conduction.av_block_1", "undetermined"),
    "2AVB": ("conduction.av_block_2", "met"),
    "2AVB?": ("conduction.av_block_2", "undetermined"),
    "3AVB": ("conduction.av_block_3", "met"),
    "3AVB?": ("conduction.av_block_3", "undetermined"),
}
"""Columns of the table: what is said, and whether it is met or only in doubt."""

_LUDB = {
    "atrial fibrillation": "AFIB",
    "atrial flutter": "AFLT",
    "sinus rhythm": "SR",
    "irregular sinus rhythm": "SARRH",
    "sinus arrhythmia": "SARRH",
    "sinus bradycardia": "SBRAD",
    "sinus tachycardia": "STACH",
    "wandering atrial pacemaker": "SVARR",
    "atrial extrasystole": "PAC",
    "ventricular extrasystole": "PVC",
    "i degree av block": "1AVB",
    "iii degree av-block": "3AVB",
    "unipolar ventricular pacing": "PACE",
    "bipolar ventricular pacing": "PACE",
}
_MITBIH = {
    "AFIB": "AFIB", "AFL": "AFLT", "N": "SR", "SBR": "SBRAD", "SVTA": "SVARR", "AB": "BIGU", "B": "BIGU",
    "T": "TRIGU", "P": "PACE", "PREX": "WPW", "BII": "2AVB",
}  # fmt: skip
_ALARMS = (
    ("AF", FIBRILLATION),
    ("1AVB", ("1AVB", "LPR", *FIBRILLATION)),
    ("1AVB?", ("1AVB", "LPR", *FIBRILLATION)),
    ("flutter", FIBRILLATION),
    ("2AVB", ("2AVB", "3AVB")),
    ("2AVB?", ("2AVB", "3AVB")),
    ("3AVB", ("3AVB",)),
    ("3AVB?", ("3AVB",)),
)
_STRIP_S = 10.0


@dataclass(frozen=True)
class Labelled:
    """A record, or a strip of one, before its signal is read."""

    name: str
    labels: frozenset[str]
    read: Callable[[], Ecg]


@dataclass(frozen=True)
class RhythmRow:
    """One record, or one strip of it: its labels, and which of `SAID` is said of it."""

    name: str
    labels: frozenset[str]
    said: frozenset[str]


@dataclass(frozen=True)
class RhythmBench:
    """Records in the form they were shown in."""

    form: str
    rows: tuple[RhythmRow, ...]

    def count(self, said: str, label: str) -> tuple[int, int]:
        """Records of a label of which one of `SAID` is said, and all of that label.

        A fibrillation or flutter stays out of every other label: what else is said of it is no false alarm.
        """
        rows = [
            row
            for row in self.rows
            if label in row.labels and (label in FIBRILLATION or not row.labels & set(FIBRILLATION))
        ]
        return sum(said in row.said for row in rows), len(rows)

    def others(self, said: str, *labels: str) -> tuple[int, int]:
        """Records of which one of `SAID` is said, and all, of those that have none of some labels."""
        rows = [row for row in self.rows if not row.labels & set(labels)]
        return sum(said in row.said for row in rows), len(rows)


def bench_rhythm(
    records: Sequence[Labelled], form: str = "whole", tell: Callable[[str], None] = lambda _: None
) -> RhythmBench:
    """Name the rhythm of labelled records.

    Parameters
    ----------
    records : sequence of Labelled
        From `list_rhythms`.
    form : {"whole", "3x4", "6x2", "worn"}
        See `analyze.shown.show_as`; a record without the twelve leads is shown whole.
    tell : callable, optional
        Called with each record's name when it is done.
    """
    rows = []
    for k, record in enumerate(records):
        ecg = record.read()
        if set(LEADS) <= set(ecg.leads):
            ecg = show_as(ecg, form, np.random.default_rng(k))
        found = {(f.code, f.verdict) for f in name_rhythm(measure(ecg))}
        rows.append(RhythmRow(record.name, record.labels, frozenset(s for s, pair in SAID.items() if pair in found)))
        tell(record.name)
    return RhythmBench(form, tuple(rows))


def rhythm_lines(bench: RhythmBench) -> list[str]:
    """The bench as a table: by label, of how many records each of `SAID` is said."""
    head = f"{'label':<8}{'n':>6}" + "".join(f"{said:>10}" for said in SAID)
    lines = [f"{len(bench.rows)} records, {bench.form}", head]
    for label in LABELS:
        counts = [bench.count(said, label) for said in SAID]
        if counts[0][1]:
            lines.append(f"{label:<8}{counts[0][1]:>6}" + "".join(f"{hit:>10}" for hit, _ in counts))
    for said, labels in _ALARMS:
        hit, of = bench.others(said, *labels)
        right = f"specificity {100 * (1 - hit / max(of, 1)):.1f} %"
        lines.append(f"{said:<8} of {of} without {' or '.join(labels)}: {hit}, {right}")
    return lines


def rhythm_figures(bench: RhythmBench) -> dict[str, Any]:
    """The bench for JSON."""
    held = [label for label in LABELS if bench.count("", label)[1]]
    return {
        "form": bench.form,
        "records": len(bench.rows),
        "labels": {
            label: {"records": bench.count("", label)[1]} | {said: bench.count(said, label)[0] for said in SAID}
            for label in held
        },
        "false": {
            said: dict(zip(("said", "of"), bench.others(said, *labels), strict=True)) for said, labels in _ALARMS
        },
        "rows": {row.name: {"labels": sorted(row.labels), "said": sorted(row.said)} for row in bench.rows},
    }


def list_rhythms(folder: Path) -> tuple[Labelled, ...]:
    """Records, or strips of them, of whichever data set a folder holds. Raises UnreadableFile where it holds none."""
    if (folder / "ptbxl_database.csv").is_file():
        return tuple(Labelled(e.record_id, _known(e.labels), partial(load, e)) for e in ptbxl.records(folder))
    if (folder / "ludb.csv").is_file():
        return tuple(Labelled(e.record_id, _of_ludb(e), partial(load_ludb, e)) for e in ludb.records(folder))
    if any(folder.glob("*.atr")):
        return tuple(strip for entry in mitbih.records(folder) for strip in _cut_strips(entry))
    return tuple(Labelled(e.record_id, _known(e.scp), partial(load, e)) for e in cinc.records(folder))


def draw_records(records: Sequence[Labelled], n: int, seed: int) -> tuple[Labelled, ...]:
    """Records until each label has ``n`` of them, or all that it has, in an order drawn by ``seed``."""
    shuffled = list(records)
    random.Random(seed).shuffle(shuffled)
    held: Counter[str] = Counter()
    drawn = []
    for record in shuffled:
        labels = record.labels or {""}
        if any(held[label] < n for label in labels):
            held.update(labels)
            drawn.append(record)
    return tuple(sorted(drawn, key=lambda record: record.name))


def _known(labels: Iterable[str]) -> frozenset[str]:
    return frozenset(labels) & frozenset(LABELS)


def _of_ludb(entry: ludb.LudbEntry) -> frozenset[str]:
    words = [label.lower() for label in entry.labels]
    return frozenset(label for said, label in _LUDB.items() if any(word.startswith(said) for word in words))


def _cut_strips(entry: Entry) -> list[Labelled]:
    """Strips of 10 s that lie within one annotated rhythm which has a label here."""
    strips = []
    fs_hz = load(entry).fs_hz
    length = round(_STRIP_S * fs_hz)
    for rhythm in mitbih.rhythms(entry):
        for start in range(rhythm.start, rhythm.stop - length + 1, length):
            if rhythm.name in _MITBIH:
                name = f"{entry.record_id}+{start / fs_hz:.0f}s"
                strips.append(Labelled(name, frozenset({_MITBIH[rhythm.name]}), partial(_cut, entry, start, length)))
    return strips


def _cut(entry: Entry, start: int, length: int) -> Ecg:
    ecg = _load_once(entry)
    return Ecg(ecg.signal_mv[start : start + length], ecg.fs_hz, ecg.leads)


_load_once = lru_cache(maxsize=1)(load)
