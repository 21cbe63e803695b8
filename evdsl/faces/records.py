"""A run for programs: `--format jsonl`, one record for every change of state (section 10 of docs/language.md)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from ..api import Plan
from ..run.engine import Cause
from ..run.live import Ended, Event, Result, Retried, Started
from ..version import __version__
from .terminal import Out

SCHEMA = "1.0"


class Records:
    """Listens to a run and writes its records. `at` is the time in UTC, `seconds` how long the instance took."""

    def __init__(self, plan: Plan, shown: Out) -> None:
        self.plan, self.shown = plan, shown
        self._write({"type": "version", "evdsl": __version__, "schema": SCHEMA})

    def __call__(self, event: Event) -> None:
        if isinstance(event, Started):
            self._step(event.step, "started", event.because, None)
        elif isinstance(event, Retried):
            self._step(event.step, "retry", (), event.outcome.seconds)
        elif isinstance(event, Ended):
            seconds = event.outcome.seconds if event.outcome is not None else None
            self._step(event.step, event.state, event.because, seconds, event.reason)

    def _step(
        self, step: int, state: str, because: Iterable[Cause], seconds: float | None, reason: str = ""
    ) -> None:
        record: dict[str, object] = {
            "type": "step",
            "id": self.plan.steps[step].id,
            "state": state,
            "because": [{"from": c.from_id, "event": c.event, "line": c.line} for c in because],
            "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
        }
        if seconds is not None:
            record["seconds"] = round(seconds, 6)
        if reason:
            record["reason"] = reason
        self._write(record)

    def end(self, result: Result) -> None:
        steps = self.plan.steps
        owed = {steps[step].id for step in result.owed}
        debts = [
            f"{c.from_id} {c.event} {line.id}"
            for line in result.trace
            if line.id in owed
            for c in line.because
        ]
        self._write({"type": "end", "exit": result.exit, "fold": result.fold, "debts": debts})

    def _write(self, record: dict[str, object]) -> None:
        self.shown.document(record, None)
        self.shown.stream.flush()
