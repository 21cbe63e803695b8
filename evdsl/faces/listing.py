"""`evdsl list`: what there is to start, with its doc comments."""

from __future__ import annotations

import argparse

from ..meaning.program import Program
from .opening import REFUSED, opened, out
from .terminal import Out, Part, printable


def main(args: argparse.Namespace) -> int:
    program = opened(args)
    if program is None or program.inner is None:
        return REFUSED
    shown = out(args)
    inner = program.inner
    if inner.resources:
        for resource in inner.resources.values():
            place = f" @{resource.host}" if resource.host else ""
            sink = ("  sink", "dim") if resource.sink else ""
            shown.line((resource.name, "strong"), place, *_behind(resource.doc), sink)
            for name in resource.actions:
                _action(inner, f"{resource.name}.{name}", shown)
    else:
        for action in inner.actions:
            _action(inner, action.name, shown)
    return 0


def _action(program: Program, name: str, shown: Out) -> None:
    action = next(a for a in program.actions if a.name == name)
    how: Part = (action.driver, "dim") if action.driver else ("found nowhere", "warning")
    lead = f"  {action.action}" if program.resources else name
    shown.line(f"{lead:<24} ", how, *_behind(action.doc))


def _behind(doc: str) -> list[Part]:
    return [("  " + printable(doc.split("\n")[0]), "dim")] if doc else []
