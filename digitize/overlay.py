"""The picture that people trust: the photo with every traced curve over it, so that a mistake shows at a glance."""

from __future__ import annotations

import colorsys

import cv2
import numpy as np
from numpy.typing import NDArray

from digitize.record import LEADS
from digitize.runs import find_runs
from digitize.stages import Digitization

LONG_SIDE_PX = 2400
FADE = 0.45
"""How far the photo is washed out, so that the colours stand off it and the ink below still shows."""
LEFT_OUT_RGB = (220, 0, 0)


def draw_overlay(page: Digitization) -> NDArray[np.uint8]:
    """Draw the curves over the photo, each lead in its own colour with its name, and a frame around what is left out.

    Parameters
    ----------
    page : Digitization

    Returns
    -------
    ndarray of uint8, shape (H, W, 3)
        RGB, upright as the photo was, at most `LONG_SIDE_PX` on its long side.
    """
    height, width = page.photo.rgb.shape[:2]
    scale = min(1.0, LONG_SIDE_PX / max(height, width))
    canvas = page.photo.rgb
    if scale < 1:
        canvas = np.asarray(cv2.resize(canvas, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    canvas = np.asarray(canvas * (1 - FADE) + 255 * FADE, np.uint8)
    box_px = np.median(np.linalg.norm(np.diff(page.lattice.nodes_px, axis=1), axis=-1)) * scale
    thick = max(2, round(float(box_px) / page.lattice.pitch_mm * 0.15))
    for curve in page.curves:
        colour = colour_of(curve.panel.lead)
        known = np.isfinite(curve.y_mm)
        at = np.full((len(known), 2), np.nan)
        if known.any():
            at[known] = page.lattice.to_px(curve.x_mm[known], curve.y_mm[known]) * scale
        _draw_runs(canvas, at, colour, thick)
        x_mm, y_mm = curve.panel.x_mm[0] + 1.0, curve.panel.baseline_mm - 7.0
        x, y = page.lattice.to_px(x_mm, y_mm) * scale
        size = max(0.5, float(box_px) / page.lattice.pitch_mm / 8)
        name = curve.panel.lead if known.any() else f"{curve.panel.lead}: not read"
        if page.calibration.chest_mm_per_mv is not None:  # gains differ: each lead says its own
            name += f" {page.calibration.gain_of(curve.panel.lead):g} mm/mV"
        cv2.putText(canvas, name, (round(x), round(y)), cv2.FONT_HERSHEY_SIMPLEX, size, colour, thick + 1, cv2.LINE_AA)
    for left, top, right, bottom in page.layout.left_out:
        frame = page.lattice.to_px([left, right, right, left, left], [top, top, bottom, bottom, top])
        _draw_runs(canvas, frame * scale, LEFT_OUT_RGB, thick + 1)
    return canvas


def overlay_png(page: Digitization) -> bytes:
    """The overlay as the bytes of a PNG file."""
    ok, data = cv2.imencode(".png", cv2.cvtColor(draw_overlay(page), cv2.COLOR_RGB2BGR))
    if not ok:
        raise RuntimeError("the overlay could not be encoded")
    return bytes(data)


def colour_of(lead: str) -> tuple[int, int, int]:
    """A strong colour for each lead; neighbours on the sheet differ most."""
    k = LEADS.index(lead) if lead in LEADS else len(LEADS)
    r, g, b = colorsys.hsv_to_rgb((k * 5 % 12) / 12, 1.0, 0.75)
    return round(255 * r), round(255 * g), round(255 * b)


def _draw_runs(canvas: NDArray[np.uint8], at: NDArray[np.float64], colour: tuple[int, int, int], thick: int) -> None:
    for first, last in find_runs(np.isfinite(at[:, 0])):
        points = np.round(at[first:last] * 16).astype(np.int32)
        cv2.polylines(canvas, [points], False, colour, thick, cv2.LINE_AA, shift=4)
