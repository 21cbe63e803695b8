"""What is kept of runs on disk, what is not, and what is read of it."""

from __future__ import annotations

import argparse
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from evdsl.base.redact import Redactor
from evdsl.drivers.outcome import Outcome
from evdsl.drivers.output import SIDE, Kept, Output
from evdsl.faces import log, status
from evdsl.run.history import KEPT, Writing, entries_of, last_outcomes, log_name, past
from evdsl.run.live import Ended, Result, Retried
from evdsl.run.state import State


def writing(folder: Path, file: str = "a.events", **more: object) -> Writing:
    with State.open(str(folder / file)) as state:
        return Writing.begin(state, str(folder / file), lambda step: f"s{step}.run#0", **more)  # type: ignore[arg-type]


def said(event: str, text: bytes = b"", reason: str = "") -> Outcome:
    output = Output()
    output.add(text)
    return Outcome(event, reason, {}, output.kept(), 0.25)


def ended(step: int, outcome: Outcome | None, state: str = "", reason: str = "") -> Ended:
    return Ended(step, state or (outcome.event if outcome else "idle"), reason, (), outcome)


def end(exit_code: int = 0) -> Result:
    return Result({}, [], [], [], exit_code)


def modes(folder: Path) -> set[tuple[bool, int]]:
    return {
        (path.is_dir(), stat.S_IMODE(path.stat().st_mode))
        for path in [folder / ".evdsl", *(folder / ".evdsl").rglob("*")]
        if not path.name.endswith(("-wal", "-shm"))
    }


def test_written_and_read(tmp_path: Path) -> None:
    os.umask(os.umask(0o022))
    made = writing(tmp_path)
    made(ended(0, said("changed")))
    made(ended(1, said("failed", b"no\xff\n\x1b[31mred\n", "exit 1")))
    made(ended(2, None))
    made(ended(3, None, "skipped", "needs s1.run, which ended failed"))
    made.end(end(1))
    folder = Path(made.path)
    assert sorted(os.listdir(folder)) == ["about.json", "s1.run#0.log", "trace"]
    assert (folder / "s1.run#0.log").read_bytes() == b"no\xff\n\x1b[31mred\n"
    assert [line.split("\t")[0] for line in (folder / "trace").read_text().splitlines()] == [
        "s0.run#0 changed",
        "s1.run#0 failed",
        "s2.run#0 idle",
        "s3.run#0 skipped",
    ]
    assert modes(tmp_path) == {(True, 0o700), (False, 0o600)}
    (run,) = past(str(tmp_path / "a.events"))
    assert (run.number, run.exit, run.pid) == (1, 1, os.getpid())
    assert [entry[1:5] for entry in run.entries()] == [
        ("changed", 0.25, 1, ""),
        ("failed", 0.25, 1, "exit 1"),
        ("idle", 0, 0, ""),
        ("skipped", 0, 0, "needs s1.run, which ended failed"),
    ]
    assert entries_of(run, "s1.run") == entries_of(run, "s1.run#0")
    assert entries_of(run, "s1.run")[0].log == str(folder / "s1.run#0.log")
    assert entries_of(run, "s1") == []


def test_tries(tmp_path: Path) -> None:
    made = writing(tmp_path)
    made(Retried(0, 1, said("failed", b"one", "exit 1"), 0.1))
    made(Retried(0, 2, said("error", b"", "exit 127\nx"), 0.1))
    made(ended(0, said("changed", b"three\n")))
    text = (Path(made.path) / "s0.run#0.log").read_text()
    assert text == "== try 1: failed, exit 1\none\n== try 2: error, exit 127 x\n== try 3: changed\nthree\n"
    assert next(past(str(tmp_path / "a.events"))[0].entries()).tries == 3
    made.close()


