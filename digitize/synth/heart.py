"""A simulated heart: one moving dipole, seen by twelve leads.

The heart vector (x left, y down, z back) is a sum of lobes that begin and end exactly, so that the fiducials are
known and need no threshold; ``hearts.toml`` holds them as data. Dower's matrix projects the vector on I, II and V1 to
V6; the other limb leads follow from I and II, so Einthoven's law holds to the last bit of rounding.

The dipole model follows Sameni, Clifford, Jutten and Shamsollahi (EURASIP J. Adv. Signal Process. 2007, 43407), with
raised cosines in place of Gaussians.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from digitize.record import LEADS, Ecg

HeartKind = Literal["normal", "anterior_stemi", "inferior_stemi", "lbbb", "afib"]
Array = NDArray[np.float64]

# Dower's transform as G. D. Clifford gives it: the rows are V1 to V6, I, II.
_DOWER = np.array(
    [
        [-0.515, 0.157, -0.917],
        [0.044, 0.164, -1.387],
        [0.882, 0.098, -1.277],
        [1.213, 0.127, -0.601],
        [1.125, 0.127, -0.086],
        [0.831, 0.076, 0.230],
        [0.632, -0.235, 0.059],
        [0.235, 1.066, -0.132],
    ]
)


@dataclass(frozen=True)
class Lobe:
    """One lift of the heart vector towards ``xyz_mv``: up from begin to top, held until fall, gone at end."""

    wave: str
    knots_s: tuple[float, float, float, float]
    xyz_mv: tuple[float, float, float]


@dataclass(frozen=True, eq=False)
class SimulatedHeart:
    """A simulated ECG and where its waves lie.

    Attributes
    ----------
    ecg : Ecg
        Twelve leads.
    p_on_s, p_peak_s, p_off_s, qrs_on_s, r_peak_s, qrs_off_s, t_peak_s, t_off_s : ndarray, shape (beats,)
        Seconds, the same for all leads; NaN where the wave is absent or outside the record. ``r_peak_s`` is where the
        heart vector is longest, ``qrs_off_s`` is the J point. One entry for every R peak inside the record.
    """

    ecg: Ecg
    p_on_s: Array
    p_peak_s: Array
    p_off_s: Array
    qrs_on_s: Array
    r_peak_s: Array
    qrs_off_s: Array
    t_peak_s: Array
    t_off_s: Array


def simulate(
    kind: HeartKind = "normal",
    *,
    heart_rate_bpm: float = 72.0,
    duration_s: float = 10.0,
    fs_hz: float = 500.0,
    seed: int = 0,
    wander_mv: float = 0.0,
    noise_mv: float = 0.0,
) -> SimulatedHeart:
    """Simulate a heart.

    Parameters
    ----------
    kind : {"normal", "anterior_stemi", "inferior_stemi", "lbbb", "afib"}
    heart_rate_bpm : float
        Mean rate, 30 to 200.
    duration_s, fs_hz : float
        Length and sampling rate.
    seed : int
        The person: size and turn of the heart vector, and every beat's length. The same seed gives the same signal.
    wander_mv, noise_mv : float
        Root mean square of baseline wander (below 0.5 Hz) and of muscle noise in each electrode's lead.

    Returns
    -------
    SimulatedHeart

    Raises
    ------
    ValueError
        When the kind is not known or the rate is outside its range.
    """
    if kind not in get_args(HeartKind):
        raise ValueError(f"no heart called {kind!r}; known are {', '.join(get_args(HeartKind))}")
    if not 30 <= heart_rate_bpm <= 200:
        raise ValueError(f"heart_rate_bpm must be 30 to 200, not {heart_rate_bpm:g}")
    rng = np.random.default_rng(seed)
    lobes = load_hearts()[kind]
    onset_s, rr_s = _time_beats(rng, heart_rate_bpm, duration_s, irregular=kind == "afib")
    time_s = np.arange(round(duration_s * fs_hz)) / fs_hz
    vector_mv = _sum_lobes(lobes, time_s, onset_s, rr_s)
    if kind == "afib":
        vector_mv = vector_mv + _fibrillate(rng, time_s)
    vector_mv = vector_mv @ _draw_person(rng).T
    vector_mv *= 1 + 0.025 * np.sin(2 * np.pi * (0.24 * time_s + rng.uniform()))[:, None]  # breathing
    seen_mv = vector_mv @ _DOWER.T
    seen_mv = seen_mv + _disturb(rng, seen_mv.shape, fs_hz, wander_mv, noise_mv)
    return SimulatedHeart(Ecg(_add_limb_leads(seen_mv), fs_hz, LEADS), *_find_waves(lobes, onset_s, rr_s, duration_s))


def conduct(
    qrs_on_s: Array,
    p_on_s: Array,
    *,
    duration_s: float = 10.0,
    fs_hz: float = 500.0,
    seed: int = 0,
    noise_mv: float = 0.0,
) -> Ecg:
    """A normal heart whose QRS complexes and P waves begin when they are told to: any rhythm, any block between them.

    Parameters
    ----------
    qrs_on_s, p_on_s : ndarray, shape (beats,) and (waves,)
        In order of time; a T wave follows each QRS complex.
    duration_s, fs_hz, seed, noise_mv : float
        As for `simulate`.
    """
    rng = np.random.default_rng(seed)
    lobes = load_hearts()["normal"]
    p = tuple(lobe for lobe in lobes if lobe.wave == "P")
    rest = tuple(lobe for lobe in lobes if lobe.wave != "P")
    time_s = np.arange(round(duration_s * fs_hz)) / fs_hz
    rr_s = np.diff(qrs_on_s, prepend=2 * qrs_on_s[0] - qrs_on_s[1])
    start_s = min(lobe.knots_s[0] for lobe in p)
    vector_mv = _sum_lobes(rest, time_s, qrs_on_s, rr_s) + _sum_lobes(p, time_s, p_on_s - start_s, np.ones(p_on_s.size))
    seen_mv = vector_mv @ _draw_person(rng).T @ _DOWER.T
    return Ecg(_add_limb_leads(seen_mv + _disturb(rng, seen_mv.shape, fs_hz, 0.0, noise_mv)), fs_hz, LEADS)


@cache
def load_hearts() -> dict[str, tuple[Lobe, ...]]:
    """Read the lobes of every kind of heart from ``hearts.toml``."""
    table = tomllib.loads(files("digitize.synth").joinpath("hearts.toml").read_text(encoding="utf-8"))
    return {
        kind: tuple(
            Lobe(wave, (begin / 1e3, top / 1e3, fall / 1e3, end / 1e3), (x, y, z))
            for wave, begin, top, fall, end, x, y, z in heart["lobes"]
        )
        for kind, heart in table.items()
    }


def _time_beats(
    rng: np.random.Generator, heart_rate_bpm: float, duration_s: float, *, irregular: bool
) -> tuple[Array, Array]:
    """QRS onsets that cover the record with a beat to spare on either side, and the length of the beat before each."""
    mean_s = 60.0 / heart_rate_bpm
    count = int(np.ceil(duration_s / mean_s)) + 6
    if irregular:
        # Conduction is random but the node needs time to recover: a floor and a long tail.
        rr_s = 0.6 * mean_s + 0.4 * mean_s * rng.gamma(2.5, 1 / 2.5, count)
    else:
        breath = np.sin(2 * np.pi * (0.24 * mean_s * np.arange(count) + rng.uniform()))
        rr_s = mean_s * (1 + 0.02 * breath + 0.006 * rng.standard_normal(count))
    rr_s *= mean_s / rr_s.mean()
    onset_s = np.cumsum(rr_s) - rr_s[:2].sum() - rng.uniform(0.1, 0.9) * mean_s
    return onset_s, rr_s


def _knots_of_beats(lobe: Lobe, j_s: float, rr_s: Array) -> Array:
    """The lobe's knots in every beat, seconds after QRS onset, shape (beats, 4).

    Repolarisation follows the length of the beat: after the J point it stretches with the cube root (Fridericia).
    """
    knots = np.asarray(lobe.knots_s)
    stretched = j_s + (knots - j_s) * _stretch(rr_s)[:, None]
    return np.where((lobe.wave == "T") & (knots > j_s), stretched, knots)


def _stretch(rr_s: Array) -> Array:
    return np.asarray(np.cbrt(np.clip(rr_s, 0.35, 1.6)))


def _j_point(lobes: tuple[Lobe, ...]) -> float:
    return max((lobe.knots_s[3] for lobe in lobes if lobe.wave == "QRS"), default=0.0)


def _sum_lobes(lobes: tuple[Lobe, ...], time_s: Array, onset_s: Array, rr_s: Array) -> Array:
    """The heart vector, shape (time, 3), in mV."""
    vector_mv = np.zeros((time_s.size, 3))
    j_s = _j_point(lobes)
    for lobe in lobes:
        for begin, top, fall, end in _knots_of_beats(lobe, j_s, rr_s) + onset_s[:, None]:
            part = slice(*np.searchsorted(time_s, (begin, end)))
            t = time_s[part]
            rise = np.clip((t - begin) / (top - begin), 0, 1)
            drop = np.clip((t - fall) / (end - fall), 0, 1)
            vector_mv[part] += 0.5 * (np.cos(np.pi * drop) - np.cos(np.pi * rise))[:, None] * lobe.xyz_mv
    return vector_mv


def _fibrillate(rng: np.random.Generator, time_s: Array) -> Array:
    """Fibrillation waves, shape (time, 3): 5 to 7 a second, wandering in rate and height, largest in V1 and II."""
    knots_s = np.arange(-1, time_s[-1] + 2, 0.4)
    rate_hz = np.interp(time_s, knots_s, rng.uniform(5.0, 7.2, knots_s.size))
    phase = 2 * np.pi * np.cumsum(rate_hz) * (time_s[1] - time_s[0]) + rng.uniform(0, 2 * np.pi)
    height = np.interp(time_s, knots_s, rng.uniform(0.55, 1.3, knots_s.size))
    wave = height * (np.sin(phase) + 0.35 * np.sin(2 * phase + 0.6))
    late = height * np.sin(phase - 0.9)
    return np.outer(wave, [-0.013, 0.010, -0.040]) + np.outer(late, [0.006, 0.030, 0.004])


def _draw_person(rng: np.random.Generator) -> Array:
    """Size and turn of this person's heart: a matrix near the identity, shape (3, 3)."""
    roll, pitch, yaw = np.deg2rad(rng.normal(0, 3.5, 3).clip(-8, 8))
    turn = np.array([[1, -roll, yaw], [roll, 1, -pitch], [-yaw, pitch, 1]])
    rotation, _ = np.linalg.qr(turn)
    rotation *= np.sign(np.diag(rotation))
    return np.asarray(rotation * rng.uniform(0.96, 1.12))


