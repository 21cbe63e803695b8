"""The logs of runs: what is in them, what is not, what their files are called."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from evdsl.base.redact import Redactor
from evdsl.drivers.outcome import Outcome
from evdsl.drivers.output import SIDE, Kept, Output
from evdsl.run.journal import KEPT
from evdsl.run.live import Ended, Retried
from evdsl.run.logs import Logs, folder, forget, last_number, log_name, path_of


def logs(base: Path, number: int = 1, **more: object) -> Logs:
    return Logs(str(base / str(number)), lambda step: f"s{step}.run#0", **more)  # type: ignore[arg-type]


def said(event: str, text: bytes = b"", reason: str = "") -> Outcome:
    output = Output()
    output.add(text)
    return Outcome(event, reason, {}, output.kept(), 0.25)


def ended(step: int, outcome: Outcome | None, state: str = "", reason: str = "") -> Ended:
    return Ended(step, state or (outcome.event if outcome else "idle"), reason, (), outcome)


def test_output_is_kept_as_it_was(tmp_path: Path) -> None:
    old = os.umask(0o022)
    made = logs(tmp_path / "runs")
    made(ended(0, said("changed")))
    made(ended(1, said("failed", b"no\xff\n\x1b[31mred\n", "exit 1")))
    made(ended(2, None))
    os.umask(old)
    assert os.listdir(made.path) == ["s1.run#0.log"]
    log = Path(path_of(str(tmp_path / "runs"), 1, "s1.run#0"))
    assert log.read_bytes() == b"no\xff\n\x1b[31mred\n"
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    assert stat.S_IMODE(log.parent.stat().st_mode) == 0o700


def test_tries(tmp_path: Path) -> None:
    made = logs(tmp_path)
    made(Retried(0, 1, said("failed", b"one", "exit 1"), 0.1))
    made(Retried(0, 2, said("error", b"", "exit 127\nx"), 0.1))
    made(ended(0, said("changed", b"three\n")))
    text = (Path(made.path) / "s0.run#0.log").read_text()
    assert text == "== try 1: failed, exit 1\none\n== try 2: error, exit 127 x\n== try 3: changed\nthree\n"


def test_a_log_has_a_bound(tmp_path: Path) -> None:
    made = logs(tmp_path)
    flood = said("failed", b"x" * (SIDE * 5))
    for number in range(1, 200):
        made(Retried(0, number, flood, 0.1))
    made(ended(0, flood))
    content = (Path(made.path) / "s0.run#0.log").read_bytes()
    assert len(content) < 1_500_000
    assert b"bytes dropped" in content.rpartition(b"== try 200")[2]


def test_sensitive(tmp_path: Path) -> None:
    made = logs(tmp_path, sensitive=lambda step: step == 0)
    made(Retried(0, 1, said("failed", b"hush"), 0.1))
    made(ended(0, said("failed", b"hush")))
    made(ended(1, said("failed", b"loud")))
    there = Path(made.path)
    assert b"hush" not in b"".join(path.read_bytes() for path in there.iterdir())
    assert (there / "s1.run#0.log").read_bytes() == b"loud"


def test_secrets_are_hidden(tmp_path: Path) -> None:
    made = logs(tmp_path, redactor=Redactor(["hunter2"]))
    made(Retried(0, 1, said("failed", b"x hunter2 y", "said hunter2"), 0.1))
    made(ended(0, Outcome("failed", "said hunter2", {"token": "hunter2"}, Kept(b"a hunt", b"er2 b\n"))))
    content = b"".join(path.read_bytes() for path in Path(made.path).iterdir())
    assert b"hunt" not in content
    assert content.count(b"***") == 4
    assert b"a *** b\n" in content


def test_the_last_ones_are_kept(tmp_path: Path) -> None:
    base = folder(str(tmp_path / "a.sqlite"))
    for number in range(1, KEPT + 4):
        logs(Path(base), number)(ended(0, said("changed", b"x")))
        forget(base)
    assert sorted(map(int, os.listdir(base))) == list(range(4, KEPT + 4))
    assert last_number(base) == KEPT + 3
    assert last_number(str(tmp_path / "nowhere")) == 0


def test_it_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("in the way")
    made = logs(tmp_path / "runs")
    made(ended(0, said("changed", b"x")))
    made(ended(1, said("changed", b"x")))
    assert "cannot be written" in made.problem


@pytest.mark.parametrize("id_", ["a.run#0", "é.run#1", "..#0", "a/b#0", "x" * 500 + "#0", "x" * 500 + "#1"])
def test_names(id_: str, tmp_path: Path) -> None:
    name = log_name(id_)
    assert (tmp_path / name).parent == tmp_path
    (tmp_path / name).touch()
    assert not name.startswith(".")
    assert (name == id_ + ".log") == (id_[0] not in ".x" and "/" not in id_)


def test_long_names_differ() -> None:
    assert len({log_name("x" * 500 + f"#{i}") for i in range(50)}) == 50
