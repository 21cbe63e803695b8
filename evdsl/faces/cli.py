"""The command line: what it takes, and which room answers. Only argparse is imported before a command is known."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import NamedTuple, NoReturn

from ..version import __version__
from .stream import install, unwritten
from .terminal import printable

Main = Callable[[argparse.Namespace], int]

INTERRUPTED = 130
UNWRITTEN = 3
"""The exit code where standard output cannot be written: an infrastructure error."""


class _Parser(argparse.ArgumentParser):
    """argparse, with the word for an unknown command that was most likely meant, and names on both sides of options."""

    mixing = False

    def _check_value(self, action: argparse.Action, value: object) -> None:
        if action.choices is not None and value not in action.choices:
            from ..base.spell import nearest

            near = nearest(str(value), [str(c) for c in action.choices])
            known = ", ".join(str(c) for c in action.choices)
            said = f"; did you mean `{near}`?" if near else ""
            raise argparse.ArgumentError(action, f"`{value}` is not known{said} (one of {known})")

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """argparse takes names only where they stand together: `why REF --json FILE` needs a second look."""
        found, rest = super().parse_known_args(args, namespace)
        if not rest or self.mixing or self._subparsers is not None or any(w.startswith("-") for w in rest):
            return found, rest
        self.mixing = True
        try:
            return self.parse_known_intermixed_args(args)
        finally:
            self.mixing = False

    def error(self, message: str) -> NoReturn:
        """What was typed may hold anything; the terminal is not to be driven by it, and a secret not to be repeated."""
        from itertools import pairwise

        from ..base.redact import Redactor

        given = [word.partition("=")[2] for before, word in pairwise(sys.argv) if before == "--set"]
        super().error(printable(Redactor(given).text(message)))


class Command(NamedTuple):
    """A command: what help says of it, the module of this folder that answers, and how its arguments are added."""

    about: str
    room: str
    add: Callable[[argparse.ArgumentParser], None]


def parser(only: str | None = None) -> argparse.ArgumentParser:
    """The parser of the whole command line, or of one command alone, which takes half the time to make."""
    top = _Parser(
        prog="evdsl",
        description="Say what happens when something changed.",
        epilog="`evdsl COMMAND --help` tells more. Start with `evdsl check FILE`, then `plan`, `simulate`, `run`.",
    )
    top.add_argument("-V", "--version", action="version", version=f"evdsl {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, command in COMMANDS.items():
        if only in (None, name):
            command.add(commands.add_parser(name, help=command.about, description=command.about + "."))
    return top


def _look(p: argparse.ArgumentParser) -> None:
    group = p.add_argument_group("looks")
    group.add_argument("--color", choices=("auto", "always", "never"), default="auto")
    group.add_argument("--ascii", action="store_true", help="signs and arrows in ASCII")


def _source(p: argparse.ArgumentParser, source: bool = True) -> None:
    add = p.add_argument
    if source:
        add(
            "file", nargs="?", metavar="FILE", help="default: the only .events file here; `-`: standard input"
        )
    add("--set", action="append", default=[], metavar="NAME=VALUE", help="a param or secret; repeatable")
    add(
        "--set-file", action="append", default=[], metavar="NAME=PATH", help="the same, from a file's content"
    )
    _look(p)


def _planned(p: argparse.ArgumentParser, source: bool = True) -> None:
    _source(p, source)
    p.add_argument("--action", default="run", metavar="NAME", help="the entry action (default: run)")
    p.add_argument("--start", action="append", default=[], metavar="REF", help="start this alone; repeatable")


def _check(p: argparse.ArgumentParser) -> None:
    p.add_argument("files", nargs="*", metavar="FILE", help="programs; default: the only .events file here")
    _planned(p, source=False)
    p.add_argument("--strict", action="store_true", help="a warning counts as an error")
    p.add_argument("--format", choices=("text", "json", "github", "sarif"), default="text")
    p.add_argument(
        "--json", dest="format", action="store_const", const="json", help="the same as --format json"
    )


def _fmt(p: argparse.ArgumentParser) -> None:
    p.add_argument(
        "files", nargs="*", metavar="FILE", help="files to rewrite in place; `-` reads standard input"
    )
    p.add_argument("--check", action="store_true", help="change nothing; exit 1 if a file would change")
    p.add_argument("--diff", action="store_true", help="change nothing; show what would change")
    _look(p)


def _plan(p: argparse.ArgumentParser) -> None:
    _planned(p)
    p.add_argument("--json", action="store_true", help="one document for programs")
    p.add_argument(
        "-v", "--verbose", action="store_true", help="also doc comments, every rule and every order"
    )


def _simulate(p: argparse.ArgumentParser) -> None:
    _planned(p)
    add = p.add_argument
    add("--when", action="append", default=[], metavar="REF=OUTCOME", help="what an action says; repeatable")
    add("--outcomes", metavar="FILE", help='a JSON file: {"a.run#0": "ok", …}')
    _limit(p)
    add("--rest", default="changed", metavar="OUTCOME", help="what all others say (default: changed)")
    add("--json", action="store_true", help="one document for programs")
    add("-v", "--verbose", action="store_true", help="also what stays idle, and more on convergence")


def _graph(p: argparse.ArgumentParser) -> None:
    _planned(p)
    add = p.add_argument
    formats = ("text", "dot", "mermaid", "svg", "html", "graphml", "json")
    add("--format", choices=formats, help="default: by the ending of OUT, else text")
    add("-o", "--output", metavar="OUT", help="write to a file")
    add("--open", action="store_true", help="show it in the browser, as html unless svg is asked for")
    add(
        "--select",
        action="append",
        default=[],
        metavar="SEL",
        help="draw a part: NAME, `rmq.*`, @HOST, `+x` what leads to it, `x+` what follows; repeatable",
    )
    ways = ("auto", "never", "resource", "prefix", "host")
    add("--collapse", choices=ways, help="steps as groups (default: over 150 steps)")


def _run(p: argparse.ArgumentParser) -> None:
    _planned(p)
    add = p.add_argument
    _limit(p)
    add(
        "--dry-run", action="store_true", help="tell what would be done, with differences; nothing is started"
    )
    add(
        "--ask-engines",
        action="store_true",
        help="with --dry-run: start the dry runs of Ansible, Puppet, Salt",
    )
    _going(p)


def _limit(p: argparse.ArgumentParser) -> None:
    what = "run only this host or these actions; the rest is skipped, and owed if it was set off; repeatable"
    p.add_argument("--limit", action="append", default=[], metavar="REF", help=what)


def _resume(p: argparse.ArgumentParser) -> None:
    _source(p)
    add = p.add_argument
    add("--list", action="store_true", help="list the runs that can be resumed")
    add("--drop", action="store_true", help="give up the run; what it owes stays")
    add("--replan", action="store_true", help="go on by a changed plan, and keep what is unchanged in it")
    _going(p)


def _going(p: argparse.ArgumentParser) -> None:
    add = p.add_argument
    add("-j", "--jobs", type=_positive, metavar="N", help="actions at a time (default: the cores)")
    add("--fail-fast", action="store_true", help="start nothing more after a failure")
    add("--detailed-exitcode", action="store_true", help="exit 10 for success with changes")
    add(
        "--format",
        choices=("text", "jsonl"),
        default="text",
        help="jsonl: a record for every change of state",
    )
    add("--yes", action="store_true", help="do what actions with `confirm` ask about; run again what was cut")
    add(
        "--durability",
        choices=("normal", "full"),
        default="normal",
        help="full: the journal outlives a power cut too",
    )
    add("--shell-workers", action="store_true", help="keep shells running for `sh` actions, which is faster")
    add("--trace", metavar="OUT", help="write a line `ID OUTCOME` for each instance as it is settled")
    add("-q", "--quiet", action="store_true", help="failures and the summary only")
    add(
        "-v",
        "--verbose",
        action="count",
        default=0,
        help="also ok, idle and skipped, and why; -vv: also commands, and outputs while they come",
    )


def _compile(p: argparse.ArgumentParser) -> None:
    _planned(p)
    add = p.add_argument
    add("--to", required=True, metavar="TARGET", help="what to make: sh, ansible, or what a package adds")
    add("-o", "--output", metavar="OUT", help="where to (default for sh: standard output)")
    add(
        "--allow",
        action="append",
        default=[],
        metavar="WORD",
        help="accept what the target can do only in part; repeatable",
    )
    add("--check", action="store_true", help="write nothing; exit 1 if OUT is not what would be written")
    add("--force", action="store_true", help="overwrite what evdsl has not made")
    add("-q", "--quiet", action="store_true", help="without the fidelity report")


def _log(p: argparse.ArgumentParser) -> None:
    p.add_argument("ref", metavar="REF", help="an action, or one run of it: `ha.run#1`")
    p.add_argument("file", nargs="?", metavar="FILE", help="default: the only .events file here")
    p.add_argument(
        "--run", type=_positive, metavar="N", help="the number of the run (default: the last that has it)"
    )
    _look(p)


def _why(p: argparse.ArgumentParser) -> None:
    _log(p)
    p.add_argument("--json", action="store_true", help="one document for programs")
    p.add_argument("-v", "--verbose", action="store_true", help="all of a long chain of causes")


def _debts(p: argparse.ArgumentParser) -> None:
    p.add_argument("file", nargs="?", metavar="FILE", help="default: the only .events file here")
    what = "drop what is owed to an action, or one debt by its text; repeatable"
    p.add_argument("--drop", action="append", default=[], metavar="REF", help=what)
    p.add_argument("--json", action="store_true", help="one document for programs")
    _look(p)


def _status(p: argparse.ArgumentParser) -> None:
    p.add_argument("file", nargs="?", metavar="FILE", help="default: the only .events file here")
    p.add_argument("--json", action="store_true", help="one document for programs")
    _look(p)


def _report(p: argparse.ArgumentParser) -> None:
    add = p.add_argument
    add("file", nargs="?", metavar="FILE", help="default: the only .events file here")
    add("--run", type=_positive, metavar="N", help="the number of the run (default: the last)")
    add("-o", "--output", default="report.html", metavar="OUT", help="where to (default: report.html)")
    add("--open", action="store_true", help="show it in the browser")
    _look(p)


def _explain(p: argparse.ArgumentParser) -> None:
    p.add_argument("code", nargs="?", metavar="CODE", help="such as EV103; without it, all codes are listed")
    _look(p)


def _new(p: argparse.ArgumentParser) -> None:
    add = p.add_argument
    add("folder", nargs="?", metavar="FOLDER", help="where to put a program to begin with")
    what = "write a script under actions/ for each action of FILE that is found nowhere"
    add("--from", dest="source", metavar="FILE", help=what)
    add("--set", action="append", default=[], metavar="NAME=VALUE", help="a param or secret; repeatable")
    add(
        "--set-file", action="append", default=[], metavar="NAME=PATH", help="the same, from a file's content"
    )
    _look(p)


def _lsp(p: argparse.ArgumentParser) -> None:
    p.add_argument(
        "--stdio", action="store_true", help="over standard input and output, the only way there is"
    )
    _look(p)


def _completion(p: argparse.ArgumentParser) -> None:
    p.add_argument("shell", choices=("bash", "zsh", "fish"))
    _look(p)


COMMANDS: dict[str, Command] = {
    "new": Command("begin: write a small program, or scripts for one of rules alone", "new", _new),
    "check": Command("tell what is wrong with a program", "check", _check),
    "fmt": Command("print or rewrite files in their canonical form", "fmt", _fmt),
    "plan": Command("tell what can run, and why", "show_plan", _plan),
    "simulate": Command("tell what would happen; nothing is run", "show_trace", _simulate),
    "expand": Command("print the program as plain rules, orders and starts", "expand", _planned),
    "graph": Command("draw the plan", "graph", _graph),
    "list": Command("list resources and actions with their doc comments", "listing", _source),
    "run": Command("run the plan here", "live", _run),
    "resume": Command("go on with a run that was cut off or interrupted", "resume", _resume),
    "debts": Command("tell what is owed, or drop some of it", "debts", _debts),
    "compile": Command("make a script or a project that runs without evdsl", "compile", _compile),
    "log": Command("show what an action wrote when it was run", "log", _log),
    "why": Command("tell why an action ran, or why it did not", "why", _why),
    "history": Command("list the runs that are kept", "history", _status),
    "status": Command("tell how the last run went, and each action in it", "status", _status),
    "report": Command("write a run as a page: graph, timeline, causes, logs", "report", _report),
    "explain": Command("explain a diagnostic code", "explain", _explain),
    "lsp": Command("answer an editor: the language server", "lsp.start", _lsp),
    "completion": Command("print a completion script", "completion", _completion),
}


def _positive(text: str) -> int:
    number = int(text) if text.isdecimal() and len(text) < 6 else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"`{text}` is no number above 0")
    return number


def main(argv: Sequence[str]) -> int:
    """Run one command. Returns the exit code; a reader that went away ends it quietly."""
    install()
    gc.set_threshold(50_000, 20, 100)  # a program is kept whole: to look through it often finds nothing
    try:
        args = parser(argv[0] if argv and argv[0] in COMMANDS else None).parse_args(argv)
        room: Main = import_module(f".{COMMANDS[args.command].room}", __package__).main
        code = room(args)
        sys.stdout.flush()
        problem = unwritten()
        untold = _unwritten(problem) if problem is not None else 0
        return code or untold
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # the reader (`| head`) has enough
        _drop_output()
        return 0
    except OSError as error:
        if error.filename is not None:  # of a file that we should have looked at better
            raise
        _drop_output()
        return _unwritten(error)


def _unwritten(problem: OSError) -> int:
    print(f"error: the output cannot be written: {problem.strerror}", file=sys.stderr)
    return UNWRITTEN


def _drop_output() -> None:
    """Keep the interpreter from trying once more, and complaining, when it flushes at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
