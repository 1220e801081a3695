"""``paperbeat train``: the programs under ``*/train/`` by their short names."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

_TRAINING = ("digitize", "analyze")
_NEEDS = {"torch": "PyTorch", "onnx": "onnx", "sklearn": "scikit-learn"}


def train(
    context: typer.Context,
    what: Annotated[
        str | None, typer.Argument(metavar="WHAT", help="What to train; lists what there is when left out.")
    ] = None,
) -> None:
    """Train one of the models again (needs the extra: train). What follows WHAT goes to its own program."""
    import subprocess
    import sys
    from importlib.util import find_spec

    from digitize.errors import MissingPart, UsageError

    known = trainable()
    if what is None:
        for name, module in known.items():
            typer.echo(f"{name:12} python -m {module}")
        return
    if what not in known:
        raise UsageError("There is no training of that name.", f"Known are {', '.join(known) or 'none'}.")
    missing = [name for part, name in _NEEDS.items() if find_spec(part) is None]
    if missing:
        message = f"Training needs {' and '.join(missing)}, not installed."
        raise MissingPart(message, 'Run: pip install "paperbeat[train]"')
    raise typer.Exit(subprocess.run([sys.executable, "-m", known[what], *context.args], check=False).returncode)


def trainable() -> dict[str, str]:
    """Modules under ``*/train/`` that are programs, by their short names."""
    house = Path(__file__).parent.parent.parent
    programs = {}
    for package in _TRAINING:
        for module in sorted((house / package / "train").glob("*.py")):
            if '__name__ == "__main__"' in module.read_text(encoding="utf-8"):
                programs[module.stem] = f"{package}.train.{module.stem}"
    return programs
