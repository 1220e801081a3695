"""The paper's grid as a lattice: where every millimetre of the page lies in the photo.

The grid is a calibration target printed behind every trace. Its crossings are found one by one, sub-pixel, over the
whole page; a smooth surface through them then carries tilt, perspective, lens, curl and folds in one model.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from digitize.errors import GridNotFound
from digitize.gridgrow import Nodes, grow_nodes, settle_nodes
from digitize.gridlines import follow_lines
from digitize.gridpieces import join_pieces
from digitize.gridsignal import Repetition, find_repetitions, measure_evidence
from digitize.gridsurface import Surface, drop_outliers, fit_surface
from digitize.stages import Lattice, Photo

WORK_PX = 2400
"""Long side at which the grid is looked for; a line is then still over a pixel wide."""
MIN_SCORE = 0.12
MIN_NODES = 60
ENOUGH = 0.65
"""Share of the most nodes found in any channel that another must reach to be preferred for its smoothness."""
SEEDS = 2
"""Windows in which a grid must repeat for its channel to be relied on."""
MARGIN_BOXES = 4
SQUARE = 0.4
"""Logarithm of how many times a box may look longer than wide."""
SPREAD = 0.2
"""How far the logarithms of steps of one grid lie apart, near and far in the picture."""
FEW_PAGE_BOXES = 18
"""A page of fewer boxes would not hold 2.5 s beside its margins: a step that long may be five boxes."""
MANY_LINES = 160
FINE_LINES = 2
"""Lines from node to node where they are 1 mm apart: a node may stray by less than a quarter of that, so not to the
line between."""
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
    witnesses, bold, fine = choose_witnesses(rgb)
    nodes, surface = follow_best(witnesses)
    lines = FINE_LINES if fine else 1
    line_mm = 5.0 if bold or lines * max(nodes.at_px.shape) <= MAX_PAGE_BOXES else 1.0
    lattice = Lattice(
        nodes_px=np.stack([surface.at_px.real, surface.at_px.imag], axis=-1),
        seen=surface.seen,
        pitch_mm=lines * line_mm,
        residual_px=surface.residual_px / shrink,
        confidence=float(np.clip(nodes.score[nodes.score > 0].mean(), 0, 1)),
        source=f"grid {line_mm:.0f} mm",
    )
    if not surface.flat:
        lattice = follow_lines(rgb, lattice)
    centre = (shrink - 1) / 2  # the resized picture's pixel centres lie between the original's
    return replace(lattice, nodes_px=(lattice.nodes_px - centre) / shrink)


@dataclass(frozen=True, eq=False)
class Witness:
    """A channel that shows the grid, and windows to start from, best first."""

    evidence: NDArray[np.float32]
    seeds: list[Repetition]


def choose_witnesses(rgb: NDArray[np.uint8]) -> tuple[list[Witness], bool, bool]:
    """A colour and the grey, with the windows where the grid repeats best.

    Also whether its boxes hold finer lines (bold), or so many lines cross the picture that they may be 1 mm apart
    (fine): every other one is then enough to follow.
    """

    def look(name: str) -> tuple[NDArray[np.float32], list[Repetition]]:
        plane = measure_evidence(rgb, name)
        return plane, find_repetitions(plane, across=4, down=3)

    with ThreadPoolExecutor(2) as pool:
        looks = dict(zip(("red", "grey"), pool.map(look, ("red", "grey")), strict=True))
        if _count_boxes(looks["red"][1]) < SEEDS:  # red tells most grids from paper and pen, but not all
            looks |= zip(("blue", "green"), pool.map(look, ("blue", "green")), strict=True)
    planes = {name: plane for name, (plane, _) in looks.items()}
    found = {name: repetitions for name, (_, repetitions) in looks.items()}
    box_px = vote_box([r for rs in found.values() for r in rs if r.score > MIN_SCORE], max(rgb.shape[:2]))
    if box_px is None:
        raise GridNotFound("Nothing in the picture repeats like the grid of ECG paper.")
    fitting = {name: [f for f in (_as_boxes(r, box_px) for r in rs) if f] for name, rs in found.items()}
    colour = max((name for name in found if name != "grey"), key=lambda name: sum(r.score for r in fitting[name][:4]))
    bold = float(np.mean([r.bold for rs in fitting.values() for r in rs] or [False])) > 0.25
    fine = not bold and max(rgb.shape[:2]) / box_px > MANY_LINES
    if fine:
        fitting = {name: [_widen(r) for r in rs] for name, rs in fitting.items()}
    return [Witness(planes[name], fitting[name]) for name in (colour, "grey") if fitting[name]], bold, fine


def _widen(found: Repetition) -> Repetition:
    return replace(found, u_px=found.u_px * FINE_LINES, v_px=found.v_px * FINE_LINES)


def _count_boxes(found: list[Repetition]) -> int:
    """Windows in which both families of lines are about as far apart, as a pen's beats and rows are not."""
    return sum(r.score > MIN_SCORE and abs(np.log(abs(r.u_px / r.v_px))) < SQUARE for r in found)


