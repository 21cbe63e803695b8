"""What the loop of a run asks of whoever executes its jobs. The real one is in local.py; tests have one of a few lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from ..drivers.job import Job, Place
from ..drivers.outcome import Outcome


class Done(NamedTuple):
    """A job has ended, after its last try."""

    step: int
    outcome: Outcome


class Again(NamedTuple):
    """A try of a job ended in failure, and there is a next one in `pause` seconds. `number` counts tries from 1."""

    step: int
    number: int
    outcome: Outcome
    pause: float


Notice = Done | Again


class Executor(Protocol):
    """Runs jobs. Nothing in it knows of plans and rules."""

    @property
    def free(self) -> int:
        """How many jobs could begin now."""
        ...

    def room(self, place: Place) -> int:
        """How many of them could be jobs of this place."""
        ...

    def start(self, jobs: Sequence[Job]) -> None:
        """Begin these jobs, those for which there is no room once there is. Each is answered by one Done, from `wait`."""
        ...

    def wait(self, timeout: float | None = None) -> list[Notice]:
        """What has happened, after waiting for it up to `timeout` seconds. Empty also where `wake` ended the waiting."""
        ...

    def wake(self) -> None:
        """Make `wait` return soon. May be called from a signal handler and from other threads."""
        ...

    def interrupt(self, level: int) -> None:
        """1: try nothing again; 2: ask all that runs to end; 3: end it. The jobs are still answered by Done."""
        ...

    def close(self) -> None:
        """End what still runs, and leave nothing behind."""
        ...