def test_a_log_has_a_bound(tmp_path: Path) -> None:
    made = writing(tmp_path)
    flood = said("failed", b"x" * (SIDE * 5))
    for number in range(1, 200):
        made(Retried(0, number, flood, 0.1))
    made(ended(0, flood))
    content = (Path(made.path) / "s0.run#0.log").read_bytes()
    assert len(content) < 1_500_000
    assert b"bytes dropped" in content.rpartition(b"== try 200")[2]
    made.close()


def test_sensitive(tmp_path: Path) -> None:
    made = writing(tmp_path, sensitive=lambda step: step == 0)
    made(Retried(0, 1, said("failed", b"hush"), 0.1))
    made(ended(0, said("failed", b"hush")))
    made(ended(1, said("failed", b"loud")))
    folder = Path(made.path)
    assert b"hush" not in b"".join(path.read_bytes() for path in folder.iterdir())
    assert (folder / "s1.run#0.log").read_bytes() == b"loud"
    made.close()


def test_the_last_runs_are_kept(tmp_path: Path) -> None:
    for _ in range(KEPT + 3):
        made = writing(tmp_path)
        made(ended(0, said("changed", b"x")))
        made.end(end())
    runs = past(str(tmp_path / "a.events"))
    assert [run.number for run in runs] == list(range(4, KEPT + 4))
    assert len(os.listdir(tmp_path / ".evdsl/runs")) == KEPT


def test_two_files_in_a_folder(tmp_path: Path) -> None:
    for file in ("a.events", "b.events", "a.events"):
        made = writing(tmp_path, file)
        made(ended(0, said("changed", file.encode())))
        made.end(end())
    assert [run.number for run in past(str(tmp_path / "a.events"))] == [1, 3]
    assert [run.number for run in past(str(tmp_path / "b.events"))] == [2]


def test_it_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / ".evdsl").mkdir(mode=0o700)
    (tmp_path / ".evdsl/runs").write_text("in the way")
    made = writing(tmp_path)
    made(ended(0, said("changed", b"x")))
    made.end(end())
    assert "cannot be written" in made.problem
    assert past(str(tmp_path / "a.events")) == []


def test_a_history_that_is_damaged(tmp_path: Path) -> None:
    made = writing(tmp_path)
    made(ended(0, said("changed")))
    made(ended(1, said("changed")))
    made.close()
    folder = Path(made.path)
    content = (folder / "trace").read_bytes()
    for size in range(len(content)):
        (folder / "trace").write_bytes(content[:size])
        (run,) = past(str(tmp_path / "a.events"))
        assert len(list(run.entries())) == content[:size].count(b"\n")
    for about in (b"", b"[]", b"\xff", b'{"file": "a.events", "pid": "x", "exit": []}'):
        (folder / "about.json").write_bytes(about)
        assert all(run.exit is None for run in past(str(tmp_path / "a.events")))


def test_last_outcomes(tmp_path: Path) -> None:
    first = writing(tmp_path)
    for event in (
        ended(0, said("failed", b"", "exit 1")),
        ended(1, said("ok")),
        ended(2, None),
        ended(3, said("ok")),
    ):
        first(event)
    first.end(end(1))
    second = writing(tmp_path)
    for event in (ended(0, said("changed")), ended(1, None), ended(2, None)):
        second(event)
    second.end(end())
    found = last_outcomes(past(str(tmp_path / "a.events")))
    assert [(last.action, last.state, last.run.number) for last in found] == [
        ("s0.run", "changed", 2),
        ("s1.run", "ok", 1),
        ("s2.run", "idle", 2),
        ("s3.run", "ok", 1),
    ]


@pytest.mark.parametrize("id_", ["a.run#0", "é.run#1", "..#0", "a/b#0", "x" * 500 + "#0", "x" * 500 + "#1"])
def test_names_of_logs(id_: str, tmp_path: Path) -> None:
    name = log_name(id_)
    assert (tmp_path / name).parent == tmp_path
    (tmp_path / name).touch()
    assert not name.startswith(".")
    assert (name == id_ + ".log") == (id_[0] not in ".x" and "/" not in id_)


