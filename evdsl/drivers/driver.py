"""What a driver is: it turns ready jobs into processes, and says what each job came to.

A driver starts nothing itself. Guards, timeouts, retries, the event file, `changes` and `exits` are the same for all
of them and are not its business (section 9 of docs/language.md); it adds what only it knows (rule 7).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from .job import Job, Place
from .output import Kept


class Try(NamedTuple):
    """One try of a job: `number` counts from 1, `event_file` is its own `$EVDSL_EVENT`, not yet there."""

    job: Job
    number: int
    event_file: str

    @property
    def environment(self) -> dict[str, str]:
        """What is added to the environment of evdsl for this try."""
        env = self.job.options.get("env")
        own = {str(k): str(v) for k, v in env.items()} if isinstance(env, Mapping) else {}
        return {**self.job.environment, **own, "EVDSL_EVENT": self.event_file}


@dataclass(frozen=True, slots=True)
class Command:
    """A process to start. It serves one or more tries.

    `argv[0]` is looked for in the PATH of its environment unless it has a slash. `env` is added to the environment of
    evdsl. Without `stdin` it reads from /dev/null. `shown` is how messages name it.
    """

    argv: tuple[str, ...]
    cwd: str
    tries: tuple[Try, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    stdin: bytes = b""
    shown: str = ""


class Ended(NamedTuple):
    """What came of a process: `exit` as shells report it, or None, and then `problem` says why."""

    exit: int | None
    problem: str = ""
    output: Kept = Kept()


class Verdict(NamedTuple):
    """What a driver reads of one job in an ended process: its own exit code (or None and the problem), what it knows."""

    exit: int | None
    problem: str = ""
    known: str = ""


class Unfit(Exception):
    """Arguments that a driver cannot make a process of. The text says what is wrong with them."""


class Driver(Protocol):
    """See the module."""

    def commands(self, tries: Sequence[Try], place: Place) -> list[Command]:
        """The processes that serve these tries, all ready, all for this place; each try is served by exactly one.

        Raises Unfit where a job's arguments cannot be run; then the executor asks again for each try alone.
        """
        ...

    def read(self, attempt: Try, ended: Ended) -> Verdict:
        """What one of the tries came to, its process having ended."""
        ...


def brief(text: str) -> str:
    """A command as messages name it: its first line, shortened."""
    first, _, more = text.strip().partition("\n")
    return first[:57] + "..." if len(first) > 60 else first + (" ..." if more else "")
