"""The addresses of the HTTP interface."""

from __future__ import annotations

import json
import tempfile
import zipfile
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, File, Form, Request, Response, UploadFile
from fastapi.responses import FileResponse, JSONResponse

from api.guard import REPORT_POLICY
from api.hints import make_hints
from api.jobs import Jobs
from api.schemas import PROBLEMS, EcgResource, Health, SignalFormat

router = APIRouter(responses=PROBLEMS)

_MEDIA_TYPES = {
    "csv": "text/csv",
    "wfdb": "application/zip",
    "dcm": "application/dicom",
    "xml": "application/xml",
    "edf": "application/octet-stream",
    "npz": "application/octet-stream",
    "json": "application/json",
}


def jobs_of(request: Request) -> Jobs:
    """The store that the app opened."""
    jobs: Jobs = request.app.state.jobs
    return jobs


Store = Annotated[Jobs, Depends(jobs_of)]


@router.post("/v1/ecgs", status_code=201, operation_id="read_page", response_model=EcgResource)
def read_page(
    store: Store,
    file: Annotated[UploadFile, File(description="Photo, scan or PDF of one page.")],
    speed: Annotated[float | None, Form(description="Paper speed in mm/s, if you know it.")] = None,
    gain: Annotated[float | None, Form(description="Gain in mm/mV, if you know it.")] = None,
    layout: Annotated[str | None, Form(description="Name of the layout, such as 3x4+1.")] = None,
    age: Annotated[float | None, Form(description="Years.")] = None,
    sex: Annotated[str | None, Form(description="female or male.")] = None,
) -> Response:
    """Read a page. Answers when it is read, which takes some seconds."""
    hints = make_hints(layout, speed, gain, age, sex)
    key = store.read(file.file.read(), hints)
    return JSONResponse(_resource(store, key), 201, {"Location": f"/v1/ecgs/{key}"})


@router.get("/v1/ecgs/{key}", operation_id="get_report", response_model=EcgResource)
def get_report(store: Store, key: str) -> Response:
    """The report of a page that was read."""
    return JSONResponse(_resource(store, key))


@router.delete("/v1/ecgs/{key}", status_code=204, operation_id="delete_ecg", response_class=Response)
def delete_ecg(store: Store, key: str) -> None:
    """Delete everything that is kept of a page."""
    store.delete(key)


@router.get("/v1/ecgs/{key}/signal", operation_id="get_signal", response_class=Response)
def get_signal(store: Store, key: str, format: SignalFormat = "csv") -> Response:
    """The signal in millivolts: CSV, or another format (``wfdb`` is a zip of .hea and .dat)."""
    folder = store.folder(key)
    headers = {"Content-Disposition": f'attachment; filename="ecg.{"zip" if format == "wfdb" else format}"'}
    content = (folder / "signal.csv").read_bytes() if format == "csv" else _convert(folder / "signal.csv", format)
    return Response(content, headers=headers, media_type=_MEDIA_TYPES[format])


@router.get("/v1/ecgs/{key}/overlay.png", operation_id="get_overlay", response_class=FileResponse)
def get_overlay(store: Store, key: str) -> Response:
    """The photo with what was read drawn over it."""
    return FileResponse(store.folder(key) / "overlay.png", media_type="image/png")


@router.get("/v1/ecgs/{key}/report.html", operation_id="get_report_page", response_class=FileResponse)
def get_report_page(store: Store, key: str) -> Response:
    """The report as one self-contained page that prints."""
    headers = {"Content-Security-Policy": REPORT_POLICY}
    return FileResponse(store.folder(key) / "report.html", media_type="text/html", headers=headers)


@router.get("/healthz", operation_id="get_health", response_model=Health)
def get_health() -> dict[str, str]:
    """Says that the server runs."""
    return {"status": "ok"}


def _resource(store: Jobs, key: str) -> dict[str, Any]:
    report: dict[str, Any] = json.loads((store.folder(key) / "report.json").read_text(encoding="utf-8"))
    here = f"/v1/ecgs/{key}"
    links = {"self": here} | {name: f"{here}/{name}" for name in ("signal", "overlay.png", "report.html")}
    return {"id": key, "links": links, **report}


def _convert(csv: Path, format: str) -> bytes:
    from digitize.formats import read_ecg, write_ecg

    with tempfile.TemporaryDirectory() as place:
        made = Path(place) / f"ecg.{'hea' if format == 'wfdb' else format}"
        write_ecg(read_ecg(csv), made)
        if format != "wfdb":
            return made.read_bytes()
        bundle = Path(place) / "ecg.zip"
        with zipfile.ZipFile(bundle, "w", zipfile.ZIP_DEFLATED) as archive:
            for part in (made, made.with_suffix(".dat")):
                archive.write(part, part.name)
        return bundle.read_bytes()
