"""Whether what was read can be trusted: checks on the picture, its ink, its panels, and on the signal at the end."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from digitize.beating import measure_beating
from digitize.errors import NoEcgFound, PageCutOff, TooBlurred, UnknownLayout, UsageError
from digitize.record import LEADS, Ecg, Hints, Note
from digitize.stages import Curve, Ink, Lattice, Layout, Panel, Photo, Sheet

MIN_PX_PER_MM = 2.2
"""A pen line of 0.3 mm is then over half a pixel; below this strokes beside each other run together."""
MAX_EDGE_MM = 0.35
"""Photos, scans and screenshots at hand measure 0.11 to 0.24. A drawn page that reads at 21 dB when sharp measures
0.13; softened by a Gaussian of 0.2 mm it measures 0.29 and reads at 14 dB, by 0.3 mm 0.39 and 7 dB."""
MIN_EDGES = 400
"""Places where a stroke's edges can be measured: sheets at hand have 5000 and more, empty ones under 100."""
MOST_PERCENT = 99.0
REACH_MM = 0.6
STROKE_MM = 1.2
EVERY_PX = 5
MAX_CUT = 0.3
"""Part of the twelve leads outside the picture at which the page counts as cut off: a row of three, not a column of
four."""
CUT_NOTE = 0.06
"""Less of a panel outside the picture is within what columns differ from their nominal width."""
FEW_LEADS = 3
"""Sheets of so few leads are strips, often cut to their trace."""
EDGE_MM = 5.0
"""Panels nearer than this to the picture's edge may go on beyond it."""
SQUARE = 1.3
"""Boxes this much longer one way than the other are no 5 mm each way: a page seen at 40 degrees comes to as much."""
MIN_READ_LEADS = 6
MIN_BEATING = 0.8
"""Drawn strips of sinus rhythm reach 0.95 and more."""
EINTHOVEN_MV = 0.15
SHARED_MM = 0.4
"""Curves of two rows nearer than a pen's width lie on the same ink."""
SHARED_LENGTH_MM = 0.3
"""Strokes may cross in a point; a stroke that both rows follow is longer."""


def check_picture(photo: Photo) -> None:
    """Refuse pictures that hold nothing at all.

    Raises
    ------
    NoEcgFound
        When the picture is of one colour.
    """
    if float(np.std(photo.rgb[::8, ::8].astype(np.float32))) < 1.5:
        raise NoEcgFound("The picture is blank.")


def check_scale(photo_px_per_mm: float) -> None:
    """Refuse a picture with too few pixels for each millimetre of paper.

    Asked before its sheet is made: at the sheet's own resolution a picture of so much paper has gigapixels.
    """
    if photo_px_per_mm < MIN_PX_PER_MM:
        raise TooBlurred(
            f"The picture shows only {photo_px_per_mm:.1f} pixels a millimetre of paper.",
            "Use the original picture or photograph the page closer.",
        )


def check_ink(sheet: Sheet, ink: Ink) -> None:
    """Refuse a sheet without ink, or on which the ink is too soft to follow.

    Raises
    ------
    TooBlurred
        When its strokes have no edges.
    NoEcgFound
        When there is a grid and nothing on it.
    """
    edges_mm = measure_edges(ink.trace, sheet.px_per_mm)
    enough = len(edges_mm) >= MIN_EDGES
    edge_mm = float(np.median(edges_mm)) if enough else measure_grid_edge(sheet)
    if edge_mm > MAX_EDGE_MM:
        raise TooBlurred(f"The strokes are blurred over {edge_mm:.1f} mm of paper.")
    if not enough:
        raise NoEcgFound("There is a grid in the picture, but no traces on it.")


def measure_edges(ink: NDArray[np.float32], px_per_mm: tuple[float, float]) -> NDArray[np.float64]:
    """How wide the edges of thin strokes are: their darkness over its steepest change, at many places of the sheet.

    A thick pen is not blurred, nor is a photo of many soft pixels sharp: the edge is measured, in millimetres.

    Parameters
    ----------
    ink : ndarray of float32, shape (H, W)
        0 on paper, 1 on full ink.
    px_per_mm : (float, float)

    Returns
    -------
    ndarray, shape (n,)
        Millimetres; about 1.6 standard deviations of a Gaussian blur.
    """
    widths = []
    for plane, scale in ((ink[:, ::EVERY_PX], px_per_mm[1]), (ink[::EVERY_PX].T, px_per_mm[0])):
        plane = np.ascontiguousarray(plane)
        around, beyond = np.ones((2 * int(REACH_MM * scale) + 1, 1), np.uint8), int(STROKE_MM * scale)
        steepest = cv2.dilate(np.abs(np.diff(plane, axis=0, prepend=np.float32(0))), around)
        paper = np.maximum(np.roll(plane, beyond, axis=0), np.roll(plane, -beyond, axis=0)) < 0.1
        at = (plane >= 0.5) & (plane == cv2.dilate(plane, around)) & paper & (steepest > 0)
        widths.append((plane[at] / steepest[at] / scale).astype(np.float64))
    return np.concatenate(widths)


