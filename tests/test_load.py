from __future__ import annotations

import base64
import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from digitize import load as load_module
from digitize.errors import EncryptedFile, FileTooLarge, TooSmall, UnreadableFile, UsageError
from digitize.load import load, load_all, sniff

HEIC_TURNED = base64.b64decode(
    "AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAaFtZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAAADRpbG9jAA"
    "AAAERAAAIAAQAAAAABxQABAAAAAAAAAKQAAgAAAAACaQABAAAAAAAAACQAAAA4aWluZgAAAAAAAgAAABVpbmZlAgAAAAABAABodmMxAAAAABVp"
    "bmZlAgAAAQACAABFeGlmAAAAAA5waXRtAAAAAAABAAAA4GlwcnAAAADAaXBjbwAAAHhodmNDAQNwAAAAkAAAAAAAPPAA/P34+AAADwNgAAEAGE"
    "ABDAH//wNwAAADAJAAAAMAAAMAPLoCQGEAAQArQgEBA3AAAAMAkAAAAwAAAwA8oAmIDRZbqSSmubgIaDAgAAADAyAAAAMAIWIAAQAHRAHBcrBi"
    "QAAAABNjb2xybmNseAABAA0ABoAAAAAUaXNwZQAAAAAAAAEwAAAA0AAAABBwaXhpAAAAAAMICAgAAAAJaXJvdAMAAAAYaXBtYQAAAAAAAAABAA"
    "EFgQIDBIUAAAAaaXJlZgAAAAAAAAAOY2RzYwACAAEAAQAAANBtZGF0AAAAoCgBr1IeDFEQ+Q6SX//znd//lR6Q+xF0xsZI/A69CNvvfajtvjH5"
    "rShJcGzWdheY+CnxmCuDexTUO/003sVaj4iBnmOFygcDDAICpfBjKESnug4ShEz8M9zXdmrV7Lsko/VLhl67JOCNqYBFrf22N6JQCggEGSK7/3"
    "a8ToiFu6DT4xHLka7m+egdGA5SsmwZENHAuw1UtEyEfJMMg1gAF9AAAAAGRXhpZgAATU0AKgAAAAgAAQESAAMAAAABAAYAAAAAAAA="
)  # 304 x 208, white with the top left quarter red, to be turned a quarter clockwise (irot and EXIF both say so)


def page(width: int = 320, height: int = 240) -> Image.Image:
    """White with a black corner at the top left, which tells every orientation apart."""
    rgb = np.full((height, width, 3), 255, np.uint8)
    rgb[:60, :80] = 0
    return Image.fromarray(rgb)


def saved(picture: Image.Image, form: str, **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, form, **options)
    return out.getvalue()


def dark_corner(rgb: np.ndarray) -> str:
    ends = {"top left": rgb[5, 5], "top right": rgb[5, -5], "bottom left": rgb[-5, 5], "bottom right": rgb[-5, -5]}
    return next(name for name, pixel in ends.items() if int(pixel.sum()) < 300)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "BMP", "TIFF", "PDF"])
def test_reads_each_format_from_its_bytes_whatever_the_name(form: str, tmp_path: Path) -> None:
    data = saved(page(), form, **({"resolution": 300} if form == "PDF" else {}))
    path = tmp_path / "page.txt"
    path.write_bytes(data)
    photo = load(path)
    assert photo.rgb.shape == (240, 320, 3)
    assert photo.rgb.dtype == np.uint8
    assert photo.rgb.flags.c_contiguous
    assert dark_corner(photo.rgb) == "top left"
    assert photo.rgb[200, 200].min() > 250
    again = load(data)
    assert again.sha256 == photo.sha256
    assert np.array_equal(again.rgb, photo.rgb)


