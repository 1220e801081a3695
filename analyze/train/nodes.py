"""Nodes of an ONNX graph written one after another, as an expression is."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from onnx import NodeProto, helper, numpy_helper


class Nodes:
    """What was written so far; every value gets a name of its own."""

    def __init__(self) -> None:
        self.written: list[NodeProto] = []

    def constant(self, values: ArrayLike) -> str:
        """A constant, float32 or int64 as numpy would have it; returns its name."""
        array = np.asarray(values)
        array = array.astype(np.int64 if array.dtype.kind == "i" else np.float32)
        return self.add("Constant", value=numpy_helper.from_array(array))

    def add(self, kind: str, *inputs: str, gives: str | None = None, **attributes: Any) -> str:
        """A node of one output, named ``gives`` or anew; returns the name."""
        name = gives or f"{kind.lower()}_{len(self.written)}"
        self.written.append(helper.make_node(kind, inputs, [name], **attributes))
        return name

    def pick(self, values: str, columns: list[int]) -> str:
        """Some columns of (n, number)."""
        return self.add("Gather", values, self.constant(columns), axis=1)
