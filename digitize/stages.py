"""What flows between the stages of the pipeline: frozen, picklable, in the order in which they are made.

Paper coordinates are millimetres, x to the right along time, y downwards, the origin anywhere near the top left of
the grid. Picture coordinates are pixels (x, y) with the centre of the first pixel at (0, 0).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import map_coordinates

from digitize.record import Ecg, Note, Patient

Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""

UNNAMED = "?"
"""The lead of a strip that nothing names."""

Status = Literal["ok", "partial", "failed"]


@dataclass(frozen=True, eq=False)
class Photo:
    """One picture of one page, upright as its EXIF data says.

    Attributes
    ----------
    rgb : ndarray of uint8, shape (H, W, 3)
    sha256 : str
        Of the file's bytes.
    page : int
        Page number in the file, from 1.
    """

    rgb: NDArray[np.uint8]
    sha256: str
    page: int = 1


@dataclass(frozen=True, eq=False)
class Lattice:
    """Where every millimetre of the paper lies in the photo.

    Attributes
    ----------
    nodes_px : ndarray, shape (rows, cols, 2)
        Photo position (x, y) of the paper point ``(col * pitch_mm, row * pitch_mm)``; smooth, without gaps.
    seen : ndarray of bool, shape (rows, cols)
        Nodes that rest on grid ink seen in the photo; the others are carried on from their neighbours. On a page
        without a grid, those within the picture.
    pitch_mm : float
        Millimetres between neighbouring nodes.
    residual_px : float
        Root mean square distance of seen nodes from the smooth surface.
    confidence : float
        0 to 1.
    source : str
        What the millimetres rest on: ``"grid 5 mm"``, ``"grid 1 mm"`` or ``"pulse"``.
    """

    nodes_px: NDArray[np.float64]
    seen: NDArray[np.bool_]
    pitch_mm: float
    residual_px: float
    confidence: float
    source: str

    @property
    def size_mm(self) -> tuple[float, float]:
        """Width and height covered, in millimetres."""
        rows, cols = self.nodes_px.shape[:2]
        return (cols - 1) * self.pitch_mm, (rows - 1) * self.pitch_mm

    def to_px(self, x_mm: ArrayLike, y_mm: ArrayLike) -> NDArray[np.float64]:
        """Photo position of paper points.

        Parameters
        ----------
        x_mm, y_mm : array_like, broadcastable to shape (...)

        Returns
        -------
        ndarray, shape (..., 2)
            Pixels (x, y).
        """
        x, y = np.broadcast_arrays(np.asarray(x_mm, np.float64), np.asarray(y_mm, np.float64))
        at = np.stack([y / self.pitch_mm, x / self.pitch_mm])
        flat = at.reshape(2, -1)
        planes = [map_coordinates(self.nodes_px[..., k], flat, order=3, mode="nearest") for k in (0, 1)]
        return np.stack(planes, axis=-1).reshape(*x.shape, 2)


@dataclass(frozen=True, eq=False)
class Sheet:
    """The page, flat, upright and evenly lit.

    Attributes
    ----------
    rgb : ndarray of uint8, shape (H, W, 3)
        Paper is white (about 255), whatever the light was.
    px_per_mm : (float, float)
        Along x and y. Pixel (0, 0) is the paper point (0, 0).
    valid : ndarray of bool, shape (H, W)
        False where the photo does not show the paper.
    photo_px_per_mm : float
        What the photo itself resolves, for judging blur.
    """

    rgb: NDArray[np.uint8]
    px_per_mm: tuple[float, float]
    valid: NDArray[np.bool_]
    photo_px_per_mm: float


@dataclass(frozen=True, eq=False)
class Ink:
    """What lies on each pixel of the sheet: float32 in 0..1, each of shape (H, W).

    ``trace`` is how much ink there is that is no grid, letters included; ``sure`` is how well it could be told from
    what else is there: 0 on a grid line as dark as the trace, 1 on bare paper.
    """

    trace: NDArray[np.float32]
    sure: NDArray[np.float32]


@dataclass(frozen=True)
class Word:
    """A printed word or lead label.

    Attributes
    ----------
    text : str
    box_mm : Box
        On the paper.
    confidence : float
        0 to 1.
    """

    text: str
    box_mm: Box
    confidence: float


@dataclass(frozen=True)
class Panel:
    """A stretch of paper that shows one lead.

    Attributes
    ----------
    lead : str
    row : int
        From the top, strips included.
    column : int
        From the left; 0 for a strip.
    x_mm : (float, float)
        Where the trace of this lead begins and ends.
    baseline_mm : float
        Paper height of the row's zero line, roughly.
    start_s : float
        Page time at the panel's beginning.
    strip : bool
        True for a rhythm strip that runs the whole page.
    sure : bool
        False for a strip on which no label was read surely: its name is the usual one, or `UNNAMED`.
    """

    lead: str
    row: int
    column: int
    x_mm: tuple[float, float]
    baseline_mm: float
    start_s: float
    strip: bool = False
    sure: bool = True


@dataclass(frozen=True)
class Layout:
    """Which lead is printed where.

    Attributes
    ----------
    name : str
        Such as ``"3x4+1"``.
    panels : tuple of Panel
        In reading order, strips last.
    source : str
        ``labels`` or ``hint``.
    confidence : float
        0 to 1: how likely it is that every panel is named and placed rightly.
    missing : tuple of str
        Leads that a sheet of this kind shows and this picture does not.
    left_out : tuple of Box
        Where traces lie that belong to no panel.
    """

    name: str
    panels: tuple[Panel, ...]
    source: str
    confidence: float
    missing: tuple[str, ...] = ()
    left_out: tuple[Box, ...] = ()


@dataclass(frozen=True)
class Calibration:
    """Paper speed and gain, each with what it rests on: ``pulse``, ``printed``, ``hint`` or ``assumed``.

    Attributes
    ----------
    mm_per_s, mm_per_mv : float
        The gain is that of the limb leads, and of all leads where ``chest_mm_per_mv`` is None.
    speed_source, gain_source : str
    chest_mm_per_mv : float, optional
        Gain of the chest leads where it is another than that of the limb leads.
    chest_source : str, optional
    """

    mm_per_s: float
    mm_per_mv: float
    speed_source: str
    gain_source: str
    chest_mm_per_mv: float | None = None
    chest_source: str | None = None

    def gain_of(self, lead: str) -> float:
        """Millimetres a millivolt of a lead; right and back chest leads count as chest leads."""
        if self.chest_mm_per_mv is not None and lead.startswith("V"):
            return self.chest_mm_per_mv
        return self.mm_per_mv


@dataclass(frozen=True, eq=False)
class Curve:
    """The trace of one panel, sub-pixel, on the paper.

    Attributes
    ----------
    panel : Panel
    x_mm, y_mm : ndarray, shape (n,)
        Ascending in x, evenly spaced; y is NaN where the trace could not be followed.
    confidence : ndarray, shape (n,)
        0 to 1.
    """

    panel: Panel
    x_mm: NDArray[np.float64]
    y_mm: NDArray[np.float64]
    confidence: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Digitization:
    """A page, read: the signal, everything it rests on, and what could not be read.

    Attributes
    ----------
    ecg : Ecg
        Twelve leads at 500 Hz over the page's printed time; NaN where a lead is not printed or not readable.
    photo, lattice, sheet, layout, calibration, curves, words
        What the stages made.
    patient : Patient
        Age and sex as hinted or printed.
    quality : dict of str to float
        0 to 1 for every lead that is printed.
    notes : tuple of Note
    timings_s : dict of str to float
        Seconds by stage.
    status : {"ok", "partial"}
        ``partial`` when a printed lead, or a part of one, could not be read.
    """

    ecg: Ecg
    photo: Photo
    lattice: Lattice
    sheet: Sheet
    layout: Layout
    calibration: Calibration
    curves: tuple[Curve, ...]
    words: tuple[Word, ...]
    patient: Patient
    quality: dict[str, float]
    notes: tuple[Note, ...] = ()
    timings_s: dict[str, float] = field(default_factory=dict)
    status: Status = "ok"

    @property
    def overall_quality(self) -> float:
        """Mean quality over the printed leads, 0 to 1."""
        return float(np.mean(list(self.quality.values()))) if self.quality else 0.0