@pytest.mark.parametrize(
    ("orientation", "corner"),
    list(enumerate(["top left", "top right", "bottom right", "bottom left"] * 2, start=1)),
)
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_turns_upright_once(form: str, orientation: int, corner: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    rgb = load(saved(page(), form, exif=exif)).rgb
    assert rgb.shape[:2] == ((240, 320) if orientation < 5 else (320, 240))
    assert dark_corner(rgb) == corner


def test_heic_is_turned_once() -> None:
    rgb = load(HEIC_TURNED).rgb
    assert rgb.shape == (304, 208, 3)
    assert rgb[5, -5, 0] > 200
    assert rgb[5, -5, 1] < 60
    assert rgb[5, 5].min() > 230


def test_broken_exif_does_not_cost_the_picture() -> None:
    data = saved(page(), "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff\x01\x12")
    assert load(data).rgb.shape == (240, 320, 3)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16", "I", "F", "YCbCr"])
def test_every_mode_becomes_black_on_white(mode: str) -> None:
    if mode == "I;16":
        picture = Image.fromarray(np.asarray(page().convert("L")).astype(np.uint16) * 257)
    else:
        picture = page().convert(mode)
    rgb = load(saved(picture, "TIFF" if mode in ("CMYK", "F", "YCbCr", "I") else "PNG")).rgb
    assert rgb.shape == (240, 320, 3)
    assert rgb[5, 5].max() < 40
    assert rgb[200, 200].min() > 250


def test_sixteen_bits_keep_their_greys() -> None:
    ramp = np.tile(np.arange(256, dtype=np.uint16), (240, 1))
    for form in ("PNG", "TIFF"):
        assert np.array_equal(load(saved(Image.fromarray(ramp * 257), form)).rgb[..., 1], ramp)


@pytest.mark.parametrize("mode", ["LA", "RGBA", "P"])
def test_transparent_is_white(mode: str) -> None:
    if mode == "P":
        picture = Image.fromarray(np.zeros((240, 320), np.uint8)).convert("P")
        data = saved(picture, "PNG", transparency=0)
    else:
        data = saved(Image.new(mode, (320, 240), 0), "PNG")
    assert load(data).rgb.min() == 255


def test_cmyk_jpeg_keeps_its_polarity() -> None:
    rgb = load(saved(page().convert("CMYK"), "JPEG", quality=95)).rgb
    assert rgb[5, 5].max() < 40
    assert rgb[200, 200].min() > 240


def test_pages_of_a_tiff() -> None:
    pages = [page(), page(400, 300), page(500, 260)]
    data = saved(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    assert [p.rgb.shape[1] for p in load_all(data)] == [320, 400, 500]
    assert [p.page for p in load_all(data)] == [1, 2, 3]
    assert load(data, page=2).rgb.shape == (300, 400, 3)
    with pytest.raises(UsageError, match="has 3"):
        load(data, page=4)
    with pytest.raises(UsageError):
        load(data, page=0)


def test_pages_of_a_pdf_at_300_dpi() -> None:
    data = saved(page(600, 400), "PDF", save_all=True, append_images=[page(800, 400)], resolution=150)
    assert [p.rgb.shape for p in load_all(data)] == [(800, 1200, 3), (800, 1600, 3)]
    with pytest.raises(UsageError):
        load(data, page=3)


def test_too_many_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load_module, "MAX_PAGES", 2)
    data = saved(page(), "TIFF", save_all=True, append_images=[page(), page()])
    with pytest.raises(FileTooLarge, match="3 pages"):
        load_all(data)
    assert load(data, page=3).page == 3


def test_a_pdf_page_of_metres_is_drawn_smaller(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load_module, "MAX_PDF_PIXELS", 500_000)
    height, width, _ = load(saved(page(1000, 500), "PDF", resolution=10)).rgb.shape
    assert 450_000 < width * height <= 505_000
    assert width / height == pytest.approx(2.0, rel=0.01)


def test_encrypted_pdf() -> None:
    # The smallest file with a standard security handler; its keys fit no password.
    junk = b"<" + b"41" * 32 + b">"
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 300]>>",
        b"<</Filter/Standard/V 1/R 2/Length 40/P -44/O " + junk + b"/U " + junk + b">>",
    ]
    data, at = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        at.append(len(data))
        data += b"%d 0 obj" % number + body + b"endobj\n"
    start = len(data)
    data += b"xref\n0 5\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % a for a in at)
    data += b"trailer<</Size 5/Root 1 0 R/Encrypt 4 0 R/ID[<00><00>]>>\nstartxref\n%d\n%%%%EOF" % start
    with pytest.raises(EncryptedFile) as caught:
        load(data)
    assert "password" in caught.value.hint


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "BMP", "TIFF", "PDF", "HEIC", "DICOM"])
@pytest.mark.parametrize("keep", [0.1, 0.5, 0.9])
def test_cut_short(form: str, keep: float) -> None:
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 255, (240, 320, 3), np.uint8))
    data = {"HEIC": lambda: HEIC_TURNED, "DICOM": lambda: dicom_image(np.asarray(noise))}.get(
        form, lambda: saved(noise, form)
    )()
    with pytest.raises(UnreadableFile):
        load(data[: int(len(data) * keep)])


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "PDF", "HEIC"])
def test_flipped_bytes_raise_nothing_else(form: str) -> None:
    data = HEIC_TURNED if form == "HEIC" else saved(page(), form)
    rng = np.random.default_rng(7)
    for _ in range(40):
        broken = np.frombuffer(data, np.uint8).copy()
        broken[rng.integers(0, broken.size, 6)] ^= rng.integers(1, 255, 6, np.uint8)
        try:
            load(broken.tobytes())
        except (UnreadableFile, EncryptedFile, TooSmall, FileTooLarge):
            continue


