"""The bench of beat classes: what is counted, and how wide its intervals are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from analyze.benchbeats import (
    KINDS,
    VIEWS,
    ClassBench,
    bootstrap_f1,
    class_figures,
    class_lines,
    compare_beats,
    list_side,
    score_classes,
)
from digitize.errors import UsageError

N, S, V = (KINDS.index(c) for c in "NSV")


def bench(*rows: np.ndarray, patients: tuple[str, ...]) -> ClassBench:
    return ClassBench("DS2", patients, patients, dict.fromkeys(VIEWS, np.stack(rows)))


def confusion(hit: int, missed: int, made_up: int) -> np.ndarray:
    table = np.zeros((len(KINDS), len(KINDS)), dtype=np.int64)
    table[V, V], table[V, N], table[N, V], table[N, N] = hit, missed, made_up, 100
    return table


def test_scores_follow_their_definitions() -> None:
    se, ppv, f1 = score_classes(confusion(60, 20, 40))["V"]
    assert (se, ppv) == (0.75, 0.6)
    assert np.isclose(f1, 2 * 0.75 * 0.6 / 1.35)
    assert score_classes(confusion(60, 20, 40))["S"] == (0.0, 0.0, 0.0)


def test_missed_and_made_up_beats_are_errors() -> None:
    r, at = np.array([100, 400, 700]), np.array([104, 550, 702])
    table = compare_beats(r, np.array(["N", "V", "S"]), at, np.array(["N", "N", "N"]), within=54)
    assert (table[N, N], table[V, -1], table[-1, N], table[S, N]) == (1, 1, 1, 1)
    inside = compare_beats(r, np.array(["N", "V", "S"]), at, np.array(["N", "N", "N"]), within=54, inside=(600, 800))
    assert (inside.sum(), inside[N, N], inside[S, N]) == (2, 1, 1)


def test_intervals_are_over_patients() -> None:
    good, bad = confusion(80, 0, 0), confusion(0, 80, 80)
    low, high = bootstrap_f1(bench(good, bad, patients=("a", "b")), VIEWS[0])["V"]
    assert (low, high) == (0.0, 1.0)
    low, high = bootstrap_f1(bench(good, bad, patients=("a", "a")), VIEWS[0])["V"]
    assert low == high


def test_lines_and_figures_say_the_same() -> None:
    measured = bench(confusion(60, 20, 40), patients=("a",))
    assert class_figures(measured)[VIEWS[0]]["classes"]["V"]["f1"] == score_classes(confusion(60, 20, 40))["V"][2]
    assert any("V  Se  75.0  +P  60.0  F1 0.667" in line for line in class_lines(measured))


def test_there_are_two_sides(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="DS3"):
        list_side(tmp_path, "DS3")
