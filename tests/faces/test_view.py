"""The rows at the bottom of a terminal: when they are painted, and that they go without a trace."""

from __future__ import annotations

import pyte
import pytest

from evdsl.faces.terminal import Out
from evdsl.faces.view import PAUSE, TICK, View

from .runs import Clock, Memory, out


class Screen:
    """A view on a model of a screen."""

    def __init__(self, columns: int = 30, lines: int = 8) -> None:
        self.memory = Memory(terminal=True)
        self.clock = Clock()
        self.model = pyte.Screen(columns, lines)
        self.model.set_mode(pyte.modes.LNM)
        self.feed = pyte.Stream(self.model).feed
        self.rows: list[str] = []
        self.out: Out = out(self.memory)
        self.asked: list[tuple[int, int]] = []
        self.view = View(self.out, self.made, self.clock)

    def made(self, columns: int, lines: int) -> list[str]:
        self.asked.append((columns, lines))
        return list(self.rows)

    def after(self, seconds: float, *rows: str) -> list[str]:
        """What is on the screen after a pulse, so much later."""
        self.rows = list(rows)
        self.clock.now += seconds
        self.view.pulse()
        return self.shows()

    def shows(self) -> list[str]:
        self.feed(self.memory.getvalue())
        self.memory.seek(0)
        self.memory.truncate()
        return [line.rstrip() for line in self.model.display if line.strip()]


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Screen:
    monkeypatch.setenv("COLUMNS", "30")
    monkeypatch.setenv("LINES", "8")
    return Screen()


def test_rows_follow_the_finished_lines(screen: Screen) -> None:
    assert screen.after(1, "row 1", "row 2") == ["row 1", "row 2"]
    screen.out.line("done 1")
    assert screen.shows() == ["row 1", "row 2"]  # not before the next painting
    assert screen.after(1, "row 2") == ["done 1", "row 2"]
    screen.out.line("done 2")
    screen.out.line("done 3")
    assert screen.after(1, "a", "b", "c") == ["done 1", "done 2", "done 3", "a", "b", "c"]
    for n in range(4, 12):
        screen.out.line(f"done {n}")
    assert screen.after(1, "a", "b") == [f"done {n}" for n in range(6, 12)] + ["a", "b"]
    screen.view.close()
    assert screen.shows() == [f"done {n}" for n in range(6, 12)]
    screen.out.line("after")
    assert screen.shows()[-1] == "after"
    assert screen.asked[0] == (29, 7)


def test_a_long_finished_line_wraps(screen: Screen) -> None:
    screen.after(1, "row")
    screen.out.line("x" * 40)
    assert screen.after(1, "row") == ["x" * 30, "x" * 10, "row"]


def test_not_more_often_than_that(screen: Screen) -> None:
    """However many lines there are; and what is over before the first painting never moves."""
    painted = 0
    for n in range(1000):
        screen.out.line(f"done {n}")
        screen.clock.now += 0.001
        before = len(screen.asked)
        assert screen.view.pulse() > 0
        painted += len(screen.asked) > before
    assert painted <= 1.0 / PAUSE + 1


def test_nothing_is_written_while_nothing_changes(screen: Screen) -> None:
    assert screen.view.pulse() == pytest.approx(PAUSE)
    screen.after(1, "row")
    for _ in range(10):
        screen.clock.now += TICK
        assert screen.view.pulse() == TICK
        assert screen.memory.getvalue() == ""


def test_what_was_written_is_there_after_the_end(screen: Screen) -> None:
    screen.out.line("done")
    screen.view.close()
    assert screen.memory.getvalue() == "done\n"
    screen.view.close()
    assert screen.memory.getvalue() == "done\n"


def test_narrower(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal that wraps lines anew: the rows are found where they are then."""
    screen.after(1, "x" * 25, "y" * 25)
    screen.memory.truncate(0)
    screen.memory.seek(0)
    monkeypatch.setenv("COLUMNS", "10")
    screen.rows = ["x", "y"]
    screen.clock.now += 1
    screen.view.pulse()
    assert screen.memory.getvalue().count("\x1b[A\x1b[2K") == 3
