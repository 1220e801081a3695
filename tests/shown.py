"""What the tests of analyze share: an ECG as a sheet shows it, and where the real data lies."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from digitize.record import Ecg
from digitize.sheets import load_layouts

DATA = Path(os.environ.get("PAPERBEAT_DATA", Path(__file__).parents[2] / "shared" / "data"))


def show_on_sheet(ecg: Ecg, name: str, edge_s: float = 0.0) -> Ecg:
    """The ECG with NaN wherever the sheet ``name`` does not print it; ``edge_s`` is lost on each side of a panel."""
    sheet = load_layouts()[name]
    shown = np.full_like(ecg.signal_mv, np.nan)
    for row in sheet.rows:
        for column, lead in enumerate(row):
            k = ecg.leads.index(lead)
            a, b = (round((column + side) * sheet.column_s * ecg.fs_hz) for side in (0, 1))
            edge = round(edge_s * ecg.fs_hz)
            shown[a + edge : b - edge, k] = ecg.signal_mv[a + edge : b - edge, k]
    for lead in sheet.strips:
        shown[:, ecg.leads.index(lead)] = ecg.lead(lead)
    return Ecg(shown, ecg.fs_hz, ecg.leads)


def real_data(folder: str) -> Path:
    """A folder of the real data; the test is skipped where it is absent."""
    path = DATA / folder
    if not path.is_dir():
        pytest.skip(f"needs the {folder} records; set PAPERBEAT_DATA to the folder that holds them")
    return path
