"""Pictures that are no ECG, drawn from a seed: ``python -m digitize.synth.others`` reads 200 and counts the accepted.

Charts on grids, spreadsheets, text, sheet music, maps, seismograms, brain waves, graph paper, textures and noise: what
people drop on a page by mistake, and what looks most like an ECG.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from digitize.record import LEADS

Rgb = NDArray[np.uint8]
Rng = np.random.Generator
HEIGHT_PX, WIDTH_PX = 800, 1100


def draw_other(kind: str, seed: int) -> Rgb:
    """Draw a picture of one of `KINDS`; the same kind and seed give the same picture, shape (H, W, 3)."""
    return KINDS[kind](np.random.default_rng([seed, list(KINDS).index(kind)]))


def _paper(rng: Rng, level: int = 250) -> Rgb:
    return np.full((HEIGHT_PX, WIDTH_PX, 3), np.clip(level + rng.integers(-10, 5, 3), 0, 255), np.uint8)


def _rule(rgb: Rgb, step_px: int, colour: tuple[int, int, int], thick: int = 1) -> None:
    for x in range(0, rgb.shape[1], step_px):
        cv2.line(rgb, (x, 0), (x, rgb.shape[0]), colour, thick)
    for y in range(0, rgb.shape[0], step_px):
        cv2.line(rgb, (0, y), (rgb.shape[1], y), colour, thick)


def _graph_paper(rng: Rng) -> Rgb:
    rgb = _paper(rng)
    step = int(rng.integers(5, 9))
    _rule(rgb, step, (245, 205, 205))
    _rule(rgb, 5 * step, (228, 130, 130), 2)
    return rgb


def _curve(rgb: Rgb, y: NDArray[np.float64], x0: int = 60, thick: int = 2) -> None:
    points = np.column_stack([np.arange(len(y)) + x0, y]).round().astype(np.int32)
    cv2.polylines(rgb, [points], False, (25, 25, 35), thick, cv2.LINE_AA)


def _write(rgb: Rgb, text: str, at: tuple[int, int], size: float = 0.5) -> None:
    cv2.putText(rgb, text, at, cv2.FONT_HERSHEY_SIMPLEX, size, (20, 20, 20), 1, cv2.LINE_AA)


def draw_stocks(rng: Rng) -> Rgb:
    """Random walks on graph paper, one to four."""
    rgb = _graph_paper(rng)
    count = int(rng.integers(1, 5))
    for k in range(count):
        _curve(rgb, (k + 0.5) * HEIGHT_PX / count + np.cumsum(rng.normal(0, 2.0, 980)))
    _write(rgb, "Price", (5, 20))
    return rgb


def draw_waves(rng: Rng) -> Rgb:
    """Sines, beats of two sines and decaying waves on graph paper, with axes that are named I, II or V."""
    rgb = _graph_paper(rng)
    x = np.arange(980.0)
    for k in range(int(rng.integers(2, 6))):
        y = 40 * np.sin(x / rng.uniform(5, 60)) * np.cos(x / rng.uniform(50, 400))
        _curve(rgb, 90 + 140 * k + y)
        _write(rgb, str(rng.choice(["I", "V", "II", "A", "f(x)"])), (30, 60 + 140 * k), 0.6)
    return rgb


def draw_brain(rng: Rng) -> Rgb:
    """Brain waves without names, on ruled paper."""
    rgb = _graph_paper(rng)
    for k in range(int(rng.integers(6, 13))):
        noise = np.convolve(rng.normal(0, 1, 1000), np.hanning(9), mode="same")[:980]
        _curve(rgb, 50 + 60 * k + 4 * noise + 5 * np.sin(np.arange(980) / 8 + k), thick=1)
    return rgb


def draw_earthquake(rng: Rng) -> Rgb:
    """A seismogram: bursts that fade."""
    rgb = _graph_paper(rng) if rng.random() < 0.6 else _paper(rng)
    for k in range(int(rng.integers(1, 4))):
        fade = np.exp(-np.maximum(np.arange(980) - rng.integers(100, 500), 0) / 150.0)
        _curve(rgb, 150 + 240 * k + rng.normal(0, 30, 980) * fade, thick=1)
    return rgb


def draw_bars(rng: Rng) -> Rgb:
    """Twelve bars, named like leads."""
    rgb = _graph_paper(rng)
    for k, lead in enumerate(LEADS):
        x = 60 + 80 * k
        cv2.rectangle(rgb, (x, int(rng.integers(100, 650))), (x + 45, 700), (60, 90, 160), -1)
        _write(rgb, lead, (x, 725))
    return rgb


def draw_spreadsheet(rng: Rng) -> Rgb:
    rgb = _paper(rng)
    wide, high = int(rng.integers(50, 120)), int(rng.integers(18, 40))
    for y in range(0, HEIGHT_PX, high):
        cv2.line(rgb, (0, y), (WIDTH_PX, y), (190, 190, 190), 1)
        for x in range(0, WIDTH_PX, wide):
            cv2.line(rgb, (x, 0), (x, HEIGHT_PX), (190, 190, 190), 1)
            _write(rgb, f"{rng.random() * 100:.1f}", (x + 4, y + high - 6), 0.4)
    return rgb


def draw_text(rng: Rng) -> Rgb:
    """A page about ECGs: the names of leads among other words, sometimes on squared paper."""
    rgb = _graph_paper(rng) if rng.random() < 0.5 else _paper(rng)
    words = [*LEADS, "the", "lead", "shows", "25 mm/s", "10 mm/mV", "ST", "in", "and", "rhythm"]
    for y in range(50, HEIGHT_PX - 20, int(rng.integers(24, 40))):
        _write(rgb, " ".join(rng.choice(words, 14)), (40, y), 0.55)
    return rgb


def draw_music(rng: Rng) -> Rgb:
    rgb = _paper(rng)
    for top in range(60, HEIGHT_PX - 80, 130):
        for line in range(5):
            cv2.line(rgb, (40, top + 12 * line), (WIDTH_PX - 40, top + 12 * line), (30, 30, 30), 1)
        for x in range(80, WIDTH_PX - 60, int(rng.integers(30, 60))):
            y = top + int(rng.integers(0, 9)) * 6
            cv2.ellipse(rgb, (x, y), (8, 5), -20, 0, 360, (20, 20, 20), -1)
            cv2.line(rgb, (x + 7, y), (x + 7, y - 40), (20, 20, 20), 2)
    return rgb


def draw_map(rng: Rng) -> Rgb:
    """Streets, a grid of coordinates, names."""
    rgb = _paper(rng, 235)
    _rule(rgb, int(rng.integers(60, 120)), (180, 200, 230))
    for _ in range(25):
        points = np.cumsum(rng.normal(0, 45, (12, 2)), axis=0) + rng.uniform((0, 0), (WIDTH_PX, HEIGHT_PX))
        cv2.polylines(rgb, [points.astype(np.int32)], False, (200, 160, 90), int(rng.integers(1, 6)), cv2.LINE_AA)
        _write(rgb, str(rng.choice(["Main St", "V2", "A4", "Lake", "III"])), tuple(points[3].astype(int).tolist()))
    return rgb


def draw_paper(rng: Rng) -> Rgb:
    """ECG paper with the names of leads, and no trace."""
    rgb = _graph_paper(rng)
    if rng.random() < 0.6:
        for k, lead in enumerate(LEADS):
            _write(rgb, lead, (60 + 250 * (k // 3), 120 + 200 * (k % 3)), 0.6)
    return rgb


def draw_texture(rng: Rng) -> Rgb:
    """Cloth, bricks, checkers, fences: things that repeat."""
    y, x = np.mgrid[:HEIGHT_PX, :WIDTH_PX]
    step = int(rng.integers(8, 60))
    kind = int(rng.integers(4))
    if kind == 0:
        plane = (x // step + y // step) % 2 * 200.0
    elif kind == 1:
        plane = 120 + 60 * np.sin(x * 6.28 / step) + 60 * np.sin(y * 6.28 / step)
    elif kind == 2:
        plane = np.where((y % step < 3) | ((x + (y // step % 2) * step) % (2 * step) < 3), 220.0, 110.0)
    else:
        plane = np.where(((x + y) % step < 4) | ((x - y) % step < 4), 60.0, 210.0)
    return np.asarray(np.clip(plane[..., None] + rng.normal(0, 8, (HEIGHT_PX, WIDTH_PX, 3)), 0, 255), np.uint8)


def draw_scene(rng: Rng) -> Rgb:
    """Blots of colour and a camera's noise, as a photo of anything."""
    small = rng.integers(20, 235, (int(rng.integers(4, 40)), int(rng.integers(4, 60)), 3)).astype(np.uint8)
    scene = cv2.resize(small, (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.clip(scene + rng.normal(0, rng.uniform(1, 40), scene.shape), 0, 255), np.uint8)


def draw_plot(rng: Rng) -> Rgb:
    """A program's plot of several curves with a fine grid."""
    rgb = _paper(rng, 255)
    step = int(rng.integers(20, 45))
    _rule(rgb, step, (205, 205, 205))
    x = np.arange(980.0)
    for k in range(int(rng.integers(1, 4))):
        y = (
            200
            + 200 * k
            + 60 * np.exp(-(((x - rng.uniform(200, 800)) / rng.uniform(5, 90)) ** 2)) * rng.choice([-1, 1])
        )
        _curve(rgb, y + rng.normal(0, 1.5, 980))
    _write(rgb, "V", (20, 40), 0.7)
    _write(rgb, "t / s", (WIDTH_PX - 80, HEIGHT_PX - 15))
    return rgb


KINDS: dict[str, Callable[[Rng], Rgb]] = {
    "stocks": draw_stocks,
    "waves": draw_waves,
    "brain": draw_brain,
    "earthquake": draw_earthquake,
    "bars": draw_bars,
    "spreadsheet": draw_spreadsheet,
    "text": draw_text,
    "music": draw_music,
    "map": draw_map,
    "paper": draw_paper,
    "texture": draw_texture,
    "scene": draw_scene,
    "plot": draw_plot,
}
"""What can be drawn, by name."""


def main(argv: list[str] | None = None) -> None:
    """Read pictures that are no ECG and print how many were accepted."""
    from digitize.errors import InputError
    from digitize.pipeline import read_photo
    from digitize.record import Hints
    from digitize.stages import Photo

    parser = argparse.ArgumentParser(description="Read pictures that are no ECG and count those accepted.")
    parser.add_argument("--n", type=int, default=208)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args(argv)
    counts: Counter[tuple[str, str]] = Counter()
    for k in range(args.n):
        kind = list(KINDS)[k % len(KINDS)]
        try:
            read_photo(Photo(draw_other(kind, args.seed + k // len(KINDS)), ""), Hints())
            code = "accepted"
        except InputError as refusal:
            code = refusal.code
        counts[kind, code] += 1
        print(f"{k + 1}/{args.n} {kind}: {code}", file=sys.stderr, flush=True)
    for (kind, code), count in sorted(counts.items()):
        print(f"{kind:12} {code:16} {count}")
    print(f"accepted {sum(n for (_, code), n in counts.items() if code == 'accepted')} of {args.n}")


if __name__ == "__main__":
    main()
