"""The networks that come with a package: each has a card that names its file's hash, and is opened once."""

from __future__ import annotations

import hashlib
from importlib.resources import files

import pytest

from digitize.networks import open_network, read_card

SHIPPED = [("digitize", "labels"), ("digitize", "pen"), ("analyze", "diagnosis"), ("analyze", "beats")]


@pytest.mark.parametrize(("package", "name"), SHIPPED)
def test_a_card_belongs_to_its_network(package: str, name: str) -> None:
    weights = files(package).joinpath("weights", f"{name}.onnx").read_bytes()
    assert read_card(package, name)["sha256"] == hashlib.sha256(weights).hexdigest()


@pytest.mark.parametrize(("package", "name"), SHIPPED)
def test_no_network_lacks_a_name_here(package: str, name: str) -> None:
    found = {path.name for path in files(package).joinpath("weights").iterdir() if path.name.endswith(".onnx")}
    assert found == {f"{known}.onnx" for owner, known in SHIPPED if owner == package}


def test_a_network_is_opened_once_for_each_way_of_running_it() -> None:
    assert open_network("analyze", "beats", threads=1) is open_network("analyze", "beats", threads=1)
    assert open_network("analyze", "beats", threads=1) is not open_network("analyze", "beats")
