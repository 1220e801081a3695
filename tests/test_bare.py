"""Pages without a grid: measured by their pulses where they lie flat, refused where they do not."""

import cv2
import numpy as np
import pytest

from digitize import digitize
from digitize.bare import fit_bare
from digitize.calibrate import refuse_unusual
from digitize.errors import GridNotFound
from digitize.header import HeaderFacts
from digitize.record import LEADS, Hints
from digitize.score import score_page
from digitize.stages import Photo
from digitize.synth.heart import simulate
from digitize.synth.render import render
from digitize.synth.stock import Stock

DPI = 200.0
PX_PER_MM = DPI / 25.4
BARE = Stock((250, 250, 250), (255, 200, 200), (255, 150, 150), grid="none")


@pytest.fixture(scope="module")
def page():
    return render(simulate("normal", seed=3).ecg, dpi=DPI, layout="3x4+1", stock=BARE)


def show(page, warp: np.ndarray | None = None) -> Photo:
    rgb = page.rgb
    if warp is not None:
        size = rgb.shape[1], rgb.shape[0]
        rgb = cv2.warpPerspective(rgb, warp, size, flags=cv2.INTER_AREA, borderValue=(255, 255, 255))
    return Photo(np.asarray(rgb, np.uint8), "")


def measure_steps(lattice) -> np.ndarray:
    """Pixels from node to node, both ways."""
    return np.array([np.linalg.norm(np.diff(lattice.nodes_px, axis=k), axis=-1).mean() for k in (0, 1)])


def test_millimetres_rest_on_the_pulses(page):
    lattice = fit_bare(show(page))
    assert lattice.source == "pulse"
    assert np.allclose(measure_steps(lattice) / lattice.pitch_mm, PX_PER_MM, rtol=0.006)


def test_a_turned_page_is_levelled(page):
    height, width = page.rgb.shape[:2]
    turn = np.vstack([cv2.getRotationMatrix2D((width / 2, height / 2), 4.0, 0.9), [0, 0, 1]])
    lattice = fit_bare(show(page, turn))
    along = lattice.nodes_px[5, 20] - lattice.nodes_px[5, 5]
    assert np.degrees(np.arctan2(along[1], along[0])) == pytest.approx(-4.0, abs=0.15)
    assert np.allclose(measure_steps(lattice) / lattice.pitch_mm, 0.9 * PX_PER_MM, rtol=0.008)


def test_a_page_seen_aslant_is_refused(page):
    height, width = page.rgb.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    seen = np.array([[0.06 * width, 0], [0.94 * width, 0], [width, height], [0, height]], np.float32)
    with pytest.raises(GridNotFound) as refused:
        fit_bare(show(page, cv2.getPerspectiveTransform(corners, seen)))
    assert "Scan" in refused.value.hint


def test_no_pulse_no_millimetres():
    bare = render(simulate("normal", seed=3).ecg, dpi=150.0, layout="3x4", stock=BARE, pulse="none")
    with pytest.raises(GridNotFound):
        fit_bare(show(bare))


def test_a_bare_page_is_read_and_says_that_it_is_bare(page):
    _, png = cv2.imencode(".png", cv2.cvtColor(page.rgb, cv2.COLOR_RGB2BGR))
    read = digitize(png.tobytes())
    score = score_page(page.ecg, read.ecg)
    assert read.status == "partial"
    assert "grid_absent" in [note.code for note in read.notes]
    assert {panel.lead for panel in read.layout.panels} == set(LEADS)
    assert score.leads_found == 12
    assert score.snr_db > 14


def test_a_person_may_tell_another_speed_and_gain() -> None:
    drawn = render(simulate("normal", seed=3).ecg, dpi=300.0, layout="3x4", stock=BARE, mm_per_s=12.5, mm_per_mv=5.0)
    lattice = fit_bare(show(drawn), 12.5, 5.0)
    assert np.allclose(measure_steps(lattice) / lattice.pitch_mm, 300 / 25.4, rtol=0.01)


def test_print_of_another_speed_is_a_refusal_unless_a_person_says_the_same() -> None:
    refuse_unusual(HeaderFacts(mm_per_s=25.0, mm_per_mv=10.0), Hints())
    refuse_unusual(HeaderFacts(mm_per_s=50.0), Hints(speed_mm_per_s=50.0))
    for facts in (HeaderFacts(mm_per_s=50.0), HeaderFacts(mm_per_mv=20.0)):
        with pytest.raises(GridNotFound) as refused:
            refuse_unusual(facts, Hints())
        assert "--speed" in refused.value.hint
