"""``paperbeat``: the command line. Only what ``--help`` needs is imported here; the rest inside each command."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import typer
from typer.exceptions import TyperException

from api.commands import archive, bench, data, doctor, export, pages, server, train, workshop

USAGE, UNREADABLE, MISSING, SOME_FAILED, INTERRUPTED = 1, 2, 3, 4, 130

app = typer.Typer(
    name="paperbeat",
    help="Reads paper ECGs: a photo, scan or PDF in; calibrated signals, measurements and STEMI findings out.",
    epilog="Exit codes: 0 ok, 1 usage, 2 not readable as an ECG, 3 an optional part is missing, "
    "4 finished with failures, 130 interrupted.  Not a medical device.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command("read")(pages.read)
app.command("digitize")(pages.digitize_page)
app.command("analyze")(pages.analyze_signal)
app.command("batch")(archive.batch)
app.command("serve")(server.serve)
app.command("render")(workshop.render_record)
app.add_typer(bench.app, name="bench")
app.add_typer(data.app, name="data")
app.command("train", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(train.train)
app.command("export")(export.export)
app.command("doctor")(doctor.doctor)


def _print_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"paperbeat {version('paperbeat')}")
        raise typer.Exit


@app.callback()
def paperbeat(
    version: bool = typer.Option(False, "--version", callback=_print_version, is_eager=True, help="Print the version."),
) -> None:
    """Reads paper ECGs: a photo, scan or PDF in; calibrated signals, measurements and STEMI findings out."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point: run a command and end with its exit code."""
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Parameters
    ----------
    arguments : sequence of str, optional
        Those of the process when left out.

    Returns
    -------
    int
        The exit code. What went wrong is told on stderr as ``error[code]: ...`` and ``hint: ...``.
    """
    try:
        code = app(arguments, prog_name="paperbeat", standalone_mode=False)
    except TyperException as exc:
        asked = getattr(getattr(exc, "ctx", None), "command_path", "paperbeat")
        message = exc.format_message()
        if not message or type(exc).__name__ == "NoArgsIsHelpError":
            typer.echo(message, err=True)
        else:
            _tell("usage", message, f"See `{asked} --help`.")
        return USAGE
    except Exception as exc:
        return _explain(exc)
    if code == INTERRUPTED:
        typer.echo("interrupted", err=True)
    return code if isinstance(code, int) else 0


def _explain(exc: Exception) -> int:
    from digitize.errors import PaperbeatError
    from digitize.workers import describe

    if os.environ.get("PAPERBEAT_DEBUG"):
        raise exc
    if isinstance(exc, PaperbeatError):
        _tell(exc.code, exc.message, exc.hint)
        return exc.exit_code
    hint = "This is a defect. Run again with PAPERBEAT_DEBUG=1 and report what it prints, without the patient's data."
    _tell("internal", f"Unexpected {describe(exc)}.", hint)
    return UNREADABLE


def _tell(code: str, message: str, hint: str) -> None:
    typer.echo(f"error[{code}]: {message}", err=True)
    if hint:
        typer.echo(f"hint: {hint}", err=True)
