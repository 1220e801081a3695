"""Put what the classifier doubts into its finished file."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path

import onnx
from onnx import TensorProto, helper

from analyze.train.treenode import Forest, to_node

OUTPUT = "doubts"


def add_node(model: onnx.ModelProto, forests: Sequence[Forest]) -> None:
    """Give the graph one more output, ``doubts`` (n, forest): log odds of each kind of mistake."""
    graph = model.graph
    for held in ([n for n in graph.node if OUTPUT in n.output], [o for o in graph.output if o.name == OUTPUT]):
        for part in held:
            (graph.node if isinstance(part, onnx.NodeProto) else graph.output).remove(part)
    graph.node.append(to_node(forests, "numbers", OUTPUT))
    graph.output.append(helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["n", len(forests)]))
    onnx.checker.check_model(model)


def write_doubts(folder: Path, kinds: Sequence[str], forests: Sequence[Forest], limits: Mapping[str, float]) -> None:
    """Add forests and limits to ``diagnosis.onnx`` and its card, the card last: it names the graph's hash.

    Parameters
    ----------
    folder : Path
    kinds, forests : sequence
        Of mistakes, and what tells each.
    limits : mapping of str to float
        By kind, ``noise`` and ``distance``: scores above which an answer is unsure.
    """
    path = folder / "diagnosis.onnx"
    model = onnx.load(path)
    add_node(model, forests)
    part = path.with_suffix(".part")
    part.write_bytes(model.SerializeToString())
    part.replace(path)
    words = tomllib.loads(files(__package__).joinpath("labels.toml").read_text("utf-8"))["doubt"]
    card = json.loads((folder / "diagnosis.json").read_text())
    card["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    card["outputs"][OUTPUT] = f"float32 (n, {len(kinds)}), log odds of a mistake, in the order of unsure"
    card["unsure"] = [{"why": name, "words": words[name], "above": round(limit, 4)} for name, limit in limits.items()]
    (folder / "diagnosis.json").write_text(json.dumps(card, indent=2) + "\n")
