"""A record of a data set before its signal is read: where it lies, whose it is, and what it is labelled with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from digitize.errors import UnreadableFile
from digitize.formats import read_ecg
from digitize.record import Ecg, Sex

OVER_89_Y = 90.0
"""The age given to patients whom a data set calls only "over 89": PTB-XL writes 300 for them, others ``>89``."""

_PTBXL_OVER_89 = 300.0
_OLDEST_Y = 120.0
_SEXES: dict[str, Sex] = {"m": "male", "male": "male", "f": "female", "female": "female"}


@dataclass(frozen=True)
class Entry:
    """One record; light enough to hold a whole data set of them.

    Attributes
    ----------
    record_id : str
        The data set's own name for it.
    path : Path
        Its WFDB header.
    patient_id : str
        The same for all records of one person. Where the data set does not say, every record stands for itself.
    age_y : float or None
        ``OVER_89_Y`` for those who are over 89; None where it is not known.
    sex : {"female", "male"} or None
    labels : tuple of str
        What the data set says of it, in the data set's own codes or words; empty for MIT-BIH, which labels beats.
    fold : int or None
        The fold that was published with it, if one was.
    """

    record_id: str
    path: Path
    patient_id: str
    age_y: float | None
    sex: Sex | None
    labels: tuple[str, ...]
    fold: int | None


E = TypeVar("E", bound=Entry)


@dataclass(frozen=True)
class Listing(Generic[E]):
    """The records of a folder.

    Attributes
    ----------
    entries : tuple of Entry
        Those whose files are here, in the data set's order.
    missing : int
        Records which the folder's own lists name, but whose files are not here: a part of a data set is no error.
    """

    entries: tuple[E, ...]
    missing: int

    def __iter__(self) -> Iterator[E]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def __getitem__(self, index: int) -> E:
        return self.entries[index]


def load(entry: Entry) -> Ecg:
    """Read the signal of a record.

    Returns
    -------
    Ecg
        A 12-lead record as the twelve leads in the usual order, those derived that its file leaves out; millivolts, at
        the record's own rate.

    Raises
    ------
    UnreadableFile
        Damaged, or gone since it was listed.
    """
    return read_ecg(entry.path)


def is_whole(header: Path, ending: str = ".dat") -> bool:
    """Whether header and samples are both there."""
    return header.is_file() and header.with_suffix(ending).is_file()


def to_age_y(written: str) -> float | None:
    """Years of an age as data sets write it (``"56.0"``, ``"300"``, ``">89"``, ``"NaN"``, ``""``, ``"-1"``)."""
    text = written.strip()
    if text.replace(" ", "") == ">89":
        return OVER_89_Y
    try:
        age_y = float(text)
    except ValueError:
        return None
    if age_y == _PTBXL_OVER_89:
        return OVER_89_Y
    return age_y if 0 <= age_y <= _OLDEST_Y else None


def to_sex(written: str) -> Sex | None:
    """``"male"`` or ``"female"`` of a sex as data sets write it (``"M"``, ``"Female"``, ``"Unknown"``, ...)."""
    return _SEXES.get(written.strip().lower())


def check_found(entries: int, missing: int, name: str, sign: str) -> None:
    """Raise UnreadableFile where a folder holds no record of the data set ``name``, which is known by ``sign``."""
    if entries:
        return
    if missing:
        message = f"The folder lists {missing} records of {name}, but holds the files of none."
        raise UnreadableFile(message, f"Run `paperbeat data get {name} --to DIR`: it fetches what is missing.")
    raise not_a_dataset(name, sign)


def not_a_dataset(name: str, sign: str) -> UnreadableFile:
    """The error for a folder that is not the data set ``name``, which is known by ``sign``."""
    return UnreadableFile(
        f"The folder is no copy of {name}: it has no {sign}.",
        f"Give a folder in the form in which PhysioNet publishes it; `paperbeat data get {name} --to DIR` fetches it.",
    )
