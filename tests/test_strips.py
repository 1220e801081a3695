"""A strip whose label was misread bears the name of the lead that it shows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from digitize.stages import UNNAMED, Curve, Layout, Panel
from digitize.strips import name_strips
from digitize.synth.heart import simulate

HEART = simulate("anterior_stemi", heart_rate_bpm=75, seed=5).ecg
LEFT_MM, MM_PER_S, MM_PER_MV = 20.0, 25.0, 10.0


def draw(lead: str, shown: str, row: int, strip: bool = False, noise_mm: float = 0.0) -> Curve:
    """A curve named ``lead`` that shows another's signal, 2.5 s long or, as a strip, 10 s."""
    seconds = 10.0 if strip else 2.5
    x_mm = LEFT_MM + np.arange(0, seconds * MM_PER_S, 0.05)
    baseline_mm = 50.0 + 30 * row
    mv = np.interp((x_mm - LEFT_MM) / MM_PER_S, np.arange(len(HEART.signal_mv)) / HEART.fs_hz, HEART.lead(shown))
    noise = noise_mm * np.random.default_rng(row).standard_normal(len(x_mm))
    panel = Panel(lead, row, 0, (LEFT_MM, LEFT_MM + seconds * MM_PER_S), baseline_mm, 0.0, strip)
    return Curve(panel, x_mm, baseline_mm - MM_PER_MV * mv + noise, np.ones(len(x_mm)))


def name(strip: Curve, *leads: str) -> tuple[str, list[str]]:
    curves = (*(draw(lead, lead, k) for k, lead in enumerate(leads)), strip)
    layout = Layout("3x4+1", tuple(c.panel for c in curves), "labels", 1.0)
    layout, curves, notes = name_strips(layout, curves)
    assert layout.panels[-1] == curves[-1].panel
    return curves[-1].panel.lead, [n.code for n in notes]


@pytest.mark.parametrize("shown", ["I", "II", "III"])
def test_a_strip_is_named_by_what_it_shows(shown: str) -> None:
    for label in ("I", "II", "III"):
        found, codes = name(draw(label, shown, 3, strip=True), "I", "II", "III")
        assert found == shown
        assert codes == ([] if label == shown else ["strip_renamed"])


def test_a_noisy_strip_keeps_its_name() -> None:
    assert name(draw("II", "II", 3, strip=True, noise_mm=1.0), "I", "II", "III") == ("II", [])


def test_a_strip_of_a_lead_that_is_not_on_the_sheet_keeps_its_name() -> None:
    assert name(draw("II", "III", 3, strip=True), "I", "III") == ("II", [])


def test_a_strip_that_shows_another_time_keeps_its_name() -> None:
    strip = draw("II", "II", 3, strip=True)
    later = Curve(strip.panel, strip.x_mm, np.roll(strip.y_mm, 311), strip.confidence)
    assert name(later, "I", "II", "III") == ("II", [])


def test_a_name_beyond_its_family_is_left_alone() -> None:
    assert name(draw("V1", "II", 3, strip=True), "I", "II", "III", "V1") == ("V1", [])


def unsure(strip: Curve) -> Curve:
    return replace(strip, panel=replace(strip.panel, sure=False))


@pytest.mark.parametrize("usual", ["II", UNNAMED])
def test_a_strip_without_a_label_is_named_by_the_lead_that_it_repeats(usual: str) -> None:
    strip = unsure(draw(usual, "V2", 3, strip=True, noise_mm=0.05))
    assert name(strip, "I", "II", "aVL", "V2", "V6") == ("V2", ["strip_renamed"])


def test_a_strip_without_a_label_keeps_the_usual_name_unless_it_shows_something_else() -> None:
    assert name(unsure(draw("II", "II", 3, strip=True, noise_mm=0.05)), "I", "II", "V2") == ("II", [])
    assert name(unsure(draw("II", "II", 3, strip=True, noise_mm=0.05)), "I", "V2") == ("II", [])
    assert name(unsure(draw("II", "V1", 3, strip=True)), "I", "II", "III") == (UNNAMED, ["strip_unnamed"])


def test_a_strip_that_fits_two_leads_has_no_name() -> None:
    strip = unsure(draw(UNNAMED, "II", 3, strip=True, noise_mm=0.05))
    twin = draw("aVF", "II", 4)
    curves = (draw("II", "II", 1), twin, strip)
    layout = Layout("2x1+1", tuple(c.panel for c in curves), "labels", 1.0)
    _, curves, notes = name_strips(layout, curves)
    assert (curves[-1].panel.lead, [n.code for n in notes]) == (UNNAMED, ["strip_unnamed"])


def test_columns_that_show_the_same_seconds_name_a_strip() -> None:
    shown = draw("V2", "V2", 1)
    later = replace(shown, panel=replace(shown.panel, x_mm=(145.0, 207.5)), x_mm=shown.x_mm + 125.0)
    strip = unsure(draw(UNNAMED, "V2", 3, strip=True))
    curves = (draw("I", "I", 0), later, strip)
    layout = Layout("2x1+1", tuple(c.panel for c in curves), "labels", 1.0)
    _, curves, _ = name_strips(layout, curves)
    assert curves[-1].panel.lead == "V2"
