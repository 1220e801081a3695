"""Draw the pages that :mod:`digitize.synth.suite` plans."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from digitize.record import Ecg
from digitize.synth.suite import PlannedPage, load_table


@dataclass(frozen=True, eq=False)
class DrawnPage:
    """A picture file, and what is printed on it."""

    data: bytes
    truth: Ecg


def draw_planned(page: PlannedPage) -> DrawnPage:
    """Draw a page of the suite, and photograph it where its level says so."""
    ecg = _heart(page)
    level, index = page.level, page.index
    if level.figure is not None:
        from digitize.synth.figure import draw_figure
        from digitize.synth.looks import LOOKS

        drawn = draw_figure(ecg, **({"look": LOOKS[index % len(LOOKS)]} | dict(level.figure)), seed=page.seed)
        if level.photo is None:
            return DrawnPage(drawn.data, drawn.page.ecg)
        sheet = drawn.page
    else:
        from digitize.synth.render import render

        sheet = render(ecg, **_render_arguments(level.print, page.seed))
    rgb = sheet.rgb
    if level.photo is not None:
        from digitize.synth.effects import photograph

        rgb = photograph(sheet, strength=level.photo, seed=page.seed).rgb
    elif level.effects:
        from digitize.synth.effects import degrade

        rgb = degrade(sheet, level.effects, seed=page.seed).rgb
    from PIL import Image

    out = io.BytesIO()
    Image.fromarray(rgb).save(out, "PNG", compress_level=1)
    return DrawnPage(out.getvalue(), sheet.ecg)


def _heart(page: PlannedPage) -> Ecg:
    if page.record is not None:
        from digitize.formats import read_ecg

        return read_ecg(page.record)
    from digitize.synth.heart import load_hearts, simulate

    rng = np.random.default_rng(page.seed)
    kinds = list(load_hearts())
    return simulate(
        kinds[page.index % len(kinds)],  # type: ignore[arg-type]
        heart_rate_bpm=float(rng.uniform(55, 105)),
        seed=page.seed,
        wander_mv=float(rng.uniform(0, 0.05)),
        noise_mv=float(rng.uniform(0, 0.012)),
    ).ecg


def _render_arguments(told: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """Arguments of render() from those of the suite."""
    from digitize.sheets import KnownSheet
    from digitize.synth.ink import Screen
    from digitize.synth.stock import COLOURS, INK, Pen, Stock, Type, scribble

    parts: dict[str, dict[str, Any]] = {"pen": {}, "type": {}, "stock": {}}
    plain: dict[str, Any] = {}
    for key, value in told.items():
        part, _, name = key.rpartition(".")
        (parts[part] if part else plain)[name] = tuple(value) if isinstance(value, list) else value
    strokes, layout = plain.pop("handwriting", 0), plain["layout"]
    sheet = load_table()["sheets"].get(layout)
    if sheet is not None:
        rows = tuple(tuple(row) for row in sheet["rows"])
        plain["layout"] = KnownSheet(layout, rows, tuple(sheet["strips"]), sheet["column_s"])
    if "screen" in parts["stock"]:
        parts["stock"]["screen"] = Screen(**parts["stock"]["screen"])
    rng = np.random.default_rng(seed)
    places_mm = rng.uniform((20, 30), (230, 180), (strokes, 2)).tolist()
    return plain | {
        "pen": Pen(seed=seed, **parts["pen"]),
        "type": Type(**parts["type"]),
        "stock": replace(Stock(*COLOURS[plain.pop("colour")], plain.pop("grid")), **parts["stock"]),
        "strokes": tuple(scribble(rng, (x, y), float(rng.uniform(15, 45)), INK) for x, y in places_mm),
    }
