"""The server: what it answers, what it refuses, and that nothing of a patient stays or leaks."""

from __future__ import annotations

import asyncio
import gc
import io
import json
import logging
import os
import re
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from fastapi.testclient import TestClient

from analyze import analyze, to_json
from api.app import WEB, create_app
from api.folder import whole_folder
from api.hints import layout_names
from api.jobs import Jobs
from api.problems import NotFound
from api.reading import Reading, dump_json
from api.schemas import ReportOut, SignalFormat
from api.settings import Settings
from digitize.errors import NoEcgFound, UnreadableFile
from digitize.formats import decode_ecg, read_ecg, write_ecg
from digitize.record import Ecg, Hints, Patient
from digitize.synth.heart import simulate

REPORT: dict[str, Any] = {"schema_version": "1", "status": "ok", "findings": [], "disclaimer": "Not a medical device."}


def read_fake(picture: bytes, out: Path, hints: Hints) -> Reading:
    """Stands in for the pipeline, in a worker process; the picture says what becomes of it."""
    if picture == b"no ecg":
        raise NoEcgFound("No ECG was found.")
    if picture == b"text":
        raise UnreadableFile("The file is no picture, PDF or DICOM image.")
    if picture == b"defect":
        raise ValueError("Jane Doe, 1951")
    if picture == b"crash":
        os._exit(9)
    if picture == b"endless":
        time.sleep(600)
    report = REPORT | {"hints": [hints.layout, hints.speed_mm_per_s, hints.patient.age_y, hints.patient.sex]}
    with whole_folder(out) as building:
        signal_mv = np.full((1000, 12), 0.5)
        signal_mv[:, 11] = np.nan
        write_ecg(Ecg(signal_mv, 500.0), building / "signal.csv")
        (building / "overlay.png").write_bytes(b"\x89PNG")
        (building / "report.html").write_text("<!doctype html>")
        (building / "report.json").write_text(json.dumps(report))
    return Reading(report, "")


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    app = create_app(Settings(max_upload_bytes=100_000), read_fake)
    with TestClient(app, base_url="http://127.0.0.1:8000", raise_server_exceptions=False) as client:
        yield client


def post(client: TestClient, picture: bytes = b"a page", **fields: str) -> Any:
    return client.post("/v1/ecgs", files={"file": ("Jane_Doe.jpg", picture)}, data=fields)


def assert_problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert (body["status"], body["code"]) == (status, code)
    assert body["hint"] and body["detail"] and body["title"]
    return body


def test_a_page_goes_in_and_its_files_come_out(client: TestClient) -> None:
    made = post(client, layout="6x2", speed="50", age="54", sex="female")
    assert made.status_code == 201
    body = made.json()
    assert body["hints"] == ["6x2", 50.0, 54.0, "female"]
    assert made.headers["location"] == body["links"]["self"] == f"/v1/ecgs/{body['id']}"
    assert len(body["id"]) >= 20
    links = body["links"]
    assert client.get(links["self"]).json() == body
    signal = client.get(links["signal"])
    assert signal.headers["content-type"].startswith("text/csv")
    assert signal.text.splitlines()[0] == "time_s,I,II,III,aVR,aVL,aVF,V1,V2,V3,V4,V5,V6"
    assert client.get(links["overlay.png"]).headers["content-type"] == "image/png"
    assert "sandbox" in client.get(links["report.html"]).headers["content-security-policy"]
    assert client.delete(links["self"]).status_code == 204
    for link in links.values():
        assert_problem(client.get(link), 404, "not_found")


@pytest.mark.parametrize("form", get_args(SignalFormat))
def test_signal_in_every_format(client: TestClient, tmp_path: Path, form: str) -> None:
    links = post(client).json()["links"]
    answer = client.get(links["signal"], params={"format": form})
    assert answer.status_code == 200
    if form == "wfdb":
        zipfile.ZipFile(io.BytesIO(answer.content)).extractall(tmp_path)
        ecg = read_ecg(tmp_path / "ecg.hea")
    else:
        ecg = decode_ecg(answer.content, f".{form}")
    assert (ecg.fs_hz, ecg.signal_mv.shape) == (500.0, (1000, 12))
    assert np.isnan(ecg.lead("V6")).all() and np.allclose(ecg.lead("V5"), 0.5, atol=2e-3)


