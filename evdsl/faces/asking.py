"""The option `confirm`: asked once, before anything starts (sections 2 and 7 of docs/language.md)."""

from __future__ import annotations

import argparse
import sys

from ..api import Plan
from .messages import show
from .opening import err
from .terminal import printable


def confirmed(plan: Plan, args: argparse.Namespace) -> bool:
    """Whether all that wants to be confirmed is; told where it is not. Off a terminal nobody can be asked."""
    from ..run.confirm import questions, unanswered

    asked = questions(plan.program, plan.inner)
    if not asked:
        return True
    shown = err(args)
    if not (sys.stdin.isatty() and shown.stream.isatty()):
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
