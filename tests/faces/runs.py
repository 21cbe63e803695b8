"""Runs of the tests: what happened is told to a face by hand, on a stream in memory and by a clock that stands."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

import evdsl
from evdsl.api import Plan
from evdsl.drivers.outcome import Outcome
from evdsl.drivers.output import Kept, Output
from evdsl.faces.terminal import Out
from evdsl.run.engine import Cause, Left
from evdsl.run.live import Ended, Result, Started

TEXT = """
resource db { run: sh 'make' }
resource app { run: sh 'start' }
resource page { run: sh 'page' }
on db.run changed app.run
on app.run failed page.run
"""
"""Steps 0, 1, 2."""


class Memory(io.StringIO):
    """A stream in memory that says what it is told to say."""

    def __init__(self, terminal: bool = False, encoding: str = "utf-8") -> None:
        super().__init__()
        self.terminal, self._encoding = terminal, encoding

    def isatty(self) -> bool:
        return self.terminal

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._encoding


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def planned(text: str = TEXT) -> Plan:
    program = evdsl.load(text, name="t.events")
    assert program.stands, program.diagnostics
    return program.plan()


def out(memory: Memory, color: str = "never", plain: bool = False) -> Out:
    return Out(memory, color, plain)


def said(event: str, text: str = "", reason: str = "", seconds: float = 1.0) -> Outcome:
    return Outcome(event, reason, {}, Kept(text.encode()), seconds)


def ended(step: int, outcome: Outcome, *causes: tuple[str, str]) -> Ended:
    return Ended(step, outcome.event, "", tuple(Cause(f, e, 1, "t.events") for f, e in causes), outcome)


def unrun(step: int, state: str, reason: str = "") -> Ended:
    return Ended(step, state, reason, (), None)


def started(step: int) -> Started:
    return Started(step, ())


def result(code: int = 0, **fold: str) -> Result:
    return Result({f"{name}.run": state for name, state in fold.items()}, [], Left([], set()), [], code)


def outputs(of: Mapping[int, Sequence[bytes]] | None = None) -> dict[int, Output]:
    """Outputs so far, by step."""
    made = {}
    for step, pieces in (of or {}).items():
        made[step] = Output()
        for piece in pieces:
            made[step].add(piece)
    return made