def test_an_unknown_format_is_a_problem(client: TestClient) -> None:
    links = post(client).json()["links"]
    assert_problem(client.get(links["signal"], params={"format": "scp"}), 422, "invalid_request")


@pytest.mark.parametrize(
    ("picture", "status", "code"),
    [
        (b"no ecg", 422, "no_ecg_found"),
        (b"text", 415, "unreadable_file"),
        (b"crash", 500, "internal"),
        (b"defect", 500, "internal"),
    ],
)
def test_a_page_that_cannot_be_read(
    client: TestClient, caplog: pytest.LogCaptureFixture, picture: bytes, status: int, code: str
) -> None:
    with caplog.at_level(logging.DEBUG):
        body = assert_problem(post(client, picture), status, code)
    said = json.dumps(body) + caplog.text
    assert "Doe" not in said
    if status == 500:
        assert body["incident"] in caplog.text
        assert set(body) == {"type", "title", "status", "detail", "code", "hint", "incident"}
        assert "ValueError" not in json.dumps(body)
    assert post(client).status_code == 201  # and the next page is read


@pytest.mark.parametrize(
    "fields", [{"layout": "4x3"}, {"speed": "0"}, {"age": "-1"}, {"sex": "unsaid"}, {"gain": "inf"}]
)
def test_wrong_hints_are_refused_with_the_words_of_the_command_line(client: TestClient, fields: dict[str, str]) -> None:
    assert_problem(post(client, **fields), 400, "usage")


def test_a_wrong_field_is_not_echoed(client: TestClient) -> None:
    body = assert_problem(post(client, age="Jane Doe"), 422, "invalid_request")
    assert body["fields"][0]["field"] == "age"
    assert "Doe" not in json.dumps(body)


def test_no_file_no_reading(client: TestClient) -> None:
    assert_problem(client.post("/v1/ecgs", data={"age": "54"}), 422, "invalid_request")
    assert_problem(client.post("/v1/ecgs", json={"file": "x"}), 422, "invalid_request")


def test_unknown_addresses_and_methods(client: TestClient) -> None:
    assert_problem(client.get("/v1/nothing"), 404, "not_found")
    assert_problem(client.get("/web/../app.py"), 404, "not_found")
    assert_problem(client.get("/v1/ecgs/..%2f..%2fetc"), 404, "not_found")
    answer = client.put("/v1/ecgs")
    assert_problem(answer, 405, "method_not_allowed")
    assert "POST" in answer.headers["allow"]


def test_too_large_by_its_own_word(client: TestClient) -> None:
    assert_problem(post(client, b"x" * 100_001), 413, "too_large")


def test_too_large_while_it_streams(client: TestClient) -> None:
    def body() -> Iterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n'
        for _ in range(20):
            yield b"x" * 10_000

    headers = {"content-type": "multipart/form-data; boundary=b"}
    assert_problem(client.post("/v1/ecgs", content=body(), headers=headers), 413, "too_large")


@pytest.mark.parametrize("length", ["-1", "many", "1e3"])
def test_a_length_that_is_no_number(client: TestClient, length: str) -> None:
    assert_problem(client.post("/v1/ecgs", content=b"", headers={"content-length": length}), 400, "malformed")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # Starlette leaves its spool to the gc
def test_a_truncated_upload_is_malformed(client: TestClient) -> None:
    body = b'--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\nhalf a pict'
    answer = client.post("/v1/ecgs", content=body, headers={"content-type": "multipart/form-data; boundary=b"})
    assert_problem(answer, 422, "invalid_request")
    gc.collect()


def test_a_client_that_hangs_up_ends_quietly(caplog: pytest.LogCaptureFixture) -> None:
    app = create_app(Settings(), read_fake)
    incoming = iter([{"type": "http.request", "body": b"--b\r\n", "more_body": True}, {"type": "http.disconnect"}])
    sent: list[Any] = []

    async def receive() -> Any:
        return next(incoming)

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"host", b"127.0.0.1"), (b"content-type", b"multipart/form-data; boundary=b")]
    scope = {"type": "http", "method": "POST", "path": "/v1/ecgs", "headers": headers, "query_string": b""}
    scope |= {"http_version": "1.1", "scheme": "http", "client": None, "server": None, "root_path": ""}
    asyncio.run(app(scope, receive, send))
    assert sent[0]["status"] == 400
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", ""])
def test_another_host_name_is_refused(client: TestClient, host: str) -> None:
    assert_problem(client.get("/healthz", headers={"host": host}), 421, "wrong_host")


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1:8000", "[::1]:8000"])
def test_this_machine_is_welcome(client: TestClient, host: str) -> None:
    assert client.get("/healthz", headers={"host": host}).json() == {"status": "ok"}


