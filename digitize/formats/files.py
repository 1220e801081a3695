"""Files appear whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from digitize.errors import UsageError


def replace_files(contents: dict[Path, bytes]) -> None:
    """Write files so that each one is either the old or the new one, also when the disk fills or the power goes.

    All are written beside their places first; only then are they moved there, in order.

    Raises
    ------
    UsageError
        They cannot be written.
    """
    written: dict[Path, Path] = {}
    try:
        for path, data in contents.items():
            beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
            written[path] = beside
            with beside.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        for path, beside in written.items():
            beside.replace(path)
    except OSError as error:
        raise UsageError(
            f"The file cannot be written: {error.strerror or 'unknown reason'}.", "Check the folder and the free space."
        ) from error
    finally:
        for beside in written.values():
            beside.unlink(missing_ok=True)
