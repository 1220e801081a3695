"""What counts as a lead's name when a text engine reads it."""

from __future__ import annotations

import pytest

from digitize.train.rivals import name_lead


@pytest.mark.parametrize(
    ("read", "meant"),
    [
        ("I", "I"),
        ("ll", "II"),
        ("|||", "III"),
        ("Ill", "III"),
        ("aVR", "aVR"),
        ("AVL.", "aVL"),
        ("Vl", "V1"),
        ("v6,", "V6"),
        ("25mm/s", None),
        ("VR", None),
        ("V7", None),
    ],
)
def test_a_word_is_taken_for_a_lead_generously(read: str, meant: str | None) -> None:
    assert name_lead(read) == meant
