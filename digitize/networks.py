"""Trained networks that come with a package: ``weights/NAME.onnx`` and, beside it, its card ``NAME.json``."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from onnxruntime import InferenceSession


@cache
def read_card(package: str, name: str) -> dict[str, Any]:
    """What is known of a network: what goes in and out, training, data, metrics, SHA-256 of its file."""
    card: dict[str, Any] = json.loads(files(package).joinpath("weights", f"{name}.json").read_text("utf-8"))
    return card


@cache
def open_network(package: str, name: str, threads: int = 0, arena: bool = True) -> InferenceSession:
    """A network ready to be run on the processor.

    Parameters
    ----------
    package, name : str
        Such as ``"digitize", "pen"``.
    threads : int, optional
        0 for as many as there are cores.
    arena : bool, optional
        False where inputs come in many sizes, which would leave the memory that is kept between runs full of holes.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = threads
    options.enable_cpu_mem_arena = arena
    # Waiting threads that spin take the other core from whatever else runs there, the text engine for one.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    weights = files(package).joinpath("weights", f"{name}.onnx").read_bytes()
    return onnxruntime.InferenceSession(weights, options, providers=["CPUExecutionProvider"])
