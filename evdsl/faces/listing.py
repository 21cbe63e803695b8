"""`evdsl list`: what there is to start, with its doc comments."""

from __future__ import annotations

import argparse

from ..meaning.program import Action
from .opening import REFUSED, opened, out
from .terminal import Out, Part, printable


def main(args: argparse.Namespace) -> int:
    program = opened(args)
    if program is None or program.inner is None:
        return REFUSED
    shown = out(args)
    inner = program.inner
    if inner.resources:
        actions = {action.name: action for action in inner.actions}
        for resource in inner.resources.values():
            place = f" @{resource.host}" if resource.host else ""
            sink = ("  sink", "dim") if resource.sink else ""
            shown.line((resource.name, "strong"), place, *_behind(resource.doc), sink)
            for name in resource.actions:
                _action(actions[f"{resource.name}.{name}"], f"  {name}", shown)
    else:
        for action in inner.actions:
            _action(action, action.name, shown)
    return 0


def _action(action: Action, lead: str, shown: Out) -> None:
    how: Part = (action.driver, "dim") if action.driver else ("found nowhere", "warning")
    shown.line(f"{lead:<24} ", how, *_behind(action.doc))


def _behind(doc: str) -> list[Part]:
    return [("  " + printable(doc.split("\n")[0]), "dim")] if doc else []
