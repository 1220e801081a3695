"""A signal becomes a page with its truth beside it, for ``paperbeat render``."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from digitize.errors import UsageError

if TYPE_CHECKING:
    from digitize.record import Ecg

PICTURE_ENDINGS = (".png", ".jpg", ".jpeg", ".pdf")


def load_signal(record: Path | None, heart: str | None, seed: int) -> Ecg:
    """The ECG of a file, or of a simulated heart of that kind; exactly one of the two is named.

    Raises
    ------
    UsageError
        None or both are named, or the heart is not known.
    InputError
        The file cannot be read as an ECG.
    """
    from digitize.formats import read_ecg
    from digitize.synth.heart import load_hearts, simulate

    if (record is None) == (heart is None):
        raise UsageError("Name either a RECORD or a --heart.", f"Hearts are {', '.join(load_hearts())}.")
    if record is not None:
        return read_ecg(record)
    try:
        return simulate(heart, seed=seed, wander_mv=0.02, noise_mv=0.006).ecg  # type: ignore[arg-type]
    except ValueError as exc:
        raise UsageError("That heart is not known.", f"Known are {', '.join(load_hearts())}.") from exc


def print_page(
    ecg: Ecg,
    out: Path,
    *,
    layout: str,
    mm_per_s: float,
    mm_per_mv: float,
    dpi: float,
    strength: float,
    seed: int,
) -> None:
    """Print an ECG, photograph the print if asked, and write picture and truth: all three files or none.

    Parameters
    ----------
    ecg : Ecg
        Twelve leads, at least as long as the page.
    out : Path
        The picture; the printed samples go beside it as ``.csv``, everything else that is known of it as ``.json``.
    layout : str
    mm_per_s, mm_per_mv, dpi : float
    strength : float
        0 is the print itself; above, a photo of it, the harder to read the nearer to 1.
    seed : int
        Of the photo.

    Raises
    ------
    UsageError
        When the ECG does not fill the page, the page does not fit the paper, or the ending is not a picture's.
    CannotWrite
        When the place is no folder or may not be written to.
    """
    from api.folder import check_writable
    from digitize.formats import encode_ecg
    from digitize.formats.files import replace_files
    from digitize.synth.effects import photograph
    from digitize.synth.render import render
    from digitize.synth.truth import page_truth

    if out.suffix.lower() not in PICTURE_ENDINGS:
        raise UsageError("A page is written as a picture.", f"Let PAGE end in one of {' '.join(PICTURE_ENDINGS)}.")
    check_writable(out.parent)
    try:
        page = render(ecg, layout=layout, mm_per_s=mm_per_s, mm_per_mv=mm_per_mv, dpi=dpi)
    except ValueError as exc:  # the renderer says which length does not fit which
        raise UsageError(f"The record cannot be printed so: {exc}.", "Try another record, layout or speed.") from exc
    picture = photograph(page, strength=strength, seed=seed) if strength > 0 else page
    truth = json.dumps(page_truth(page, picture), allow_nan=False) + "\n"
    contents = {
        out.with_suffix(".csv"): encode_ecg(page.ecg, ".csv"),
        out.with_suffix(".json"): truth.encode(),
        out: encode_picture(picture.rgb, out.suffix, None if strength > 0 else dpi),
    }
    out.parent.mkdir(parents=True, exist_ok=True)
    replace_files(contents)


def encode_picture(rgb: NDArray[np.uint8], ending: str, dpi: float | None) -> bytes:
    """A picture as the bytes of a file; the same picture is the same file.

    Parameters
    ----------
    rgb : ndarray of uint8, shape (H, W, 3)
    ending : {".png", ".jpg", ".jpeg", ".pdf"}
    dpi : float, optional
        Told in the file. Left out, nothing is told, and a PDF is as wide as A4 is long.
    """
    import time

    from PIL import Image

    told = {} if dpi is None else {"dpi": (dpi, dpi)}
    out = io.BytesIO()
    picture = Image.fromarray(rgb)
    if ending.lower() == ".pdf":
        then = time.gmtime(0)
        resolution = dpi or max(rgb.shape) / (297 / 25.4)
        picture.save(out, "PDF", resolution=resolution, quality=95, creationDate=then, modDate=then)
    elif ending.lower() == ".png":
        picture.save(out, "PNG", **told)
    else:
        picture.save(out, "JPEG", quality=90, **told)
    return out.getvalue()
