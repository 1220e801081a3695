"""Every effect by its name, one at a time or mixed, with the truth carried along.

`EFFECTS` lists the names in the order of nature: what happens to paper, how it lies before the camera, what lies over
it, the light, the lens and sensor, the file. `degrade` applies exactly those it is given; `photograph` and
`choose_effects` name mixes of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from digitize.synth import damage, finish, light
from digitize.synth.camera import Bend, Lens, View, aim_camera
from digitize.synth.degrade import (
    PhotoPage,
    cast_shadow,
    count_blocks,
    draw_curl,
    draw_folds,
    expose_page,
    look_at,
    narrow,
    shade_slopes,
    wear_folds,
    widen,
)
from digitize.synth.relief import draw_relief
from digitize.synth.render import Page
from digitize.synth.table import Table, draw_table

Picture = NDArray[np.float32]
Plane = NDArray[np.float32]
Rng = np.random.Generator
Scene = Literal["photo", "scan", "copy", "screen", "export"]

_PAPER: dict[str, Callable[[Picture, Rng, float, float], Picture]] = {
    "yellow": damage.yellow,
    "photocopy": damage.photocopy,
    "stain": damage.stain,
    "tape": damage.tape,
    "punch": damage.punch,
    "tear": damage.tear,
    "fibre": damage.fibre,
    "screen": damage.show_on_screen,
}
_CAMERA = ("curl", "folds", "crumple", "tilt", "roll", "lens", "far", "crop", "table")
_LIGHT: dict[str, Callable[[Plane, Plane, Rng, float], Plane]] = {
    "fall_off": light.fall_off,
    "shade": light.shade,
    "tint": light.tint,
    "vignette": light.vignette,
    "exposure": light.expose,
}
_PICTURE: dict[str, Callable[[Picture, Rng, float], Picture]] = {
    "fingers": finish.cover_with_fingers,
    "flash": finish.flash,
    "defocus": finish.defocus,
    "smear": finish.smear,
    "noise": finish.noise,
    "sharpen": finish.sharpen,
    "shrink": finish.shrink,
    "grey": finish.grey,
    "threshold": finish.threshold,
}
EFFECTS: tuple[str, ...] = (*_PAPER, *_CAMERA, "fingers", *_LIGHT, *(n for n in _PICTURE if n != "fingers"), "jpeg")
"""Names of all effects, in the order of nature."""
_TABLES: tuple[Table, ...] = ("wood", "dark", "cloth")
_MARGIN_MM = 4.0
"""Paper around the traces that the closest crop leaves."""


def degrade(
    page: Page,
    effects: Mapping[str, float],
    *,
    seed: int,
    size_px: tuple[int, int] | None = None,
    table: Table | None = None,
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
    table : {"wood", "dark", "cloth"}, optional
        What the page lies on; drawn when left out.

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
    size = size_px or (page.rgb.shape[1], page.rgb.shape[0])
    view = _aim(page, acting, dice, size)
    scene, lit = _lay_out(page, _spoil_paper(page, acting, dice, view), acting, dice, view, size, table)
    lit = _light_up(lit, acting, dice, size)
    wide = widen(np.broadcast_to(lit, (*lit.shape[:2], 3)), size) if lit.size > 1 else lit
    photo = np.multiply(scene, wide, dtype=np.float32)
    for name, finish_off in _PICTURE.items():
        if name in acting:
            photo = finish_off(photo, dice[name], acting[name])
    rgb = finish.to_bytes(photo)
    return PhotoPage(finish.jpeg(rgb, acting["jpeg"]) if "jpeg" in acting else rgb, page, view)


def _spoil_paper(page: Page, acting: dict[str, float], dice: dict[str, Rng], view: View) -> NDArray[np.uint8]:
    """What happened to the paper."""
    rgb = page.rgb
    if any(name in acting for name in _PAPER):
        paper = rgb.astype(np.float32)
        for name, act in _PAPER.items():
            if name in acting:
                paper = act(paper, dice[name], acting[name], page.px_per_mm)
        rgb = finish.to_bytes(paper)
    return wear_folds(rgb, page.px_per_mm, view.bends)


def _lay_out(
    page: Page, paper: NDArray[np.uint8], acting: dict[str, float], dice: dict[str, Rng], view: View,
    size_px: tuple[int, int], table: Table | None,
) -> tuple[NDArray[np.uint8], Plane]:  # fmt: skip
    """The page under a camera, or under a scanner's lid where no effect of the camera acts; and the light by blocks."""
    if not any(name in acting for name in _CAMERA):
        if size_px != (page.rgb.shape[1], page.rgb.shape[0]):
            paper = np.asarray(cv2.resize(paper, size_px, interpolation=cv2.INTER_AREA), np.uint8)
        return paper, np.ones((1, 1, 1), np.float32)
    where_mm = look_at(view, size_px)
    seen, alpha = expose_page(paper, page.px_per_mm, where_mm, size_px)
    rng = dice["table"]
    drawn = _TABLES[int(rng.integers(len(_TABLES)))]
    top = draw_table(rng, size_px, table or drawn)
    if "table" not in acting:  # a scanner's lid, white or black
        top[:] = rng.choice([30, 245])
    covered = narrow(alpha)
    lit = (1 - covered) * cast_shadow(covered) + covered * shade_slopes(view, where_mm, dice["curl"].uniform(0, 6.3))
    return np.asarray(cv2.blendLinear(seen, top, alpha, 1 - alpha), np.uint8), lit[..., None].astype(np.float32)


