"""Records that carry diagnoses, whichever data set they are from, and their labels as the classifier has them."""

from __future__ import annotations

from pathlib import Path

from digitize.datasets import cinc, ptbxl
from digitize.datasets.cinc import CincEntry
from digitize.datasets.ptbxl import SUPERCLASSES, PtbxlEntry

Labelled = PtbxlEntry | CincEntry

GROUPS = ("superclass", "subclass", "rhythm")
_RHYTHMS = frozenset(
    ["SR", "SARRH", "SBRAD", "STACH", "AFIB", "AFLT", "SVARR", "SVTAC", "PSVT", "BIGU", "TRIGU", "PACE"]
)


def list_labelled(folder: Path) -> tuple[Labelled, ...]:
    """Records of a folder of PTB-XL or of the Challenge, whichever it is."""
    if (folder / "ptbxl_database.csv").is_file():
        return ptbxl.records(folder).entries
    return cinc.records(folder).entries


def name_labels(entry: Labelled, group: str) -> tuple[str, ...]:
    """Codes of a group that a record has.

    A subclass that is called like its superclass has an underscore after its name (``STTC_``), as PTB-XL's own have;
    "NORM" as a subclass says nothing new and is left out.
    """
    if group == "superclass":
        return entry.superclasses
    if group == "subclass":
        return tuple(f"{code}_" if code in SUPERCLASSES else code for code in entry.subclasses if code != "NORM")
    return entry.rhythms if isinstance(entry, PtbxlEntry) else tuple(c for c in entry.scp if c in _RHYTHMS)
