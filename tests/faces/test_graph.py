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


@pytest.mark.parametrize(
    ("name", "begin"),
    [("x.svg", "<?xml"), ("x.html", "<!DOCTYPE html>"), ("x.htm", "<!DOCTYPE"), ("x.mmd", "flowchart LR")],
)
def test_pictures_by_their_ending(name: str, begin: str, site: Path) -> None:
    assert main(["graph", "-o", name]) == 0
    assert (site / name).read_text(encoding="utf-8").startswith(begin)


def test_a_part(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (site / "site.events").write_text("on alpha.run changed beta.run\non c.run changed d.run\n")
    assert main(["graph", "--select", "c+", "--select", "beta.*"]) == 0
    assert capsys.readouterr().out == "c.run\n└─ changed → d.run\nbeta.run\n"
    for kind in ("dot", "mermaid", "svg", "html", "graphml", "json"):
        assert main(["graph", "--select", "c+", "--format", kind]) == 0
        shown = capsys.readouterr().out
        assert "d.run" in shown
        assert "alpha" not in shown


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (["--select", "a.rum"], "`--select a.rum` names no step of the plan; did you mean `a.run`?"),
        (["--select", "+a.rum+2"], "did you mean `a.run`?"),
        (["--select", "@web"], "`--select @web` names no step of the plan\n"),
        (["--open", "--format", "dot"], "`--open` shows no dot"),
        (["--collapse", "host"], "text is never collapsed"),
    ],
)
def test_what_is_refused(argv: list[str], told: str, site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["graph", *argv]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert told in err


def test_what_is_dormant_is_told_so(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (site / "site.events").write_text("on a.run changed b.run\non x.stop changed x.rest\n")
    assert main(["graph", "--select", "x.stop+"]) == 2
    assert "`x.stop` is dormant" in capsys.readouterr().err


def test_a_picture_that_mermaid_would_refuse(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rules = [f"on a{n % 25}.run changed b{n // 25}.run" for n in range(500)]
    (site / "site.events").write_text("\n".join(rules) + "\n")
    assert main(["graph", "--format", "mermaid"]) == 2
    assert "the picture has 500 arrows" in capsys.readouterr().err


@pytest.fixture
def seen(site: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A browser that writes down what it is asked to show."""
    browser = site / "browser"
    browser.write_text('#!/bin/sh\nprintf %s "$1" > "$(dirname "$0")/seen"\n')
    browser.chmod(0o755)
    monkeypatch.setenv("BROWSER", f"{browser} %s")
    monkeypatch.setenv("TMPDIR", str(site))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setattr("webbrowser._tryorder", None)
    return site / "seen"


def test_open(seen: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["graph", "--open"]) == 0
    path = Path(seen.read_text().removeprefix("file://"))
    assert path.suffix == ".html"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert capsys.readouterr() == ("", f"opened {path}\n")


def test_open_what_was_written(seen: Path, site: Path) -> None:
    assert main(["graph", "--open", "-o", "a b.svg"]) == 0
    assert seen.read_text() == (site / "a b.svg").as_uri()


def test_no_browser(site: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webbrowser.open", lambda url: False)
    assert main(["graph", "--open", "-o", "x.svg"]) == 3
    err = capsys.readouterr().err
    assert "no browser could be started" in err
    assert "x.svg" in err
