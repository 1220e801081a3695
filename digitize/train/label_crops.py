"""Synthetic training pictures for the label reader: ink as it looks around lead labels, drawn from a seed.

Each patch is a square of the darkness map that `digitize.labels` sees at 6 px/mm: labels in many faces and
states, with traces, separators, grid residue and other print on and around them.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from digitize.labels import CLASSES, PX_PER_MM
from digitize.record import LEADS
from digitize.train.glyphs import CAP_PX, STROKES, WORDS, draw_text, find_faces, vary_case

PATCH_PX = 160
FINE = 2
"""Patches are drawn at twice their size and averaged down."""


@dataclass(frozen=True, eq=False)
class Patch:
    """One training picture: darkness (PATCH_PX, PATCH_PX) in 0..1, and the labels on it."""

    darkness: NDArray[np.float32]
    classes: tuple[int, ...]
    boxes_px: NDArray[np.float32]


def paste(
    canvas: NDArray[np.float32], glyph: NDArray[np.uint8], at: tuple[float, float], cap_px: float, level: float,
    rng: np.random.Generator, turn_deg: float = 0.0,
) -> tuple[float, float, float, float]:  # fmt: skip
    """Lay a word on the canvas, a little slanted and stretched; returns the box of its ink."""
    scale = cap_px / CAP_PX
    weight = rng.random()
    if weight < 0.15 and cap_px > 22:
        glyph = np.asarray(cv2.erode(glyph, np.ones((2, 2), np.uint8)), np.uint8)
    elif weight > 0.75:
        glyph = np.asarray(cv2.dilate(glyph, np.ones((3, 3), np.uint8)), np.uint8)
    stretch = scale * rng.uniform(0.75, 1.2)
    angle = np.radians(turn_deg + rng.normal(0, 2.5))
    shear = rng.normal(0, 0.05)
    spin = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = spin @ np.array([[stretch, shear * scale], [0.0, scale]])
    h, w = glyph.shape
    shift = np.array(at) - linear @ np.array([w / 2, h / 2])
    laid = cv2.warpAffine(glyph, np.column_stack([linear, shift]), canvas.shape[::-1], flags=cv2.INTER_LINEAR)
    np.maximum(canvas, laid.astype(np.float32) * (level / 255), out=canvas)
    corners = (linear @ np.array([[3, w - 3, 3, w - 3], [3, 3, h - 3, h - 3]], np.float64)).T + shift
    (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
    return float(left), float(top), float(right), float(bottom)


def draw_trace(canvas: NDArray[np.float32], baseline_px: float, rng: np.random.Generator) -> None:
    """An ECG-like curve across the canvas, sometimes beginning or ending on it."""
    size = canvas.shape[1]
    mm = PX_PER_MM * FINE
    x = np.arange(-10, size + 10, 2.0)
    y = rng.normal(0, 0.5) * np.sin(x / rng.uniform(40, 150) + rng.uniform(0, 6)) * mm
    y += rng.normal(0, 1, x.size) * rng.choice([0.03, 0.1, 0.35]) * mm
    gain, period = rng.uniform(0.3, 2.0) * mm, rng.uniform(9, 28) * mm
    shape = [(-4, 1, 1.2), (-0.9, rng.normal(0, 2), 0.3), (0, rng.normal(4, 7), 0.45), (0.9, rng.normal(-2, 4), 0.4)]
    shape.append((6, rng.normal(2, 2.5), rng.uniform(1.2, 2.4)))
    for beat in np.arange(-rng.random() * period, size + period, period):
        for at_mm, height, width_mm in shape:
            y -= gain * height * np.exp(-0.5 * ((x - beat - at_mm * mm) / (width_mm * mm)) ** 2)
    if rng.random() < 0.35:
        cut = rng.uniform(0, size)
        keep = x > cut if rng.random() < 0.6 else x < cut
        x, y = x[keep], y[keep]
    if rng.random() < 0.2:
        y[x > rng.uniform(0, size)] += rng.normal(0, 3) * mm
    points = np.rint(np.column_stack([x, y + baseline_px]) * 8).astype(np.int32)
    layer = np.zeros(canvas.shape, np.uint8)
    cv2.polylines(layer, [points], False, 255, int(rng.integers(1, 7)), cv2.LINE_AA, 3)
    np.maximum(canvas, layer.astype(np.float32) * (rng.uniform(0.45, 1.0) / 255), out=canvas)


def draw_bar(canvas: NDArray[np.float32], x: float, y: float, rng: np.random.Generator) -> None:
    """A separator, dotted, dashed, full or short, or a calibration pulse."""
    mm = PX_PER_MM * FINE
    layer = np.zeros(canvas.shape, np.uint8)
    pen = int(rng.integers(1, 9))
    kind = rng.random()
    if kind < 0.3:
        half = rng.uniform(1, 4) * mm
        cv2.line(layer, (round(x), round(y - half)), (round(x), round(y + half)), 255, pen, cv2.LINE_AA)
    elif kind < 0.75:
        step = mm * rng.uniform(0.5, 3)
        duty = 1.0 if rng.random() < 0.4 else rng.uniform(0.2, 0.7)
        for top in np.arange(rng.uniform(-step, canvas.shape[0] * 0.6), canvas.shape[0], step):
            cv2.line(layer, (round(x), round(top)), (round(x), round(top + duty * step)), 255, min(pen, 4), cv2.LINE_AA)
    else:
        wide, high = rng.choice([2.5, 5.0]) * mm, rng.choice([5.0, 10.0]) * mm
        points = np.array([(x - mm, y), (x, y), (x, y - high), (x + wide, y - high), (x + wide, y), (x + wide + mm, y)])
        cv2.polylines(layer, [np.rint(points * 8).astype(np.int32)], False, 255, min(pen, 5), cv2.LINE_AA, 3)
    np.maximum(canvas, layer.astype(np.float32) * (rng.uniform(0.4, 1.0) / 255), out=canvas)


def draw_frame(
    canvas: NDArray[np.float32], box: tuple[float, float, float, float], level: float, rng: np.random.Generator
) -> None:
    """A frame around a label, as some programs draw it."""
    margin = rng.uniform(0.3, 1.2) * PX_PER_MM * FINE
    first, last = (round(box[0] - margin), round(box[1] - margin)), (round(box[2] + margin), round(box[3] + margin))
    cv2.rectangle(canvas, first, last, float(level), int(rng.integers(1, 5)), cv2.LINE_8)


def draw_grid(canvas: NDArray[np.float32], rng: np.random.Generator) -> None:
    """What is left of the grid: faint lines or dots, 1 mm and 5 mm, with gaps."""
    mm = PX_PER_MM * FINE * rng.uniform(0.95, 1.05)
    for step, level in ((mm, rng.uniform(0, 0.5)), (5 * mm, rng.uniform(0, 0.7))):
        layer = np.zeros(canvas.shape, np.float32)
        for axis in (0, 1):
            lines = np.arange(rng.uniform(0, step), canvas.shape[axis] - 2, step).astype(int)
            pen = int(rng.integers(1, 4))
            for k in range(pen):
                layer[(lines + k, slice(None)) if axis == 0 else (slice(None), lines + k)] = 1.0
        if rng.random() < 0.4:
            dots = (np.arange(canvas.shape[0]) % round(mm) < mm / 3).astype(np.float32)
            layer *= np.maximum(dots[:, None], 0.2) * np.maximum(dots[None, :], 0.2)
        if rng.random() < 0.6:
            patchy = cv2.resize(rng.random((12, 12), np.float32), canvas.shape[::-1], interpolation=cv2.INTER_LINEAR)
            layer *= np.clip(patchy * 3 - 1, 0, 1)
        np.maximum(canvas, layer * level, out=canvas)


def wear(fine: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Average down, then blur, lose resolution, fade, add noise and JPEG artefacts."""
    ink = cv2.resize(fine, (PATCH_PX, PATCH_PX), interpolation=cv2.INTER_AREA)
    if rng.random() < 0.6:
        ink = cv2.GaussianBlur(ink, (0, 0), rng.uniform(0.3, 1.3))
    if rng.random() < 0.4:
        coarse = round(PATCH_PX * rng.uniform(0.5, 0.95))
        ink = cv2.resize(ink, (coarse, coarse), interpolation=cv2.INTER_AREA)
        ink = cv2.resize(ink, (PATCH_PX, PATCH_PX), interpolation=cv2.INTER_CUBIC)
    small = np.asarray(ink, np.float32) * np.float32(rng.uniform(0.45, 1.1))
    mottle = cv2.resize(rng.normal(0, 1, (20, 20)).astype(np.float32), (PATCH_PX, PATCH_PX))
    small += np.asarray(mottle, np.float32) * np.float32(rng.uniform(0, 0.04))
    small += rng.normal(0, rng.uniform(0, 0.06), small.shape).astype(np.float32)
    small = np.clip(small + np.float32(rng.uniform(-0.04, 0.08)), 0, 1)
    if rng.random() < 0.4:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 90))]
        coded = cv2.imencode(".jpg", 255 - (small * 255).astype(np.uint8), quality)[1]
        small = 1 - np.asarray(cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE), np.float32) / 255
    return np.asarray(small, np.float32)


