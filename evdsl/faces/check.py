"""`evdsl check`: everything that is wrong, or worth a second look, or worth knowing."""

from __future__ import annotations

import argparse

from ..api import Program
from ..base.diagnostic import Diagnostic, in_order
from ..version import __version__
from .messages import as_json, counts, github, sarif, show, summary
from .opening import REFUSED, loaded, out, redactor
from .stream import hide

_USAGE = ("EV001", "EV213", "EV601")
"""Without a place in the program they are about the command line: a file, a `--set`, a `--start` that does not exist."""


def main(args: argparse.Namespace) -> int:
    programs: list[Program] = []
    found: list[Diagnostic] = []
    for file in args.files or [None]:
        args.file = file
        program = loaded(args)
        if program is None:
            return REFUSED
        programs.append(program)
        found += program.diagnostics
        if program.stands:
            found += program.try_plan(args.action, args.start)[1]
    hide(redactor(*(program.inner for program in programs)))
    found = once(found) if len(programs) > 1 else in_order(found)
    files = _files(programs)
    count = counts(found)
    failed = count["error"] > 0 or (args.strict and count["warning"] > 0)
    shown = out(args)
    if args.format == "json":
        shown.document(as_json(found, files))
    elif args.format == "github":
        shown.raw(github(found))
    elif args.format == "sarif":
        shown.document(sarif(found, __version__))
    else:
        show(found, shown)
        if found:
            shown.line()
        shown.line((summary(found, files), "error" if failed else "ok"))
    if any(d.code in _USAGE and d.span is None for d in found):
        return REFUSED
    return 1 if failed else 0


def _files(programs: list[Program]) -> int:
    if len(programs) == 1:
        return programs[0].files
    paths = [u.file.source.path for p in programs if p.inner is not None for u in p.inner.units]
    return len(set(paths)) + sum(p.inner is None for p in programs)


def once(found: list[Diagnostic]) -> list[Diagnostic]:
    """Each once: what several programs import is read for each of them."""
    unique = {
        (d.file, d.span.start if d.span else -1, d.span.end if d.span else -1, d.code, d.message): d
        for d in reversed(found)
    }
    return in_order(reversed(unique.values()))
