"""The data sets Paperbeat reads: what they are, where they are published, and where they lie on this machine."""

from __future__ import annotations

import os
import tomllib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from digitize.datasets import cinc, ludb, mitbih, ptbxl
from digitize.datasets.entry import Listing
from digitize.errors import UsageError

DEFAULT_HOME = "../shared/data"


@dataclass(frozen=True)
class DataSet:
    """A public data set.

    Attributes
    ----------
    name : str
        Also that of its folder.
    title, licence, used_for : str
    path : str
        Below ``https://physionet.org/files/``, with its version.
    records : int
        In the whole of it, as published.
    fetch : tuple of str
        Patterns of what is fetched when nothing else is asked for; everything when empty.
    """

    name: str
    title: str
    path: str
    records: int
    licence: str
    used_for: str
    fetch: tuple[str, ...]


@dataclass(frozen=True)
class Loader:
    """How a data set is read: its module's ``records`` and ``tally``."""

    records: Callable[[Path], Listing[Any]]
    tally: Callable[[Listing[Any]], dict[str, Counter[str]]]


_LOADERS = {module.NAME: Loader(module.records, module.tally) for module in (ptbxl, mitbih, cinc, ludb)}


@cache
def catalogue() -> dict[str, DataSet]:
    """All data sets by name."""
    table = tomllib.loads(files("digitize.datasets").joinpath("catalogue.toml").read_text(encoding="utf-8"))
    return {name: DataSet(name=name, **(row | {"fetch": tuple(row.get("fetch", ()))})) for name, row in table.items()}


def find_dataset(name: str) -> DataSet:
    """The data set of that name. UsageError when there is none."""
    try:
        return catalogue()[name]
    except KeyError:
        raise UsageError("There is no data set of that name.", f"Known are {', '.join(catalogue())}.") from None


def loader_of(name: str) -> Loader:
    """What reads the data set of that name. UsageError when there is none."""
    return _LOADERS[find_dataset(name).name]


def folder_of(name: str) -> Path:
    """Where the data set lies, or would lie: its name under ``PAPERBEAT_DATA``, or under ``../shared/data``."""
    return Path(os.environ.get("PAPERBEAT_DATA") or DEFAULT_HOME) / name
