"""`evdsl new`: what it writes stands and runs; it never asks and never overwrites."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

import evdsl
from evdsl.faces.cli import main


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("builtins.input", lambda *_: pytest.fail("it asked"))
    return tmp_path


def files(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def test_a_program_to_begin_with(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", "my demo"]) == 0
    assert files(here / "my demo") == ["actions/app/reload", "app.conf", "site.events"]
    out = capsys.readouterr().out
    assert "\nNext:\n  cd 'my demo'\n  evdsl plan " in out
    program = evdsl.load(here / "my demo" / "site.events")
    assert program.diagnostics == []
    assert [s.id for s in program.plan().steps] == ["config.run#0", "app.reload#0", "pager.page#0"]
    assert (here / "my demo/site.events").read_bytes().endswith(b"\n")
    assert main(["fmt", "--check", "my demo/site.events"]) == 0


def test_it_goes_into_a_folder_that_is_there(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / ".git").mkdir()
    assert main(["new", "."]) == 0
    assert "cd " not in capsys.readouterr().out
    capsys.readouterr()
    assert main(["run"]) == 0
    assert (here / "live.conf").read_text() == "port = 1\n"
    assert main(["run"]) == 0
    assert "Run 2 ok" in capsys.readouterr().out
    monkeypatch.setenv("BREAK", "1")
    (here / "app.conf").write_text("port = 2\n")
    assert main(["run"]) == 1
    monkeypatch.delenv("BREAK")
    assert main(["run"]) == 0
    assert (here / "app.log").read_text().splitlines() == [
        "reloaded with: port = 1",
        "reloaded with: port = 2",
    ]


@pytest.mark.parametrize("name", ["site.events", "app.conf", "actions/app/reload", "other.events"])
def test_nothing_is_overwritten(here: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    there = here / "demo" / name
    there.parent.mkdir(parents=True)
    there.write_text("mine")
    assert main(["new", "demo"]) == 2
    assert f"error[EV600]: `demo` has `{name}` already" in capsys.readouterr().err
    assert files(here) == [f"demo/{name}"]
    assert there.read_text() == "mine"


def test_a_link_that_leads_nowhere_is_a_file_too(here: Path) -> None:
    (here / "demo").mkdir()
    (here / "demo/app.conf").symlink_to(here / "elsewhere")
    assert main(["new", "demo"]) == 2
    assert not (here / "elsewhere").exists()


def test_the_folder_is_a_file(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "demo").touch()
    assert main(["new", "demo"]) == 2
    assert "error[EV704]: `demo" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["new"], ["new", "demo", "--from", "rules.events"]])
def test_a_folder_or_a_program(here: Path, arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    (here / "rules.events").write_text("on a.run changed b.run\n")
    assert main(arguments) == 2
    assert "takes a folder, or `--from FILE`" in capsys.readouterr().err
    assert files(here) == ["rules.events"]


RULES = 'import "part.events" as part\non db.run changed web.1.restart\non web.1.restart failure pager.page\n'


def test_scripts(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "lib").mkdir()
    (here / "lib/rules.events").write_text(RULES)
    (here / "lib/part.events").write_text("on x.run changed y.run\n")
    mine = here / "lib/actions/pager/page.sh"
    mine.parent.mkdir(parents=True)
    mine.write_text("echo mine\n")
    assert main(["new", "--from", "lib/rules.events"]) == 0
    out = capsys.readouterr().out
    assert "wrote lib/actions/web.1/restart  for web.1.restart\n" in out
    assert "\nNext:\n  evdsl simulate lib/rules.events" in out
    names = ["db/run", "web.1/restart", "x/run", "y/run"]
    written = [here / "lib/actions" / name for name in names]
    assert files(here / "lib/actions") == sorted([*names, "pager/page.sh"])
    assert all(stat.S_IMODE(p.stat().st_mode) & stat.S_IXUSR for p in written)
    text = (here / "lib/actions/web.1/restart").read_text()
    assert "# Set off by:\n#   on db.run changed web.1.restart\n" in text
    assert "# Sets off:\n#   on web.1.restart failure pager.page\n" in text
    assert main(["run", "lib/rules.events", "--trace", "trace"]) == 0
    assert set((here / "trace").read_text().splitlines()) == {
        "db.run#0 ok", "part.x.run#0 ok", "part.y.run#0 idle", "web.1.restart#0 idle", "pager.page#0 idle",
    }  # fmt: skip


def test_scripts_are_written_once(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "r.events").write_text("on a.run changed b.run\n")
    (here / "actions/a").mkdir(parents=True)
    (here / "actions/a/run").write_text("not executable")
    assert main(["new", "--from", "r.events"]) == 0
    out = capsys.readouterr().out
    assert "kept actions/a/run  is it executable?" in out
    assert (here / "actions/a/run").read_text() == "not executable"
    os.chmod(here / "actions/a/run", 0o755)
    assert main(["new", "--from", "r.events"]) == 0
    assert "Nothing was written" in capsys.readouterr().err


def test_a_program_that_does_not_stand(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "r.events").write_text("on a.run chnaged b.run\n")
    assert main(["new", "--from", "r.events"]) == 2
    assert "EV103" in capsys.readouterr().err
    assert files(here) == ["r.events"]
