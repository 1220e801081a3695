"""``paperbeat data``: the public data sets that Paperbeat is trained and measured on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections import Counter

    from rich.table import Table

    from digitize.datasets.fetch import Outcome

app = typer.Typer(
    help="List, fetch and check public data sets of ECGs.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)

Name = Annotated[str, typer.Argument(metavar="NAME", help="One of those `paperbeat data list` names.")]

_MOST = 12
"""Rows of one heading that `show` prints: the rest is summed up."""


@app.command("list")
def list_datasets() -> None:
    """List the data sets, and say which are here."""
    from digitize.datasets.catalogue import catalogue, folder_of

    table = _table("name", "records", "licence", "for", "published at", "found here")
    for name, dataset in catalogue().items():
        folder = folder_of(name)
        address = f"physionet.org/content/{dataset.path}/"
        here = str(folder) if folder.is_dir() else "no"
        table.add_row(name, f"{dataset.records:,}", dataset.licence, dataset.used_for, address, here)
    _print(table)
    typer.echo("Set PAPERBEAT_DATA to the folder that holds them; `paperbeat data get NAME` fetches one.")


@app.command("get")
def get_dataset(
    name: Name,
    to: Annotated[
        Path | None,
        typer.Option("--to", metavar="DIR", help="Folder of the data set; NAME under PAPERBEAT_DATA when left out."),
    ] = None,
    mirror: Annotated[
        str | None, typer.Option("--mirror", metavar="URL", help="What stands for https://physionet.org/files.")
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", metavar="PATTERN", help="Paths to fetch, such as 'records500/00*'; repeatable."),
    ] = None,
    records: Annotated[int | None, typer.Option("--records", min=1, help="At most so many records.")] = None,
    connections: Annotated[int, typer.Option("--connections", min=1, max=8, help="Files at a time.")] = 4,
    replace: Annotated[bool, typer.Option("--replace", help="Fetch again what is here but differs.")] = False,
) -> None:
    """Fetch a data set from PhysioNet. Run it again to go on where it stopped.

    Every file is held against the published checksum. Please cite the data set and keep to its licence.
    """
    from collections import Counter

    from api.progress import counting, working
    from digitize.datasets.catalogue import find_dataset
    from digitize.datasets.fetch import PHYSIONET, fetch_files, fetch_listing
    from digitize.datasets.published import choose
    from digitize.errors import DownloadFailed

    dataset = find_dataset(name)
    folder = _target(name) if to is None else to
    url = f"{(mirror or PHYSIONET).rstrip('/')}/{dataset.path}"
    with working("asking what there is"):
        published = fetch_listing(url)
    wanted = choose(published, only or dataset.fetch, records)
    typer.echo(f"{dataset.title} ({dataset.licence}): {len(wanted)} of {len(published)} files", err=True)
    counts: Counter[str] = Counter()
    try:
        with counting("fetching", len(wanted)) as tell:

            def tell_file(outcome: Outcome) -> None:
                counts[outcome.status] += 1
                tell(f"{outcome.path}: {outcome.status}", keep=outcome.is_failure)

            fetch_files(url, wanted, folder, tell_file, connections, replace)
    except KeyboardInterrupt:
        left = len(wanted) - counts.total()
        typer.echo(f"stopped with {left} of {len(wanted)} files left; run the same command again to go on", err=True)
        raise typer.Exit(130) from None
    typer.echo(f"{folder}: " + ", ".join(f"{count} {status}" for status, count in sorted(counts.items())))
    failed = counts.total() - counts["fetched"] - counts["kept"]
    if failed:
        hint = "Run it again with --replace to fetch those that differ." if counts["differs"] else None
        raise DownloadFailed(f"{failed} of {len(wanted)} files are not here as published.", hint)


@app.command("show")
def show_dataset(
    name: Name,
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="DIR", help="Folder of the data set; NAME under PAPERBEAT_DATA when left out."),
    ] = None,
) -> None:
    """Read the tables of a data set and count: is this folder read right?"""
    from api.progress import working
    from digitize.datasets.catalogue import folder_of, loader_of
    from digitize.datasets.summary import summarise

    loader = loader_of(name)
    with working("reading the tables"):
        listing = loader.records(folder or folder_of(name))
        headings = summarise(listing) | loader.tally(listing)
    patients = len({entry.patient_id for entry in listing})
    typer.echo(f"{len(listing)} records of {patients} patients, {listing.missing} listed but not here")
    table = _table("heading", "count", "value")
    for heading, counts in headings.items():
        _add_counts(table, heading, counts)
    _print(table)


def _add_counts(table: Table, heading: str, counts: Counter[str]) -> None:
    rows = counts.most_common()
    for k, (value, count) in enumerate(rows[:_MOST]):
        table.add_row(heading if k == 0 else "", str(count), value)
    if rows[_MOST:]:
        table.add_row("", str(sum(count for _, count in rows[_MOST:])), f"in {len(rows) - _MOST} others")


def _target(name: str) -> Path:
    import os

    from digitize.datasets.catalogue import folder_of
    from digitize.errors import UsageError

    if not os.environ.get("PAPERBEAT_DATA"):
        raise UsageError("It is not said where the data set shall go.", "Give --to DIR, or set PAPERBEAT_DATA.")
    return folder_of(name)


def _table(*headings: str) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(heading, overflow="fold", justify="right" if heading in ("records", "count") else "left")
    return table


def _print(table: Table) -> None:
    import sys

    from rich.console import Console

    Console(width=None if sys.stdout.isatty() else 200, highlight=False, markup=False).print(table)
