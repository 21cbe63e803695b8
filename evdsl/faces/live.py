"""`evdsl run`: the plan, run here, told line by line."""

from __future__ import annotations

import argparse
import gc
import os
from contextlib import ExitStack
from typing import TYPE_CHECKING, TextIO

from ..api import Plan
from ..plan.plan import Plan as InnerPlan
from .messages import show
from .opening import REFUSED, chosen_file, err, opened, out, planned, usage
from .terminal import printable

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
    path = path if path != "-" else "stdin.events"
    if args.dry_run:
        from .dry_run import foretell

        return foretell(plan, path, args)
    if not args.yes:
        from .asking import confirmed

        if not confirmed(plan, args):
            return INCOMPLETE
    return _run(plan, path, args)


def _run(plan: Plan, path: str, args: argparse.Namespace) -> int:
    from ..base.redact import Redactor
    from ..run.handed import Connections
    from ..run.history import Writing
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
        steps, redactor = plan.inner.steps, Redactor(_secrets(plan))
        history = Writing.begin(
            state, path, lambda step: steps[step].id, lambda step: _sensitive(plan, steps[step].of), redactor
        )
        stack.callback(history.close)
        number = history.number
        executor = LocalExecutor(
            args.jobs or _cores(),
            lock=lock.file,
            redactor=redactor or None,
            shell_workers=args.shell_workers,
        )
        stack.callback(executor.close)
        prepare = Preparing(
            plan.program, plan.inner, Connections(plan.program, plan.inner, state.reported()), number
        )
        listener = (
            Records(plan, out(args))
            if args.format == "jsonl"
            else Teller(plan, number, out(args), args.quiet, args.verbose)
        )
        gc.freeze()  # program and plan stay to the end: no collection need look through them again
        result = run(
            plan.inner,
            prepare,
            executor,
            state,
            _traced(_both(history, listener), plan.inner, trace),
            fail_fast=args.fail_fast,
            detailed_exitcode=args.detailed_exitcode,
        )
        history.end(result)
        listener.end(result)
        if history.problem:
            err(args).line(("warning", "warning"), f": {printable(history.problem)}")
        return result.exit


def _secrets(plan: Plan) -> list[str]:
    """The values of all secrets of a program, which nothing may keep."""
    return [value for unit in plan.program.units for value in unit.secrets.values() if value]


def _both(first: Listener, second: Listener) -> Listener:
    def listen(event: Event) -> None:
        first(event)
        second(event)

    return listen


def _sensitive(plan: Plan, of: int) -> bool:
    """Whether the output of an action is to be kept nowhere. Anything but a plain `false` counts as yes."""
    from ..meaning.render import options_of
    from ..syntax.ast import Boolean

    option = options_of(plan.program.actions[of]).get("sensitive")
    return option is not None and not (isinstance(option.value, Boolean) and not option.value.value)


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
