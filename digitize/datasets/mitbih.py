"""MIT-BIH Arrhythmia Database: half an hour of two leads each, with every beat and rhythm annotated.

G. B. Moody, R. G. Mark, The impact of the MIT-BIH Arrhythmia Database, IEEE Eng Med Biol 20(3):45-50 (2001),
doi 10.1109/51.932724. Classes of beats and the split by record are data: ``mitbih.toml``.
"""

from __future__ import annotations

import tomllib
import warnings
from collections import Counter
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from digitize.datasets.entry import Entry, Listing, check_found, is_whole, to_age_y, to_sex
from digitize.errors import UnreadableFile

NAME = "mit-bih"
AAMI_CLASSES = ("N", "S", "V", "F", "Q")

Split = Literal["DS1", "DS2", "paced"]

_RHYTHM_CHANGE = "+"


@dataclass(frozen=True)
class MitbihEntry(Entry):
    """A record of MIT-BIH.

    Attributes
    ----------
    split : {"DS1", "DS2", "paced"} or None
        The split by record of de Chazal et al.; the four paced records belong to neither side. None for a record that
        is not of the published 48.
    """

    split: Split | None


@dataclass(frozen=True, eq=False)
class Beats:
    """The annotated beats of a record, in order of time.

    Attributes
    ----------
    sample : ndarray of int, shape (beat,)
        Index into the record's signal.
    symbol : ndarray of str, shape (beat,)
        PhysioNet's code, such as ``"L"`` or ``"A"``.
    aami : ndarray of str, shape (beat,)
        Class of ANSI/AAMI EC57, one of ``AAMI_CLASSES``.
    """

    sample: NDArray[np.int64]
    symbol: NDArray[np.str_]
    aami: NDArray[np.str_]


@dataclass(frozen=True)
class Rhythm:
    """A stretch of one rhythm, ``start`` to ``stop`` (exclusive) in samples; ``name`` such as ``"AFIB"`` or ``"N"``."""

    start: int
    stop: int
    name: str


def records(folder: Path) -> Listing[MitbihEntry]:
    """List the records of a folder (``100.hea``, ``100.dat``, ``100.atr``, ...) without reading signals.

    Raises
    ------
    UnreadableFile
        No record of MIT-BIH.
    """
    splits = _splits()
    found = {
        header.stem for header in folder.glob("*.hea") if is_whole(header) and header.with_suffix(".atr").is_file()
    }
    missing = len(splits.keys() - found) if found else 0
    check_found(len(found), missing, NAME, "record with .hea, .dat and .atr")
    return Listing(tuple(_entry(folder / f"{name}.hea", splits.get(name)) for name in sorted(found)), missing)


def beats(entry: Entry) -> Beats:
    """Read the annotated beats; annotations that mark no beat of the five classes are left out.

    Raises
    ------
    UnreadableFile
        The annotations are damaged or gone.
    """
    classes = _classes()
    annotations = _annotations(entry)
    kept = [k for k, symbol in enumerate(annotations.symbol) if symbol in classes]
    symbols = [annotations.symbol[k] for k in kept]
    return Beats(
        sample=np.asarray(annotations.sample, np.int64)[kept],
        symbol=np.array(symbols, dtype=np.str_),
        aami=np.array([classes[symbol] for symbol in symbols], dtype=np.str_),
    )


def rhythms(entry: Entry) -> tuple[Rhythm, ...]:
    """Read the annotated rhythms; the last one ends with the record. UnreadableFile as :func:`beats`."""
    annotations = _annotations(entry)
    at = [k for k, symbol in enumerate(annotations.symbol) if symbol == _RHYTHM_CHANGE]
    starts = [int(annotations.sample[k]) for k in at]
    names = [annotations.aux_note[k].rstrip("\0").removeprefix("(") for k in at]
    with entry.path.open(encoding="utf-8", errors="replace") as header:
        length = int(header.readline().split()[3])
    return tuple(Rhythm(*stretch) for stretch in zip(starts, [*starts[1:], length], names, strict=False))


def tally(listing: Listing[MitbihEntry]) -> dict[str, Counter[str]]:
    """Beats by AAMI class, of all records and of each side of the split, and stretches by rhythm."""
    counts: dict[str, Counter[str]] = {"beats": Counter(), "beats DS1": Counter(), "beats DS2": Counter()}
    counts["rhythm"] = Counter()
    for entry in listing:
        classes = Counter(beats(entry).aami.tolist())
        counts["beats"] += classes
        if entry.split in ("DS1", "DS2"):
            counts[f"beats {entry.split}"] += classes
        counts["rhythm"].update(rhythm.name for rhythm in rhythms(entry))
    return counts


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads(files("digitize.datasets").joinpath("mitbih.toml").read_text(encoding="utf-8"))


@cache
def _classes() -> dict[str, str]:
    return {symbol: name for name, symbols in _table()["aami"].items() for symbol in symbols}


@cache
def _splits() -> dict[str, Split]:
    return {record: side for side, side_records in _table()["split"].items() for record in side_records}


def _entry(header: Path, split: Split | None) -> MitbihEntry:
    """The first comment of a header gives age and sex: ``# 69 M 1085 1629 x1``."""
    lines = header.read_text(encoding="utf-8", errors="replace").splitlines()
    words = next((line[1:].split() for line in lines if line.startswith("#")), [])
    age, sex = (*words, "", "")[:2]
    return MitbihEntry(
        record_id=header.stem,
        path=header,
        patient_id=_table()["same_patient"].get(header.stem, header.stem),
        age_y=to_age_y(age),
        sex=to_sex(sex),
        labels=(),
        fold=None,
        split=split,
    )


def _annotations(entry: Entry) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import wfdb

        try:
            return wfdb.rdann(str(entry.path.with_suffix("")), "atr")
        except Exception as error:  # the package answers broken files with nearly any exception there is
            raise UnreadableFile(f"The annotations of record {entry.record_id} cannot be read.") from error