def test_long_names_differ() -> None:
    assert len({log_name("x" * 500 + f"#{i}") for i in range(50)}) == 50


# secrets


def test_secrets_are_hidden(tmp_path: Path) -> None:
    made = writing(tmp_path, redactor=Redactor(["hunter2"]))
    made(Retried(0, 1, said("failed", b"x hunter2 y", "said hunter2"), 0.1))
    made(ended(0, Outcome("failed", "said hunter2", {"token": "hunter2"}, Kept(b"a hunt", b"er2 b\n"))))
    made(ended(1, None, "skipped", "no hunter2"))
    content = b"".join(path.read_bytes() for path in Path(made.path).iterdir())
    assert b"hunt" not in content
    assert content.count(b"***") == 6
    assert b"a *** b\n" in content
    made.close()


# the command line


PROGRAM = """
secret token
resource a { run: sh "echo token is {{token}}; exit 3" [retry = 1, delay = 10ms] }
resource b { run: sh "echo {{token}}" }
resource c { run: sh "printf 'one\\\\ntwo\\\\033[31m\\\\n'" }
on c.run failed b.run
start a.run, c.run
"""


@pytest.fixture
def ran(tmp_path: Path) -> Path:
    (tmp_path / "a.events").write_text(PROGRAM)
    done = subprocess.run(
        [sys.executable, "-m", "evdsl", "run", "a.events", "--set", "token=hunter2"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "hunter2" not in done.stdout + done.stderr
    return tmp_path


def arguments(folder: Path, **more: object) -> argparse.Namespace:
    given = {"file": str(folder / "a.events"), "command": "log", "color": "never", "ascii": True, "run": None}
    return argparse.Namespace(**{**given, **more})


def test_the_history_of_a_run(ran: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = b"".join(path.read_bytes() for path in (ran / ".evdsl/runs").rglob("*") if path.is_file())
    assert b"hunter2" not in content
    assert content.count(b"token is ***") == 2
    assert log.main(arguments(ran, ref="a.run")) == 0
    shown = capsys.readouterr().out
    assert "a.run#0  failed  exit 3, 2 tries, " in shown
    assert "== try 2: failed, exit 3\ntoken is ***\n" in shown
    assert log.main(arguments(ran, ref="c.run#0", run=1)) == 0
    assert "one\ntwo\\x1b[31m\n" in capsys.readouterr().out
    assert status.main(arguments(ran)) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("Run 1 failed in ")
    assert "x a.run  failed    exit 3\n" in shown
    assert "* c.run  changed\n" in shown
    assert "`evdsl log a.run` shows" in shown
    assert status.main(arguments(ran, json=True)) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["run"]["state"] == "failed"
    assert {one["action"]: one["state"] for one in document["actions"]} == {
        "a.run": "failed",
        "b.run": "idle",
        "c.run": "changed",
    }


def test_what_is_not_there(ran: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert log.main(arguments(ran, ref="a.rum")) == 2
    assert "did you mean `a.run`?" in capsys.readouterr().err
    assert log.main(arguments(ran, ref="a.run", run=7)) == 2
    assert "run 7" in capsys.readouterr().err
    empty = tmp_path / "empty"
    empty.mkdir()
    assert log.main(arguments(empty, ref="a.run")) == 2
    assert "no run of" in capsys.readouterr().err
    assert status.main(arguments(empty)) == 0
    assert "No run of" in capsys.readouterr().out


def test_a_run_that_was_killed(ran: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = next((ran / ".evdsl/runs").rglob("about.json"))
    about = json.loads(path.read_text())
    del about["exit"], about["seconds"]
    gone = subprocess.Popen(["true"])
    gone.wait()
    path.write_text(json.dumps(about | {"pid": gone.pid}))
    assert status.main(arguments(ran)) == 0
    assert capsys.readouterr().out.startswith("Run 1 cut, ")
