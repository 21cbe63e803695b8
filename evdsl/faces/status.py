"""`evdsl status`: the last run, and how each action ended when it last ran."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..base.events import FAILURE
from ..run.logs import folder, path_of
from .holding import telling
from .log import iso_time, local_time
from .opening import REFUSED, kept_file, out
from .terminal import Out, printable

if TYPE_CHECKING:
    from ..run.runs import Entry, Last, Now, Run
    from ..run.state import State

_WORDS = {0: "ok", 10: "ok", 1: "failed", 3: "failed", 4: "incomplete", 130: "interrupted"}


def main(args: argparse.Namespace) -> int:
    """`args.json`, where there is one: one document for programs."""
    path = kept_file(args)
    return REFUSED if path is None else telling(args, path, lambda: _main(path, args))


def _main(path: str, args: argparse.Namespace) -> int:
    from ..run.runs import last_outcomes, now, runs
    from ..run.state import State

    with State.open(path, write=False) as state:
        found, shown = runs(state), out(args)
        last, left = last_outcomes(found), now(state)
        if getattr(args, "json", False):
            shown.document(_document(found, last, left, state))
        elif not found:
            shown.line(f"No run of {printable(path)} is kept.")
        else:
            _tell(found[-1], last, left, state, shown)
    return 0


def state_of(run: Run) -> str:
    """What a run came to: `ok`, `failed`, `incomplete`, `interrupted`, `under way`, or `cut` if it was killed."""
    if run.exit is not None:
        return _WORDS.get(run.exit, f"exit {run.exit}")
    from ..run.lock import alive

    return "under way" if not run.over and alive(run.pid) else "cut"


def _tell(run: Run, found: list[Last], left: Now, kept: State, shown: Out) -> None:
    state = state_of(run)
    style = {"ok": "ok", "under way": "strong", "interrupted": "warning", "incomplete": "warning"}
    took = f" in {run.seconds:.1f}s" if run.seconds is not None else ""
    shown.line((f"Run {run.number} {state}", style.get(state, "failed")), took, f", {local_time(run.began)}")
    wide = min(max((len(last.action) for last in found), default=0), 40)
    for last in found:
        reasons = [entry.reason for entry in last.entries if entry.reason and entry.state == last.state]
        old = f"run {last.run.number}" if last.run.number != run.number else ""
        behind = ", ".join(printable(part) for part in (*reasons[-1:], old) if part)
        shown.line(
            " ",
            (f"{shown.sign(last.state)} ", last.state),
            f"{printable(last.action):<{wide}}  ",
            (f"{last.state:<8}", last.state),
            (f"  {behind}" if behind else "", "dim"),
        )
    owed = len(left.debts)
    if owed:
        said = f"{owed} debt{'s' if owed > 1 else ''}: `evdsl debts` shows what is owed, `evdsl run` runs it."
        shown.line((said, "warning"))
    if run.resumable:
        shown.line(("`evdsl resume` goes on with it.", "dim"))
    failed = next(
        (last for last in found if last.state in FAILURE and _log(kept, last.run, last.entries)), None
    )
    if failed:
        shown.line(
            ("`evdsl log ", "dim"), (printable(failed.action), "dim"), ("` shows what it wrote.", "dim")
        )


def _log(kept: State, run: Run, entries: Sequence[Entry]) -> str:
    """The log of the last of these steps that has one."""
    paths = [path_of(folder(kept.path), run.number, entry.id) for entry in entries]
    return next((path for path in reversed(paths) if os.path.exists(path)), "")


def _document(runs: list[Run], found: list[Last], left: Now, kept: State) -> dict[str, object]:
    last = runs[-1] if runs else None
    about = last and {
        "number": last.number,
        "state": state_of(last),
        "exit": last.exit,
        "began": iso_time(last.began),
        "seconds": last.seconds,
    }
    actions = [
        {
            "action": one.action,
            "state": one.state,
            "run": one.run.number,
            "steps": [
                {
                    "id": entry.id,
                    "state": entry.state,
                    "seconds": entry.seconds,
                    "tries": entry.tries,
                    "reason": entry.reason,
                    "log": _log(kept, one.run, [entry]) or None,
                }
                for entry in one.entries
            ],
        }
        for one in found
    ]
    owed = [debt.text for debt in left.debts]
    return {"version": 1, "run": about, "actions": actions, "debts": owed}
