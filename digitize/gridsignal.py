"""Where grid ink shows in a photo, and how its lines repeat there: the evidence that the lattice is fitted to."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.fft import fft, rfft

CHANNELS = {
    # How much the logarithms of R, G and B count. A printed grid is coloured or grey; a black trace shows in grey only,
    # so a colour that repeats nearly as well as the grey does is the better witness.
    "red": (1.0, -0.5, -0.5),
    "blue": (-0.5, -0.5, 1.0),
    "green": (-0.5, 1.0, -0.5),
    "grey": (-1 / 3, -1 / 3, -1 / 3),
}

MIN_PERIOD_PX = 4.0
MAX_PERIOD_PX = 130.0
WINDOW_PX = 512
SPECTRUM_PX = 1024

LINE_PERCENTILE = 94.0
"""Grid lines cover at least a twentieth of a page (0.25 mm every 5 mm, twice); a trace and print cover less."""

LAG_PX = np.arange(MIN_PERIOD_PX / 2, SPECTRUM_PX / 2.5, 0.25)

DOT_BLUR = 1 / 3000
"""Of the picture's long side: joins the dots of a dotted line, which would else be too few to set its strength."""

MAJOR_BUMP = 0.06
"""How much more alike lines five apart must be than lines four or six apart for every fifth to be a bold one."""
MINOR_COMB = 0.25
"""How well a fifth of the period must repeat to say that fine lines divide the box."""


@dataclass(frozen=True)
class Repetition:
    """Two families of parallel lines in one window of the picture.

    Attributes
    ----------
    centre_px : complex
        Middle of the window, x + iy.
    u_px, v_px : complex
        Step from one line to the next of either family, as x + iy; u the more horizontal.
    score : float
        0 (none) to 1 or more (perfect), of the weaker family.
    bold : bool
        True when u and v are known to be boxes of five fine lines.
    """

    centre_px: complex
    u_px: complex
    v_px: complex
    score: float
    bold: bool


def measure_evidence(rgb: NDArray[np.uint8], channel: str) -> NDArray[np.float32]:
    """Grid ink, evened out over light and shade.

    Parameters
    ----------
    rgb : ndarray of uint8, shape (H, W, 3)
    channel : str
        A key of `CHANNELS`.

    Returns
    -------
    ndarray of float32, shape (H, W)
        About 0 on paper, up to 3 on lines.
    """
    logs = np.log(np.arange(256, dtype=np.float32) + 8.0)[:, None] * np.array(CHANNELS[channel], np.float32)
    mix = np.asarray(cv2.transform(cv2.LUT(rgb, logs[None]), np.ones((1, 3), np.float32)), np.float32)
    side = max(rgb.shape[:2])
    if side * DOT_BLUR > 0.5:  # smaller pictures have nothing to lose
        mix = np.asarray(cv2.GaussianBlur(mix, (0, 0), side * DOT_BLUR), np.float32)
    sigma_px = side / 120
    for _ in range(2):  # twice, so that a black stroke, cut to the strength of a line, leaves no halo either
        ground = _blur(mix, sigma_px)
        strong = np.float32(np.percentile(np.abs(mix[::4, ::4] - ground[::4, ::4]), LINE_PERCENTILE))
        mix = np.asarray(cv2.max(cv2.min(mix, ground + strong), ground - strong), np.float32)
    mix -= _blur(mix, sigma_px)
    usual = _blur(mix * mix, 2 * sigma_px)
    mix /= np.sqrt(usual, out=usual) + np.float32(0.01)
    thin = mix[::3, ::3]
    if np.mean(np.clip(thin, -3, 3) ** 3) < 0:  # lines are thin: they are the rarer, stronger side, whatever their hue
        mix = -mix
    return np.clip(mix, np.float32(-1.5), np.float32(3.0), out=mix)


