"""`evdsl new`: a program to begin with, or the scripts that a program of rules alone is to be filled with."""

from __future__ import annotations

import argparse
import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from ..base.diagnostic import Diagnostic
from .messages import show
from .opening import REFUSED, err, opened, out, usage
from .terminal import Out, printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..api import Program
    from ..plan.about import Told

_DEMO = Path(__file__).parent / "demo"
_FILES = {
    "site.events": "three resources and two rules",
    "app.conf": "what config.run puts into service",
    "actions/app/reload": "what app.reload does",
}
_NEXT = (
    ("evdsl plan", "what can run, and why"),
    ("evdsl run", "do it; once more, and there is nothing to do"),
    ("evdsl graph --open", "the picture"),
)


def main(args: argparse.Namespace) -> int:
    """Write the files; 0, or 2 where one of them would take the place of another. Nothing is asked."""
    if (args.folder is None) == (args.source is None):
        usage(
            args, "`evdsl new` takes a folder, or `--from FILE`", "a program to begin with: `evdsl new demo`"
        )
        return REFUSED
    try:
        return _demo(args) if args.source is None else _stubs(args)
    except OSError as problem:
        where = printable(str(problem.filename or args.folder or args.source))
        hint = "check the folder and its permissions"
        show([Diagnostic("EV704", f"`{where}` cannot be written: {problem.strerror}", None, hint)], err(args))
        return REFUSED


def _demo(args: argparse.Namespace) -> int:
    folder = Path(args.folder)
    there = [name for name in _FILES if os.path.lexists(folder / name)]
    there += [str(path.name) for path in folder.glob("*.events") if path.name not in there]
    if there:
        usage(args, f"`{args.folder}` has `{there[0]}` already", "name a folder that is not there yet")
        return REFUSED
    shown = out(args)
    widest = max(map(len, _FILES))
    for name, about in _FILES.items():
        _write(folder / name, (_DEMO / name).read_text(encoding="utf-8"), name.startswith("actions/"))
        shown.line(f"wrote {printable(str(folder / name))}", " " * (widest - len(name) + 2), (about, "dim"))
    steps = list(_NEXT)
    if os.path.abspath(folder) != os.getcwd():
        steps.insert(0, (f"cd {shlex.quote(args.folder)}", ""))
    _next(steps, shown)
    return 0


def _stubs(args: argparse.Namespace) -> int:
    args.file = args.source
    program = opened(args)
    if program is None:
        return REFUSED
    shown = out(args)
    written = 0
    for name, path, text in _missing(program):
        try:
            _write(path, text, True)
        except FileExistsError:
            shown.line(f"kept {_shown(path)}", ("  is it executable? `chmod +x` makes it so", "dim"))
            continue
        written += 1
        shown.line(f"wrote {_shown(path)}", (f"  for {name}", "dim"))
    if not written:
        err(args).line("Nothing was written: no other action is without a driver and a script.")
        return 0
    file = shlex.quote(args.source)
    steps = [
        (f"evdsl simulate {file}", "what would happen"),
        (f"evdsl run {file}", "each script says `ok` and sets nothing off, until you fill it in"),
    ]
    _next(steps, shown)
    return 0


def _shown(path: Path) -> str:
    """A path as somebody in this folder would type it."""
    return printable(os.path.relpath(path))


def _missing(program: Program) -> Iterator[tuple[str, Path, str]]:
    """Every action that is found nowhere: its name, where its script is looked for, and a script that does nothing."""
    from ..plan.about import about

    inner = program.inner
    assert inner is not None
    units = sorted(inner.units, key=lambda unit: -len(unit.prefix))
    for action in inner.actions:
        if action.driver:
            continue
        unit = next(u for u in units if action.resource.startswith(u.prefix))
        facts = about(inner, None, action.name)
        if unit.folder is None or facts is None:
            continue
        path = Path(unit.folder, "actions", action.resource.removeprefix(unit.prefix), action.action)
        yield action.name, path, _script(action.name, facts.into, facts.out)


def _script(name: str, into: list[Told], out: list[Told]) -> str:
    lines = ["#!/bin/sh", f"# {name}: say here what is to be done."]
    for title, rules in (("Set off by:", into), ("Sets off:", out)):
        if rules:
            lines += ["#", f"# {title}", *(f"#   {rule.text}" for rule in rules)]
    lines += [
        "#",
        "# The exit code says how it went: 0 is changed, another one failed. Where there was nothing to do,",
        "# the event file says so, as below: no rule on `changed` follows then.",
        "set -eu",
        "",
        'echo ok >"$EVDSL_EVENT"',
    ]
    return "\n".join(lines) + "\n"


def _write(path: Path, text: str, executable: bool) -> None:
    """A new file, by whatever folders it takes. Raises FileExistsError where there is something of that name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    mode = 0o777 if executable else 0o666
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8") as file:
        file.write(text)


def _next(steps: list[tuple[str, str]], shown: Out) -> None:
    widest = max(len(command) for command, _ in steps)
    shown.line()
    shown.line(("Next:", "strong"))
    for command, about in steps:
        shown.line(f"  {printable(command):<{widest}}  ", (about, "dim"))
