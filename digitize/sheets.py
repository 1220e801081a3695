"""The sheets Paperbeat knows, read from ``layouts.toml``: the reader and the renderer share them."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any


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


PAGE_S = 10.0


@cache
def load_layouts() -> dict[str, KnownSheet]:
    """Read the known sheets.

    Returns
    -------
    dict of str to KnownSheet
        By name, in the order of ``layouts.toml``.
    """
    sheets = (
        KnownSheet(
            name=entry["name"],
            rows=tuple(tuple(row) for row in entry["rows"]),
            strips=tuple(entry["strips"]),
            column_s=float(entry["column_s"]),
        )
        for entry in _load_table()["layout"]
    )
    return {sheet.name: sheet for sheet in sheets}


@cache
def list_other_sheets() -> tuple[KnownSheet, ...]:
    """Sheets that nobody has listed, but that follow a usual order of leads in a usual shape.

    Returns
    -------
    tuple of KnownSheet
        Each body once, without strips; those that `load_layouts` knows are left out.
    """
    other = _load_table()["other"]
    bodies = {sheet.rows for sheet in load_layouts().values()}
    sheets = []
    for order in other["order"]:
        leads = order["leads"]
        for rows, columns in other["shapes"]:
            down = tuple(tuple(leads[r + rows * c] for c in range(columns)) for r in range(rows))
            along = tuple(tuple(leads[columns * r : columns * (r + 1)]) for r in range(rows))
            for body in dict.fromkeys((down, along)):
                if body not in bodies:
                    bodies.add(body)
                    name = f"{rows}x{columns} {order['name']}".strip()
                    sheets.append(KnownSheet(name, body, (), PAGE_S / columns))
    return tuple(sheets)


def _load_table() -> dict[str, Any]:
    return tomllib.loads(files("digitize").joinpath("layouts.toml").read_text(encoding="utf-8"))
