"""Jobs for tests, and a way to run them to their end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from evdsl.drivers.job import Job
from evdsl.drivers.outcome import Outcome
from evdsl.run.executor import Again, Done, Notice
from evdsl.run.local import LocalExecutor


def sh(
    text: str,
    step: int = 0,
    folder: Path | str = "/",
    environment: dict[str, str] | None = None,
    **options: Any,
) -> Job:
    """A job `sh "text" [options]` of the action `s<step>.run`."""
    return _job("sh", (text,), step, folder, environment, options)


def exec_(*argv: object, step: int = 0, folder: Path | str = "/", **options: Any) -> Job:
    """A job `exec [argv] [options]`."""
    return _job("exec", (list(argv),), step, folder, None, options)


def _job(driver: str, arguments: tuple[object, ...], step: int, folder: Path | str, environment: dict[str, str] | None, options: dict[str, Any]) -> Job:  # fmt: skip
    return Job(
        step,
        f"s{step}.run#0",
        f"s{step}",
        "run",
        0,
        driver,
        arguments,
        options,
        environment or {},
        str(folder),
    )


def results(executor: LocalExecutor, *jobs: Job) -> tuple[dict[int, Outcome], list[Again]]:
    """Run jobs to their end: the outcome of each by step, and the tries before the last ones."""
    executor.start(jobs)
    return finish(executor, len(jobs))


def finish(executor: LocalExecutor, count: int) -> tuple[dict[int, Outcome], list[Again]]:
    """Wait for `count` jobs that were started."""
    done: dict[int, Outcome] = {}
    again: list[Again] = []
    while len(done) < count:
        notices: list[Notice] = executor.wait(30)
        assert notices, "nothing happens any more"
        for notice in notices:
            if isinstance(notice, Done):
                assert notice.step not in done
                done[notice.step] = notice.outcome
            else:
                again.append(notice)
    return done, again


def outcome(job: Job, **more: Any) -> Outcome:
    """The outcome of one job, run alone."""
    executor = LocalExecutor(2, **more)
    try:
        return results(executor, job)[0][job.step]
    finally:
        executor.close()
