"""What a data set's ``SHA256SUMS.txt`` lists, and which of it is wanted.

A listing is not trusted: see :func:`parse_sums`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from digitize.errors import DownloadFailed, UsageError

SUMS = "SHA256SUMS.txt"

_LINE = re.compile(r"([0-9a-fA-F]{64}) [ *]?(.+)")
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f\\:]")


@dataclass(frozen=True)
class PublishedFile:
    """A file of a data set: its path below the data set's folder, with ``/``, and the checksum of its bytes."""

    path: str
    sha256: str


def parse_sums(text: str) -> tuple[PublishedFile, ...]:
    """The files that a ``SHA256SUMS.txt`` lists, in its order.

    Raises
    ------
    DownloadFailed
        A line that is no checksum and path, a path that would lead out of the folder, or no line at all.
    """
    published = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        match = _LINE.fullmatch(line)
        if match is None or not _is_inside(match[2]):
            raise DownloadFailed(
                f"Line {number} of {SUMS} is no checksum and path inside the data set.",
                "This is not what PhysioNet publishes; nothing was fetched. Check the address of the mirror.",
            )
        published.append(PublishedFile(match[2].removeprefix("./"), match[1].lower()))
    if not published:
        raise DownloadFailed(f"{SUMS} lists no files.", "Check the address of the mirror.")
    return tuple(published)


def choose(published: Sequence[PublishedFile], only: Sequence[str], records: int | None) -> tuple[PublishedFile, ...]:
    """The files that are wanted.

    Tables, licences and lists at the top of the data set are always wanted: without them the rest says nothing.

    Parameters
    ----------
    published : sequence of PublishedFile
    only : sequence of str
        Patterns such as ``"records500/00*"``, of which a path must match one; ``*`` matches ``/`` too. All when empty.
    records : int, optional
        At most so many records (a header and what has its name), the first of those that match.

    Raises
    ------
    UsageError
        Nothing matches.
    """

    def matches(file: PublishedFile) -> bool:
        return not only or any(fnmatchcase(file.path, pattern) for pattern in only)

    all_records = {_stem(file.path) for file in published if file.path.endswith(".hea")}
    wanted_records = dict.fromkeys(_stem(file.path) for file in published if matches(file)).keys() & all_records
    in_order = [
        stem for file in published if (stem := _stem(file.path)) in wanted_records and file.path.endswith(".hea")
    ]
    kept = set(in_order[:records])

    def is_wanted(file: PublishedFile) -> bool:
        stem = _stem(file.path)
        if stem in all_records:
            return stem in kept and matches(file)
        return "/" not in file.path or (records is None and matches(file))

    chosen = tuple(file for file in published if is_wanted(file))
    if only and not any(matches(file) for file in chosen):
        raise UsageError("No file of the data set matches.", "Patterns are of whole paths, such as 'records500/00*'.")
    return chosen


def _stem(path: str) -> str:
    """``"data/1"`` of ``"data/1.avf"``."""
    return str(PurePosixPath(path).with_suffix(""))


def _is_inside(path: str) -> bool:
    """Whether a path stays below the folder it is put under, on every system."""
    parts = path.removeprefix("./").split("/")
    return not _FORBIDDEN.search(path) and not any(part in ("", ".", "..") or part != part.strip() for part in parts)
