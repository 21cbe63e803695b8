"""`evdsl report`: a run as one page: what became of each action, when, why, and what it wrote."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

from ..base.events import FAILURE
from .browser import show_file
from .graph import written
from .holding import telling
from .log import local_time
from .opening import REFUSED, err, kept_file, usage
from .status import state_of
from .terminal import as_shown, printable

if TYPE_CHECKING:
    from ..draw.network import About
    from ..draw.report import Log, Told
    from ..run.runs import Run
    from ..run.state import State

_TAIL = {True: 16_384, False: 2_048}
"""So many bytes of a log are shown, of one that failed and of others."""


def main(args: argparse.Namespace) -> int:
    """`args.run`: the number of a run, None for the last; `args.output`: where the page goes; `args.open`."""
    path = kept_file(args)
    return REFUSED if path is None else telling(args, path, lambda: _main(path, args))


def _main(path: str, args: argparse.Namespace) -> int:
    from ..draw.report import report
    from ..run.state import State
    from ..run.why import Why

    with State.open(path, write=False) as state:
        run = _chosen(path, state, args)
        if run is None:
            return REFUSED
        why = Why(run)
        failed = {entry.id for entry in why.entries.values() if entry.state in FAILURE}
        page = report(why, _about(path), _told(state, run), lambda id_: _log(state, run, id_, id_ in failed))
    if not written(args, args.output, lambda file: file.raw(page)):
        return REFUSED
    if args.open:
        return show_file(args, args.output)
    err(args).line(f"wrote {printable(args.output)} (run {run.number})")
    return 0


def _chosen(path: str, state: State, args: argparse.Namespace) -> Run | None:
    """The run that is meant; None, told, if there is none."""
    from ..run.runs import runs

    found = runs(state)
    if not found:
        usage(args, f"no run of `{path}` is kept", f"`evdsl run {path}` makes one")
        return None
    chosen = [run for run in found if run.number == args.run] if args.run is not None else found[-1:]
    if not chosen:
        kept = ", ".join(str(run.number) for run in found)
        usage(args, f"run {args.run} of `{path}` is not kept", f"kept are {kept}")
        return None
    return chosen[0]


def _about(path: str) -> dict[str, About]:
    """Hosts, drivers and doc comments as the file has them now; nothing where it cannot be read any more."""
    from ..api import load_file
    from ..draw.network import told

    inner = load_file(path, {}, os.environ).inner
    return told(inner) if inner is not None else {}


def _told(state: State, run: Run) -> Told:
    from ..draw.report import Told
    from ..run.runs import last_run, now

    last = last_run(state)
    debts = [debt.text for debt in now(state).debts] if last is not None and last.number == run.number else []
    return Told(state_of(run), local_time(run.began), debts)


def _log(state: State, run: Run, id_: str, failed: bool) -> Log | None:
    """The end of what a step wrote."""
    from ..draw.report import Log
    from ..run.logs import folder, path_of

    path = path_of(folder(state.path), run.number, id_)
    try:
        with open(path, "rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(size - _TAIL[failed], 0))
            content = file.read()
    except OSError:
        return None
    cut = size > len(content)
    lines = content.decode("utf-8", "backslashreplace").splitlines()
    text = "\n".join(as_shown(line) for line in lines[1 if cut and len(lines) > 1 else 0 :])
    return Log(text, cut, os.path.relpath(path))
