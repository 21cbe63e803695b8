"""A live run: the engine says what is to start, the executor runs it, and what it says goes back to the engine."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence, Set
from typing import NamedTuple

from ..base.events import FAILURE, OUTCOMES
from ..drivers import registry
from ..drivers.job import WAITS, Job, Place
from ..drivers.outcome import Outcome
from ..plan.plan import Plan, Trigger
from .debts import Debt
from .engine import Cause, Effect, Engine, Left, Settled
from .executor import Done, Executor
from .interrupt import Interrupts
from .journal import Journal
from .places import HERE
from .ready import Ready
from .simulate import Line
from .state import Unwritable


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


class Restored(NamedTuple):
    """A step of a run that is resumed has had its end before; it is not run again."""

    step: int
    state: str


class Cut(NamedTuple):
    """A step of a run that is resumed was in flight when that broke off."""

    step: int


class Interrupted(NamedTuple):
    """The user wants the run to end: 1 nothing more is started, 2 what runs is asked to end, 3 it is ended."""

    level: int


Event = Started | Retried | Ended | Restored | Cut | Interrupted
Listener = Callable[[Event], None]

Pulse = Callable[[], float | None]
"""Called before each wait. It says in how many seconds it wants to be called again at the latest; None: whenever."""


def no_pulse() -> float | None:
    """The pulse of a run that nobody watches."""
    return None


class Result(NamedTuple):
    """What a run came to.

    `fold` by the names of the actions; `trace` a line for each step in the order in which they were settled, if it was
    kept; `left`: what the next run begins with (section 7); `unfollowed`: rules that matched again at the end of a cycle (section 6);
    `exit`: the exit code of section 10; `problem`: why the journal could not be written, empty if it could.
    """

    fold: dict[str, str]
    trace: list[Line]
    left: Left
    unfollowed: list[Trigger]
    exit: int
    problem: str = ""


def run(
    plan: Plan,
    prepare: Prepare,
    executor: Executor,
    journal: Journal,
    listener: Listener,
    *,
    fail_fast: bool = False,
    detailed_exitcode: bool = False,
    debts: Sequence[Debt] = (),
    dirty: Collection[str] = (),
    outside: Set[int] = frozenset(),
    restored: Mapping[int, Outcome] | None = None,
    cut: Collection[int] = (),
    pulse: Pulse = no_pulse,
    place: Callable[[int], Place] = lambda _: HERE,
    kin: Callable[[int], Hashable | None] = lambda _: None,
    keep_trace: bool = True,
) -> Result:
    """Run a plan to its end. The executor is not closed.

    `restored` is what steps have said before, in a run that is resumed, and `cut` those that were in flight; `place` says where a step
    runs, `kin` which steps may share a process. The first SIGINT or SIGTERM starts nothing more,
    the second asks what runs to end, the third ends it. Where the journal cannot be written nothing more is started.
    """
    engine = Engine(plan, debts=debts, dirty=dirty, outside=outside)
    ready = Ready(ways_below(engine), place, kin)
    live = _Live(
        plan,
        prepare,
        executor,
        journal,
        listener,
        fail_fast,
        engine,
        restored or {},
        pulse,
        ready,
        keep_trace,
    )
    for step in cut:
        listener(Cut(step))
    with Interrupts(executor.wake) as interrupts:
        live.run(interrupts)
    assert engine.finished, "a plan whose steps wait for each other"
    still_cut = [step for step in cut if engine.states[step] not in OUTCOMES]
    fold, left = engine.folds(), engine.left(journal.number, still_cut)
    code = exit_code(fold, left.owes(plan), interrupts.count > 0, detailed_exitcode)
    try:
        journal.end(code, left)
    except Unwritable as problem:
        live.problem = live.problem or str(problem)
    if live.problem and code != 130:
        code = 3
    return Result(fold, live.trace, left, engine.unfollowed(), code, live.problem)


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


def _crowds(one: Place, other: Place) -> bool:
    """Whether a job of the one takes room from those of the other."""
    return one.host == other.host or (one.from_here and other.from_here)


class _Live:
    """One run: what is ready, what is out with the executor, what was reported.

    What happens is first written to the journal, then told to the listener, then acted on: a round of the loop ends with
    one commit, for all that has ended in it and all that is to start.
    """

    def __init__(
        self,
        plan: Plan,
        prepare: Prepare,
        executor: Executor,
        journal: Journal,
        listener: Listener,
        fail_fast: bool,
        engine: Engine,
        restored: Mapping[int, Outcome],
        pulse: Pulse,
        ready: Ready,
        keep_trace: bool,
    ) -> None:
        self.plan = plan
        self.engine = engine
        self.trace: list[Line] = []
        self._keep_trace = keep_trace
        self.problem = ""
        self._prepare = prepare
        self._executor = executor
        self._journal = journal
        self._listener = listener
        self._fail_fast = fail_fast
        self._restored = restored
        self._pulse = pulse
        self._ready = ready
        self._out = 0  # jobs that the executor has
        self._reported: dict[int, Mapping[str, str]] = {}
        self._untold: list[Event] = []  # what is not yet committed
        self._stopped = False
        self._level = 0  # of the interrupts

    def run(self, interrupts: Interrupts) -> None:
        self._take(self.engine.begin())
        while True:
            while self._level < min(interrupts.count, 3):
                self._interrupt(self._level + 1)
            self._start_ready()
            if not self._out:
                if self._level >= min(interrupts.count, 3):
                    return
                continue
            for notice in self._executor.wait(self._pulse()):
                if isinstance(notice, Done):
                    self._out -= 1
                    self._settle(notice.step, notice.outcome)
                else:
                    self._journal.retried(notice.step, notice.number)
                    self._untold.append(Retried(*notice))

    def _start_ready(self) -> None:
        """Give the executor as many jobs as it has room for, once that is written down."""
        jobs = self._prepared()
        try:
            self._journal.commit()
        except Unwritable as problem:
            self.problem = str(problem)
            steps = [job.step for job in jobs]
            self._journal.withdrawn(steps)
            self._stop(steps)
            jobs = []
        for event in self._untold:
            self._listener(event)
        self._untold.clear()
        if jobs:
            self._out += len(jobs)
            self._executor.start(jobs)

    def _prepared(self) -> list[Job]:
        """The jobs that can begin now. What ends without the executor is settled on the way."""
        jobs: list[Job] = []
        full: set[Place] = set()
        while places := [place for place in self._ready.places() if place not in full]:
            for place in places:
                before = len(jobs)
                room = self._executor.room(place)
                if before:
                    room -= sum(_crowds(job.place, place) for job in jobs if job.share in (-1, job.step))
                while len(jobs) - before < room and (step := self._ready.take(place)) is not None:
                    self._begin(step, jobs)
                if len(jobs) - before >= room:
                    full.add(place)
                    if any(job.driver in registry.SHARES for job in jobs[before:]):
                        self._join(jobs, before)
        return jobs

    def _join(self, jobs: list[Job], first: int) -> None:
        """Have steps that would now have to wait share the processes of the jobs from `first` on, evenly."""
        leads = {n: kin for n in range(first, len(jobs)) if (kin := registry.kin(jobs[n])) is not None}
        for _ in range(1, max((registry.SHARES[jobs[n].driver] for n in leads), default=1)):
            for n, kin in list(leads.items()):
                step, before = self._ready.take_kin(jobs[n].step), len(jobs)
                if step is None:
                    del leads[n]
                    continue
                self._begin(step, jobs)
                if len(jobs) == before:
                    continue  # it came to its end without the executor
                if registry.kin(jobs[-1]) == kin:
                    jobs[n] = jobs[n]._replace(share=jobs[n].step)
                    jobs[-1] = jobs[-1]._replace(share=jobs[n].step)
                else:
                    jobs[-1] = jobs[-1]._replace(share=WAITS)

    def _begin(self, step: int, jobs: list[Job]) -> None:
        """Make a step ready; what comes to its end without the executor is settled."""
        because = self.engine.running[step]
        self._untold.append(Started(step, because))
        made = self._prepare(step, because, self._reported)
        if isinstance(made, Job):
            self._journal.started(step)
            jobs.append(made)
        else:
            self._settle(step, self._drained(made) if isinstance(made, Sink) else made)

    def _drained(self, sink: Sink) -> Outcome:
        """What a sink says (section 8): `changed` if a value is new or differs from the last run's."""
        differs = self._journal.sink(sink.resource, sink.values)
        return Outcome("changed", f"{', '.join(differs)} changed") if differs else Outcome("ok")

    def _settle(self, step: int, outcome: Outcome) -> None:
        if outcome.data:
            self._reported[step] = outcome.data
        self._take(self.engine.settle(step, outcome), outcome)
        if self._fail_fast and outcome.event in FAILURE:
            self._stop()

    def _take(self, effects: list[Effect], outcome: Outcome | None = None) -> None:
        """Do what the engine says. The first effect may be the end of a step that ran, with its outcome."""
        waiting = effects[::-1]
        while waiting:
            effect = waiting.pop()
            if isinstance(effect, Settled):
                self._end(effect, outcome)
            elif before := self._restored.get(effect.step):
                if before.data:
                    self._reported[effect.step] = before.data
                settled, *more = self.engine.settle(effect.step, before, recorded=True)
                assert isinstance(settled, Settled)
                self._trace(settled)
                self._untold.append(Restored(effect.step, settled.state))
                waiting += more[::-1]
            else:
                self._ready.add(effect.step)
            outcome = None

    def _end(self, settled: Settled, outcome: Outcome | None) -> None:
        step, state, reason, because = settled
        self._trace(settled)
        if self._level < 2 or outcome is None or outcome.event != "error":
            self._journal.ended(step, state, reason, outcome)
        # else it was ended by the user and has no verdict: to the journal it is cut, so that `resume` runs it again
        self._untold.append(Ended(step, state, reason, because, outcome))

    def _trace(self, settled: Settled) -> None:
        if self._keep_trace:
            step, state, reason, because = settled
            self.trace.append(Line(self.plan.steps[step].id, state, because, reason))

    def _interrupt(self, level: int) -> None:
        self._level = level
        self._listener(Interrupted(level))
        self._stop()
        self._executor.interrupt(level)

    def _stop(self, withdrawn: Sequence[int] = ()) -> None:
        """Start nothing more. `withdrawn`: steps that were about to be."""
        if self._stopped and not withdrawn:
            return
        self._stopped = True
        waiting = [*withdrawn, *self._ready.clear()]
        self._take(self.engine.stop("stopped", waiting))
