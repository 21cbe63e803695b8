"""What is asked once, before anything starts: the option `confirm`, and `on_cut = ask` (sections 2 and 7 of docs/language.md)."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence, Set

from ..api import Plan
from ..base.diagnostic import Diagnostic
from .messages import show
from .opening import err
from .terminal import printable


def confirmed(plan: Plan, args: argparse.Namespace, outside: Set[int]) -> bool:
    """Whether all that wants to be confirmed is; told where it is not. Off a terminal nobody can be asked.

    `outside`: the steps that `--limit` leaves out. They are not run, so nothing is asked for them.
    """
    from ..run.confirm import questions, unanswered

    inside = {step.name for number, step in enumerate(plan.inner.steps) if number not in outside}
    asked = [question for question in questions(plan.program, plan.inner) if question.action in inside]
    if not asked:
        return True
    shown = err(args)
    if not _can_ask(args):
        show(unanswered(asked), shown)
        return False
    for question in asked:
        shown.line((question.action, "strong"), ": " + printable(question.text))
    shown.stream.write("Go on? [y/N] ")
    shown.stream.flush()
    answer = sys.stdin.readline().strip().lower()
    if answer in ("y", "yes"):
        return True
    shown.line("Nothing was started.")
    return False


def asked_done(actions: Sequence[str], args: argparse.Namespace) -> set[str] | None:
    """Of actions that were cut and have `on_cut = ask`, those that are done; the others run again, with `--yes` all of
    them. None, told, where nobody can be asked."""
    if not actions or args.yes:
        return set()
    shown = err(args)
    if not _can_ask(args):
        hint = "run it on a terminal, or with `--yes` to run it again"
        show(
            [Diagnostic("EV618", f"`{a}` was cut off, and has `on_cut = ask`", None, hint) for a in actions],
            shown,
        )
        return None
    done: set[str] = set()
    for action in actions:
        shown.line((action, "strong"), ": it was cut off, and nobody knows how far it came.")
        shown.stream.write("Run it again (r), or is it done (d)? [R/d] ")
        shown.stream.flush()
        if sys.stdin.readline().strip().lower() in ("d", "done"):
            done.add(action)
    return done


def _can_ask(args: argparse.Namespace) -> bool:
    return sys.stdin.isatty() and err(args).stream.isatty()
