"""A run for people: a line for each action that did something, failures once more at the end, one line of summary.

On a terminal that can move its cursor the rows of what runs stand below (view.py), and outputs are left to the logs. Else
the lines are all that there is: the output of an action comes when it ends, and a long silence is broken by a line on
standard error that says what runs.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable
from time import monotonic
from typing import NamedTuple

from ..api import Plan
from ..base.events import FAILURE
from ..drivers.job import Job
from ..drivers.outcome import Outcome
from ..run.live import Ended, Event, Interrupted, Restored, Result, Retried, Started
from .columns import Columns, clock_time, duration
from .failures import Failure, advice, lines_of, show
from .following import Following
from .progress import Outputs, Progress
from .show_trace import causes, labels_of, unfollowed
from .terminal import Out, Part, as_shown, printable
from .view import View

QUIET, USUAL, VERBOSE, LIVE = -1, 0, 1, 2
"""How much is told: failures and the summary; also what did something; also what did not, and why; also commands, and
outputs while they come."""
UNTOLD = ("ok", "idle", "skipped")
"""Ends that are counted, and told by themselves only where that is asked for."""
SILENCE = 30.0
"""Seconds without a line after which one says what runs, off a terminal."""
_AT_ONCE = 0.1  # seconds between two looks at outputs that are told while they come
_COUNTED = ("changed", "created", "removed", "ok", "failed", "error", "skipped", "idle")
_INTERRUPTED = (
    "nothing more is started; once more ends what runs",
    "ending what runs; once more kills it",
    "killing what runs",
)


class Run(NamedTuple):
    """What a run is asked for by who tells of it.

    `outputs`: those so far of what runs; `log`: the path of the log of a step by its id, empty where there is none;
    `named`: puts the file behind a command that people may type next.
    """

    plan: Plan
    number: int
    outputs: Outputs
    log: Callable[[str], str]
    named: Callable[[str], str]


class Teller:
    """Listens to a run and tells of it on `shown`; on `aside` what is only to show that it goes on."""

    def __init__(
        self,
        run: Run,
        shown: Out,
        aside: Out,
        level: int = USUAL,
        silence: float = SILENCE,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.run, self.plan, self.shown, self.level = run, run.plan, shown, level
        self.columns = Columns(self.plan, shown, clock)
        self.progress = Progress(self.columns, len(self.plan.steps), run.outputs)
        self.moves = shown.stream.isatty() and os.environ.get("TERM", "dumb") != "dumb"
        self._view = View(shown, self.progress.rows, clock) if self.moves else None
        self._following = Following() if level >= LIVE and self.live else None
        self.aside, self._silence = aside, silence
        self._heard = clock()  # when the last line was told
        self.labels = labels_of(self.plan)
        self._states: dict[int, str] = {}
        self._failed: dict[int, Ended] = {}
        self.begin()

    live = True
    """Whether outputs can be told while they come."""

    def begin(self) -> None:
        """What else is to be done before the run begins."""

    # what the run says

    def __call__(self, event: Event) -> None:
        if isinstance(event, Started):
            self.progress.begins(event.step)
        elif isinstance(event, Ended):
            self.progress.ends(event.step, event.state in FAILURE)
            self._ended(event)
        elif isinstance(event, Retried):
            self._retried(event)
        elif isinstance(event, Restored):
            self._states[event.step] = event.state
            self.progress.ends(event.step, event.state in FAILURE)
        elif isinstance(event, Interrupted):
            said = _INTERRUPTED[min(event.level, 3) - 1]
            self.progress.note = said
            self._tell(("interrupted", "warning"), f": {said}")

    def command(self, step: int, job: Job) -> None:
        """A step is made ready: what it is going to do."""
        if self.level >= LIVE:
            for line in _command(job).splitlines():
                self._tell("   ", (f"{self.columns.names[step]} $ ", "dim"), printable(line))

    def pulse(self) -> float | None:
        """Show what is new. The seconds until there may be more."""
        if self._following is not None:
            for step, line in self._following.news(self.run.outputs()):
                self._say(step, line)
        if self._view is not None:
            return self._view.pulse()
        if self.progress.busy:
            left = self._heard + self._silence - self.columns.clock()
            if left <= 0:
                self._beat()
                left = self._silence
            return left if self._following is None else min(left, _AT_ONCE)
        return None

    def close(self) -> None:
        """Leave nothing on the terminal but lines that are to stay."""
        if self._view is not None:
            self._view.close()

    def end(self, result: Result) -> None:
        """Failures, what was not followed, the summary, and what to type next."""
        self.close()
        failed = [self._failure(e) for step, e in sorted(self._failed.items()) if self._stays(step, result)]
        self.failures(failed)
        if result.unfollowed and self.level > QUIET:
            unfollowed(self.plan, result.unfollowed, self.shown, verbose=self.level >= VERBOSE)
        word, style = ending(result.exit)
        passed = duration(self.columns.passed())
        self._tell((f"Run {self.run.number} {word}", style), f" in {passed}: {counted(result)}")
        debts = result.left.debts
        if debts:
            more = f" and {len(debts) - 1} more: `{self.run.named('evdsl debts')}`" if len(debts) > 1 else ""
            self._tell((many(len(debts), "debt"), "warning"), f": {printable(debts[0].text)}{more}")
        owed = [debt.subscriber for debt in debts]
        for number, line in enumerate(advice(failed, owed, self.run.named)):
            self._tell(("      " if number else "Next: ", "strong"), line)

    def failures(self, failed: list[Failure]) -> None:
        """Tell of the failures at the end."""
        show(failed, self.shown)

    # lines

    def _tell(self, *parts: Part) -> None:
        self._heard = self.columns.clock()
        self.shown.line(*parts)
        self.shown.stream.flush()

    def _say(self, step: int, line: str) -> None:
        """A line of output."""
        self._tell("   ", (f"{self.columns.names[step]} | ", "dim"), as_shown(line))

    def _line(self, step: int, sign: str, word: str, outcome: Outcome | None, *said: Part) -> list[Part]:
        at = clock_time(self.columns.passed())
        seconds = duration(outcome.seconds) if outcome is not None else ""
        cut = self.moves and self.level < VERBOSE
        parts = self.columns.parts(step, sign, word, at, seconds)
        return self.columns.fitted(parts, said, self.columns.width if cut else None)

    def _retried(self, event: Retried) -> None:
        outcome = event.outcome
        reason = printable(" ".join(outcome.reason.split()))
        said = f"try {event.number}{': ' + reason if reason else ''}; again in {event.pause:g} s"
        self.progress.waits(event.step, said)
        if self.level > QUIET:
            line = self._line(event.step, "retry", outcome.event, outcome, said)
            self.entry(event.step, line, self._output(event.step, outcome))

    def _ended(self, event: Ended) -> None:
        step, state, _, _, outcome = event
        self._states[step] = state
        if state in FAILURE and outcome is not None:
            self._failed[step] = event
        elif self.level == QUIET or (state in UNTOLD and self.level < VERBOSE):
            return
        lines = self._output(step, outcome) if outcome is not None else []
        self.entry(step, self._line(step, state, state, outcome, *self._why(event)), lines)

    def entry(self, step: int, line: list[Part], output: list[str]) -> None:
        """A step has come to an end, or a try of it: the line that says so, and what it wrote."""
        if self._following is None and line:
            self._tell(*line)
        for text in output:
            self._say(step, text)
        if self._following is not None:
            self._tell(*line)

    def _why(self, event: Ended) -> list[Part]:
        """Why a step ended as it did, and what set it off."""
        step, state, reason, because, outcome = event
        if state == "skipped":
            reason = "not started any more" if reason == "stopped" else reason
        elif state == "idle":
            reason = self._idle(step)
        elif outcome is not None:
            reason = outcome.reason if state in FAILURE or self.level >= VERBOSE else ""
        room = 10**6 if self.level >= VERBOSE else self.columns.width - self.columns.taken
        return [
            (printable(" ".join(reason.split())), "" if state in FAILURE else "dim"),
            causes(self.labels, because, room),
        ]

    def _idle(self, step: int) -> str:
        """Why no rule set a step off: what the emitters of its rules ended with."""
        triggers = self.plan.inner.triggers[step]
        ends = {
            self.plan.steps[s].id: self._states.get(s, "")
            for t in triggers
            for look in t.looks
            for s in look.steps
        }
        told = [
            f"{self.labels[id_]} {'was' if state in ('idle', 'skipped') else 'ended'} {state}"
            for id_, state in ends.items()
            if state
        ]
        return ", ".join(told[:2]) + (f" and {len(told) - 2} more" if len(told) > 2 else "")

    def _output(self, step: int, outcome: Outcome) -> list[str]:
        """The lines that are still to be told of the output of a try that has ended."""
        if self._following is not None:
            return self._following.rest(step, outcome.output)
        return lines_of(outcome) if not self.moves and self.level > QUIET else []

    def _beat(self) -> None:
        now = self.columns.clock()
        self._heard = now
        running = self.progress.running
        told = [f"{name} for {duration(now - since, whole=True)}" for name, since in running[:3]]
        more = f" and {len(running) - 3} more" if len(running) > 3 else ""
        self.aside.line(f"{clock_time(self.columns.passed())} still running: {', '.join(told)}{more}")
        self.aside.stream.flush()

    def _stays(self, step: int, result: Result) -> bool:
        """Whether the action of a step is a failure as a whole: a later instance may have mended it."""
        return result.fold.get(self.plan.steps[step].name, "failed") in FAILURE

    def _failure(self, event: Ended) -> Failure:
        assert event.outcome is not None
        step = self.plan.steps[event.step]
        return Failure(
            self.columns.names[event.step],
            self.labels[step.id],
            event.outcome,
            self.plan.program.actions[step.of].span,
            self.run.log(step.id),
            bool(event.because),
        )


def ending(code: int) -> tuple[str, str]:
    """How a run ended, by its exit code: a word, and the style of it."""
    if code in (0, 10):
        return "ok", "ok"
    return {130: ("interrupted", "warning"), 4: ("incomplete", "warning")}.get(code, ("failed", "failed"))


def many(number: int, noun: str) -> str:
    """`1 debt`, `2 debts`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def counted(result: Result) -> str:
    """`2 changed, 1 failed`, by action: what a second run mended counts once, as mended."""
    ends = list(result.fold.values())
    return ", ".join(f"{ends.count(word)} {word}" for word in _COUNTED if word in ends)


def _command(job: Job) -> str:
    """What a job does, as one might type it."""
    if job.driver == "sh":
        return str(job.arguments[0])
    words = [
        str(word)
        for given in job.arguments
        for word in (given if isinstance(given, (list, tuple)) else [given])
    ]
    return shlex.join(words if job.driver == "exec" else [job.driver, *words])
