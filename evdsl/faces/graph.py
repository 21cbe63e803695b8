"""`evdsl graph`: the plan as a picture, for people and for other programs."""

from __future__ import annotations

import argparse
import os

from ..plan.plan import Plan
from .opening import REFUSED, opened, out, planned, usage
from .terminal import Out

ENDINGS = {".txt": "text", ".dot": "dot", ".gv": "dot", ".graphml": "graphml", ".json": "json"}
"""What the ending of OUT says where no format is named."""


def main(args: argparse.Namespace) -> int:
    """Draw the plan on standard output or into a file. 0, or 2 where there is nothing to draw or nowhere to."""
    kind = chosen_format(args)
    program = opened(args) if kind else None
    found = planned(args, program) if program else None
    if kind is None or found is None:
        return REFUSED
    plan = found[0].inner
    if args.output is None:
        shown = out(args)
        if kind == "text":
            _lines(plan, shown)
        else:
            shown.raw(drawn(plan, kind))
        return 0
    try:
        # a path may hold what is not UTF-8, and the picture tells it
        with open(args.output, "w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
            if kind == "text":
                _lines(plan, Out(file, "never", args.ascii))
            else:
                file.write(drawn(plan, kind))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        usage(args, f"`{args.output}` cannot be written: {reason}", "check the path and its permissions")
        return REFUSED
    return 0


def chosen_format(args: argparse.Namespace) -> str | None:
    """The format that `--format` names or OUT ends with; `text` without either. None, told, for another ending."""
    if args.format is not None or args.output is None:
        return args.format or "text"
    ending = os.path.splitext(args.output)[1].lower()
    if ending not in ENDINGS:
        usage(
            args, f"the ending of `{args.output}` names no format", f"use {', '.join(ENDINGS)}, or --format"
        )
        return None
    return ENDINGS[ending]


def drawn(plan: Plan, kind: str) -> str:
    """A plan in a format that is written as it is: `dot`, `graphml` or `json`."""
    if kind == "dot":
        from ..draw.dot import dot

        return dot(plan)
    from ..draw.export import graphml, node_link

    return graphml(plan) if kind == "graphml" else node_link(plan)


def _lines(plan: Plan, shown: Out) -> None:
    from ..draw.text import text

    for line in text(plan):
        shown.line(*line)
