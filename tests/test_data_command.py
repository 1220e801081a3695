"""``paperbeat data``: a data set fetched from a server on this machine, whole, in parts, and against all odds."""

from __future__ import annotations

import hashlib
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from api import cli
from digitize.datasets.fetch import Outcome, fetch_files, fetch_listing
from digitize.datasets.published import PublishedFile
from digitize.errors import DownloadFailed, UsageError

BELOW = "/files/ludb/1.0.1/"
FILES = {
    "LICENSE.txt": b"ODC-By 1.0",
    "ludb.csv": b"ID,Sex,Age\n1,F,40\n",
    "data/1.hea": b"1 12 500 5000\n",
    "data/1.dat": bytes(range(256)) * 1200,  # several blocks
    "data/2.hea": b"2 12 500 5000\n",
    "data/2.dat": b"two",
}


class Server(ThreadingHTTPServer):
    """Publishes FILES; `faults` say what goes wrong with the next answers for a path."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files = dict(FILES)
        self.faults: dict[str, list[str]] = {}
        self.asked: Counter[str] = Counter()
        self.ranges: list[str] = []

    @property
    def mirror(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/files"

    def publish(self, path: str) -> bytes | None:
        if path == "SHA256SUMS.txt":
            lines = [f"{hashlib.sha256(data).hexdigest()} {name}\n" for name, data in FILES.items()]
            return "".join(lines).encode()
        return self.files.get(path)


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        path = self.path.removeprefix(BELOW)
        self.server.asked[path] += 1
        fault = self.server.faults.get(path, [])
        wrong = fault.pop(0) if fault else ""
        data = self.server.publish(path)
        if data is None:
            self.send_error(404)
        elif wrong.isdigit():
            self.send_error(int(wrong))
        else:
            self._answer(data, wrong)

    def _answer(self, data: bytes, wrong: str) -> None:
        asked = self.headers.get("Range")
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and wrong != "no ranges" else 0
        if asked:
            self.server.ranges.append(asked)
        if start >= len(data):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(data)}")
            self.end_headers()
            return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        self.send_header("Content-Length", str(len(data) - start))
        self.end_headers()
        body = data[start:]
        if wrong == "turned":
            body = body[:-1] + bytes([body[-1] ^ 1])
        self.wfile.write(body[: len(body) // 2] if wrong == "broken off" else body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as served:
        thread = threading.Thread(target=served.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield served
        served.shutdown()
        thread.join()


def get(server: Server, folder: Path, *options: str) -> int:
    return cli.run(["data", "get", "ludb", "--to", str(folder), "--mirror", server.mirror, *options])


def fetch(server: Server, folder: Path, replace: bool = False) -> dict[str, str]:
    """Fetch all of it without waiting between tries; what became of each file."""
    outcomes: list[Outcome] = []
    url = server.mirror + "/ludb/1.0.1"
    fetch_files(url, fetch_listing(url), folder, outcomes.append, 2, replace, wait_s=0.001)
    return {outcome.path: outcome.status for outcome in outcomes}


def files_in(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_data_set_comes_whole_and_only_once(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert get(server, tmp_path / "ludb") == 0
    assert files_in(tmp_path / "ludb") == FILES
    said = capsys.readouterr()
    assert said.out == f"{tmp_path / 'ludb'}: 6 fetched\n"
    assert "[6/6]" in said.err and "ODC-By 1.0" in said.err
    before = server.asked.total()
    assert get(server, tmp_path / "ludb") == 0
    assert capsys.readouterr().out.endswith(": 6 kept\n")
    assert server.asked.total() == before + 1  # the listing alone


def test_a_part_of_a_data_set(server: Server, tmp_path: Path) -> None:
    assert get(server, tmp_path, "--records", "1") == 0
    assert sorted(files_in(tmp_path)) == ["LICENSE.txt", "data/1.dat", "data/1.hea", "ludb.csv"]
    assert get(server, tmp_path, "--only", "data/2*") == 0
    assert files_in(tmp_path) == FILES


def test_it_goes_on_where_it_stopped(server: Server, tmp_path: Path) -> None:
    whole = FILES["data/1.dat"]
    (tmp_path / "data").mkdir()
    (tmp_path / "data/1.dat.part").write_bytes(whole[:100_000])
    (tmp_path / "data/2.dat.part").write_bytes(FILES["data/2.dat"])  # whole, but not yet named
    assert set(fetch(server, tmp_path).values()) == {"fetched"}
    assert sorted(server.ranges) == ["bytes=100000-", "bytes=3-"]
    assert files_in(tmp_path) == FILES


@pytest.mark.parametrize(
    "faults", [["broken off"], ["500", "broken off", "503"], ["broken off", "no ranges"], ["turned"]]
)
def test_what_goes_wrong_on_the_way_is_tried_again(server: Server, tmp_path: Path, faults: list[str]) -> None:
    server.faults["data/1.dat"] = [*faults]
    assert fetch(server, tmp_path)["data/1.dat"] == "fetched"
    assert files_in(tmp_path) == FILES


def test_a_part_of_other_bytes_is_thrown_away(server: Server, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/1.dat.part").write_bytes(b"something else")
    (tmp_path / "data/2.dat.part").write_bytes(b"longer than it ought to be")
    assert set(fetch(server, tmp_path).values()) == {"fetched"}
    assert files_in(tmp_path) == FILES


def test_what_is_not_as_published_is_told_and_never_kept(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del server.files["data/1.hea"]
    server.files["data/2.dat"] = b"owt"
    (tmp_path / "ludb.csv").write_bytes(b"my own notes")
    assert get(server, tmp_path) == 4
    said = capsys.readouterr()
    assert said.out.endswith(": 1 absent, 1 damaged, 1 differs, 3 fetched\n")
    assert "error[download_failed]: 3 of 6" in said.err and "--replace" in said.err
    assert (tmp_path / "ludb.csv").read_bytes() == b"my own notes"
    assert sorted(files_in(tmp_path)) == ["LICENSE.txt", "data/1.dat", "data/2.hea", "ludb.csv"]
    assert fetch(server, tmp_path, replace=True)["ludb.csv"] == "fetched"


def test_a_server_that_fails_for_good_is_an_error(server: Server, tmp_path: Path) -> None:
    server.faults["data/1.dat"] = ["500"] * 9
    with pytest.raises(DownloadFailed, match="answers with error 500"):
        fetch(server, tmp_path)
    server.faults["data/1.dat"] = ["416"] * 9
    with pytest.raises(DownloadFailed, match="does not go on"):
        fetch(server, tmp_path)
    nobody = f"http://127.0.0.1:{server.server_port}/nothing/here"
    with pytest.raises(DownloadFailed, match="has no SHA256SUMS"):
        fetch_listing(nobody)


def test_nothing_listens(tmp_path: Path) -> None:
    with Server() as gone:
        url = gone.mirror
    with pytest.raises(DownloadFailed, match="cannot be reached"):
        fetch_listing(url, wait_s=0.001)


def test_other_addresses_than_http_are_refused(tmp_path: Path) -> None:
    (tmp_path / "SHA256SUMS.txt").write_text("")
    with pytest.raises(UsageError, match="no http"):
        fetch_listing(tmp_path.as_uri())


def test_a_link_leads_nowhere(server: Server, tmp_path: Path) -> None:
    outside, folder = tmp_path / "outside", tmp_path / "ludb"
    outside.mkdir()
    folder.mkdir()
    (folder / "data").symlink_to(outside)
    with pytest.raises(UsageError, match="link"):
        fetch(server, folder)
    assert not any(outside.iterdir())


def test_a_folder_that_cannot_be_written(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(UsageError, match="cannot be written"):
        fetch_files(server.mirror, [PublishedFile("a", "0" * 64)], tmp_path / "file", print)


def test_where_it_shall_go_is_asked_for(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("PAPERBEAT_DATA", raising=False)
    assert cli.run(["data", "get", "ludb", "--mirror", server.mirror]) == 1
    assert "PAPERBEAT_DATA" in capsys.readouterr().err and not server.asked
    monkeypatch.setenv("PAPERBEAT_DATA", str(tmp_path))
    assert cli.run(["data", "get", "ludb", "--mirror", server.mirror]) == 0
    assert files_in(tmp_path / "ludb") == FILES
    assert cli.run(["data", "get", "nothing"]) == 1


def test_what_there_is_and_what_is_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PAPERBEAT_DATA", str(tmp_path))
    assert cli.run(["data", "list"]) == 0
    listed = capsys.readouterr().out
    assert all(name in listed for name in ("ptb-xl", "mit-bih", "cinc", "ludb", "21,799"))
    assert cli.run(["data", "show", "ludb"]) == 2
    folder = tmp_path / "ludb" / "data"
    folder.mkdir(parents=True)
    for name in ("1.hea", "1.dat"):
        (folder / name).write_bytes(b"")
    (folder.parent / "ludb.csv").write_text("ID,Sex,Age,Rhythms\n1,F,44,Sinus rhythm\n2,M,50,Sinus rhythm\n")
    capsys.readouterr()
    assert cli.run(["data", "show", "ludb"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("1 records of 1 patients, 1 listed but not here\n")
    assert "Sinus rhythm" in shown and "40-49" in shown