_SHARE = np.array([0.0 if not name else 1.0 if name in LEADS else 0.3 for name in CLASSES])
_SHARE /= _SHARE.sum()
"""How often each class is drawn: the leads beyond the twelve are rare on paper."""
_SYMMETRIC = 3
"""Classes up to this one, I, II and III, look the same upside down and in a mirror."""


def draw_patch(seed: int, index: int) -> Patch:
    """Draw one training picture; the same seed and index give the same picture.

    Returns
    -------
    Patch
        Boxes are (left, top, right, bottom) in patch pixels. Labels that lie turned by quarter-turns or mirrored are
        drawn but not listed (they are to be read as nothing), except I, II and III, which look the same upside down
        and in a mirror.
    """
    rng = np.random.default_rng((seed, index))
    size, mm = PATCH_PX * FINE, PX_PER_MM * FINE
    canvas = np.zeros((size, size), np.float32)
    if rng.random() < 0.55:
        draw_grid(canvas, rng)
    if rng.random() < 0.06:  # a table's wood, a crease, a shadow's edge
        streaks = cv2.GaussianBlur(
            rng.normal(0, 1, (size, size)).astype(np.float32), (0, 0), rng.uniform(2, 12), sigmaY=1
        )
        np.maximum(canvas, np.clip(np.rot90(streaks, int(rng.integers(2))) * 2 - rng.uniform(0, 1), 0, 0.9), out=canvas)
    face = find_faces()[rng.integers(len(find_faces()))]
    cap_px = float(np.exp(rng.uniform(np.log(1.4), np.log(4.6)))) * mm
    level, pen = rng.uniform(0.55, 1.0), int(rng.integers(3, 9))
    quarter = int(rng.integers(1, 4)) if rng.random() < 0.15 else 0
    mirrored = not quarter and rng.random() < 0.12
    classes: list[int] = []
    boxes: list[tuple[float, float, float, float]] = []
    spots = [rng.uniform(0.2, 0.8, 2) * size]
    if cap_px < 3 * mm and rng.random() < 0.4:
        spots.append((spots[0] + size / 2 + rng.uniform(-10, 10, 2)) % size)
    for spot in spots:
        if rng.random() < 0.85:
            kind = int(rng.choice(len(CLASSES), p=_SHARE))
            text = vary_case(CLASSES[kind], rng)
            glyph = draw_text(face, text if face or set(text) <= set(STROKES) else CLASSES[kind], pen)
            classes.append(kind)
            boxes.append(paste(canvas, glyph, (spot[0], spot[1]), cap_px, level, rng))
            if rng.random() < 0.06:
                draw_frame(canvas, boxes[-1], level, rng)
            if rng.random() < 0.4:
                draw_bar(canvas, boxes[-1][0] - abs(rng.normal(0, 1.2)) * mm, spot[1] + rng.normal(0, 3) * mm, rng)
            if rng.random() < 0.06:  # a tick where the lead begins, low enough to be no minus sign
                left, low = boxes[-1][0] - rng.uniform(0.5, 1.5) * mm, boxes[-1][3]
                cv2.line(canvas, (round(left - mm / 2), round(low)), (round(left), round(low)), level, pen // 2)
        elif rng.random() < 0.6:
            kind = int(rng.integers(1, len(CLASSES)))
            turn = 180 if kind > 3 and rng.random() < 0.5 else float(rng.choice([-90, 90]))
            paste(canvas, draw_text(face, CLASSES[kind], pen), (spot[0], spot[1]), cap_px, level, rng, turn)
    _add_words(canvas, boxes, face, cap_px, rng)
    for _ in range(int(rng.choice([0, 1, 1, 1, 2]))):
        near = spots[0][1] + rng.normal(0, rng.choice([2.5, 6.0])) * mm if rng.random() < 0.7 else rng.uniform(0, size)
        draw_trace(canvas, near, rng)
    for _ in range(int(rng.choice([0, 0, 1]))):
        draw_bar(canvas, rng.uniform(0, size), rng.uniform(0, size), rng)
    darkness = wear(canvas, rng)
    array = (np.array(boxes, np.float32).reshape(-1, 4) / FINE).astype(np.float32)
    if quarter or mirrored:
        keep = [k for k, kind in enumerate(classes) if kind <= _SYMMETRIC and quarter in (0, 2)]
        classes, array = [classes[k] for k in keep], array[keep]
        array[:, [0, 2]] = PATCH_PX - array[:, [2, 0]]
        if quarter:
            array[:, [1, 3]] = PATCH_PX - array[:, [3, 1]]
        darkness = np.ascontiguousarray(np.rot90(darkness, quarter) if quarter else darkness[:, ::-1])
    return Patch(darkness, tuple(classes), array)


def _add_words(
    canvas: NDArray[np.float32], boxes: list[tuple[float, float, float, float]], face: str, cap_px: float,
    rng: np.random.Generator,
) -> None:  # fmt: skip
    """Print words and numbers that are no labels, clear of the labels."""
    taken = list(boxes)
    for _ in range(int(rng.choice([0, 0, 1, 1, 3, 8]))):
        text = str(rng.choice(WORDS)) if rng.random() < 0.6 else str(rng.integers(0, 10 ** int(rng.integers(1, 4))))
        if rng.random() < 0.2:
            text = "".join(rng.choice(list("IVaRLFTHElit1234567890XYMN"), int(rng.integers(1, 6))))
        if text.upper() in {name.upper() for name in CLASSES} or (not face and any(c not in STROKES for c in text)):
            continue
        glyph = draw_text(face, text)
        cap = cap_px * rng.uniform(0.8, 1.2)
        half_w, half_h = glyph.shape[1] * cap / CAP_PX / 2 + 12, glyph.shape[0] * cap / CAP_PX / 2 + 6
        x, y = rng.uniform(0, canvas.shape[0], 2)
        turn = float(rng.choice([0, 0, 0, 90, 180, -90]))
        if turn in (90, -90):
            half_w, half_h = half_h, half_w
        if all(x + half_w < b[0] or x - half_w > b[2] or y + half_h < b[1] or y - half_h > b[3] for b in taken):
            paste(canvas, glyph, (x, y), cap, rng.uniform(0.4, 1), rng, turn)
            taken.append((x - half_w, y - half_h, x + half_w, y + half_h))
