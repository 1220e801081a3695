"""The main job: a page in, a folder of signal, overlay and report out. Command line, archive and server all call it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from api.folder import whole_folder
from digitize.record import Hints

FILES: tuple[str, ...] = ("signal.csv", "signal.hea", "signal.dat", "overlay.png", "report.html", "report.json")
"""What a read page leaves behind."""


@dataclass(frozen=True)
class Reading:
    """A page that was read.

    Attributes
    ----------
    report : dict
        The content of ``report.json``.
    summary : str
        Some ten lines for a person.
    """

    report: dict[str, Any]
    summary: str

    @property
    def status(self) -> str:
        """``ok`` or ``partial``."""
        return str(self.report["status"])


def read_to_folder(source: Path | bytes, folder: Path, hints: Hints, page: int = 1) -> Reading:
    """Read one page and write its folder of results.

    Parameters
    ----------
    source : Path or bytes
        The picture, as a file or as its content.
    folder : Path
        Gets the files named in `FILES`, all of them or none.
    hints : Hints
        What a person knows better than the page shows.
    page : int
        Page number in the file, from 1.

    Raises
    ------
    InputError
        When the page cannot be read as an ECG; no file is written.
    CannotWrite
        When the folder cannot be written.
    """
    from analyze import analyze, to_html, to_json, to_text
    from digitize.formats import write_ecg
    from digitize.overlay import overlay_png
    from digitize.pipeline import digitize

    sheet = digitize(source, hints, page)
    report = analyze(sheet.ecg, sheet.patient, page=sheet)
    picture = overlay_png(sheet)
    reading, html = Reading(to_json(report), to_text(report)), to_html(report, picture)
    with whole_folder(folder) as building:
        write_ecg(sheet.ecg, building / "signal.csv")
        write_ecg(sheet.ecg, building / "signal.hea")
        (building / "overlay.png").write_bytes(picture)
        (building / "report.html").write_text(html, encoding="utf-8")
        (building / "report.json").write_text(dump_json(reading.report), encoding="utf-8")
    return reading


def dump_json(report: dict[str, Any]) -> str:
    """The text of ``report.json``. A NaN is a defect here (null is the word for what is not known) and raises."""
    return json.dumps(report, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
