"""Who a run is told to: programs, people at a terminal, people who read it later, GitHub."""

from __future__ import annotations

import argparse
import os
import shlex
from collections.abc import Sequence
from typing import Protocol

from ..api import Plan
from ..drivers.job import Job
from ..drivers.outcome import Outcome
from ..run.engine import Cause
from ..run.live import Event, Prepare, Reported, Result, Sink
from ..run.logs import log_name
from .opening import err, out
from .progress import Outputs
from .stream import patient
from .teller import LIVE, QUIET, Run, Teller


class Audience(Protocol):
    """Listens to a run."""

    def __call__(self, event: Event) -> None: ...

    def command(self, step: int, job: Job) -> None:
        """A step is made ready to run."""
        ...

    def pulse(self) -> float | None:
        """See `run.live.Pulse`."""
        ...

    def end(self, result: Result) -> None:
        """The run has come to its end."""
        ...

    def close(self) -> None:
        """Leave the terminal as it was found. After `end`, or in place of it."""
        ...


def audience(plan: Plan, number: int, folder: str, outputs: Outputs, args: argparse.Namespace) -> Audience:
    """Whom the command line asks for. `number` and `folder` are those of the run, which keeps its logs there."""
    patient()
    if args.format == "jsonl":
        from .records import Records

        return Records(plan, out(args))

    def log(id_: str) -> str:
        path = os.path.relpath(os.path.join(folder, log_name(id_)))
        return path if os.path.exists(path) else ""

    def named(command: str) -> str:
        return f"{command} {shlex.quote(args.file)}" if args.file is not None else command

    from . import actions

    kind = actions.Actions if actions.wanted() and not out(args).stream.isatty() else Teller
    level = QUIET if args.quiet else min(args.verbose, LIVE)
    return kind(Run(plan, number, outputs, log, named), out(args), err(args), level)


def heard(prepare: Prepare, audience: Audience) -> Prepare:
    """Prepare, and let the audience know of each job."""

    def made(step: int, because: Sequence[Cause], reported: Reported) -> Job | Sink | Outcome:
        job = prepare(step, because, reported)
        if isinstance(job, Job):
            audience.command(step, job)
        return job

    return made