def test_every_answer_is_cautious(client: TestClient) -> None:
    for address in ("/", "/web/app.js", "/healthz", "/v1/nothing"):
        headers = client.get(address).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"
        assert "default-src 'none'" in headers["content-security-policy"]


def test_the_page_asks_for_nothing_from_elsewhere(client: TestClient) -> None:
    page = client.get("/")
    assert page.headers["content-type"].startswith("text/html")
    for address in re.findall(r'(?:src|href)="([^"]+)"', page.text):
        assert client.get(address).status_code == 200, address
    for part in WEB.iterdir():
        content = part.read_text(encoding="utf-8").replace('xmlns="http://www.w3.org/2000/svg"', "")
        assert not re.search(r"https?://|style=|innerHTML|eval\(", content), part.name


def test_the_page_offers_every_layout() -> None:
    offered = re.findall(r"<option>(\d+x\d+(?:\+\d)?)</option>", (WEB / "index.html").read_text(encoding="utf-8"))
    assert tuple(offered) == layout_names()


def test_the_published_shape_is_that_of_a_report() -> None:
    ecg = simulate("normal", heart_rate_bpm=70, seed=1).ecg
    document = to_json(analyze(ecg, Patient(age_y=54, sex="male", source="hint")))
    assert set(document) == set(ReportOut.model_fields)
    shape = ReportOut.model_validate_json(dump_json(document))
    assert shape.model_dump(mode="json") == json.loads(dump_json(document))


def test_openapi_names_every_problem(client: TestClient) -> None:
    described = client.get("/openapi.json").json()
    responses = described["paths"]["/v1/ecgs"]["post"]["responses"]
    assert {"201", "400", "413", "415", "422", "500", "503"} <= set(responses)
    assert "application/problem+json" in responses["422"]["content"]


def test_a_busy_server_says_when_to_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    app = create_app(Settings(max_waiting=1), read_fake)
    entered, go = threading.Event(), threading.Event()

    def read_slowly(*_: object, **__: object) -> None:
        entered.set()
        assert go.wait(60)
        raise NoEcgFound("No ECG was found.")

    monkeypatch.setattr("digitize.workers.Worker.run", read_slowly)
    with TestClient(app, base_url="http://localhost") as client:
        first = threading.Thread(target=post, args=(client,))
        first.start()
        assert entered.wait(60)
        answer = post(client)
        go.set()
        first.join()
        assert_problem(answer, 503, "busy")
        assert int(answer.headers["retry-after"]) > 0
        assert_problem(post(client), 422, "no_ecg_found")


@pytest.fixture
def quick_jobs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Jobs]:
    """A store whose pages are read at once, without a process."""
    monkeypatch.setattr("digitize.workers.Worker.run", lambda _, read, *args, timeout_s: read(*args))
    jobs = Jobs(Settings(max_kept=2, keep_s=100.0), read_fake)
    yield jobs
    jobs.close()


def test_results_go_when_their_time_is_up(quick_jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    key = quick_jobs.read(b"a page", Hints())
    folder = quick_jobs.folder(key)
    assert folder.is_dir()
    later = time.monotonic() + 101
    monkeypatch.setattr(time, "monotonic", lambda: later)
    quick_jobs.sweep()
    assert not folder.exists()
    with pytest.raises(NotFound):
        quick_jobs.folder(key)


def test_the_oldest_results_make_room(quick_jobs: Jobs) -> None:
    keys = [quick_jobs.read(b"a page", Hints()) for _ in range(3)]
    with pytest.raises(NotFound):
        quick_jobs.folder(keys[0])
    assert quick_jobs.folder(keys[1]).is_dir()
    assert quick_jobs.folder(keys[2]).is_dir()


def test_nothing_outlasts_the_server(quick_jobs: Jobs) -> None:
    folder = quick_jobs.folder(quick_jobs.read(b"a page", Hints()))
    assert folder.parent.stat().st_mode & 0o077 == 0  # nobody else on the machine can look
    quick_jobs.close()
    assert not folder.parent.exists()
