"""`evdsl run`: the plan, run here, told line by line."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from contextlib import ExitStack
from typing import NamedTuple

from ..api import Plan
from ..base.redact import Redactor
from .going import Going, go, secrets
from .holding import INCOMPLETE, taken, telling
from .messages import show
from .opening import REFUSED, chosen_file, err, opened, planned, settings, usage
from .stream import Redacted, written


def main(args: argparse.Namespace) -> int:
    if args.ask_engines and not args.dry_run:
        usage(args, "`--ask-engines` goes with `--dry-run`", "`evdsl run --dry-run --ask-engines`")
        return REFUSED
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
    from ..run.begin import outside_of

    outside, wrong = outside_of(program.inner, plan.inner, args.limit)
    if wrong:
        show(wrong, err(args))
        return REFUSED
    if args.dry_run:
        from .dry_run import foretell

        return foretell(plan, path, args, outside)
    if not args.yes:
        from .asking import confirmed

        if not confirmed(plan, args, outside):
            return INCOMPLETE
    return telling(args, path, lambda: _begin(plan, path, outside, args))


def _begin(plan: Plan, path: str, outside: set[int], args: argparse.Namespace) -> int:
    """A run of its own, which takes over what earlier ones have left."""
    from ..run.begin import begin, dropped
    from ..run.journal import Journal
    from ..run.logs import folder, forget, last_number
    from ..run.runs import last_run, now

    with ExitStack() as stack:
        state, lock = taken(stack, path, args.durability)
        trace = trace_file(stack, args)
        if trace is None:
            return REFUSED
        before = now(state)
        debts, gone = dropped(plan.program, before.debts)
        show(gone, err(args))
        before = before._replace(debts=debts)
        last = last_run(state)
        if last is not None and last.exit is None and not last.over and not args.quiet:
            text = f": run {last.number} was cut off; this one begins anew, with what it owes"
            err(args).line(("note", "note"), text)
        done = said_done(plan, before.dirty, args)
        if done is None:
            return INCOMPLETE
        base = folder(state.path)
        journal = Journal.begin(
            state,
            begin(plan.program, plan.inner, path, options(plan, args), before, outside),
            plan.inner.steps,
            Redactor(secrets(plan)),
            last_number(base),
        )
        forget(base)
        return go(Going(plan, state, lock, journal, before, outside, done, trace.file), args)


def options(plan: Plan, args: argparse.Namespace) -> dict[str, object]:
    """What `resume` needs to make the same plan again; values of secrets it is given anew."""
    secret = {unit.prefix + name for unit in plan.program.units for name in unit.secrets}
    given = settings(args) or {}
    return {
        "set": {name: value for name, value in given.items() if name not in secret},
        "action": args.action,
        "start": args.start,
        "limit": args.limit,
    }


def said_done(plan: Plan, cuts: Mapping[str, int], args: argparse.Namespace) -> set[str] | None:
    """Of the actions that were cut and want to be asked about, those that are done; None, told, if nobody can be asked."""
    if not any(cuts.values()):
        return set()
    from ..run.cut import to_ask
    from .asking import asked_done

    return asked_done(to_ask(plan.program, plan.inner, cuts), args)


class Trace(NamedTuple):
    """Where `--trace` is written to, if it is."""

    file: Redacted | None


def trace_file(stack: ExitStack, args: argparse.Namespace) -> Trace | None:
    """The file of `--trace`, open; None, told, if it cannot be written."""
    if not args.trace:
        return Trace(None)
    try:
        file = written(args.trace)
    except OSError as error:
        usage(args, f"`--trace {args.trace}` cannot be written: {error.strerror}", "check the path")
        return None
    stack.callback(file.close)
    return Trace(file)
