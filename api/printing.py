"""A signal becomes a page with its truth beside it, for ``paperbeat render``."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from api.folder import CannotWrite
from digitize.errors import UsageError

if TYPE_CHECKING:
    from digitize.synth.degrade import PhotoPage
    from digitize.synth.render import Page

PICTURE_ENDINGS = (".png", ".jpg", ".jpeg")


def print_page(
    record: Path,
    out: Path,
    *,
    layout: str,
    mm_per_s: float,
    mm_per_mv: float,
    dpi: float,
    strength: float,
    seed: int,
) -> None:
    """Print a record, photograph the print if asked, and write picture and truth.

    Parameters
    ----------
    record : Path
        A digital ECG of twelve leads, at least as long as the page.
    out : Path
        The picture; the printed samples go beside it as ``.csv``, layout, calibration and places as ``.json``.
    layout : str
    mm_per_s, mm_per_mv, dpi : float
    strength : float
        0 is the print itself; above, a photo of it, the harder to read the nearer to 1.
    seed : int
        Of the photo.

    Raises
    ------
    UsageError
        When the record does not fill the page, the page does not fit the paper, or the ending is not a picture's.
    """
    from PIL import Image

    from digitize.formats import read_ecg, write_ecg
    from digitize.synth.degrade import photograph
    from digitize.synth.render import render

    if out.suffix.lower() not in PICTURE_ENDINGS:
        raise UsageError("A page is written as a picture.", f"Let PAGE end in one of {' '.join(PICTURE_ENDINGS)}.")
    try:
        page = render(read_ecg(record), layout=layout, mm_per_s=mm_per_s, mm_per_mv=mm_per_mv, dpi=dpi)
    except ValueError as exc:  # the renderer says which length does not fit which
        raise UsageError(f"The record cannot be printed so: {exc}.", "Try another layout or speed.") from exc
    picture = photograph(page, strength=strength, seed=seed) if strength > 0 else page
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture.rgb).save(out, quality=90)
        write_ecg(page.ecg, out.with_suffix(".csv"))
        out.with_suffix(".json").write_text(
            json.dumps(describe_page(page, picture), allow_nan=False) + "\n", encoding="utf-8"
        )
    except OSError as exc:
        raise CannotWrite(f"The page cannot be written: {exc.strerror}.") from exc


def describe_page(page: Page, picture: Page | PhotoPage) -> dict[str, Any]:
    """Layout, calibration and, in pixels of the picture, where each panel's trace runs.

    Returns
    -------
    dict
        ``layout``, ``calibration``, ``size_px`` (width, height) and ``panels``: lead, row, column, start_s, strip and
        ``trace_px``, the trace's outline as at most 50 points (x, y).
    """
    panels = []
    for trace in page.traces:
        points_mm = trace.points_mm[np.isfinite(trace.points_mm).all(axis=1)]
        points_mm = points_mm[:: max(len(points_mm) // 50, 1)][:50]
        places = asdict(trace.panel) | {"trace_px": picture.to_px(points_mm).round(1).tolist()}
        panels.append({key: places[key] for key in ("lead", "row", "column", "start_s", "strip", "trace_px")})
    height, width = picture.rgb.shape[:2]
    return {
        "layout": page.layout.name,
        "calibration": {"mm_per_s": page.calibration.mm_per_s, "mm_per_mv": page.calibration.mm_per_mv},
        "size_px": [width, height],
        "panels": panels,
    }
