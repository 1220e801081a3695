"""The sheet's spline at many places at once is the one that the lattice itself goes by."""

from __future__ import annotations

import numpy as np
import pytest

from digitize.gridsurface import stretch_nodes
from digitize.stages import Lattice


@pytest.mark.parametrize(("rows", "cols"), [(2, 3), (9, 5), (40, 61)])
def test_places_between_and_beyond_nodes_are_the_lattices_own(rows: int, cols: int) -> None:
    rng = np.random.default_rng(rows)
    down, across = np.mgrid[:rows, :cols] * 50.0
    nodes = np.stack([across, down], axis=-1) + rng.normal(0, 3, (rows, cols, 2))
    lattice = Lattice(nodes, np.ones((rows, cols), bool), 5.0, 0.0, 1.0, "grid 5 mm")
    y, x = np.linspace(-1, rows, 77), np.linspace(-1, cols, 600)
    x_px, y_px = stretch_nodes(nodes, y, x)
    at = lattice.to_px(*np.meshgrid(5 * x, 5 * y))
    assert np.abs(np.stack([x_px, y_px], axis=-1) - at).max() < 0.002
