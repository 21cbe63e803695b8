"""`evdsl run`: the plan, run here, told line by line."""

from __future__ import annotations

import argparse
import os
from contextlib import ExitStack
from typing import TYPE_CHECKING, TextIO

from ..api import Plan
from ..plan.plan import Plan as InnerPlan
from .messages import show
from .opening import REFUSED, chosen_file, err, opened, out, planned, usage

if TYPE_CHECKING:
    from ..run.live import Event, Listener


INCOMPLETE = 4
"""The exit code of a run that was refused (section 10)."""


def main(args: argparse.Namespace) -> int:
    program = opened(args)
    found = planned(args, program) if program else None
    if program is None or program.inner is None or found is None:
        return REFUSED
    from ..run.prepare import refused

    plan = found[0]
    against = refused(program.inner, plan.inner)
    if against:
        show(against, err(args))
        return REFUSED
    path = chosen_file(args)
    assert path is not None
    return _run(plan, path if path != "-" else "stdin.events", args)


def _run(plan: Plan, path: str, args: argparse.Namespace) -> int:
    from ..run.handed import Connections
    from ..run.live import run
    from ..run.local import LocalExecutor
    from ..run.lock import Held, Lock
    from ..run.prepare import Preparing
    from ..run.state import State, Unusable
    from .records import Records
    from .teller import Teller

    with ExitStack() as stack:
        try:
            trace = stack.enter_context(_trace(args.trace)) if args.trace else None
        except OSError as error:
            usage(args, f"`--trace {args.trace}` cannot be written: {error.strerror}", "check the path")
            return REFUSED
        try:
            state = stack.enter_context(State.open(path))
            lock = stack.enter_context(Lock.take(os.path.dirname(state.path), path))
        except Unusable as error:
            show([error.diagnostic], err(args))
            return 3
        except Held as error:
            show([error.diagnostic], err(args))
            return INCOMPLETE
        number = state.next_run()
        executor = LocalExecutor(args.jobs or _cores(), lock=lock.file)
        stack.callback(executor.close)
        prepare = Preparing(
            plan.program, plan.inner, Connections(plan.program, plan.inner, state.reported()), number
        )
        listener = (
            Records(plan, out(args))
            if args.format == "jsonl"
            else Teller(plan, number, out(args), args.quiet, args.verbose)
        )
        result = run(
            plan.inner,
            prepare,
            executor,
            state,
            _traced(listener, plan.inner, trace),
            fail_fast=args.fail_fast,
            detailed_exitcode=args.detailed_exitcode,
        )
        listener.end(result)
        return result.exit


def _trace(path: str) -> TextIO:
    return open(path, "w", encoding="utf-8", buffering=1)


def _traced(listener: Listener, plan: InnerPlan, trace: TextIO | None) -> Listener:
    """The listener, with a line `ID OUTCOME` in the trace for each step that is settled."""
    if trace is None:
        return listener
    from ..run.live import Ended

    def listen(event: Event) -> None:
        if isinstance(event, Ended):
            trace.write(f"{plan.steps[event.step].id} {event.state}\n")
        listener(event)

    return listen


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
