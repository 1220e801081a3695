"""Every effect by its name, one at a time or mixed, with the truth carried along.

`EFFECTS` lists the names in the order of nature: what happens to paper, how it lies before the camera, the light, the
lens and sensor, the file. `degrade` applies exactly those it is given; `choose_effects` draws a mix as the world does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from digitize.synth import damage, finish
from digitize.synth.camera import Bend, Lens, View, aim_camera
from digitize.synth.degrade import (
    PhotoPage,
    cast_shadow,
    draw_bends,
    expose_page,
    look_at,
    shade_slopes,
    wear_folds,
    widen,
)
from digitize.synth.render import Page
from digitize.synth.table import Table, draw_table

Picture = NDArray[np.float32]
Rng = np.random.Generator

_PAPER: dict[str, Callable[[Picture, Rng, float, float], Picture]] = {
    "yellow": damage.yellow,
    "photocopy": damage.photocopy,
    "stain": damage.stain,
    "tape": damage.tape,
    "punch": damage.punch,
    "tear": damage.tear,
    "screen": damage.show_on_screen,
}
_CAMERA = ("curl", "folds", "crumple", "tilt", "roll", "lens", "crop", "table")
_PICTURE: dict[str, Callable[[Picture, Rng, float], Picture]] = {
    "fall_off": finish.fall_off,
    "shade": finish.shade,
    "tint": finish.tint,
    "flash": finish.flash,
    "vignette": finish.vignette,
    "fingers": finish.cover_with_fingers,
    "exposure": finish.expose,
    "defocus": finish.defocus,
    "smear": finish.smear,
    "noise": finish.noise,
    "sharpen": finish.sharpen,
    "shrink": finish.shrink,
    "grey": finish.grey,
    "threshold": finish.threshold,
    "jpeg": finish.jpeg,
}
EFFECTS: tuple[str, ...] = (*_PAPER, *_CAMERA, *_PICTURE)
"""Names of all effects, in the order in which they are applied."""
_TABLES: tuple[Table, ...] = ("wood", "dark", "cloth")


def degrade(
    page: Page, effects: Mapping[str, float], *, seed: int, size_px: tuple[int, int] | None = None
) -> PhotoPage:
    """Let things happen to a page.

    Parameters
    ----------
    page : Page
    effects : mapping of str to float
        Strength, 0 to 1, by name; 0 is as good as not named.
    seed : int
        The same seed, page and effects give the same picture.
    size_px : (int, int), optional
        Width and height of the photo; that of the page when left out. Without any effect of the camera the page fills
        the frame, as in a scanner.

    Returns
    -------
    PhotoPage

    Raises
    ------
    ValueError
        A name is not known, or a strength is not 0 to 1.
    """
    unknown = set(effects) - set(EFFECTS)
    if unknown:
        raise ValueError(f"there is no effect {min(unknown)!r}; known are {', '.join(EFFECTS)}")
    if not all(0 <= strength <= 1 for strength in effects.values()):
        raise ValueError("strengths are 0 to 1")
    acting = {name: strength for name, strength in effects.items() if strength > 0}
    # Each effect has dice of its own: adding one does not change what the others do.
    dice = {name: np.random.default_rng([seed, k]) for k, name in enumerate(EFFECTS)}
    paper = page.rgb.astype(np.float32)
    for name, act in _PAPER.items():
        if name in acting:
            paper = act(paper, dice[name], acting[name], page.px_per_mm)
    size = size_px or (page.rgb.shape[1], page.rgb.shape[0])
    photo, view = _photograph(page, paper, acting, dice, size)
    for name, finish_off in _PICTURE.items():
        if name in acting:
            photo = finish_off(photo, dice[name], acting[name])
    return PhotoPage(np.rint(photo).clip(0, 255).astype(np.uint8), page, view)


def _photograph(
    page: Page, paper: Picture, acting: dict[str, float], dice: dict[str, Rng], size_px: tuple[int, int]
) -> tuple[Picture, View]:
    """The page under a camera, or under a scanner's lid where no effect of the camera acts."""
    view = _aim(page, acting, dice, size_px)
    if not any(name in acting for name in _CAMERA):
        if size_px == (page.rgb.shape[1], page.rgb.shape[0]):
            return paper, view
        return np.asarray(cv2.resize(paper, size_px, interpolation=cv2.INTER_AREA), np.float32), view
    where_mm = look_at(view, size_px)
    seen, alpha = expose_page(wear_folds(paper, page.px_per_mm, view.bends), page.px_per_mm, where_mm, size_px)
    rng = dice["table"]
    table = draw_table(rng, size_px, _TABLES[int(rng.integers(len(_TABLES)))])
    if "table" not in acting:  # a plain table, whose edge with the paper is easy
        table = np.full_like(table, table.mean())
    table *= cast_shadow(alpha, 0.35)[..., None]
    if view.bends:
        light = dice["crumple"].uniform(0, 2 * np.pi)
        seen *= widen(shade_slopes(view, where_mm, float(light)), size_px)[..., None]
    return np.asarray(table + alpha[..., None] * (seen - table), np.float32), view


