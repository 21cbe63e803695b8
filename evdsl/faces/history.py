"""`evdsl history`: the runs that are kept, a line each."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ..base.events import SETTLED
from .columns import duration
from .holding import telling
from .log import iso_time, local_time
from .opening import REFUSED, kept_file, out
from .status import state_of
from .terminal import printable

if TYPE_CHECKING:
    from ..run.runs import Run

_STYLES = {"ok": "ok", "under way": "strong", "interrupted": "warning", "incomplete": "warning"}


def main(args: argparse.Namespace) -> int:
    """`args.json`: one document for programs."""
    path = kept_file(args)
    return REFUSED if path is None else telling(args, path, lambda: _main(path, args))


def _main(path: str, args: argparse.Namespace) -> int:
    from ..run.runs import runs
    from ..run.state import State

    with State.open(path, write=False) as state:
        found, shown = runs(state), out(args)
        if args.json:
            shown.document({"version": 1, "runs": [_document(run) for run in found]})
        elif not found:
            shown.line(f"No run of {printable(path)} is kept.")
        wide = len(str(found[-1].number)) if found else 0
        for run in found if not args.json else ():
            word = state_of(run)
            took = duration(run.seconds) if run.seconds is not None else ""
            counts = _counts(run)
            said = ", ".join(f"{n} {word}" for word, n in counts.items())
            shown.line(
                f"{run.number:>{wide}}  {local_time(run.began)}  ",
                (f"{word:<11}", _STYLES.get(word, "failed")),
                f"  {took:>6}  {said}",
            )
    return 0


def _counts(run: Run) -> dict[str, int]:
    """How many steps ended with what, those that were cut last."""
    states = [entry.state for entry in run.entries]
    return {word: states.count(word) for word in (*SETTLED, "cut") if word in states}


def _document(run: Run) -> dict[str, object]:
    return {
        "number": run.number,
        "state": state_of(run),
        "exit": run.exit,
        "began": iso_time(run.began),
        "seconds": run.seconds,
        "resumable": run.resumable,
        "steps": _counts(run),
        "debts": [debt.text for debt in run.debts],
    }
