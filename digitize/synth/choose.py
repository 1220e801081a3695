"""Pages at random, over the world of paper ECGs: most are common, the long tail is there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np

from digitize.record import LEADS, Ecg
from digitize.sheets import KnownSheet, load_layouts
from digitize.synth.ink import Rgb, Screen
from digitize.synth.render import Page, render
from digitize.synth.stock import COLOURS, Grid, Pen, Stock, Stroke, Texture, Type, ring, scribble, underline
from digitize.synth.words import known_faces

Rng = np.random.Generator
T = TypeVar("T")

_TRIES = 12
_CABRERA = ("aVL", "I", "-aVR", "II", "aVF", "III")
_CHEST = ("V1", "V2", "V3", "V4", "V5", "V6")
_HANDS: tuple[Rgb, ...] = ((28, 40, 120), (30, 30, 34), (170, 30, 36))


def choose_page(rng: Rng, ecg: Ecg, dpi: float | None = None, stock: Stock | None = None) -> Page:
    """Print an ECG on a page of any kind.

    Parameters
    ----------
    rng : Generator
    ecg : Ecg
        Twelve leads, ten seconds.
    dpi : float, optional
        Drawn when left out.
    stock : Stock, optional
        Drawn when left out.

    Returns
    -------
    Page
    """
    look = choose_look(rng)
    if stock:
        look["stock"] = stock
    for _ in range(_TRIES):
        try:
            form = _choose_form(rng)
            footer = choose_footer(rng, form["mm_per_s"], form["mm_per_mv"], form["chest_mm_per_mv"])
            resolution = dpi or pick(rng, {150.0: 2, 200.0: 4, 250.0: 2, 300.0: 1})
            return render(ecg, dpi=resolution, footer=footer, **look, **form)
        except ValueError:  # it does not fit the paper, or lasts longer than the record: another one
            continue
    return render(ecg, dpi=dpi or 200.0, **look)


def choose_look(rng: Rng) -> dict[str, Any]:
    """Paper, pen, type, header and handwriting at random: arguments of `render` that suit any layout."""
    type_ = _choose_type(rng)
    return {
        "stock": choose_stock(rng),
        "pen": choose_pen(rng),
        "type": type_,
        "header": _choose_header(rng),
        "strokes": _choose_strokes(rng),
    }


def pick(rng: Rng, weights: dict[T, float]) -> T:
    """One of the keys, by their weights."""
    share = np.array(list(weights.values()), np.float64)
    return list(weights)[int(rng.choice(len(share), p=share / share.sum()))]


def choose_stock(rng: Rng) -> Stock:
    """Paper and grid."""
    grids: dict[Grid, float] = {"1+5": 55, "5": 22, "dots+5": 7, "1": 5, "dots": 4, "none": 7}
    name = pick(rng, dict.fromkeys(COLOURS, 1.0) | {"red": 4.0, "pink": 4.0, "dark_red": 3.0, "grey": 2.0})
    deep = rng.uniform(0.6, 1.6) if rng.random() < 0.85 else rng.uniform(1.6, 2.6)
    paper, thin, thick = (np.array(c, np.float64) for c in COLOURS[name])
    paper = paper + rng.normal(0, 3, 3)
    lines = [paper - deep * (paper - line) + rng.normal(0, 8, 3) for line in (thin, thick)]
    return Stock(
        _rgb(paper), _rgb(lines[0]), _rgb(lines[1]), pick(rng, grids),
        float(rng.uniform(0.06, 0.2)), float(rng.uniform(0.12, 0.4)), bool(rng.random() < 0.15),
    )  # fmt: skip


def choose_dark_stock(rng: Rng) -> Stock:
    """White paper whose 5 mm lines are nearly as dark as the trace, as printers that save colour make them."""
    paper = np.full(3, 252.0)
    colour = np.array(COLOURS[pick(rng, {"dark_red": 5.0, "red": 2.0, "grey": 2.0, "blue": 1.0, "green": 1.0})][2])
    share = rng.uniform(0.2, 0.9)  # the rest is black
    thick = np.clip(share * colour + (1 - share) * rng.uniform(20, 110) + rng.normal(0, 5, 3), 0, 255)
    thin = paper - rng.uniform(0.15, 0.6) * (paper - thick)
    grids: dict[Grid, float] = {"5": 6, "1+5": 3, "dots+5": 1}
    return Stock(
        _rgb(paper), _rgb(thin), _rgb(thick), pick(rng, grids),
        float(rng.uniform(0.06, 0.15)), float(rng.uniform(0.1, 0.4)), bool(rng.random() < 0.1),
        _choose_screen(rng) if rng.random() < 0.7 else None,
    )  # fmt: skip


def _choose_screen(rng: Rng) -> Screen:
    """A printer's screen: level, upright or at one of the angles that printers use, give or take."""
    angle = pick(rng, {0.0: 3.0, 90.0: 2.0, 45.0: 1.0, 15.0: 1.0, 75.0: 1.0}) + rng.normal(0, 3)
    return Screen(float(rng.uniform(0.15, 0.5)), float(angle), float(rng.uniform(0.3, 0.95)), bool(rng.random() < 0.4))


