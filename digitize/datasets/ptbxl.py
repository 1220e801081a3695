"""PTB-XL: 12-lead ECGs of 10 s with SCP-ECG statements, in the form PhysioNet publishes them.

P. Wagner et al., PTB-XL, a large publicly available electrocardiography dataset, Sci Data 7:154 (2020),
doi 10.1038/s41597-020-0495-6. ``ptbxl_database.csv`` describes the records, ``scp_statements.csv`` the statements.
"""

from __future__ import annotations

import ast
import csv
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from digitize.datasets.entry import Entry, Listing, check_found, is_whole, not_a_dataset, to_age_y
from digitize.errors import UnreadableFile
from digitize.record import Sex

NAME = "ptb-xl"
SUPERCLASSES = ("NORM", "MI", "STTC", "CD", "HYP")

_DATABASE, _STATEMENTS = "ptbxl_database.csv", "scp_statements.csv"
_SEXES: dict[str, Sex] = {"0": "male", "1": "female"}
_FILE_COLUMN = {500: "filename_hr", 100: "filename_lr"}


@dataclass(frozen=True)
class Statement:
    """What a statement means; one may be diagnosis and form at once.

    Attributes
    ----------
    code, name : str
        Such as ``"LAFB"``, ``"left anterior fascicular block"``.
    superclass, subclass : str
        Of a diagnosis, such as ``"CD"`` and ``"LAFB/LPFB"``; else empty.
    is_form, is_rhythm : bool
    """

    code: str
    name: str
    superclass: str
    subclass: str
    is_form: bool
    is_rhythm: bool


@dataclass(frozen=True)
class PtbxlEntry(Entry):
    """A record of PTB-XL; ``labels`` are all its statements.

    Attributes
    ----------
    likelihoods : mapping of str to float
        Percent by statement. 0 means that none is given, as is always so for form and rhythm.
    superclasses, subclasses, forms, rhythms : tuple of str
        What the statements come to, in alphabetical order.
    infarction_stadium : tuple of str
        As written, such as ``("Stadium II-III",)`` or ``("unknown",)``; empty without an infarction.
    report : str
        The machine's or physician's words, mostly German.
    """

    likelihoods: Mapping[str, float]
    superclasses: tuple[str, ...]
    subclasses: tuple[str, ...]
    forms: tuple[str, ...]
    rhythms: tuple[str, ...]
    infarction_stadium: tuple[str, ...]
    report: str


def records(folder: Path, fs_hz: Literal[100, 500] = 500, min_likelihood_percent: float = 0.0) -> Listing[PtbxlEntry]:
    """List the records of a folder without reading signals.

    Parameters
    ----------
    folder : Path
        With ``ptbxl_database.csv``, ``scp_statements.csv`` and ``records500/`` or ``records100/``, or parts of these.
    fs_hz : {500, 100}
        Which of the two copies of each record.
    min_likelihood_percent : float
        Diagnoses below it count in no class. 0 takes all, as the benchmark of Strodthoff et al. does
        (doi 10.1109/JBHI.2020.3022989).

    Raises
    ------
    UnreadableFile
        No PTB-XL, or a table that is damaged.
    """
    known = statements(folder)
    path = folder / _DATABASE
    if not path.is_file():
        raise not_a_dataset(NAME, _DATABASE)
    entries, missing = [], 0
    with path.open(newline="", encoding="utf-8") as file:
        for line, row in enumerate(csv.DictReader(file), start=2):
            try:
                header = folder / f"{row[_FILE_COLUMN[fs_hz]]}.hea"
                if is_whole(header):
                    entries.append(_entry(row, header, known, min_likelihood_percent))
                else:
                    missing += 1
            except (KeyError, ValueError, SyntaxError, TypeError, AttributeError) as error:
                raise UnreadableFile(f"Row {line} of {_DATABASE} is damaged.", "Fetch the file again.") from error
    check_found(len(entries), missing, NAME, f"record in {_DATABASE}")
    return Listing(tuple(entries), missing)


def statements(folder: Path) -> dict[str, Statement]:
    """The statements of ``scp_statements.csv`` by code. UnreadableFile as :func:`records`."""
    path = folder / _STATEMENTS
    if not path.is_file():
        raise not_a_dataset(NAME, _STATEMENTS)
    with path.open(newline="", encoding="utf-8") as file:
        try:
            return {row[""]: _statement(row) for row in csv.DictReader(file)}
        except KeyError as error:
            raise UnreadableFile(f"{_STATEMENTS} has no column {error}.", "Fetch the file again.") from error


def tally(listing: Listing[PtbxlEntry]) -> dict[str, Counter[str]]:
    """Records by superclass, subclass, rhythm, stage of infarction and published fold."""
    return {
        "superclass": Counter(name for entry in listing for name in entry.superclasses),
        "subclass": Counter(name for entry in listing for name in entry.subclasses),
        "rhythm": Counter(name for entry in listing for name in entry.rhythms),
        "infarction": Counter(name for entry in listing for name in entry.infarction_stadium),
        "fold": Counter(str(entry.fold) for entry in listing),
    }


def _statement(row: Mapping[str, str]) -> Statement:
    is_diagnosis = bool(row["diagnostic"])
    return Statement(
        code=row[""],
        name=row["description"],
        superclass=row["diagnostic_class"] if is_diagnosis else "",
        subclass=row["diagnostic_subclass"] if is_diagnosis else "",
        is_form=bool(row["form"]),
        is_rhythm=bool(row["rhythm"]),
    )


def _entry(
    row: Mapping[str, str], header: Path, known: Mapping[str, Statement], min_likelihood_percent: float
) -> PtbxlEntry:
    likelihoods = {str(code): float(percent) for code, percent in ast.literal_eval(row["scp_codes"]).items()}
    said = [(known[code], percent) for code, percent in likelihoods.items() if code in known]

    def names(of: Callable[[Statement], str], at_least: float = 0.0) -> tuple[str, ...]:
        return tuple(sorted({of(statement) for statement, percent in said if percent >= at_least} - {""}))

    stages = (row["infarction_stadium1"].strip(), row["infarction_stadium2"].strip())
    return PtbxlEntry(
        record_id=row["ecg_id"],
        path=header,
        patient_id=_whole_number(row["patient_id"]) or f"record {row['ecg_id']}",
        age_y=to_age_y(row["age"]),
        sex=_SEXES.get(_whole_number(row["sex"])),
        labels=tuple(likelihoods),
        fold=int(float(row["strat_fold"])) if row["strat_fold"] else None,
        likelihoods=likelihoods,
        superclasses=names(lambda statement: statement.superclass, min_likelihood_percent),
        subclasses=names(lambda statement: statement.subclass, min_likelihood_percent),
        forms=names(lambda statement: statement.code if statement.is_form else ""),
        rhythms=names(lambda statement: statement.code if statement.is_rhythm else ""),
        infarction_stadium=tuple(stage for stage in stages if stage),
        report=row["report"],
    )


def _whole_number(written: str) -> str:
    """``"15709"`` for ``"15709.0"``, as the table writes numbers."""
    return written.strip().removesuffix(".0")
