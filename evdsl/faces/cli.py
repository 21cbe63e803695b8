"""The command line: what it takes, and which room answers. Only argparse is imported before a command is known."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module

from ..version import __version__

Main = Callable[[argparse.Namespace], int]

INTERRUPTED = 130


class _Parser(argparse.ArgumentParser):
    """argparse, with the word for an unknown command that was most likely meant."""

    def _check_value(self, action: argparse.Action, value: object) -> None:
        if action.choices is not None and value not in action.choices:
            from ..base.spell import nearest

            near = nearest(str(value), [str(c) for c in action.choices])
            known = ", ".join(str(c) for c in action.choices)
            said = f"; did you mean `{near}`?" if near else ""
            raise argparse.ArgumentError(action, f"`{value}` is not known{said} (one of {known})")


def parser() -> argparse.ArgumentParser:
    """The parser of the whole command line; the reference in docs/cli.md follows it."""
    top = _Parser(
        prog="evdsl",
        description="Say what happens when something changed.",
        epilog="`evdsl COMMAND --help` tells more. Start with `evdsl check FILE`, then `plan`, `simulate`, `run`.",
    )
    top.add_argument("-V", "--version", action="version", version=f"evdsl {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)

    def command(name: str, about: str, *parents: _Parser) -> _Parser:
        return commands.add_parser(name, help=about, description=about + ".", parents=parents)

    look, source, planned = _look(), _source(), _planned()
    c = command("check", "tell what is wrong with a program", look, source, planned)
    c.add_argument("--strict", action="store_true", help="a warning counts as an error")
    c.add_argument("--format", choices=("text", "json", "github", "sarif"), default="text")
    c.add_argument(
        "--json", dest="format", action="store_const", const="json", help="the same as --format json"
    )

    c = command("fmt", "print or rewrite files in their canonical form", look)
    c.add_argument(
        "files", nargs="*", metavar="FILE", help="files to rewrite in place; `-` reads standard input"
    )
    c.add_argument("--check", action="store_true", help="change nothing; exit 1 if a file would change")
    c.add_argument("--diff", action="store_true", help="change nothing; show what would change")

    c = command("plan", "tell what can run, and why", look, source, planned)
    c.add_argument("--json", action="store_true", help="one document for programs")
    c.add_argument(
        "-v", "--verbose", action="store_true", help="also doc comments, every rule and every order"
    )

    c = command("simulate", "tell what would happen; nothing is run", look, source, planned)
    c.add_argument(
        "--when", action="append", default=[], metavar="REF=OUTCOME", help="what an action says; repeatable"
    )
    c.add_argument("--outcomes", metavar="FILE", help='a JSON file: {"a.run#0": "ok", …}')
    c.add_argument(
        "--rest", default="changed", metavar="OUTCOME", help="what all others say (default: changed)"
    )
    c.add_argument("--json", action="store_true", help="one document for programs")
    c.add_argument(
        "-v", "--verbose", action="store_true", help="also what stays idle, and more on convergence"
    )

    c = command("expand", "print the program as plain rules, orders and starts", look, source, planned)

    c = command("graph", "draw the plan", look, source, planned)
    c.add_argument(
        "--format",
        choices=("text", "dot", "graphml", "json"),
        help="default: by the ending of OUT, else text",
    )
    c.add_argument("-o", "--output", metavar="OUT", help="write to a file")

    c = command("list", "list resources and actions with their doc comments", look, source)

    c = command("run", "run the plan here", look, source, planned)
    c.add_argument("-j", "--jobs", type=_positive, metavar="N", help="actions at a time (default: the cores)")
    c.add_argument("--fail-fast", action="store_true", help="start nothing more after a failure")
    c.add_argument("--detailed-exitcode", action="store_true", help="exit 10 for success with changes")
    c.add_argument(
        "--format",
        choices=("text", "jsonl"),
        default="text",
        help="jsonl: one record for every change of state",
    )
    c.add_argument(
        "--trace", metavar="OUT", help="write a line `ID OUTCOME` for each instance as it is settled"
    )
    c.add_argument("-q", "--quiet", action="store_true", help="failures and the summary only")
    c.add_argument("-v", "--verbose", action="store_true", help="also ok, idle, skipped, and all output")

    c = command("explain", "explain a diagnostic code", look)
    c.add_argument("code", nargs="?", metavar="CODE", help="such as EV103; without it, all codes are listed")

    c = command("completion", "print a completion script", look)
    c.add_argument("shell", choices=("bash", "zsh", "fish"))
    return top


def _look() -> _Parser:
    p = _Parser(add_help=False)
    group = p.add_argument_group("looks")
    group.add_argument("--color", choices=("auto", "always", "never"), default="auto")
    group.add_argument("--ascii", action="store_true", help="signs and arrows in ASCII")
    return p


def _source() -> _Parser:
    p = _Parser(add_help=False)
    p.add_argument(
        "file", nargs="?", metavar="FILE", help="default: the only .events file here; `-`: standard input"
    )
    p.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="a param or secret; repeatable"
    )
    p.add_argument(
        "--set-file", action="append", default=[], metavar="NAME=PATH", help="the same, from a file's content"
    )
    return p


def _planned() -> _Parser:
    p = _Parser(add_help=False)
    p.add_argument("--action", default="run", metavar="NAME", help="the entry action (default: run)")
    p.add_argument("--start", action="append", default=[], metavar="REF", help="start this alone; repeatable")
    return p


def _positive(text: str) -> int:
    number = int(text) if text.isdecimal() and len(text) < 6 else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"`{text}` is no number above 0")
    return number


def main(argv: Sequence[str]) -> int:
    """Run one command. Returns the exit code; a reader that went away ends it quietly."""
    from .terminal import streams

    streams()
    try:
        args = parser().parse_args(argv)
        room: Main = import_module(f".{_ROOMS[args.command]}", __package__).main
        code = room(args)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # the reader (`| head`) has enough; keep the interpreter from complaining when it flushes at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


_ROOMS = {
    "check": "check",
    "fmt": "fmt",
    "plan": "show_plan",
    "simulate": "show_trace",
    "expand": "expand",
    "graph": "graph",
    "list": "listing",
    "run": "live",
    "explain": "explain",
    "completion": "completion",
}
