"""`evdsl status`: the last run, and how each action ended when it last ran."""

from __future__ import annotations

import argparse

from ..base.events import FAILURE
from ..run.history import Last, Past, last_outcomes, past
from .log import local_time
from .opening import REFUSED, chosen_file, out
from .terminal import Out, printable

_WORDS = {0: "ok", 10: "ok", 1: "failed", 3: "failed", 4: "incomplete", 130: "interrupted"}


def main(args: argparse.Namespace) -> int:
    """`args.json`, where there is one: one document for programs."""
    path = chosen_file(args)
    if path is None:
        return REFUSED
    runs, shown = past(path), out(args)
    found = last_outcomes(runs)
    if getattr(args, "json", False):
        shown.document(_document(runs, found))
    elif not runs:
        shown.line(f"No run of {printable(path)} is kept.")
    else:
        _tell(runs[-1], found, shown)
    return 0


def state_of(run: Past) -> str:
    """What a run came to: `ok`, `failed`, `incomplete`, `interrupted`, `under way`, or `cut` if it was killed."""
    if run.exit is not None:
        return _WORDS.get(run.exit, f"exit {run.exit}")
    from ..run.lock import alive

    return "under way" if alive(run.pid) else "cut"


def _tell(run: Past, found: list[Last], shown: Out) -> None:
    state = state_of(run)
    style = {"ok": "ok", "under way": "strong", "interrupted": "warning", "incomplete": "warning"}
    took = f" in {run.seconds:.1f}s" if run.seconds is not None else ""
    shown.line((f"Run {run.number} {state}", style.get(state, "failed")), took, f", {local_time(run.began)}")
    wide = min(max((len(last.action) for last in found), default=0), 40)
    for last in found:
        reasons = [entry.reason for entry in last.entries if entry.reason]
        old = f"run {last.run.number}" if last.run.number != run.number else ""
        behind = ", ".join(printable(part) for part in (*reasons[-1:], old) if part)
        shown.line(
            " ",
            (f"{shown.sign(last.state)} ", last.state),
            f"{printable(last.action):<{wide}}  ",
            (f"{last.state:<8}", last.state),
            (f"  {behind}" if behind else "", "dim"),
        )
    failed = next(
        (last for last in found if last.state in FAILURE and any(e.log for e in last.entries)), None
    )
    if failed:
        shown.line(
            ("`evdsl log ", "dim"), (printable(failed.action), "dim"), ("` shows what it wrote.", "dim")
        )


def _document(runs: list[Past], found: list[Last]) -> dict[str, object]:
    last = runs[-1] if runs else None
    about = last and {
        "number": last.number,
        "state": state_of(last),
        "exit": last.exit,
        "began": last.began,
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
                    "log": entry.log or None,
                }
                for entry in one.entries
            ],
        }
        for one in found
    ]
    return {"version": 1, "run": about, "actions": actions}
