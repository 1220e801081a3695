"""The sheet bent onto the lines of both families at once: what rises from the table moves away from the camera's foot.

Paper that stands up by ``z`` is seen ``z r / D`` too far from the foot of the camera, the point of the sheet right
below it, at a distance ``r`` from there and ``D`` from the camera: relief displacement, which photogrammetry of the
land knows as well (Kraus 2007, Photogrammetry, 2nd ed., 1.1). It is radial. So the lines that run across tell a part of
where those that run down must lie, also where a QRS hides them or they are a box apart, and bends to the side of the
radius, which only foreshortening makes, are small. The foot needs no calibration: all bends of the sheet point at it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation
from scipy.sparse import csr_matrix
from scipy.sparse.linalg import LinearOperator, cg

from digitize.gridsurface import second_differences

Array = NDArray[np.float64]
Complex = NDArray[np.complexfloating]

STIFFNESS = 0.2
"""Weight of the bending of the sheet against offsets whose error is `USUAL_MM`; more where that is larger."""
USUAL_MM = 0.006
STIFFEST = 20.0
SIDEWAYS = 8.0
"""How much stiffer the sheet is to the side of the radius, far from the foot."""
NEAR_FOOT_MM = 50.0
"""At this distance it is half as much, for foreshortening makes as much there as relief."""
CREASE_MM, STRAY_MM = 0.02, 0.03
"""Bends sharper than this, from one node to the next, and offsets further off cost little more."""
TRUST = 2
"""Turns in which all offsets count in full: a crease must first be let to form before they can be strays."""
UNSURE = 0.01
"""Weight of the middle of the sheet as its foot, beside what all bends tell."""
TURNS_FOOT = 6
BEYOND = 2
"""Nodes by which the sheet is bent beyond those that were measured; the rest of it stays as it is."""
LEAST = 1e-5
"""Weight of staying for nodes that were not measured, and lie among those that were."""
EXACT, MOST_STEPS = 3e-3, 300
"""To what part of the first error each fit is solved, and in how many steps at most."""


@dataclass(frozen=True, eq=False)
class Offsets:
    """How far lines lie from where the lattice has them.

    Attributes
    ----------
    off_mm : ndarray, shape (rows, cols)
        On half of the lattice's pitch; NaN where it was not measured.
    noise_mm : float
        Error of one.
    """

    off_mm: Array
    noise_mm: float


def bend_sheet(
    at_px: NDArray[np.complex128], pitch_mm: float, right: Offsets, down: Offsets, turns: int
) -> tuple[Array, Array]:
    """How far the sheet lies to the right of where it was taken to be, and below.

    Minimises ``sum (x - off)^2 / noise^2 + stiffness sum |second differences of (at + x)|^2``, those to the side of the
    radius from the foot counting more, a few times over, with strays and creases counting less each time
    (iteratively reweighted least squares; Huber 1964).

    Parameters
    ----------
    at_px : ndarray of complex, shape (rows, cols)
        Where the nodes were taken to lie in the picture.
    pitch_mm : float
        From node to node.
    right, down : Offsets
        Of the lines that run down, and of those that run across.
    turns : int

    Returns
    -------
    ndarray, shape (rows, cols)
        To the right, in millimetres.
    ndarray, shape (rows, cols)
        Downwards.
    """
    along = np.stack([np.asarray(np.gradient(at_px, pitch_mm, axis=axis), np.complex128).ravel() for axis in (1, 0)])
    scale = float(np.mean(np.abs(along[0])))
    at, along = at_px.ravel() / scale, along / scale
    value = np.stack([np.nan_to_num(part.off_mm).ravel() for part in (right, down)])
    known = np.stack([np.isfinite(part.off_mm).ravel() / _count_noise(part.noise_mm) for part in (right, down)])
    near = binary_dilation(known.any(axis=0).reshape(at_px.shape), np.ones((3, 3)), iterations=BEYOND).ravel()
    if not near.any():
        return np.zeros(at_px.shape), np.zeros(at_px.shape)
    bends = second_differences(*at_px.shape)
    size = abs(bends)
    place = size @ at / (size @ np.ones(len(at)))
    flat: Complex = bends @ at
    toward = place - find_foot(*(part[size @ ~near == 0] for part in (place, flat)))
    stiff = 1 + (SIDEWAYS - 1) / (1 + np.square(NEAR_FOOT_MM / np.maximum(np.abs(toward), 1e-6)))
    fit = _make_fit(bends, along, flat, toward, np.where(near, LEAST, 1.0))
    x, pull, weight = np.zeros_like(value), known, np.full(len(flat), STIFFNESS)
    for turn in range(turns):
        x = fit.solve(pull, value, weight, stiff * weight, x)
        bend = flat + fit.bends @ (fit.along * x).sum(axis=0)
        weight = STIFFNESS * CREASE_MM / np.hypot(np.abs(bend), CREASE_MM)
        if turn >= TRUST:
            pull = known * np.minimum(1, STRAY_MM / np.maximum(np.abs(x - value), 1e-9))
    return x[0].reshape(at_px.shape), x[1].reshape(at_px.shape)


def find_foot(place: Complex, bend: Complex) -> complex:
    """The point that the bends of a sheet point at, or away from.

    Parameters
    ----------
    place : ndarray of complex, shape (n,)
        Where the bends are.
    bend : ndarray of complex, shape (n,)
        Second differences there.

    Returns
    -------
    complex
        Least squares of the sines of the angles, large bends counting less than their size.
    """
    middle = complex(np.mean(place))
    side = np.stack([bend.imag, -bend.real])
    passed = side[0] * (place - middle).real + side[1] * (place - middle).imag
    foot = middle
    for _ in range(TURNS_FOOT):
        apart = np.maximum(np.abs(place - foot), NEAR_FOOT_MM / 2)
        weighed = side / (np.square(apart) * np.hypot(np.abs(bend), CREASE_MM))
        told = weighed @ side.T
        x, y = np.linalg.solve(told + (UNSURE * np.trace(told) + 1e-12) * np.eye(2), weighed @ passed)
        foot = middle + complex(x, y)
    return foot


@dataclass(frozen=True, eq=False)
class _Fit:
    """What stays the same from turn to turn, lengths in millimetres.

    Attributes
    ----------
    bends, back, squares : csr_matrix
        From places to second differences, from these back, and so squared.
    along : ndarray of complex, shape (2, n)
        A millimetre to the right, and downwards.
    flat, radius : ndarray of complex, shape (m,)
        Second differences of the sheet as it was taken to be, and unit vectors from the foot to where they are.
    stay : ndarray, shape (n,)
        Weight of no change.
    """

    bends: csr_matrix
    back: csr_matrix
    squares: csr_matrix
    along: Complex
    flat: Complex
    radius: Complex
    stay: Array

    def solve(self, pull: Array, value: Array, along: Array, side: Array, first: Array) -> Array:
        """Offsets (2, n) of least cost, by conjugate gradients from a first guess.

        ``pull`` weighs how far they lie off the values, ``along`` the bends along the radius and ``side`` those to its
        side.
        """
        same = ((along + side) / 2).astype(np.float32)
        mirrored = ((along - side) / 2 * np.square(self.radius)).astype(np.complex64)
        held = (pull + self.stay).astype(np.float32)

        def project(bend: Complex) -> NDArray[np.float32]:
            force = self.back @ (same * bend + mirrored * bend.conj())
            return np.asarray((self.along.conj() * force).real, np.float32)

        def multiply(x: NDArray[np.float32]) -> NDArray[np.float32]:
            part = x.reshape(2, -1)
            return np.asarray(project(self.bends @ (self.along * part).sum(axis=0)) + held * part).ravel()

        diagonal = (held + self.squares @ same).ravel()
        matrix = LinearOperator((value.size, value.size), matvec=multiply, dtype=np.float32)
        scaled = LinearOperator(matrix.shape, matvec=lambda x: x / diagonal, dtype=np.float32)
        right = (pull * value - project(self.flat)).astype(np.float32)
        x, _ = cg(matrix, right.ravel(), x0=first.astype(np.float32).ravel(), rtol=EXACT, maxiter=MOST_STEPS, M=scaled)
        return np.asarray(x, np.float64).reshape(2, -1)


def _make_fit(bends: csr_matrix, along: Complex, flat: Complex, toward: Complex, stay: Array) -> _Fit:
    """In single precision, which is exact enough for what bends by less than a millimetre, and twice as fast."""
    single = bends.astype(np.complex64)  # as the places are, for otherwise it is copied every time
    return _Fit(
        bends=single,
        back=single.T.tocsr(),
        squares=bends.power(2).T.tocsr().astype(np.float32),
        along=along.astype(np.complex64),
        flat=flat.astype(np.complex64),
        radius=toward / np.maximum(np.abs(toward), 1e-6),
        stay=stay,
    )


def _count_noise(noise_mm: float) -> float:
    """How much less offsets count for their error."""
    return float(np.clip(noise_mm / USUAL_MM, 1, STIFFEST)) ** 2
