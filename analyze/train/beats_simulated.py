"""Made-up rhythms: when beats come, which of them come too early from above, and how their P waves would look.

DS1 holds eight hearts with ten early atrial beats or more. Rhythms can be drawn of any number of hearts: sinus rhythm
that breathes and drifts, early beats of every pattern and share, runs and pauses of a sick sinus node, paroxysms,
fibrillation, flutter, blocks, ventricular beats. They are seen as through the features of real beats: times that waver,
beats missed or made up, P waves that match poorly or not at all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Floats = NDArray[np.float64]

USUAL, OTHER, NONE = 0, 1, 2
"""The P wave before a beat: the usual one, another, none that can be seen."""
NORMAL, EARLY, VENTRICULAR = 0, 1, 2
SHORTEST_S, LONGEST_S = 0.26, 4.0

Beat = tuple[float, int, int]
"""Seconds since the beat before, class, P wave."""


@dataclass(frozen=True, eq=False)
class Observed:
    """Beats as they would be measured, each of shape (beat,); NaN where not known.

    ``pre_s`` and ``post_s`` are the intervals before and after; ``ventricular`` the log odds that the QRS complex is;
    ``p_here`` and ``p_best`` the P wave's correlation with the usual one, in place and at the best place near by.
    """

    pre_s: Floats
    post_s: Floats
    ventricular: Floats
    p_here: Floats
    p_best: Floats
    kind: NDArray[np.int64]


def _log_uniform(rng: Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


class Sinus:
    """A sinus node: a rate of its own that drifts and breathes."""

    def __init__(self, rng: Generator, low: float = 38.0, high: float = 125.0) -> None:
        self.rng = rng
        self.cycle_s = 60.0 / float(np.exp(np.clip(rng.normal(np.log(73.0), 0.27), np.log(low), np.log(high))))
        self.breath = float(rng.choice([0.0, 0.02, 0.05, 0.1, 0.18], p=[0.25, 0.3, 0.25, 0.13, 0.07]))
        self.breath_s, self.phase = rng.uniform(2.5, 7.0), rng.uniform(0.0, 2 * np.pi)
        self.noise, self.step = _log_uniform(rng, 0.004, 0.035), _log_uniform(rng, 0.002, 0.025)
        self.drift, self.time_s = 0.0, 0.0

    def next(self) -> float:
        """The next cycle in seconds."""
        self.drift = float(np.clip(0.985 * self.drift + self.rng.normal(0.0, self.step), -0.4, 0.4))
        breath = self.breath * np.sin(2 * np.pi * self.time_s / self.breath_s + self.phase)
        change = self.drift + breath + self.rng.normal(0.0, self.noise)
        rr_s = float(np.clip(self.cycle_s * np.exp(change), 0.3, 2.5))
        self.time_s += rr_s
        return rr_s


def draw_sinus(rng: Generator, count: int) -> list[Beat]:
    """Sinus rhythm; now and then with a breath so deep, or a pacemaker that wanders so, that beats seem early."""
    sinus = Sinus(rng)
    wanders = rng.random() < 0.3
    if wanders:
        sinus.breath, sinus.noise, sinus.step = (rng.uniform(*r) for r in ((0.08, 0.3), (0.01, 0.06), (0.005, 0.04)))
    return [(sinus.next(), NORMAL, OTHER if wanders and rng.random() < 0.2 else USUAL) for _ in range(count)]


def draw_early(rng: Generator, count: int) -> list[Beat]:
    """Early atrial beats, alone, every second or third, in pairs, runs, or as chance has it."""
    sinus = Sinus(rng)
    pattern = rng.choice(["alone", "second", "third", "pairs", "runs", "mixed"], p=[0.33, 0.17, 0.1, 0.1, 0.12, 0.18])
    couplings = rng.uniform(0.42, 0.88) * np.exp(rng.normal(0.0, 0.2, rng.integers(1, 4)))
    spread, after = _log_uniform(rng, 0.01, 0.2), rng.choice(["reset", "full", "long"], p=[0.6, 0.2, 0.2])
    rate, p_wave = _log_uniform(rng, 0.01, 0.35), int(rng.choice([OTHER, NONE, USUAL], p=[0.6, 0.25, 0.15]))
    share_early, run_rate, blocked = rng.uniform(0.45, 1.0), rng.uniform(0.45, 0.85), 0.15 * (rng.random() < 0.15)
    beats: list[Beat] = []
    while len(beats) < count:
        plain = int(rng.geometric(rng.uniform(0.3, 1.0))) if pattern == "mixed" else 2 if pattern == "third" else 1
        beats += [(sinus.next(), NORMAL, USUAL) for _ in range(plain)]
        if pattern in ("alone", "pairs", "runs") and rng.random() > rate:
            continue
        length = {"pairs": 2, "runs": 1 + int(rng.geometric(0.25)), "mixed": int(rng.geometric(share_early))}.get(
            str(pattern), 1
        )
        cycle_s = sinus.next()
        if rng.random() < blocked:  # it is not led on: a pause, and no beat
            beats.append((cycle_s * rng.uniform(1.2, 1.7), NORMAL, USUAL))
            continue
        coupling_s = float(np.clip(rng.choice(couplings) * cycle_s * rng.normal(1.0, spread), 0.25, 0.93 * cycle_s))
        beats.append((coupling_s, EARLY, p_wave))
        for _ in range(length - 1):
            coupling_s = float(np.clip(cycle_s * run_rate * rng.normal(1.0, 0.1), SHORTEST_S, 0.92 * cycle_s))
            beats.append((coupling_s, EARLY, p_wave))
        pause_s = {"reset": sinus.next() * rng.normal(1.06, 0.1), "full": 2 * sinus.next() - coupling_s}.get(
            str(after), sinus.next() * rng.uniform(1.2, 2.2)
        )
        beats.append((max(pause_s, 0.3), NORMAL, USUAL))
    return beats


def draw_sick_sinus(rng: Generator, count: int) -> list[Beat]:
    """Runs of early beats, so that most are, and long pauses between them."""
    sinus = Sinus(rng, 35.0, 95.0)
    share, run_rate, wavers = rng.uniform(0.4, 0.93), rng.uniform(0.4, 0.8), rng.uniform(0.01, 0.22)
    shortest, longest = sorted(rng.uniform(0.95, 3.0, 2))
    p_wave, warm = int(rng.choice([OTHER, NONE, USUAL], p=[0.5, 0.2, 0.3])), rng.uniform(-0.03, 0.03)
    plain = int(rng.choice([1, 1, 1, 2, 3]))
    beats: list[Beat] = []
    while len(beats) < count:
        beats += [(sinus.next(), NORMAL, USUAL) for _ in range(int(rng.integers(1, plain + 1)))]
        for k in range(int(rng.geometric(1.0 - share))):
            rr_s = sinus.cycle_s * run_rate * np.exp(warm * min(k, 8) + rng.normal(0.0, wavers))
            beats.append((float(np.clip(rr_s, 0.25, 0.9 * sinus.cycle_s)), EARLY, p_wave))
        pause_s = min(sinus.next() * rng.uniform(shortest, longest), LONGEST_S)
        beats.append((pause_s, NORMAL, USUAL if rng.random() < 0.8 else NONE))
    return beats


def draw_paroxysms(rng: Generator, count: int) -> list[Beat]:
    """Sinus rhythm and fast regular runs that begin and end at once."""
    sinus = Sinus(rng)
    beats: list[Beat] = []
    while len(beats) < count:
        beats += [(sinus.next(), NORMAL, USUAL) for _ in range(int(rng.integers(3, 40)))]
        run_s, wavers = min(60.0 / rng.uniform(105, 215), 0.8 * sinus.cycle_s), rng.uniform(0.004, 0.04)
        p_wave = int(rng.choice([OTHER, NONE]))
        for _ in range(int(rng.integers(3, 120))):
            beats.append((run_s * rng.normal(1.0, wavers), EARLY, p_wave))
        beats.append((sinus.next() * rng.uniform(0.95, 2.0), NORMAL, USUAL))
    return beats if rng.random() < 0.5 else beats[-count:]


def draw_fibrillation(rng: Generator, count: int) -> list[Beat]:
    """No interval follows from the last; slowed, some come again by chance or keep to a few lengths."""
    mean_s, spread = 60.0 / _log_uniform(rng, 42.0, 175.0), rng.uniform(0.07, 0.36)
    if rng.random() < 0.4:
        lengths = mean_s * np.exp(rng.normal(0.0, 1.1 * spread, rng.integers(2, 4)))
        share = rng.dirichlet(np.full(len(lengths), 2.0))
        rr_s = rng.choice(lengths, count, p=share) * np.exp(rng.normal(0.0, rng.uniform(0.02, 0.09), count))
    else:
        noise, skew = rng.normal(0.0, 1.0, count), rng.uniform(0.0, 0.5)
        rr_s = mean_s * np.exp(spread * (noise + skew * (np.square(noise) - 1.0) / 2.0))
    drift = np.exp(np.cumsum(rng.normal(0.0, rng.uniform(0.0, 0.015), count)))
    rr_s = np.clip(rr_s * drift, SHORTEST_S, 3.0)
    kind = np.where(rng.random(count) < rng.choice([0.0, 0.0, 0.03, 0.12]), VENTRICULAR, NORMAL)
    hurried = np.minimum(rr_s, mean_s * rng.uniform(0.5, 0.9, count))
    return [(float(a), int(b), NONE) for a, b in zip(np.where(kind > 0, hurried, rr_s), kind, strict=True)]


def draw_flutter(rng: Generator, count: int) -> list[Beat]:
    """Intervals that are whole multiples of the flutter's own, led on one in two to six."""
    wave_s, stays, wavers = rng.uniform(0.17, 0.34), rng.uniform(0.0, 0.95), rng.uniform(0.002, 0.03)
    ratios = rng.choice([2, 3, 4, 5, 6], size=rng.integers(1, 5), replace=False, p=[0.37, 0.2, 0.28, 0.08, 0.07])
    share = rng.dirichlet(np.ones(len(ratios)))
    ratio, beats = rng.choice(ratios, p=share), list[Beat]()
    for _ in range(count):
        if rng.random() > stays:
            ratio = rng.choice(ratios, p=share)
        beats.append((max(SHORTEST_S, float(wave_s * ratio + rng.normal(0.0, wavers))), NORMAL, NONE))
    return beats


