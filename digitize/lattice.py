"""The paper's grid as a lattice: where every millimetre of the page lies in the photo.

The grid is a calibration target printed behind every trace. Its crossings are found one by one, sub-pixel, over the
whole page; a smooth surface through them then carries tilt, perspective, lens, curl and folds in one model.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix, csr_matrix, vstack
from scipy.sparse.linalg import splu

from digitize.errors import GridNotFound
from digitize.gridgrow import Nodes, grow_nodes, settle_nodes
from digitize.gridsignal import Repetition, find_repetitions, measure_evidence
from digitize.stages import Lattice, Photo

WORK_PX = 3000
"""Long side at which the grid is looked for; a line is then still over a pixel wide."""
MIN_SCORE = 0.12
MIN_NODES = 60
ENOUGH = 0.8
"""Share of the most nodes found in any channel that another must reach to be preferred for its smoothness."""
MARGIN_BOXES = 4
STIFFNESS = 0.6
"""Weight of the surface's bending against its distance from the nodes; creases must still be followed."""
MAX_PAGE_BOXES = 95
"""More boxes than this across a page are not 5 mm each: 475 mm is wider than any ECG paper."""


def fit_lattice(photo: Photo) -> Lattice:
    """Find the grid in a photo.

    Parameters
    ----------
    photo : Photo

    Returns
    -------
    Lattice
        x along the grid lines that run more horizontally in the photo; which way up the page is, is not known here.

    Raises
    ------
    GridNotFound
        When nothing in the picture repeats like a grid.
    """
    shrink = min(1.0, WORK_PX / max(photo.rgb.shape[:2]))
    rgb = photo.rgb
    if shrink < 1:
        rgb = np.asarray(cv2.resize(rgb, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA), np.uint8)
    witnesses, bold = choose_witnesses(rgb)
    nodes, lattice = follow_best(witnesses)
    across = max(nodes.at_px.shape)
    pitch_mm, source = (5.0, "grid 5 mm") if bold or across <= MAX_PAGE_BOXES else (1.0, "grid 1 mm")
    centre = (shrink - 1) / 2  # the resized picture's pixel centres lie between the original's
    return replace(
        lattice,
        nodes_px=(lattice.nodes_px - centre) / shrink,
        residual_px=lattice.residual_px / shrink,
        pitch_mm=pitch_mm,
        source=source,
    )


@dataclass(frozen=True, eq=False)
class Witness:
    """A channel that shows the grid, and windows to start from, best first."""

    evidence: NDArray[np.float32]
    seeds: list[Repetition]


def choose_witnesses(rgb: NDArray[np.uint8]) -> tuple[list[Witness], bool]:
    """The grey channel and the colour in which the grid repeats best, and whether its boxes hold finer lines."""
    planes = {name: measure_evidence(rgb, name) for name in ("red", "blue", "grey")}
    found = {name: find_repetitions(plane, across=4, down=2) for name, plane in planes.items()}
    votes = [(abs(step), r.score) for rs in found.values() for r in rs for step in (r.u_px, r.v_px)]
    box_px = _vote_box([v for v in votes if v[1] > MIN_SCORE])
    if box_px is None:
        raise GridNotFound("Nothing in the picture repeats like the grid of ECG paper.")
    fitting = {name: [f for f in (_as_boxes(r, box_px) for r in rs) if f] for name, rs in found.items()}
    colour = max(("red", "blue"), key=lambda name: sum(r.score for r in fitting[name][:4]))
    bold = float(np.mean([r.bold for rs in fitting.values() for r in rs] or [False])) > 0.25
    return [Witness(planes[name], fitting[name]) for name in (colour, "grey") if fitting[name]], bold


