"""An executor without processes: outcomes by a function, completions in whatever order the test likes."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from evdsl.drivers.job import Job, Place
from evdsl.drivers.outcome import Outcome
from evdsl.run.executor import Done, Notice


class Scripted:
    """Answers each job with `say(job)`. `free` places; each `wait` ends one job: the oldest, or a random one."""

    def __init__(
        self, say: Callable[[Job], Outcome], places: int = 4, rng: random.Random | None = None
    ) -> None:
        self.say = say
        self.places = places
        self.rng = rng
        self.running: list[Job] = []
        self.started: list[str] = []
        self.most = 0
        self.levels: list[int] = []
        self.on_wait: Callable[[], None] = lambda: None

    @property
    def free(self) -> int:
        return self.places - len(self.running)

    def room(self, place: Place) -> int:
        return self.free

    def start(self, jobs: Sequence[Job]) -> None:
        self.running += jobs
        self.started += [job.id for job in jobs]
        self.most = max(self.most, len(self.running))

    def wait(self, timeout: float | None = None) -> list[Notice]:
        self.on_wait()
        if not self.running:
            return []
        job = self.running.pop(self.rng.randrange(len(self.running)) if self.rng else 0)
        return [Done(job.step, self.say(job))]

    def wake(self) -> None:
        pass

    def interrupt(self, level: int) -> None:
        self.levels.append(level)

    def close(self) -> None:
        pass
