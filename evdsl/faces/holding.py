"""The state of a file, as commands come to it: opened and locked for a run, or only read; what is wrong with it is told."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING

from ..base.diagnostic import Diagnostic
from .messages import show
from .opening import err

if TYPE_CHECKING:
    from ..meaning.program import Program
    from ..run.lock import Lock
    from ..run.runs import Now
    from ..run.state import State

INCOMPLETE = 4
"""The exit code of a run that was refused (section 10)."""
FAULT = 3
"""The exit code of an infrastructure error."""


def taken(stack: ExitStack, path: str, durability: str = "normal") -> tuple[State, Lock]:
    """The state of a file, open for writing, and the lock of its folder. To be called inside `telling`."""
    from ..run.lock import Lock
    from ..run.state import State, made_folder

    lock = stack.enter_context(
        Lock.take(made_folder(path), path)
    )  # first: two that make a store disturb each other
    return stack.enter_context(State.open(path, durability=durability)), lock


def telling(args: argparse.Namespace, path: str, do: Callable[[], int]) -> int:
    """What `do` returns; where the state stands against it, that is told, and the exit code says so."""
    from ..run.lock import Held
    from ..run.state import Unusable

    try:
        return do()
    except Held as held:
        show([held.diagnostic], err(args))
        return INCOMPLETE
    except Unusable as unusable:
        show([unusable.diagnostic], err(args))
    except Exception as problem:
        found = damage(problem, path)
        if found is None:
            raise
        show([found], err(args))
    return FAULT


def left(path: str, program: Program, args: argparse.Namespace) -> Now:
    """What the next run of a file begins with. Only reads; where it cannot be read that is told, and nothing is left."""
    from ..run.begin import dropped
    from ..run.runs import Now, now
    from ..run.state import State, folder_of

    found = Now([], {})
    if path == "-" or not os.path.isdir(
        folder_of(path)
    ):  # as most often: the database need not even be imported
        return found

    def read() -> int:
        nonlocal found
        with State.open(path, write=False) as state:
            found = now(state)
        return 0

    telling(args, path, read)
    debts, gone = dropped(program, found.debts)
    show(gone, err(args))
    return found._replace(debts=debts)


def damage(problem: Exception, path: str) -> Diagnostic | None:
    """What is told of a store that cannot be read or written; None for what is a defect of ours."""
    from ..plan.stored import Unreadable
    from ..run.state import Unwritable, unreadable

    if isinstance(problem, Unwritable):
        hint = "see to it that there is room, and that the folder can be written to"
        return Diagnostic("EV621", str(problem), None, hint, path=path)
    if isinstance(problem, Unreadable) or unreadable(problem):
        message = f"the state of `{path}` cannot be read: {problem}"
        hint = "if it is damaged, move it away (`.evdsl/` beside the file); the next run begins anew"
        return Diagnostic("EV621", message, None, hint, path=path)
    return None
