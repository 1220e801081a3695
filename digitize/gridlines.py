"""The lattice bent onto the grid's lines: each followed along its length, where nothing else is printed beside it.

A crossing is found by what lies around it, and a QRS that runs beside a line pulls the crossings there by up to a tenth
of a millimetre: 4 ms, just where it matters most. So every line is measured again, half a box at a time and with the
stretches left out that have other ink beside them; over those the surface is carried as smoothly as the paper lies, and
as the lines tell that cross it there (`digitize.gridrelief`).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation

from digitize.gridrelief import Offsets, bend_sheet
from digitize.gridrounding import find_rounding
from digitize.gridsurface import stretch_nodes
from digitize.stages import Lattice

Array = NDArray[np.float64]

PX_PER_MM = 10
"""At which lines are sampled, along and across."""
REACH_MM = 0.9
"""How far beside a line other ink is looked for; fine lines are 1 mm away."""
LINE_MM = 0.25
"""Standard deviation of the window through which the middle of a line is taken."""
WINDOW_MM = 3.0
"""A line is measured over this length at a time."""
BARE = 0.3
"""Part of what lies across a line that is paper."""
BESIDE, MUCH = 2.0, 1.4
"""Points, and whole windows, with this many times a line's usual ink have something else beside it."""
FAINT, ENOUGH = 0.4, 0.4
"""Windows with less than this of a line's usual ink, or this share of points, tell nothing."""
MIN_WINDOWS = 12
"""Windows in which a line must be seen for its own middle to be known."""
AGREE_MM, AGREE_TIMES = 0.03, 3.0
"""How far a window may lie from its neighbours: this, and so many times their scatter."""
TURNS = (3, 5)
"""How often the surface is fitted in each look at the lines, every time from where the last left off."""
TURNS_CENTRE = 5
"""How often the middle of a line is taken."""


def follow_lines(rgb: NDArray[np.uint8], lattice: Lattice) -> Lattice:
    """Bend a lattice onto the lines of its grid.

    Parameters
    ----------
    rgb : ndarray of uint8, shape (H, W, 3)
        The picture in whose pixels the lattice is given.
    lattice : Lattice
        Within a quarter of a millimetre of the lines.

    Returns
    -------
    Lattice
        With nodes half as far apart.
    """
    red, green, blue = cv2.split(rgb)
    dark = np.asarray(cv2.bitwise_not(cv2.min(cv2.min(red, green), blue)), np.uint8)
    *first, last = TURNS
    for turns in first:
        lattice = replace(lattice, nodes_px=_look_again(dark, lattice, turns)[::2, ::2])
    rows, cols = (2 * n - 1 for n in lattice.seen.shape)
    finer = np.repeat(np.repeat(lattice.seen, 2, axis=0), 2, axis=1)[:rows, :cols]
    return replace(lattice, nodes_px=_look_again(dark, lattice, last), seen=finer, pitch_mm=lattice.pitch_mm / 2)


def _look_again(dark: NDArray[np.uint8], lattice: Lattice, turns: int) -> Array:
    """Nodes half as far apart as the lattice's, on the lines of both families as far as these bend with the paper."""
    nodes, seen, pitch_mm = lattice.nodes_px, lattice.seen, lattice.pitch_mm
    with ThreadPoolExecutor(1) as beside:
        other = beside.submit(_measure_family, dark, nodes.transpose(1, 0, 2), seen.T, pitch_mm)
        columns, columns_mm = _measure_family(dark, nodes, seen, pitch_mm)
        rows, rows_mm = other.result()
    y, x = (np.arange(2 * n - 1) / 2 for n in seen.shape)
    at_x, at_y = stretch_nodes(nodes, y, x)
    right, down = (np.full(at_x.shape, np.nan) for _ in range(2))
    right[:, ::2], down[::2] = columns, rows.T
    bent = bend_sheet(
        (at_x + 1j * at_y).astype(np.complex128),
        pitch_mm / 2,
        Offsets(right, _estimate_noise(columns)),
        Offsets(down, _estimate_noise(rows)),
        turns,
    )
    nodes_x, nodes_y = np.meshgrid(x * pitch_mm, y * pitch_mm)
    nodes_x, nodes_y = nodes_x + bent[0], nodes_y + bent[1]
    crossings = lattice.to_px(nodes_x[::2, ::2] + columns_mm, nodes_y[::2, ::2] + rows_mm[:, None])
    rounding = find_rounding(np.where(seen, crossings[..., 0] + 1j * crossings[..., 1], np.nan))
    if rounding is not None:
        columns_mm, rows_mm = columns_mm - pitch_mm * rounding.columns, rows_mm - pitch_mm * rounding.rows
    nodes_x += np.interp(x, x[::2], columns_mm)
    nodes_y += np.interp(y, y[::2], rows_mm)[:, None]
    return lattice.to_px(nodes_x, nodes_y)


def _measure_family(
    dark: NDArray[np.uint8], nodes: Array, seen: NDArray[np.bool_], pitch_mm: float
) -> tuple[Array, Array]:
    """How far to the right of the lattice's columns their lines lie, in mm: at every half row beside their own middles,
    (2 rows - 1, cols), NaN where it cannot be told, and these, (cols,)."""
    rows = len(seen)
    middle, ink = _measure_windows(*_sample_across(dark, nodes, pitch_mm), rows, pitch_mm)
    near = binary_dilation(seen, np.ones((3, 3)))
    inside = np.repeat(near, 2, axis=0)[: 2 * rows - 1]
    usual = _middle(np.where(inside, ink, np.nan))
    middle[~inside | ~(ink > FAINT * usual) | ~(ink < MUCH * usual)] = np.nan
    # A printer's dots put each line beside its place, all along, which is no bend of the paper.
    line = np.where(np.isfinite(middle).sum(axis=0) >= MIN_WINDOWS, _middle(middle), np.nan)
    return _drop_strays(middle - line), np.nan_to_num(line)


