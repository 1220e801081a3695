"""Training sheets for `digitize.pen`: pages drawn, photographed and flattened by the reader's own stages.

Each sheet is one page as the reader would see it: the true lattice, shaken a little as a fitted one is, takes the place
of the fitted one, so that what the network learns is the pen and not the lattice's faults.

``python -m digitize.train.bands --data DIR --out FOLDER`` fills FOLDER with sheets while the network trains.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import make_interp_spline

from digitize.flatten import flatten
from digitize.formats import read_ecg
from digitize.ink import separate_ink
from digitize.pen import FINE, PX_PER_MM
from digitize.record import Ecg
from digitize.stages import Lattice, Photo
from digitize.synth.choose import choose_dark_stock, choose_page
from digitize.synth.degrade import PhotoPage
from digitize.synth.effects import choose_effects, degrade

Array = NDArray[np.float64]

PITCH_MM = 5.0
WANDERING_SHARE = 0.35
"""Share of the sheets whose baselines drift by more than the record's own."""
DARK_SHARE = 0.65
"""Share of the sheets whose grid is nearly as dark as the trace: there the network takes a line for a stroke."""
MARGIN_MM = 12.0
"""Paper kept around the traces, so that the network learns where rows begin and end."""


@dataclass(frozen=True, eq=False)
class TrainingSheet:
    """One flattened page.

    Attributes
    ----------
    planes : ndarray of uint8, shape (H, W, 5)
        Red, green, blue, ink, sure.
    baselines_px : ndarray, shape (rows,)
    curves_px : ndarray of float32, shape (rows, FINE * W)
        Height of the pen at every fine column; NaN where there is none.
    """

    planes: NDArray[np.uint8]
    baselines_px: NDArray[np.float64]
    curves_px: NDArray[np.float32]


def draw_sheet(rng: np.random.Generator, ecg: Ecg) -> TrainingSheet:
    """Print an ECG on a random page, photograph it at random, flatten it and say where the pen was."""
    printed = _let_wander(rng, ecg) if rng.random() < WANDERING_SHARE else ecg
    page = choose_page(rng, printed, stock=choose_dark_stock(rng) if rng.random() < DARK_SHARE else None)
    picture = degrade(page, choose_effects(rng, float(rng.beta(1.3, 1.6))), seed=int(rng.integers(2**31)))
    lattice, origin_mm, shake_mm = _shake_lattice(rng, picture)
    sheet = flatten(Photo(picture.rgb, ""), lattice)
    ink = separate_ink(sheet, PITCH_MM)
    planes = np.dstack([sheet.rgb, *(np.rint(p * 255).astype(np.uint8) for p in (ink.trace, ink.sure))])
    rows = sorted({trace.panel.row for trace in page.traces})
    baselines = np.empty(len(rows))
    curves = np.full((len(rows), FINE * planes.shape[1]), np.nan, np.float32)
    for k, row in enumerate(rows):
        for trace in page.traces:
            if trace.panel.row == row:
                at_mm = trace.points_mm - _look_up(shake_mm, trace.points_mm - origin_mm) - origin_mm
                _lay_curve(curves[k], at_mm * PX_PER_MM)
                baselines[k] = (trace.panel.baseline_mm - origin_mm[1]) * PX_PER_MM
    return TrainingSheet(np.ascontiguousarray(planes), baselines, curves)


def _let_wander(rng: np.random.Generator, ecg: Ecg) -> Ecg:
    """Give every lead a slow drift of its own, as breathing and loose electrodes do.

    Without it the network hardly sees a trace far from its row's baseline, and leaves such a one for a dark grid line.
    """
    count = len(ecg.signal_mv)
    second = count / ecg.fs_hz
    knots = np.arange(-1, second + 2, rng.uniform(0.6, 2.5))
    height_mv = rng.uniform(0.1, 0.7) * rng.standard_normal((len(knots), len(ecg.leads)))
    drift_mv = make_interp_spline(knots, height_mv)(np.arange(count) / ecg.fs_hz)
    return replace(ecg, signal_mv=ecg.signal_mv + drift_mv)


