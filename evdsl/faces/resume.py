"""`evdsl resume`: go on with a run that broke off; list such runs, drop one."""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from typing import TYPE_CHECKING

from ..base.diagnostic import Diagnostic
from ..base.redact import Redactor
from .going import Going, go, secrets
from .holding import INCOMPLETE, taken, telling
from .live import options, said_done, trace_file
from .messages import show
from .opening import REFUSED, err, kept_file, opened, out, planned
from .terminal import Out, printable

if TYPE_CHECKING:
    from ..run.begin import Difference, Resumed
    from ..run.runs import Run

_SHOWN = 10


def main(args: argparse.Namespace) -> int:
    path = kept_file(args)
    if path is None:
        return REFUSED
    if args.list:
        return telling(args, path, lambda: _list(path, args))
    if args.drop:
        return telling(args, path, lambda: _drop(path, args))
    return telling(args, path, lambda: _resume(path, args))


def _list(path: str, args: argparse.Namespace) -> int:
    from ..run.runs import runs
    from ..run.state import State
    from .log import local_time

    shown = out(args)
    with State.open(path, write=False) as state:
        found = [run for run in runs(state) if run.resumable]
        for run in found:
            counts = _counts(run)
            how = "cut off" if run.exit is None else "interrupted"
            shown.line(f"Run {run.number}, {local_time(run.began)}: {how}; {counts}")
    if not found:
        shown.line("No run of it can be resumed.")
    return 0


def _counts(run: Run) -> str:
    done, cut = len(run.outcomes()), len(run.cut())
    left = len(run.stored.plan.steps) - done - cut
    return f"{done} done, {cut} cut, {left} to go"


def _drop(path: str, args: argparse.Namespace) -> int:
    """The run is over; what it owes stays."""
    from ..run.runs import close, last_run, now

    with ExitStack() as stack:
        state, _ = taken(stack, path)
        last = last_run(state)
        if last is None or not last.resumable:
            return _nothing(path, args)
        left = now(state)
        close(state, left)
        many = len(left.debts)
        owed = f"; {many} debt{'s stay' if many > 1 else ' stays'}" if many else ""
        out(args).line(f"Run {last.number} is dropped{owed}.")
    return 0


def _resume(path: str, args: argparse.Namespace) -> int:
    from ..run.begin import begin, dropped, outside_of, resumed
    from ..run.journal import Journal
    from ..run.prepare import refused
    from ..run.runs import last_run

    with ExitStack() as stack:
        state, lock = taken(stack, path, args.durability)
        last = last_run(state)
        if last is None or not last.resumable:
            return _nothing(path, args)
        _as_before(last, args)
        program = opened(args)
        found = planned(args, program) if program else None
        if program is None or program.inner is None or found is None:
            return REFUSED
        plan = found[0]
        if against := refused(program.inner, plan.inner):
            show(against, err(args))
            return REFUSED
        outside, wrong = outside_of(program.inner, plan.inner, args.limit)
        if wrong:
            show(wrong, err(args))
            return REFUSED
        how = resumed(last, program.inner, plan.inner, outside)
        if how.difference and not args.replan:
            _tell(last, how.difference, args)
            return INCOMPLETE
        show(dropped(program.inner, last.debts)[1], err(args))
        done = said_done(plan, how.now.dirty, args)
        if done is None:
            return INCOMPLETE
        trace = trace_file(stack, args)
        if trace is None:
            return REFUSED
        journal = Journal.go_on(state, last.number, plan.inner.steps, Redactor(secrets(plan)))
        if how.kept is not None:
            wanted = options(plan, args)
            journal.replan(begin(program.inner, plan.inner, path, wanted, how.now, outside), how.kept)
        if args.format == "text" and not args.quiet:
            _say(last.number, how, len(plan.steps), out(args))
        going = Going(plan, state, lock, journal, how.now, outside, done, trace.file, how.restored, how.cut)
        return go(going, args)


def _as_before(run: Run, args: argparse.Namespace) -> None:
    """Take the options of the run that goes on, where the command line has none of its own."""
    before = run.options
    given = before.get("set")
    args.set = [*(f"{k}={v}" for k, v in given.items()), *args.set] if isinstance(given, dict) else args.set
    args.action, args.start, args.limit = before["action"], before["start"], before["limit"]


def _nothing(path: str, args: argparse.Namespace) -> int:
    message = f"no run of `{path}` can be resumed"
    hint = "a run can be resumed until the next one begins; `evdsl run` runs what is owed"
    show([Diagnostic("EV624", message, None, hint, path=path)], err(args))
    return INCOMPLETE


def _tell(run: Run, difference: Difference, args: argparse.Namespace) -> None:
    """What is different, and what to do."""
    message = f"the plan is not the one that run {run.number} began with"
    hint = "`evdsl resume --replan` goes on and keeps what is unchanged; `evdsl run` begins anew"
    shown = err(args)
    show([Diagnostic("EV625", message, None, hint, path=run.file)], shown)
    for sign, ids in (("+", difference.new), ("-", difference.gone), ("~", difference.changed)):
        for id_ in ids[:_SHOWN]:
            shown.line(f"  {sign} {printable(id_)}")
        if len(ids) > _SHOWN:
            shown.line(f"  {sign} and {len(ids) - _SHOWN} more")


def _say(number: int, how: Resumed, steps: int, shown: Out) -> None:
    done, cut = len(how.restored), len(how.cut)
    shown.line(f"Run {number} goes on: {done} done, {cut} cut, {steps - done - cut} to go")
