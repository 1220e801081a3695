"""LUDB: 12-lead ECGs of 10 s with onset, peak and end of every P, QRS and T, annotated lead by lead.

A. I. Kalyakulina et al., LUDB: A New Open-Access Validation Tool for Electrocardiogram Delineation Algorithms, IEEE
Access 8:186181 (2020), doi 10.1109/ACCESS.2020.3029211. ``ludb.csv`` describes the records, which lie in ``data/``.
"""

from __future__ import annotations

import csv
import warnings
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from digitize.datasets.entry import Entry, Listing, check_found, is_whole, not_a_dataset, to_age_y, to_sex
from digitize.errors import UnreadableFile
from digitize.record import LEADS

NAME = "ludb"

_TABLE = "ludb.csv"
_ABOUT = ("ID", "Sex", "Age")
_WAVES = {"p": "p", "N": "qrs", "t": "t"}


@dataclass(frozen=True)
class LudbEntry(Entry):
    """A record of LUDB; ``labels`` are all its diagnoses.

    Attributes
    ----------
    diagnoses : mapping of str to tuple of str
        By the table's columns, such as ``{"Rhythms": ("Sinus rhythm",), "Ischemia": ("STEMI: septal",)}``; columns
        without an entry are left out.
    """

    diagnoses: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, eq=False)
class Wave:
    """One kind of wave in one lead.

    Attributes
    ----------
    on_s, peak_s, off_s : ndarray, shape (wave,)
        Seconds from the start of the record; NaN where it is not annotated.
    """

    on_s: NDArray[np.float64]
    peak_s: NDArray[np.float64]
    off_s: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Fiducials:
    """The annotated waves of one lead. The first and last beat of a record are mostly not annotated."""

    p: Wave
    qrs: Wave
    t: Wave


def records(folder: Path) -> Listing[LudbEntry]:
    """List the records of a folder (``ludb.csv``, ``data/1.hea``, ...) without reading signals.

    Raises
    ------
    UnreadableFile
        No LUDB, or a table that is damaged.
    """
    path = folder / _TABLE
    if not path.is_file():
        raise not_a_dataset(NAME, _TABLE)
    entries, missing = [], 0
    with path.open(newline="", encoding="utf-8-sig") as file:
        for row in csv.DictReader(file):
            try:
                header = folder / "data" / f"{row['ID'].strip()}.hea"
                if is_whole(header):
                    entries.append(_entry(row, header))
                else:
                    missing += 1
            except (KeyError, AttributeError) as error:
                raise UnreadableFile(f"{_TABLE} is damaged.", "Fetch the file again.") from error
    check_found(len(entries), missing, NAME, f"record in {_TABLE}")
    return Listing(tuple(entries), missing)


def fiducials(entry: Entry) -> dict[str, Fiducials]:
    """Read the annotations of a record.

    Returns
    -------
    dict of str to Fiducials
        By lead, in the usual order; a lead without an annotation file is left out.

    Raises
    ------
    UnreadableFile
        An annotation file is damaged.
    """
    endings = {lead: lead.lower() for lead in LEADS}
    return {
        lead: _read_lead(entry.path, ending)
        for lead, ending in endings.items()
        if entry.path.with_suffix(f".{ending}").is_file()
    }


def tally(listing: Listing[LudbEntry]) -> dict[str, Counter[str]]:
    """Records by diagnosis, one count a column of the table."""
    counts: dict[str, Counter[str]] = {}
    for entry in listing:
        for column, names in entry.diagnoses.items():
            counts.setdefault(column, Counter()).update(names)
    return counts


def _entry(row: Mapping[str, str], header: Path) -> LudbEntry:
    diagnoses = {
        column: names
        for column, cell in row.items()
        if column not in _ABOUT and (names := tuple(line.strip() for line in cell.splitlines() if line.strip()))
    }
    return LudbEntry(
        record_id=header.stem,
        path=header,
        patient_id=header.stem,
        age_y=to_age_y(row["Age"]),
        sex=to_sex(row["Sex"]),
        labels=tuple(name for names in diagnoses.values() for name in names),
        fold=None,
        diagnoses=diagnoses,
    )


def _read_lead(header: Path, ending: str) -> Fiducials:
    """The waves of one annotation file: ``( N )``, ``( p )``, ``( t )``, where a bracket may be missing."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import wfdb

        try:
            annotations = wfdb.rdann(str(header.with_suffix("")), ending)
        except Exception as error:  # the package answers broken files with nearly any exception there is
            raise UnreadableFile(f"The annotations {header.stem}.{ending} cannot be read.") from error
    at_s = np.asarray(annotations.sample, np.float64) / annotations.fs
    symbols = ["", *annotations.symbol, ""]
    found: dict[str, list[tuple[float, float, float]]] = {"p": [], "qrs": [], "t": []}
    for k, peak_s in enumerate(at_s.tolist()):
        before, symbol, after = symbols[k : k + 3]
        if symbol in _WAVES:
            on_s = at_s[k - 1] if before == "(" else np.nan
            off_s = at_s[k + 1] if after == ")" else np.nan
            found[_WAVES[symbol]].append((on_s, peak_s, off_s))
    return Fiducials(**{name: _wave(times) for name, times in found.items()})


def _wave(times: list[tuple[float, float, float]]) -> Wave:
    table = np.array(times, np.float64).reshape(-1, 3)
    return Wave(table[:, 0], table[:, 1], table[:, 2])