def _aim(page: Page, acting: dict[str, float], dice: dict[str, Rng], size_px: tuple[int, int]) -> View:
    paper_mm = (page.rgb.shape[1] / page.px_per_mm, page.rgb.shape[0] / page.px_per_mm)
    if not any(name in acting for name in _CAMERA):
        wide, high = (side / mm for side, mm in zip(size_px, paper_mm, strict=True))
        return View(np.array([[wide, 0, 0, -0.5], [0, high, 0, -0.5], [0, 0, 0, 1.0]]))
    bends = _bend(acting, dice, paper_mm)
    tilt, roll, crop = (acting.get(name, 0.0) for name in ("tilt", "roll", "crop"))
    pitch, yaw = dice["tilt"].uniform(8, 25, 2) * dice["tilt"].choice([-1, 1], 2) * tilt
    turn = float(dice["roll"].uniform(4, 25) * dice["roll"].choice([-1, 1]) * roll)
    shift = tuple((dice["crop"].uniform(0.6, 1.0, 2) * dice["crop"].choice([-1, 1], 2)).tolist())
    view = aim_camera(
        paper_mm, size_px, bends, roll_deg=turn, pitch_deg=float(pitch), yaw_deg=float(yaw),
        fill=0.95 + 0.18 * crop, shift=(shift if crop else (0.0, 0.0)),
    )  # fmt: skip
    if "lens" not in acting:
        return view
    bulge = float(dice["lens"].uniform(0.02, 0.06) * dice["lens"].choice([-1, 1]) * acting["lens"])
    return View(view.camera, bends, Lens((size_px[0] / 2, size_px[1] / 2), float(np.hypot(*size_px) / 2), bulge))


def _bend(acting: dict[str, float], dice: dict[str, Rng], paper_mm: tuple[float, float]) -> tuple[Bend, ...]:
    """Curl, folds and crumple as bends of the sheet."""
    bends: list[Bend] = []
    if "curl" in acting:
        bends += [bend for bend in draw_bends(dice["curl"], paper_mm, acting["curl"]) if bend.radius_mm > 5]
    if "folds" in acting:
        rng = dice["folds"]
        for _ in range(int(rng.integers(1, 4))):
            along = bool(rng.integers(2))
            offset = float(paper_mm[along] * rng.choice([0.25, 0.33, 0.5, 0.67, 0.75]) + rng.normal(0, 4))
            slope = float(rng.choice([-1, 1]) * rng.uniform(0.04, 0.14) * acting["folds"])
            bends.append(Bend(float(90 * along + rng.normal(0, 2)), offset, slope, float(rng.uniform(0.8, 2.5))))
    if "crumple" in acting:
        rng = dice["crumple"]
        for _ in range(round(4 + 12 * acting["crumple"])):
            angle = float(rng.uniform(0, 180))
            place = rng.uniform(0, 1, 2) * paper_mm
            offset = float(place @ [np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))])
            slope = float(rng.choice([-1, 1]) * rng.uniform(0.01, 0.05) * (0.4 + 0.6 * acting["crumple"]))
            bends.append(Bend(angle, offset, slope, float(rng.uniform(0.8, 5))))
    return tuple(bends)


def choose_effects(rng: Rng, strength: float) -> dict[str, float]:
    """A mix of effects as the world makes them: a photo of a print, a scan, a copy, a screen.

    Parameters
    ----------
    rng : Generator
    strength : float
        0 to 1: how bad it is, by and large.

    Returns
    -------
    dict of str to float
        For `degrade`.
    """
    scene = str(rng.choice(["photo", "scan", "copy", "screen", "export"], p=[0.62, 0.16, 0.1, 0.04, 0.08]))
    always, often, seldom = _SCENES[scene]
    names = [*always, *(n for n in often if rng.random() < 0.5), *(n for n in seldom if rng.random() < 0.1)]
    return {name: float(np.clip(strength * rng.uniform(0.3, 1.3), 0.02, 1)) for name in names}


_SCENES: dict[str, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
    "photo": (
        ("table", "tilt", "noise", "jpeg", "fall_off"),
        ("curl", "folds", "roll", "tint", "shade", "sharpen", "vignette", "crumple", "defocus"),
        ("lens", "smear", "flash", "exposure", "fingers", "crop", "yellow", "stain", "tape", "punch", "tear", "shrink"),
    ),
    "scan": (("jpeg",), ("noise", "grey"), ("yellow", "stain", "punch", "tear", "shrink", "sharpen", "roll")),
    "copy": (("photocopy", "jpeg"), ("grey", "noise"), ("threshold", "roll", "punch", "shrink", "fall_off")),
    "screen": (("screen", "tilt", "jpeg", "noise"), ("shrink", "tint", "defocus", "lens"), ("flash", "smear", "crop")),
    "export": ((), ("jpeg",), ("shrink", "grey", "threshold")),
}
"""What always, often and seldom happens to a page, by where the picture comes from."""
