"""`evdsl debts`: the rules that matched and whose subscriber has had no success since; drop some."""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from typing import TYPE_CHECKING

from .holding import taken, telling
from .opening import REFUSED, kept_file, out, usage
from .terminal import printable

if TYPE_CHECKING:
    from ..run.runs import Now


def main(args: argparse.Namespace) -> int:
    """`args.drop`: the references of debts to drop; `args.json`: one document for programs."""
    path = kept_file(args)
    if path is None:
        return REFUSED
    return telling(args, path, lambda: _drop(path, args) if args.drop else _show(path, args))


def _show(path: str, args: argparse.Namespace) -> int:
    from ..run.runs import now
    from ..run.state import State

    with State.open(path, write=False) as state:
        found = now(state)
    if args.json:
        out(args).document(document(found))
        return 0
    shown = out(args)
    for debt in found.debts:
        seen = ", ".join(f"{from_id} said {event}" for from_id, event in debt.seen)
        shown.line(
            (f"{shown.sign('idle')} ", "warning"),
            printable(debt.text),
            (f"  {printable(debt.file)}:{debt.line}, run {debt.run}: {printable(seen)}", "dim"),
        )
    for action, cuts in found.dirty.items():
        why = f"was cut off {cuts} times" if cuts > 1 else "was cut off" if cuts else "ended in failure"
        shown.line(
            (f"{shown.sign('idle')} ", "warning"),
            f"{printable(action)} {why}",
            ("  its next `ok` counts as `changed`", "dim"),
        )
    if not found.debts and not found.dirty:
        shown.line("Nothing is owed.")
    elif found.debts:
        shown.line(("`evdsl run` runs what is owed; `evdsl debts --drop REF` drops it.", "dim"))
    return 0


def document(found: Now) -> dict[str, object]:
    """What is owed and dirty, for programs."""
    debts = [
        {
            "debt": debt.text,
            "from": list(debt.emitters),
            "event": list(debt.events),
            "all": debt.all,
            "to": debt.subscriber,
            "because": [{"from": from_id, "event": event} for from_id, event in debt.seen],
            "file": debt.file,
            "line": debt.line,
            "run": debt.run,
        }
        for debt in found.debts
    ]
    return {"version": 1, "debts": debts, "dirty": dict(found.dirty)}


def _drop(path: str, args: argparse.Namespace) -> int:
    from ..run.debts import named
    from ..run.runs import close, now

    with ExitStack() as stack:
        state, _ = taken(stack, path)
        found = now(state)
        gone = []
        for ref in args.drop:
            meant = named(found.debts, ref)
            if not meant:
                owed = ", ".join(f"`{debt.subscriber}`" for debt in found.debts[:8])
                hint = f"owed are {owed}" if owed else "nothing is owed"
                usage(args, f"`--drop {ref}` names no debt", hint)
                return REFUSED
            gone += meant
        close(state, found._replace(debts=[debt for debt in found.debts if debt not in gone]))
        for debt in dict.fromkeys(gone):
            out(args).line(f"dropped: {printable(debt.text)}")
    return 0
