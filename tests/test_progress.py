"""How far a command has come: plain lines for a file, a bar for a person."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from api.progress import counting, working


def test_plain_lines_count_from_what_was_done_before(capsys: pytest.CaptureFixture[str]) -> None:
    with counting("reading", 5, done=2) as tell, ThreadPoolExecutor(3) as threads:
        list(threads.map(tell, ["a", "b", "c"]))
    said = capsys.readouterr()
    assert said.out == ""
    assert [line.split()[0] for line in said.err.splitlines()] == ["[3/5]", "[4/5]", "[5/5]"]
    assert sorted(line.split()[1] for line in said.err.splitlines()) == ["a", "b", "c"]


def test_a_terminal_gets_a_bar_and_what_is_to_be_kept(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "120")
    with counting("reading", 2) as tell:
        tell("[b]page one[/b]", keep=True)
        tell("page two")
    said = capsys.readouterr()
    assert said.out == ""
    assert "[b]page one[/b]\n" in said.err  # a name is no markup
    assert "2/2" in said.err and "page two" in said.err


def test_waiting_is_quiet_in_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    with working("reading the page"):
        pass
    assert capsys.readouterr() == ("", "")
