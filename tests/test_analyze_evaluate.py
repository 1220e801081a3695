"""The benches of beats, waves and rules: counted by hand on invented annotations."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from analyze import evaluate, evaluate_neurokit
from analyze.benchrules import GROUPS, RuleBench, RuleRow, draw_groups, published_codes
from analyze.benchtable import group_figures, group_lines, rule_figures, rule_lines, wave_figures, wave_lines
from analyze.evaluate import Found, Spans, add_up, bench_ludb, match_nearest
from analyze.rules.words import Finding
from digitize.datasets import ludb, ptbxl
from digitize.datasets.entry import Listing
from digitize.record import Ecg


def test_pairs_are_each_others_nearest_and_near() -> None:
    found, truth = np.array([1.0, 1.1, 3.0, 5.2]), np.array([1.08, 3.1, 5.0])
    assert match_nearest(found, truth, 0.15) == [(1, 0), (2, 1)]
    assert match_nearest(np.zeros(0), truth, 0.15) == []


def test_shares_of_nothing_are_zero_and_counts_add_up() -> None:
    assert Found(0, 0, 0).sensitivity == Found(0, 0, 0).ppv == 0.0
    total = add_up([Found(9, 1, 0), Found(9, 0, 2)])
    assert (total.sensitivity, total.ppv) == (18 / 19, 18 / 20)


def spans(peaks_s: list[float]) -> np.ndarray:
    return np.array([[p - 0.04, p, p + 0.05] for p in peaks_s]).reshape(-1, 3)


def test_ludb_counts_what_lies_within_the_annotated_span(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = ludb.LudbEntry("1", Path("1.hea"), "1", None, None, (), None, {})
    wave, none = ludb.Wave(*spans([2.0, 3.0, 4.0]).T), ludb.Wave(*spans([]).T)
    monkeypatch.setattr(ludb, "records", lambda folder: Listing((entry,), 0))
    monkeypatch.setattr(ludb, "fiducials", lambda entry: {"II": ludb.Fiducials(none, wave, none)})
    monkeypatch.setattr(evaluate, "load_ludb", lambda entry: Ecg(np.zeros((10, 1)), 500.0, ("II",)))

    def find(_: Ecg) -> Mapping[str, Spans]:
        # one before the span, one missed, one made up inside; the others come 10 ms late
        return {"II": {"p": spans([]), "qrs": spans([1.0, 2.01, 2.5, 4.01]), "t": spans([])}}

    bench = bench_ludb(Path(), find)
    qrs = bench.found["qrs"]
    assert (qrs.matched, qrs.missed, qrs.made_up) == (2, 1, 1)
    np.testing.assert_allclose(bench.error_ms["QRS on"], [10.0, 10.0])
    assert list(bench.misses) == ["1"]
    assert any("QRS on" in line and "+10.0 ± 0.0" in line for line in wave_lines(bench) if "nan" not in line)


def test_rules_are_counted_among_the_called_and_the_rest() -> None:
    met = Finding("stemi.udmi4", "met", "ST elevation: met.")
    bench = RuleBench(
        (
            RuleRow("7", True, (met,), ()),
            RuleRow("8", True, (), ()),
            RuleRow("9", False, (met,), ()),
            *(RuleRow(str(k), False, (), ()) for k in range(10, 13)),
        )
    )
    assert bench.count(stemi=True) == (1, 2)
    assert bench.count(stemi=False, codes={"stemi.udmi4"}) == (1, 4)
    assert bench.count(stemi=False, codes={"stemi.other"}) == (0, 4)
    assert "any rule: 1 of 2 met; specificity 75.0 % of 4" in rule_lines(bench)
    assert rule_figures(bench)["others_met"] == {"9": ["ST elevation: met."]}


def test_figures_without_a_single_wave_hold_no_nan() -> None:
    bench = evaluate.WaveBench(0, {"p": Found(0, 0, 0)}, {"P on": np.zeros(0)}, {})
    assert wave_figures(bench)["error_ms"]["P on"] == {"mean": None, "sd": None, "n": 0}


def ptbxl_entry(number: int, patient: str, superclasses: tuple[str, ...], *stadium: str) -> ptbxl.PtbxlEntry:
    return ptbxl.PtbxlEntry(
        record_id=str(number),
        path=Path(f"{number}.hea"),
        patient_id=patient,
        age_y=50.0,
        sex="male",
        labels=(),
        fold=1,
        likelihoods={},
        superclasses=superclasses,
        subclasses=(),
        forms=(),
        rhythms=(),
        infarction_stadium=stadium,
        report="",
    )


def test_groups_of_ptbxl_are_drawn_the_same_way_and_no_patient_twice() -> None:
    entries = [
        *(ptbxl_entry(k, f"n{k}", ("NORM",)) for k in range(20)),
        *(ptbxl_entry(k, "one", ("STTC",)) for k in range(20, 25)),
        ptbxl_entry(30, "a", ("MI",), "Stadium I"),
        ptbxl_entry(31, "b", ("CD", "MI"), "Stadium III"),
        ptbxl_entry(32, "c", ("MI", "NORM")),
        ptbxl_entry(33, "d", ("CD", "NORM")),
        ptbxl_entry(34, "e", ()),
    ]
    drawn = draw_groups(entries, 5, 1)
    assert {group: len(held) for group, held in drawn.items()} == dict(zip(GROUPS, (5, 1, 1, 2), strict=True))
    assert drawn == draw_groups(entries[::-1], 5, 1)
    assert drawn != draw_groups(entries, 5, 2)


def test_rules_of_our_own_are_told_apart() -> None:
    ours = Finding("stemi.evolving", "met", "Evolving: met.")
    bench = {GROUPS[0]: RuleBench((RuleRow("1", False, (ours,), ()), RuleRow("2", False, (), ())))}
    assert "stemi.evolving" not in published_codes() and "stemi.udmi4" in published_codes()
    figures = group_figures(bench)[GROUPS[0]]
    assert (figures["met"], figures["met_published"], figures["by_rule"]) == (1, 0, {"stemi.evolving": 1})
    assert "normal: 1 of 2 meet one (50.0 %), 0 one of published limits" in group_lines(bench)


def test_waves_of_neurokit_come_in_seconds_and_none_where_it_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def delineate(cleaned: np.ndarray, r: np.ndarray, **_: object) -> tuple[None, dict[str, list[float]]]:
        if not cleaned.any():
            raise ValueError("flat")
        names = [name for wave in ("P", "R", "T") for name in (f"ECG_{wave}_Onsets", f"ECG_{wave}_Offsets")]
        marks = {name: [50.0 * k, np.nan] for k, name in enumerate([*names, "ECG_P_Peaks", "ECG_T_Peaks"])}
        return None, marks

    fake = SimpleNamespace(
        ecg_clean=lambda x, sampling_rate: x,
        ecg_peaks=lambda x, sampling_rate: (None, {"ECG_R_Peaks": np.array([125, 625])}),
        ecg_delineate=delineate,
    )
    monkeypatch.setitem(sys.modules, "neurokit2", fake)
    signal = np.stack([np.ones(1000), np.zeros(1000)], axis=1)
    found = evaluate_neurokit.find_spans(Ecg(signal, 500.0, ("I", "II")))
    np.testing.assert_allclose(found["I"]["qrs"], [[0.2, 0.25, 0.3], [np.nan, 1.25, np.nan]])
    assert all(found["II"][wave].shape == (0, 3) for wave in ("p", "qrs", "t"))