def draw_block(rng: Generator, count: int) -> list[Beat]:
    """Sinus beats that are not led on: one now and then, every second, after ever longer delays; and escapes."""
    sinus, kind = Sinus(rng, 50.0, 120.0), rng.choice(["sinus", "second", "wenckebach", "escape"])
    delay_s, beats = rng.uniform(0.03, 0.12), list[Beat]()
    while len(beats) < count:
        led = int(rng.integers(2, 9))
        if kind == "second":
            beats += [(sinus.next() + sinus.next(), NORMAL, USUAL) for _ in range(int(rng.integers(3, 15)))]
            beats += [(sinus.next(), NORMAL, USUAL) for _ in range(led - 2)]
        elif kind == "wenckebach":
            gains = delay_s * np.cumprod(np.r_[1.0, rng.uniform(0.3, 0.8, led - 1)])
            beats += [(sinus.next() + float(gain), NORMAL, USUAL) for gain in gains]
            beats.append((sinus.next() + sinus.next() - float(gains.sum()), NORMAL, USUAL))
        else:
            beats += [(sinus.next(), NORMAL, USUAL) for _ in range(led)]
            pause_s = sinus.next() + sinus.next() * rng.uniform(0.8, 1.05)
            beats.append((pause_s, NORMAL, USUAL if kind == "sinus" else NONE))
            if kind == "escape" and rng.random() < 0.5:  # a sinus beat that gets through is no ectopic one
                beats.append((sinus.next() * rng.uniform(0.55, 0.95), NORMAL, USUAL))
    return beats


