"""Figures of the classifier on labelled records."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyze.benchdiagnosis import measure_auc


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
