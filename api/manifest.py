"""The diary of an archive run: one JSON line a page, only ever appended to, so that a run can be cut off anywhere."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path


@dataclass(frozen=True)
class Entry:
    """What became of one page. Holds nothing that was read from it.

    Attributes
    ----------
    path : str
        Of the page, relative to the folder that was given.
    sha256 : str
        Of the file's bytes; empty when it could not be opened.
    status : str
        ``ok``, ``partial`` or ``failed``.
    code : str
        Error code of a failed page, else empty.
    seconds : float
    version : str
        Of the software that read it.
    output : str
        Folder of results relative to the archive's output; empty for a failed page.
    """

    path: str
    sha256: str
    status: str
    code: str
    seconds: float
    version: str
    output: str


def load_entries(manifest: Path) -> dict[str, Entry]:
    """Latest entry of every page. Lines that a crash cut short, and those of other shape, are passed over."""
    entries: dict[str, Entry] = {}
    if not manifest.exists():
        return entries
    for line in manifest.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            entry = Entry(**json.loads(line))
        except (ValueError, TypeError):
            continue
        entries[entry.path] = entry
    return entries


def append_entry(manifest: Path, entry: Entry) -> None:
    """Add one line, on the disk when this returns; a line cut short before it is closed off first."""
    with manifest.open("ab+") as diary:
        if diary.seek(0, os.SEEK_END) > 0:
            diary.seek(-1, os.SEEK_END)
            if diary.read(1) != b"\n":
                diary.write(b"\n")
        diary.write(json.dumps(asdict(entry), ensure_ascii=False).encode() + b"\n")
        diary.flush()
        os.fsync(diary.fileno())


def write_summary(summary: Path, entries: Iterable[Entry]) -> None:
    """One row a page, sorted by path, put in place whole."""
    building = summary.with_suffix(".building")
    with building.open("w", newline="", encoding="utf-8") as table:
        writer = csv.DictWriter(table, [column.name for column in fields(Entry)])
        writer.writeheader()
        writer.writerows(asdict(entry) for entry in sorted(entries, key=lambda entry: entry.path))
    building.replace(summary)
