"""``paperbeat bench``: accuracy and speed against truth."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from digitize.stages import Digitization

app = typer.Typer(
    help="Measure accuracy and speed against truth.", no_args_is_help=True, add_completion=False, rich_markup_mode=None
)

JsonFile = Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write the figures here too.")]
Tracer = Annotated[
    str, typer.Option("--tracer", metavar="NAME", help="network, or classical: the way that needs no training.")
]
Form = Annotated[
    str, typer.Option("--as", metavar="FORM", help="whole records, or as a sheet shows them: 3x4, 6x2, worn.")
]
Seed = Annotated[int, typer.Option("--seed", min=0, help="The same seed draws the same records.")]
Jobs = Annotated[int, typer.Option("--jobs", min=1, help="Pages at a time; seconds are honest with 1.")]


@app.command("photos")
def bench_folder(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="A folder of pages, each with its truth as .csv beside it.")
    ],
    json_file: JsonFile = None,
    tracer: Tracer = "network",
    jobs: Jobs = 1,
) -> None:
    """Read a folder of pages whose truth is known: one row a page, and a summary."""
    from api.progress import counting
    from api.stlevels import st_j_by_lead
    from digitize.evaluate import BenchRow, bench_json, bench_photos, bench_table, find_pages

    _check(json_file)
    with counting("reading", len(find_pages(folder))) as tell:

        def tell_row(row: BenchRow) -> None:
            said = row.code or (f"{row.score.snr_db:.1f} dB" if row.score else "")
            tell(f"{row.page}: {said}, {row.seconds:.1f} s", keep=True)

        measured = bench_photos(folder, read=_reader(tracer), st_j_mv=st_j_by_lead, jobs=jobs, on_row=tell_row)
    _show(bench_table(measured), bench_json(measured), json_file)


@app.command("synth")
def bench_synth(
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed draws the same pages.")] = 1,
    n: Annotated[int, typer.Option("--n", min=1, help="Pages for every level of a factor.")] = 4,
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="FACTOR", help="Leave out all other factors; repeatable.")
    ] = None,
    records: Annotated[
        Path | None,
        typer.Option("--records", metavar="DIR", help="Print WFDB records of this folder, not simulated hearts."),
    ] = None,
    json_file: JsonFile = None,
    plot: Annotated[
        Path | None, typer.Option("--plot", metavar="FILE", help="Draw the figures: .png, .svg or .pdf.")
    ] = None,
    tracer: Tracer = "network",
    jobs: Jobs = 1,
) -> None:
    """Draw a fixed suite of pages and read them: one row for every change to the page, what hurts most on top."""
    from api.progress import counting
    from api.stlevels import st_j_by_lead
    from digitize.benchplot import check_plot, draw_suite
    from digitize.benchsuite import SuiteRow, bench_suite
    from digitize.benchtable import suite_json, suite_table
    from digitize.synth.figure import check_matplotlib
    from digitize.synth.suite import plan_suite

    _check(json_file, plot)
    if plot is not None:
        check_plot(plot)
    pages = plan_suite(seed, n, only=only or (), records=records)
    if any(page.level.figure is not None for page in pages):
        check_matplotlib()
    with counting("pages", len(pages)) as tell:

        def tell_row(row: SuiteRow) -> None:
            said = row.code or f"{row.snr_db:.1f} dB, {row.status}"
            tell(f"{row.factor} {row.level} #{row.index}: {said}, {row.seconds:.1f} s")

        measured = bench_suite(pages, read=_reader(tracer), st_j_mv=st_j_by_lead, jobs=jobs, on_row=tell_row)
    about = {"seed": seed, "n": n, "signals": "simulated" if records is None else "records"}
    _show(suite_table(measured), about | suite_json(measured), json_file)
    if plot is not None:
        draw_suite(measured, plot)


@app.command("verdicts")
def bench_verdict_folder(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="A folder of pages, each with its truth as .csv beside it.")
    ],
    json_file: JsonFile = None,
    tracer: Tracer = "network",
) -> None:
    """Whether paper and file get the same answers: every rule, asked of the page as read and of its truth."""
    from analyze.benchtable import verdict_figures, verdict_lines
    from analyze.benchverdicts import bench_verdicts
    from api.progress import counting
    from digitize.evaluate import find_pages

    _check(json_file)
    with counting("pages", len(find_pages(folder))) as tell:
        measured = bench_verdicts(folder, _reader(tracer), tell)
    _print(verdict_lines(measured), verdict_figures(measured), json_file)


@app.command("ludb")
def bench_ludb_folder(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="LUDB as PhysioNet publishes it.")],
    json_file: JsonFile = None,
) -> None:
    """Waves against the annotators of LUDB, and the rules of infarction against its diagnoses."""
    from analyze.benchrules import bench_rules
    from analyze.benchtable import rule_figures, rule_lines, wave_figures, wave_lines
    from analyze.evaluate import bench_ludb
    from api.progress import counting
    from digitize.datasets import ludb

    _check(json_file)
    with counting("records", 2 * len(ludb.records(folder))) as tell:
        waves, rules = bench_ludb(folder, tell=tell), bench_rules(folder, tell=tell)
    _print([*wave_lines(waves), *rule_lines(rules)], wave_figures(waves) | {"rules": rule_figures(rules)}, json_file)


@app.command("ptbxl")
def bench_ptbxl_folder(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="PTB-XL as PhysioNet publishes it.")],
    n: Annotated[int, typer.Option("--n", min=1, help="Records of each group.")] = 300,
    seed: Seed = 1,
    json_file: JsonFile = None,
) -> None:
    """How often the rules of acute infarction are met on PTB-XL: on normal ECGs, on others, on infarctions."""
    from analyze.benchrules import bench_rules_ptbxl, draw_groups
    from analyze.benchtable import group_figures, group_lines
    from api.progress import counting
    from digitize.datasets import ptbxl

    _check(json_file)
    total = sum(map(len, draw_groups(ptbxl.records(folder), n, seed).values()))
    with counting("records", total) as tell:
        measured = bench_rules_ptbxl(folder, n, seed, tell)
    _print(group_lines(measured), {"n": n, "seed": seed, "groups": group_figures(measured)}, json_file)


@app.command("mitbih")
def bench_mitbih_folder(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="MIT-BIH as PhysioNet publishes it.")],
    wavelet: Annotated[bool, typer.Option("--wavelet", help="Find beats by wavelets, not by the band-pass.")] = False,
    json_file: JsonFile = None,
) -> None:
    """Beats of the first lead of MIT-BIH against its annotations."""
    from analyze.benchtable import beat_figures, beat_lines
    from analyze.evaluate import bench_mitbih
    from api.progress import counting
    from digitize.datasets import mitbih

    _check(json_file)
    with counting("records", len(mitbih.records(folder))) as tell:
        measured = bench_mitbih(folder, "wavelet" if wavelet else "band-pass", tell=tell)
    _print(beat_lines(measured), beat_figures(measured), json_file)


@app.command("rhythm")
def bench_rhythm_folder(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="PTB-XL, CinC, LUDB or MIT-BIH, as PhysioNet publishes them.")
    ],
    form: Form = "whole",
    n: Annotated[
        int | None, typer.Option("--n", min=1, help="Records of each label at most; all when left out.")
    ] = None,
    seed: Seed = 1,
    json_file: JsonFile = None,
) -> None:
    """What the rhythm is called against the labels of a data set."""
    from analyze.benchrhythm import bench_rhythm, draw_records, list_rhythms, rhythm_figures, rhythm_lines
    from analyze.shown import check_form
    from api.progress import counting

    _check(json_file)
    check_form(form)
    records = list_rhythms(folder)
    if n is not None:
        records = draw_records(records, n, seed)
    with counting("records", len(records)) as tell:
        measured = bench_rhythm(records, form, tell)
    _print(rhythm_lines(measured), rhythm_figures(measured), json_file)


@app.command("diagnosis")
def bench_diagnosis_folder(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="PTB-XL or CinC, as PhysioNet publishes them.")],
    form: Form = "whole",
    json_file: JsonFile = None,
) -> None:
    """The classifier against the labels of a data set."""
    from analyze.benchdiagnosis import bench_diagnosis, to_figures, to_lines
    from analyze.labelled import list_labelled
    from analyze.shown import check_form
    from api.progress import counting

    _check(json_file)
    check_form(form)
    entries = list_labelled(folder)
    with counting("records", len(entries)) as tell:
        measured = bench_diagnosis(entries, form, on_record=tell)
    _print(to_lines(measured), to_figures(measured), json_file)


@app.command("beats")
def bench_beat_classes(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="MIT-BIH as PhysioNet publishes it.")],
    split: Annotated[
        str, typer.Option("--split", metavar="NAME", help="DS2, patients training never saw, or DS1, those it saw.")
    ] = "DS2",
    json_file: JsonFile = None,
    sheet: Annotated[
        Path | None, typer.Option("--misread", metavar="HTML", help="Draw beats that were misread there, to look at.")
    ] = None,
) -> None:
    """Classes of beats against MIT-BIH's annotations, with intervals over patients."""
    from analyze.beatsheet import draw_misread, find_misread
    from analyze.benchbeats import bench_classes, class_figures, class_lines, list_side
    from api.progress import counting

    _check(json_file, sheet)
    entries = list_side(folder, split)
    with counting("records", len(entries)) as tell:
        measured = bench_classes(entries, split, tell=tell)
    _print(class_lines(measured), class_figures(measured), json_file)
    if sheet is not None:
        sheet.write_text(draw_misread(find_misread(entries)), encoding="utf-8")


