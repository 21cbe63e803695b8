"""Actions on a host in a shell script: the verbs of the runtime's part `there`."""

from __future__ import annotations

import os
from collections.abc import Sequence

from ..drivers.job import Job
from .sh_files import Placed
from .sh_words import literal, short, word


def at(number: int, job: Job, gives: str) -> str:
    """Where an action runs, and as whom; `gives` is the function that gives what it sees."""
    user = job.options.get("sudo")
    asked = [str(number), word(job.cwd) if job.driver not in ("copy", "template") else ".", gives]
    return " ".join(["at_", *asked, *([word("root" if user is True else str(user))] if user else [])])


def changed(paths: Sequence[str]) -> str:
    """What stands in the function of the paths of `changes`."""
    return " ".join(['"$@"', *map(word, paths)])


def sent(function: str, job: Job, made: Placed, mode: int | None) -> str:
    """A file for a host."""
    path = os.path.join(job.cwd, made.path)
    owners = [word(str(job.options.get(key) or "")) for key in ("owner", "group")]
    bits = literal("") if mode is None else f"{mode:04o}"
    what = [function, word(path), word(made.path), bits, *owners, f"{made.like & 0o777:o}"]
    return " ".join(["send_", *what, str(made.size), short(made.digest)])