def png_header(width: int, height: int) -> bytes:
    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


@pytest.mark.parametrize("size", [(10_001, 10_000), (60_000, 60_000), (2**31 - 1, 2**31 - 1)])
def test_a_header_that_asks_for_too_many_pixels(size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image.Image, "load", lambda self: pytest.fail("decoded"))
    with pytest.raises(FileTooLarge):
        load(png_header(*size))


def test_too_many_bytes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(load_module, "MAX_BYTES", 1000)
    data = saved(page(), "BMP")
    path = tmp_path / "page.bmp"
    path.write_bytes(data)
    for source in (data, path):
        with pytest.raises(FileTooLarge):
            load(source)


def test_too_small() -> None:
    assert load(saved(page(200, 200), "PNG")).rgb.shape == (200, 200, 3)
    with pytest.raises(TooSmall, match="199"):
        load(saved(page(400, 199), "PNG"))


def test_nothing_to_read(tmp_path: Path) -> None:
    empty = tmp_path / "empty.jpg"
    empty.touch()
    for source in (b"", empty, tmp_path / "absent.jpg", str(tmp_path), "a\0b", b"hello, this is text", b"GIF89a"):
        with pytest.raises(UnreadableFile) as caught:
            load(source)
        assert caught.value.hint
        assert "absent" not in caught.value.message


def test_a_file_that_may_not_be_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "page.png"
    path.write_bytes(saved(page(), "PNG"))

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(UnreadableFile, match="opened"):
        load(path)


def dicom_image(pixels: np.ndarray, photometric: str = "RGB") -> bytes:
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=["page"])
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset = FileDataset("", {}, file_meta=meta, preamble=bytes(128))
    dataset.SOPClassUID = SecondaryCaptureImageStorage
    dataset.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    dataset.Rows, dataset.Columns = pixels.shape[:2]
    dataset.SamplesPerPixel = 3 if photometric == "RGB" else 1
    dataset.PhotometricInterpretation = photometric
    if photometric == "RGB":
        dataset.PlanarConfiguration = 0
    bits = pixels.dtype.itemsize * 8
    dataset.BitsAllocated = dataset.BitsStored = bits
    dataset.HighBit, dataset.PixelRepresentation = bits - 1, 0
    dataset.PixelData = pixels.tobytes()
    out = io.BytesIO()
    dataset.save_as(out, enforce_file_format=True)
    return out.getvalue()


@pytest.mark.parametrize(
    ("photometric", "kind"),
    [("RGB", np.uint8), *((f"MONOCHROME{k}", kind) for k in (1, 2) for kind in (np.uint8, np.uint16))],
)
def test_dicom_image(photometric: str, kind: type) -> None:
    rgb = np.asarray(page())
    grey = rgb[..., 0].astype(kind) * (16 if kind is np.uint16 else 1)
    pixels = {"RGB": rgb, "MONOCHROME1": grey.max() - grey, "MONOCHROME2": grey}[photometric]
    assert np.array_equal(load(dicom_image(pixels, photometric)).rgb, rgb)


def test_dicom_holding_a_pdf() -> None:
    import pydicom

    dataset = pydicom.dcmread(io.BytesIO(dicom_image(np.asarray(page()))))
    dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.104.1"
    dataset.add_new("EncapsulatedDocument", "OB", saved(page(), "PDF", resolution=300))
    out = io.BytesIO()
    dataset.save_as(out)
    assert load(out.getvalue()).rgb.shape == (240, 320, 3)


def test_dicom_of_a_signal_is_sent_to_analyze() -> None:
    from digitize.formats import encode_ecg
    from digitize.record import Ecg

    with pytest.raises(UnreadableFile, match="signal") as caught:
        load(encode_ecg(Ecg(np.zeros((500, 12)), 500.0), ".dcm"))
    assert "analyze" in caught.value.hint


def test_sniff_looks_at_bytes() -> None:
    assert sniff(HEIC_TURNED) == "heic"
    assert sniff(b"\n\n%PDF-1.7") == "pdf"
    assert sniff(b"RIFF\0\0\0\0WAVE") is None
    assert sniff(b"\0\0\0\x18ftypmp42") is None
