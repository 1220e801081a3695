"""The fixed suite and its bench: the same seed is the same page, and the table tells what hurts."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from api import cli
from digitize import benchsuite
from digitize.benchplot import check_plot, draw_suite
from digitize.benchsuite import SuiteBench, SuiteRow, bench_suite, sum_levels
from digitize.benchtable import suite_json, suite_table
from digitize.errors import MissingPart, NoEcgFound, UsageError
from digitize.formats import decode_ecg, encode_ecg, write_ecg
from digitize.record import LEADS, Ecg
from digitize.synth.heart import simulate
from digitize.synth.suite import BASE, Level, PlannedPage, draw_records, load_suite, plan_suite
from digitize.synth.suitepages import DrawnPage, draw_planned


def test_the_suite_varies_one_thing_at_a_time() -> None:
    levels = load_suite()
    base = levels[0]
    assert base.factor == BASE and base.print["layout"] == "3x4+1"
    assert len({(level.factor, level.name) for level in levels}) == len(levels)
    for level in levels[1:]:
        changed = {key for key in level.print if base.print.get(key) != level.print[key]}
        if level.figure is None and level.photo is None and not level.effects:
            assert len(changed) == 1, level
        else:
            assert changed <= {"dpi"}
    assert {"12x1", "3x4+3"} <= {level.name for level in levels if level.factor == "layout"}
    assert [level.photo for level in levels if level.factor == "photo"] == [0.0, 0.25, 0.5, 0.75, 1.0]


def test_the_same_seed_plans_the_same_pages() -> None:
    plan = plan_suite(7, 2)
    assert plan == plan_suite(7, 2)
    assert plan != plan_suite(8, 2)
    assert len(plan) == 2 * len(load_suite())
    assert len({(page.index, page.seed) for page in plan}) == 2  # one heart for each page of a level
    assert {page.level.factor for page in plan_suite(7, 1, only=("gain",))} == {BASE, "gain"}
    with pytest.raises(UsageError, match="no factor 'weather'"):
        plan_suite(7, 1, only=("weather",))


@pytest.mark.parametrize(("factor", "which"), [("gain", 1), ("photo", -1), ("matplotlib", 1)])
def test_the_same_seed_draws_the_same_page(factor: str, which: int) -> None:
    def draw(seed: int, dpi: float = 60.0) -> bytes:
        page = plan_suite(seed, 1, only=(factor,))[which]
        level = page.level
        small = replace(level, print=dict(level.print) | {"dpi": dpi}, figure=level.figure and {"dpi": dpi})
        return draw_planned(replace(page, level=small)).data

    assert draw(3) == draw(3)
    assert draw(3) != draw(4)


def test_every_line_of_the_suite_changes_the_page() -> None:
    pages = {}
    for page in plan_suite(3, 1):
        level = page.level
        if level.photo is None and level.figure is None and not level.effects and level.factor != "dpi":
            small = replace(level, print=dict(level.print) | {"dpi": 40.0})
            pages[level.factor, level.name] = draw_planned(replace(page, level=small)).data
    assert len(pages) == len(set(pages.values()))


def test_levels_show_the_same_heart() -> None:
    base, other = (page for page in plan_suite(5, 1, only=("gain",))[:2])
    small = [
        replace(page, level=replace(page.level, print=dict(page.level.print) | {"dpi": 30.0})) for page in (base, other)
    ]
    one, two = (draw_planned(page).truth.signal_mv for page in small)
    assert np.array_equal(one, two, equal_nan=True)


def test_records_are_those_that_fill_a_page(tmp_path: Path) -> None:
    heart = simulate(seed=1).ecg
    for name in ("a", "b", "c"):
        write_ecg(heart, tmp_path / f"{name}.hea")
    write_ecg(simulate(duration_s=3).ecg, tmp_path / "short.hea")
    write_ecg(Ecg(heart.signal_mv[:, :2], 500.0, LEADS[:2]), tmp_path / "two.hea")
    (tmp_path / "broken.hea").write_text("broken 12 500\n")
    drawn = draw_records(tmp_path, 1, 3)
    assert sorted(path.stem for path in drawn) == ["a", "b", "c"]
    assert drawn == draw_records(tmp_path, 1, 3)
    with pytest.raises(UsageError, match="holds 3 records"):
        draw_records(tmp_path, 1, 4)
    page = plan_suite(1, 1, only=("gain",), records=tmp_path)[0]
    assert page.record in drawn
    small = replace(page, level=replace(page.level, print=dict(page.level.print) | {"dpi": 30.0}))
    assert (
        np.nanmax(
            np.abs(
                draw_planned(small).truth.signal_mv
                - np.where(np.isfinite(draw_planned(small).truth.signal_mv), heart.signal_mv, np.nan)
            )
        )
        < 2e-3
    )


TRUTH = simulate("normal", seed=1).ecg


def planned(factor: str, index: int = 0, level: str = "x") -> PlannedPage:
    return PlannedPage(Level(factor, level), index, 1)


def fake_draw(page: PlannedPage) -> DrawnPage:
    """A page whose bytes are its truth; its factor says what the reader shall make of it."""
    if page.level.factor == "undrawable":
        raise ValueError("does not fit")
    return DrawnPage(page.level.factor.encode().ljust(16) + encode_ecg(TRUTH, ".csv"), TRUTH)


def fake_read(data: bytes) -> Any:
    fate = data[:16].decode().strip()
    if fate == "refused":
        raise NoEcgFound("no ECG")
    if fate == "crash":
        os._exit(3)
    if fate == "defect":
        raise ZeroDivisionError
    if fate == "hang":
        time.sleep(60)
    truth = decode_ecg(data[16:], ".csv")
    noise_mv = 1.0 if fate in ("wrong", "doubtful") else 0.01
    noise = np.random.default_rng(0).normal(0, noise_mv, truth.signal_mv.shape)
    return SimpleNamespace(
        ecg=Ecg(truth.signal_mv + noise, truth.fs_hz), status="partial" if fate == "doubtful" else "ok"
    )


def fake_st_j_mv(ecg: Ecg) -> dict[str, float]:
    return {"II": float(np.nanmean(ecg.lead("II")))}


def test_each_page_gets_its_row_whatever_becomes_of_it() -> None:
    fates = (BASE, "wrong", "doubtful", "refused", "undrawable", "crash", "defect")
    seen: list[str] = []
    bench = bench_suite(
        [planned(fate) for fate in fates],
        read=fake_read,
        draw=fake_draw,
        st_j_mv=fake_st_j_mv,
        on_row=lambda row: seen.append(row.factor),
    )
    assert [row.factor for row in bench.rows] == list(fates) == seen
    base, wrong, doubtful, *others = bench.rows
    assert base.snr_db > 20 and base.status == "ok" and not base.wrong_as_ok
    assert len(base.st_j_error_uv) == 1
    assert wrong.snr_db < 5 and wrong.wrong_as_ok
    assert doubtful.snr_db < 5 and not doubtful.wrong_as_ok
    assert [row.code for row in others] == ["no_ecg_found", "not_drawn", "crashed", "crashed"]
    assert all(np.isnan(row.snr_db) for row in others)


def test_a_page_that_hangs_costs_itself_only() -> None:
    bench = bench_suite([planned("hang"), planned(BASE)], read=fake_read, draw=fake_draw, jobs=2, timeout_s=4.0)
    assert [row.code for row in bench.rows] == ["timeout", ""]


def row(factor: str, index: int, snr_db: float | None, **rest: Any) -> SuiteRow:
    if snr_db is None:
        return SuiteRow(factor, "x", index, **({"code": "no_ecg_found", "seconds": 1.0} | rest))
    return SuiteRow(factor, "x", index, snr_db, **({"status": "ok", "seconds": 2.0} | rest))


ROWS = (
    *(row(BASE, index, snr_db) for index, snr_db in enumerate((20.0, 24.0))),
    row("mild", 0, 21.0, st_j_error_uv=(-10.0, 30.0)),
    row("mild", 1, 22.0, st_j_error_uv=(20.0,)),
    row("hard", 0, 3.0),
    row("hard", 1, None),
    row("harder", 0, 4.0, status="partial"),
    row("harder", 1, -6.0),
    row("lost", 0, None, code="not_drawn"),
)


def test_levels_are_sorted_by_what_hurts() -> None:
    base, *levels = sum_levels(ROWS)
    assert base.factor == BASE and base.base_difference_db == 0.0
    assert [level.factor for level in levels] == ["harder", "hard", "mild", "lost"]
    by_factor = {level.factor: level for level in levels}
    mild, hard, harder, lost = (by_factor[name] for name in ("mild", "hard", "harder", "lost"))
    assert mild.base_difference_db == pytest.approx(-0.5)  # heart by heart: +1 and -2
    assert mild.st_j_error_uv_median == pytest.approx(20.0)
    assert (hard.pages, hard.read, hard.refused_by_code) == (2, 1, {"no_ecg_found": 1})
    assert hard.snr_db_median == hard.snr_db_worst == 3.0
    assert hard.base_difference_db == pytest.approx(-20.5)  # refused is 0 dB
    assert hard.wrong_as_ok == harder.wrong_as_ok == 0.5
    assert (lost.pages, lost.read, lost.refused_by_code) == (0, 0, {"not_drawn": 1})


def test_table_and_json() -> None:
    bench = SuiteBench(ROWS, sum_levels(ROWS))
    with open(os.devnull, "w") as nowhere:  # noqa: PTH123
        console = Console(width=160, record=True, file=nowhere)
        console.print(suite_table(bench))
    text = console.export_text()
    assert text.index("harder") < text.index("mild")
    assert "no_ecg_found 1" in text and "50 %" in text
    assert "7 of 8 pages read; 2 with less than 5 dB that call themselves ok" in text
    plain = json.loads(json.dumps(suite_json(bench), allow_nan=False))
    assert [level["factor"] for level in plain["levels"]] == [BASE, "harder", "hard", "mild", "lost"]
    assert plain["levels"][-1]["snr_db_median"] is None
    assert [page["wrong_as_ok"] for page in plain["pages"]].count(True) == 2


def test_a_plot_is_drawn(tmp_path: Path) -> None:
    bench = SuiteBench(ROWS, sum_levels(ROWS))
    draw_suite(bench, tmp_path / "plot.png")
    with Image.open(tmp_path / "plot.png") as picture:
        colours = {colour for _, colour in picture.convert("RGB").getcolors(maxcolors=1 << 20) or ()}
    assert (0x48, 0x78, 0xA8) in colours and (0xC0, 0x30, 0x28) in colours  # sound bars, and wrong ones in red
    assert [path.name for path in tmp_path.iterdir()] == ["plot.png"]


def test_a_plot_that_cannot_be_drawn_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="picture"):
        check_plot(Path("plot.txt"))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingPart) as refused:
        check_plot(Path("plot.png"))
    assert "pip install" in refused.value.hint


def test_the_command_writes_table_figures_and_plot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def bench_fake(pages: Any, *, on_row: Callable[[SuiteRow], None], **options: object) -> SuiteBench:
        assert {page.level.factor for page in pages} == {BASE, "gain"}
        for one in ROWS:
            on_row(one)
        return SuiteBench(ROWS, sum_levels(ROWS))

    monkeypatch.setattr(benchsuite, "bench_suite", bench_fake)
    figures, plot = tmp_path / "deep" / "figures.json", tmp_path / "deep" / "plot.svg"
    call = ["bench", "synth", "--seed", "3", "--n", "2", "--only", "gain", "--json", str(figures), "--plot", str(plot)]
    assert cli.run(call) == 0
    said = capsys.readouterr()
    assert "harder" in said.out
    assert said.err.splitlines()[0].startswith("[1/8] base x #0: 20.0 dB, ok")
    plain = json.loads(figures.read_text())
    assert (plain["seed"], plain["n"], plain["signals"]) == (3, 2, "simulated")
    assert plot.read_text().startswith("<?xml")


@pytest.mark.parametrize(
    "options", [["--only", "weather"], ["--plot", "plot.txt"], ["--records", "nowhere"], ["--n", "0"], ["--seed", "-1"]]
)
def test_wrong_calls_are_told_before_any_work(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["bench", "synth", *options]) == 1
    said = capsys.readouterr()
    assert said.out == "" and said.err.startswith("error[usage]: ")
