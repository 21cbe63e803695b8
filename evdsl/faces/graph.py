"""`evdsl graph`: the plan as a picture, for people and for other programs."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable

from ..api import Plan
from ..base.diagnostic import Diagnostic
from .browser import place, show_file
from .messages import show
from .opening import REFUSED, err, opened, out, planned, usage
from .terminal import Out

ENDINGS = {
    ".txt": "text",
    ".dot": "dot",
    ".gv": "dot",
    ".graphml": "graphml",
    ".json": "json",
    ".svg": "svg",
    ".html": "html",
    ".htm": "html",
    ".mmd": "mermaid",
    ".mermaid": "mermaid",
}
"""What the ending of OUT says where no format is named."""
COLLAPSED = ("svg", "html", "mermaid")
"""The formats in which a large plan is collapsed."""
SHOWN = ("svg", "html")
"""The formats that a browser shows."""


def main(args: argparse.Namespace) -> int:
    """Draw the plan on standard output or into a file. 0, or 2 where there is nothing to draw or nowhere to."""
    kind = chosen_format(args)
    program = opened(args) if kind else None
    found = planned(args, program) if program else None
    plan = _selected(args, found[0]) if found else None
    if kind is None or plan is None:
        return REFUSED
    if kind == "text":
        return _text(args, plan)
    picture = drawn(plan, kind, args.collapse or "auto")
    if kind == "mermaid" and _too_large(args, picture):
        return REFUSED
    path = args.output
    if path is None and not args.open:
        out(args).raw(picture)
        return 0
    path = path or place("graph", "." + kind)
    if not written(args, path, lambda file: file.raw(picture)):
        return REFUSED
    return show_file(args, path) if args.open else 0


def chosen_format(args: argparse.Namespace) -> str | None:
    """The format that `--format` names or OUT ends with; else `html` to be opened, `text` otherwise.

    None, told, for another ending or for options that do not fit it.
    """
    kind: str | None = args.format
    if kind is None and args.output is None:
        kind = "html" if args.open else "text"
    elif kind is None:
        ending = os.path.splitext(args.output)[1].lower()
        kind = ENDINGS.get(ending)
        if kind is None:
            known = ", ".join(ENDINGS)
            usage(args, f"the ending of `{args.output}` names no format", f"use {known}, or --format")
            return None
    if args.open and kind not in SHOWN:
        usage(args, f"`--open` shows no {kind}", "use it with svg or html")
        return None
    if args.collapse and kind not in COLLAPSED:
        usage(args, f"{kind} is never collapsed", "--collapse is for svg, html and mermaid")
        return None
    return kind


def drawn(plan: Plan, kind: str, collapse: str = "auto") -> str:
    """A plan in a format that is written as it is: all but `text`."""
    if kind == "dot":
        from ..draw.dot import dot

        return dot(plan.inner)
    if kind in ("graphml", "json"):
        from ..draw.export import graphml, node_link

        return graphml(plan.inner) if kind == "graphml" else node_link(plan.inner)
    from ..draw.network import network, told

    shown = network(plan.inner, told(plan.program))
    if kind == "mermaid":
        from ..draw.mermaid import mermaid

        return mermaid(shown, collapse)
    if kind == "svg":
        from ..draw.svg import svg

        return svg(shown, collapse)
    from ..draw.page import page

    return page(shown, collapse)


def _selected(args: argparse.Namespace, plan: Plan) -> Plan | None:
    """The part of the plan that `--select` names; None, told, where one names nothing."""
    if not args.select:
        return plan
    from ..draw.select import part, selected

    steps: set[int] = set()
    for selector in args.select:
        found = selected(plan.inner, plan.program, selector)
        if not found:
            show([_nothing(plan, selector)], err(args))
            return None
        steps.update(found)
    return Plan(part(plan.inner, steps), plan.program)


def _nothing(plan: Plan, selector: str) -> Diagnostic:
    core = selector.strip("+").partition("+")[0]
    if core in plan.dormant:
        hint = f"`{core}` is dormant: nothing in this plan sets it off"
        return Diagnostic("EV601", f"`--select {selector}` names no step of the plan", None, hint)
    from ..base.spell import nearest

    names = [name for step in plan.steps for name in (step.name, step.resource)]
    near = nearest(core, list(dict.fromkeys(names)))
    said = f"; did you mean `{near}`?" if near else ""
    hint = "write NAME, a pattern such as `rmq.*`, or @HOST, with `+` for what leads to it or follows"
    return Diagnostic("EV601", f"`--select {selector}` names no step of the plan{said}", None, hint)


def _too_large(args: argparse.Namespace, picture: str) -> bool:
    """Whether Mermaid would refuse a picture, which is told."""
    from ..draw.mermaid import too_large

    said = too_large(picture)
    if said:
        usage(args, f"the picture has {said}", "draw less with --select or --collapse")
    return bool(said)


def written(args: argparse.Namespace, path: str, write: Callable[[Out], None]) -> bool:
    """Write a file; False, told, where that cannot be done."""
    try:
        # a path may hold what is not UTF-8, and the picture tells it
        with open(path, "w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
            write(Out(file, "never", args.ascii))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        usage(args, f"`{path}` cannot be written: {reason}", "check the path and its permissions")
        return False
    return True


def _text(args: argparse.Namespace, plan: Plan) -> int:
    if args.output is None:
        _lines(plan, out(args))
        return 0
    return 0 if written(args, args.output, lambda file: _lines(plan, file)) else REFUSED


def _lines(plan: Plan, shown: Out) -> None:
    from ..draw.text import text

    for line in text(plan.inner):
        shown.line(*line)
