"""NumPy's ``.npz``: ``signal_mv`` (time, lead), ``fs_hz``, ``leads``; exact."""

from __future__ import annotations

import io
import zipfile

import numpy as np

from digitize.errors import FileTooLarge, UnreadableFile
from digitize.formats.leads import name_leads
from digitize.record import Ecg

MAX_BYTES = 2**30


def encode(ecg: Ecg) -> bytes:
    """The signal as a compressed ``.npz``."""
    out = io.BytesIO()
    np.savez_compressed(out, signal_mv=ecg.signal_mv, fs_hz=np.float64(ecg.fs_hz), leads=np.array(ecg.leads, np.str_))
    return out.getvalue()


def decode(data: bytes) -> Ecg:
    """The signal of a ``.npz``. UnreadableFile when a part is missing, FileTooLarge when it unpacks to over 1 GB."""
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        if sum(part.file_size for part in parts.infolist()) > MAX_BYTES:
            raise FileTooLarge("The signal file unpacks to more than 1 GB.", "Cut it into shorter records.")
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        missing = {"signal_mv", "fs_hz", "leads"} - set(arrays.files)
        if missing:
            raise UnreadableFile(f"The file has no {' and no '.join(sorted(missing))}.")
        signal_mv, fs_hz = np.asarray(arrays["signal_mv"], np.float64), float(arrays["fs_hz"])
        return Ecg(signal_mv, fs_hz, name_leads([str(name) for name in arrays["leads"]]))
