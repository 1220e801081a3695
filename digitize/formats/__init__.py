"""An ECG to and from files; the ending says which format.

========= ============================================================================================
``.csv``  ``time_s`` and the leads, millivolts, blank where there is no sample
``.hea``  WFDB, ``.dat`` beside it: written in format 16 at 1 µV; read in all of WFDB's formats, by its
          ``.hea``, ``.dat`` or ``.mat``
``.dcm``  DICOM 12-lead ECG waveform
``.xml``  HL7 annotated ECG (aECG)
``.edf``  EDF+
``.npz``  NumPy: ``signal_mv``, ``fs_hz``, ``leads``; exact
``.json`` ``fs_hz`` and ``signal_mv`` by lead, null where there is no sample
========= ============================================================================================
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Protocol, cast

from digitize.errors import FileTooLarge, PaperbeatError, UnreadableFile, UsageError
from digitize.formats.files import replace_files
from digitize.formats.leads import arrange, name_lead
from digitize.record import Ecg

__all__ = ["ENDINGS", "arrange", "decode_ecg", "encode_ecg", "name_lead", "read_ecg", "write_ecg"]

MAX_BYTES = 512 * 2**20

_MODULES = {".csv": "csv", ".dcm": "dcm", ".xml": "aecg", ".edf": "edf", ".npz": "npz", ".json": "json"}
_WFDB = (".hea", ".dat", ".mat")

ENDINGS = (".csv", ".hea", ".dat", ".dcm", ".xml", ".edf", ".npz", ".json")
"""What can be written."""


class _Format(Protocol):
    def encode(self, ecg: Ecg) -> bytes: ...

    def decode(self, data: bytes) -> Ecg: ...


def write_ecg(ecg: Ecg, path: str | Path) -> None:
    """Write an ECG; the ending of the path says in which format.

    Parameters
    ----------
    ecg : Ecg
    path : str or Path
        A file that is there is replaced in one step: nobody sees half of it. ``.hea`` and ``.dat`` both write the pair.

    Raises
    ------
    UsageError
        An ending that is not known, a signal that the format cannot hold, or a place that cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() in (".hea", ".dat"):
        from digitize.formats import wfdb

        replace_files(wfdb.encode(ecg, path))
    else:
        replace_files({path: encode_ecg(ecg, path.suffix)})


def read_ecg(path: str | Path) -> Ecg:
    """Read an ECG from a signal file; the ending says in which format.

    Parameters
    ----------
    path : str or Path
        ``.csv``, ``.hea`` / ``.dat`` / ``.mat`` (WFDB), ``.dcm``, ``.xml``, ``.edf``, ``.npz`` or ``.json``.

    Returns
    -------
    Ecg
        A standard ECG comes as the twelve leads in the usual order (see :func:`arrange`).

    Raises
    ------
    UsageError
        An ending that is not known.
    UnreadableFile
        Not there, damaged, or without an ECG.
    FileTooLarge
        More than 512 MB.
    """
    path = Path(path)
    ending = path.suffix.lower()
    if ending not in _WFDB:
        _module(ending)  # an unknown ending is told first
    try:
        if not path.is_file():
            raise UnreadableFile("There is no such signal file.", "Check the path.")
        if path.stat().st_size > MAX_BYTES:
            raise FileTooLarge(
                f"The signal file is larger than {MAX_BYTES // 2**20} MB.", "Cut it into shorter records."
            )
        if ending not in _WFDB:
            return decode_ecg(path.read_bytes(), ending)
    except (OSError, ValueError) as error:
        raise UnreadableFile("The signal file cannot be opened.", "Check the path and its permissions.") from error
    from digitize.formats import wfdb

    return arrange(wfdb.decode(path))


def encode_ecg(ecg: Ecg, ending: str) -> bytes:
    """The bytes of a file of that ending (one-file formats; not WFDB). UsageError as :func:`write_ecg`."""
    return _module(ending).encode(ecg)


def decode_ecg(data: bytes, ending: str) -> Ecg:
    """The ECG of a file's bytes (one-file formats; not WFDB). Errors as :func:`read_ecg`."""
    module = _module(ending)
    if not data:
        raise UnreadableFile("The signal file is empty.")
    try:
        return arrange(module.decode(data))
    except PaperbeatError:
        raise
    except Exception as error:  # parsers answer broken bytes with nearly any exception there is
        raise UnreadableFile(f"The file is damaged, or no {ending.lstrip('.').upper()} file of an ECG.") from error


def _module(ending: str) -> _Format:
    try:
        name = _MODULES[ending.lower()]
    except KeyError:
        raise UsageError("Signal files of this ending are not known.", f"Use one of {' '.join(ENDINGS)}") from None
    return cast(_Format, importlib.import_module(f"digitize.formats.{name}"))
