"""What must be known of an ECG before an ST rule may speak: wide QRS, left bundle branch block, hypertrophy."""

from __future__ import annotations

from analyze.measurements import Amplitude, Measurements
from digitize.record import Patient

_WIDE_QRS_MS = 120.0
_SOKOLOW_MV = 3.5  # S in V1 + the taller R of V5 and V6 (Sokolow and Lyon 1949)
_AVL_MV = 1.1  # R in aVL
_CORNELL_MV = {"male": 2.8, "female": 2.0, None: 2.8}  # R in aVL + S in V3 (Casale 1987)


def find_facts(measurements: Measurements, patient: Patient) -> dict[str, bool | None]:
    """Facts the rules ask for; None where the ECG does not show enough to tell.

    Returns
    -------
    dict of str to bool or None
        ``wide_qrs``: QRS of 120 ms or longer. ``lbbb``: wide and mostly negative in V1, as in left bundle branch block
        and in right ventricular pacing. ``lvh``: a voltage criterion of left ventricular hypertrophy.
    """
    height = {a.lead: a for a in measurements.amplitudes}
    wide = None if measurements.qrs_ms is None else measurements.qrs_ms >= _WIDE_QRS_MS
    v1 = height.get("V1")
    negative = None if v1 is None else -v1.s_mv > v1.r_mv
    lbbb = False if wide is False or negative is False else True if wide and negative else None
    return {"wide_qrs": wide, "lbbb": lbbb, "lvh": _hypertrophy(height, patient)}


def _hypertrophy(height: dict[str, Amplitude], patient: Patient) -> bool | None:
    """Whether any voltage criterion is met; None when none is and one could not be tested."""
    tests: list[bool | None] = []
    lateral = [height[lead].r_mv for lead in ("V5", "V6") if lead in height]
    tests.append(-height["V1"].s_mv + max(lateral) >= _SOKOLOW_MV if "V1" in height and lateral else None)
    tests.append(height["aVL"].r_mv >= _AVL_MV if "aVL" in height else None)
    both = "aVL" in height and "V3" in height
    tests.append(height["aVL"].r_mv - height["V3"].s_mv > _CORNELL_MV[patient.sex] if both else None)
    if any(tests):
        return True
    return None if None in tests else False
