"""Whether what was read can be trusted: checks on the picture before, and on the signal after."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from digitize.errors import NoEcgFound, PageCutOff, TooBlurred, UsageError
from digitize.record import Ecg, Hints, Note
from digitize.stages import Lattice, Layout, Photo, Sheet

MIN_READ_LEADS = 6
MIN_PX_PER_MM = 2.2
"""A pen line of 0.3 mm is then over half a pixel; below this strokes beside each other run together."""
EINTHOVEN_MV = 0.15


def check_picture(photo: Photo) -> None:
    """Refuse pictures that hold nothing at all.

    Raises
    ------
    NoEcgFound
        When the picture is of one colour.
    """
    if float(np.std(photo.rgb[::8, ::8].astype(np.float32))) < 1.5:
        raise NoEcgFound("The picture is blank.")


def rename_leads(layout: Layout, hints: Hints) -> Layout:
    """Give the panels the names a person gave, in reading order."""
    if hints.lead_names is None:
        return layout
    if len(hints.lead_names) != len(layout.panels):
        raise UsageError(
            f"{len(hints.lead_names)} lead names were given for {len(layout.panels)} panels.",
            "Name every panel in reading order, rhythm strips last.",
        )
    panels = tuple(replace(p, lead=name) for p, name in zip(layout.panels, hints.lead_names, strict=True))
    return replace(layout, panels=panels, source="hint")


def check_page(
    ecg: Ecg, quality: dict[str, float], layout: Layout, sheet: Sheet, lattice: Lattice
) -> tuple[Note, ...]:
    """Refuse what is not worth delivering, and note what is doubtful.

    Raises
    ------
    TooBlurred
        When the picture has too few pixels for each millimetre of paper.
    PageCutOff
        When most of the rows lie outside the picture.
    NoEcgFound
        When no traces could be followed on the grid.
    """
    if sheet.photo_px_per_mm < MIN_PX_PER_MM:
        raise TooBlurred(
            f"The picture shows only {sheet.photo_px_per_mm:.1f} pixels a millimetre of paper.",
            "Use the original picture or photograph the page closer.",
        )
    read = [lead for lead, good in quality.items() if good > 0]
    if len(read) < MIN_READ_LEADS:
        outside = _share_outside(layout, sheet)
        if outside > 0.25:
            raise PageCutOff(f"{outside:.0%} of the traces' place lies outside the picture.")
        raise NoEcgFound("The traces could not be followed in enough leads.")
    return (*_check_einthoven(ecg),)


def _share_outside(layout: Layout, sheet: Sheet) -> float:
    """Part of the panels that the photo does not show."""
    sx, sy = sheet.px_per_mm
    shares = []
    for panel in layout.panels:
        y = int(np.clip(panel.baseline_mm * sy, 0, sheet.valid.shape[0] - 1))
        row = sheet.valid[y, int(panel.x_mm[0] * sx) : int(panel.x_mm[1] * sx)]
        shares.append(1 - float(row.mean()) if len(row) else 1.0)
    return float(np.mean(shares))


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