def _disturb(
    rng: np.random.Generator, shape: tuple[int, ...], fs_hz: float, wander_mv: float, noise_mv: float
) -> Array:
    """Baseline wander and muscle noise, shape (time, lead); zeros when both are switched off."""
    noise = np.zeros(shape)
    time_s = np.arange(shape[0])[:, None] / fs_hz
    if wander_mv > 0:
        for rate_hz, share in ((0.07, 0.6), (0.16, 0.5), (0.31, 0.6)):
            rates = rate_hz * rng.uniform(0.8, 1.25, shape[1])
            noise += share * np.sin(2 * np.pi * (rates * time_s + rng.uniform(0, 1, shape[1])))
        noise *= wander_mv / np.sqrt((0.6**2 + 0.5**2 + 0.6**2) / 2)
    if noise_mv > 0:
        white = rng.standard_normal(shape)
        noise += noise_mv * (0.5 * white + 0.5 * np.roll(white, 1, axis=0)) / np.sqrt(0.5)
    return noise


def _add_limb_leads(seen_mv: Array) -> Array:
    """V1 to V6, I, II -> the twelve leads in their usual order (Einthoven, Goldberger)."""
    i, ii = seen_mv[:, 6], seen_mv[:, 7]
    limb = np.stack([i, ii, ii - i, -(i + ii) / 2, i - ii / 2, ii - i / 2], axis=1)
    return np.hstack([limb, seen_mv[:, :6]])


