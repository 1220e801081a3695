"""The fixed suite of the bench: one base page, and one thing changed at a time; ``suite.toml`` says what.

The same seed plans the same pages, bit for bit. The first page of every level shows the same heart, so does the second,
and so on: levels are compared heart by heart.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from digitize.errors import InputError, UsageError
from digitize.record import LEADS

BASE = "base"
PAGE_S = 10.0


@dataclass(frozen=True)
class Level:
    """One way to make a page.

    Attributes
    ----------
    factor, name : str
        What is varied, and to what.
    print : mapping of str to object
        Arguments of :func:`digitize.synth.render.render`, as ``suite.toml`` tells them.
    effects : mapping of str to float
        Strength by name of effect, for :func:`digitize.synth.effects.degrade`; empty for none.
    photo : float, optional
        Strength of a photo of the page; None for the page itself.
    figure : mapping of str to object, optional
        Arguments of :func:`digitize.synth.figure.draw_figure`, which then draws the page.
    """

    factor: str
    name: str
    print: Mapping[str, Any] = field(default_factory=dict)
    effects: Mapping[str, float] = field(default_factory=dict)
    photo: float | None = None
    figure: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class PlannedPage:
    """A page of the suite before it is drawn; small, picklable.

    Attributes
    ----------
    level : Level
    index : int
        Which page of its level, from 0.
    seed : int
        Of this heart and all that happens to its pages: the same for every level.
    record : Path, optional
        A record to print; a simulated heart when left out.
    """

    level: Level
    index: int
    seed: int
    record: Path | None = None


def load_suite() -> tuple[Level, ...]:
    """Read ``suite.toml``.

    Returns
    -------
    tuple of Level
        The base page first, then the levels of each factor together, in the order of the file.
    """
    table = load_table()
    base, photo, effects = table["base"], table["photo"], table["effects"]
    levels = [Level(BASE, "", base)]
    for factor, varied in table["print"].items():
        for argument, values in varied.items():
            for value in _known(argument) if values == "every" else values:
                if base.get(argument) != value:
                    levels.append(
                        Level(factor, _name(value, argument, alone=len(varied) == 1), base | {argument: value})
                    )
    for effect in _known("effect") if effects["names"] == "every" else effects["names"]:
        for strength in effects["strengths"]:
            levels.append(Level(effect, f"{strength:g}", base, {effect: strength}))
    for strength in photo["strengths"]:
        levels.append(Level("photo", f"{strength:g}", base | {"dpi": photo["dpi"]}, photo=strength))
    for factor, variants in table["figure"].items():
        for variant in variants:
            figure = {key: value for key, value in variant.items() if key != "photo"}
            levels.append(Level(factor, _name(variant), photo=variant.get("photo"), figure=figure))
    return tuple(levels)


def plan_suite(seed: int, n: int, *, only: Sequence[str] = (), records: Path | None = None) -> tuple[PlannedPage, ...]:
    """Plan the pages of the suite.

    Parameters
    ----------
    seed : int
    n : int
        Pages a level.
    only : sequence of str
        Factors to keep besides the base page; all when empty.
    records : Path, optional
        A folder of WFDB records of twelve leads, searched to the bottom, to print instead of simulated hearts.

    Returns
    -------
    tuple of PlannedPage
        Level by level, as :func:`load_suite` orders them.

    Raises
    ------
    UsageError
        No such factor, or too few records.
    """
    levels = load_suite()
    factors = {level.factor: None for level in levels[1:]}
    unknown = set(only) - set(factors)
    if unknown:
        raise UsageError(f"There is no factor {min(unknown)!r}.", f"Known are {', '.join(factors)}.")
    seeds = np.random.default_rng(seed).integers(2**31, size=n).tolist()
    printed = [None] * n if records is None else draw_records(records, seed, n)
    return tuple(
        PlannedPage(level, index, seeds[index], printed[index])
        for level in levels
        if not only or level.factor in (BASE, *only)
        for index in range(n)
    )


def draw_records(folder: Path, seed: int, n: int) -> list[Path]:
    """Draw ``n`` records that fill a page from a folder, the same for the same seed."""
    found = sorted(folder.rglob("*.hea"))
    shuffled = (found[k] for k in np.random.default_rng(seed).permutation(len(found)))
    drawn = [path for path, _ in zip(_usable(shuffled), range(n), strict=False)]
    if len(drawn) < n:
        raise UsageError(
            f"The folder holds {len(drawn)} records of twelve whole leads and {PAGE_S:g} s, not {n}.",
            "Name a folder of WFDB records (.hea), or ask for fewer pages with --n.",
        )
    return drawn


@cache
def load_table() -> dict[str, Any]:
    """``suite.toml`` as it stands."""
    return tomllib.loads(files("digitize.synth").joinpath("suite.toml").read_text(encoding="utf-8"))


def _usable(paths: Iterable[Path]) -> Iterator[Path]:
    from digitize.formats import read_ecg

    for path in paths:
        try:
            ecg = read_ecg(path)
        except InputError:
            continue
        if set(LEADS) <= set(ecg.leads) and ecg.duration_s >= PAGE_S and np.isfinite(ecg.signal_mv).all():
            yield path


def _known(argument: str) -> list[str]:
    """All that is known of a kind, by name."""
    if argument == "layout":
        from digitize.sheets import load_layouts

        return list(load_layouts())
    if argument == "effect":
        from digitize.synth.effects import EFFECTS

        return list(EFFECTS)
    from digitize.synth.stock import COLOURS

    return {"colour": list(COLOURS)}[argument]


def _name(value: Any, argument: str = "", alone: bool = True) -> str:
    if isinstance(value, dict):
        return ", ".join(_name(one, key, alone=len(value) == 1) for key, one in value.items())
    if isinstance(value, list):
        text = " ".join(_name(one) for one in value)
    else:
        text = (
            f"{value:g}" if isinstance(value, float) else str(value) if isinstance(value, str) else str(value).lower()
        )
    return text if alone else f"{argument.rpartition('.')[2]} {text}"
