"""Pictures that are no ECG are refused with a code and a hint, one of each kind; the command reads two hundred."""

from __future__ import annotations

import numpy as np
import pytest

from digitize.errors import InputError
from digitize.pipeline import read_photo
from digitize.record import Hints
from digitize.stages import Photo
from digitize.synth.others import KINDS, draw_other


@pytest.mark.parametrize(("kind", "seed"), [*((kind, 3) for kind in KINDS), ("bars", 2)])
def test_what_is_no_ecg_is_refused(kind: str, seed: int) -> None:
    with pytest.raises(InputError) as caught:
        read_photo(Photo(draw_other(kind, seed), ""), Hints())
    assert caught.value.code and caught.value.hint


def test_the_same_seed_draws_the_same_picture() -> None:
    assert np.array_equal(draw_other("plot", 5), draw_other("plot", 5))
    assert not np.array_equal(draw_other("plot", 5), draw_other("plot", 6))
