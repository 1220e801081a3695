"""How far a long command has come: a bar on stderr for a person, plain lines where stderr is a file."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import typer


class Tell(Protocol):
    """Called once for every item that is done, from any thread, with what became of it.

    On a terminal the last word stands beside the bar; ``keep`` leaves it above the bar for good.
    """

    def __call__(self, said: str, keep: bool = False) -> None: ...


@contextmanager
def counting(what: str, total: int, done: int = 0) -> Iterator[Tell]:
    """Count items of a known number.

    Parameters
    ----------
    what : str
        What is being done, such as ``"reading"``.
    total, done : int
        Items there are, and those of them done before.

    Yields
    ------
    Tell
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield _plain(total, done)
        return
    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[said]}", markup=False),
    )
    with Progress(TextColumn("{task.description}"), *columns, console=console) as progress:
        bar = progress.add_task(what, total=total, completed=done, said="")

        def tell(said: str, keep: bool = False) -> None:
            if keep:
                progress.console.print(said, markup=False, highlight=False)
            progress.update(bar, advance=1, said="" if keep else said)

        yield tell


@contextmanager
def working(what: str) -> Iterator[None]:
    """A spinner on stderr while a person waits for one thing; nothing where stderr is a file."""
    from rich.console import Console

    console = Console(stderr=True)
    if console.is_terminal:
        with console.status(what):
            yield
    else:
        yield


def _plain(total: int, done: int) -> Tell:
    lock, count = threading.Lock(), done

    def tell(said: str, keep: bool = False) -> None:
        nonlocal count
        with lock:
            count += 1
            typer.echo(f"[{count}/{total}] {said}", err=True)

    return tell
