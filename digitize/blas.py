"""Linear algebra on one thread while a page is read."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

_COUNT = threading.Lock()
_readers: list[object] = []
_limits: list[Any] = []


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Keep the BLAS libraries of numpy and scipy to the calling thread, for as long as anyone reads.

    A page's matrices are small or narrow bands. Spread over threads, each of their thousands of blocks waits, spinning,
    for a thread that another program may keep from the processor: on busy cores a page took five to twenty times as
    long. The setting is the process's own, so what it was comes back when the last of several readers is done.
    """
    reader = object()
    with _COUNT:
        if not _readers:
            _limits.append(_find_libraries().limit(limits=1, user_api="blas"))
        _readers.append(reader)
    try:
        yield
    finally:
        with _COUNT:
            _readers.remove(reader)
            if not _readers:
                _limits.pop().restore_original_limits()


@cache
def _find_libraries() -> Any:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
