"""JSON: ``{"fs_hz": 500.0, "unit": "mV", "signal_mv": {"I": [0.1, null, ...], ...}}``, null for no sample."""

from __future__ import annotations

import json

import numpy as np

from digitize.errors import UnreadableFile
from digitize.formats.leads import name_leads
from digitize.record import Ecg

DECIMALS = 4
"""Of a millivolt: 0.1 µV."""

_HINT = 'Give {"fs_hz": 500, "signal_mv": {"I": [0.1, null], "II": [0.2, 0.3]}}.'


def encode(ecg: Ecg) -> bytes:
    """The signal as JSON text, millivolts to 0.1 µV."""
    rounded = np.round(ecg.signal_mv, DECIMALS) + 0.0  # + 0.0 turns -0.0 into 0.0
    signal_mv = {
        lead: [None if value != value else value for value in rounded[:, column].tolist()]
        for column, lead in enumerate(ecg.leads)
    }
    return json.dumps({"fs_hz": ecg.fs_hz, "unit": "mV", "signal_mv": signal_mv}, allow_nan=False).encode()


def decode(data: bytes) -> Ecg:
    """The signal of JSON text. UnreadableFile when it has another form."""
    document = json.loads(data)
    if not isinstance(document, dict) or not isinstance(document.get("signal_mv"), dict) or "fs_hz" not in document:
        raise UnreadableFile("The file does not hold fs_hz and signal_mv.", _HINT)
    if document.get("unit", "mV") != "mV":
        raise UnreadableFile("The unit is not mV.", _HINT)
    columns = document["signal_mv"]
    if len({len(values) for values in columns.values()}) != 1:
        raise UnreadableFile("The leads are not all of the same length.", _HINT)
    signal_mv = np.array(list(columns.values()), np.float64).T  # None becomes NaN
    return Ecg(np.ascontiguousarray(signal_mv), float(document["fs_hz"]), name_leads(list(columns)))
