"""A run for programs: `--format jsonl`, one record for every change of state (section 10 of docs/language.md)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from ..api import Plan
from ..drivers.job import Job
from ..run.engine import Cause
from ..run.live import Cut, Ended, Event, Result, Retried, Started
from ..version import __version__
from .terminal import Out

SCHEMA = "1.0"


class Records:
    """Listens to a run and writes its records.

    `at` is the time in UTC; `seconds` how long the instance took, or its tries so far, null where it has not run;
    `reason` stands where there is one: why it was skipped, how it failed, what an `ok` is based on.
    """

    def __init__(self, plan: Plan, shown: Out) -> None:
        self.plan, self.shown = plan, shown
        self._because: dict[int, tuple[Cause, ...]] = {}
        self._write({"type": "version", "evdsl": __version__, "schema": SCHEMA})

    def __call__(self, event: Event) -> None:
        if isinstance(event, Started):
            self._because[event.step] = event.because
            self._step(event.step, "started", event.because, None)
        elif isinstance(event, Retried):
            because = self._because.get(event.step, ())
            self._step(event.step, "retry", because, event.outcome.seconds, event.outcome.reason)
        elif isinstance(event, Cut):
            self._step(event.step, "cut", (), None)
        elif isinstance(event, Ended):
            outcome = event.outcome
            seconds, why = (outcome.seconds, outcome.reason) if outcome is not None else (None, "")
            self._because.pop(event.step, None)
            self._step(event.step, event.state, event.because, seconds, event.reason or why)

    def _step(
        self, step: int, state: str, because: Iterable[Cause], seconds: float | None, reason: str = ""
    ) -> None:
        record: dict[str, object] = {
            "type": "step",
            "id": self.plan.steps[step].id,
            "state": state,
            "because": [{"from": c.from_id, "event": c.event, "line": c.line} for c in because],
            "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "seconds": None if seconds is None else round(seconds, 6),
        }
        if reason:
            record["reason"] = reason
        self._write(record)

    def command(self, step: int, job: Job) -> None:
        """Nothing: what is done is no change of state."""

    def pulse(self) -> float | None:
        """Nothing: a record is written at once."""
        return None

    def close(self) -> None:
        """Nothing: no line is left open."""

    def end(self, result: Result) -> None:
        debts = [debt.text for debt in result.left.debts]
        self._write({"type": "end", "exit": result.exit, "fold": result.fold, "debts": debts})

    def _write(self, record: dict[str, object]) -> None:
        self.shown.document(record, None)
        self.shown.stream.flush()
