"""The sheet as a surface through the grid crossings: smooth where the paper bends, plane where it was scanned."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solveh_banded
from scipy.ndimage import spline_filter1d
from scipy.sparse import coo_matrix, csr_matrix, diags, vstack
from scipy.sparse.linalg import splu

from digitize.gridgrow import Nodes

STIFFNESS = 0.4
"""Weight of the surface's bending against its distance from the nodes; creases must still be followed."""
FLAT = 2.0
"""How many times their scatter among neighbours lines may lie off a ruler for the page to be taken as flat."""
LEVEL = 0.01
"""Lines this near to a ruler, in boxes, are flat anyway: 0.05 mm, and device print-outs round their lines to dots."""
OFF_PLANE = 1 / 20
"""Nodes further than this, in boxes, from the lines of a flat page rest on something else."""
NOTHING = 1e-9
"""A spline's weights below this move nothing by a thousandth of a pixel, but processors slow down at such numbers."""
RIM = 12
"""Nodes by which the rim is carried on, level, before a spline is fitted."""
BLOCK = 256
"""Places interpolated at a time."""
MOST_BANDED = 5_000_000
"""Entries of a band up to which it is solved as one, twice as fast as by elimination in a clever order."""


@dataclass(frozen=True, eq=False)
class Surface:
    """Where every crossing lies, found or not.

    Attributes
    ----------
    at_px : ndarray of complex, shape (rows, cols)
        Without gaps.
    seen : ndarray of bool, shape (rows, cols)
        Nodes that were found.
    residual_px : float
        Root mean square distance of the nodes found.
    flat : bool
        True where straight, evenly spaced lines fit.
    """

    at_px: NDArray[np.complex128]
    seen: NDArray[np.bool_]
    residual_px: float
    flat: bool


def drop_outliers(nodes: Nodes) -> Nodes:
    """Remove nodes that lie off the middle of their neighbours by more than an eighth of a box."""
    at = nodes.at_px.copy()
    for _ in range(2):
        padded = np.pad(at, 1, constant_values=np.nan)
        middles = np.stack(
            [
                (padded[1:-1, :-2] + padded[1:-1, 2:]) / 2,
                (padded[:-2, 1:-1] + padded[2:, 1:-1]) / 2,
                (padded[:-2, :-2] + padded[2:, 2:]) / 2,
                (padded[:-2, 2:] + padded[2:, :-2]) / 2,
            ]
        )
        known = np.isfinite(middles)
        count = known.sum(axis=0)
        middle = np.where(known, middles, 0).sum(axis=0) / np.maximum(count, 1)
        steps = np.abs(np.diff(at, axis=1))
        if not np.isfinite(steps).any():
            break
        box = np.median(steps[np.isfinite(steps)])
        off = (count >= 2) & (np.abs(at - middle) > box / 8)
        lonely = np.isfinite(at) & (_count_neighbours(at) < 2)
        at[off | lonely] = np.nan
    return Nodes(at, np.where(np.isfinite(at), nodes.score, 0.0))


def _count_neighbours(at: NDArray[np.complex128]) -> NDArray[np.int64]:
    known = np.pad(np.isfinite(at), 1).astype(np.int64)
    return np.asarray(known[1:-1, :-2] + known[1:-1, 2:] + known[:-2, 1:-1] + known[2:, 1:-1], np.int64)


def fit_surface(nodes: Nodes, margin: int) -> Surface:
    """A surface through the nodes, carried on past their rim by a margin of boxes: plane if that fits, else smooth."""
    at = np.pad(nodes.at_px, margin, constant_values=np.nan)
    seen = np.isfinite(at)
    plane = fit_plane(at)
    if plane is None:
        surface = _bend_surface(at, np.pad(nodes.score, margin))
    else:
        surface, box_px = plane, float(np.median(np.abs(np.diff(plane, axis=1))))
        seen &= np.abs(np.where(seen, at, np.inf) - plane) < OFF_PLANE * box_px
    residual_px = float(np.sqrt(np.mean(np.abs(surface - at)[seen] ** 2))) if seen.any() else np.inf
    return Surface(surface, seen, residual_px, plane is not None)


def fit_plane(at: NDArray[np.complex128]) -> NDArray[np.complex128] | None:
    """Evenly spaced straight lines, if they tell where a line lies as well as the lines beside it do; else None.

    A scan or a screenshot is flat, and what scatter its lines have is rounding by the printer. On a photographed sheet
    the lines follow their neighbours far better than any ruler.
    """
    seen = np.isfinite(at)
    row, col = np.nonzero(seen)
    terms = np.stack([np.ones(len(row)), row, col], axis=1)
    weight = np.ones(len(row))
    for _ in range(5):
        plane = np.linalg.lstsq(terms * weight[:, None], at[seen] * weight, rcond=None)[0]
        off = np.abs(terms @ plane - at[seen])
        weight = np.sqrt(np.minimum(1, 2 * np.median(off) / (off + 1e-9)))
    beside = [at[:, 1:-1] - (at[:, :-2] + at[:, 2:]) / 2, at[1:-1] - (at[:-2] + at[2:]) / 2]
    scatter = [float(np.median(np.abs(b[np.isfinite(b)]))) if np.isfinite(b).any() else 0.0 for b in beside]
    if float(np.median(off)) > max(FLAT * np.hypot(scatter[0], scatter[1]), LEVEL * abs(plane[2])):
        return None
    rows, cols = np.indices(at.shape)
    return np.asarray(plane[0] + plane[1] * rows + plane[2] * cols)