def draw_ventricular(rng: Generator, count: int) -> list[Beat]:
    """Ventricular beats with a full pause, a shorter one or none, and now and then an early atrial one."""
    sinus, coupling, after = (
        Sinus(rng),
        rng.uniform(0.4, 0.85),
        rng.choice(["full", "none", "reset"], p=[0.7, 0.1, 0.2]),
    )
    share, run, atrial = _log_uniform(rng, 0.01, 0.8), 1 + 3 * (rng.random() < 0.15), float(rng.choice([0.0, 0.05]))
    beats: list[Beat] = []
    while len(beats) < count:
        beats.append((sinus.next(), NORMAL, USUAL))
        if rng.random() < atrial:
            beats += [(sinus.next() * rng.uniform(0.5, 0.85), EARLY, OTHER), (sinus.next() * 1.1, NORMAL, USUAL)]
        elif rng.random() < share:
            cycle_s = sinus.next()
            early_s = max(0.28, cycle_s * coupling * rng.normal(1.0, 0.04))
            beats += [(early_s, VENTRICULAR, NONE)] + [(0.6 * cycle_s, VENTRICULAR, NONE)] * int(rng.integers(0, run))
            pause_s = {"full": 2 * cycle_s - early_s, "none": 1.05 * cycle_s - early_s}.get(str(after), 1.1 * cycle_s)
            beats.append((max(0.35, pause_s), NORMAL, USUAL))
    return beats


RHYTHMS: dict[Callable[[Generator, int], list[Beat]], float] = {
    draw_sinus: 0.14, draw_early: 0.25, draw_sick_sinus: 0.14, draw_paroxysms: 0.05, draw_fibrillation: 0.17,
    draw_flutter: 0.08, draw_block: 0.07, draw_ventricular: 0.1,
}  # fmt: skip
"""How often each is drawn."""