def _check(*files: Path | None) -> None:
    """Refuse a place that cannot be written to before minutes of work, not after them."""
    from api.folder import check_writable

    for path in files:
        if path is not None:
            check_writable(path.parent)


def _print(lines: list[str], figures: dict[str, Any], json_file: Path | None) -> None:
    print("\n".join(lines))
    _keep(figures, json_file)


def _reader(tracer: str) -> Callable[..., Digitization]:
    """What reads a page, as a worker can import it."""
    from digitize.errors import UsageError
    from digitize.pipeline import TRACERS, digitize

    for known in TRACERS:
        if tracer == known:
            return partial(digitize, tracer=known)
    raise UsageError(f"No tracer is called {tracer!r}.", f"There are {' and '.join(TRACERS)}.")


def _show(table: Table, figures: dict[str, Any], json_file: Path | None) -> None:
    import sys

    from rich.console import Console

    Console(width=None if sys.stdout.isatty() else 140).print(table)
    _keep(figures, json_file)


def _keep(figures: dict[str, Any], json_file: Path | None) -> None:
    """Write the figures where somebody asked for them."""
    import json

    from digitize.formats.files import replace_files

    if json_file is not None:
        json_file.parent.mkdir(parents=True, exist_ok=True)
        replace_files({json_file: (json.dumps(figures, indent=1, allow_nan=False) + "\n").encode()})
