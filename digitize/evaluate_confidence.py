"""How sure a reading says it is, and how often it is right: ``python -m digitize.evaluate_confidence``.

Pages of any kind, drawn and photographed at random from the whole world of the factory, are read, and every sample's
confidence is held against how far it lies from what was printed; so is what a page calls itself.
"""

from __future__ import annotations

import argparse
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from digitize.benchplot import check_plot, save_plot
from digitize.errors import InputError
from digitize.pen import BIN_PX, NEAR_BINS, PX_PER_MM
from digitize.pipeline import read_photo
from digitize.record import Ecg, Hints
from digitize.score import WRONG_DB, PageScore, score_page
from digitize.stages import Digitization, Photo
from digitize.synth.choose import choose_page
from digitize.synth.effects import choose_effects, degrade
from digitize.synth.heart import load_hearts, simulate

Array = NDArray[np.float64]

NEAR_MM = NEAR_BINS * BIN_PX / PX_PER_MM
"""What confidence is the probability of: the pen within so much of where it is drawn (`digitize.pen.place_pen`)."""
EDGES = (0.0, 0.5, 0.7, 0.85, 0.95, 0.99, 1.0001)
MIN_SAMPLES = 50


@dataclass(frozen=True, eq=False)
class Outcome:
    """One page: its status or the code that refused it, SNR in dB, and each sample's confidence and error in mm."""

    status: str
    snr_db: float
    confidence: Array
    error_mm: Array


def read_any(seed: int, index: int) -> Outcome:
    """Draw a page at random, photograph it at random, read it and hold it against what was printed."""
    rng = np.random.default_rng([seed, index])
    kinds = list(load_hearts())
    heart = simulate(
        kinds[index % len(kinds)],  # type: ignore[arg-type]
        heart_rate_bpm=float(rng.uniform(50, 120)),
        seed=index,
        wander_mv=float(rng.uniform(0, 0.1)),
        noise_mv=float(rng.uniform(0, 0.02)),
    )
    page = choose_page(rng, heart.ecg)
    picture = degrade(page, choose_effects(rng, float(rng.uniform(0, 1))), seed=index)
    try:
        read = read_photo(Photo(picture.rgb, ""), Hints())
    except InputError as error:
        return Outcome(error.code, np.nan, np.empty(0), np.empty(0))
    score = score_page(page.ecg, read.ecg)
    return Outcome(read.status, score.snr_db, *compare_samples(page.ecg, read, score))


def compare_samples(truth: Ecg, read: Digitization, score: PageScore) -> tuple[Array, Array]:
    """Confidence and error, in mm of paper, of every sample that was printed and read, each lead at its best lag."""
    pairs = []
    for lead, scored in score.leads.items():
        if lead not in read.ecg.leads:
            continue
        true_mv = truth.lead(lead)
        at = np.arange(len(true_mv)) + round(scored.lag_s * truth.fs_hz)
        within = (at >= 0) & (at < len(read.ecg.signal_mv))
        off_mv = read.ecg.lead(lead)[at[within]] - true_mv[within]
        sure = _spread_confidence(read, lead)[at[within]]
        both = np.isfinite(off_mv) & np.isfinite(sure)
        if both.sum() >= MIN_SAMPLES:
            off_mm = (off_mv[both] - np.median(off_mv[both])) * read.calibration.gain_of(lead)
            pairs.append(np.stack([sure[both], np.abs(off_mm)]))
    confidence, error_mm = np.concatenate(pairs, axis=1) if pairs else np.empty((2, 0))
    return confidence, error_mm


def _spread_confidence(read: Digitization, lead: str) -> Array:
    """Confidence at the samples of a lead, NaN where nothing was read."""
    left = min(panel.x_mm[0] for panel in read.layout.panels)
    at_mm = left + np.arange(len(read.ecg.signal_mv)) / read.ecg.fs_hz * read.calibration.mm_per_s
    spread = np.full(len(at_mm), np.nan)
    for curve in sorted(read.curves, key=lambda c: c.panel.strip):
        known = np.isfinite(curve.y_mm)
        if curve.panel.lead.lstrip("-") == lead and known.sum() > 1:
            here = np.interp(at_mm, curve.x_mm[known], curve.confidence[known], left=np.nan, right=np.nan)
            np.copyto(spread, here, where=np.isfinite(here))
    return spread


def tell(outcomes: list[Outcome]) -> list[tuple[float, float, float]]:
    """Print what came of the pages; for each bin of confidence give its mean, the share right and the share of all."""
    read = [o for o in outcomes if np.isfinite(o.snr_db)]
    refused = Counter(o.status for o in outcomes if not np.isfinite(o.snr_db))
    print(f"{len(read)} of {len(outcomes)} pages read; refused: {dict(refused.most_common())}")
    for index, outcome in enumerate(outcomes):
        if outcome.status == "ok" and outcome.snr_db < WRONG_DB:
            print(f"page {index} calls itself ok at {outcome.snr_db:.1f} dB")
    for status in ("ok", "partial"):
        snr_db = np.array([o.snr_db for o in read if o.status == status])
        if len(snr_db):
            wrong = int((snr_db < WRONG_DB).sum())
            print(f"{status}: {len(snr_db)} pages, median {np.median(snr_db):.1f} dB, {wrong} under {WRONG_DB:g} dB")
    confidence, error_mm = (np.concatenate([getattr(o, n) for o in read]) for n in ("confidence", "error_mm"))
    bins = []
    for low, high in pairwise(EDGES):
        here = (confidence >= low) & (confidence < high)
        if here.any():
            right, sure = float(np.mean(error_mm[here] <= NEAR_MM)), float(confidence[here].mean())
            bins.append((sure, right, float(here.mean())))
            about = f"confidence {low:.2f} to {min(high, 1):.2f}"
            print(f"{about}: mean {sure:.3f}, right {right:.3f}, of all {here.mean():.2%}")
    return bins


def draw_bins(bins: list[tuple[float, float, float]], path: Path) -> None:
    """Share right over confidence, as a picture."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.5, 4.5), layout="constrained", dpi=110)
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="#606060", linewidth=0.8, linestyle="--")
    sure, right, share = np.array(bins).T
    axes.plot(sure, right, color="#4878a8", marker="o")
    for x, y, part in zip(sure, right, share, strict=True):
        axes.annotate(f"{part:.2%}", (x, y), textcoords="offset points", xytext=(6, -10), fontsize=7)
    axes.set(xlim=(0, 1.02), ylim=(0, 1.02), xlabel="confidence of a sample", ylabel=f"share within {NEAR_MM:g} mm")
    save_plot(figure, path)


def main(argv: list[str] | None = None) -> None:
    """Read pages at random and tell."""
    parser = argparse.ArgumentParser(description="Confidence against truth, on pages of any kind.")
    parser.add_argument("--seed", type=int, default=77)
    parser.add_argument("--count", type=int, default=80)
    parser.add_argument("--plot", type=Path, help="write the table of confidence as a picture")
    args = parser.parse_args(argv)
    if args.plot:
        check_plot(args.plot)
    bins = tell([read_any(args.seed, index) for index in range(args.count)])
    if args.plot:
        draw_bins(bins, args.plot)


if __name__ == "__main__":
    main()
