"""``paperbeat batch``: archives."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def batch(
    inputs: Annotated[list[Path], typer.Argument(metavar="IN...", help="Pages, and folders of them.")],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="OUT", help="Gets a results folder for every page.")],
    jobs: Annotated[
        int | None, typer.Option("--jobs", min=1, help="Pages at a time; the number of cores when left out.")
    ] = None,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Try again what failed before.")] = False,
) -> None:
    """Read many pages. Run it again to go on where it stopped; pages already read are passed over.

    OUT gets NAME.ecg/ for every page, manifest.jsonl (one line a page as it is done) and summary.csv.
    """
    import os
    from importlib.metadata import version

    from api.batch import SUMMARY, close_batch, find_pages, pages_to_do, run_batch
    from api.progress import counting

    software = version("paperbeat")
    pages = find_pages(inputs, out)
    todo = pages_to_do(pages, out, software, retry_failed)
    try:
        with counting("reading", len(pages), len(pages) - len(todo)) as tell:
            for entry in run_batch(todo, out, software, min(jobs or os.cpu_count() or 1, max(len(todo), 1))):
                tell(f"{entry.path}: {entry.code or entry.status}", keep=entry.status == "failed")
    except KeyboardInterrupt:
        left = len(pages_to_do(pages, out, software, retry_failed))
        typer.echo(f"stopped with {left} of {len(pages)} pages left; run the same command again to go on", err=True)
        raise typer.Exit(130) from None
    counts = close_batch(pages, out)
    typer.echo(
        f"{len(pages)} pages: {counts['ok']} ok, {counts['partial']} partial, {counts['failed']} failed, "
        f"{len(pages) - len(todo)} of them before; see {out / SUMMARY}"
    )
    if counts["failed"]:
        raise typer.Exit(4)
