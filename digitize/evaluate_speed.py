"""How well the pace of a heart tells a wrong paper speed: ``python -m digitize.evaluate_speed FOLDER`` of PTB-XL."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from digitize.formats import read_ecg
from digitize.speed import SLOW, SWIFT, compare_pace, measure_pace


def main(argv: list[str] | None = None) -> None:
    """Print how many records are doubted as they are, and as they would be read at a wrong speed."""
    parser = argparse.ArgumentParser(description="Doubts about the paper speed, on records whose speed is known.")
    parser.add_argument("data", type=Path, help="folder of WFDB records")
    parser.add_argument("--every", type=int, default=3, help="one record in so many")
    args = parser.parse_args(argv)
    paces = []
    for path in sorted(args.data.glob("**/*.hea"))[:: args.every]:
        ecg = read_ecg(path)
        # A sheet run at another speed than assumed is one whose seconds are longer or shorter.
        found = [measure_pace(ecg.signal_mv, ecg.fs_hz * times) for times in (1.0, 0.5, 2.0)]
        paces.append([np.nan if f is None else compare_pace(*f) for f in found])
    pace = np.array(paces)
    for k, name in enumerate(("right speed", "50 mm/s taken for 25", "12.5 mm/s taken for 25")):
        doubted = np.mean((pace[:, k] < SWIFT) | (pace[:, k] > SLOW))
        print(f"{name}: {doubted:.1%} of {len(pace)} records doubted")


if __name__ == "__main__":
    main()
