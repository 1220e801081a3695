"""``paperbeat render`` and ``train``: what those who work on Paperbeat use."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.hints import layout_names

_TRAINING = ("digitize", "analyze")


def render_record(
    out: Annotated[
        Path,
        typer.Option(
            "-o", "--out", metavar="PAGE", help="The page, .png .jpg .pdf; truth beside it as .csv and .json."
        ),
    ],
    record: Annotated[
        Path | None, typer.Argument(metavar="RECORD", help="A digital ECG: .csv .hea .dcm .xml .edf .npz .json.")
    ] = None,
    heart: Annotated[
        str | None, typer.Option("--heart", metavar="KIND", help="Print a simulated heart, not a record.")
    ] = None,
    layout: Annotated[
        str, typer.Option("--layout", metavar="NAME", help=f"One of {', '.join(layout_names())}.")
    ] = "3x4+1",
    speed: Annotated[float, typer.Option("--speed", metavar="MM_S")] = 25.0,
    gain: Annotated[float, typer.Option("--gain", metavar="MM_MV")] = 10.0,
    dpi: Annotated[float, typer.Option("--dpi", min=50, max=600)] = 200.0,
    photo: Annotated[
        float,
        typer.Option("--photo", metavar="STRENGTH", min=0, max=1, help="0 is a clean print, 1 a bad photo of it."),
    ] = 0.0,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed gives the same page.")] = 0,
) -> None:
    """Print a signal on paper: a page whose truth is known."""
    from api.hints import make_hints
    from api.printing import load_signal, print_page
    from api.progress import working

    make_hints(layout, speed, gain)
    with working("printing the page"):
        ecg = load_signal(record, heart, seed)
        print_page(ecg, out, layout=layout, mm_per_s=speed, mm_per_mv=gain, dpi=dpi, strength=photo, seed=seed)


def train(
    context: typer.Context,
    what: Annotated[
        str | None, typer.Argument(metavar="WHAT", help="What to train; lists what there is when left out.")
    ] = None,
) -> None:
    """Train one of the networks again (needs the extra: train). What follows WHAT goes to its own program."""
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
    if find_spec("torch") is None:
        raise MissingPart("Training needs PyTorch, which is not installed.", 'Run: pip install "paperbeat[train]"')
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
