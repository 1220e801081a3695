"""What every command of the diagnosis training is told alike: the data, the training's folder, folds and seed."""

from __future__ import annotations

import argparse
from pathlib import Path


def make_parser(description: str) -> argparse.ArgumentParser:
    """A parser of what `paperbeat train diagnosis` was told, to which a command adds its own."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--data", type=Path, required=True, help="PTB-XL or CinC 2021, whole or in part")
    parser.add_argument("--out", type=Path, default=Path("diagnosis"), help="inputs, checkpoints, predictions")
    parser.add_argument("--apart", type=Path, help="folder of pages whose patients must not be trained on")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    return parser


def name_apart(folder: Path | None) -> list[str]:
    """PTB-XL records that the pages of a folder were printed from, by the pages' names (``01286.jpg``)."""
    return sorted({path.stem.split("_")[0].lstrip("0") for path in folder.iterdir()}) if folder else []
