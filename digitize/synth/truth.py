"""Everything that is known of a page or of its photo, as plain values for JSON, in pixels of the picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from digitize.stages import Box
from digitize.synth.render import Page

if TYPE_CHECKING:
    from digitize.synth.degrade import PhotoPage

NODE_MM = 5.0


def page_truth(page: Page, picture: Page | PhotoPage) -> dict[str, Any]:
    """Describe a page as a picture shows it.

    Parameters
    ----------
    page : Page
    picture : Page or PhotoPage
        The page itself, or a photo of it.

    Returns
    -------
    dict
        ``layout``, ``calibration``, ``size_px``; ``panels`` with the box and, sample by sample, the pen's place
        (null where nothing was drawn); ``labels``, ``words``, ``pulses`` and ``separators`` as four corners;
        ``lattice``: where every 5 mm of the paper lies, row by row from ``origin_mm``. All places are pixels (x, y).
    """

    def outline(box: Box) -> list[list[float]]:
        left, top, right, bottom = box
        return _places(picture, np.array([(left, top), (right, top), (right, bottom), (left, bottom)]))

    plan = page.plan
    panels = [
        {
            "lead": trace.panel.lead,
            "row": trace.panel.row,
            "column": trace.panel.column,
            "strip": trace.panel.strip,
            "start_s": trace.panel.start_s,
            "first_sample": trace.first,
            "baseline_px": _places(picture, np.array([(x, trace.panel.baseline_mm) for x in trace.panel.x_mm])),
            "trace_px": _places(picture, trace.points_mm),
        }
        for trace in page.traces
    ]
    height, width = picture.rgb.shape[:2]
    return {
        "layout": page.layout.name,
        "simultaneous_columns": bool(plan and plan.simultaneous),
        "calibration": {
            "mm_per_s": page.calibration.mm_per_s,
            "mm_per_mv": page.calibration.mm_per_mv,
            "chest_mm_per_mv": plan.chest_mm_per_mv if plan else page.calibration.mm_per_mv,
        },
        "size_px": [width, height],
        "panels": panels,
        "labels": [{"text": word.text, "box_px": outline(word.box_mm)} for word in page.labels],
        "words": [{"text": word.text, "box_px": outline(word.box_mm)} for word in page.words],
        "pulses_px": [outline(box) for box in page.pulses_mm],
        "separators_px": [outline(box) for box in plan.bars_mm] if plan else [],
        "lattice": _describe_lattice(page, picture),
    }


def _describe_lattice(page: Page, picture: Page | PhotoPage) -> dict[str, Any]:
    left, top, right, bottom = page.grid_mm
    x, y = np.arange(left, right + 0.01, NODE_MM), np.arange(top, bottom + 0.01, NODE_MM)
    nodes = np.stack(np.meshgrid(x, y), axis=-1)
    return {
        "pitch_mm": NODE_MM,
        "origin_mm": [left, top],
        "nodes_px": [_places(picture, row) for row in nodes],
    }


def _places(picture: Page | PhotoPage, points_mm: np.ndarray[Any, Any]) -> list[Any]:
    """Places in the picture to a hundredth of a pixel, null where there is none."""
    places = picture.to_px(points_mm)
    return [[round(x, 2), round(y, 2)] if np.isfinite(x + y) else None for x, y in places.tolist()]
