"""The house rules: imports run one way, torch stays in the training rooms, no module outgrows one subject."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

HOUSE = Path(__file__).parent.parent
ALLOWED = {"digitize": {"digitize"}, "analyze": {"digitize", "analyze"}, "api": {"digitize", "analyze", "api"}}
MODULES = sorted(path.relative_to(HOUSE) for package in ALLOWED for path in (HOUSE / package).rglob("*.py"))


def imported(module: Path) -> Iterator[str]:
    """Full names of everything a module imports, at its head or inside functions."""
    for node in ast.walk(ast.parse((HOUSE / module).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_imports_run_one_way(module: Path) -> None:
    ours = {name.partition(".")[0] for name in imported(module)} & set(ALLOWED)
    assert ours <= ALLOWED[module.parts[0]]


@pytest.mark.parametrize("module", [m for m in MODULES if "train" not in m.parts], ids=str)
def test_what_people_run_needs_no_training_room(module: Path) -> None:
    names = set(imported(module))
    assert not {name.partition(".")[0] for name in names} & {"torch", "onnx", "onnxscript", "sklearn", "imblearn"}
    assert not [name for name in names if name.startswith(("digitize.train", "analyze.train"))]


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_no_module_outgrows_its_subject(module: Path) -> None:
    assert len((HOUSE / module).read_text(encoding="utf-8").splitlines()) <= 300
