"""The sheets Paperbeat knows, read from ``layouts.toml``: the reader and the renderer share them."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True)
class KnownSheet:
    """Which leads a kind of sheet prints, and for how long.

    Attributes
    ----------
    name : str
        Such as ``"3x4+1"``.
    rows : tuple of tuple of str
        Leads of each row, from left to right.
    strips : tuple of str
        Leads of the rhythm strips below the rows, each over the whole width.
    column_s : float
        Seconds one panel lasts on the usual 10 s page.
    """

    name: str
    rows: tuple[tuple[str, ...], ...]
    strips: tuple[str, ...]
    column_s: float

    @property
    def columns(self) -> int:
        """Panels side by side in a row."""
        return len(self.rows[0])

    @property
    def duration_s(self) -> float:
        """Seconds from the left end of a row to its right end."""
        return self.columns * self.column_s


@cache
def load_layouts() -> dict[str, KnownSheet]:
    """Read the known sheets.

    Returns
    -------
    dict of str to KnownSheet
        By name, in the order of ``layouts.toml``.
    """
    table = tomllib.loads(files("digitize").joinpath("layouts.toml").read_text(encoding="utf-8"))
    sheets = (
        KnownSheet(
            name=entry["name"],
            rows=tuple(tuple(row) for row in entry["rows"]),
            strips=tuple(entry["strips"]),
            column_s=float(entry["column_s"]),
        )
        for entry in table["layout"]
    )
    return {sheet.name: sheet for sheet in sheets}