def draw_rhythm(rng: Generator, count: int) -> Observed:
    """A stretch of one rhythm as it would be measured; about so many beats."""
    draw = list(RHYTHMS)[int(rng.choice(len(RHYTHMS), p=list(RHYTHMS.values())))]
    beats = draw(rng, count + 6)
    first = int(rng.integers(0, max(1, len(beats) - count)))
    return observe(rng, beats[first : first + count])


def observe(rng: Generator, beats: list[Beat]) -> Observed:
    """Beats as detectors and correlations would have them: late, missed, made up, with P waves hard to tell."""
    time_s, kind, p_wave = _detect(rng, beats)
    gap_s = np.diff(time_s)
    gap_s = np.where((gap_s > 0.12) & (gap_s < 6.0), gap_s, np.nan)
    pre_s, post_s = np.r_[np.nan, gap_s], np.r_[gap_s, np.nan]
    odds = rng.normal(-5.0, 1.3, kind.size) + rng.normal(0.0, 0.7)
    early, wide = kind == EARLY, kind == VENTRICULAR
    odds[early] += np.where(rng.random(early.sum()) < 0.12, rng.exponential(2.5, early.sum()), 0.3)  # led on aberrantly
    odds[wide] = rng.normal(rng.uniform(0.5, 4.0), 1.5, wide.sum())
    if early.mean() > 0.5 and rng.random() < 0.5:  # what most beats have is taken for usual
        p_wave = np.array([OTHER, USUAL, NONE])[p_wave]
    here, best = _match_p(rng, p_wave)
    near = np.isfinite(pre_s) & (pre_s < rng.uniform(0.35, 0.6))  # the P wave lies on the T wave before it
    here = np.where(near, np.clip(here - np.abs(rng.normal(0.0, 0.35, here.size)), -0.99, 1.0), here)
    unknown = rng.random(here.size) < float(rng.choice([0.0, 0.02, 0.02, 1.0], p=[0.5, 0.25, 0.2, 0.05]))
    here, best = (np.where(unknown, np.nan, part) for part in (here, best))
    return Observed(pre_s, post_s, odds, here, best, kind)


def _detect(rng: Generator, beats: list[Beat]) -> tuple[Floats, NDArray[np.int64], NDArray[np.int64]]:
    """Times, classes and P waves of what is found: some beats missed, some made up on T waves."""
    rr_s, kind, p_wave = (np.array(column) for column in zip(*beats, strict=True))
    time_s = np.cumsum(rr_s) + rng.normal(0.0, _log_uniform(rng, 0.001, 0.012), kind.size)
    found = rng.random(kind.size) > (rng.uniform(0.005, 0.05) if rng.random() < 0.15 else 0.0)
    doubled = rng.random(kind.size) < (rng.uniform(0.005, 0.04) if rng.random() < 0.1 else 0.0)
    extra_s = time_s[doubled] + rng.uniform(0.2, 0.4)
    time_s = np.concatenate([time_s[found], extra_s])
    kind = np.concatenate([kind[found], np.full(extra_s.size, NORMAL)])
    p_wave = np.concatenate([p_wave[found], np.full(extra_s.size, NONE)])
    order = np.argsort(time_s, kind="stable")
    return time_s[order], kind[order], p_wave[order]


def _match_p(rng: Generator, p_wave: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Correlation with the usual P wave in place and at best; in a quarter of leads no P wave is to be seen at all."""
    count = p_wave.size
    if rng.random() < 0.25:
        here = rng.normal(rng.uniform(0.0, 0.7), rng.uniform(0.15, 0.45), count)
        best = rng.normal(rng.uniform(0.5, 0.75), 0.15, count)
    else:
        noise, alike = _log_uniform(rng, 0.02, 0.5), rng.uniform(0.5, 0.97)
        miss = np.abs(rng.normal(0.0, noise, count))
        here = np.choose(p_wave, [
            1.0 - miss, rng.normal(rng.uniform(-0.5, 0.5), 0.4, count), rng.normal(rng.uniform(-0.1, 0.3), 0.43, count),
        ])  # fmt: skip
        best = np.choose(p_wave, [
            1.0 - rng.uniform(0.3, 0.8) * miss, rng.normal(alike, 0.02 + 0.4 * (1.0 - alike), count),
            rng.normal(rng.uniform(0.5, 0.75), 0.2, count),
        ])  # fmt: skip
    here = np.clip(here, -0.99, 1.0)
    return here, np.clip(np.maximum(here, best), -0.9, 1.0)
