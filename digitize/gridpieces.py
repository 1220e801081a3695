"""Pages on which every row, or every lead, has a grid of its own: pieces of one pitch, put onto one lattice.

Programs that plot draw such pages. The grids of their axes are equally fine but begin at different phases, with bare
paper or a frame between them. One millimetre is the same in all, so the lattice of one piece, carried on, tells where
another lies; what the two differ by in phase moves no amplitude and no time within a row.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from digitize.gridbreaks import MIN_PIECE, count_nodes, measure_step, split_pieces, trim_frame
from digitize.gridgrow import Nodes, grow_nodes
from digitize.gridmatch import match_profiles, soften_evidence, take_profiles
from digitize.gridsignal import Repetition
from digitize.gridsurface import drop_outliers, fit_surface

Points = NDArray[np.complex128]

MOST = 0.5
"""Part of a line's crossings that must be known for it to tell anything."""
SURE = 0.7
"""Match score of the crossing from which a piece is grown."""
AWAY_BOXES = 3
"""The next grid is looked for this far around what is known."""
PHASES = (0.0, 0.2, 0.4, -0.4, -0.2)
SNAP = 0.01
"""Grids that are out of phase by less than this, in boxes, are not."""
ON_PLANE = 0.85
"""Nodes of which this part lies on one plane are of one grid: its lines are dots, or print interrupts them."""
MIN_KEPT = 0.75
"""Part of the nodes that pieces put together must still have."""
MAX_PIECES, TRIES = 24, 3
PLANE_TURNS, LEVEL = 5, 0.03
"""Nodes that lie this near to a plane, in boxes, show no perspective worth a fit of its own."""


def join_pieces(evidence: NDArray[np.float32], nodes: Nodes, seeds: list[Repetition]) -> Nodes:
    """The nodes of all grids of a page on one lattice; the nodes themselves where the page has one grid.

    Parameters
    ----------
    evidence : ndarray of float32, shape (H, W)
    nodes : Nodes
        As grown from one seed; they may reach over into other grids.
    seeds : list of Repetition
        Windows in which a grid of the same pitch repeats.

    Returns
    -------
    Nodes
        Where a piece's phase is another, at places between its crossings.
    """
    pieces = split_pieces(evidence, nodes)
    beyond = _lie_beyond(nodes, seeds)
    if not beyond and (len(pieces) == 1 or _make_plane(nodes)):
        return nodes
    waiting = sorted((trim_frame(p) for p in pieces), key=count_nodes)
    first = waiting.pop()
    step_px = measure_step(first.at_px.T)
    if not _make_plane(first) or np.isinf(step_px):  # bent paper does not tell where another grid would lie
        return nodes
    joined = _spread(first, evidence.shape)
    soft = soften_evidence(evidence, step_px)
    template = _take_usual(soft, first)
    tried = np.zeros(joined.at_px.shape, np.bool_)
    for _ in range(MAX_PIECES):
        surface = _carry_on(joined)
        waiting = waiting or _grow_next(evidence, soft, template, joined, surface, tried)
        if not waiting:
            break
        known = joined.at_px[np.isfinite(joined.at_px)]
        near = min(range(len(waiting)), key=lambda k: _measure_distance(waiting[k], known))
        joined = _lay_over(joined, waiting.pop(near), surface)
    return _crop(joined) if count_nodes(joined) >= MIN_KEPT * count_nodes(nodes) else nodes


def _make_plane(nodes: Nodes) -> bool:
    """True when the nodes of a page are those of one flat grid."""
    surface = fit_surface(nodes, 0)
    return surface.flat and bool(surface.seen.sum() >= ON_PLANE * count_nodes(nodes))


