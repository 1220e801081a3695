"""``paperbeat render``: signals to paper."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.hints import layout_names


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
