"""The second family of pages: its truth lies where the picture shows it, and the same seed is the same file."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest

from digitize.errors import MissingPart
from digitize.load import load
from digitize.record import LEADS, Ecg
from digitize.synth import figure
from digitize.synth.figure import draw_figure
from digitize.synth.heart import simulate
from digitize.synth.looks import SHEETS, Look
from digitize.synth.render import Page

HEART = simulate("normal", seed=1, noise_mv=0.01).ecg
TIME_S = np.arange(5000) / 500
WAVES = Ecg(0.4 * np.sin(2 * np.pi * (0.9 * TIME_S[:, None] + np.arange(12) / 12)), 500.0, LEADS)


def snr_of_ink_db(page: Page) -> float:
    """Put the curve back from the dark ink of the picture, and compare it with the truth, over all panels."""
    ink = 255.0 - page.rgb.max(axis=2)  # coloured grid lines have a bright channel
    signal = error = 0.0
    for trace in page.traces:
        panel = trace.panel
        x_px, y_px = page.to_px(trace.points_mm).T
        columns = np.arange(int(x_px[0] + 12 * page.px_per_mm), int(x_px[-1]) - 3)  # clear of the label
        expected = np.interp(columns, x_px, y_px)
        reach = round(0.9 * page.px_per_mm)
        rows = np.round(expected).astype(int) + np.arange(-reach, reach + 1)[:, None]
        weight = np.clip(ink[rows, columns] - 125, 0, None)
        y_mm = ((weight * rows).sum(axis=0) / weight.sum(axis=0) + 0.5) / page.px_per_mm
        time_s = panel.start_s + ((columns + 0.5) / page.px_per_mm - panel.x_mm[0]) / page.calibration.mm_per_s
        found_mv = (panel.baseline_mm - y_mm) / page.calibration.mm_per_mv
        true_mv = np.interp(time_s, page.ecg.time_s, WAVES.lead(panel.lead))
        signal += np.sum((true_mv - true_mv.mean()) ** 2)
        error += np.sum((found_mv - true_mv) ** 2)
    return float(10 * np.log10(signal / error))


@pytest.mark.parametrize(
    ("look", "layout", "seed", "gain"),
    [("plot", "3x4", 1, 10.0), ("export", "3x4+1", 2, 10.0), ("strips", "6x2", 3, 20.0), ("export", "12x1", 4, 10.0)],
)
def test_the_ink_put_back_is_the_truth(look: Look, layout: str, seed: int, gain: float) -> None:
    page = draw_figure(WAVES, look=look, layout=layout, seed=seed, dpi=300, mm_per_mv=gain).page
    assert snr_of_ink_db(page) > 30


@pytest.mark.parametrize("look", get_args(Look))
def test_truth_is_what_a_sheet_shows(look: Look) -> None:
    for layout, rows in SHEETS.items():
        page = draw_figure(HEART, look=look, layout=layout, dpi=40, seed=5).page
        printed = np.isfinite(page.ecg.signal_mv)
        assert np.array_equal(page.ecg.signal_mv[printed], HEART.signal_mv[:5000][printed])
        assert [word.text for word in page.labels] == [name for row in rows for name in row.split()]
        columns = len(rows[0].split())
        for name in set(LEADS) - set(rows):
            assert printed[:, LEADS.index(name)].mean() == pytest.approx(1 / columns)
        for name in set(LEADS) & set(rows):  # a whole row is its own
            assert printed[:, LEADS.index(name)].all()
        assert page.rgb.shape[1] < 20 * page.rgb.shape[0]


def test_what_leaves_the_page_is_not_printed() -> None:
    tall = Ecg(HEART.signal_mv * 6, 500.0, LEADS)
    page = draw_figure(tall, look="export", layout="3x4", dpi=40).page
    v4 = page.ecg.lead("V4")[3750:]
    assert 0.5 < np.isfinite(v4).mean() < 1
    assert np.nanmax(v4) < tall.lead("V4")[3750:].max()


@pytest.mark.parametrize("ending", get_args(figure.Ending))
def test_the_same_seed_is_the_same_file(ending: figure.Ending) -> None:
    one, same, other = (draw_figure(HEART, look="export", dpi=60, seed=s, ending=ending) for s in (1, 1, 2))
    assert one.data == same.data
    assert one.data != other.data
    assert load(one.data).rgb.std() > 5


def test_a_pdf_shows_the_same_page_at_another_scale() -> None:
    drawn = draw_figure(WAVES, look="export", dpi=150, seed=3, ending=".pdf")
    seen = load(drawn.data).rgb
    assert seen.shape[1] == pytest.approx(2 * drawn.page.rgb.shape[1], abs=3)
    x, y = np.round(2 * drawn.page.to_px(drawn.page.traces[0].points_mm)).astype(int)[300:-100].T
    assert seen[y, x].mean() < seen[y + 25, x].mean() - 60


def test_figures_that_cannot_be_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="no figure called"):
        draw_figure(HEART, layout="3x4+3")
    with pytest.raises(ValueError, match="ten seconds"):
        draw_figure(simulate(duration_s=5).ecg)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingPart, match="matplotlib") as refused:
        draw_figure(HEART)
    assert "pip install" in refused.value.hint
