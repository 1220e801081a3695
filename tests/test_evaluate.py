from __future__ import annotations

import json
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from rich.console import Console

from digitize.errors import NoEcgFound, UsageError
from digitize.evaluate import Bench, BenchRow, bench_json, bench_photos, bench_table, score_page, summarize
from digitize.formats import read_ecg, write_ecg
from digitize.record import FS_HZ, LEADS, Ecg


def paper_ecg(seed: int = 0, seconds: float = 10.0) -> Ecg:
    """Twelve unlike leads as a 3x4 sheet with rhythm strip II shows them: sharp beats of lead-specific shape."""
    rng = np.random.default_rng(seed)
    count = int(seconds * FS_HZ)
    time_s = np.arange(count) / FS_HZ
    signal_mv = np.zeros((count, 12))
    for column in range(12):
        for beat_s in np.arange(0.3, seconds, 0.83):
            for width_s in (0.012, 0.03, 0.08):
                delay_s = rng.uniform(-0.05, 0.1)
                signal_mv[:, column] += rng.normal(0, 0.5) * np.exp(-(((time_s - beat_s - delay_s) / width_s) ** 2))
    for column in range(12):
        begin = column // 3 * count // 4
        if LEADS[column] != "II":
            signal_mv[:begin, column] = np.nan
            signal_mv[begin + count // 4 :, column] = np.nan
    return Ecg(signal_mv, FS_HZ)


def changed(ecg: Ecg, **leads: np.ndarray | float) -> Ecg:
    signal_mv = ecg.signal_mv.copy()
    for name, values in leads.items():
        signal_mv[:, LEADS.index(name)] = values
    return Ecg(signal_mv, ecg.fs_hz)


TRUTH = paper_ecg()


def test_perfect_reading() -> None:
    score = score_page(TRUTH, TRUTH)
    assert score.snr_db == pytest.approx(120.0)
    assert score.pcc == pytest.approx(1.0)
    assert score.rmse_mv < 1e-6
    assert (score.leads_true, score.leads_found, score.leads_named) == (12, 12, 12)


def test_by_the_definition() -> None:
    """Signal and noise power summed over all leads: worked out here without windows or matrices."""
    noise = np.random.default_rng(3).normal(0, 0.05, TRUTH.signal_mv.shape)
    signal = error = 0.0
    for column in range(12):
        held = np.isfinite(TRUTH.signal_mv[:, column])
        truth, off = TRUTH.signal_mv[held, column], noise[held, column]
        signal += np.sum((truth - truth.mean()) ** 2)
        error += np.sum((off - off.mean()) ** 2)
    score = score_page(TRUTH, Ecg(TRUTH.signal_mv + noise, FS_HZ))
    assert all(lead.lag_s == 0 for lead in score.leads.values())
    assert score.snr_db == pytest.approx(10 * np.log10(signal / error), abs=1e-6)
    held = np.isfinite(TRUTH.signal_mv).sum()
    assert score.rmse_mv == pytest.approx(np.sqrt(error / held), abs=1e-9)


@settings(max_examples=15, deadline=None)
@given(lag=st.integers(-100, 100), offset_mv=st.floats(-3, 3), gain=st.floats(0.5, 1.5))
def test_lag_and_offset_are_forgiven_but_not_gain(lag: int, offset_mv: float, gain: float) -> None:
    moved = np.full_like(TRUTH.signal_mv, np.nan)
    for column in range(12):  # in the middle of the page, so that nothing is pushed off it
        values = np.where(np.isfinite(TRUTH.signal_mv[:, column]), TRUTH.signal_mv[:, column], np.nan)
        moved[:, column] = np.roll(values, lag)
    one = Ecg(TRUTH.signal_mv[:, 3:4], FS_HZ, ("aVR",))  # second column: has room on both sides
    score = score_page(one, Ecg(moved[:, 3:4] * gain + offset_mv, FS_HZ, ("aVR",)))
    assert score.leads["aVR"].lag_s == pytest.approx(lag / FS_HZ)
    assert score.snr_db == pytest.approx(min(120.0, -20 * np.log10(max(abs(gain - 1), 1e-6))), abs=0.01)


def test_a_lag_beyond_a_fifth_of_a_second_is_not_forgiven() -> None:
    late = Ecg(np.roll(TRUTH.signal_mv[:, 3:4], 150, axis=0), FS_HZ, ("aVR",))
    assert score_page(Ecg(TRUTH.signal_mv[:, 3:4], FS_HZ, ("aVR",)), late).snr_db < 3


def test_missing_counts_as_zero() -> None:
    read = changed(TRUTH, V1=np.nan)
    score = score_page(TRUTH, read)
    power = {name: lead.signal_mv2 for name, lead in score.leads.items()}
    assert score.leads["V1"].snr_db == pytest.approx(0.0)
    assert score.snr_db == pytest.approx(10 * np.log10(sum(power.values()) / power["V1"]))
    assert score.leads_found == score.leads_named == 11
    assert score_page(TRUTH, changed(TRUTH, **dict.fromkeys(LEADS, np.nan))).snr_db == pytest.approx(0.0)
    absent = Ecg(np.delete(TRUTH.signal_mv, 6, axis=1), FS_HZ, tuple(name for name in LEADS if name != "V1"))
    assert score_page(TRUTH, absent).snr_db == pytest.approx(score.snr_db)


def test_an_offset_of_the_truth_earns_nothing() -> None:
    noise = np.random.default_rng(3).normal(0, 0.05, TRUTH.signal_mv.shape)
    read = Ecg(TRUTH.signal_mv + noise, FS_HZ)
    lifted = Ecg(TRUTH.signal_mv + 5.0, FS_HZ)
    assert score_page(lifted, read).snr_db == pytest.approx(score_page(TRUTH, read).snr_db, abs=1e-6)
    gone = Ecg(np.full_like(TRUTH.signal_mv, np.nan), FS_HZ)
    assert score_page(lifted, gone).snr_db == pytest.approx(0.0)


def test_what_is_invented_where_nothing_was_printed_is_ignored() -> None:
    filled = np.where(np.isfinite(TRUTH.signal_mv), TRUTH.signal_mv, 0.0)
    assert score_page(TRUTH, Ecg(filled, FS_HZ)).snr_db == pytest.approx(120.0)


@pytest.mark.parametrize(("one", "other"), [("V1", "V2"), ("I", "III"), ("aVR", "aVF")])
def test_swapped_names_are_seen(one: str, other: str) -> None:
    swapped = changed(TRUTH, **{one: TRUTH.lead(other), other: TRUTH.lead(one)})
    score = score_page(TRUTH, swapped)
    assert not score.leads[one].named
    assert not score.leads[other].named
    assert (score.leads_found, score.leads_named) == (12, 10)


def test_a_lead_upside_down_is_not_correlated() -> None:
    score = score_page(TRUTH, changed(TRUTH, V4=-TRUTH.lead("V4")))
    assert score.leads["V4"].snr_db < 3
    assert score.pcc < score_page(TRUTH, TRUTH).pcc - 0.02


def test_another_rate_is_resampled() -> None:
    truth = Ecg(TRUTH.signal_mv[:, 1:2], FS_HZ, ("II",))
    fine = np.interp(np.arange(10_000) / 1000, truth.time_s, truth.lead("II"))
    score = score_page(truth, Ecg(fine[:, None], 1000.0, ("II",)))
    assert score.snr_db > 60


def test_truth_without_a_sample() -> None:
    with pytest.raises(ValueError, match="no sample"):
        score_page(changed(TRUTH, **dict.fromkeys(LEADS, np.nan)), TRUTH)


def test_st_error_in_microvolts_where_both_were_measured() -> None:
    nan = float("nan")
    score = score_page(TRUTH, TRUTH, {"I": 0.1, "II": 0.2, "V1": nan, "V2": 0.3}, {"I": 0.15, "V1": 0.0, "V2": nan})
    assert score.st_j_error_uv == {"I": pytest.approx(50.0)}


def row(page: str, snr_db: float | None, st_uv: dict[str, float] | None = None) -> BenchRow:
    if snr_db is None:
        return BenchRow(page, None, "no_ecg_found", 0.5, 1.0, 100.0)
    noise = np.random.default_rng(1).normal(0, 1, TRUTH.signal_mv.shape)
    score = score_page(TRUTH, Ecg(TRUTH.signal_mv + noise * 0.2 * 10 ** (-snr_db / 20), FS_HZ))
    return BenchRow(
        page, type(score)(**{**vars(score), "st_j_error_uv": st_uv or {}}), "", 2.0, 3.0, 400.0, "3x4+1", "ok"
    )


def test_summary_leaves_refused_pages_out_and_counts_them() -> None:
    rows = (row("a", 5.0, {"I": -100.0}), row("b", 10.0, {"I": 20.0, "II": 40.0}), row("c", 15.0), row("d", None))
    of = [r.score.snr_db for r in rows if r.score is not None]
    summary = summarize(rows)
    assert summary["snr_db_median"] == pytest.approx(of[1])
    assert summary["snr_db_mean"] == pytest.approx(np.mean(of))
    assert summary["snr_db_worst"] == pytest.approx(of[0])
    assert summary["snr_db_median_refused_as_0"] == pytest.approx((of[0] + of[1]) / 2)
    assert summary["refused_by_code"] == {"no_ecg_found": 1}
    assert (summary["pages"], summary["pages_read"], summary["pages_refused"]) == (4, 3, 1)
    assert summary["st_j_error_uv_median"] == pytest.approx(40.0)
    assert summary["st_j_error_uv_p95"] == pytest.approx(94.0)
    assert summary["seconds_worst"] == 2.0
    assert summary["peak_mb_worst"] == 400.0


@pytest.mark.parametrize("pages", [("a", "d"), ("d",), ("a",)])
def test_table_and_json(pages: tuple[str, ...]) -> None:
    rows = tuple(row(page, {"a": 5.0, "d": None}[page]) for page in pages)
    bench = Bench(rows, summarize(rows))
    console = Console(width=160, record=True, file=open(os.devnull, "w"))  # noqa: PTH123, SIM115
    console.print(bench_table(bench))
    console.file.close()
    text = console.export_text()
    assert ("refused: no_ecg_found" in text) == ("d" in pages)
    assert f"{len(pages) - ('d' in pages)} of {len(pages)} pages read" in text
    plain = json.loads(json.dumps(bench_json(bench), allow_nan=False))
    assert [p["page"] for p in plain["pages"]] == list(pages)
    assert plain["summary"]["st_j_error_uv_median"] is None


def fake_read(path: Path) -> Any:
    """Stands for the pipeline: the picture's brightness says what happens."""
    level = int(np.asarray(Image.open(path).convert("L"))[0, 0])
    if level == 0:
        raise NoEcgFound("no ECG")
    if level == 50:
        os._exit(3)
    if level == 100:
        import time

        time.sleep(60)
    held = np.ones(level * 1_000_000, np.uint8)  # that many megabytes
    truth = read_ecg(path.with_suffix(".csv"))
    noise = np.random.default_rng(0).normal(0, 0.01 * held[0], truth.signal_mv.shape)
    return SimpleNamespace(
        ecg=Ecg(truth.signal_mv + noise, truth.fs_hz), layout=SimpleNamespace(name="3x4+1"), status="ok"
    )


def fake_st_j_mv(ecg: Ecg) -> dict[str, float]:
    return {name: float(np.nanmax(ecg.lead(name))) for name in ecg.leads}


def make_page(folder: Path, name: str, level: int) -> None:
    Image.new("RGB", (8, 8), (level, level, level)).save(folder / f"{name}.png")
    write_ecg(TRUTH, folder / f"{name}.csv")


def test_bench_reads_each_page_in_its_own_process(tmp_path: Path) -> None:
    for name, level in {"a": 200, "b": 0, "c": 50, "e": 1}.items():
        make_page(tmp_path, name, level)
    Image.new("RGB", (8, 8)).save(tmp_path / "without_truth.png")
    (tmp_path / "labels.csv").write_text("page,label\n")
    seen: list[str] = []
    bench = bench_photos(tmp_path, read=fake_read, st_j_mv=fake_st_j_mv, jobs=2, on_row=lambda r: seen.append(r.page))
    assert [r.page for r in bench.rows] == ["a", "b", "c", "e"] == sorted(seen)
    assert [r.code for r in bench.rows] == ["", "no_ecg_found", "crashed", ""]
    first, refused, crashed, last = bench.rows
    assert first.score is not None
    assert last.score is not None
    assert first.score.leads_named == 12
    assert len(first.score.st_j_error_uv) == 12
    assert first.layout == "3x4+1"
    assert 0 < first.seconds < first.cold_s
    assert first.peak_mb - last.peak_mb == pytest.approx(199, abs=60)  # a's memory is not held against e
    assert refused.score is None
    assert np.isnan(crashed.seconds)
    assert bench.summary["refused_by_code"] == {"crashed": 1, "no_ecg_found": 1}


def test_bench_gives_up_on_a_page_that_hangs(tmp_path: Path) -> None:
    make_page(tmp_path, "a", 100)
    assert bench_photos(tmp_path, read=fake_read, timeout_s=1.0).rows[0].code == "timeout"


def test_bench_without_pages(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "absent"):
        with pytest.raises(UsageError):
            bench_photos(folder)