def _bend_surface(at: NDArray[np.complex128], weight: NDArray[np.float64]) -> NDArray[np.complex128]:
    """A surface that bends as little as the nodes allow.

    Minimises ``sum weight (surface - node)^2 + STIFFNESS sum (second differences)^2``, the discrete thin plate.
    """
    seen = np.isfinite(at)
    node, pull = np.where(seen, at, 0).ravel(), np.where(seen, weight, 0).ravel()
    bending = second_differences(*at.shape)
    pulled = np.stack([pull * node.real, pull * node.imag], axis=1)
    x, y = solve_symmetric(diags(pull) + STIFFNESS * (bending.T @ bending), pulled).T
    return np.asarray(x + 1j * y).reshape(at.shape)


def solve_symmetric(matrix: csr_matrix, right: NDArray[np.float64]) -> NDArray[np.float64]:
    """Solution of ``matrix x = right`` for a positive definite matrix of neighbours."""
    entries = matrix.tocoo()
    low = entries.row >= entries.col
    below, column = (entries.row - entries.col)[low], entries.col[low]
    if (below.max() + 1) * matrix.shape[0] > MOST_BANDED:
        factors = splu(
            matrix.tocsc(), permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True}
        )
        return np.asarray(factors.solve(right))
    band = np.zeros((below.max() + 1, matrix.shape[0]))
    band[below, column] = entries.data[low]
    return np.asarray(solveh_banded(band, right, overwrite_ab=True, lower=True, check_finite=False))


def second_differences(rows: int, cols: int) -> csr_matrix:
    """Matrix that takes the values at the nodes of a surface to its bends: along, across and its twist."""
    index = np.arange(rows * cols).reshape(rows, cols)
    stencils = [
        ((index[:, :-2], 1.0), (index[:, 1:-1], -2.0), (index[:, 2:], 1.0)),
        ((index[:-2], 1.0), (index[1:-1], -2.0), (index[2:], 1.0)),
        ((index[:-1, :-1], 1.4), (index[:-1, 1:], -1.4), (index[1:, :-1], -1.4), (index[1:, 1:], 1.4)),
    ]
    blocks = []
    for stencil in stencils:
        n = stencil[0][0].size
        row = np.tile(np.arange(n), len(stencil))
        col = np.concatenate([part.ravel() for part, _ in stencil])
        val = np.concatenate([np.full(n, v) for _, v in stencil])
        blocks.append(coo_matrix((val, (row, col)), shape=(n, rows * cols)))
    return vstack(blocks).tocsr()


def stretch_nodes(
    nodes: NDArray[np.float64], y: NDArray[np.floating], x: NDArray[np.floating]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The nodes' coordinates at other places, by the cubic spline of `Lattice.to_px`.

    Parameters
    ----------
    nodes : ndarray, shape (rows, cols, 2)
    y, x : ndarray, shape (h,) and (w,)
        In steps of the nodes.

    Returns
    -------
    ndarray of float32, shape (h, w)
        x in the picture.
    ndarray of float32, shape (h, w)
        y.
    """
    down, across = (_weigh_nodes(count, at) for count, at in zip(nodes.shape[:2], (y, x), strict=True))
    rows = [np.asarray(down @ nodes[..., k].astype(np.float32), np.float32) for k in (0, 1)]
    x_px, y_px = (np.empty((len(down), len(across)), np.float32) for _ in rows)
    for first in range(0, len(across), BLOCK):  # which rests on a part of the nodes, where places follow one another
        part = across[first : first + BLOCK]
        used = np.flatnonzero(part.any(axis=0))
        near = slice(used[0], used[-1] + 1)
        for row, out in zip(rows, (x_px, y_px), strict=True):
            np.matmul(row[:, near], part[:, near].T, out=out[:, first : first + BLOCK])
    return x_px, y_px


def _weigh_nodes(count: int, at: NDArray[np.floating]) -> NDArray[np.float32]:
    """How much each node counts at each place along one axis, shape (places, count).

    Not `cv2.remap`, which rounds to a 32nd of a node's distance: 0.16 mm.
    """
    # As `scipy.ndimage.map_coordinates` does with mode "nearest": the rim goes on for some nodes, then it is fitted
    units = np.pad(np.eye(count), ((RIM, RIM), (0, 0)), mode="edge")
    fitted = spline_filter1d(units, order=3, axis=0, mode="nearest")
    place = np.clip(np.asarray(at, np.float64), -RIM / 2, count - 1 + RIM / 2) + RIM
    first = np.floor(place).astype(np.int64) - 1
    t = (place - first - 1)[:, None]
    taps = (1 - t) ** 3 / 6, 2 / 3 - t**2 + t**3 / 2, (1 + 3 * t + 3 * t**2 - 3 * t**3) / 6, t**3 / 6
    weights = sum(tap * fitted[first + k] for k, tap in enumerate(taps))
    weights = np.asarray(weights, np.float32)
    weights[np.abs(weights) < NOTHING] = 0
    return weights
