"""A world for runs in which anything can end at any moment: a disk that loses what it was not told to keep, actions that
run as a script says. One seeded Random decides all; the real journal, loop and engine run in it."""

from __future__ import annotations

import random
import signal
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from evdsl.drivers.job import Job
from evdsl.drivers.outcome import Outcome
from evdsl.run.executor import Again, Done, Notice
from evdsl.run.state import State


class Crash(BaseException):
    """evdsl is gone: killed, or the power is."""


class Violation(AssertionError):
    """Something is not as section 7 has it."""


@cache
def empty_disk() -> bytes:
    """A store in which no run has been."""
    with State.empty() as state:
        return state.database.serialize()


@cache
def _connection() -> sqlite3.Connection:
    """One for all disks, so that statements are read once."""
    return sqlite3.connect(":memory:", isolation_level=None)


@dataclass
class Chances:
    """What befalls one stretch of a run, from its beginning to its end or to the crash."""

    jobs: int = 2
    crash_at: int = 0  # the how-manieth moment is the last, 0 for none
    crash_on: str = ""  # the action whose start is the last moment
    power: bool = False  # whether commits are lost too
    interrupt_at: int = 0  # the how-manieth wait, 0 for none
    presses: int = 1  # how often Ctrl-C is pressed then
    fail_fast: bool = False
    good: bool = False  # everything succeeds


@dataclass
class Stretch:
    """What happened in one stretch, as seen from outside: what evdsl did to the world and what it told."""

    spawned: dict[str, int] = field(default_factory=dict)  # by id: the number of commits before it
    said: dict[str, Outcome] = field(
        default_factory=dict
    )  # what actions said, and what they were told instead
    told: dict[str, tuple[str, int]] = field(default_factory=dict)  # ends that the user heard of, as above
    prepared: dict[str, str] = field(default_factory=dict)  # what each step was made into
    unrecorded: set[str] = field(default_factory=set)  # ended by the user: no verdict
    stopped: bool = False
    over: bool = False  # from now on nothing may be started
    presses: int = 0


class Disk:
    """A connection to a store in memory. Each commit is a moment, before it and after it."""

    def __init__(self, image: bytes, moment: Callable[[str], None]) -> None:
        self._inner = _connection()
        self._inner.deserialize(image)
        self._moment = moment
        self.images = [image]

    @property
    def commits(self) -> int:
        return len(self.images) - 1

    @property
    def in_transaction(self) -> bool:
        return self._inner.in_transaction

    def execute(self, statement: str, values: Any = ()) -> sqlite3.Cursor:
        if statement != "COMMIT":
            return self._inner.execute(statement, values)
        self._moment("commit")
        done = self._inner.execute(statement)
        self.images.append(self._inner.serialize())
        self._moment("committed")
        return done

    def executemany(self, statement: str, values: Any) -> sqlite3.Cursor:
        return self._inner.executemany(statement, values)

    def close(self) -> None:
        if self._inner.in_transaction:
            self._inner.execute("ROLLBACK")


class World:
    """The disk, the clock, what happens. `log` tells all of it, line by line."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.log: list[str] = []
        self.image = empty_disk()
        self.now = 1000.0
        self.values = 0  # reported so far, each with a number of its own
        self.begin(Chances())

    def begin(self, chances: Chances) -> State:
        """A new stretch: evdsl is started."""
        self.chances = chances
        self.stretch = Stretch()
        self._moments = 0
        self.disk = Disk(self.image, self.moment)
        return State(self.disk, "")  # type: ignore[arg-type]

    def end(self, crashed: bool) -> int:
        """evdsl is gone. Returns the number of commits that outlived it."""
        images, kept = self.disk.images, self.disk.commits
        if crashed and self.chances.power:
            kept = self.rng.randint(0, kept)
        self.image = images[kept]
        self.disk.close()
        return kept

    def clock(self) -> float:
        self.now += 1.0
        return self.now

    def moment(self, what: str) -> None:
        """Something is about to happen or has just happened; perhaps it is the last that does."""
        self._moments += 1
        if self._moments == self.chances.crash_at:
            self.log.append(f"crash: {what}")
            raise Crash(what)

    def spawn(self, job: Job) -> None:
        stretch = self.stretch
        if job.id in stretch.spawned:
            raise Violation(f"{job.id} is started twice")
        if stretch.over:
            raise Violation(f"{job.id} is started though all was to stop")
        self.moment(f"before {job.id}")
        stretch.spawned[job.id] = self.disk.commits
        self.log.append(f"start {job.id}")
        if self.chances.crash_on and job.id.startswith(self.chances.crash_on):
            self.log.append(f"crash: {job.id} does it")
            raise Crash(job.id)
        self.moment(f"{job.id} runs")


_SAYS = ["changed"] * 6 + ["ok"] * 4 + ["created", "removed", "failed", "failed", "error"]


class Actions:
    """The executor: each wait ends one or more of what runs, in whatever order."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._running: list[Job] = []
        self._tries: dict[int, int] = {}
        self._waits = 0
        self.level = 0

    @property
    def free(self) -> int:
        return self._world.chances.jobs - len(self._running)

    def room(self, place: object) -> int:
        return self.free

    def start(self, jobs: Sequence[Job]) -> None:
        for job in jobs:
            self._world.spawn(job)
            self._running.append(job)
        if len(self._running) > self._world.chances.jobs:
            raise Violation(f"{len(self._running)} run at a time")

    def wait(self, timeout: float | None = None) -> list[Notice]:
        world, rng, chances = self._world, self._world.rng, self._world.chances
        self._waits += 1
        if self._waits == chances.interrupt_at:
            for _ in range(chances.presses):
                self.press()
            return []
        if not self._running:
            return []
        notices: list[Notice] = []
        for _ in range(rng.randint(1, len(self._running))):
            job = self._running.pop(rng.randrange(len(self._running)))
            world.moment(f"{job.id} ends")
            if not self.level and not chances.good and rng.random() < 0.04:
                number = self._tries[job.step] = self._tries.get(job.step, 0) + 1
                self._running.append(job)
                notices.append(Again(job.step, number, Outcome("failed"), 1.0))
            else:
                notices.append(Done(job.step, self._says(job)))
        return notices

    def _says(self, job: Job) -> Outcome:
        world, rng, stretch = self._world, self._world.rng, self._world.stretch
        word = rng.choice(["changed", "ok"]) if world.chances.good else rng.choice(_SAYS)
        data: dict[str, str] = {}
        if self.level > 1 and rng.random() < 0.8:
            word = "error"
        elif rng.random() < 0.4:
            world.values += 1
            data = {"v": str(world.values)}
        said = stretch.said[job.id] = Outcome(word, data=data, seconds=1.0)
        if word == "error" and self.level > 1:
            stretch.unrecorded.add(job.id)
        elif word in ("failed", "error") and world.chances.fail_fast:
            stretch.stopped = stretch.over = True
        world.log.append(f"end {job.id} {word} {data.get('v', '')}")
        return said

    def press(self) -> None:
        """As Ctrl-C does; SIGINT may be ignored where the tests run in the background."""
        handler = signal.getsignal(signal.SIGTERM)
        assert callable(handler)
        handler(signal.SIGTERM, None)
        stretch = self._world.stretch
        stretch.presses += 1
        stretch.stopped = stretch.over = True
        self._world.log.append("interrupt")

    def wake(self) -> None:
        pass

    def interrupt(self, level: int) -> None:
        self.level = level

    def close(self) -> None:
        pass
