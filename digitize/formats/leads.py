"""Lead names as files write them, and the leads that follow from others."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np

from digitize.record import LEADS, Ecg

_STANDARD = {name.lower(): name for name in LEADS}
_PREFIX = re.compile(r"^(?:MDC_ECG_LEAD_|(?:ECG|EKG|lead|ch)[ _:.-]+)", re.IGNORECASE)
_UNIT_SUFFIX = re.compile(r"[ _]*[\[(]?(?<![A-Za-z])mV[\])]?$", re.IGNORECASE)

_FROM_I_AND_II = {"III": (-1.0, 1.0), "aVR": (-0.5, -0.5), "aVL": (1.0, -0.5), "aVF": (-0.5, 1.0)}
"""Weights of I and II: Einthoven's law (III = II - I) and Goldberger's leads, the mean against the third."""

_MIN_STANDARD = 6


def name_lead(written: str) -> str:
    """The usual name of a lead, such as ``"aVR"`` for ``"AVR"``, ``"ECG avr"`` or ``"MDC_ECG_LEAD_aVR"``.

    Names that are none of the twelve (``"MLII"``, ``"V3R"``) stay as they are: they are other leads.
    """
    name = written.strip().strip('"').strip()
    bare = _UNIT_SUFFIX.sub("", _PREFIX.sub("", name)).strip() or name
    return _STANDARD.get(bare.lower(), bare)


def name_leads(written: list[str]) -> tuple[str, ...]:
    """The usual names of a file's leads; a name met again is numbered (``"ECG"``, ``"ECG 2"``)."""
    seen: Counter[str] = Counter()
    names = []
    for name in map(name_lead, written):
        seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name} {seen[name]}")
    return tuple(names)


def arrange(ecg: Ecg) -> Ecg:
    """A standard ECG as its twelve leads in the usual order; anything else unchanged.

    Standard is what holds at least six of the twelve leads, and no other. A limb lead that the file does not have is
    derived where I and II both hold a sample; other leads that it does not have are NaN. A lead that the file has, but
    blank, stays blank: nothing is filled in.

    Parameters
    ----------
    ecg : Ecg

    Returns
    -------
    Ecg
    """
    if len(ecg.leads) < _MIN_STANDARD or not set(ecg.leads) <= set(LEADS):
        return ecg
    signal_mv = np.full((ecg.signal_mv.shape[0], len(LEADS)), np.nan)
    for column, name in enumerate(LEADS):
        if name in ecg.leads:
            signal_mv[:, column] = ecg.lead(name)
        elif name in _FROM_I_AND_II and {"I", "II"} <= set(ecg.leads):
            of_i, of_ii = _FROM_I_AND_II[name]
            signal_mv[:, column] = of_i * ecg.lead("I") + of_ii * ecg.lead("II")
    return Ecg(signal_mv, ecg.fs_hz)
