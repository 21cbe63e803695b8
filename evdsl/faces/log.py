"""`evdsl log REF`: what an action wrote when it was run, in the last run or in a given one."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

from .holding import telling
from .opening import REFUSED, kept_file, out, usage
from .terminal import Out, printable

if TYPE_CHECKING:
    from ..run.runs import Entry, Run
    from ..run.state import State


def main(args: argparse.Namespace) -> int:
    """`args.ref`: an action or one instance; `args.run`: the number of a run, None for the last one that has it."""
    path = kept_file(args)
    return REFUSED if path is None else telling(args, path, lambda: _main(path, args))


def _main(path: str, args: argparse.Namespace) -> int:
    from ..run.logs import folder, path_of
    from ..run.state import State

    with State.open(path, write=False) as state:
        found = chosen_run(path, state, args.ref, args)
        if found is None:
            return REFUSED
        run, entries = found
        shown = out(args)
        for entry in entries:
            _show(run, entry, path_of(folder(state.path), run.number, entry.id), shown)
    return 0


def chosen_run(path: str, state: State, ref: str, args: argparse.Namespace) -> tuple[Run, list[Entry]] | None:
    """The run that is meant and what became of a reference in it; None, told, if there is none.

    It is run `args.run`; else the last one in which it ran; else the last one that knows it.
    """
    from ..run.runs import runs

    found = runs(state)
    if not found:
        usage(args, f"no run of `{path}` is kept", f"`evdsl run {path}` makes one")
        return None
    if args.run is not None:
        kept = ", ".join(str(run.number) for run in found)
        found = [run for run in found if run.number == args.run]
        if not found:
            usage(args, f"run {args.run} of `{path}` is not kept", f"kept are {kept}")
            return None
    known = None
    for run in reversed(found):
        entries = [entry for entry in run.entries if ref in (entry.id, entry.action, _resource(entry))]
        if any(entry.began is not None for entry in entries):
            return run, entries
        if entries and known is None:
            known = run, entries
    if known is None:
        _unknown(args, ref, found)
    return known


def _resource(entry: Entry) -> str:
    """The resource whose `run` this is: a reference to it alone means that."""
    resource, _, action = entry.action.rpartition(".")
    return resource if action == "run" else entry.action


def _unknown(args: argparse.Namespace, ref: str, found: list[Run]) -> None:
    from ..base.spell import nearest

    names = {name for run in found for entry in run.entries for name in (entry.id, entry.action)}
    near = nearest(ref, names)
    where = f"run {found[0].number}" if len(found) == 1 else f"runs {found[0].number} to {found[-1].number}"
    hint = f"did you mean `{near}`?" if near else "`evdsl status` lists what was run"
    usage(args, f"`{ref}` is not in {where}", hint)


def _show(run: Run, entry: Entry, log: str, shown: Out) -> None:
    ran = f"{entry.seconds:.1f}s" if entry.tries else ""
    tries = f"{entry.tries} tries" if entry.tries > 1 else ""
    behind = ", ".join(printable(part) for part in (entry.reason, tries, ran) if part)
    shown.line(
        (f"{shown.sign(entry.state)} {printable(entry.id)}  {entry.state}", entry.state),
        f"  {behind}" if behind else "",
        (f"  run {run.number}, {local_time(run.began)}", "dim"),
    )
    if os.path.exists(log):
        shown.line((printable(os.path.relpath(log)), "dim"))
        try:
            with open(log, encoding="utf-8", errors="backslashreplace") as file:
                for line in file:
                    shown.line(printable(line.rstrip("\n")))
        except OSError as problem:
            shown.line((f"it cannot be read: {problem.strerror}", "error"))
    elif entry.began is not None:
        shown.line(("it wrote nothing", "dim"))


def local_time(at: float) -> str:
    """Seconds since 1970 on the clock of this place."""
    from time import localtime, strftime

    return strftime("%Y-%m-%d %H:%M:%S", localtime(at))


def iso_time(at: float) -> str:
    """Seconds since 1970 as ISO 8601, in UTC."""
    from time import gmtime, strftime

    return strftime("%Y-%m-%dT%H:%M:%S+00:00", gmtime(at))
