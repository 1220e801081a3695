"""Photo and lattice to a flat, upright, evenly lit sheet. The photo is sampled once, here, from its original pixels."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from digitize.errors import UsageError
from digitize.gridsurface import stretch_nodes
from digitize.stages import Lattice, Photo, Sheet

PX_PER_MM = 10.0
"""Finer than the photos at hand (3 to 20 px per mm, mostly under 10), and 2.5 ms a pixel at 25 mm/s."""
PAPER_WINDOW_MM = 4.0
"""Paper white is taken from windows wide enough to hold bare paper between grid lines and letters."""


def flatten(photo: Photo, lattice: Lattice) -> Sheet:
    """Resample the photo so that a millimetre of paper is the same number of pixels everywhere.

    Parameters
    ----------
    photo : Photo
    lattice : Lattice

    Returns
    -------
    Sheet
        `PX_PER_MM` along both axes; outside the photo white and not ``valid``.
    """
    width_mm, height_mm = lattice.size_mm
    width, height = int(width_mm * PX_PER_MM), int(height_mm * PX_PER_MM)
    y, x = (np.arange(length) / (PX_PER_MM * lattice.pitch_mm) for length in (height, width))
    map_x, map_y = stretch_nodes(lattice.nodes_px, y, x)
    photo_height, photo_width = photo.rgb.shape[:2]
    valid = (map_x >= 0) & (map_x <= photo_width - 1) & (map_y >= 0) & (map_y <= photo_height - 1)
    photo_px_per_mm = measure_scale(lattice)
    rgb = photo.rgb
    shrink = PX_PER_MM / photo_px_per_mm
    if shrink < 0.7:  # a much finer photo would alias: average it down first
        rgb = np.asarray(cv2.resize(rgb, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA), np.uint8)
        map_x, map_y = (map_x + 0.5) * shrink - 0.5, (map_y + 0.5) * shrink - 0.5
    flat = cv2.remap(rgb, map_x, map_y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    even = even_light(np.asarray(flat, np.uint8))
    even[~valid] = 255
    return Sheet(even, (PX_PER_MM, PX_PER_MM), valid, photo_px_per_mm)


def measure_scale(lattice: Lattice) -> float:
    """Pixels of the picture to a millimetre of paper, along the page."""
    box_px = np.linalg.norm(np.diff(lattice.nodes_px, axis=1), axis=-1)
    return float(np.median(box_px[lattice.seen[:, 1:]])) / lattice.pitch_mm


def keep_page(photo: Photo, corners_px: tuple[tuple[float, float], ...] | None) -> Photo:
    """The photo with everything outside the corners that a person has named made white; the photo itself without them.

    Parameters
    ----------
    photo : Photo
    corners_px : tuple of (x, y) pairs, optional
        Three or more, clockwise.
    """
    if corners_px is None:
        return photo
    if len(corners_px) < 3:
        raise UsageError("A page needs at least three corners.", "Give the four corners, clockwise from the top left.")
    inside = np.zeros(photo.rgb.shape[:2], np.uint8)
    cv2.fillPoly(inside, [np.round(np.asarray(corners_px)).astype(np.int32)], 1)
    return replace(photo, rgb=np.where(inside[..., None] > 0, photo.rgb, np.uint8(255)))


def even_light(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Divide by the paper's own brightness, channel by channel, so that bare paper is white in light and in shade.

    Parameters
    ----------
    rgb : ndarray of uint8, shape (H, W, 3)

    Returns
    -------
    ndarray of uint8, shape (H, W, 3)
        Bare paper at about 250.
    """
    height, width = rgb.shape[:2]
    coarse = 0.5 * PX_PER_MM
    small = cv2.resize(rgb, (max(8, int(width / coarse)), max(8, int(height / coarse))), interpolation=cv2.INTER_AREA)
    size = int(2 * PAPER_WINDOW_MM) | 1
    paper = cv2.dilate(cv2.medianBlur(small, 3), np.ones((size, size), np.uint8))
    paper = cv2.GaussianBlur(cv2.erode(paper, np.ones((size, size), np.uint8)), (0, 0), size / 3)
    white = cv2.resize(paper, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.divide(rgb, np.maximum(white, 20), scale=250), np.uint8)


def turn_lattice(lattice: Lattice, quarters: int) -> Lattice:
    """The same paper with its axes turned, for a page that lies on its side or upside down in the photo.

    Parameters
    ----------
    lattice : Lattice
    quarters : int
        Quarter turns anticlockwise by which the sheet is turned.
    """
    return replace(
        lattice,
        nodes_px=np.ascontiguousarray(np.rot90(lattice.nodes_px, quarters)),
        seen=np.ascontiguousarray(np.rot90(lattice.seen, quarters)),
    )


def turn_sheet(sheet: Sheet, quarters: int) -> Sheet:
    """The sheet turned as `turn_lattice` turns its lattice."""
    x, y = sheet.px_per_mm
    return replace(
        sheet,
        rgb=np.ascontiguousarray(np.rot90(sheet.rgb, quarters)),
        valid=np.ascontiguousarray(np.rot90(sheet.valid, quarters)),
        px_per_mm=(y, x) if quarters % 2 else (x, y),
    )
