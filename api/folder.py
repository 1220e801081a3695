"""Results that appear whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from glob import escape
from pathlib import Path

from digitize.errors import UsageError

_BUILDING = ".building"


class CannotWrite(UsageError):
    code, http_status = "cannot_write", 507
    default_hint = "Name a folder that you may write to, on a disk with room, with -o."


def check_writable(folder: Path) -> None:
    """Refuse early, before minutes of work, a place where no folder can be made.

    Raises
    ------
    CannotWrite
        When the path, or the nearest part of it that exists, is no folder or is read-only.
    """
    nearest = folder.absolute()
    while not nearest.exists() and nearest != nearest.parent:
        nearest = nearest.parent
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        raise CannotWrite("The results cannot be written there: it is no folder, or a read-only one.")


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """Build files out of sight and put them in place together.

    Parameters
    ----------
    folder : Path
        Where the files shall stand in the end; made when it is missing. In one that exists, files of the same names are
        replaced and all others kept: the folder itself is never swapped, as it may be somebody's working directory.

    Yields
    ------
    Path
        An empty folder to write to. If the block raises, it vanishes and what stood before stays untouched.

    Raises
    ------
    CannotWrite
        When the disk is full or the place may not be written to.
    """
    folder = folder.resolve()
    try:
        # Inside a folder that exists: it may be a mount of its own, or all that may be written to.
        place = folder if folder.is_dir() else folder.parent
        place.mkdir(parents=True, exist_ok=True)
        building = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=_BUILDING, dir=place))
        try:
            yield building
            _put_in_place(building, folder)
        finally:
            shutil.rmtree(building, ignore_errors=True)
    except OSError as exc:
        raise CannotWrite(f"The results cannot be written: {exc.strerror or type(exc).__name__}.") from exc


def clear_leftovers(folder: Path) -> None:
    """Remove what a killed process left while it was building this folder."""
    for place in (folder, folder.parent):
        for leftover in place.glob(f".{escape(folder.name)}.*{_BUILDING}"):
            shutil.rmtree(leftover, ignore_errors=True)


def _put_in_place(building: Path, folder: Path) -> None:
    if folder.is_dir():
        for made in sorted(building.iterdir()):
            made.replace(folder / made.name)
        return
    umask = os.umask(0)
    os.umask(umask)
    building.chmod(0o777 & ~umask)  # mkdtemp makes folders that only their owner may enter
    building.rename(folder)
