"""`evdsl check` of several programs: each by itself, what they share told once, no secret of any shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evdsl.faces.cli import main


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "lib.events").write_text('resource a { run: sh "x" }\non a.run chnaged a.run\n')
    for name in ("x", "y"):
        (tmp_path / f"{name}.events").write_text('import "lib.events" as l\non l.a.run changed l.a.nope\n')
    (tmp_path / "good.events").write_text("on a.run changed b.run\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_what_programs_share_is_told_once(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--json", "x.events", "good.events", "y.events"]) == 1
    made = json.loads(capsys.readouterr().out)
    errors = [(d["file"], d["code"]) for d in made["diagnostics"] if d["severity"] == "error"]
    assert errors == [("x.events", "EV202"), ("lib.events", "EV103"), ("y.events", "EV202")]
    assert made["summary"]["files"] == 4


def test_one_that_is_missing_is_wrong_usage(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "good.events", "nope.events"]) == 2
    assert "`nope.events` cannot be read" in capsys.readouterr().out


def test_no_secret_of_any_is_shown(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EVDSL_SET_token", "hunter22")
    (folder / "s.events").write_text('secret token\nparam hunter22 = 1\nresource a { run: sh "x" }\n')
    main(["check", "s.events", "good.events"])
    shown = capsys.readouterr().out
    assert "EV404" in shown
    assert "hunter22" not in shown
