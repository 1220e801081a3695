"""PhysioNet/CinC Challenges 2020 and 2021: 12-lead ECGs of many hospitals, labelled with SNOMED CT codes.

M. A. Reyna et al., Will Two Do? Varying Dimensions in Electrocardiography: The PhysioNet/Computing in Cardiology
Challenge 2021, doi 10.23919/CinC53138.2021.9662687. Codes, names and what PTB-XL calls the same: ``snomed.toml``.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from digitize.datasets.entry import Entry, Listing, check_found, is_whole, to_age_y, to_sex

NAME = "cinc"

_FIELD = re.compile(r"^#\s*(Age|Sex|Dx)\s*:(.*)$", re.IGNORECASE)
_NORMAL = ("SR",)


@dataclass(frozen=True)
class Snomed:
    """A statement of the challenge.

    Attributes
    ----------
    code, name, short : str
        Such as ``"270492004"``, ``"1st degree av block"``, ``"IAVB"``.
    scored : str
        The class in which the challenge of 2021 scores it; empty when it does not.
    scp, superclass, subclass : str
        PTB-XL's statement and classes that say the same; empty where there is none.
    """

    code: str
    name: str
    short: str
    scored: str = ""
    scp: str = ""
    superclass: str = ""
    subclass: str = ""


@dataclass(frozen=True)
class CincEntry(Entry):
    """A record of the challenge; ``labels`` are its SNOMED CT codes.

    The challenge does not say who the patients are. Records of ``source`` PTB-XL are those of PTB-XL itself
    (``HR00001`` is its record 1): leave them out where PTB-XL is used too.

    Attributes
    ----------
    source : str
        Whose record it is, such as ``"Georgia"``; empty where its name does not tell.
    scored : tuple of str
        Classes that the challenge of 2021 scores.
    scp, superclasses, subclasses : tuple of str
        PTB-XL's statements and classes that say the same. Sinus rhythm alone counts as NORM: CPSC 2018 codes its
        class "normal" so.
    """

    source: str
    scored: tuple[str, ...]
    scp: tuple[str, ...]
    superclasses: tuple[str, ...]
    subclasses: tuple[str, ...]


def records(folder: Path) -> Listing[CincEntry]:
    """List the records of a folder and of all folders in it, by their headers; signals are not read.

    Parameters
    ----------
    folder : Path
        ``.hea`` and ``.mat`` files, flat or as the challenge publishes them (``training/georgia/g1/E00001.hea``).

    Raises
    ------
    UnreadableFile
        No record of the challenge.
    """
    headers = sorted(folder.rglob("*.hea"))
    whole = [header for header in headers if is_whole(header, ".mat")]
    named = {name for listed in folder.rglob("RECORDS") for name in _names(listed)}
    missing = len(named | set(headers)) - len(whole)
    entries = tuple(entry for header in whole if (entry := _entry(header)) is not None)
    check_found(len(entries), missing, NAME, ".hea and .mat with a line #Dx")
    return Listing(entries, missing)


@cache
def snomed() -> dict[str, Snomed]:
    """The challenge's statements by code."""
    return {row["code"]: Snomed(**row) for row in _table()["statements"]}


def tally(listing: Listing[CincEntry]) -> dict[str, Counter[str]]:
    """Records by source, PTB-XL superclass, scored class, and statement."""
    names = {code: statement.name for code, statement in snomed().items()}
    return {
        "source": Counter(entry.source or "unknown" for entry in listing),
        "superclass": Counter(name for entry in listing for name in entry.superclasses),
        "scored": Counter(name for entry in listing for name in entry.scored),
        "statement": Counter(names.get(code, code) for entry in listing for code in entry.labels),
    }


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads(files("digitize.datasets").joinpath("snomed.toml").read_text(encoding="utf-8"))


def _names(listed: Path) -> list[Path]:
    """Headers that a RECORDS file names; lines that end in a slash name folders, which have their own."""
    lines = listed.read_text(encoding="utf-8", errors="replace").split()
    return [listed.parent / f"{line}.hea" for line in lines if not line.endswith("/")]


def _entry(header: Path) -> CincEntry | None:
    """The record of a header; None where it has no line of diagnoses, and so is another's."""
    fields = {}
    for line in header.read_text(encoding="utf-8", errors="replace").splitlines():
        if match := _FIELD.match(line):
            fields[match[1].lower()] = match[2].strip()
    if "dx" not in fields:
        return None
    codes = tuple(dict.fromkeys(code.strip() for code in fields["dx"].split(",") if code.strip().isdigit()))
    said = [snomed()[code] for code in codes if code in snomed()]
    scp = _sorted(statement.scp for statement in said)
    is_normal = scp == _NORMAL and len(codes) == 1
    letters = re.match(r"[A-Z]*", header.stem)
    return CincEntry(
        record_id=header.stem,
        path=header,
        patient_id=header.stem,
        age_y=to_age_y(fields.get("age", "")),
        sex=to_sex(fields.get("sex", "")),
        labels=codes,
        fold=None,
        source=_table()["sources"].get(letters[0] if letters else "", ""),
        scored=_sorted(statement.scored for statement in said),
        scp=scp,
        superclasses=("NORM",) if is_normal else _sorted(statement.superclass for statement in said),
        subclasses=("NORM",) if is_normal else _sorted(statement.subclass for statement in said),
    )


def _sorted(names: Any) -> tuple[str, ...]:
    return tuple(sorted(set(names) - {""}))
