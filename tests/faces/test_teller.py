"""What a run tells, line by line, where nothing moves; and how much of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from evdsl.drivers.job import Job
from evdsl.drivers.output import Output
from evdsl.faces.teller import LIVE, QUIET, SILENCE, USUAL, VERBOSE, Run, Teller
from evdsl.run.live import Interrupted, Retried

from .runs import TEXT, Clock, Memory, ended, out, outputs, planned, result, said, started, unrun

Make = Callable[..., "Told"]


class Told:
    """A teller with all that it says."""

    def __init__(self, level: int, text: str, terminal: bool = False, plain: bool = False) -> None:
        self.memory, self.beside, self.clock = Memory(terminal), Memory(), Clock()
        self.outputs: dict[int, Output] = {}
        self.plan = planned(text)
        run = Run(
            self.plan, 7, lambda: self.outputs, lambda id_: f"runs/7/{id_}.log", lambda c: f"{c} f.events"
        )
        self.teller = Teller(run, out(self.memory, plain=plain), out(self.beside), level, clock=self.clock)

    def tell(self, *events: object) -> str:
        """What is said of these events."""
        before = len(self.memory.getvalue())
        for event in events:
            self.teller(event)  # type: ignore[arg-type]
        return self.memory.getvalue()[before:]

    def end(self, *args: object, **fold: str) -> str:
        before = len(self.memory.getvalue())
        self.teller.end(result(*args, **fold))  # type: ignore[arg-type]
        return self.memory.getvalue()[before:]


@pytest.fixture
def told() -> Make:
    def make(level: int = USUAL, text: str = TEXT, **more: bool) -> Told:
        return Told(level, text, **more)

    return make


FAILED = ended(1, said("failed", "one\ntwo\n", "exit 2", 3.25), ("db.run", "changed"))


def test_usual(told: Make) -> None:
    t = told()
    assert t.tell(started(0)) == ""
    t.clock.now += 65
    assert t.tell(ended(0, said("changed", "made\n"))) == (
        " ● 01:05 db.run    changed     1.0s\n   db.run | made\n"
    )
    assert t.tell(ended(0, said("ok", "looked\n")), unrun(0, "idle")) == ""
    assert t.tell(FAILED) == (
        " ✗ 01:05 app.run   failed      3.2s  exit 2  ← db.run changed\n   app.run | one\n   app.run | two\n"
    )
    assert t.tell(unrun(2, "skipped", "stopped")) == ""
    line = t.plan.program.actions[1].span.line  # type: ignore[union-attr]
    head = f"── app.run failed (exit 2)  {t.plan.inner.path}:{line} "
    assert t.end(1, db="changed", app="failed", page="idle") == (
        f"{head:─<79}\n   one\n   two\n   log: runs/7/app.run#0.log\n{'─' * 79}\n"
        "Run 7 failed in 65.0s: 1 changed, 1 failed, 1 idle\n"
        "Next: `evdsl log app.run f.events` shows all that it wrote\n"
        "      `evdsl why app.run f.events` tells what led to it\n"
    )
    assert t.beside.getvalue() == ""


def test_quiet(told: Make) -> None:
    t = told(QUIET)
    skipped = unrun(2, "skipped", "stopped")
    assert t.tell(ended(0, said("changed", "made\n")), ended(0, said("ok")), skipped) == ""
    assert t.tell(FAILED) == " ✗ 00:00 app.run   failed      3.2s  exit 2  ← db.run changed\n"
    end = t.end(1, db="changed", app="failed")
    assert "   two\n" in end
    assert "Run 7 failed" in end


def test_verbose(told: Make) -> None:
    t = told(VERBOSE)
    assert t.tell(ended(0, said("ok", "looked\n", "`x` exists"))) == (
        " ✓ 00:00 db.run    ok          1.0s  `x` exists\n   db.run | looked\n"
    )
    assert t.tell(unrun(1, "idle")) == " ○ 00:00 app.run   idle              db.run ended ok\n"
    skipped = t.tell(unrun(0, "skipped", "stopped"))
    assert skipped == " – 00:00 db.run    skipped           not started any more\n"
    assert t.tell(unrun(2, "idle")) == " ○ 00:00 page.run  idle              app.run was idle\n"


def test_live(told: Make) -> None:
    """Commands; outputs line by line while they come; the line of the end behind them."""
    t = told(LIVE)
    job = Job(0, "db.run#0", "db", "run", 0, "sh", ("first\nsecond \x1b[2J",))
    t.teller.command(0, job)
    assert t.memory.getvalue() == "   db.run $ first\n   db.run $ second \\x1b[2J\n"
    t.tell(started(0))
    before = len(t.memory.getvalue())
    t.outputs = outputs({0: [b"one\ntw"]})
    assert t.teller.pulse() == pytest.approx(0.1)
    t.outputs[0].add(b"o\nthree")
    t.teller.pulse()
    t.teller.pulse()
    assert t.memory.getvalue()[before:] == "   db.run | one\n   db.run | two\n"
    assert t.tell(ended(0, said("changed", "one\ntwo\nthree\n"))) == (
        "   db.run | three\n ● 00:00 db.run    changed     1.0s\n"
    )


def test_a_retry_is_told_with_its_output_and_its_pause(told: Make) -> None:
    for level in (USUAL, LIVE):
        t = told(level)
        text = t.tell(started(0), Retried(0, 1, said("failed", "no\n", "exit 1"), 2.0))
        line = " ↻ 00:00 db.run    failed      1.0s  try 1: exit 1; again in 2 s\n"
        assert text == (line + "   db.run | no\n" if level == USUAL else "   db.run | no\n" + line)
        assert t.tell(ended(0, said("changed", "yes\n"))).count("yes") == 1


def test_what_a_second_run_mended_is_no_failure_at_the_end(told: Make) -> None:
    t = told()
    t.tell(FAILED)
    assert t.end(0, app="changed") == "Run 7 ok in 0.0s: 1 changed\n"


def test_many_failures_and_long_outputs_are_cut(told: Make) -> None:
    text = "".join(f"resource r{n:02d} {{ run: sh 'x' }}\n" for n in range(14))
    t = told(text=text)
    lines = "".join(f"line {n}\n" for n in range(50))
    t.tell(*(ended(n, said("failed", lines, "exit 1")) for n in range(14)))
    end = t.end(1)
    assert end.count("failed (exit 1)") == 10
    assert "and 4 more failed; `evdsl status` lists all\n" in end
    assert "line 29" not in end
    assert end.count("line 30\n") == 10
    assert "log: runs/7/r00.run#0.log  (the last 20 of 50 lines)\n" in end


def test_a_long_reason_stands_in_the_frame(told: Make) -> None:
    t = told()
    reason = "timed out after 5 s (`" + "x" * 60 + "` on localhost)"
    t.tell(ended(0, said("error", "", reason)))
    lines = t.end(3, db="error").splitlines()
    assert lines[0].startswith("── db.run error  ")
    assert lines[1] == "   " + reason


def test_silence_is_broken(told: Make) -> None:
    """Beside the results: on standard error. Not while lines come, and not where nothing runs."""
    t = told()
    assert t.teller.pulse() is None
    t.tell(started(0), started(1))
    assert t.teller.pulse() == SILENCE
    t.clock.now += SILENCE - 1
    t.tell(ended(1, said("changed")), started(2))
    assert t.teller.pulse() == SILENCE
    t.clock.now += SILENCE
    assert t.teller.pulse() == SILENCE
    assert t.beside.getvalue() == "00:59 still running: db.run for 59s, page.run for 30s\n"
    t.clock.now += SILENCE - 1
    assert t.teller.pulse() == 1
    t.clock.now += 301
    t.teller.pulse()
    assert t.beside.getvalue().splitlines()[1:] == [
        "06:29 still running: db.run for 6m29s, page.run for 6m00s"
    ]
    assert "still" not in t.memory.getvalue()


def test_an_interrupt(told: Make) -> None:
    t = told()
    assert t.tell(Interrupted(1)) == "interrupted: nothing more is started; once more ends what runs\n"
    assert t.tell(Interrupted(2)) == "interrupted: ending what runs; once more kills it\n"
    assert "Run 7 interrupted" in t.end(130)


def test_in_ascii(told: Make) -> None:
    t = told(plain=True)
    t.tell(ended(0, said("ok")), ended(0, said("changed")), FAILED, unrun(2, "skipped", "x"))
    t.end(1, app="failed")
    text = t.memory.getvalue()
    assert text.isascii()
    assert text.splitlines()[0] == " *  00:00 db.run    changed     1.0s"


def test_cut_to_the_width_of_a_terminal(told: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line that is told while rows move takes one line of the screen; wide characters count two columns."""
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("TERM", "xterm")
    t = told(terminal=True)
    t.tell(ended(0, said("failed", "", "中" * 40)), FAILED)
    t.teller.close()
    first, second, *_ = t.memory.getvalue().splitlines()
    assert first == " ✗ 00:00 db.run    failed      1.0s  " + "中" * 11 + "…"
    assert second == " ✗ 00:00 app.run   failed      3.2s  exit 2  ← db.run chang…"


def test_a_host_stands_behind_the_name(told: Make) -> None:
    t = told(text="host h = '192.0.2.1'\nresource db @h { run: sh 'x' }\n")
    assert t.tell(ended(0, said("changed", "said\n"))) == (
        " ● 00:00 db.run@h  changed     1.0s\n   db.run@h | said\n"
    )