def choose_pen(rng: Rng) -> Pen:
    """What the trace is drawn with."""
    dark = int(rng.integers(10, 60)) if rng.random() < 0.85 else int(rng.integers(60, 120))
    tint = rng.normal(0, 4, 3) + (np.array([-10, -5, 45]) if rng.random() < 0.12 else 0)
    texture: Texture = pick(rng, {"smooth": 8.0, "bands": 1.0, "dots": 1.0})
    return Pen(
        width_mm=float(rng.uniform(0.18, 0.5)) if rng.random() < 0.9 else float(rng.uniform(0.5, 0.9)),
        rgb=_rgb(dark + tint),
        fade=float(rng.uniform(0, 0.6)) if rng.random() < 0.3 else 0.0,
        skips=float(rng.uniform(5, 60)) if rng.random() < 0.15 else 0.0,
        texture=texture,
        seed=int(rng.integers(2**31)),
    )


def _rgb(colour: Any) -> Rgb:
    red, green, blue = (int(v) for v in np.clip(np.broadcast_to(colour, 3), 0, 255))
    return red, green, blue


def _choose_type(rng: Rng) -> Type:
    faces = known_faces()
    label_mm = float(rng.uniform(2.0, 5.0))
    place = pick(rng, {"usual": 3.0, "near": 5.0, "left": 2.0})
    at = None
    if place == "near":  # anywhere about the trace's start, on the trace as well
        at = (float(rng.uniform(-3, 4)), float(rng.uniform(-12, 8)))
    if place == "left":
        at = (float(-rng.uniform(6, 11)), float(rng.uniform(-6, 1)))
    ink = _rgb(rng.integers(10, 70)) if rng.random() < 0.85 else _rgb((30, 40, 130))
    return Type(
        faces[int(rng.integers(len(faces)))], faces[int(rng.integers(len(faces)))],
        label_mm, float(rng.uniform(1.8, 4.0)), at, bool(rng.random() < 0.06), ink,
    )  # fmt: skip


def _choose_form(rng: Rng) -> dict[str, Any]:
    """Layout, paper, speed and gain, separators and pulses."""
    usual = rng.random() < 0.75
    speed = 25.0 if usual else pick(rng, {25.0: 3, 50.0: 3, 12.5: 1})
    gain = 10.0 if usual else pick(rng, {10.0: 3, 5.0: 2, 20.0: 1})
    joined = rng.random() < 0.5
    return {
        "layout": _choose_sheet(rng),
        "mm_per_s": speed,
        "mm_per_mv": gain,
        "chest_mm_per_mv": gain / 2 if gain > 5 and rng.random() < 0.06 else None,
        "paper": pick(rng, {"a4": 5, "letter": 4, (320.0, 240.0): 1, "roll": 1}),
        "simultaneous": bool(rng.random() < 0.15),
        "separator": pick(rng, {"tick": 3, "bar": 3, "mark": 1, "dotted": 1, "gap": 1, "none": 3}),
        "pulse": pick(rng, {"left": 5, "right": 2, "none": 2}),
        "pulse_gap_mm": 0.0 if joined else float(rng.uniform(0.5, 2.5)),
        "pulse_every_row": bool(rng.random() < 0.8),
        "limit_mm": float(rng.uniform(12, 30)) if rng.random() < 0.06 else None,
        "label_above": bool(rng.random() < 0.6),
        "room_mm": (float(rng.uniform(4, 40)), float(rng.uniform(2, 20))),
    }


