"""Effects by name: none at zero, the same by the same seed, mixed in any way, and the truth goes along."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shown import draw_dots

from digitize.synth.camera import Bend, Lens, View, aim_camera
from digitize.synth.choose import choose_page
from digitize.synth.degrade import PhotoPage
from digitize.synth.effects import EFFECTS, choose_effects, degrade, photograph
from digitize.synth.heart import simulate
from digitize.synth.relief import Relief, draw_relief
from digitize.synth.render import Page, render

HEART = simulate("normal", seed=1).ecg
GEOMETRY = ("curl", "folds", "crumple", "tilt", "roll", "lens", "far", "crop", "table")
X_MM, Y_MM = np.meshgrid(np.arange(45, 260, 20.0), np.arange(45, 180, 20.0))
DOTS_MM = np.stack([X_MM.ravel(), Y_MM.ravel()], axis=1)
PAPER_MM = (297.0, 210.0)


@pytest.fixture(scope="module")
def page() -> Page:
    return render(HEART, dpi=60)


@pytest.fixture(scope="module")
def dotted() -> Page:
    return draw_dots(render(HEART, dpi=100), DOTS_MM)


def miss_px(photo: PhotoPage) -> np.ndarray:
    """How far from where the truth says the dots are seen, by their centres of mass."""
    grey = photo.rgb.astype(float).mean(axis=2)
    misses = []
    for x, y in photo.to_px(DOTS_MM):
        left, top = round(x) - 9, round(y) - 9
        if left < 0 or top < 0 or left + 19 > grey.shape[1] or top + 19 > grey.shape[0]:
            continue
        window = grey[top : top + 19, left : left + 19]
        dark = np.clip(np.percentile(window, 80) * 0.75 - window, 0, None)
        rows, cols = np.mgrid[top : top + 19, left : left + 19]
        misses.append(np.hypot((dark * cols).sum() / dark.sum() - x, (dark * rows).sum() / dark.sum() - y))
    assert len(misses) > len(DOTS_MM) / 2
    return np.array(misses)


def test_nothing_at_zero(page: Page) -> None:
    before = page.rgb.copy()
    for effects in ({}, dict.fromkeys(EFFECTS, 0.0)):
        photo = degrade(page, effects, seed=3)
        assert np.array_equal(photo.rgb, page.rgb)
        assert np.allclose(photo.to_px(DOTS_MM), page.to_px(DOTS_MM))
    degrade(page, dict.fromkeys(EFFECTS, 0.7), seed=3)
    assert np.array_equal(page.rgb, before)  # the page itself is left as it was


@pytest.mark.parametrize("name", EFFECTS)
def test_each_effect_acts_more_when_it_is_strong_and_repeats_itself(page: Page, name: str) -> None:
    def change(strength: float, seed: int) -> float:
        """Of the places where the camera acts, in pixels; else of the picture."""
        photo = degrade(page, {name: strength}, seed=seed)
        if name in GEOMETRY:
            lying = degrade(page, {"table": 1.0}, seed=seed)
            return float(np.abs(photo.to_px(DOTS_MM) - lying.to_px(DOTS_MM)).mean())
        return float(np.abs(photo.rgb.astype(float) - page.rgb).mean())

    weak, strong = (np.array([change(strength, seed) for seed in range(3)]) for strength in (0.1, 1.0))
    once, again = (degrade(page, {name: 1.0}, seed=1).rgb for _ in range(2))
    assert np.array_equal(once, again)
    assert not np.array_equal(once, page.rgb)
    if name != "table":  # it lies there or it does not
        assert strong.mean() > weak.mean()
    if name not in ("table", "crop", "vignette", "shrink", "grey", "jpeg", "screen"):
        assert len(set(strong.tolist())) > 1  # the others leave nothing to chance, at this size


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("name", GEOMETRY)
def test_the_map_hits_the_marks_however_the_sheet_lies(dotted: Page, name: str, seed: int) -> None:
    misses = miss_px(degrade(dotted, {name: 1.0}, seed=seed))
    assert misses.max() < 0.6
    assert np.median(misses) < 0.2


@pytest.mark.parametrize("seed", range(6))
def test_the_map_hits_the_marks_in_any_mixture(dotted: Page, seed: int) -> None:
    rng = np.random.default_rng(seed)
    mix = {name: float(rng.uniform(0.2, 0.7)) for name in GEOMETRY if rng.random() < 0.7}
    mix |= {"noise": 0.2, "fibre": 0.5, "sharpen": 0.3, "fall_off": 0.5, "jpeg": 0.1}
    misses = miss_px(degrade(dotted, mix, seed=seed))
    assert misses.max() < 1.0
    assert np.median(misses) < 0.3


def test_adding_an_effect_does_not_change_what_the_others_do(page: Page) -> None:
    alone = degrade(page, {"tilt": 0.5, "folds": 0.6}, seed=8)
    with_more = degrade(page, {"tilt": 0.5, "folds": 0.6, "noise": 0.3, "stain": 0.4, "shade": 0.5}, seed=8)
    assert np.array_equal(alone.to_px(DOTS_MM), with_more.to_px(DOTS_MM))
    assert not np.array_equal(alone.rgb, with_more.rgb)


def test_a_close_crop_keeps_the_traces(page: Page) -> None:
    points = np.concatenate([trace.points_mm for trace in page.traces])
    for seed in range(5):
        photo = degrade(page, {"crop": 1.0, "tilt": 0.5, "roll": 0.3}, seed=seed)
        seen = photo.to_px(points)
        assert np.nanmin(seen) > 0 and (np.nanmax(seen, axis=0) < np.array(photo.rgb.shape[1::-1])).all()
        edge = photo.to_px(np.array([[0.0, 0.0], PAPER_MM]))
        assert edge.min() < 0


def test_a_photo_of_another_size(page: Page) -> None:
    for effects in ({"jpeg": 0.1}, {"tilt": 0.3}):
        photo = degrade(page, effects, seed=1, size_px=(500, 350))
        assert photo.rgb.shape == (350, 500, 3)
        edge = photo.to_px(np.array([[0.0, 0.0], PAPER_MM]))
        assert edge.min() >= -1 and (edge[1] <= (500, 350)).all()


@pytest.mark.parametrize(("effects", "wrong"), [({"weather": 0.5}, "weather"), ({"noise": 1.5}, "0 to 1")])
def test_effects_that_are_not_known(page: Page, effects: dict[str, float], wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        degrade(page, effects, seed=1)


def test_mixtures_name_effects_and_scenes_differ() -> None:
    for scene in ("photo", "scan", "copy", "screen", "export", None):
        for seed in range(20):
            mix = choose_effects(np.random.default_rng(seed), 0.5, scene)  # type: ignore[arg-type]
            assert set(mix) <= set(EFFECTS) and all(0 < strength <= 1 for strength in mix.values())
            assert ("table" in mix) == (scene == "photo") or scene is None
            assert mix == choose_effects(np.random.default_rng(seed), 0.5, scene)  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", range(4))
def test_any_page_in_any_scene(seed: int) -> None:
    rng = np.random.default_rng(seed)
    page = choose_page(rng, HEART, dpi=60)
    photo = degrade(page, choose_effects(rng, 0.8), seed=seed)
    points = np.concatenate([trace.points_mm for trace in page.traces])
    seen = photo.to_px(points[np.isfinite(points).all(axis=1)])
    inside = ((seen >= 0) & (seen < photo.rgb.shape[1::-1])).all(axis=1)
    assert inside.mean() > 0.98


def test_a_photograph_is_turned_with_its_truth(dotted: Page) -> None:
    upright, turned = (photograph(dotted, strength=0.4, seed=2, size_px=(1200, 900), quarter_turns=k) for k in (0, 3))
    assert np.array_equal(np.rot90(upright.rgb, 3), turned.rgb)
    assert np.median(miss_px(turned)) < 0.3


@given(
    bulge=st.floats(-0.08, 0.08),
    x=st.floats(0, 1000),
    y=st.floats(0, 700),
)
@settings(max_examples=60, deadline=None)
def test_a_lens_and_back(bulge: float, x: float, y: float) -> None:
    lens = Lens((500.0, 350.0), float(np.hypot(500, 350)), bulge)
    point = np.array([[x, y]])
    assert np.abs(lens.straighten(lens.bend(point)) - point).max() < 0.01


@given(
    roll=st.floats(-180, 180),
    pitch=st.floats(-25, 25),
    yaw=st.floats(-25, 25),
    slope=st.floats(-0.1, 0.1),
    radius=st.floats(1.0, 150),
    bulge=st.floats(-0.06, 0.06),
    crumpled=st.floats(0, 1),
    seed=st.integers(0, 100),
)
@settings(max_examples=40, deadline=None)
def test_a_crumpled_sheet_through_a_lens_and_back(
    roll: float, pitch: float, yaw: float, slope: float, radius: float, bulge: float, crumpled: float, seed: int
) -> None:
    relief = draw_relief(np.random.default_rng(seed), PAPER_MM, crumpled)
    view: View = aim_camera(
        PAPER_MM, (1200, 900), (Bend(30.0, 60.0, slope, radius),), relief, roll_deg=roll, pitch_deg=pitch, yaw_deg=yaw
    )
    view = replace(view, lens=Lens((600.0, 450.0), 750.0, bulge))
    assert np.abs(view.to_mm(view.to_px(DOTS_MM), turns=12) - DOTS_MM).max() < 0.02


def test_relief_has_the_slopes_of_its_heights() -> None:
    x, y = np.meshgrid(np.arange(0, 51.0), np.arange(0, 41.0))
    relief = Relief(0.1 * x - 0.05 * y, 1.0)
    assert np.allclose(relief.slopes(np.array([[10.3, 20.7], [30.0, 5.5]])), [0.1, -0.05])
    assert relief.lift(np.array([[10.5, 20.5]])) == pytest.approx(0.1 * 10.5 - 0.05 * 20.5)
    drawn = draw_relief(np.random.default_rng(3), PAPER_MM, 0.0)
    assert np.abs(drawn.height_mm).max() == 0
    steep = np.hypot(*np.moveaxis(draw_relief(np.random.default_rng(3), PAPER_MM, 1.0).slopes(DOTS_MM), -1, 0))
    assert 0.02 < np.median(steep) < 0.3
