"""A live run: the engine says what is to start, the executor runs it, and what it says goes back to the engine."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence, Set
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import NamedTuple

from ..base.events import FAILURE
from ..drivers.job import Job
from ..drivers.outcome import Outcome
from ..plan.plan import Plan, Trigger
from .debts import Debt
from .engine import Cause, Effect, Engine, Settled, Start
from .executor import Done, Executor
from .interrupt import Interrupts
from .simulate import Line
from .state import State


class Sink(NamedTuple):
    """Instead of a job: the step is the `run` of this sink, and these are its values, handed over and declared."""

    resource: str
    values: dict[str, object]


Reported = Mapping[int, Mapping[str, str]]
"""The values that steps reported in this run, by step, in the order in which the steps were settled."""

Prepare = Callable[[int, Sequence[Cause], Reported], Job | Sink | Outcome]
"""Makes a step ready to run: its job; or its sink; or the outcome, `error`, where it cannot be made ready."""


class Started(NamedTuple):
    """A step has begun."""

    step: int
    because: tuple[Cause, ...]


class Retried(NamedTuple):
    """Try `number` of a step ended in failure; the next one begins in `pause` seconds."""

    step: int
    number: int
    outcome: Outcome
    pause: float


class Ended(NamedTuple):
    """A step has its end. `outcome` is what it said, None if it did not run; `state` is what counts (section 7)."""

    step: int
    state: str
    reason: str
    because: tuple[Cause, ...]
    outcome: Outcome | None


class Interrupted(NamedTuple):
    """The user wants the run to end: 1 nothing more is started, 2 what runs is asked to end, 3 it is ended."""

    level: int


Event = Started | Retried | Ended | Interrupted
Listener = Callable[[Event], None]

Pulse = Callable[[], float | None]
"""Called before each wait. It says in how many seconds it wants to be called again at the latest; None: whenever."""


def no_pulse() -> float | None:
    """The pulse of a run that nobody watches."""
    return None


@dataclass(frozen=True, slots=True)
class Result:
    """What a run came to.

    `fold` by the names of the actions; `trace` a line for each step in the order in which they were settled; `owed`:
    steps set off by a rule and without a success after that, which the next run owes (section 7); `unfollowed`: rules that
    matched again at the end of a cycle (section 6); `exit`: the exit code of section 10.
    """

    fold: dict[str, str]
    trace: list[Line]
    owed: list[int]
    unfollowed: list[Trigger]
    exit: int


def run(
    plan: Plan,
    prepare: Prepare,
    executor: Executor,
    state: State,
    listener: Listener,
    *,
    fail_fast: bool = False,
    detailed_exitcode: bool = False,
    debts: Sequence[Debt] = (),
    dirty: Collection[str] = (),
    outside: Set[int] = frozenset(),
    pulse: Pulse = no_pulse,
) -> Result:
    """Run a plan to its end. The executor is not closed.

    The first SIGINT or SIGTERM starts nothing more, the second asks what runs to end, the third ends it.
    """
    live = _Live(
        plan,
        prepare,
        executor,
        state,
        listener,
        fail_fast,
        Engine(plan, debts=debts, dirty=dirty, outside=outside),
        pulse,
    )
    with Interrupts(executor.wake) as interrupts:
        live.run(interrupts)
    engine = live.engine
    assert engine.finished, "a plan whose steps wait for each other"
    fold, owed = engine.folds(), engine.owed()
    code = exit_code(fold, bool(owed), interrupts.count > 0, detailed_exitcode)
    return Result(fold, live.trace, owed, engine.unfollowed(), code)


def exit_code(fold: Mapping[str, str], owed: bool, interrupted: bool, detailed: bool = False) -> int:
    """The exit code of a run (section 10), the first that applies."""
    ends = set(fold.values())
    if interrupted:
        return 130
    if "failed" in ends:
        return 1
    if "error" in ends:
        return 3
    if owed:
        return 4
    return 10 if detailed and not ends.isdisjoint(("changed", "created", "removed")) else 0


def ways_below(engine: Engine) -> list[int]:
    """For each step the number of rules and orders on the longest way down from it."""
    below = [0] * len(engine.successors)
    for step in range(len(below) - 1, -1, -1):  # the plan's order: what waits for a step stands behind it
        for after in engine.successors[step]:
            if below[after] >= below[step]:
                below[step] = below[after] + 1
    return below


class _Live:
    """One run: what is ready, what is out with the executor, what was reported."""

    def __init__(
        self,
        plan: Plan,
        prepare: Prepare,
        executor: Executor,
        state: State,
        listener: Listener,
        fail_fast: bool,
        engine: Engine,
        pulse: Pulse,
    ) -> None:
        self.plan = plan
        self.engine = engine
        self.trace: list[Line] = []
        self._prepare = prepare
        self._executor = executor
        self._state = state
        self._listener = listener
        self._fail_fast = fail_fast
        self._pulse = pulse
        self._below = ways_below(engine)
        self._ready: list[tuple[int, int]] = []  # a heap: the longest way below first, then the plan's order
        self._out = 0  # jobs that the executor has
        self._reported: dict[int, Mapping[str, str]] = {}
        self._stopped = False

    def run(self, interrupts: Interrupts) -> None:
        self._take(self.engine.begin())
        level = 0
        while True:
            while level < min(interrupts.count, 3):
                level += 1
                self._interrupt(level)
            self._start_ready()
            if not self._out:
                if level >= min(interrupts.count, 3):
                    return
                continue
            for notice in self._executor.wait(self._pulse()):
                if isinstance(notice, Done):
                    self._out -= 1
                    self._settle(notice.step, notice.outcome)
                else:
                    self._listener(Retried(*notice))

    def _start_ready(self) -> None:
        """Give the executor as many jobs as it has room for. What ends without it is settled on the way."""
        while self._ready and (free := self._executor.free):
            jobs: list[Job] = []
            while self._ready and len(jobs) < free:
                _, step = heappop(self._ready)
                because = self.engine.running[step]
                self._listener(Started(step, because))
                made = self._prepare(step, because, self._reported)
                if isinstance(made, Job):
                    jobs.append(made)
                else:
                    self._settle(step, self._drained(made) if isinstance(made, Sink) else made)
            if jobs:
                self._out += len(jobs)
                self._executor.start(jobs)

    def _drained(self, sink: Sink) -> Outcome:
        """What a sink says (section 8): `changed` if a value is new or differs from the last run's."""
        last = self._state.sink(sink.resource)
        differs = [name for name, value in sink.values.items() if name not in last or last[name] != value]
        if last != sink.values:
            self._state.keep_sink(sink.resource, sink.values)
        return Outcome("changed", f"{', '.join(differs)} changed") if differs else Outcome("ok")

    def _settle(self, step: int, outcome: Outcome) -> None:
        if outcome.data:
            self._reported[step] = outcome.data
            self._state.keep_reported(self.plan.steps[step].resource, outcome.data)
        self._take(self.engine.settle(step, outcome), outcome)
        if self._fail_fast and outcome.event in FAILURE:
            self._stop()

    def _take(self, effects: list[Effect], outcome: Outcome | None = None) -> None:
        """Do what the engine says. The first effect may be the end of a step that ran, with its outcome."""
        for effect in effects:
            if isinstance(effect, Start):
                heappush(self._ready, (-self._below[effect.step], effect.step))
            else:
                self._end(effect, outcome)
            outcome = None

    def _end(self, settled: Settled, outcome: Outcome | None) -> None:
        step, state, reason, because = settled
        self.trace.append(Line(self.plan.steps[step].id, state, because, reason))
        self._listener(Ended(step, state, reason, because, outcome))

    def _interrupt(self, level: int) -> None:
        self._listener(Interrupted(level))
        self._stop()
        self._executor.interrupt(level)

    def _stop(self) -> None:
        if not self._stopped:
            self._stopped = True
            withdrawn = [step for _, step in sorted(self._ready)]
            self._ready.clear()
            self._take(self.engine.stop("stopped", withdrawn))
