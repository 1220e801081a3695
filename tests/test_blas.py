"""Linear algebra keeps to one thread while pages are read, and only then."""

from __future__ import annotations

import threading

import pytest
import scipy.linalg  # noqa: F401  loads its own BLAS beside numpy's
from threadpoolctl import ThreadpoolController

from digitize.blas import one_blas_thread
from digitize.pipeline import read_photo


def count_threads() -> list[int]:
    return [library["num_threads"] for library in ThreadpoolController().select(user_api="blas").info()]


def test_one_thread_inside_and_as_before_outside() -> None:
    before = count_threads()
    assert before
    with one_blas_thread():
        assert set(count_threads()) == {1}
    assert count_threads() == before


def test_one_thread_as_long_as_anyone_reads() -> None:
    inside, go = threading.Event(), threading.Event()

    def read() -> None:
        with one_blas_thread():
            inside.set()
            go.wait(10)

    reader = threading.Thread(target=read)
    with one_blas_thread():
        reader.start()
        assert inside.wait(10)
    assert set(count_threads()) == {1}
    go.set()
    reader.join()


def test_threads_come_back_after_an_error() -> None:
    before = count_threads()
    with pytest.raises(ValueError, match="broken"), one_blas_thread():
        raise ValueError("broken")
    assert count_threads() == before


def test_reading_is_wrapped() -> None:
    assert hasattr(read_photo, "__wrapped__")
