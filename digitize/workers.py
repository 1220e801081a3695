"""A process of its own for one page at a time, so that a crash or an endless page costs that page alone.

The standard library's process pool breaks as a whole when one worker dies and cannot end a stuck task; this can.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from digitize.errors import PaperbeatError

_THREAD_LIMITS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class TaskFailed(PaperbeatError):
    code, http_status = "internal", 500
    default_hint = "This is a defect in Paperbeat. Please report it with the place named above, not with the page."


class WorkerLost(PaperbeatError):
    code, http_status = "worker_lost", 500
    default_hint = "The process that read this page ended, often for want of memory. Try again with fewer jobs at once."


class TookTooLong(PaperbeatError):
    code, http_status = "took_too_long", 504
    default_hint = "Crop the picture to the page, or scale it to about 4000 pixels across, and try again."


class Worker:
    """One spawned process that runs tasks in turn; it is started when first needed and again after a loss."""

    def __init__(self) -> None:
        self._process: BaseProcess | None = None
        self._pipe: Connection | None = None

    def run(self, task: Callable[..., Any], *args: Any, timeout_s: float) -> Any:
        """Run an importable function in the process and return what it returns.

        Raises
        ------
        PaperbeatError
            What the task itself raised on purpose.
        TaskFailed
            The task raised anything else; the message names the type and the place only, never the data.
        WorkerLost
            The process died.
        TookTooLong
            The task ran past `timeout_s` and was ended.
        """
        try:
            pipe = self._started()
            pipe.send((task, args))
            if not pipe.poll(timeout_s):
                self.stop()
                raise TookTooLong(f"Reading this page took longer than {timeout_s:.0f} s and was ended.")
            done, value = pipe.recv()
        except (EOFError, OSError):
            self.stop()
            raise WorkerLost("The process that read this page ended unexpectedly.") from None
        if not done:
            raise value
        return value

    def stop(self) -> None:
        """End the process, whatever it is doing."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.join()
        pipe, self._pipe = self._pipe, None
        if pipe is not None:
            pipe.close()

    def _started(self) -> Connection:
        if self._pipe is None or self._process is None or not self._process.is_alive():
            self.stop()
            for name in _THREAD_LIMITS:  # the child inherits it; numpy reads it once, when it is loaded
                os.environ.setdefault(name, "1")
            context = multiprocessing.get_context("spawn")
            self._pipe, far_end = context.Pipe()
            self._process = context.Process(target=_work, args=(far_end,), daemon=True)
            self._process.start()
            far_end.close()  # the child's copy is then the only one, and its death ends the pipe
            self._pipe.recv()  # it is up: the time a start takes on a busy machine is not the page's
        return self._pipe


def describe(exc: BaseException) -> str:
    """Type and place of an unexpected error, without its message, which could hold a patient's data."""
    frames = traceback.extract_tb(exc.__traceback__)
    place = f" at {'/'.join(Path(frames[-1].filename).parts[-2:])}:{frames[-1].lineno}" if frames else ""
    return f"{type(exc).__name__}{place}"


def _work(pipe: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides what ends
    import cv2

    cv2.setNumThreads(1)
    pipe.send("up")
    while True:
        try:
            task, args = pipe.recv()
        except EOFError:
            sys.exit(0)
        try:
            answer = (True, task(*args))
        except PaperbeatError as exc:
            answer = (False, exc)
        except Exception as exc:
            answer = (False, TaskFailed(f"Reading this page failed unexpectedly: {describe(exc)}."))
        pipe.send(answer)
