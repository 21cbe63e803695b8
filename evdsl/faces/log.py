"""`evdsl log REF`: what an action wrote when it was run, in the last run or in a given one."""

from __future__ import annotations

import argparse
import os

from ..run.history import Entry, Past, entries_of, past
from .opening import REFUSED, chosen_file, out, usage
from .terminal import Out, printable


def main(args: argparse.Namespace) -> int:
    """`args.ref`: an action or one instance; `args.run`: the number of a run, None for the last one that has it."""
    path = chosen_file(args)
    if path is None:
        return REFUSED
    runs = past(path)
    if not runs:
        usage(args, f"no run of `{path}` is kept", f"`evdsl run {path}` makes one")
        return REFUSED
    number = getattr(args, "run", None)
    if number is not None:
        kept = ", ".join(str(run.number) for run in runs)
        runs = [run for run in runs if run.number == number]
        if not runs:
            usage(args, f"run {number} of `{path}` is not kept", f"kept are {kept}")
            return REFUSED
    found = _find(runs, args.ref)
    if found is None:
        _unknown(args, runs)
        return REFUSED
    run, entries = found
    shown = out(args)
    for entry in entries:
        _show(run, entry, shown)
    return 0


def _find(runs: list[Past], ref: str) -> tuple[Past, list[Entry]] | None:
    """The last run in which it ran; else the last one that knows it."""
    known = None
    for run in reversed(runs):
        entries = entries_of(run, ref)
        if any(entry.tries for entry in entries):
            return run, entries
        if entries and known is None:
            known = run, entries
    return known


def _unknown(args: argparse.Namespace, runs: list[Past]) -> None:
    from ..base.spell import nearest

    names = {name for run in runs for entry in run.entries() for name in (entry.id, entry.action)}
    near = nearest(args.ref, names)
    where = f"run {runs[0].number}" if len(runs) == 1 else f"runs {runs[0].number} to {runs[-1].number}"
    hint = f"did you mean `{near}`?" if near else "`evdsl status` lists what was run"
    usage(args, f"`{args.ref}` is not in {where}", hint)


def _show(run: Past, entry: Entry, shown: Out) -> None:
    ran = f"{entry.seconds:.1f}s" if entry.tries else ""
    tries = f"{entry.tries} tries" if entry.tries > 1 else ""
    behind = ", ".join(printable(part) for part in (entry.reason, tries, ran) if part)
    shown.line(
        (f"{shown.sign(entry.state)} {printable(entry.id)}  {entry.state}", entry.state),
        f"  {behind}" if behind else "",
        (f"  run {run.number}, {local_time(run.began)}", "dim"),
    )
    if entry.log:
        shown.line((printable(os.path.relpath(entry.log)), "dim"))
        try:
            with open(entry.log, encoding="utf-8", errors="backslashreplace") as file:
                for line in file:
                    shown.line(printable(line.rstrip("\n")))
        except OSError as problem:
            shown.line((f"it cannot be read: {problem.strerror}", "error"))
    elif entry.tries:
        shown.line(("it wrote nothing", "dim"))


def local_time(text: str) -> str:
    """A time of the history on the clock of this place."""
    from datetime import datetime

    try:
        return datetime.fromisoformat(text).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    except ValueError:
        return "at an unknown time"