def _carry_on(nodes: Nodes) -> Points:
    """Where all crossings lie by the plane through those known; seen in perspective where that fits better.

    A surface that bends follows the known ones more closely, and goes astray beyond them.
    """
    seen = np.isfinite(nodes.at_px)
    row, col = np.nonzero(seen)
    at = nodes.at_px[seen]
    rows, cols = np.indices(seen.shape)
    terms, every = (
        np.stack([np.ones(r.size), r.ravel(), c.ravel()], axis=1).astype(np.float64)
        for r, c in ((row, col), (rows, cols))
    )
    weight = np.ones(len(at))
    for _ in range(PLANE_TURNS):
        plane = np.linalg.lstsq(terms * weight[:, None], at * weight, rcond=None)[0]
        off = np.abs(terms @ plane - at)
        weight = np.sqrt(np.minimum(1, 2 * np.median(off) / (off + 1e-9)))
    if float(np.median(off)) <= LEVEL * min(abs(plane[1]), abs(plane[2])):
        return np.asarray((every @ plane).reshape(seen.shape))
    lens, _ = cv2.findHomography(
        terms[:, ::-1][:, :2], np.stack([at.real, at.imag], axis=1), cv2.RANSAC, 0.1 * abs(plane[2])
    )
    if lens is None:
        return np.asarray((every @ plane).reshape(seen.shape))
    moved = cv2.perspectiveTransform(every[None, :, :0:-1].copy(), lens)[0]
    return np.asarray((moved[:, 0] + 1j * moved[:, 1]).reshape(seen.shape))


def _lie_beyond(nodes: Nodes, seeds: list[Repetition]) -> bool:
    """True when a grid repeats where no node is near."""
    known = nodes.at_px[np.isfinite(nodes.at_px)]
    return any(float(np.abs(known - s.centre_px).min()) > 1.5 * abs(s.u_px) for s in seeds)


def _measure_distance(piece: Nodes, known: Points) -> float:
    """From the middle of a piece to the nearest node known."""
    return float(np.abs(known - piece.at_px[np.isfinite(piece.at_px)].mean()).min())


def _spread(nodes: Nodes, shape: tuple[int, ...]) -> Nodes:
    """The nodes with room around for all lines that the picture may hold."""
    at = nodes.at_px
    across, down = measure_step(at.T), measure_step(at)
    known = at[np.isfinite(at)]
    room = (
        (known.imag.min() / down, (shape[0] - known.imag.max()) / down),
        (known.real.min() / across, (shape[1] - known.real.max()) / across),
    )
    width = [(max(0, int(a)) + 2, max(0, int(b)) + 2) for a, b in room]
    return Nodes(np.pad(at, width, constant_values=np.nan), np.pad(nodes.score, width))


def _crop(nodes: Nodes) -> Nodes:
    rows, cols = (np.flatnonzero(np.isfinite(nodes.at_px).any(axis=k)) for k in (1, 0))
    window = np.s_[rows[0] : rows[-1] + 1, cols[0] : cols[-1] + 1]
    return Nodes(nodes.at_px[window], nodes.score[window])


def _take_usual(soft: NDArray[np.float32], nodes: Nodes) -> NDArray[np.floating]:
    """What the lines of a piece look like across, shape (2, SAMPLES)."""
    surface = fit_surface(nodes, 0).at_px
    seen = np.isfinite(nodes.at_px)
    steps = np.stack([np.gradient(surface, axis=1)[seen], np.gradient(surface, axis=0)[seen]])
    return np.asarray(np.median(take_profiles(soft, nodes.at_px[seen], steps), axis=1))


def _grow_next(
    evidence: NDArray[np.float32],
    soft: NDArray[np.float32],
    template: NDArray[np.floating],
    joined: Nodes,
    surface: Points,
    tried: NDArray[np.bool_],
) -> list[Nodes]:
    """The pieces grown from the surest crossings beside what is known, if any. Marks what was tried."""
    known = np.isfinite(joined.at_px)
    covered = _dilate(known, 1)
    u, v = np.gradient(surface, axis=1), np.gradient(surface, axis=0)
    height, width = evidence.shape
    inside = (surface.real > 0) & (surface.real < width) & (surface.imag > 0) & (surface.imag < height)
    where = _dilate(known, AWAY_BOXES) & inside & ~known & ~tried
    if not where.any():
        return []
    rows, cols = np.nonzero(where)
    shifts = [(p, q) for p in PHASES for q in PHASES]
    at = np.concatenate([surface[where] + p * u[where] + q * v[where] for p, q in shifts])
    steps = np.tile(np.stack([u[where], v[where]]), len(shifts))
    _, fit = match_profiles(take_profiles(soft, at, steps), template)
    for _ in range(TRIES):
        k = int(np.argmax(fit))
        row, col = rows[k % len(rows)], cols[k % len(rows)]
        if fit[k] < SURE:
            break
        grown = drop_outliers(grow_nodes(evidence, Repetition(complex(at[k]), u[row, col], v[row, col], 1.0, False)))
        tried |= _dilate(_mark_places(surface, grown), 1)
        tried[row, col] = True
        fit[np.tile(tried[rows, cols], len(shifts))] = 0
        if count_nodes(grown) >= MIN_PIECE:
            pieces = [trim_frame(p) for p in split_pieces(evidence, grown)]
            fresh = [p for p in pieces if count_nodes(p) >= MIN_PIECE and not _is_covered(p, surface, covered)]
            if fresh:
                return fresh
    return []


