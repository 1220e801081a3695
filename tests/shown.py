"""What tests share: an ECG as a sheet shows it, a page of dots at known places, and where the real data lies."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from digitize.record import Ecg
from digitize.sheets import load_layouts
from digitize.synth.render import Page

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


def draw_dots(page: Page, dots_mm: np.ndarray) -> Page:
    """The page white, with black dots of 2 mm at known places, shape (n, 2)."""
    rgb = np.full_like(page.rgb, 255)
    for dot_x, dot_y in page.to_px(dots_mm):
        part = np.s_[int(dot_y) - 8 : int(dot_y) + 9, int(dot_x) - 8 : int(dot_x) + 9]
        y, x = np.mgrid[part]
        cover = np.clip(page.px_per_mm - np.hypot(x - dot_x, y - dot_y) + 0.5, 0, 1)
        rgb[part] = (255 * (1 - cover))[..., None]
    return replace(page, rgb=rgb)


def real_data(folder: str) -> Path:
    """A folder of the real data; the test is skipped where it is absent."""
    path = DATA / folder
    if not path.is_dir():
        pytest.skip(f"needs the {folder} records; set PAPERBEAT_DATA to the folder that holds them")
    return path
