"""What is left of a lead when only its QRS complexes are wanted: for finding beats, never for measuring them."""

from __future__ import annotations

from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfiltfilt

Floats = NDArray[np.float64]
Denoise = Literal["band-pass", "wavelet"]

_BAND_HZ = (8.0, 25.0)  # most of a QRS complex, little of P and T (Elgendi 2010)
_WAVES_HZ = (7.0, 30.0)  # middles of the octaves kept, which overlap that band
_PAD_S = 0.3
_WAVELET = "sym4"  # near to a QRS complex in shape


def keep_qrs(x: Floats, fs_hz: float, how: Denoise) -> Floats:
    """Keep what is as quick as a QRS complex.

    Parameters
    ----------
    x : ndarray, shape (..., time)
        Millivolts, without gaps.
    fs_hz : float
    how : {"band-pass", "wavelet"}
        A zero-phase Butterworth filter of 8 to 25 Hz; or those details of a wavelet transform that lie in that band
        and above the universal threshold of Donoho and Johnstone (1994, doi 10.1093/biomet/81.3.425).

    Returns
    -------
    ndarray, shape (..., time)
        Millivolts.
    """
    return _band_pass(x, fs_hz) if how == "band-pass" else _threshold_wavelets(x, fs_hz)


def _band_pass(x: Floats, fs_hz: float) -> Floats:
    pad = min(x.shape[-1] - 1, round(_PAD_S * fs_hz))
    return np.asarray(sosfiltfilt(_design(fs_hz), x, padlen=pad), dtype=np.float64)


@cache
def _design(fs_hz: float) -> Floats:
    """Sections of the band-pass filter at a rate."""
    band_hz = (_BAND_HZ[0], min(_BAND_HZ[1], 0.45 * fs_hz))
    return np.asarray(butter(2, band_hz, "bandpass", fs=fs_hz, output="sos"), dtype=np.float64)


def _threshold_wavelets(x: Floats, fs_hz: float) -> Floats:
    """Stationary transform: unlike the decimated one it sees a complex the same wherever it falls."""
    import pywt

    levels, size = max(1, round(np.log2(fs_hz / _BAND_HZ[0])) - 1), x.shape[-1]
    pad = round(_PAD_S * fs_hz)
    sides = [*[(0, 0)] * (x.ndim - 1), (pad, pad + -(size + 2 * pad) % 2**levels)]
    parts = pywt.swt(np.pad(x, sides, mode="symmetric"), _WAVELET, level=levels, trim_approx=True, norm=True)
    noise = (
        np.median(np.abs(parts[-1]), axis=-1, keepdims=True) / 0.6745
    )  # of the finest details, which hold little else
    least = noise * np.sqrt(2.0 * np.log(size))
    kept = [np.zeros_like(parts[0])]
    for level, detail in zip(range(levels, 0, -1), parts[1:], strict=True):
        middle_hz = fs_hz / 2 ** (level + 0.5)  # a detail holds half an octave to either side
        inside = _WAVES_HZ[0] <= middle_hz <= _WAVES_HZ[1]
        kept.append(np.where(np.abs(detail) >= least, detail, 0.0) if inside else np.zeros_like(detail))
    return np.asarray(pywt.iswt(kept, _WAVELET, norm=True)[..., pad : pad + size], dtype=np.float64)
