"""How well beats, waves and rules agree with people's annotations on public records.

Waves (LUDB): a wave found and one annotated in the same lead are the same when their peaks are each other's nearest
and lie within 150 ms (the window of Martinez et al. 2004, doi 10.1109/TBME.2003.821031). LUDB leaves the first and last
beat of a record mostly without annotation, so that what is found before the first and after the last annotated QRS
complex of a lead counts only where it is annotated. An error is found minus annotated.

Beats (MIT-BIH): the first lead alone, from the first to the last sample, against every annotated beat, 150 ms as in
ANSI/AAMI EC57; stretches of ventricular flutter, which EC57 leaves out, are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analyze.beats import find_beats
from analyze.denoise import Denoise
from analyze.waves import delineate
from digitize.datasets import load, ludb, mitbih
from digitize.record import Ecg

Floats = NDArray[np.float64]
Spans = Mapping[str, Floats]
"""Waves of one lead: ``p``, ``qrs`` and ``t``, each (wave, 3): onset, peak and end in seconds, NaN where not known."""

WINDOW_S = 0.150
WAVES: tuple[str, ...] = ("p", "qrs", "t")
ENDS: dict[str, tuple[str, int]] = {
    "P on": ("p", 0),
    "P off": ("p", 2),
    "QRS on": ("qrs", 0),
    "QRS off": ("qrs", 2),
    "T off": ("t", 2),
}
_FLUTTER = "VFL"


@dataclass(frozen=True)
class Found:
    """Waves found, made up and missed."""

    matched: int
    missed: int
    made_up: int

    @property
    def sensitivity(self) -> float:
        """Share of the annotated waves that were found."""
        return self.matched / max(self.matched + self.missed, 1)

    @property
    def ppv(self) -> float:
        """Share of the found waves that are annotated."""
        return self.matched / max(self.matched + self.made_up, 1)


@dataclass(frozen=True, eq=False)
class WaveBench:
    """Waves against annotations.

    Attributes
    ----------
    records : int
    found : dict of str to Found
        By wave (``p``, ``qrs``, ``t``), over all leads.
    error_ms : dict of str to ndarray
        By end (``"P on"`` ...), found minus annotated, over all matched waves that have both.
    misses : dict of str to Found
        QRS complexes of each record that is not perfect.
    """

    records: int
    found: dict[str, Found]
    error_ms: dict[str, Floats]
    misses: dict[str, Found]


@dataclass(frozen=True, eq=False)
class BeatBench:
    """Beats against annotations: all together, and each record by its name."""

    total: Found
    records: dict[str, Found]


def match_nearest(found: Floats, truth: Floats, within: float) -> list[tuple[int, int]]:
    """Pairs (index found, index true) that are each other's nearest and no further apart than ``within``."""
    if not found.size or not truth.size:
        return []
    apart = np.abs(found[:, None] - truth[None, :])
    best_truth, best_found = apart.argmin(axis=1), apart.argmin(axis=0)
    return [(i, int(k)) for i, k in enumerate(best_truth) if best_found[k] == i and apart[i, k] <= within]


def find_spans(ecg: Ecg) -> dict[str, Spans]:
    """Waves by lead, as `delineate` finds them."""
    return {
        lead: {
            wave: np.stack([getattr(f, name) for name in names], axis=1) / ecg.fs_hz
            for wave, names in (
                ("p", ("p_on", "p_peak", "p_off")),
                ("qrs", ("qrs_on", "r_peak", "qrs_off")),
                ("t", ("t_on", "t_peak", "t_off")),
            )
        }
        for lead, f in delineate(ecg).items()
    }


def load_ludb(entry: ludb.LudbEntry) -> Ecg:
    """A record of LUDB in millivolts.

    Its headers give every lead a gain that makes it 1 mV high; the samples themselves are microvolts: only so do they
    follow Einthoven's law from lead to lead, and have the voltages of the diagnoses.
    """
    import wfdb

    ecg, header = load(entry), wfdb.rdheader(str(entry.path.with_suffix("")))
    named = {name.lower(): k for k, name in enumerate(header.sig_name)}
    at = [named[lead.lower()] for lead in ecg.leads]
    gain, zero = np.array(header.adc_gain)[at], np.array(header.baseline)[at]
    return Ecg((ecg.signal_mv * gain + zero) / 1000.0, ecg.fs_hz, ecg.leads)


