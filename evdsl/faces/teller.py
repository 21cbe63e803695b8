"""A run for people: a line for each action that did something, failures with their output, one line at the end."""

from __future__ import annotations

import time

from ..api import Plan
from ..base.events import FAILURE
from ..run.live import Ended, Event, Interrupted, Result, Retried
from .show_trace import causes, labels_of, unfollowed
from .terminal import Out, Part, printable

_TAIL = 20  # lines of output that a failure shows
_COUNTED = ("changed", "created", "removed", "ok", "failed", "error", "skipped", "idle")


class Teller:
    """Listens to a run. `quiet`: failures and the summary only; `verbose`: all steps, and all output."""

    def __init__(self, plan: Plan, number: int, shown: Out, quiet: bool, verbose: bool) -> None:
        self.plan, self.number, self.shown = plan, number, shown
        self.quiet, self.verbose = quiet, verbose
        self.labels = labels_of(plan)
        self.wide = min(max(map(len, self.labels.values()), default=0), 34)
        self.began = time.monotonic()

    def __call__(self, event: Event) -> None:
        if isinstance(event, Ended):
            self._ended(event)
        elif isinstance(event, Retried):
            label = self.labels[self.plan.steps[event.step].id]
            reason = f": {printable(event.outcome.reason)}" if event.outcome.reason else ""
            self._line(
                "retry", label, event.outcome.event, f"try {event.number}{reason}; again in {event.pause:g} s"
            )
        elif isinstance(event, Interrupted):
            self.shown.line(
                ("interrupted", "warning"),
                (
                    ": nothing more is started; once more ends what runs",
                    "; ending what runs",
                    "; killing what runs",
                )[min(event.level, 3) - 1],
            )
        self.shown.stream.flush()

    def _line(self, sign: str, label: str, word: str, *behind: Part) -> None:
        since = time.monotonic() - self.began
        self.shown.line(
            " ",
            (f"{self.shown.sign(sign)} ", word),
            (f"{int(since // 60):02d}:{int(since % 60):02d} ", "dim"),
            f"{label:<{self.wide}}  ",
            (f"{word:<8}", word),
            " ",
            *behind,
        )

    def _ended(self, event: Ended) -> None:
        failed = event.state in FAILURE
        ran = event.outcome is not None
        silent = event.state in ("ok", "idle")
        if (self.quiet and not failed) or (silent and not self.verbose):
            return
        label = self.labels[self.plan.steps[event.step].id]
        room = 10**6 if self.verbose else self.shown.columns - (self.wide + 29)
        cause = causes(self.labels, event.because, room)
        seconds = f"{event.outcome.seconds:6.1f}s" if event.outcome is not None and ran else " " * 7
        why: list[Part] = [(seconds, "dim"), f"  {cause}" if cause else ""]
        if event.state == "skipped":
            said = "not started any more" if event.reason == "stopped" else event.reason
            why.append((f"  {printable(said)}", "dim"))
        self._line(event.state, label, event.state, *why)
        if event.outcome is not None and (failed or self.verbose):
            self._output(event, label)

    def _output(self, event: Ended, label: str) -> None:
        outcome = event.outcome
        assert outcome is not None
        failed = event.state in FAILURE
        if failed:
            action = self.plan.program.actions[self.plan.steps[event.step].of]
            where = f"  {action.span!r}" if action.span else ""
            reason = f": {printable(outcome.reason)}" if outcome.reason else ""
            self.shown.line("   ", (f"{label} {event.state}{reason}", "failed"), (where, "dim"))
        lines = outcome.output.text.splitlines()
        for line in lines if self.verbose else lines[-_TAIL:]:
            self.shown.line("   ", ("│ ", "dim"), printable(line))

    def end(self, result: Result) -> None:
        """The summary, what was not followed, and what to type next."""
        if result.unfollowed and not self.quiet:
            unfollowed(self.plan, result.unfollowed, self.shown, verbose=self.verbose)
        ends = list(result.fold.values())  # by action: what a second run mended counts once, as mended
        parts = [f"{ends.count(word)} {word}" for word in _COUNTED if word in ends]
        word, style = {0: ("ok", "ok"), 10: ("ok", "ok"), 130: ("interrupted", "warning")}.get(
            result.exit, ("failed", "failed")
        )
        seconds = time.monotonic() - self.began
        self.shown.line((f"Run {self.number} {word}", style), f" in {seconds:.1f}s: {', '.join(parts)}")
        self.shown.stream.flush()
