"""Heart beats: where the QRS complexes are, which of them have the usual shape, and how regular they come.

All leads that are seen at a moment speak together, each weighted by how far its QRS complexes stand out of the rest; on
a sheet that is the column's leads and the rhythm strip. Where no lead is seen there are no beats, and the pause is not
counted as one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d, uniform_filter1d
from scipy.signal import find_peaks

from analyze.columns import finite_runs
from analyze.denoise import Denoise, keep_qrs
from analyze.shapes import find_usual
from analyze.spikes import find_spikes, lift_spikes
from digitize.record import Ecg

Floats = NDArray[np.float64]

_REFRACTORY_S = 0.23
_THRESHOLD = 0.32  # of the height usual around that moment
_WHOLE = 0.6
_SEARCH_BACK = 0.16  # the same, where a beat seems to be missing
_BRIDGE_S = 0.03
_SHORTEST_S = 0.35
_EDGE_S = 0.06  # the ends of a stretch are trusted less: a join or a filter's end is no beat


@dataclass(frozen=True, eq=False)
class Beats:
    """The beats of an ECG.

    Attributes
    ----------
    r : ndarray of int, shape (beats,)
        Sample of each QRS complex, common to all leads.
    normal : ndarray of bool, shape (beats,)
        True for the shape most beats have; False for ectopic beats and artefacts.
    rr_s : ndarray, shape (intervals,)
        Times between neighbouring beats, those left out that span a stretch where no lead can be read.
    rr_from : ndarray of int, shape (intervals,)
        Index of the beat with which each of them begins.
    spikes : ndarray of int, shape (spikes,)
        Samples of a pacemaker's spikes.
    """

    r: NDArray[np.int64]
    normal: NDArray[np.bool_]
    rr_s: Floats
    rr_from: NDArray[np.int64]
    spikes: NDArray[np.int64]

    @property
    def heart_rate_bpm(self) -> float | None:
        """Mean rate over the record, as a cart prints it; None with fewer than two beats."""
        return float(60.0 / self.rr_s.mean()) if self.rr_s.size else None

    @property
    def median_rr_s(self) -> float | None:
        """Median RR interval; None with fewer than two beats."""
        return float(np.median(self.rr_s)) if self.rr_s.size else None

    @property
    def regular(self) -> bool | None:
        """True when neighbouring RR intervals rarely differ by more than a tenth; None with fewer than four beats."""
        if self.rr_s.size < 3:
            return None
        change = np.abs(np.diff(self.rr_s)) / self.rr_s.mean()
        return bool(np.percentile(change, 75) < 0.1)


def find_beats(ecg: Ecg, denoise: Denoise = "band-pass") -> Beats:
    """Find the QRS complexes in all leads together.

    Parameters
    ----------
    ecg : Ecg
        Any length, any mixture of leads; NaN where a lead is not seen.
    denoise : {"band-pass", "wavelet"}, optional
        How QRS complexes are set off from the rest while they are sought (`analyze.denoise.keep_qrs`).

    Returns
    -------
    Beats
        Empty where there is nothing like a QRS complex.
    """
    spikes = find_spikes(ecg)
    ecg = lift_spikes(ecg, spikes)
    energy, seen = _joint_energy(ecg, denoise)
    r = _pick(energy, seen, ecg.fs_hz)
    normal = find_usual(ecg, r)
    rr_s, rr_from = _intervals(r, seen, ecg.fs_hz)
    return Beats(r=r, normal=normal, rr_s=rr_s, rr_from=rr_from, spikes=spikes)


def _joint_energy(ecg: Ecg, denoise: Denoise) -> tuple[Floats, Floats]:
    """QRS energy over all leads, about 1 at a usual QRS, and how well each moment is seen, both (time,)."""
    total = np.zeros(ecg.signal_mv.shape[0])
    weight = np.zeros_like(total)
    seen = np.zeros_like(total)
    for (a, b), leads in _shared_runs(ecg).items():
        energy = _qrs_energy(ecg.signal_mv[a:b, leads].T, ecg.fs_hz, denoise)
        level = _usual_height(energy, ecg.fs_hz)
        beats = (level.min(axis=1) > 0) & (level.max(axis=1) >= 1e-3)  # below a microvolt nothing is a beat
        if not beats.any():
            continue
        energy, level, inside = energy[beats], level[beats], _taper(b - a, round(_EDGE_S * ecg.fs_hz))
        stands_out = np.median(level, axis=1) / np.maximum(np.median(energy, axis=1), 1e-6)
        trust = inside * np.minimum(stands_out, 20.0)[:, None] ** 2
        seen[a:b] = np.maximum(seen[a:b], inside)
        total[a:b] += (trust * energy / level).sum(axis=0)
        weight[a:b] += trust.sum(axis=0)
    joint = np.divide(total, weight, out=np.zeros_like(total), where=weight > 0)
    return joint, seen


def _shared_runs(ecg: Ecg) -> dict[tuple[int, int], list[int]]:
    """Stretches that are long enough to be searched, and the leads that are seen in each."""
    bridge, shortest = round(_BRIDGE_S * ecg.fs_hz), round(_SHORTEST_S * ecg.fs_hz)
    runs: dict[tuple[int, int], list[int]] = {}
    for k, x in enumerate(ecg.signal_mv.T):
        for run in finite_runs(x, bridge, shortest):
            runs.setdefault(run, []).append(k)
    return runs


def _qrs_energy(x: Floats, fs_hz: float, denoise: Denoise) -> Floats:
    """Root mean square of the QRS band over 90 ms, in millivolts; shape (lead, time) kept."""
    held, at = np.isfinite(x), np.arange(x.shape[1])
    filled = x if held.all() else np.array([np.interp(at, at[h], row[h]) for row, h in zip(x, held, strict=True)])
    square = uniform_filter1d(np.square(keep_qrs(filled, fs_hz, denoise)), max(3, round(0.09 * fs_hz)), mode="nearest")
    return np.asarray(np.sqrt(np.maximum(square, 0.0)), dtype=np.float64)


def _usual_height(energy: Floats, fs_hz: float) -> Floats:
    """How high a beat is around each moment: the median, over 12 s, of what every 1.6 s reaches; shape (lead, time)."""
    step = max(1, round(0.1 * fs_hz))
    blocks = np.maximum.reduceat(energy, np.arange(0, energy.shape[1], step), axis=1)
    tops = maximum_filter1d(blocks, 16, axis=1, mode="nearest")
    window = min(121, tops.shape[1])
    level = np.percentile(sliding_window_view(tops, window, axis=1), 60, axis=2)
    centres = (np.arange(level.shape[1]) + window / 2) * step  # before the first and after the last, np.interp holds on
    return np.array([np.interp(np.arange(energy.shape[1]), centres, row) for row in level])


def _taper(size: int, edge: int) -> Floats:
    """1 inside a stretch, falling to nearly 0 over ``edge`` samples at both ends."""
    from_end = np.minimum(np.arange(size), np.arange(size)[::-1])
    return np.asarray(np.clip((from_end + 1.0) / (edge + 1.0), 0.0, 1.0), dtype=np.float64)


def _pick(energy: Floats, seen: Floats, fs_hz: float) -> NDArray[np.int64]:
    """Peaks of the joint energy that are beats."""
    if energy.size < 3:
        return np.zeros(0, dtype=np.int64)
    energy = energy * np.sqrt(seen)
    candidates, _ = find_peaks(energy, distance=max(1, round(_REFRACTORY_S * fs_hz)), height=_SEARCH_BACK)
    candidates = candidates.astype(np.int64)
    # at the record's very ends half a complex, or a T wave, may pose as a beat
    outer = np.minimum(candidates - np.argmax(seen > 0), energy.size - 1 - np.argmax(seen[::-1] > 0) - candidates)
    candidates = candidates[(outer > _EDGE_S * fs_hz) | (energy[candidates] >= _WHOLE)]
    height = energy[candidates]
    beats: NDArray[np.int64] = candidates[height >= _THRESHOLD]
    if beats.size < 3:
        return beats
    missing = []
    beats = _without_interlopers(beats, energy)
    rr = np.diff(beats)
    usual = np.median(rr)
    for k in np.flatnonzero(rr > 1.55 * usual):
        inside = (candidates > beats[k] + 0.4 * usual) & (candidates < beats[k + 1] - 0.4 * usual)
        near = np.median(energy[beats[max(0, k - 2) : k + 4]])
        inside &= height >= _SEARCH_BACK * max(1.0, near)
        if inside.any():
            options = candidates[inside]
            missing.append(options[np.argmax(energy[options])])
    found: NDArray[np.int64] = np.sort(np.concatenate([beats, np.array(missing, dtype=np.int64)]))
    return found


def _without_interlopers(beats: NDArray[np.int64], energy: Floats) -> NDArray[np.int64]:
    """Beats without the weak ones that split an interval of usual length: those are T waves."""
    if beats.size < 5:
        return beats
    usual, height = float(np.median(np.diff(beats))), energy[beats]
    around = beats[2:] - beats[:-2]
    weak = height[1:-1] < 0.6 * np.minimum(height[:-2], height[2:])
    keep = np.concatenate([[True], ~(weak & (around < 1.25 * usual)), [True]])
    return np.asarray(beats[keep], dtype=np.int64)


def _intervals(r: NDArray[np.int64], seen: Floats, fs_hz: float) -> tuple[Floats, NDArray[np.int64]]:
    """RR intervals in seconds, without those in which a beat may have gone unseen, and the beats they begin with."""
    rr = np.diff(r) / fs_hz
    if rr.size == 0:
        return np.zeros(0), np.zeros(0, dtype=np.int64)
    dim = np.concatenate([[0], np.cumsum(seen < 0.99)])
    blind_s = (dim[r[1:]] - dim[r[:-1]]) / fs_hz
    usual = float(np.median(rr[blind_s == 0])) if (blind_s == 0).any() else float(np.median(rr))
    keep = (blind_s == 0) | ((blind_s < 0.3) & (rr < 1.9 * usual))
    return np.asarray(rr[keep], dtype=np.float64), np.asarray(np.flatnonzero(keep), dtype=np.int64)
