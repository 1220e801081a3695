"""Growing a lattice of grid crossings over the photo, from a seed window outwards, best-fitting nodes first."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from digitize.gridmatch import (
    OFFSETS,
    SPACING,
    match_profiles,
    sample_evidence,
    slide_profiles,
    soften_evidence,
    take_profiles,
)
from digitize.gridsignal import Repetition

MAX_REACH = 300
"""Nodes on either side of the seed at most: a wide page of 1 mm lines."""
ACCEPT = (0.75, 0.6, 0.45, 0.35)
"""Match scores asked for, one after the other: sure nodes first, so that doubtful ones are predicted from them."""


@dataclass(frozen=True, eq=False)
class Nodes:
    """Grid crossings found: ``at_px`` complex (rows, cols), NaN where none; ``score`` float (rows, cols)."""

    at_px: NDArray[np.complex128]
    score: NDArray[np.float64]


def grow_nodes(evidence: NDArray[np.float32], seed: Repetition) -> Nodes:
    """Follow the grid from the seed window as far as it can be seen.

    Parameters
    ----------
    evidence : ndarray of float32, shape (H, W)
        From `measure_evidence`.
    seed : Repetition

    Returns
    -------
    Nodes
        Cropped to the rows and columns in which something was found.
    """
    evidence = soften_evidence(evidence, abs(seed.u_px))
    step_px = min(abs(seed.u_px), abs(seed.v_px))
    reach = min(MAX_REACH, int(1.5 * max(evidence.shape) / step_px) + 2)  # perspective makes far boxes smaller
    side = 2 * reach + 1
    at = np.full((side, side), np.nan + 0j, np.complex128)
    score = np.zeros((side, side))
    basis = np.zeros((2, side, side), np.complex128)
    at[reach, reach] = _find_first_node(evidence, seed)
    basis[:, reach, reach] = seed.u_px, seed.v_px
    template = _first_template(evidence, at[reach, reach], basis[:, reach, reach])
    score[reach, reach] = 1.0
    tried = np.zeros((side, side))  # the number of neighbours known when a node was last tried: retry only with more
    for ask in ACCEPT:
        tried[:] = 0
        while True:
            rows, cols, near = _frontier(at, tried)
            if not len(rows):
                break
            tried[rows, cols] = near
            guess, step = _predict(at, basis, rows, cols)
            found, fit = _refine(evidence, guess, step, template)
            ok = fit >= ask
            if not ok.any():
                continue
            rows, cols = rows[ok], cols[ok]
            at[rows, cols], score[rows, cols], basis[:, rows, cols] = found[ok], fit[ok], step[:, ok]
            _update_bases(at, basis, rows, cols)
            if 9 <= np.isfinite(at).sum() < 400:
                known = np.isfinite(at) & (score >= ask)
                template = np.median(take_profiles(evidence, at[known], basis[:, known]), axis=1)
    return _crop(at, score)


def settle_nodes(evidence: NDArray[np.float32], smooth_px: NDArray[np.complex128]) -> Nodes:
    """Find every crossing again, starting from the smooth surface and looking for what all crossings have in common.

    While growing, a node knew a few neighbours only, and may have settled on a finer line beside the bold one.

    Parameters
    ----------
    evidence : ndarray of float32, shape (H, W)
    smooth_px : ndarray of complex, shape (rows, cols)
        Surface through the nodes grown, carried on a little past their rim.
    """
    u, v = np.gradient(smooth_px, axis=1), np.gradient(smooth_px, axis=0)
    evidence = soften_evidence(evidence, float(np.median(np.abs(u))))
    height, width = evidence.shape
    inside = (smooth_px.real > 0) & (smooth_px.real < width) & (smooth_px.imag > 0) & (smooth_px.imag < height)
    step = np.stack([u[inside], v[inside]])
    start = smooth_px[inside]
    profiles = take_profiles(evidence, start, step)
    template = np.median(profiles, axis=1)
    off = _find_darkest(template)
    if np.abs(off).max() > SPACING:  # the surface lies beside the bold lines: take the profiles again, on them
        start = start + (off[:, None] * step).sum(axis=0)
        profiles = take_profiles(evidence, start, step)
        template = np.median(profiles, axis=1)
    for _ in range(2):
        shift, fit = match_profiles(profiles, template)
        template = np.median(slide_profiles(profiles, np.where(fit >= ACCEPT[-1], shift, 0)), axis=1)
    shift, fit = match_profiles(profiles, template)
    shift += _find_darkest(template)[:, None]
    sure = fit >= ACCEPT[-1]
    at, score = np.full(smooth_px.shape, np.nan + 0j), np.zeros(smooth_px.shape)
    at[inside] = np.where(sure, start + (shift * step).sum(axis=0), np.nan)
    score[inside] = np.where(sure, fit, 0)
    return _crop(at, score)


def _find_darkest(template: NDArray[np.floating]) -> NDArray[np.float64]:
    """Where the bold line lies in either template (2, SAMPLES), in boxes."""
    found = []
    for line in np.asarray(template, np.float64):
        inner = np.where(np.abs(OFFSETS) <= 0.5, line, -np.inf)
        k = int(inner.argmax())
        curve = min(line[k - 1] - 2 * line[k] + line[k + 1], -1e-9)
        found.append(OFFSETS[k] + np.clip(0.5 * (line[k - 1] - line[k + 1]) / curve, -1, 1) * SPACING)
    return np.array(found)


def _find_first_node(evidence: NDArray[np.float32], seed: Repetition) -> complex:
    """A crossing near the middle of the seed window: the phase at which each family of lines is darkest."""
    frac = np.linspace(-0.5, 0.5, 96, endpoint=False)
    along = np.linspace(-1.5, 1.5, 145)
    phases = []
    for step, other in ((seed.u_px, seed.v_px), (seed.v_px, seed.u_px)):
        points = seed.centre_px + frac[:, None] * step + along[None, :] * other
        ink = sample_evidence(evidence, points.real.astype(np.float32), points.imag.astype(np.float32))
        phases.append(frac[int(np.argmax(ink.mean(axis=1)))])
    return complex(seed.centre_px + phases[0] * seed.u_px + phases[1] * seed.v_px)


def _first_template(
    evidence: NDArray[np.float32], origin: complex, steps: NDArray[np.complex128]
) -> NDArray[np.floating]:
    """What lines look like around the seed: the mean over some boxes, where straight steps still lead to crossings."""
    i, j = np.meshgrid(np.arange(-2, 3), np.arange(-2, 3))
    at = (origin + i * steps[0] + j * steps[1]).ravel()
    return np.asarray(take_profiles(evidence, at, np.repeat(steps[:, None], at.size, axis=1)).mean(axis=1))


def _frontier(
    at: NDArray[np.complex128], tried: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Unknown nodes with a known neighbour, not yet tried with this many of them."""
    known = np.isfinite(at).astype(np.float32)
    kernel = np.array([[0.5, 1, 0.5], [1, 0, 1], [0.5, 1, 0.5]], np.float32)
    near = cv2.filter2D(known, -1, kernel, borderType=cv2.BORDER_CONSTANT)
    near[[0, -1]] = near[:, [0, -1]] = 0
    rows, cols = np.nonzero((known == 0) & (near >= 1) & (near > tried))
    return rows, cols, near[rows, cols].astype(np.float64)


