"""A job on its way: its guards, its tries, and what each of them came to (section 9 of docs/language.md)."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from time import monotonic
from typing import NamedTuple

from ..drivers.driver import Call, Command, Driver, Ended, Far, Forgetter, Try, Verdict, brief
from ..drivers.event_file import read_event_file
from ..drivers.job import Job, Remote
from ..drivers.outcome import Facts, Outcome, decide
from ..drivers.output import Kept
from ..drivers.sh import shell
from ..drivers.sudo import user_of
from .content import Unreadable, contents


class Guard(NamedTuple):
    """A guard that is a command; `kind` is `unless` or `onlyif`, or `creates` where another user has to look, or `verify`
    where the action was cut off before (cut.py)."""

    kind: str
    command: Command


_GUARDS = ("onlyif", "unless", "creates", "verify")
"""The last one is asked first."""


class Task:
    """One job. `number` is the try that it is in, counted from 1; 0 before the first.

    It says what is to be run next and takes what came of it; it starts nothing itself.
    """

    __slots__ = (
        "_before",
        "_begin",
        "_folder",
        "_guards",
        "driver",
        "job",
        "last",
        "number",
        "rides",
        "user",
    )

    def __init__(self, job: Job, driver: Driver, folder: str) -> None:
        self.job = job
        self.user = user_of(job)
        self.driver = driver
        self.number = 0
        self.last: Outcome | None = None
        self.rides = False  # it shares the room of another one
        self._folder = folder
        self._begin = monotonic()
        self._before: list[bytes] | list[str] | None = None
        options = job.options
        self._guards = [kind for kind in _GUARDS if options.get(kind) is not None] if options else []

    def next(self) -> Guard | Try | Outcome:
        """What is to be run next: each guard, then a try; or the outcome, where that stands without running anything."""
        while self._guards:
            kind = self._guards.pop()
            text = str(self.job.options[kind])
            if kind != "creates":
                command = shell(text, self._attempt(kind))
                return Guard(kind, command._replace(cwd=self.job.guards_cwd))
            if self.user or self._away:
                attempt, cwd = self._attempt(kind), self.job.guards_cwd
                argv = ("/bin/sh", "-c", 'test -e "$1"', "sh", text)
                return Guard(kind, Command(argv, cwd, (attempt,), attempt.environment, shown=text))
            if os.path.exists(os.path.join(self.job.cwd, text)):
                return self._outcome("ok", f"`{text}` exists")
        paths = self.job.changes
        if paths and self._before is None and not self._away:
            try:
                self._before = contents(paths, self.job.cwd)
            except Unreadable as problem:
                return self._outcome("error", str(problem))
        self.number += 1
        return self._attempt(str(self.number))

    def guarded(self, guard: Guard, ended: Ended) -> Outcome | None:
        """What a guard decides: `ok` if the action is not to run, `error` if the guard has no verdict, else None."""
        kind, command = guard
        read_event_file(command.tries[0].event_file)  # a guard says nothing by it
        if ended.exit is None:
            return self._error(f"the guard `{kind}`: {ended.problem}", command.shown, ended.output)
        if kind == "verify":
            said = f"it was cut off, and `{brief(command.shown)}` says that it is done"
            return None if ended.exit else self._outcome("changed", said, output=ended.output)
        if kind == "creates":
            return None if ended.exit else self._outcome("ok", f"`{command.shown}` exists")
        if (ended.exit == 0) == (kind == "unless"):
            says = "succeeds" if kind == "unless" else "fails"
            return self._outcome("ok", f"{kind} `{command.shown}` {says}", output=ended.output)
        return None

    def tried(self, attempt: Try, command: Command | Call, ended: Ended) -> Outcome:
        """The outcome of a try: the rules of section 9, in their order."""
        verdict = ended.verdict or self._read(attempt, ended)
        said = ended.far.said if ended.far else read_event_file(attempt.event_file)
        differs = None
        fault = said.fault
        if ended.far and self._before is None:
            self._before = list(ended.far.before)
        if self.job.changes is not None and verdict.exit == 0 and not fault and not said.word:
            try:
                differs = self._now(self.job.changes, ended.far) != (self._before or [])
            except Unreadable as problem:
                fault = str(problem)
        event, reason = decide(
            Facts(
                exit=verdict.exit,
                problem=verdict.problem,
                exits=self.job.exits,
                word=said.word,
                fault=fault,
                differs=differs,
                known=verdict.known,
                why=verdict.reason,
            )
        )
        if event == "error":
            self.last = self._error(reason, command.shown, ended.output, said.data)
        else:
            self.last = self._outcome(event, reason, said.data, ended.output)
        return self.last

    def _now(self, paths: Sequence[str], far: Far | None) -> list[bytes] | list[str]:
        """What the files of the option `changes` hold after a try."""
        if far is None:
            return contents(paths, self.job.cwd)
        if far.fault:
            raise Unreadable(far.fault)
        return list(far.after)

    @property
    def _away(self) -> bool:
        return isinstance(self.job.place, Remote)

    def _read(self, attempt: Try, ended: Ended) -> Verdict:
        """What the driver makes of the end of a process. What could not be run to its end is not its business."""
        if ended.exit is None:
            if isinstance(self.driver, Forgetter):
                self.driver.forget(attempt)
            return Verdict(None, ended.problem)
        try:
            return self.driver.read(attempt, ended)
        except Exception as problem:  # a driver of another package may do anything
            return Verdict(None, f"a defect of the driver: {type(problem).__name__}: {problem}")

    def unbegun(self) -> None:
        """The try that `next` gave was never begun; it will be the next one again."""
        self.number -= 1

    def unfit(self, reason: str) -> Outcome:
        """The outcome of a try that no process could be made of."""
        return self._error(reason, "", Kept())

    def fails_again(self, outcome: Outcome) -> bool:
        """Whether there is a further try after this outcome."""
        return outcome.event in ("failed", "error") and self.number <= self.job.retry

    def _attempt(self, name: str) -> Try:
        return Try(self.job, self.number, f"{self._folder}/{self.job.step}.{name}")

    def _error(self, reason: str, shown: str, output: Kept, data: Mapping[str, str] | None = None) -> Outcome:
        """An `error` names the command and the host."""
        what = f"`{brief(shown)}` " if shown else ""
        return self._outcome("error", f"{reason} ({what}on {self.job.place})", data, output)

    def _outcome(
        self, event: str, reason: str = "", data: Mapping[str, str] | None = None, output: Kept | None = None
    ) -> Outcome:
        kept = output or Kept()
        if self.job.sensitive:
            kept = unseen(kept)
        return Outcome(event, reason, data or {}, kept, monotonic() - self._begin)


def unseen(output: Kept) -> Kept:
    """What is left of the output of a `sensitive` action: how much there was."""
    size = len(output.head) + len(output.tail) + output.dropped
    return Kept(f"[{size} bytes, not shown: sensitive]\n".encode()) if size else Kept()
