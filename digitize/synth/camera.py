"""A bent sheet of paper under a pinhole camera: where every paper millimetre lands in the photo, and the way back."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from digitize.stages import Box
from digitize.synth.relief import Relief

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Bend:
    """A straight bend of the sheet, rising on both sides of a line.

    A small radius is a fold, a large one a curl; a negative slope bends away from the viewer.

    Attributes
    ----------
    angle_deg : float
        Direction in which the sheet rises; the line runs across it.
    offset_mm : float
        Distance of the line from the paper's origin, along that direction.
    slope : float
        Millimetres up for each millimetre away from the line.
    radius_mm : float
        How soon the slope is reached.
    """

    angle_deg: float
    offset_mm: float
    slope: float
    radius_mm: float

    def away_mm(self, points_mm: Array) -> Array:
        """Signed distance from the line, shape (...)."""
        angle = np.deg2rad(self.angle_deg)
        return np.asarray(points_mm @ np.array([np.cos(angle), np.sin(angle)]) - self.offset_mm)


@dataclass(frozen=True)
class Lens:
    """A lens that bends straight lines, as barrel (negative) or pincushion, by the square of the distance.

    Attributes
    ----------
    centre_px : (float, float)
    radius_px : float
        Distance at which a point moves by ``bulge`` of itself.
    bulge : float
    """

    centre_px: tuple[float, float]
    radius_px: float
    bulge: float

    def bend(self, points_px: Array) -> Array:
        """Where the lens puts points, shape (..., 2)."""
        away = points_px - np.array(self.centre_px)
        grown = 1 + self.bulge * (away**2).sum(axis=-1, keepdims=True) / self.radius_px**2
        return np.asarray(away * grown + self.centre_px)

    def straighten(self, points_px: Array) -> Array:
        """The way back, by iteration."""
        goal = points_px - np.array(self.centre_px)
        away = goal
        for _ in range(12):
            away = goal / (1 + self.bulge * (away**2).sum(axis=-1, keepdims=True) / self.radius_px**2)
        return np.asarray(away + self.centre_px)


@dataclass(frozen=True, eq=False)
class View:
    """A camera's view of a bent sheet.

    Attributes
    ----------
    camera : ndarray, shape (3, 4)
        Projection from paper (x, y, height, 1) to photo pixels (x, y, 1), up to scale.
    bends : tuple of Bend
    lens : Lens, optional
        A perfect one when left out.
    relief : Relief, optional
        Of crumpled paper.
    """

    camera: Array
    bends: tuple[Bend, ...] = ()
    lens: Lens | None = None
    relief: Relief | None = None

    def to_px(self, points_mm: ArrayLike) -> Array:
        """Photo pixels of paper points (x, y), shape (..., 2)."""
        points = np.asarray(points_mm, np.float64)
        lifted = np.concatenate([points, self._height_mm(points)[..., None], np.ones_like(points[..., :1])], axis=-1)
        seen = lifted @ self.camera.T
        flat = np.asarray(seen[..., :2] / seen[..., 2:])
        return flat if self.lens is None else self.lens.bend(flat)

    def to_mm(self, points_px: ArrayLike, turns: int = 6) -> Array:
        """Paper points under photo pixels (x, y), shape (..., 2).

        The flat sheet's homography is inverted exactly; the bends, which move a point by little, by iteration.
        """
        back = np.asarray(np.linalg.inv(self.camera[:, [0, 1, 3]]), np.float64)
        seen = np.asarray(points_px, np.float64)
        flat = replace(self, lens=None)
        goal = _divide(seen if self.lens is None else self.lens.straighten(seen), back)
        points = goal
        for _ in range(turns if self.bends or self.relief else 0):
            points = points + goal - _divide(flat.to_px(points), back)
        return points

    def slopes(self, points_mm: ArrayLike) -> Array:
        """How the sheet rises along x and y at paper points, shape (..., 2)."""
        points = np.asarray(points_mm, np.float64)
        total = np.zeros_like(points)
        for bend in self.bends:
            away, angle = bend.away_mm(points), np.deg2rad(bend.angle_deg)
            steep = bend.slope * away / np.hypot(away, bend.radius_mm)
            total += steep[..., None] * np.array([np.cos(angle), np.sin(angle)])
        return total if self.relief is None else total + self.relief.slopes(points)

    def _height_mm(self, points_mm: Array) -> Array:
        height = np.zeros(points_mm.shape[:-1]) if self.relief is None else self.relief.lift(points_mm)
        for bend in self.bends:
            height += bend.slope * (np.hypot(bend.away_mm(points_mm), bend.radius_mm) - bend.radius_mm)
        return height


def _divide(points: Array, matrix: Array) -> Array:
    """Apply a homography, shape (3, 3), to points of shape (..., 2)."""
    seen = np.concatenate([points, np.ones_like(points[..., :1])], axis=-1) @ matrix.T
    return np.asarray(seen[..., :2] / seen[..., 2:])


def aim_camera(
    paper_mm: tuple[float, float],
    size_px: tuple[int, int],
    bends: tuple[Bend, ...] = (),
    relief: Relief | None = None,
    *,
    around_mm: Box | None = None,
    roll_deg: float = 0.0,
    pitch_deg: float = 0.0,
    yaw_deg: float = 0.0,
    distance: float = 1.6,
    fill: float = 0.92,
    shift: tuple[float, float] = (0.0, 0.0),
) -> View:
    """Point a camera at a sheet so that all of it, or the part that is wanted, is in the frame.

    Parameters
    ----------
    paper_mm : (float, float)
        Width and height of the sheet.
    size_px : (int, int)
        Width and height of the photo.
    bends : tuple of Bend
        How the sheet is bent.
    relief : Relief, optional
        How it is crumpled.
    around_mm : Box, optional
        The part of the sheet that shall fill the frame.
    roll_deg, pitch_deg, yaw_deg : float
        Turn of the sheet in the picture, and its tilt about the picture's x and y axes.
    distance : float
        Of the camera, in page widths: the nearer, the stronger the perspective.
    fill : float
        Share of the frame that the sheet, or the part, spans in its tighter direction.
    shift : (float, float)
        Moves the sheet in the frame, -1 to 1 of the room that is left.

    Returns
    -------
    View
    """
    roll, pitch, yaw = np.deg2rad([roll_deg, pitch_deg, yaw_deg])
    turn_z = np.array([[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
    turn_x = np.array([[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]])
    turn_y = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    width, height = paper_mm
    centred = np.array([[1, 0, 0, -width / 2], [0, 1, 0, -height / 2], [0, 0, -1, 0]])  # height is towards the camera
    pose = turn_y @ turn_x @ turn_z @ centred
    pose[2, 3] += distance * width
    along = np.linspace(0, 1, 33)
    edges = [np.stack([along, 0 * along + k], axis=1) for k in (0, 1)]
    left, top, right, bottom = around_mm or (0.0, 0.0, width, height)
    outline = np.concatenate([*edges, *(edge[:, ::-1] for edge in edges)])
    seen = View(pose, bends, None, relief).to_px(outline * (right - left, bottom - top) + (left, top))
    low, high = seen.min(axis=0), seen.max(axis=0)
    size = np.array(size_px, np.float64)
    zoom = float((fill * size / (high - low)).min())
    room = size - zoom * (high - low)
    start = room / 2 * (1 + np.array(shift)) - 0.5
    lens = np.array([[zoom, 0, start[0] - zoom * low[0]], [0, zoom, start[1] - zoom * low[1]], [0, 0, 1]])
    return View(np.asarray(lens @ pose), bends, None, relief)
