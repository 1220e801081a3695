"""ST at the J point by lead, as the bench compares it between truth and page."""

from __future__ import annotations

import math

from digitize.record import Ecg


def st_j_by_lead(ecg: Ecg) -> dict[str, float]:
    """ST level at the J point in millivolts by lead; NaN where it cannot be measured. Picklable, for the bench."""
    from analyze.measure import measure

    return {level.lead: math.nan if level.j_mv is None else level.j_mv for level in measure(ecg).st}
