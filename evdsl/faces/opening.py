"""From the command line to a program and its plan: which file, which values, what is told when it does not stand."""

from __future__ import annotations

import argparse
import os
import sys

from ..api import Plan, Program, load_file
from ..base.diagnostic import Diagnostic, has_errors
from ..base.reading import read
from ..base.redact import Redactor
from ..meaning.program import Program as Compiled
from .messages import show, summary
from .stream import hide
from .terminal import Out

REFUSED = 2
"""The exit code for wrong usage, and for a program that does not stand."""


def out(args: argparse.Namespace) -> Out:
    """Standard output, as the command line wants it."""
    return Out(sys.stdout, args.color, args.ascii)


def err(args: argparse.Namespace) -> Out:
    """Standard error, for diagnostics and progress."""
    return Out(sys.stderr, args.color, args.ascii)


def usage(args: argparse.Namespace, message: str, hint: str) -> None:
    """Tell of wrong usage."""
    show([Diagnostic("EV600", message, None, hint)], err(args))


def chosen_file(args: argparse.Namespace) -> str | None:
    """The file that is meant; None, told, if there is not exactly one."""
    if args.file is not None:
        return str(args.file)
    here = sorted(name for name in os.listdir() if name.endswith(".events"))
    if len(here) == 1:
        return here[0]
    if not here:
        usage(args, "there is no .events file here", f"name one: `evdsl {args.command} FILE`")
    else:
        usage(args, f"there are {len(here)} .events files here", f"name one of {', '.join(here)}")
    return None


def kept_file(args: argparse.Namespace) -> str | None:
    """The file whose runs are meant, as `chosen_file`; it may be gone since. None, told, also if there never was one."""
    path = chosen_file(args)
    if path is not None and not os.path.isfile(path) and not _has_runs(path):
        usage(args, f"`{path}` is no file here", "runs are kept beside their .events file")
        return None
    return path


def _has_runs(path: str) -> bool:
    """Whether there is a state of this file (run/state.py says where)."""
    folder, name = os.path.split(os.path.abspath(path))
    return os.path.isfile(os.path.join(folder, ".evdsl", name + ".sqlite"))


def settings(args: argparse.Namespace) -> dict[str, str] | None:
    """The values of `--set` and `--set-file`; `--set` wins. None, told, if one is badly written."""
    found: dict[str, str] = {}
    for option, given in (("--set-file", args.set_file), ("--set", args.set)):
        for text in given:
            name, equals, value = text.partition("=")
            if not equals or not name:
                usage(args, f"`{option} {text}` has no value", f"write `{option} name=…`")
                return None
            if option == "--set-file":
                source, wrong = read(value)
                if source is None:
                    usage(args, f"`{option} {text}`: {wrong[0].message}", "name a text file in UTF-8")
                    return None
                value = source.text.removesuffix("\n")
            found[name] = value
    return found


def opened(args: argparse.Namespace) -> Program | None:
    """The program; None, with what is wrong told, if it does not stand."""
    program = loaded(args)
    if program is None:
        return None
    if not program.stands:
        errors = [d for d in program.diagnostics if d.severity == "error"]
        show(errors, err(args))
        err(args).line(summary(errors, program.files))
        return None
    return program


def loaded(args: argparse.Namespace) -> Program | None:
    """The program, whether it stands or not; None, told, for wrong usage."""
    path, values = chosen_file(args), settings(args)
    if path is None or values is None:
        return None
    program = load_file(path if path == "-" else os.path.normpath(path), values, os.environ)
    hide(redactor(program.inner))
    return program


def redactor(*programs: Compiled | None) -> Redactor:
    """What hides the values of all secrets of programs, which nothing may show or keep."""
    units = [unit for program in programs if program is not None for unit in program.units]
    return Redactor(value for unit in units for value in unit.secrets.values() if value)


def planned(args: argparse.Namespace, program: Program) -> tuple[Plan, list[Diagnostic]] | None:
    """The plan and what is to be said of it; None, told, if there is none."""
    plan, found = program.try_plan(args.action, args.start)
    if plan is None or has_errors(found):
        show([d for d in found if d.severity == "error"], err(args))
        return None
    return plan, found