def follow_best(witnesses: list[Witness]) -> tuple[Nodes, Surface]:
    """Grow nodes in each channel; keep those that lie most smoothly among those that reach about as far.

    Colour is free of the black trace but smeared by JPEG on some pictures; the nodes' own scatter tells.
    """
    with ThreadPoolExecutor(2) as pool:
        grown = [pair for pair in pool.map(_follow, witnesses) if pair]
    if not grown:
        raise GridNotFound("No grid large enough to measure by was found in the picture.")
    most = max(surface.seen.sum() for _, surface in grown)
    far = [pair for pair in grown if pair[1].seen.sum() >= ENOUGH * most]
    return min(far, key=lambda pair: (not pair[1].flat, pair[1].residual_px))


def _follow(witness: Witness) -> tuple[Nodes, Surface] | None:
    """Nodes from the first seed that leads to enough of them."""
    for seed in witness.seeds[:6]:
        nodes = drop_outliers(grow_nodes(witness.evidence, seed))
        if np.isfinite(nodes.at_px).sum() >= MIN_NODES:
            nodes = drop_outliers(settle_nodes(witness.evidence, fit_surface(nodes, margin=1).at_px))
        if np.isfinite(nodes.at_px).sum() >= MIN_NODES:
            joined, surface = _join(witness, nodes)
            if surface.seen.sum() >= MIN_NODES:  # crossings that no surface goes through are none
                return joined, surface
    return None


def _join(witness: Witness, nodes: Nodes) -> tuple[Nodes, Surface]:
    """The nodes, and those of other grids of the page where it is flat: bent paper does not tell where they lie."""
    joined = join_pieces(witness.evidence, nodes, witness.seeds)
    surface = fit_surface(joined, MARGIN_BOXES)
    if joined is nodes or surface.flat:
        return joined, surface
    return nodes, fit_surface(nodes, MARGIN_BOXES)


def vote_box(found: list[Repetition], side_px: int) -> float | None:
    """The step length most windows agree on, within the spread that perspective brings."""
    if not found:
        return None
    steps = [(abs(step), r.score, r.bold) for r in found for step in (r.u_px, r.v_px)]
    lengths, weights, bold = (np.array(part) for part in zip(*steps, strict=True))
    # Where bold lines are black, colour shows the fine ones alone: they are a fifth of the boxes that the grey shows.
    fine = ~bold & (np.abs(np.log(5 * lengths[:, None] / lengths[bold])) < SPREAD).any(axis=1)
    lengths = np.where(fine & (side_px / lengths >= 5 * FEW_PAGE_BOXES), 5 * lengths, lengths)
    weights = np.where(side_px / lengths < FEW_PAGE_BOXES, weights / 2, weights)
    near = np.abs(np.log(lengths[:, None] / lengths[None, :])) < SPREAD
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