def _predict(
    at: NDArray[np.complex128], basis: NDArray[np.complex128], rows: NDArray[np.int64], cols: NDArray[np.int64]
) -> tuple[NDArray[np.complex128], NDArray[np.complex128]]:
    """Where the known neighbours say a node lies, and the steps (2, node) there."""
    total = np.zeros(len(rows), np.complex128)
    steps = np.zeros((2, len(rows)), np.complex128)
    weight = np.zeros(len(rows))
    for dr in (-1, 0, 1):
        for dc in (-1, 0, 1):
            r, c = rows + dr, cols + dc
            w = np.isfinite(at[r, c]) * (1.0 if dr == 0 or dc == 0 else 0.4)
            near = np.where(w > 0, at[r, c], 0)
            total += w * (near - dc * basis[0, r, c] - dr * basis[1, r, c])
            steps += w * np.where(w > 0, basis[:, r, c], 0)
            weight += w
    return total / weight, steps / weight


def _refine(
    evidence: NDArray[np.float32],
    guess: NDArray[np.complex128],
    step: NDArray[np.complex128],
    template: NDArray[np.floating],
) -> tuple[NDArray[np.complex128], NDArray[np.float64]]:
    """Slide each node to where its lines match the template best; the score is the weaker line's correlation."""
    shift, fit = match_profiles(take_profiles(evidence, guess, step), template)
    return guess + (shift * step).sum(axis=0), fit


def _update_bases(
    at: NDArray[np.complex128], basis: NDArray[np.complex128], rows: NDArray[np.int64], cols: NDArray[np.int64]
) -> None:
    """Steps at new nodes from their known neighbours, halfway towards what was predicted: nodes are noisy alone."""
    for k, (dr, dc) in enumerate(((0, 1), (1, 0))):
        ahead, behind = at[rows + dr, cols + dc], at[rows - dr, cols - dc]
        here = at[rows, cols]
        both = np.isfinite(ahead) & np.isfinite(behind)
        measured = np.where(both, (ahead - behind) / 2, np.where(np.isfinite(ahead), ahead - here, here - behind))
        usable = np.isfinite(measured)
        old = basis[k, rows, cols]
        basis[k, rows, cols] = np.where(usable, 0.5 * old + 0.5 * np.where(usable, measured, 0), old)


def _crop(at: NDArray[np.complex128], score: NDArray[np.float64]) -> Nodes:
    known = np.isfinite(at)
    if not known.any():
        return Nodes(at[:0, :0], score[:0, :0])
    rows, cols = np.flatnonzero(known.any(axis=1)), np.flatnonzero(known.any(axis=0))
    window = np.s_[rows[0] : rows[-1] + 1, cols[0] : cols[-1] + 1]
    return Nodes(at[window], score[window])
