"""Crumpled paper: small flat facets that meet in creases, as heights over the sheet."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_STEP_MM = 1.0
_MARGIN = 0.15  # facets reach so far beyond the sheet, in shares of its sides


@dataclass(frozen=True, eq=False)
class Relief:
    """Heights of a sheet on a lattice that begins at the paper's corner.

    Attributes
    ----------
    height_mm : ndarray, shape (rows, cols)
        Towards the viewer.
    step_mm : float
        Distance of nodes.
    """

    height_mm: Array
    step_mm: float

    def lift(self, points_mm: Array) -> Array:
        """Height at paper points (x, y) of shape (..., 2); beyond the sheet that of its edge."""
        return self._look_up(self.height_mm, points_mm)

    def slopes(self, points_mm: Array) -> Array:
        """How the sheet rises along x and y at paper points, shape (..., 2)."""
        down, right = (np.asarray(slope) for slope in np.gradient(self.height_mm, self.step_mm))
        return np.stack([self._look_up(right, points_mm), self._look_up(down, points_mm)], axis=-1)

    def _look_up(self, nodes: Array, points_mm: Array) -> Array:
        from scipy.ndimage import map_coordinates

        at = np.moveaxis(points_mm[..., ::-1], -1, 0) / self.step_mm
        return np.asarray(map_coordinates(nodes, at, order=1, mode="nearest"))


def draw_relief(rng: np.random.Generator, paper_mm: tuple[float, float], strength: float) -> Relief:
    """Crumple a sheet: points at random heights, with flat triangles between them.

    The nearer the points, the less they rise, so that all facets are about as steep; they crowd where the hand closed.
    """
    from scipy.spatial import cKDTree

    size = np.array(paper_mm)
    spacing_mm = rng.uniform(12, 40)
    count = max(12, int(size.prod() / spacing_mm**2))
    spread = rng.uniform(-_MARGIN, 1 + _MARGIN, (count, 2)) * size
    crowd = rng.uniform(0.2, 0.8, 2) * size + rng.normal(0, rng.uniform(0.08, 0.25) * size[0], (count, 2))
    frame = np.array([(x, y) for x in (-1.0, 0.5, 2.0) for y in (-1.0, 0.5, 2.0) if (x, y) != (0.5, 0.5)]) * size
    points = np.concatenate([spread, crowd, frame])
    apart_mm = cKDTree(points).query(points, 2)[0][:, 1]
    steep = rng.uniform(0.08, 0.16) * strength
    heights = rng.standard_normal(len(points)) * steep * np.minimum(apart_mm, spacing_mm)
    return _span_facets(points, heights, paper_mm, float(rng.uniform(0.5, 1.2)))


def _span_facets(points: Array, heights: Array, paper_mm: tuple[float, float], soft_mm: float) -> Relief:
    """Triangles between points (x, y), shape (n, 2), and their heights, shape (n,); creases a little rounded."""
    import cv2
    from scipy.spatial import Delaunay

    corners = Delaunay(points).simplices
    planes = np.linalg.solve(
        np.concatenate([points[corners], np.ones((*corners.shape, 1))], axis=-1), heights[corners][..., None]
    )[..., 0]
    x, y = (np.arange(0, side + _STEP_MM, _STEP_MM) for side in paper_mm)
    facet = np.zeros((len(y), len(x)), np.int32)
    for k, triangle in enumerate(np.rint(points[corners] / _STEP_MM * 16).astype(np.int32)):
        cv2.fillConvexPoly(facet, triangle, k, cv2.LINE_8, shift=4)
    right, down, level = np.moveaxis(planes[facet], -1, 0)
    height = right * x + down * y[:, None] + level
    return Relief(np.asarray(cv2.GaussianBlur(height, (0, 0), soft_mm / _STEP_MM), np.float64), _STEP_MM)
