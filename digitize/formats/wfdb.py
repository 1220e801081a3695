"""WFDB, PhysioNet's format: a text header ``.hea`` and the samples beside it.

Written by hand in format 16 (little-endian 16-bit, 1 µV, -32768 for no sample), which takes a page of code and spares
the second that importing the wfdb package costs; read by that package, in any of its formats.
"""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import numpy as np

from digitize.errors import UnreadableFile, UsageError
from digitize.formats.leads import name_leads
from digitize.formats.microvolts import mv_per, to_counts
from digitize.record import Ecg

_HINT = "The .hea file and the signal file that it names must lie side by side."


def encode(ecg: Ecg, path: Path) -> dict[Path, bytes]:
    """The two files of the record, header last: it makes no sense without the samples.

    Parameters
    ----------
    ecg : Ecg
    path : Path
        Of either. Its stem names the record; what WFDB does not allow in a name becomes ``_``.
    """
    name = re.sub(r"[^A-Za-z0-9_-]", "_", path.stem)
    if not ecg.leads or not ecg.signal_mv.shape[0]:
        raise UsageError("There is no sample to write.", "Write a signal of one lead and one sample at least.")
    if any(re.search(r"[\s]", lead) for lead in ecg.leads):
        raise UsageError("WFDB files hold lead names without spaces only.", "Rename the leads, or write .csv.")
    counts = to_counts(ecg)
    lines = [f"{name} {len(ecg.leads)} {ecg.fs_hz:.10g} {counts.shape[0]}"]
    for column, lead in enumerate(ecg.leads):
        checksum = int(counts[:, column].sum(dtype=np.int64).astype(np.int16))
        lines.append(f"{name}.dat 16 1000.0(0)/mV 16 0 {counts[0, column]} {checksum} 0 {lead}")
    return {
        path.with_name(f"{name}.dat"): counts.astype("<i2").tobytes(),
        path.with_suffix(".hea"): ("\n".join(lines) + "\n").encode(),
    }


def decode(path: Path) -> Ecg:
    """The record of a ``.hea``, ``.dat`` or ``.mat``; channels that are no voltage are left out.

    Raises
    ------
    UnreadableFile
        A part is missing or damaged, or no channel is a voltage.
    """
    header = path.with_suffix(".hea")
    if not header.is_file():
        raise UnreadableFile("The record has no header.", _HINT)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import wfdb

        try:
            record = wfdb.rdrecord(str(header.with_suffix("")))
        except Exception as error:  # the package answers broken records with nearly any exception there is
            raise UnreadableFile("The record is damaged, or a part of it is missing.", _HINT) from error
    if record.p_signal is None or not record.fs:
        raise UnreadableFile("The record holds no samples.", _HINT)
    scales = [mv_per(unit or "") for unit in record.units]
    kept = [column for column, scale in enumerate(scales) if scale is not None]
    if not kept or not record.p_signal.shape[0]:
        raise UnreadableFile("No channel of the record is a voltage.", "Give a record of an ECG, in mV.")
    signal_mv = np.asarray(record.p_signal[:, kept], np.float64) * np.array([scales[column] for column in kept])
    return Ecg(signal_mv, float(record.fs), name_leads([record.sig_name[column] for column in kept]))
