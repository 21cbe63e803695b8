"""A run on its way: from what it begins with to its exit code, told line by line or record by record."""

from __future__ import annotations

import argparse
import gc
import os
from collections.abc import Collection, Mapping
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, NamedTuple

from ..api import Plan
from ..base.redact import Redactor
from ..plan.plan import Plan as InnerPlan
from .opening import err
from .terminal import printable

if TYPE_CHECKING:
    from ..drivers.outcome import Outcome
    from ..run.journal import Journal
    from ..run.live import Event, Listener
    from ..run.lock import Lock
    from ..run.runs import Now
    from ..run.state import State
    from .stream import Redacted


class Going(NamedTuple):
    """A run that is about to go: what it begins with, and what steps have said and which were cut, if it is resumed."""

    plan: Plan
    state: State
    lock: Lock
    journal: Journal
    before: Now
    outside: set[int]
    done: Collection[str]
    trace: Redacted | None
    restored: Mapping[int, Outcome] = {}
    cut: Collection[int] = ()


def go(going: Going, args: argparse.Namespace) -> int:
    """Run it to its end. Returns the exit code."""
    from ..run.cut import Cuts
    from ..run.handed import Connections
    from ..run.live import run
    from ..run.local import LocalExecutor
    from ..run.logs import Logs, folder
    from ..run.prepare import Preparing
    from .audience import audience, heard

    plan, state, journal, before = going.plan, going.state, going.journal, going.before
    number, steps, redactor = journal.number, plan.inner.steps, Redactor(secrets(plan))
    path = os.path.join(folder(state.path), str(number))
    with suppress(OSError):  # told when the first log cannot be written
        os.makedirs(path, 0o700, exist_ok=True)
    logs = Logs(path, lambda step: steps[step].id, lambda step: _sensitive(plan, steps[step].of), redactor)
    with ExitStack() as stack:
        executor = LocalExecutor(
            args.jobs or _cores(),
            lock=going.lock.file,
            redactor=redactor or None,
            shell_workers=args.shell_workers,
        )
        stack.callback(executor.close)
        connections = Connections(plan.program, plan.inner, state.reported())
        prepare = Preparing(plan.program, plan.inner, connections, number)
        listener = audience(plan, number, path, executor.outputs, args)
        stack.callback(listener.close)
        cuts = Cuts(prepare, plan.program, plan.inner, before.dirty, going.done)
        gc.freeze()  # program and plan stay to the end: no collection need look through them again
        result = run(
            plan.inner,
            heard(cuts, listener),
            executor,
            journal,
            _traced(_both(logs, listener), plan.inner, going.trace),
            fail_fast=args.fail_fast,
            detailed_exitcode=args.detailed_exitcode,
            debts=before.debts,
            dirty=before.dirty,
            outside=going.outside,
            restored=going.restored,
            cut=going.cut,
            pulse=listener.pulse,
            place=prepare.place,
            kin=prepare.kin,
            keep_trace=False,  # whoever listens has it: of many steps it is much memory
        )
        listener.end(result)
    untraced = going.trace.problem if going.trace is not None else None
    trace_problem = f"`--trace {args.trace}` cannot be written: {untraced.strerror}" if untraced else ""
    for problem in (result.problem, logs.problem, trace_problem):
        if problem:
            err(args).line(
                ("error", "error") if problem is result.problem else ("warning", "warning"),
                f": {printable(problem)}",
            )
    return result.exit


def secrets(plan: Plan) -> list[str]:
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


def _traced(listener: Listener, plan: InnerPlan, trace: Redacted | None) -> Listener:
    """The listener, with a line `ID OUTCOME` in the trace for each step that is settled."""
    if trace is None:
        return listener
    from ..run.live import Ended, Restored

    def listen(event: Event) -> None:
        if isinstance(event, (Ended, Restored)):
            trace.write(f"{plan.steps[event.step].id} {event.state}\n")
        listener(event)

    return listen


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
