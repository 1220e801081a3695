"""``paperbeat doctor``: what is installed, what is missing, and how to get it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import typer

State = Literal["ok", "absent", "broken"]

_HOUSE = Path(__file__).parent.parent.parent


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Attributes
    ----------
    part : str
    state : {"ok", "absent", "broken"}
        ``absent`` is an optional part that is not there, ``broken`` something that must be put right.
    found : str
    remedy : str
        What to do about it; empty when there is nothing to do.
    """

    part: str
    state: State
    found: str
    remedy: str = ""


def doctor() -> None:
    """Say what is installed, what is missing, and how to get it."""
    from rich.console import Console
    from rich.table import Table

    checks = tuple(check_installation())
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("part", "state", "found", "what to do"):
        table.add_column(heading, overflow="fold")
    for check in checks:
        table.add_row(check.part, check.state, check.found, check.remedy)
    width = None if sys.stdout.isatty() else 200
    Console(width=width, highlight=False, markup=False).print(table)
    broken = sum(check.state == "broken" for check in checks)
    if broken:
        typer.echo(f"{broken} part{'s' if broken > 1 else ''} must be put right before pages can be read.", err=True)
        raise typer.Exit(3)
    typer.echo("Everything that is needed is there.")


def check_installation() -> Iterator[Check]:
    """Look at the interpreter, the packages, the text engines, the weights and the data folder, in this order."""
    running = ".".join(map(str, sys.version_info[:3]))
    old = sys.version_info < (3, 11)
    yield Check("python", "broken" if old else "ok", running, "Install Python 3.11 or newer." if old else "")
    yield from _check_packages()
    yield _check_tesseract()
    yield _check_rapidocr()
    yield from _check_weights(_HOUSE)
    yield _check_data(Path(os.environ.get("PAPERBEAT_DATA", "../shared/data")))


def _check_packages() -> Iterator[Check]:
    import re
    from importlib.metadata import PackageNotFoundError, requires, version

    for requirement in requires("paperbeat") or ():
        if "extra ==" in requirement:
            continue
        matched = re.match(r"[\w.-]+", requirement)
        name = matched.group() if matched else requirement
        try:
            yield Check(name, "ok", version(name))
        except PackageNotFoundError:
            yield Check(name, "broken", "not installed", f'Run: pip install "{requirement}"')


def _check_tesseract() -> Check:
    import shutil
    import subprocess

    program = shutil.which("tesseract")
    if program is None:
        remedy = (
            "Optional; reads age, sex, speed and gain printed on the page. "
            "Debian, Ubuntu: apt-get install tesseract-ocr; Fedora: dnf install tesseract; "
            "macOS: brew install tesseract."
        )
        return Check("tesseract", "absent", "no such program", remedy)
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=10, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return Check("tesseract", "absent", "does not run", "Optional. Install it again.")
    return Check("tesseract", "ok", said.split("\n")[0].removeprefix("tesseract "))


def _check_rapidocr() -> Check:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return Check("rapidocr", "ok", version("rapidocr"))
    except PackageNotFoundError:
        return Check(
            "rapidocr", "absent", "not installed", 'Optional, a second text engine: pip install "paperbeat[ocr]"'
        )


def _check_weights(house: Path) -> Iterator[Check]:
    """Every network against the checksum on its card."""
    import hashlib
    import json

    for card in sorted(house.glob("*/weights/*.json")):
        part = f"{card.parent.parent.name}/{card.stem}"
        network = card.with_suffix(".onnx")
        remedy = "Install Paperbeat again: its weights come with it."
        if not network.exists():
            yield Check(part, "broken", "weights missing", remedy)
        elif hashlib.sha256(network.read_bytes()).hexdigest() != json.loads(card.read_text(encoding="utf-8")).get(
            "sha256"
        ):
            yield Check(part, "broken", "weights differ from their card", remedy)
        else:
            yield Check(part, "ok", f"{network.stat().st_size / 1e6:.1f} MB, checksum right")


def _check_data(folder: Path) -> Check:
    if folder.is_dir():
        return Check("data", "ok", "found")
    return Check(
        "data", "absent", "no folder", "Optional, for benchmarks on real records: set PAPERBEAT_DATA to the folder."
    )
