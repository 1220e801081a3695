from __future__ import annotations

import pytest

from digitize.record import LEADS
from digitize.sheets import load_layouts


def test_the_usual_sheets_are_known() -> None:
    assert set(load_layouts()) >= {"3x4", "3x4+1", "3x4+3", "6x2", "6x2+1", "12x1"}


@pytest.mark.parametrize("name", load_layouts())
def test_every_sheet_shows_all_twelve_leads_once_for_ten_seconds(name: str) -> None:
    sheet = load_layouts()[name]
    assert sorted(lead for row in sheet.rows for lead in row) == sorted(LEADS)
    assert {len(row) for row in sheet.rows} == {sheet.columns}
    assert set(sheet.strips) <= set(LEADS)
    assert sheet.duration_s == 10