def _light_up(lit: Plane, acting: dict[str, float], dice: dict[str, Rng], size_px: tuple[int, int]) -> Plane:
    """All light together, by blocks."""
    if any(name in acting for name in _LIGHT):
        rows, cols = count_blocks(size_px)
        x, y = np.meshgrid(np.linspace(-1, 1, cols), np.linspace(-1, 1, rows) * size_px[1] / size_px[0])
        for name, shine in _LIGHT.items():
            if name in acting:
                lit = lit * shine(x.astype(np.float32), y.astype(np.float32), dice[name], acting[name])
    return lit


def _aim(page: Page, acting: dict[str, float], dice: dict[str, Rng], size_px: tuple[int, int]) -> View:
    paper_mm = (page.rgb.shape[1] / page.px_per_mm, page.rgb.shape[0] / page.px_per_mm)
    if not any(name in acting for name in _CAMERA):
        wide, high = (side / mm for side, mm in zip(size_px, paper_mm, strict=True))
        return View(np.array([[wide, 0, 0, -0.5], [0, high, 0, -0.5], [0, 0, 0, 1.0]]))
    bends: tuple[Bend, ...] = ()
    if "curl" in acting:
        bends += draw_curl(dice["curl"], paper_mm, acting["curl"])
    if "folds" in acting:
        bends += draw_folds(dice["folds"], paper_mm, acting["folds"])
    relief = draw_relief(dice["crumple"], paper_mm, acting["crumple"]) if "crumple" in acting else None
    tilt, roll, far, crop = (acting.get(name, 0.0) for name in ("tilt", "roll", "far", "crop"))
    pitch, yaw = dice["tilt"].uniform(8, 25, 2) * dice["tilt"].choice([-1, 1], 2) * tilt
    turn = float(dice["roll"].uniform(4, 25) * dice["roll"].choice([-1, 1]) * roll)
    across, down = dice["far"].uniform(-0.9, 0.9, 2) * bool(far)
    view = aim_camera(
        paper_mm, size_px, bends, relief, around_mm=_close_in(page, paper_mm, crop),
        roll_deg=turn, pitch_deg=float(pitch), yaw_deg=float(yaw), fill=0.96 - 0.25 * far, shift=(across, down),
    )  # fmt: skip
    if "lens" not in acting:
        return view
    bulge = float(dice["lens"].uniform(0.02, 0.06) * dice["lens"].choice([-1, 1]) * acting["lens"])
    return replace(view, lens=Lens((size_px[0] / 2, size_px[1] / 2), float(np.hypot(*size_px) / 2), bulge))


