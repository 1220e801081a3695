"""How well the pace of a heart tells a wrong paper speed: ``python -m digitize.evaluate_speed FOLDER`` of PTB-XL."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from digitize.formats import read_ecg
from digitize.record import LEADS, Ecg
from digitize.sheets import PAGE_S
from digitize.speed import SLOW, SWIFT, compare_pace, measure_pace

SPEEDS = {"right speed": 1.0, "50 mm/s taken for 25": 0.5, "12.5 mm/s taken for 25": 2.0}
"""How many times as many seconds a sheet shows as it would at the speed assumed."""


def measure_sheet(ecg: Ecg, times: float, columns: int) -> float | None:
    """What `compare_pace` makes of a sheet of ten seconds at the speed assumed, read at that speed."""
    signal = ecg.signal_mv[: round(PAGE_S * min(times, 1.0) * ecg.fs_hz)].copy()
    edges = np.linspace(0, len(signal), columns + 1).astype(int)
    for k, lead in enumerate(LEADS):
        shown = np.s_[edges[k * columns // 12] : edges[k * columns // 12 + 1]]
        if lead != "II" and columns > 1:  # II is the strip
            column = signal[shown, k].copy()
            signal[:, k] = np.nan
            signal[shown, k] = column
    found = measure_pace(signal, ecg.fs_hz * times)
    return None if found is None else compare_pace(*found)


def main(argv: list[str] | None = None) -> None:
    """Print how many records are doubted as they are, and as they would be read at a wrong speed."""
    parser = argparse.ArgumentParser(description="Doubts about the paper speed, on records whose speed is known.")
    parser.add_argument("data", type=Path, help="folder of WFDB records")
    parser.add_argument("--every", type=int, default=3, help="one record in so many")
    args = parser.parse_args(argv)
    ecgs = [read_ecg(path) for path in sorted(args.data.glob("**/*.hea"))[:: args.every]]
    for sheet, columns in (("whole", 1), ("as 3x4+1", 4)):
        for name, times in SPEEDS.items():
            found = [measure_sheet(ecg, times, columns) for ecg in ecgs]
            pace = np.array([np.nan if f is None else f for f in found])
            low, middle, high = np.nanquantile(pace, (0.015, 0.5, 0.985))
            doubted = np.mean((pace < SWIFT) | (pace > SLOW))
            print(f"{sheet}, {name}: {doubted:.1%} of {len(pace)} records doubted; {low:.3f} {middle:.3f} {high:.3f} s")


if __name__ == "__main__":
    main()
