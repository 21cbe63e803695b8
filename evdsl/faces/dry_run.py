"""`evdsl run --dry-run`: what would be done, with differences; nothing is started, written or connected to,
except the dry runs of engines where `--ask-engines` says so."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Set
from contextlib import contextmanager

from ..api import Plan
from ..base.redact import Redactor
from ..run.dry import Ask, Dry, dry
from .holding import telling
from .messages import show
from .opening import err, out
from .show_trace import causes, labels_of
from .terminal import Out, printable


def foretell(plan: Plan, path: str, args: argparse.Namespace, outside: Set[int]) -> int:
    """Tell it; the exit code. A store that cannot be read is as for a run."""
    return telling(args, path, lambda: _foretell(plan, path, args, outside))


def _foretell(plan: Plan, path: str, args: argparse.Namespace, outside: Set[int]) -> int:
    from ..run.begin import dropped
    from ..run.handed import Connections
    from ..run.prepare import Preparing
    from ..run.reported import reported
    from ..run.runs import now
    from ..run.state import State

    with State.open(path, write=False) as state:
        before = now(state)
        debts, gone = dropped(plan.program, before.debts)
        connections = Connections(plan.program, plan.inner, reported(state))
        prepare = Preparing(plan.program, plan.inner, connections, 0)
        with _asking(plan, args) as ask:
            found = dry(plan.inner, prepare, state, debts=debts, dirty=before.dirty, outside=outside, ask=ask)
    show(gone, err(args))
    _tell(plan, found, out(args), args.ask_engines)
    return 0


@contextmanager
def _asking(plan: Plan, args: argparse.Namespace) -> Iterator[Ask]:
    """What is to ask engines."""
    if not args.ask_engines:
        yield lambda _: None
        return
    from ..run.rehearsal import Engines
    from .going import secrets

    with Engines(Redactor(secrets(plan))) as engines:
        yield engines.ask


def _tell(plan: Plan, found: Dry, shown: Out, asked: bool) -> None:
    labels = labels_of(plan)
    numbers = {step.id: n for n, step in enumerate(plan.steps)}
    ran = [line for line in found.trace.steps if line.outcome not in ("idle", "skipped")]
    wide = min(max((len(labels[line.id]) for line in ran), default=0), 34)
    done = "engines were asked, nothing else was started" if asked else "nothing was started"
    shown.line(("Dry run", "strong"), f" of {printable(plan.inner.path)}: {done}")
    shown.line()
    for line in ran:
        step = found.steps[numbers[line.id]]
        word = line.outcome if step.certain else "would run"
        cause = causes(labels, line.because, shown.columns - wide - 20)
        style = line.outcome if step.certain else "dim"
        shown.line(
            f" {shown.sign(line.outcome)} {labels[line.id]:<{wide}}  ", (f"{word:<9}", style), f"  {cause}"
        )
        if step.text:
            shown.line("     ", (printable(step.text.removeprefix("would run: ")), "dim"))
        for text in step.shown.splitlines():
            style = "ok" if text.startswith("+") else "failed" if text.startswith("-") else "dim"
            shown.line("   ", ("│ ", "dim"), (printable(text), style))
    others = len(found.trace.steps) - len(ran)
    if others:
        shown.line()
        shown.line(f"{others} more would stay idle or be skipped")