def _close_in(page: Page, paper_mm: tuple[float, float], crop: float) -> tuple[float, float, float, float]:
    """What fills the frame: the sheet, or the nearer to the traces the closer the crop."""
    points = np.concatenate([trace.points_mm for trace in page.traces])
    inner = np.concatenate([np.nanmin(points, axis=0) - _MARGIN_MM, np.nanmax(points, axis=0) + _MARGIN_MM])
    outer = np.array([0.0, 0.0, *paper_mm])
    left, top, right, bottom = (outer + crop * (inner - outer)).tolist()
    return left, top, right, bottom


def photograph(
    page: Page,
    *,
    strength: float = 0.5,
    seed: int = 0,
    size_px: tuple[int, int] = (3000, 2250),
    table: Table | None = None,
    quarter_turns: int = 0,
) -> PhotoPage:
    """Take a phone-like photo of a page, with a bit of everything that happens to photos of paper on a table.

    Parameters
    ----------
    page : Page
    strength : float
        0 is a clean picture from straight above, 1 a hard one.
    seed : int
        The same seed gives the same photo.
    size_px : (int, int)
        Width and height before quarter turns.
    table : {"wood", "dark", "cloth"}, optional
        What the page lies on; drawn when left out.
    quarter_turns : int
        Counter-clockwise turns of the finished photo, as from a phone held another way.
    """
    effects = {name: share * strength for name, share in _PHOTO.items()} | {"table": 1.0}
    photo = degrade(page, effects, seed=seed, size_px=size_px, table=table)
    turns = quarter_turns % 4
    return replace(photo, rgb=np.ascontiguousarray(np.rot90(photo.rgb, turns)), quarter_turns=turns)


_PHOTO = {
    "fibre": 0.5, "curl": 1.0, "folds": 0.7, "crumple": 0.5, "tilt": 0.7, "roll": 0.75, "far": 0.25,
    "fall_off": 0.7, "shade": 0.6, "tint": 0.45, "vignette": 0.4,
    "defocus": 0.3, "smear": 0.2, "noise": 0.35, "sharpen": 0.4, "jpeg": 0.3,
}  # fmt: skip
"""How strong each effect is in the hardest photo."""


def choose_effects(rng: Rng, strength: float, scene: Scene | None = None) -> dict[str, float]:
    """A mix of effects as the world makes them: a photo of a print, a scan, a copy, a screen.

    Parameters
    ----------
    rng : Generator
    strength : float
        0 to 1: how bad it is, by and large.
    scene : {"photo", "scan", "copy", "screen", "export"}, optional
        Drawn when left out, mostly a photo.

    Returns
    -------
    dict of str to float
        For `degrade`.
    """
    drawn: Scene = rng.choice(["photo", "scan", "copy", "screen", "export"], p=[0.62, 0.16, 0.1, 0.04, 0.08])
    always, often, seldom = _SCENES[scene or drawn]
    names = [*always, *(n for n in often if rng.random() < 0.5), *(n for n in seldom if rng.random() < 0.1)]
    mix = {}
    for name in names:
        how_much = rng.uniform(0.1, 1) if name in _ANYHOW else strength * rng.uniform(0.3, 1.3)
        mix[name] = float(np.clip(how_much, 0.02, 1))
    return mix


_SCENES: dict[Scene, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
    "photo": (
        ("table", "tilt", "noise", "jpeg", "fall_off", "fibre"),
        ("curl", "folds", "roll", "tint", "shade", "sharpen", "vignette", "crumple", "defocus", "far", "crop"),
        ("lens", "smear", "flash", "exposure", "fingers", "yellow", "stain", "tape", "punch", "tear", "shrink"),
    ),
    "scan": (("jpeg",), ("noise", "grey", "crop"), ("yellow", "stain", "punch", "tear", "shrink", "sharpen", "roll")),
    "copy": (("photocopy", "jpeg"), ("grey", "noise"), ("threshold", "roll", "punch", "shrink", "fall_off")),
    "screen": (("screen", "tilt", "jpeg", "noise"), ("shrink", "tint", "defocus", "crop"), ("flash", "smear", "lens")),
    "export": ((), ("jpeg", "crop"), ("shrink", "grey", "threshold")),
}
"""What always, often and seldom happens to a page, by where the picture comes from."""
_ANYHOW = ("fibre", "folds", "crumple", "sharpen", "far", "crop", "tint")
"""What a good photo has as often as a bad one."""
