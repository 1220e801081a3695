"""Where on a page the lines of its grid stop for a while: one grid ends there and another begins."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from digitize.gridgrow import Nodes
from digitize.gridmatch import sample_evidence

Points = NDArray[np.complex128]

BREAK_BOXES = 0.14
"""Where all lines of a family stop for as long as this, 0.7 mm of paper, one grid ends and another begins."""
FAINT = 0.3
"""Of what the lines usually show: less is no line."""
STEPS = 50
"""Places at which lines are looked at between two crossings."""
FRAME_OFF = 0.04
"""An outermost line this far, in boxes, from where it should be is the frame, not the grid."""
MOST = 0.5
"""Part of a line's crossings that must be known for it to tell anything."""
MIN_PIECE, MIN_LINES = 12, 2


def count_nodes(nodes: Nodes) -> int:
    """Crossings known."""
    return int(np.isfinite(nodes.at_px).sum())


def split_pieces(evidence: NDArray[np.float32], nodes: Nodes) -> list[Nodes]:
    """Nodes parted where the lines between them stop; all in one where they do not."""
    down = _find_breaks(evidence, nodes.at_px)
    across = _find_breaks(evidence, nodes.at_px.T)
    pieces = []
    for rows in _between(down, nodes.at_px.shape[0]):
        for cols in _between(across, nodes.at_px.shape[1]):
            piece = Nodes(nodes.at_px[rows, cols], nodes.score[rows, cols])
            if min(piece.at_px.shape) >= MIN_LINES and count_nodes(piece) >= MIN_PIECE:
                pieces.append(piece)
    return pieces or [nodes]


def _between(breaks: list[int], count: int) -> list[slice]:
    """Stretches of lines that no break parts; a break ``k`` lies behind line ``k``."""
    edges = [0, *(k + 1 for k in breaks), count]
    return [slice(a, b) for a, b in pairwise(edges) if b > a]


def _find_breaks(evidence: NDArray[np.float32], at: Points) -> list[int]:
    """Rows of nodes behind which the lines that cross them stop for a while."""
    seen = np.isfinite(at)
    enough = np.flatnonzero(seen.sum(axis=1) >= max(3, MOST * seen.any(axis=0).sum()))
    profiles = [(int(k), _follow_lines(evidence, at[k], at[n], int(n - k))) for k, n in pairwise(enough)]
    profiles = [(k, profile) for k, profile in profiles if len(profile)]
    if not profiles:
        return []
    usual = float(np.median(np.concatenate([profile for _, profile in profiles])))
    length = round(BREAK_BOXES * STEPS)
    return [
        k
        for k, profile in profiles
        if np.lib.stride_tricks.sliding_window_view(profile < FAINT * usual, length).all(axis=1).any() and usual > 0
    ]


def _follow_lines(evidence: NDArray[np.float32], upper: Points, lower: Points, boxes: int) -> NDArray[np.float32]:
    """How the lines between two rows of nodes stand out of what is beside them, all together, from row to row."""
    both = np.isfinite(upper) & np.isfinite(lower)
    if both.sum() < 3:
        return np.zeros(0, np.float32)
    way = lower[both] - upper[both]
    line = upper[both] + np.linspace(0, 1, boxes * STEPS, endpoint=False)[:, None] * way
    beside = 0.25j * way / boxes
    around = (_sample(evidence, line - beside) + _sample(evidence, line + beside)) / 2
    return np.asarray(np.median(_sample(evidence, line) - around, axis=1), np.float32)


def _sample(evidence: NDArray[np.float32], at: Points) -> NDArray[np.float32]:
    return sample_evidence(evidence, at.real.astype(np.float32), at.imag.astype(np.float32))


def trim_frame(nodes: Nodes) -> Nodes:
    """The piece without outermost lines that are not where the others put them: frames of axes."""
    at, score = nodes.at_px, nodes.score
    for _ in range(2):  # rows, then columns
        while len(at) > MIN_LINES:
            off = [measure_step(at[edge]) for edge in (np.s_[:2], np.s_[-2:])]
            inner = float(np.median([measure_step(at[k : k + 2]) for k in range(1, max(2, len(at) - 2))]))
            worse = int(abs(off[1] - inner) > abs(off[0] - inner))
            if abs(off[worse] - inner) <= FRAME_OFF * inner:
                break
            keep = np.s_[:-1] if worse else np.s_[1:]
            at, score = at[keep], score[keep]
        at, score = at.T, score.T
    return Nodes(at, score)


def measure_step(at: Points) -> float:
    """Usual distance of nodes from one row to the next; infinite where none is known."""
    step = np.abs(np.diff(at, axis=0))
    return float(np.median(step[np.isfinite(step)])) if np.isfinite(step).any() else np.inf
