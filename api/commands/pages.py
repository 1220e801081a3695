"""``paperbeat read``, ``digitize`` and ``analyze``: one page or one signal."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.hints import layout_names, make_hints, make_patient

PagePath = Annotated[Path, typer.Argument(metavar="PAGE", help="Photo, scan or PDF of the page.")]
Age = Annotated[float | None, typer.Option("--age", metavar="YEARS", help="Wins over what is printed.")]
SexName = Annotated[str | None, typer.Option("--sex", metavar="female|male", help="Wins over what is printed.")]
LayoutName = Annotated[
    str | None, typer.Option("--layout", metavar="NAME", help=f"One of {', '.join(layout_names())}.")
]
Speed = Annotated[float | None, typer.Option("--speed", metavar="MM_S", help="Paper speed in mm/s.")]
Gain = Annotated[float | None, typer.Option("--gain", metavar="MM_MV", help="Gain in mm/mV.")]
PageNumber = Annotated[int, typer.Option("--page", min=1, help="Page number in a PDF or TIFF.")]
Json = Annotated[bool, typer.Option("--json", help="Print report.json instead of the summary.")]


def read(
    page: PagePath,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", metavar="DIR", help="Results folder; PAGE's stem + .ecg when left out."),
    ] = None,
    age: Age = None,
    sex: SexName = None,
    layout: LayoutName = None,
    speed: Speed = None,
    gain: Gain = None,
    as_json: Json = False,
    page_number: PageNumber = 1,
) -> None:
    """Read a page: signals, overlay and report.

    Writes signal.csv, signal.hea/.dat, overlay.png, report.html and report.json, and prints a summary.
    """
    hints = make_hints(layout, speed, gain, age, sex)
    folder = page.with_suffix(".ecg") if out is None else out

    from api.folder import check_writable
    from api.progress import working
    from api.reading import dump_json, read_to_folder

    check_writable(folder)
    with working("reading the page"):
        reading = read_to_folder(page, folder, hints, page_number)
    typer.echo(dump_json(reading.report) if as_json else reading.summary.rstrip("\n") + "\n", nl=False)
    typer.echo(f"wrote {folder}/ (overlay.png shows what was read)", err=True)


def digitize_page(
    page: PagePath,
    out: Annotated[
        Path, typer.Option("-o", "--out", metavar="FILE", help="Ends in .csv .hea .dcm .xml .edf .npz .json.")
    ],
    layout: LayoutName = None,
    speed: Speed = None,
    gain: Gain = None,
    page_number: PageNumber = 1,
) -> None:
    """Read a page's signals only; the format follows the ending of FILE."""
    hints = make_hints(layout, speed, gain)

    from api.folder import check_writable
    from api.progress import working
    from digitize.errors import UsageError
    from digitize.formats import ENDINGS, write_ecg

    if out.suffix.lower() not in ENDINGS:
        raise UsageError("Signal files of this ending are not known.", f"Use one of {' '.join(ENDINGS)}.")
    check_writable(out.parent)

    from digitize.pipeline import digitize

    with working("reading the page"):
        sheet = digitize(page, hints, page_number)
    out.parent.mkdir(parents=True, exist_ok=True)
    write_ecg(sheet.ecg, out)
    for note in sheet.notes:
        typer.echo(f"{note.severity}[{note.code}]: {note.message}", err=True)


def analyze_signal(
    signal: Annotated[
        Path, typer.Argument(metavar="SIGNAL", help="A digital ECG: .csv .hea .dcm .xml .edf .npz .json.")
    ],
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="DIR", help="Gets report.html and report.json.")
    ] = None,
    age: Age = None,
    sex: SexName = None,
    label: Annotated[
        str | None, typer.Option("--explain", metavar="LABEL", help="Show what spoke for this label, such as MI.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Measure a digital ECG and give the same report."""
    patient = make_patient(age, sex)

    from dataclasses import replace

    from analyze import analyze, explain, to_html, to_json, to_text
    from api.folder import check_writable, whole_folder
    from api.reading import dump_json
    from digitize.formats import read_ecg

    if out is not None:
        check_writable(out)
    ecg = read_ecg(signal)
    explanation = explain(ecg, label) if label else None
    report = replace(analyze(ecg, patient), explanation=explanation)
    as_text, html = dump_json(to_json(report)), to_html(report, None)
    if out is not None:
        with whole_folder(out) as building:
            (building / "report.html").write_text(html, encoding="utf-8")
            (building / "report.json").write_text(as_text, encoding="utf-8")
    typer.echo(as_text if as_json else to_text(report).rstrip("\n") + "\n", nl=False)