def measure_grid_edge(sheet: Sheet) -> float:
    """How wide the edges of whatever is on the sheet are, in mm: the range of its darkness over its steepest change."""
    darkness = 1 - sheet.rgb[::2].min(axis=2).astype(np.float32) / 255
    steepest = np.percentile(np.abs(np.diff(darkness, axis=1)), MOST_PERCENT)
    least, most = np.percentile(darkness, (100 - MOST_PERCENT, MOST_PERCENT))
    return float((most - least) / max(float(steepest), 1e-3) / sheet.px_per_mm[0])


def rename_leads(layout: Layout, hints: Hints) -> Layout:
    """Give the panels the names a person gave, in reading order."""
    if hints.lead_names is None:
        return layout
    if len(hints.lead_names) != len(layout.panels):
        raise UsageError(
            f"{len(hints.lead_names)} lead names were given for {len(layout.panels)} panels.",
            "Name every panel in reading order, rhythm strips last.",
        )
    panels = tuple(replace(p, lead=name, sure=True) for p, name in zip(layout.panels, hints.lead_names, strict=True))
    return replace(layout, panels=panels, source="hint")


def check_panels(layout: Layout, sheet: Sheet) -> tuple[Note, ...]:
    """Refuse a page of which too much lies outside the picture, and name the leads of which a part does.

    Raises
    ------
    PageCutOff
        It says at which side.
    UnknownLayout
        When no panel but a strip is left inside the picture.
    """
    panels = [p for p in layout.panels if not p.strip]
    if not panels:
        raise UnknownLayout("Labels were read, but no trace of the sheet that they name lies within the picture.")
    widest_mm = max(p.x_mm[1] - p.x_mm[0] for p in panels)
    shown = {p.lead: min(1.0, _shown_mm(p.x_mm, p.baseline_mm, sheet) / widest_mm) for p in panels}
    leads = {*shown, *layout.missing}
    missing = 1 - sum(shown.values()) / len(leads)
    side, margin_mm = _find_nearest_edge(panels, sheet)
    if missing > MAX_CUT:
        raise PageCutOff(f"The page is cut at the {side}: {missing:.0%} of its leads lie outside the picture.")
    if FEW_LEADS < len(leads) < len(LEADS) and margin_mm < EDGE_MM:
        raise PageCutOff(f"The page is cut at the {side}: only {len(leads)} leads can be seen.")
    notes = []
    if layout.missing:
        message = f"{', '.join(layout.missing)}: on sheets of this kind, but not found on this one."
        notes.append(Note("lead_not_found", "warning", message, "Compare the overlay with the page."))
    cut = [lead for lead, share in shown.items() if share < 1 - CUT_NOTE]
    if not cut:
        return tuple(notes)
    message = f"The picture ends before the trace does in {', '.join(cut)}; what it does not show is left blank."
    return (*notes, Note("lead_cut_off", "warning", message, PageCutOff.default_hint))


def check_lattice(lattice: Lattice) -> tuple[Note, ...]:
    """Doubt millimetres that rest on no grid, or on one whose boxes are far from square."""
    if lattice.source == "pulse":
        message = "No grid can be seen: lengths rest on the calibration pulse, and may be off by some percent."
        return (Note("grid_absent", "error", message, "Compare the overlay with the page; measure intervals by hand."),)
    across, down = (float(np.median(np.linalg.norm(np.diff(lattice.nodes_px, axis=axis), axis=-1))) for axis in (1, 0))
    if max(across / down, down / across) < SQUARE:
        return ()
    message = f"A box of the grid is {across:.0f} pixels wide and {down:.0f} high: times or amplitudes may be wrong."
    return (
        Note("grid_not_square", "error", message, "Check the picture's proportions, and the pulse on the overlay."),
    )


