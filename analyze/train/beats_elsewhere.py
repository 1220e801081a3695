"""The count of a strip's beats on records of another kind: ``python -m analyze.train.beats_elsewhere --data PTB-XL``.

Ten seconds of lead II of patients, carts and a country that the beat classifier was not trained on. PTB-XL says of a
record, not of a beat, whether there are extrasystoles, so that only records can be counted.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from analyze.beatcount import BeatCount, count_beats
from analyze.beats import find_beats
from analyze.measure import measure
from digitize.datasets import load, ptbxl
from digitize.datasets.ptbxl import PtbxlEntry

GROUPS = {
    "ventricular extrasystoles (PVC)": "PVC",
    "atrial extrasystoles (PAC)": "PAC",
    "atrial fibrillation (AFIB)": "AFIB",
    "paced (PACE)": "PACE",
}
DISTURBED = {"PVC", "PAC", "AFIB", "AFLT", "PACE", "SVARR", "BIGU", "TRIGU", "SVTAC", "PSVT"}


def group_records(entries: list[PtbxlEntry], most: int, seed: int) -> dict[str, list[PtbxlEntry]]:
    """Records by what PTB-XL says of extra beats, no more than so many of each, drawn at random."""
    groups = {name: [entry for entry in entries if code in entry.likelihoods] for name, code in GROUPS.items()}
    groups["none of these or their like"] = [entry for entry in entries if not DISTURBED & set(entry.likelihoods)]
    rng = np.random.default_rng(seed)
    return {name: [some[k] for k in rng.permutation(len(some))[:most]] for name, some in groups.items()}


def count_record(entry: PtbxlEntry) -> BeatCount | None:
    """The count as a report has it."""
    ecg = load(entry)
    beats = find_beats(ecg)
    return count_beats(ecg, beats, measure(ecg, None, beats))


def main(argv: list[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Beats counted on records of PTB-XL.")
    parser.add_argument("--data", type=Path, required=True, help="PTB-XL as PhysioNet publishes it")
    parser.add_argument("--n", type=int, default=150, help="records of each group, at most")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args(argv)
    print("| PTB-XL says | records | ventricular called | supraventricular called | a beat unsure | a doubt |")
    print("|---|---|---|---|---|---|")
    for name, entries in group_records(list(ptbxl.records(args.data)), args.n, args.seed).items():
        counts = [count for entry in entries if (count := count_record(entry)) is not None]
        shares = [
            np.mean([bool(getattr(count, part)) for count in counts])
            for part in ("ventricular", "supraventricular", "unsure", "doubts")
        ]
        print(
            f"| {name} | {len(counts)} | " + " | ".join(f"{100 * share:.0f} %" for share in shares) + " |", flush=True
        )


if __name__ == "__main__":
    main()