def _blur(plane: NDArray[np.float32], sigma_px: float) -> NDArray[np.float32]:
    """Wide Gaussian blur, done small: nothing finer than sigma survives it anyway."""
    height, width = plane.shape
    shrink = max(1, int(sigma_px / 3))
    small = cv2.resize(plane, (max(1, width // shrink), max(1, height // shrink)), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), sigma_px / shrink)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


def find_repetitions(evidence: NDArray[np.float32], across: int = 4, down: int = 3) -> list[Repetition]:
    """Look for two crossing families of lines in windows spread over the picture; best first."""
    height, width = evidence.shape
    side = min(WINDOW_PX, height, width)
    found = []
    for y in np.linspace(0, height - side, down).astype(int):
        for x in np.linspace(0, width - side, across).astype(int):
            window = evidence[y : y + side, x : x + side]
            found.append(_analyse_window(window, complex(x + side / 2, y + side / 2)))
    return sorted(found, key=lambda r: -r.score)


def _analyse_window(window: NDArray[np.float32], centre_px: complex) -> Repetition:
    taper = cv2.createHanningWindow(window.shape[::-1], cv2.CV_32F)
    half, used = SPECTRUM_PX // 2, SPECTRUM_PX // 3
    # Rows that are all padding, and frequencies that no period asked for has, are left out between the two passes.
    across = rfft((window - window.mean()) * taper, n=SPECTRUM_PX, axis=1)[:, : used + 1]
    spectrum = fft(across, n=SPECTRUM_PX, axis=0, overwrite_x=True)
    power = np.roll(np.square(spectrum.real) + np.square(spectrum.imag), half, axis=0)
    angles = np.deg2rad(np.arange(-45, 135, 0.5))
    side = np.where(angles > np.pi / 2, -1, 1)  # a picture's spectrum is the same on either side of its middle
    radius = np.arange(used)
    x, y = np.outer(side * np.cos(angles), radius), half + np.outer(side * np.sin(angles), radius)
    rays = cv2.remap(power, x.astype(np.float32), y.astype(np.float32), cv2.INTER_LINEAR).astype(np.float64)
    strength = rays[:, int(SPECTRUM_PX / MAX_PERIOD_PX) :].sum(axis=1)
    quarter = len(angles) // 2
    steps, scores, bolds = [], [], []
    for first in (0, quarter):
        k = first + int(np.argmax(strength[first : first + quarter]))
        period_px, score, bold = _find_period(rays[k])
        steps.append(period_px * complex(np.cos(angles[k]), np.sin(angles[k])))
        scores.append(score)
        bolds.append(bold)
    crossing_angle = abs(np.angle(steps[1] / steps[0]))
    if not np.deg2rad(60) < crossing_angle < np.deg2rad(120):
        scores = [0.0]
    return Repetition(centre_px, steps[0], steps[1], float(min(scores)), all(bolds))


@cache
def _cosines(count: int) -> NDArray[np.float64]:
    return np.asarray(np.cos(2 * np.pi * np.outer(LAG_PX, np.arange(count)) / SPECTRUM_PX))


def _find_period(ray: NDArray[np.float64]) -> tuple[float, float, bool]:
    """Period (px), score and boldness of the lines whose projection has this power spectrum.

    By the projection-slice theorem a ray of the spectrum belongs to the projection onto its direction, so its cosine
    transform is that projection's autocorrelation. A grid's is high at every multiple of the period and low half-way.
    """
    ray = ray.copy()
    ray[: int(SPECTRUM_PX / (2.2 * MAX_PERIOD_PX)) + 1] = 0
    lag = LAG_PX
    acf = _cosines(len(ray)) @ ray / (ray.sum() + 1e-9)

    def at(period: float | NDArray[np.float64], *multiples: float) -> NDArray[np.float64]:
        return np.asarray(np.mean([np.interp(m * period, lag, acf) for m in multiples], axis=0))

    def peak(period: float, multiple: int) -> float:
        near = np.abs(lag - multiple * period) <= 0.02 * multiple * period + 0.5
        return float(acf[near].max())

    periods = np.arange(MIN_PERIOD_PX, min(MAX_PERIOD_PX, lag[-1] / 3), 0.125)
    score = at(periods, 1, 2, 3) - at(periods, 0.5, 1.5, 2.5)
    best = int(np.argmax(score))
    period = float(periods[best])
    bold = False
    for times in (5, 10):  # lines of a millimetre, or dots of half a one, in bolder boxes
        if not bold and (times + 1.2) * period < lag[-1]:
            sides = (peak(period, times - 1) + peak(period, times + 1)) / 2
            if peak(period, times) - sides > MAJOR_BUMP:
                period, bold = period * times, True
    fifth = period / 5
    if not bold and fifth >= 2.5:
        fine = at(fifth, 1, 2, 3, 4) - at(fifth, 0.5, 1.5, 2.5, 3.5)
        bold = bool(fine > MINOR_COMB * abs(score[best]))
    return period, float(score[best]), bold