def bench_ludb(
    folder: Path, find: Callable[[Ecg], Mapping[str, Spans]] = find_spans, tell: Callable[[str], None] = lambda _: None
) -> WaveBench:
    """Score P, QRS and T of every annotated lead of LUDB.

    Parameters
    ----------
    folder : Path
        LUDB as PhysioNet publishes it.
    find : callable, optional
        What finds the waves; another program's in place of this one's.
    tell : callable, optional
        Called with each record's name when it is done.

    Returns
    -------
    WaveBench

    Raises
    ------
    UnreadableFile
        No LUDB, or damaged.
    """
    counts = {wave: np.zeros(3, dtype=int) for wave in WAVES}
    errors_ms: dict[str, list[Floats]] = {end: [] for end in ENDS}
    misses = {}
    entries = ludb.records(folder)
    for entry in entries:
        spans, qrs = find(load_ludb(entry)), np.zeros(3, dtype=int)
        for lead, truth in ludb.fiducials(entry).items():
            for wave in WAVES:
                true = getattr(truth, wave)
                pairs, count = _score_wave(spans[lead][wave], np.stack([true.on_s, true.peak_s, true.off_s], 1), truth)
                counts[wave] += count
                qrs += count if wave == "qrs" else 0
                for end, (of, k) in ENDS.items():
                    if of == wave:
                        errors_ms[end].append(1000.0 * (pairs[:, 0, k] - pairs[:, 1, k]))
        if qrs[1:].any():
            misses[entry.record_id] = Found(*qrs.tolist())
        tell(entry.record_id)
    error_ms = {end: np.concatenate(parts) for end, parts in errors_ms.items()}
    return WaveBench(
        len(entries),
        {wave: Found(*count.tolist()) for wave, count in counts.items()},
        {end: values[np.isfinite(values)] for end, values in error_ms.items()},
        misses,
    )


def _score_wave(found: Floats, true: Floats, lead: ludb.Fiducials) -> tuple[Floats, NDArray[np.int64]]:
    """Matched waves, shape (wave, 2, 3): found and true; and how many were matched, missed and made up."""
    peaks = lead.qrs.peak_s
    if not peaks.size:
        return np.zeros((0, 2, 3)), np.zeros(3, dtype=np.int64)
    first, last = peaks.min(), peaks.max()
    found = found[np.isfinite(found[:, 1])]
    pairs = match_nearest(found[:, 1], true[:, 1], WINDOW_S)
    rows = np.array([[found[i], true[k]] for i, k in pairs]).reshape(-1, 2, 3)
    inside = int(((found[:, 1] >= first) & (found[:, 1] <= last)).sum())
    # a wave beside the span, such as the last T, is matched where it is annotated but not asked for
    matched = int(((rows[:, 0, 1] >= first) & (rows[:, 0, 1] <= last)).sum())
    return rows, np.array([len(pairs), len(true) - len(pairs), inside - matched])


def bench_mitbih(
    folder: Path, denoise: Denoise = "band-pass", tell: Callable[[str], None] = lambda _: None
) -> BeatBench:
    """Score beats of the first lead of MIT-BIH, the other hidden.

    Raises
    ------
    UnreadableFile
        No MIT-BIH, or damaged.
    """
    records = {}
    for entry in mitbih.records(folder):
        ecg = load(entry)
        alone = Ecg(ecg.signal_mv[:, :1], ecg.fs_hz, ecg.leads[:1])
        flutter = [(r.start, r.stop) for r in mitbih.rhythms(entry) if r.name == _FLUTTER]
        truth = _outside(mitbih.beats(entry).sample, flutter)
        found = _outside(find_beats(alone, denoise).r, flutter)
        matched = len(match_nearest(found.astype(float), truth.astype(float), WINDOW_S * ecg.fs_hz))
        records[entry.record_id] = Found(matched, truth.size - matched, found.size - matched)
        tell(entry.record_id)
    return BeatBench(add_up(records.values()), records)


def add_up(parts: Iterable[Found]) -> Found:
    """Counts of several records together."""
    held = tuple(parts)
    return Found(sum(f.matched for f in held), sum(f.missed for f in held), sum(f.made_up for f in held))


def _outside(samples: NDArray[np.int64], spans: list[tuple[int, int]]) -> NDArray[np.int64]:
    inside = np.zeros(samples.size, dtype=bool)
    for a, b in spans:
        inside |= (samples >= a) & (samples < b)
    return np.asarray(samples[~inside], dtype=np.int64)