def _sample_across(
    dark: NDArray[np.uint8], nodes: Array, pitch_mm: float
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Ink above paper across and along every column's line, (across, along, cols), and where the picture shows it."""
    rows, cols = nodes.shape[:2]
    reach = round(REACH_MM * PX_PER_MM)
    across = np.arange(-reach, reach + 1) / (PX_PER_MM * pitch_mm)
    along = np.arange(round((rows - 1) * pitch_mm * PX_PER_MM) + 1) / (PX_PER_MM * pitch_mm)
    map_x, map_y = stretch_nodes(nodes, along, (across[:, None] + np.arange(cols)).ravel())
    height, width = dark.shape
    off = (map_x < 0) | (map_x > width - 1) | (map_y < 0) | (map_y > height - 1)
    shown = cv2.remap(dark, map_x, map_y, cv2.INTER_LINEAR)
    shown, off = (plane.reshape(len(along), len(across), cols).transpose(1, 0, 2) for plane in (shown, off))
    ink = np.array(shown, np.uint8, order="C")
    paper = _find_paper(ink)
    for plane in ink:
        cv2.subtract(plane, paper, dst=plane)  # nothing is less than none
    return ink, np.asarray(~off.any(axis=0))


def _find_paper(ink: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Ink of the palest part of the first axis: its least, the least but one, and so on, each sunk to the front.

    A few passes of whole planes: sorting each point's short line of ink by itself takes five times as long.
    """
    planes = list(ink)
    for first in range(int(BARE * len(planes)) + 1):
        for k in range(len(planes) - 1, first, -1):
            planes[k - 1], planes[k] = cv2.min(planes[k - 1], planes[k]), cv2.max(planes[k - 1], planes[k])
    return np.asarray(planes[first], np.uint8)


def _measure_windows(
    ink: NDArray[np.uint8], shown: NDArray[np.bool_], rows: int, pitch_mm: float
) -> tuple[Array, Array]:
    """Middle of each line in mm, and the ink about it, in windows half a row apart: each (2 rows - 1, cols)."""
    half = round(WINDOW_MM * PX_PER_MM / 2)
    amount = ink.sum(axis=0, dtype=np.float32)
    smooth = cv2.blur(amount, (1, 2 * half + 1))
    beside = (amount > BESIDE * np.median(smooth, axis=0)).astype(np.uint8)
    clean = shown & (cv2.dilate(beside, np.ones((3, 1), np.uint8)) == 0)
    centre = np.round(np.arange(2 * rows - 1) * pitch_mm / 2 * PX_PER_MM).astype(int)
    length = np.minimum(centre + half + 1, len(clean)) - np.maximum(centre - half, 0)
    count = _add_up(clean.astype(np.uint8), half)[centre]
    sums = np.stack([_add_up(plane * clean, half)[centre] for plane in ink], axis=-1)
    profile = sums / np.maximum(count, 1)[..., None]
    k = int(BARE * len(ink))
    profile = np.maximum(profile - np.partition(profile, k, axis=-1)[..., k : k + 1], 0)
    offset_mm = (np.arange(len(ink)) - len(ink) // 2) / PX_PER_MM
    middle = np.zeros(count.shape)
    for _ in range(TURNS_CENTRE):
        weight = profile * np.exp(-0.5 * ((offset_mm - middle[..., None]) / LINE_MM) ** 2)
        middle = (weight * offset_mm).sum(axis=-1) / np.maximum(weight.sum(axis=-1), 1e-9)
    return middle, np.where(count >= ENOUGH * length[:, None], profile.sum(axis=-1), np.nan)


def _add_up(plane: NDArray[np.uint8], half: int) -> NDArray[np.float64]:
    """Sums along the columns over windows that reach half so far, of what lies inside the plane."""
    return np.asarray(
        cv2.boxFilter(plane, cv2.CV_64F, (1, 2 * half + 1), normalize=False, borderType=cv2.BORDER_CONSTANT)
    )


def _drop_strays(off: Array) -> Array:
    """Offsets without those that lie away from their neighbours."""
    for _ in range(2):
        padded = np.pad(off, ((2, 2), (1, 1)), constant_values=np.nan)
        places = [(r, c) for r in range(5) for c in range(3) if (r, c) != (2, 1)]
        around = np.stack([padded[r : r + off.shape[0], c : c + off.shape[1]] for r, c in places])
        middle = _middle(around)
        spread = _middle(np.abs(around - middle))
        off = np.where(np.abs(off - middle) <= AGREE_MM + AGREE_TIMES * spread, off, np.nan)
    return off


def _estimate_noise(off: Array) -> float:
    """Error of a window in mm, from how far it lies off the middle of the two along its line: paper bends less fast."""
    beside = np.abs(off[1:-1] - (off[:-2] + off[2:]) / 2)
    known = np.isfinite(beside)
    return float(np.median(beside[known])) * 1.48 / np.sqrt(1.5) if known.any() else np.inf


def _middle(values: Array) -> Array:
    """Median along the first axis of what is known; NaN where nothing is."""
    count = np.isfinite(values).sum(axis=0)[None]
    ordered = np.sort(values, axis=0)
    low, high = (np.take_along_axis(ordered, np.maximum(k, 0), axis=0)[0] for k in ((count - 1) // 2, count // 2))
    return np.asarray(np.where(count[0] > 0, (low + high) / 2, np.nan))
