"""`evdsl graph` from its arguments to its exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evdsl.faces.cli import main

PROGRAM = "on a.run changed b.run\non b.run failed a.run\n"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "site.events").write_text(PROGRAM)
    return tmp_path


def test_text_is_the_default(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["graph", "site.events"]) == 0
    assert capsys.readouterr().out.startswith("a.run#0\n└─ changed → b.run\n")


def test_ascii(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["graph", "--ascii"]) == 0
    assert capsys.readouterr().out.startswith("a.run#0\n`- changed -> b.run\n")


@pytest.mark.parametrize(
    ("name", "begin"),
    [
        ("x.txt", "a.run#0\n└─ changed"),
        ("x.dot", "digraph"),
        ("x.GV", "digraph"),
        ("x.graphml", "<?xml"),
        ("x.json", "{"),
    ],
)
def test_the_ending_names_the_format(
    name: str, begin: str, site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["graph", "-o", name]) == 0
    assert (site / name).read_text(encoding="utf-8").startswith(begin)
    assert capsys.readouterr() == ("", "")


def test_a_named_format_counts_more_than_the_ending(site: Path) -> None:
    assert main(["graph", "--format", "json", "-o", "x.dot"]) == 0
    assert json.loads((site / "x.dot").read_text())["directed"]


def test_text_in_a_file_has_no_colour(site: Path) -> None:
    assert main(["graph", "--color", "always", "-o", "x.txt"]) == 0
    assert "\x1b" not in (site / "x.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (["-o", "x.pdf"], "the ending of `x.pdf` names no format"),
        (["-o", "no/x.dot"], "`no/x.dot` cannot be written: No such file or directory"),
        (["--format", "dot", "nowhere.events"], "`nowhere.events` cannot be read"),
    ],
)
def test_what_cannot_be_drawn(
    argv: list[str], told: str, site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["graph", *argv]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert told in err
