"""``paperbeat export``: the classifier's networks for phones and small boards, and what they are fed with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterable

_TRAIN = 'In a checkout, run: pip install -e ".[train]"'
_EDGE = 'In a checkout, run: python -m venv edge && edge/bin/pip install -e ".[train,edge]", then edge/bin/paperbeat'
_NEEDS = {
    "tflite": {"torch": _EDGE, "litert_torch": _EDGE},
    "onnx": {"torch": _TRAIN, "onnx": _TRAIN},
    "int8": {"torch": _TRAIN, "onnx": _TRAIN},
}
_CALLED = {"torch": "PyTorch", "litert_torch": "litert-torch", "onnx": "onnx"}

NETS = Path(__file__).parents[2] / "analyze" / "train" / "diagnosis.pt"


def export(
    tflite: Annotated[
        Path | None, typer.Option("--tflite", metavar="FILE", help="TFLite, for LiteRT; needs the extra: edge.")
    ] = None,
    onnx: Annotated[
        Path | None, typer.Option("--onnx", metavar="FILE", help="ONNX in floating point; needs the extra: train.")
    ] = None,
    int8: Annotated[
        Path | None, typer.Option("--int8", metavar="FILE", help="ONNX in 8 bits; needs the extra: train.")
    ] = None,
    prepare: Annotated[
        tuple[Path, Path] | None,
        typer.Option("--input", metavar="SIGNAL NPY", help="Write what the networks are fed with of a digital ECG."),
    ] = None,
) -> None:
    """Write the 12-lead classifier's networks for phones and small boards.

    Beside each FILE goes its card, FILE.json: input, labels, thresholds, and how far its answers are from torch's.
    These are the networks alone, without the forests that `paperbeat analyze` asks as well.
    """
    from digitize.errors import UsageError

    wanted = {kind: path for kind, path in (("tflite", tflite), ("onnx", onnx), ("int8", int8)) if path is not None}
    targets = [*wanted.values(), *(prepare or ())[1:]]
    if not targets:
        raise UsageError("Nothing is to be written.", "Give --tflite, --onnx, --int8 or --input.")
    _check_targets(targets)
    if wanted:
        _export_networks(wanted)
    if prepare is not None:
        _write_input(*prepare)


def _check_targets(targets: list[Path]) -> None:
    from api.folder import check_writable
    from digitize.errors import UsageError

    if len({path.absolute() for path in targets}) < len(targets):
        raise UsageError("Two results would go into one file.", "Give each a name of its own.")
    for path in targets:
        if path.is_dir():
            raise UsageError("A result would go where a folder is.", "Name a file.")
        check_writable(path.absolute().parent)


def _export_networks(wanted: dict[str, Path]) -> None:
    import subprocess
    import sys

    from api.progress import working
    from digitize.errors import MissingPart

    _check_parts(wanted)
    if not NETS.exists():
        raise MissingPart(
            "The networks by themselves are not here; they are not part of the installed package.",
            "Work in a checkout, or train them: paperbeat train diagnosis --data PTB-XL",
        )
    for path in wanted.values():
        path.absolute().parent.mkdir(parents=True, exist_ok=True)
    asked = [word for kind, path in wanted.items() for word in (f"--{kind}", str(path))]
    with working("exporting and comparing with torch"):
        command = [sys.executable, "-m", "analyze.train.edge", "--nets", str(NETS), *asked]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    typer.echo(done.stdout, nl=False)
    if done.returncode:
        typer.echo(done.stderr.rstrip(), err=True)
        raise typer.Exit(2)


def _check_parts(wanted: Iterable[str]) -> None:
    from importlib.util import find_spec

    from digitize.errors import MissingPart

    needs = {part: hint for kind in wanted for part, hint in _NEEDS[kind].items()}
    missing = [part for part in needs if find_spec(part) is None]
    if missing:
        names = " and ".join(_CALLED[part] for part in missing)
        raise MissingPart(f"The export needs {names}, not installed.", needs[missing[-1]])


def _write_input(signal: Path, out: Path) -> None:
    import numpy as np

    from analyze.classinput import prepare
    from api.folder import CannotWrite
    from digitize.formats import read_ecg

    beat = prepare(read_ecg(signal)).beat[None]
    part = out.with_name(f"{out.name}.part")
    try:
        out.absolute().parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            np.save(file, beat)
        part.replace(out)
    except OSError as exc:
        raise CannotWrite(f"The result cannot be written: {exc.strerror or type(exc).__name__}.") from exc
    finally:
        part.unlink(missing_ok=True)
