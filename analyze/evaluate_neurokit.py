"""NeuroKit2's wavelet delineation on LUDB, scored as ours is: ``python -m analyze.evaluate_neurokit DIR``.

For comparison only: NeuroKit2 is no dependency of this project; install it beside it (``pip install neurokit2``). Each
lead by itself, as its functions take one: its own cleaning, its own R peaks, ``ecg_delineate(method="dwt")``.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import numpy as np

from analyze.benchtable import wave_lines
from analyze.evaluate import Floats, Spans, bench_ludb
from digitize.record import Ecg

_NAMES = {
    "p": ("ECG_P_Onsets", "ECG_P_Peaks", "ECG_P_Offsets"),
    "qrs": ("ECG_R_Onsets", "", "ECG_R_Offsets"),
    "t": ("ECG_T_Onsets", "ECG_T_Peaks", "ECG_T_Offsets"),
}


def find_spans(ecg: Ecg) -> dict[str, Spans]:
    """Waves by lead as NeuroKit2 finds them; none in a lead that it cannot take."""
    return {lead: _find(ecg.lead(lead), ecg.fs_hz) for lead in ecg.leads}


def _find(x_mv: Floats, fs_hz: float) -> Spans:
    import neurokit2

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            cleaned = neurokit2.ecg_clean(x_mv, sampling_rate=round(fs_hz))
            r = neurokit2.ecg_peaks(cleaned, sampling_rate=round(fs_hz))[1]["ECG_R_Peaks"]
            _, found = neurokit2.ecg_delineate(cleaned, r, sampling_rate=round(fs_hz), method="dwt")
        except (ValueError, IndexError, ZeroDivisionError, KeyError):
            return {wave: np.zeros((0, 3)) for wave in _NAMES}
    return {
        wave: np.stack([np.asarray(found[name] if name else r, dtype=float) for name in names], axis=1) / fs_hz
        for wave, names in _NAMES.items()
    }


if __name__ == "__main__":
    print("\n".join(wave_lines(bench_ludb(Path(sys.argv[1]), find_spans))))
