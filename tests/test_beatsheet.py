"""The sheet of misread beats: the commonest confusion first, every strip with what is annotated around it."""

from __future__ import annotations

import numpy as np

from analyze.beatsheet import Misread, _in_turn, draw_misread


def misread(record: str, at_s: float) -> Misread:
    trace = np.sin(np.arange(1657) / 50.0)
    trace[:30] = np.nan
    return Misread(record, at_s, "S", "N", trace, 360.0, ((-0.8, "N", "N"), (0.0, "S", "N")))


def test_records_take_turns() -> None:
    shown = _in_turn([[misread("1", k) for k in range(100)], [misread("2", 7.0)]])
    assert [m.record_id for m in shown].count("2") == 1
    assert len(shown) == 7
    assert {m.at_s for m in shown if m.record_id == "1"} >= {0, 99}


def test_the_sheet_says_what_was_called_what() -> None:
    sheet = draw_misread([("S", "N", 101, [misread("<b>", 1.0)])])
    assert "S called N: 101 beats" in sheet
    assert ">S/N</text>" in sheet
    assert "<b>" not in sheet
    assert "nan" not in sheet
