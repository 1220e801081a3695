"""Figures of the classifier on labelled records."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyze.benchdiagnosis import measure_auc
from analyze.labelled import GROUPS, name_labels
from digitize.datasets.cinc import CincEntry
from digitize.datasets.ptbxl import PtbxlEntry


def test_order_alone_decides() -> None:
    truth = np.array([0.0, 0, 1, 1])
    assert measure_auc(truth, np.array([0.1, 0.2, 0.3, 0.4])) == 1.0
    assert measure_auc(truth, np.array([0.4, 0.3, 0.2, 0.1])) == 0.0
    assert measure_auc(truth, np.zeros(4)) == 0.5


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=2, max_size=30))
def test_it_is_the_share_of_pairs_in_order(drawn: list[tuple[bool, int]]) -> None:
    truth, score = np.array([t for t, _ in drawn], float), np.array([s for _, s in drawn], float)
    if 0 < truth.sum() < truth.size:
        above, below = score[truth > 0][:, None], score[truth == 0][None]
        pairs = np.mean((above > below) + 0.5 * (above == below))
        assert measure_auc(truth, score) == pytest.approx(pairs)


def test_both_data_sets_have_the_labels_of_the_card() -> None:
    common = {"record_id": "1", "path": Path("1.hea"), "patient_id": "1", "age_y": None, "sex": None, "fold": None}
    ours = PtbxlEntry(
        **common, labels=("NDT", "SR"), likelihoods={}, superclasses=("NORM", "STTC"), subclasses=("NORM", "STTC"),
        forms=(), rhythms=("SR",), infarction_stadium=(), report="",
    )  # fmt: skip
    theirs = CincEntry(
        **common, labels=("426783006",), source="", scored=(), scp=("NDT", "SR"), superclasses=("NORM", "STTC"),
        subclasses=("NORM", "STTC"),
    )  # fmt: skip
    for entry in (ours, theirs):
        assert [name_labels(entry, group) for group in GROUPS] == [("NORM", "STTC"), ("STTC_",), ("SR",)]
