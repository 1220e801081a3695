"""Fetch the files of a data set over HTTP: checked, resumable, never half there.

A file grows as ``NAME.part`` and gets its name once its checksum is right. Run again, what is there and right is kept,
and a part is continued where it stopped. Nothing outside the folder is written.
"""

from __future__ import annotations

import hashlib
import http.client
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Literal
from urllib.parse import quote, urlsplit

from digitize.datasets.published import SUMS, PublishedFile, parse_sums
from digitize.errors import DownloadFailed, UsageError

PHYSIONET = "https://physionet.org/files"
CONNECTIONS = 4
"""Files at a time: few, for a server that many share."""

_TRIES, _WAIT_S, _TIMEOUT_S = 5, 1.0, 20.0
_BLOCK_BYTES = 1 << 16
_MAX_LISTING_BYTES = 1 << 27
_GONE = (401, 403, 404, 410)

Status = Literal["fetched", "kept", "absent", "damaged", "differs"]


@dataclass(frozen=True)
class Outcome:
    """What became of a file.

    Attributes
    ----------
    path : str
    status : {"fetched", "kept", "absent", "damaged", "differs"}
        ``kept`` was there and is right; ``absent`` is listed but not published; ``damaged`` came with a wrong checksum
        twice; ``differs`` was there with other bytes and was not touched.
    """

    path: str
    status: Status

    @property
    def is_failure(self) -> bool:
        """Whether the file is not here as published."""
        return self.status not in ("fetched", "kept")


class _Stopped(Exception):
    """Another thread has given up, or a person has."""


def fetch_listing(url: str, wait_s: float = _WAIT_S) -> tuple[PublishedFile, ...]:
    """The files of the data set that is published under ``url``, from its ``SHA256SUMS.txt``.

    Raises
    ------
    UsageError
        ``url`` is no ``http://`` or ``https://`` address.
    DownloadFailed
        It cannot be reached, has no such listing, or one that is not to be trusted.
    """
    for left in reversed(range(_TRIES)):
        try:
            with _open(f"{url}/{SUMS}") as answer:
                data = answer.read(_MAX_LISTING_BYTES + 1)
            if len(data) > _MAX_LISTING_BYTES:
                raise DownloadFailed(f"{SUMS} is too large to be a list of files.", "Check the address of the mirror.")
            return parse_sums(data.decode("utf-8"))
        except UnicodeDecodeError as error:
            raise DownloadFailed(f"{SUMS} is no text.", "Check the address of the mirror.") from error
        except (OSError, http.client.HTTPException) as error:
            if isinstance(error, urllib.error.HTTPError) and error.code in _GONE:
                hint = "Check the address of the mirror, or try again later."
                raise DownloadFailed(f"The server has no {SUMS} for this data set ({error.code}).", hint) from error
            _wait_or_give_up(error, left, wait_s)
    raise AssertionError("the last try returns or raises")


def fetch_files(
    url: str,
    published: Sequence[PublishedFile],
    folder: Path,
    on_file: Callable[[Outcome], None],
    connections: int = CONNECTIONS,
    replace: bool = False,
    wait_s: float = _WAIT_S,
) -> None:
    """Fetch files into a folder.

    Parameters
    ----------
    url : str
        Address of the data set; paths of ``published`` lie below it.
    published : sequence of PublishedFile
    folder : Path
        Made when it is not there.
    on_file : callable
        Called with the outcome of every file, from this thread.
    connections : int
        Files at a time.
    replace : bool
        Fetch again what is there with other bytes; it is left alone otherwise.
    wait_s : float
        Before the second try; doubled before each further one.

    Raises
    ------
    DownloadFailed
        The server cannot be reached any more.
    UsageError
        The folder cannot be written, for example because the disk is full.
    """
    stop = Event()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(error) from error
    root = folder.resolve()
    with ThreadPoolExecutor(connections) as pool:
        futures = [pool.submit(_fetch_file, url, file, root, replace, wait_s, stop) for file in published]
        try:
            for future in as_completed(futures):
                on_file(future.result())
        except BaseException:
            stop.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _fetch_file(url: str, file: PublishedFile, root: Path, replace: bool, wait_s: float, stop: Event) -> Outcome:
    path = root / file.path
    part = path.with_name(f"{path.name}.part")
    try:
        if not path.parent.resolve().is_relative_to(root) or part.is_symlink():
            raise UsageError("A link in the folder leads out of it.", "Give a folder without links.")
        if path.is_file():
            if _sha256(path, stop) == file.sha256:
                return Outcome(file.path, "kept")
            if not replace:
                return Outcome(file.path, "differs")
        path.parent.mkdir(parents=True, exist_ok=True)
        for _ in range(2):  # a part of other bytes, or bytes turned on the way: once more from the start
            if not _grow(f"{url}/{quote(file.path)}", part, wait_s, stop):
                return Outcome(file.path, "absent")
            if _sha256(part, stop) == file.sha256:
                part.replace(path)
                return Outcome(file.path, "fetched")
            part.unlink()
    except OSError as error:
        raise _unwritable(error) from error
    return Outcome(file.path, "damaged")