def _find_waves(lobes: tuple[Lobe, ...], onset_s: Array, rr_s: Array, duration_s: float) -> list[Array]:
    """Fiducials in the order of SimulatedHeart, for the beats whose R peak lies inside the record."""
    j_s = _j_point(lobes)
    waves = {name: tuple(lobe for lobe in lobes if lobe.wave == name) for name in ("P", "QRS", "T")}
    p_s = [waves["P"][0].knots_s[0], _peak_s(waves["P"]), _end_s(waves["P"])] if waves["P"] else [np.nan] * 3
    t_s = np.array([_peak_s(waves["T"], after_s=j_s), _end_s(waves["T"])])
    stretched = j_s + np.outer(t_s - j_s, _stretch(rr_s))
    marks = [onset_s + offset for offset in (*p_s, 0.0, _peak_s(waves["QRS"]), j_s, *stretched)]
    inside = (marks[4] >= 0) & (marks[4] < duration_s)
    return [np.where((mark >= 0) & (mark < duration_s), mark, np.nan)[inside] for mark in marks]


def _peak_s(wave: tuple[Lobe, ...], after_s: float = -np.inf) -> float:
    """Where the vector of a wave is longest, seconds after QRS onset in a beat of one second."""
    fine_s = np.arange(max(after_s, wave[0].knots_s[0]), _end_s(wave), 1e-4)
    length = np.linalg.norm(_sum_lobes(wave, fine_s, np.zeros(1), np.ones(1)), axis=1)
    return float(fine_s[length.argmax()])


def _end_s(wave: tuple[Lobe, ...]) -> float:
    return max(lobe.knots_s[3] for lobe in wave)
