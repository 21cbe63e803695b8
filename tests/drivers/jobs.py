"""Jobs of any driver for tests, run by the real executor."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from run.jobs import outcome

from evdsl.drivers.job import Job
from evdsl.drivers.outcome import Outcome


def job(
    driver: str,
    *arguments: object,
    folder: Path | str = "/",
    names: Mapping[str, object] | None = None,
    secrets: tuple[str, ...] = (),
    step: int = 0,
    **options: Any,
) -> Job:
    """A job of the action `s<step>.run`."""
    return Job(
        step,
        f"s{step}.run#0",
        f"s{step}",
        "run",
        0,
        driver,
        arguments,
        options,
        {},
        str(folder),
        names=names or {},
        secrets=secrets,
    )


def said(driver: str, *arguments: object, **more: Any) -> Outcome:
    """What such a job says."""
    return outcome(job(driver, *arguments, **more))


def brief(outcome: Outcome) -> tuple[str, str]:
    """Outcome and reason."""
    return outcome.event, outcome.reason
