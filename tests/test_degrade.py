from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shown import draw_dots

from digitize.synth.camera import Bend, aim_camera
from digitize.synth.degrade import compress
from digitize.synth.effects import photograph
from digitize.synth.heart import simulate
from digitize.synth.render import Page, render
from digitize.synth.table import draw_table

SIZE_PX = (1200, 900)
X_MM, Y_MM = np.meshgrid(np.arange(15, 290, 20.0), np.arange(15, 200, 20.0))
DOTS_MM = np.stack([X_MM.ravel(), Y_MM.ravel()], axis=1)


@pytest.fixture(scope="module")
def page() -> Page:
    return render(simulate("normal", seed=1).ecg, dpi=100)


@pytest.fixture(scope="module")
def dotted(page: Page) -> Page:
    return draw_dots(page, DOTS_MM)


@pytest.mark.parametrize(
    ("strength", "seed", "turns"), [(0.0, 1, 0), (0.5, 2, 1), (0.8, 3, 2), (1.0, 4, 3), (1.0, 5, 0)]
)
def test_truth_follows_the_page_into_the_photo(dotted: Page, strength: float, seed: int, turns: int) -> None:
    photo = photograph(dotted, strength=strength, seed=seed, size_px=SIZE_PX, quarter_turns=turns)
    assert photo.rgb.shape == ((900, 1200, 3) if turns % 2 == 0 else (1200, 900, 3))
    grey = photo.rgb.mean(axis=2)
    misses = []
    for x, y in photo.to_px(DOTS_MM):
        left, top = round(x) - 10, round(y) - 10
        window = grey[top : top + 21, left : left + 21]
        dark = np.clip(np.percentile(window, 80) * 0.75 - window, 0, None)
        rows, cols = np.mgrid[top : top + 21, left : left + 21]
        misses.append(np.hypot((dark * cols).sum() / dark.sum() - x, (dark * rows).sum() / dark.sum() - y))
    assert max(misses) < 1.0
    assert np.median(misses) < 0.35


@given(
    roll=st.floats(-180, 180),
    pitch=st.floats(-20, 20),
    yaw=st.floats(-20, 20),
    slope=st.floats(-0.1, 0.1),
    radius=st.floats(1.0, 150),
    angle=st.floats(0, 360),
)
@settings(max_examples=50, deadline=None)
def test_the_way_into_the_photo_and_back_is_closed(
    roll: float, pitch: float, yaw: float, slope: float, radius: float, angle: float
) -> None:
    bends = (Bend(angle, 60.0, slope, radius),)
    view = aim_camera((297, 210), SIZE_PX, bends, roll_deg=roll, pitch_deg=pitch, yaw_deg=yaw)
    assert np.abs(view.to_mm(view.to_px(DOTS_MM)) - DOTS_MM).max() < 0.02


def test_the_whole_page_is_in_the_frame(page: Page) -> None:
    corners_mm = np.array([[0, 0], [297, 0], [297, 210], [0, 210]], float)
    for seed in range(4):
        photo = photograph(page, strength=1.0, seed=seed, size_px=(400, 300))
        corners = photo.to_px(corners_mm)
        assert corners.min() >= 0
        assert (corners <= np.array(photo.rgb.shape[1::-1])).all()


def test_strength_zero_is_a_clean_picture(page: Page) -> None:
    photo = photograph(page, strength=0.0, seed=1, size_px=SIZE_PX, table="dark")
    box = np.round(photo.to_px(np.array([[20.0, 12.0], [280.0, 30.0]]))).astype(int)
    paper = photo.rgb[box[0, 1] : box[1, 1], box[0, 0] : box[1, 0]]
    assert np.percentile(paper, 90) > 235
    assert photo.view.bends == () or max(abs(bend.slope) for bend in photo.view.bends) == 0


def test_a_harder_photo_is_darker_and_more_uneven(page: Page) -> None:
    def unevenness(strength: float) -> float:
        means = []
        for seed in range(4):
            photo = photograph(page, strength=strength, seed=seed, size_px=(400, 300), table="dark")
            at = np.round(photo.to_px(DOTS_MM)).astype(int)
            light = cv2.GaussianBlur(photo.rgb, (0, 0), 6)  # of lines and traces only their mean is left
            means.append(np.std(light[at[:, 1], at[:, 0]].astype(float)))
        return float(np.mean(means))

    assert unevenness(1.0) > unevenness(0.1) + 5


def test_the_same_seed_takes_the_same_photo(page: Page) -> None:
    one, same, other = (photograph(page, strength=0.7, seed=s, size_px=(400, 300)) for s in (5, 5, 6))
    assert np.array_equal(one.rgb, same.rgb)
    assert not np.array_equal(one.rgb, other.rgb)


@pytest.mark.parametrize("kind", ["wood", "dark", "cloth"])
def test_a_table_has_the_size_asked_for_and_some_texture(kind: str) -> None:
    table = draw_table(np.random.default_rng(0), (301, 200), kind)  # type: ignore[arg-type]
    assert table.shape == (200, 301, 3)
    assert table.min() >= 0 and table.max() <= 255
    assert table.std(axis=(0, 1)).min() > 1


def test_jpeg_loses_a_little() -> None:
    ramp = np.repeat(np.linspace(0, 255, 64).astype(np.uint8)[None, :, None], 64, axis=0).repeat(3, axis=2)
    back = compress(ramp, 80)
    assert 0 < np.abs(back.astype(int) - ramp).max() < 20