def _mark_places(surface: Points, nodes: Nodes) -> NDArray[np.bool_]:
    """Crossings of the surface nearest to nodes."""
    marked = np.zeros(surface.shape, np.bool_)
    at = nodes.at_px[np.isfinite(nodes.at_px)]
    if len(at):
        rows, cols = surface.shape[0], surface.shape[1]
        row, col = (np.rint(place).astype(int) for place in _place_on(surface, at))
        marked[row.clip(0, rows - 1), col.clip(0, cols - 1)] = True
    return marked


def _dilate(mask: NDArray[np.bool_], boxes: int) -> NDArray[np.bool_]:
    return np.asarray(cv2.dilate(mask.astype(np.uint8), np.ones((2 * boxes + 1,) * 2, np.uint8))) > 0


def _is_covered(piece: Nodes, surface: Points, covered: NDArray[np.bool_]) -> bool:
    """True when most of a piece lies where nodes are known already."""
    return bool(covered[_mark_places(surface, piece)].mean() > MOST)


def _place_on(surface: Points, at: Points) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Row and column, with fractions, at which points lie on the surface."""
    nearest = np.array([int(np.argmin(np.abs(surface - z))) for z in at])
    rows, cols = np.unravel_index(nearest, surface.shape)
    u, v = (np.gradient(surface, axis=k)[rows, cols] for k in (1, 0))
    off = at - surface[rows, cols]
    area = (np.conj(u) * v).imag
    down, across = (np.conj(u) * off).imag / area, (np.conj(off) * v).imag / area
    return np.asarray(rows + down, np.float64), np.asarray(cols + across, np.float64)


def _lay_over(joined: Nodes, piece: Nodes, surface: Points) -> Nodes:
    """What is known with a piece's nodes moved to the crossings of the common lattice, by its own spacing."""
    seen = np.isfinite(piece.at_px)
    rows, cols = np.nonzero(seen)
    places = zip(_place_on(surface, piece.at_px[seen]), (rows, cols), strict=True)
    offsets = [float(np.median(place - index)) for place, index in places]
    begin = [int(np.ceil(o - SNAP)) for o in offsets]
    part = [0.0 if abs(o - round(o)) <= SNAP else b - o for o, b in zip(offsets, begin, strict=True)]
    begin = [round(o) if p == 0 else b for o, p, b in zip(offsets, part, begin, strict=True)]
    at = piece.at_px
    if part[0]:
        at = (1 - part[0]) * at[:-1] + part[0] * at[1:]
    if part[1]:
        at = (1 - part[1]) * at[:, :-1] + part[1] * at[:, 1:]
    score = piece.score[: at.shape[0], : at.shape[1]]
    window = np.s_[begin[0] : begin[0] + at.shape[0], begin[1] : begin[1] + at.shape[1]]
    out_at, out_score = joined.at_px.copy(), joined.score.copy()
    there = out_at[window]
    fill = ~np.isfinite(there) & np.isfinite(at)[: there.shape[0], : there.shape[1]]
    there[fill] = at[: there.shape[0], : there.shape[1]][fill]
    out_score[window][fill] = score[: there.shape[0], : there.shape[1]][fill]
    return replace(joined, at_px=out_at, score=out_score)
