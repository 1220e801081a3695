"""``paperbeat doctor``: tells what is missing and how to get it; needs nothing that is missing to say so."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import shutil
from pathlib import Path

import pytest

from api import cli
from api.commands import doctor


def found(part: str) -> doctor.Check:
    return next(check for check in doctor.check_installation() if check.part == part)


def test_this_installation_is_whole(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["doctor"]) == 0
    said = capsys.readouterr().out
    assert "python" in said and "numpy" in said and "Everything that is needed is there." in said


def test_tesseract_is_optional_and_its_sources_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    check = found("tesseract")
    assert check.state == "absent"
    assert "apt-get install tesseract-ocr" in check.remedy and "brew install tesseract" in check.remedy
    assert cli.run(["doctor"]) == 0


def test_a_tesseract_that_does_not_run_is_no_tesseract(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "tesseract"
    program.write_text("#!/bin/sh\nexit 3\n")
    program.chmod(0o755)
    monkeypatch.setattr(shutil, "which", lambda name: str(program))
    assert found("tesseract").state == "absent"


def test_a_missing_package_is_named_with_its_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    version = importlib.metadata.version

    def version_without_scipy(name: str) -> str:
        if name == "scipy":
            raise importlib.metadata.PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(importlib.metadata, "version", version_without_scipy)
    assert cli.run(["doctor"]) == 3
    said = capsys.readouterr()
    assert 'pip install "scipy>=' in said.out
    assert "1 part must be put right" in said.err


def test_weights_are_held_against_their_cards(tmp_path: Path) -> None:
    weights = tmp_path / "digitize" / "weights"
    weights.mkdir(parents=True)
    for name, content in (("right", b"a network"), ("changed", b"another network"), ("gone", None)):
        card = {"sha256": hashlib.sha256(b"a network").hexdigest()}
        (weights / f"{name}.json").write_text(json.dumps(card))
        if content is not None:
            (weights / f"{name}.onnx").write_bytes(content)
    states = {check.part: check.state for check in doctor._check_weights(tmp_path)}
    assert states == {"digitize/changed": "broken", "digitize/gone": "broken", "digitize/right": "ok"}


def test_data_folder_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PAPERBEAT_DATA", str(tmp_path))
    assert found("data").state == "ok"
    monkeypatch.setenv("PAPERBEAT_DATA", str(tmp_path / "nowhere"))
    assert found("data").state == "absent"
