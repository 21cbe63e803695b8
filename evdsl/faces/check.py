"""`evdsl check`: everything that is wrong, or worth a second look, or worth knowing."""

from __future__ import annotations

import argparse

from ..base.diagnostic import in_order
from ..version import __version__
from .messages import as_json, counts, github, sarif, show, summary
from .opening import REFUSED, loaded, out

_USAGE = ("EV001", "EV213", "EV601")
"""Without a place in the program they are about the command line: a file, a `--set`, a `--start` that does not exist."""


def main(args: argparse.Namespace) -> int:
    program = loaded(args)
    if program is None:
        return REFUSED
    found = list(program.diagnostics)
    if program.stands:
        found = in_order([*found, *program.try_plan(args.action, args.start)[1]])
    count = counts(found)
    failed = count["error"] > 0 or (args.strict and count["warning"] > 0)
    shown = out(args)
    if args.format == "json":
        shown.document(as_json(found, program.files))
    elif args.format == "github":
        shown.raw(github(found))
    elif args.format == "sarif":
        shown.document(sarif(found, __version__))
    else:
        show(found, shown)
        if found:
            shown.line()
        shown.line((summary(found, program.files), "error" if failed else "ok"))
    if any(d.code in _USAGE and d.span is None for d in found):
        return REFUSED
    return 1 if failed else 0
