"""The bench of rhythm: labels of every data set under one name, and what is counted against them."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from analyze import benchrhythm
from analyze.benchrhythm import (
    Labelled,
    RhythmBench,
    RhythmRow,
    bench_rhythm,
    draw_records,
    list_rhythms,
    rhythm_figures,
    rhythm_lines,
)
from digitize.datasets import ludb, mitbih, ptbxl
from digitize.datasets.entry import Entry, Listing
from digitize.record import Ecg
from digitize.synth.heart import simulate


def row(name: str, labels: str, *said: str) -> RhythmRow:
    return RhythmRow(name, frozenset(labels.split()), frozenset(said))


BENCH = RhythmBench(
    "whole",
    (
        row("1", "AFIB PVC", "AF"),
        row("2", "AFIB"),
        row("3", "SR PVC", "AF"),
        row("4", "SR", "sinus"),
        row("5", "AFLT", "AF"),
    ),
)


def test_what_is_said_of_fibrillation_is_no_false_alarm_elsewhere() -> None:
    assert BENCH.count("AF", "AFIB") == (1, 2)
    assert BENCH.count("AF", "PVC") == (1, 1)
    assert BENCH.others("AF", "AFIB", "AFLT") == (1, 2)
    assert "AF       of 2 without AFIB or AFLT: 1, specificity 50.0 %" in rhythm_lines(BENCH)
    assert rhythm_figures(BENCH)["labels"]["AFIB"]["AF"] == 1


@pytest.mark.parametrize("form", ["whole", "3x4"])
def test_records_are_named_in_the_form_asked_for(form: str) -> None:
    kinds = {"SR": "normal", "AFIB": "afib"}
    records = [
        Labelled(label, frozenset({label}), lambda kind=kind: simulate(kind, seed=1, noise_mv=0.01).ecg)  # type: ignore[misc]
        for label, kind in kinds.items()
    ]
    told: list[str] = []
    bench = bench_rhythm(records, form, told.append)
    assert {r.name: "AF" in r.said for r in bench.rows} == {"SR": False, "AFIB": True}
    assert told == ["SR", "AFIB"]


def test_labels_of_every_data_set_have_one_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    about = ("1", Path("1.hea"), "1", None, None)
    of_ludb = ludb.LudbEntry(*about, ("Atrial fibrillation", "I degree AV block", "Iii degree av-block"), None, {})
    monkeypatch.setattr(ludb, "records", lambda folder: Listing((of_ludb,), 0))
    of_ptbxl = SimpleNamespace(record_id="2", labels=("SR", "NORM", "PVC"))
    monkeypatch.setattr(ptbxl, "records", lambda folder: Listing((of_ptbxl,), 0))
    (tmp_path / "ludb.csv").touch()
    assert list_rhythms(tmp_path)[0].labels == {"AFIB", "1AVB", "3AVB"}
    (tmp_path / "ptbxl_database.csv").touch()
    assert list_rhythms(tmp_path)[0].labels == {"SR", "PVC"}


def test_mit_bih_is_cut_into_strips_within_one_rhythm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = Entry("100", Path("100.hea"), "100", None, None, (), None)
    ecg = Ecg(np.arange(10000.0)[:, None], 100.0, ("II",))
    spans = (mitbih.Rhythm(0, 2500, "N"), mitbih.Rhythm(2500, 5000, "IVR"), mitbih.Rhythm(5000, 6999, "BII"))
    monkeypatch.setattr(mitbih, "records", lambda folder: Listing((entry,), 0))
    monkeypatch.setattr(mitbih, "rhythms", lambda entry: spans)
    monkeypatch.setattr(benchrhythm, "load", lambda entry: ecg)
    monkeypatch.setattr(benchrhythm, "_load_once", lambda entry: ecg)
    (tmp_path / "100.atr").touch()
    strips = list_rhythms(tmp_path)
    assert [(s.name, sorted(s.labels)) for s in strips] == [
        ("100+0s", ["SR"]), ("100+10s", ["SR"]), ("100+50s", ["2AVB"]),
    ]  # fmt: skip
    assert strips[2].read().signal_mv[0, 0] == 5000.0


def test_of_each_label_so_many_are_drawn_and_rare_ones_are_all_kept() -> None:
    common = [Labelled(str(k), frozenset({"SR"}), lambda: None) for k in range(50)]  # type: ignore[arg-type, return-value]
    rare = [Labelled(f"r{k}", frozenset({"SR", "AFLT"}), lambda: None) for k in range(3)]  # type: ignore[arg-type, return-value]
    drawn = draw_records([*common, *rare], 5, 1)
    assert {r.name for r in rare} <= {r.name for r in drawn} and 5 <= len(drawn) <= 8
    assert drawn == draw_records([*common, *rare], 5, 1)
