"""The server's memory: pages being read, and for a while the results, each under an id that cannot be guessed."""

from __future__ import annotations

import queue
import secrets
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from api.problems import Busy, NotFound
from api.reading import Reading, read_to_folder
from api.settings import Settings
from digitize.record import Hints
from digitize.workers import Worker

ReadPage = Callable[[bytes, Path, Hints], Reading]


class Jobs:
    """Reads pages in worker processes and keeps their folders in a private temporary place.

    Parameters
    ----------
    settings : Settings
    read_page : callable
        Importable; called in the worker with the file's bytes, the folder to write and the hints.
    """

    def __init__(self, settings: Settings, read_page: ReadPage = read_to_folder) -> None:
        self._settings = settings
        self._read_page = read_page
        self._place = Path(tempfile.mkdtemp(prefix="paperbeat-"))
        self._kept: dict[str, float] = {}
        self._admitted = 0
        self._lock = threading.Lock()
        self._idle: queue.SimpleQueue[Worker] = queue.SimpleQueue()
        self._workers = [Worker() for _ in range(settings.workers)]
        for worker in self._workers:
            self._idle.put(worker)

    def read(self, picture: bytes, hints: Hints) -> str:
        """Read a page; blocks until it is done.

        Returns
        -------
        str
            The id of its results.

        Raises
        ------
        Busy
            When as many pages as allowed are being read or waiting.
        PaperbeatError
            Why the page could not be read; nothing is kept of it.
        """
        with self._lock:
            if self._admitted >= self._settings.max_waiting:
                raise Busy("The server has as many pages to read as it takes on.")
            self._admitted += 1
        try:
            key = secrets.token_urlsafe(16)
            worker = self._idle.get()
            try:
                worker.run(self._read_page, picture, self._place / key, hints, timeout_s=self._settings.page_timeout_s)
            finally:
                self._idle.put(worker)
        finally:
            with self._lock:
                self._admitted -= 1
        with self._lock:
            self._kept[key] = time.monotonic()
        self.sweep()
        return key

    def folder(self, key: str) -> Path:
        """The results folder of an id. Raises NotFound when there is none, or none any more."""
        self.sweep()
        with self._lock:
            if key not in self._kept:
                raise NotFound("There is no ECG under this id.")
        return self._place / key

    def delete(self, key: str) -> None:
        """Remove a page's results. Raises NotFound."""
        folder = self.folder(key)
        with self._lock:
            self._kept.pop(key, None)
        shutil.rmtree(folder, ignore_errors=True)

    def sweep(self) -> None:
        """Delete what is too old, and the oldest of what is too much."""
        expired_before = time.monotonic() - self._settings.keep_s
        with self._lock:
            surplus = max(len(self._kept) - self._settings.max_kept, 0)
            oldest = list(self._kept)[:surplus]  # a dict keeps the order in which results came
            gone = {*oldest, *(key for key, kept_at in self._kept.items() if kept_at < expired_before)}
            for key in gone:
                del self._kept[key]
        for key in gone:
            shutil.rmtree(self._place / key, ignore_errors=True)

    def close(self) -> None:
        """End the workers and delete everything."""
        for worker in self._workers:
            worker.stop()
        shutil.rmtree(self._place, ignore_errors=True)