def _choose_sheet(rng: Rng) -> str | KnownSheet:
    known = dict.fromkeys(load_layouts(), 2.0) | {"3x4+1": 16.0, "3x4": 4.0, "12x1": 3.0}
    kind = pick(rng, {"known": 10.0, "Cabrera": 0.8, "strips": 0.6, "rows": 1.2})
    if kind == "known":
        return pick(rng, known)
    if kind == "Cabrera":
        return KnownSheet("6x2 Cabrera", tuple(zip(_CABRERA, _CHEST, strict=True)), (), 5.0)
    if kind == "strips":
        leads = rng.permutation(LEADS)[: int(rng.integers(1, 4))].tolist()
        return KnownSheet(f"{len(leads)} strips", tuple((lead,) for lead in leads), (), 10.0)
    columns = pick(rng, {2: 2, 3: 1, 4: 1, 6: 1})
    rows = tuple(tuple(LEADS[columns * k : columns * (k + 1)]) for k in range(12 // columns))
    strips: Sequence[str] = rng.permutation(LEADS)[: int(rng.integers(0, 3))].tolist()
    return KnownSheet(f"{len(rows)}x{columns}", rows, tuple(strips), 10.0 / columns)


def _choose_header(rng: Rng) -> tuple[str, ...]:
    """Invented people and what a machine says of them."""
    name = "".join(rng.choice(list("ABEIKLMNORST"), int(rng.integers(4, 9)))).title()
    low, high = (38, 110, 70, 330, 380, 1, 1, 10, 0, 0, 0), (160, 220, 150, 460, 480, 99, 28, 26, 90, 90, 90)
    n = rng.integers(low, high).tolist()
    about = [
        *(f"ID: {rng.integers(10**7):07d}", f"Name: {name}", f"Age: {n[5]} yrs", f"{n[5]}Y", "Sex: Male", "Female"),
        *(f"{n[6]:02d}-06-20{n[7]} {n[7] - 6:02d}:{n[6] + 20:02d}", "Height: 172 cm", "Weight: 74 kg"),
    ]
    measured = [
        *(f"Vent. rate   {n[0]} BPM", f"HR: {n[0]} bpm", f"PR interval   {n[1]} ms", f"QRS duration   {n[2]} ms"),
        *(f"QT/QTc   {n[3]}/{n[4]} ms", f"P-R-T axes   {n[8]} {n[9]} {n[10]}"),
    ]
    said = [
        *("Sinus rhythm", "Normal ECG", "Abnormal ECG", "Unconfirmed diagnosis", "Left axis deviation"),
        *("Nonspecific ST and T wave abnormality", f"Room {n[6]}", "Referred by:", "Dr.", "Cardiology"),
    ]
    orderly = rng.random() < 0.6  # as machines print: who, what was measured, what that means
    blocks = (about, measured, said) if orderly else (about + measured + said,) * int(rng.integers(0, 5))
    columns = []
    for lines in blocks[: int(rng.integers(1, 4))] if orderly else blocks:
        chosen = rng.permutation(len(lines))[: int(rng.integers(1, 7))]
        columns.append("\n".join(lines[k] for k in (sorted(chosen) if orderly else chosen)))
    return tuple(columns)


def choose_footer(
    rng: Rng, mm_per_s: float = 25.0, mm_per_mv: float = 10.0, chest_mm_per_mv: float | None = None
) -> str | None:
    """Speed and gain as machines print them, or something else, or nothing."""
    chest = chest_mm_per_mv or mm_per_mv
    speed, gain = f"{mm_per_s:g} mm/s", f"{mm_per_mv:g} mm/mV"
    forms = [
        f"Speed: {speed}  Limb: {gain}  Chest: {chest:g} mm/mV",
        "",
        "F 50~ 0.15-100 Hz",
    ]
    if chest == mm_per_mv:
        forms += [f"{speed} {gain} 0.05-150 Hz F60", f"{speed}   {gain}"]
    return None if rng.random() < 0.5 else forms[int(rng.integers(len(forms)))]


def _choose_strokes(rng: Rng) -> tuple[Stroke, ...]:
    """Handwriting, rings and lines, anywhere: on some pages none, on some a lot."""
    if rng.random() < 0.6:
        return ()
    rgb = _HANDS[int(rng.integers(len(_HANDS)))]
    strokes = []
    for _ in range(int(rng.integers(1, 7))):
        at = (float(rng.uniform(5, 270)), float(rng.uniform(5, 200)))
        kind = pick(rng, {"word": 4, "ring": 1, "line": 2})
        if kind == "word":
            strokes.append(scribble(rng, at, float(rng.uniform(8, 45)), rgb))
        elif kind == "ring":
            strokes.append(ring(rng, at, rgb))
        else:
            strokes.append(underline(rng, at, float(rng.uniform(6, 50)), rgb))
    return tuple(strokes)