def _shake_lattice(rng: np.random.Generator, picture: PhotoPage) -> tuple[Lattice, Array, Array]:
    """The page's lattice as a fit might find it, its origin on the paper, and how far each node is off, in mm."""
    page = picture.page
    points = np.concatenate([t.points_mm[np.isfinite(t.points_mm).all(axis=1)] for t in page.traces])
    low = np.maximum(points.min(axis=0) - MARGIN_MM, 0)
    high = np.minimum(points.max(axis=0) + MARGIN_MM, np.array(page.rgb.shape[1::-1]) / page.px_per_mm)
    phase = np.array(page.grid_mm[:2])
    first = phase + np.ceil((low - phase) / PITCH_MM) * PITCH_MM
    cols, rows = (np.floor((high - first) / PITCH_MM).astype(int) + 1).tolist()
    nodes_mm = np.stack(np.meshgrid(np.arange(cols), np.arange(rows)), axis=-1) * PITCH_MM + first
    broad = cv2.GaussianBlur(rng.standard_normal(nodes_mm.shape), (0, 0), 2.5) * 0.25
    shake_mm = rng.exponential(0.6) * (broad + 0.025 * rng.standard_normal(nodes_mm.shape))
    shake_mm = np.clip(shake_mm, -0.3, 0.3)
    seen = np.ones(nodes_mm.shape[:2], bool)
    lattice = Lattice(picture.to_px(nodes_mm + shake_mm), seen, PITCH_MM, 0.5, 1.0, "drawn")
    return lattice, first, shake_mm


def _look_up(shake_mm: NDArray[np.float64], at_mm: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far the lattice is off at paper points, by the same spline that the lattice is read with."""
    off = Lattice(shake_mm, np.ones(shake_mm.shape[:2], bool), PITCH_MM, 0, 1, "")
    inside = np.where(np.isfinite(at_mm), at_mm, 0.0)
    return off.to_px(inside[:, 0], inside[:, 1])


def _lay_curve(curve_px: NDArray[np.float32], points_px: NDArray[np.float64]) -> None:
    """Height of a polyline at the fine columns it covers, in place; no bridge over its gaps."""
    known = np.isfinite(points_px).all(axis=1)
    x, y = points_px[:, 0], points_px[:, 1]
    if known.sum() < 2:
        return
    at = (np.arange(len(curve_px)) - (FINE - 1) / 2) / FINE
    ascending = np.maximum.accumulate(x[known])
    height = np.interp(at, ascending, y[known], left=np.nan, right=np.nan)
    nearest = np.searchsorted(ascending, at).clip(1, len(ascending) - 1)
    step = ascending[nearest] - ascending[nearest - 1]
    usual = float(np.median(np.diff(ascending)))
    height[step > 3 * usual + 1] = np.nan
    np.copyto(curve_px, height.astype(np.float32), where=np.isfinite(height))


def save_sheet(sheet: TrainingSheet, path: Path) -> None:
    """Write a sheet so that a process that reads the folder never sees half of it."""
    for name, array in (("curves", sheet.curves_px), ("baselines", sheet.baselines_px), ("planes", sheet.planes)):
        part = path.with_suffix(".part")
        with part.open("wb") as file:
            np.save(file, array)
        part.replace(path.with_suffix(f".{name}.npy"))


def list_records(data: Path, kept_apart: Path | None) -> list[Path]:
    """Records of a PTB-XL folder, without the patients of the pages that are kept for measuring."""
    import csv

    with (data / "ptbxl_database.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if (data / f"{row['filename_hr']}.hea").exists()]
    apart = {path.stem.split("_")[0].lstrip("0") for path in kept_apart.iterdir()} if kept_apart else set()
    patients = {row["patient_id"] for row in rows if row["ecg_id"] in apart}
    return [
        data / f"{row['filename_hr']}.hea"
        for row in rows
        if row["patient_id"] not in patients and row["ecg_id"] not in apart
    ]


def main(argv: list[str] | None = None) -> None:
    """Draw sheets into a folder."""
    parser = argparse.ArgumentParser(description="Draw training sheets for the pen network.")
    parser.add_argument("--data", type=Path, required=True, help="folder of PTB-XL")
    parser.add_argument("--apart", type=Path, help="folder of pages whose records must not be trained on")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=400)
    args = parser.parse_args(argv)
    cv2.setNumThreads(1)
    args.out.mkdir(parents=True, exist_ok=True)
    records = list_records(args.data, args.apart)
    for index in range(args.first, args.first + args.count):
        began = time.monotonic()
        rng = np.random.default_rng([args.seed, index])
        sheet = draw_sheet(rng, read_ecg(records[int(rng.integers(len(records)))]))
        save_sheet(sheet, args.out / f"{index:05d}")
        print(f"sheet {index}: {sheet.planes.shape}, {time.monotonic() - began:.1f} s", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