def _find_nearest_edge(panels: list[Panel], sheet: Sheet) -> tuple[str, float]:
    """The edge of the picture to which the panels come nearest, and how near, in mm; rows have half their distance."""
    rows = np.array(sorted({p.baseline_mm for p in panels}))
    half_mm = float(np.median(np.diff(rows))) / 2 if len(rows) > 1 else 0.0
    columns, lines = (np.flatnonzero(sheet.valid.any(axis=axis)) for axis in (0, 1))
    if not len(columns):
        return "right", 0.0
    sx, sy = sheet.px_per_mm
    margins = {
        "right": columns[-1] / sx - max(p.x_mm[1] for p in panels),
        "left": min(p.x_mm[0] for p in panels) - columns[0] / sx,
        "bottom": lines[-1] / sy - rows[-1] - half_mm,
        "top": rows[0] - lines[0] / sy - half_mm,
    }
    side = min(margins, key=lambda name: margins[name])
    return side, float(margins[side])


def _shown_mm(x_mm: tuple[float, float], y_mm: float, sheet: Sheet) -> float:
    """How much of a stretch of paper the photo shows."""
    sx, sy = sheet.px_per_mm
    row = round(y_mm * sy)
    if not 0 <= row < len(sheet.valid):
        return 0.0
    first, last = (max(0, round(x * sx)) for x in x_mm)
    return float(sheet.valid[row, first : max(first, last)].sum()) / sx


def check_signal(ecg: Ecg, quality: dict[str, float]) -> tuple[Note, ...]:
    """Refuse a signal that is not worth delivering, and note what is doubtful in it.

    Raises
    ------
    NoEcgFound
        When too few leads could be followed, or a few strips do not beat: nothing else tells them from other curves.
    """
    read = [lead for lead, good in quality.items() if good > 0]
    if not read or len(read) < min(MIN_READ_LEADS, (len(quality) + 1) // 2):
        raise NoEcgFound(f"Traces could be followed in only {len(read)} leads.")
    if len(quality) < MIN_READ_LEADS:
        alike = max(measure_beating(ecg.lead(lead), ecg.fs_hz) for lead in read)
        if alike < MIN_BEATING:
            raise NoEcgFound("There are curves in the picture, but no heart beats in them.")
    return _check_einthoven(ecg)


def _check_einthoven(ecg: Ecg) -> tuple[Note, ...]:
    """I + III = II wherever all three are printed together, up to each lead's own zero line."""
    law = ecg.lead("I") + ecg.lead("III") - ecg.lead("II")
    law = law[np.isfinite(law)]
    if len(law) < 100:
        return ()
    error_mv = float(np.median(np.abs(law - np.median(law))))
    if error_mv <= EINTHOVEN_MV:
        return ()
    message = f"I + III differs from II by {error_mv:.2f} mV (median): a lead is misread or wrongly named."
    return (Note("einthoven", "warning", message, "Compare the limb leads on the overlay with the page."),)


def check_crossings(curves: tuple[Curve, ...]) -> tuple[Note, ...]:
    """Name the leads of neighbouring rows that follow the same ink: one of them has taken the other's peak.

    Parameters
    ----------
    curves : tuple of Curve

    Returns
    -------
    tuple of Note
        One for all such leads, or none.
    """
    shared: list[str] = []
    for k, upper in enumerate(curves):
        for lower in curves[k + 1 :]:
            if lower.panel.row == upper.panel.row + 1 and _share_ink(upper, lower):
                shared += [lead for lead in (upper.panel.lead, lower.panel.lead) if lead not in shared]
    if not shared:
        return ()
    message = f"Rows meet in {', '.join(shared)}: a peak there may belong to the lead above or below."
    return (Note("rows_meet", "warning", message, "Compare these leads' tallest peaks on the overlay with the page."),)


def _share_ink(upper: Curve, lower: Curve) -> bool:
    first, last = max(upper.x_mm[0], lower.x_mm[0]), min(upper.x_mm[-1], lower.x_mm[-1])
    if last <= first:
        return False
    x = np.arange(first, last, 0.1)
    known = np.isfinite(upper.y_mm).sum() > 1 and np.isfinite(lower.y_mm).sum() > 1
    gap = np.abs(np.interp(x, upper.x_mm, upper.y_mm) - np.interp(x, lower.x_mm, lower.y_mm))
    return bool(known and (gap < SHARED_MM).sum() * 0.1 >= SHARED_LENGTH_MM)