def follow_best(witnesses: list[Witness]) -> tuple[Nodes, Lattice]:
    """Grow nodes in each channel; keep those that lie most smoothly among those that reach about as far.

    Colour is free of the black trace but smeared by JPEG on some pictures; the nodes' own scatter tells.
    """
    grown = []
    for witness in witnesses:
        for seed in witness.seeds[:2]:
            nodes = drop_outliers(grow_nodes(witness.evidence, seed))
            if np.isfinite(nodes.at_px).sum() >= MIN_NODES:
                surface = smooth_nodes(nodes, margin=1).nodes_px
                nodes = drop_outliers(settle_nodes(witness.evidence, surface[..., 0] + 1j * surface[..., 1]))
                grown.append((nodes, smooth_nodes(nodes)))
                break
    if not grown:
        raise GridNotFound("No grid large enough to measure by was found in the picture.")
    most = max(lattice.seen.sum() for _, lattice in grown)
    far = [pair for pair in grown if pair[1].seen.sum() >= ENOUGH * most]
    return min(far, key=lambda pair: pair[1].residual_px)


def _vote_box(votes: list[tuple[float, float]]) -> float | None:
    """The step length most windows agree on, within the spread that perspective brings."""
    if not votes:
        return None
    lengths, weights = np.array([v[0] for v in votes]), np.array([v[1] for v in votes])
    near = np.abs(np.log(lengths[:, None] / lengths[None, :])) < 0.2
    best = int(np.argmax(near @ weights))
    return float(np.average(lengths[near[best]], weights=weights[near[best]]))


def _as_boxes(found: Repetition, box_px: float) -> Repetition | None:
    """The repetition with steps of one box each, or None if it does not fit that size."""
    steps = []
    for step in (found.u_px, found.v_px):
        times = box_px / abs(step)
        whole = 5.0 if times > 3.5 else 0.2 if times < 0.28 else 1.0
        if found.score < MIN_SCORE or not 0.65 < times / whole < 1.55:
            return None
        steps.append(step * whole)
    u, v = steps
    if abs(u.imag) > abs(u.real):
        u, v = v, u
    return replace(found, u_px=u if u.real > 0 else -u, v_px=v if v.imag > 0 else -v)


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
        box = np.nanmedian(np.abs(np.diff(at, axis=1)))
        off = (count >= 2) & (np.abs(at - middle) > box / 8)
        lonely = np.isfinite(at) & (_count_neighbours(at) < 2)
        at[off | lonely] = np.nan
    return Nodes(at, np.where(np.isfinite(at), nodes.score, 0.0))


def _count_neighbours(at: NDArray[np.complex128]) -> NDArray[np.int64]:
    known = np.pad(np.isfinite(at), 1).astype(np.int64)
    return np.asarray(known[1:-1, :-2] + known[1:-1, 2:] + known[:-2, 1:-1] + known[2:, 1:-1], np.int64)


def smooth_nodes(nodes: Nodes, margin: int = MARGIN_BOXES) -> Lattice:
    """A surface through the nodes that bends as little as they allow, carried on past their rim.

    Minimises ``sum score (surface - node)^2 + STIFFNESS sum (second differences)^2``: the discrete thin plate.
    """
    at = np.pad(nodes.at_px, margin, constant_values=np.nan)
    weight = np.pad(nodes.score, margin)
    rows, cols = at.shape
    seen = np.isfinite(at)
    bending = _second_differences(rows, cols) * np.sqrt(STIFFNESS)
    diagonal = coo_matrix((np.where(seen, weight, 0).ravel(), (np.arange(at.size), np.arange(at.size))))
    normal = (diagonal + bending.T @ bending).tocsc()
    solve = splu(normal)
    target = np.where(seen, at * weight, 0).ravel()
    surface = solve.solve(target.real) + 1j * solve.solve(target.imag)
    surface = surface.reshape(rows, cols)
    residual = float(np.sqrt(np.mean(np.abs(surface - at)[seen] ** 2)))
    nodes_px = np.stack([surface.real, surface.imag], axis=-1)
    confidence = float(np.clip(nodes.score[nodes.score > 0].mean(), 0, 1))
    return Lattice(nodes_px, seen, 5.0, residual, confidence, "grid 5 mm")


def _second_differences(rows: int, cols: int) -> csr_matrix:
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
