"""A file or its bytes become a Photo: decoded once, upright, RGB, guarded.

What a file is follows from its first bytes, never from its name. Sizes are checked on the header, before anything is
decoded, so that a small file cannot ask for a large memory.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from digitize.errors import EncryptedFile, FileTooLarge, PaperbeatError, TooSmall, UnreadableFile, UsageError
from digitize.stages import Photo

MAX_BYTES = 64 * 2**20
MAX_PIXELS = 100_000_000
MAX_PDF_PIXELS = 40_000_000
"""A PDF page of a photo can claim metres of paper: beyond this it is drawn at fewer dots per inch."""
MAX_PAGES = 50
MIN_SIDE_PX = 200
PDF_DPI = 300.0

Kind = Literal["picture", "heic", "pdf", "dicom"]
Rgb = NDArray[np.uint8]

_STRIP_PX = 256
_PICTURE_FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF")
_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
_PDF_PASSWORD_ERROR = 4  # FPDF_ERR_PASSWORD of fpdfview.h
_ENCAPSULATED_PDF = "1.2.840.10008.5.1.4.1.1.104.1"
_PDFIUM = threading.Lock()  # pdfium may be used by one thread at a time


def load(source: str | Path | bytes, page: int = 1) -> Photo:
    """Read one page of a picture, PDF or DICOM image.

    Parameters
    ----------
    source : str, Path or bytes
        JPEG (MPO too), PNG, WebP, BMP, TIFF, HEIC, PDF (drawn at 300 dpi) or DICOM holding an image or a PDF.
    page : int
        From 1; only TIFF, PDF and DICOM have more than one.

    Returns
    -------
    Photo
        Upright as the EXIF orientation says; transparent parts are white.

    Raises
    ------
    UnreadableFile
        Not there, empty, cut short, or no picture known here.
    EncryptedFile
        A PDF that needs a password.
    FileTooLarge
        More than 64 MB or 100 megapixels.
    TooSmall
        Fewer than 200 pixels across the short side.
    UsageError
        No such page in the file.
    """
    if page < 1:
        raise UsageError(f"There is no page {page}.", "Pages count from 1.")
    data = _read(source)
    rgb, _ = _decode(data, page)
    return Photo(rgb, hashlib.sha256(data).hexdigest(), page)


def load_all(source: str | Path | bytes) -> tuple[Photo, ...]:
    """Read every page, in order; as :func:`load`, and FileTooLarge where there are more than 50 pages."""
    data = _read(source)
    sha256 = hashlib.sha256(data).hexdigest()
    first, pages = _decode(data, 1)
    if pages > MAX_PAGES:
        raise FileTooLarge(f"The file has {pages} pages; at most {MAX_PAGES} are read.", "Split it, or name one page.")
    rest = (_decode(data, page)[0] for page in range(2, pages + 1))
    return tuple(Photo(rgb, sha256, page) for page, rgb in enumerate((first, *rest), start=1))


def sniff(data: bytes) -> Kind | None:
    """What the bytes are, by their first ones; None when they are nothing that is read here."""
    if data[4:8] == b"ftyp" and data[8:12] in _HEIC_BRANDS:
        return "heic"
    if data[128:132] == b"DICM":
        return "dicom"
    if data.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"BM", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")):
        return "picture"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "picture"
    if b"%PDF-" in data[:1024]:  # readers allow some bytes before it
        return "pdf"
    return None


def _read(source: str | Path | bytes) -> bytes:
    """The bytes of the source, at most MAX_BYTES of them."""
    if isinstance(source, bytes):
        data = source
    else:
        path = Path(source)
        try:
            if path.is_dir():
                raise UnreadableFile("This is a folder, not a file.", "Use `paperbeat batch` for a folder of pages.")
            if not path.is_file():
                raise UnreadableFile("There is no such file.", "Check the path.")
            with path.open("rb") as file:
                data = file.read(MAX_BYTES + 1)
        except (OSError, ValueError) as error:  # ValueError: a zero byte in the path
            raise UnreadableFile("The file cannot be opened.", "Check the path and its permissions.") from error
    if not data:
        raise UnreadableFile("The file is empty.")
    if len(data) > MAX_BYTES:
        raise FileTooLarge(f"The file is larger than {MAX_BYTES // 2**20} MB.")
    return data


def _decode(data: bytes, page: int) -> tuple[Rgb, int]:
    """One page as RGB, and how many pages there are."""
    kind = sniff(data)
    if kind is None:
        raise UnreadableFile("The file is no picture, PDF or DICOM image.")
    decoders: dict[Kind, Callable[[bytes, int], tuple[Rgb, int]]] = {
        "picture": _decode_picture,
        "heic": _decode_heic,
        "pdf": _decode_pdf,
        "dicom": _decode_dicom,
    }
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            rgb, pages = decoders[kind](data, page)
    except PaperbeatError:
        raise
    except Image.DecompressionBombError as error:
        raise FileTooLarge(f"The picture has more than {MAX_PIXELS // 10**6} megapixels.") from error
    except Exception as error:  # decoders answer broken bytes with nearly any exception there is
        raise UnreadableFile(
            "The file is damaged or cut short.", "Save or send it again, as JPEG or PNG if you can."
        ) from error
    return np.ascontiguousarray(rgb, np.uint8), pages


def _check_page(page: int, pages: int) -> None:
    if page > pages:
        raise UsageError(f"There is no page {page}; the file has {pages}.", f"Name a page from 1 to {pages}.")


def _check_size(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise FileTooLarge(f"The picture has more than {MAX_PIXELS // 10**6} megapixels.")
    if min(width, height) < MIN_SIDE_PX:
        raise TooSmall(f"The picture is {width} x {height} pixels; at least {MIN_SIDE_PX} are needed both ways.")


def _decode_picture(data: bytes, page: int) -> tuple[Rgb, int]:
    with Image.open(io.BytesIO(data), formats=_PICTURE_FORMATS) as picture:
        # A phone's MPO and a moving WebP have frames too, but those are no pages.
        pages = int(getattr(picture, "n_frames", 1)) if picture.format == "TIFF" else 1
        _check_page(page, pages)
        if pages > 1:
            picture.seek(page - 1)
        _check_size(*picture.size)
        picture.load()
        # EXIF data can be broken in many ways; the pixels are still good.
        with contextlib.suppress(Exception):
            ImageOps.exif_transpose(picture, in_place=True)
        return _to_rgb(picture), pages


def _to_rgb(picture: Image.Image) -> Rgb:
    """Any mode as 8-bit RGB, on white."""
    if picture.mode.startswith("I;16"):
        return _grey_to_rgb(np.asarray(picture).astype(np.float64) / 257.0)
    if picture.mode in ("I", "F"):
        return _grey_to_rgb(_stretch(np.asarray(picture, np.float64)))
    width, height = picture.size
    rgb = np.empty((height, width, 3), np.uint8)
    for top in range(0, height, _STRIP_PX):  # in strips: whole copies of 100 megapixels would take gigabytes
        strip = picture.crop((0, top, width, min(top + _STRIP_PX, height)))
        if strip.has_transparency_data:
            strip = strip.convert("RGBA")
            strip = Image.alpha_composite(Image.new("RGBA", strip.size, "white"), strip)
        rgb[top : top + _STRIP_PX] = np.asarray(strip.convert("RGB"))
    return rgb


def _grey_to_rgb(grey: NDArray[Any]) -> Rgb:
    return np.repeat(np.rint(grey).clip(0, 255).astype(np.uint8)[..., None], 3, axis=2)


def _stretch(grey: NDArray[np.float64]) -> NDArray[np.float64]:
    """Grey of an unknown range over 0 to 255."""
    low, high = float(grey.min()), float(grey.max())
    return (grey - low) * (255.0 / (high - low)) if high > low else np.full_like(grey, 255.0)


def _decode_heic(data: bytes, page: int) -> tuple[Rgb, int]:
    import pi_heif

    _check_page(page, 1)
    picture = pi_heif.open_heif(io.BytesIO(data))
    _check_size(*picture.size)
    return _to_rgb(picture.to_pillow()), 1  # libheif has turned it upright; the EXIF orientation must not do so again


def _decode_pdf(data: bytes, page: int) -> tuple[Rgb, int]:
    import pypdfium2

    with _PDFIUM:
        try:
            pdf = pypdfium2.PdfDocument(data)
        except pypdfium2.PdfiumError as error:
            if error.err_code == _PDF_PASSWORD_ERROR:
                raise EncryptedFile("The PDF needs a password.") from error
            raise
        try:
            _check_page(page, len(pdf))
            sheet = pdf[page - 1]
            width_pt, height_pt = sheet.get_size()
            scale = min(PDF_DPI / 72, (MAX_PDF_PIXELS / (width_pt * height_pt)) ** 0.5)
            _check_size(int(width_pt * scale), int(height_pt * scale))
            scale *= 1 - 1e-6  # pdfium rounds up: an edge a billionth over a pixel would cost a whole one
            rgb: Rgb = np.array(sheet.render(scale=scale, rev_byteorder=True).to_numpy()[..., :3])
            return rgb, len(pdf)
        finally:
            pdf.close()


def _decode_dicom(data: bytes, page: int) -> tuple[Rgb, int]:
    import pydicom
    from pydicom.pixels.utils import pixel_array

    dataset = pydicom.dcmread(io.BytesIO(data))
    if dataset.get("SOPClassUID") == _ENCAPSULATED_PDF:
        return _decode_pdf(bytes(dataset.EncapsulatedDocument), page)
    if "WaveformSequence" in dataset:
        raise UnreadableFile("The file holds a signal, not a picture.", "Use `paperbeat analyze` for signal files.")
    pages = int(dataset.get("NumberOfFrames") or 1)
    _check_page(page, pages)
    _check_size(int(dataset.Columns), int(dataset.Rows))
    pixels = pixel_array(dataset, index=page - 1)
    if pixels.dtype != np.uint8:
        pixels = np.rint(_stretch(pixels.astype(np.float64))).astype(np.uint8)
    if pixels.ndim == 3:
        return pixels, pages
    return _grey_to_rgb(255 - pixels if dataset.PhotometricInterpretation == "MONOCHROME1" else pixels), pages
