"""Engines are asked what they would do, by their own dry runs: `evdsl run --dry-run --ask-engines`."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType

from ..base.redact import Redactor
from ..drivers.driver import Command, Driver, Ended, Rehearser, Try, Verdict
from ..drivers.job import Job, Place
from ..drivers.outcome import Outcome
from .executor import Done
from .local import LocalExecutor

_ASIDE = frozenset(("unless", "onlyif", "creates", "retry", "delay", "confirm", "on_cut"))
"""Options that are not for the question: guards are not run for it, and it is asked once."""


class Engines:
    """Asks one engine at a time, with timeouts and `sudo` as in a run. To be entered and left."""

    def __init__(self, redactor: Redactor) -> None:
        self._executor = _Asking(1, redactor=redactor)

    def __enter__(self) -> Engines:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, what: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._executor.close()

    def ask(self, job: Job) -> Outcome | None:
        """What the job would come to, its output what would change; None where its driver has no such question."""
        if not isinstance(self._executor.driver(job.driver), Rehearser):
            return None
        aside = _ASIDE | ({"changes"} if job.changes else set())  # files do not differ after a question
        self._executor.start([job._replace(options={k: v for k, v in job.options.items() if k not in aside})])
        while True:
            for notice in self._executor.wait():
                if isinstance(notice, Done):
                    return notice.outcome


class _Asking(LocalExecutor):
    """Has engines asked where another one would have them at work."""

    def driver(self, name: str) -> Driver:
        return super()._driver(name)

    def _driver(self, name: str) -> Driver:
        driver = self.driver(name)
        assert isinstance(driver, Rehearser)
        return _Question(driver)


class _Question:
    """A driver that asks one."""

    def __init__(self, driver: Rehearser) -> None:
        self._driver = driver

    def commands(self, tries: Sequence[Try], place: Place) -> list[Command]:
        return [self._driver.rehearse(attempt) for attempt in tries]

    def read(self, attempt: Try, ended: Ended) -> Verdict:
        return self._driver.read(attempt, ended)