def _grow(url: str, part: Path, wait_s: float, stop: Event) -> bool:
    """Fetch what a part lacks; False when the server has no such file. OSError only from the disk."""
    for left in reversed(range(_TRIES)):
        have = part.stat().st_size if part.exists() else 0
        try:
            answer = _open(url, have)
        except urllib.error.HTTPError as error:
            if error.code in _GONE:
                return False
            if error.code == 416:  # nothing beyond what is here
                if error.headers.get("Content-Range", "").strip() == f"bytes */{have}":
                    return True
                part.unlink(missing_ok=True)
            else:
                _wait_or_give_up(error, left, wait_s, stop)
            continue
        except (OSError, http.client.HTTPException) as error:
            _wait_or_give_up(error, left, wait_s, stop)
            continue
        with answer:
            continues = answer.status == 206 and answer.headers.get("Content-Range", "").startswith(f"bytes {have}-")
            if answer.status == 206 and not continues:
                part.unlink(missing_ok=True)
                continue
            broken = _save(answer, part, "ab" if continues else "wb", stop)
        if broken is None:
            return True
        _wait_or_give_up(broken, left, wait_s, stop)
    raise DownloadFailed("The server does not go on with a file that was begun.", "Try again later.")


def _save(answer: http.client.HTTPResponse, part: Path, mode: Literal["ab", "wb"], stop: Event) -> Exception | None:
    """Write the body to the part; the error that broke it off, or None when all of it came."""
    expected, got = answer.length, 0
    with part.open(mode) as file:
        while not stop.is_set():
            try:
                block = answer.read(_BLOCK_BYTES)
            except (OSError, http.client.HTTPException) as error:
                return error
            if not block:
                short = expected is not None and got < expected
                return http.client.IncompleteRead(b"", None if expected is None else expected - got) if short else None
            file.write(block)
            got += len(block)
    raise _Stopped


def _open(url: str, start: int = 0) -> http.client.HTTPResponse:
    if urlsplit(url).scheme not in ("http", "https"):
        raise UsageError("The mirror is no http:// or https:// address.", "Leave out --mirror to use PhysioNet.")
    request = urllib.request.Request(url, headers={"User-Agent": "paperbeat"})
    if start:
        request.add_header("Range", f"bytes={start}-")
    try:
        answer: http.client.HTTPResponse = urllib.request.urlopen(request, timeout=_TIMEOUT_S)
    except urllib.error.HTTPError as error:
        error.close()  # its code and headers are all that is wanted
        raise
    return answer


def _wait_or_give_up(error: Exception, left: int, wait_s: float, stop: Event | None = None) -> None:
    """Wait before the next try, longer each time; DownloadFailed when none is left."""
    if stop is not None and stop.is_set():
        raise _Stopped
    if left == 0:
        if isinstance(error, urllib.error.HTTPError):
            raise DownloadFailed(f"The server answers with error {error.code}.") from error
        if isinstance(error, http.client.HTTPException):
            raise DownloadFailed("The server breaks off its answers.") from error
        raise DownloadFailed("The server cannot be reached.") from error
    delay_s = wait_s * 2 ** (_TRIES - 1 - left)
    if stop is None:
        time.sleep(delay_s)
    elif stop.wait(delay_s):
        raise _Stopped


def _sha256(path: Path, stop: Event) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            if stop.is_set():
                raise _Stopped
            digest.update(block)
    return digest.hexdigest()


def _unwritable(error: OSError) -> UsageError:
    return UsageError(
        f"The files cannot be written: {error.strerror or 'unknown reason'}.",
        "Check the folder and the free space; what was fetched stays, and the same command goes on.",
    )
