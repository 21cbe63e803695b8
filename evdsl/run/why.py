"""Why something ran in a run, or did not: worked out from the ends of its steps and its plan, by the engine's own rules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..base.source import Span
from ..plan.hops import words
from ..plan.plan import Cycle, Plan, Trigger
from .debts import key_of
from .engine import Cause, Engine
from .runs import Entry, Run


class Link(NamedTuple):
    """One rule that set a step off, or an old debt that did (`owed`): what its emitters said, and the steps that they are.

    `steps` are those of the plan that were looked at; of an old debt there are none, since it is of an earlier run.
    """

    cause: Cause
    steps: tuple[int, ...]
    owed: int
    """The run in which the debt arose, 0 for a rule that matched in this run."""


class Miss(NamedTuple):
    """A rule that did not match: what it waited for, and what its emitters ended with, empty where they have no end."""

    emitters: tuple[tuple[str, str], ...]
    events: tuple[str, ...]
    all: bool
    origin: Span


class Answer(NamedTuple):
    """What became of a step and why: `links` set it off, `misses` are its rules that did not match.

    `starts`: it starts the plan. `void`: debts that were void, as their texts. `entry` is None where the run broke off
    before anything was decided of it.
    """

    id: str
    entry: Entry | None
    starts: bool
    links: list[Link]
    misses: list[Miss]
    void: list[str]
    cycle: Cycle | None


class Why:
    """Answers for one run. Raises stored.Unreadable."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.plan: Plan = run.stored.plan
        self.numbers = {step.id: number for number, step in enumerate(self.plan.steps)}
        self.entries = {self.numbers[entry.id]: entry for entry in run.entries}
        self._starting = frozenset(self.plan.start)
        self._engine = Engine(self.plan, debts=run.debts, dirty=run.dirty)
        self._engine.take({n: e.state for n, e in self.entries.items() if e.state != "cut"})
        self._cycles = {cycle.again: cycle for cycle in self.plan.cycles}

    def named(self, ref: str) -> list[int]:
        """The steps that a reference means: an instance, an action, a resource for its `run`."""
        return [
            number
            for number, step in enumerate(self.plan.steps)
            if ref in (step.id, step.name) or (step.action == "run" and ref == step.resource)
        ]

    def dormant(self, ref: str) -> str:
        """The action that a reference means and that the plan had no step for; empty if there is none."""
        return next((name for name in self.plan.dormant if name in (ref, f"{ref}.run")), "")

    def of(self, step: int) -> Answer:
        """What became of a step, and why."""
        s, engine = self.plan.steps[step], self._engine
        causes = engine.causes(step)
        owed = {(seen, debt.line, debt.file): debt.run for debt in self.run.debts for seen in debt.seen}
        links = []
        for cause in causes:
            looked = self._looked(step, cause)
            run = 0 if looked else owed.get(((cause.from_id, cause.event), cause.line, cause.file), 0)
            links.append(Link(cause, looked, run))
        misses = [_miss(t, engine) for t in self.plan.triggers[step] if t not in engine.matched(step)]
        keys = {key_of(t, s.name) for t in self.plan.triggers[step]}
        void = [
            d.text
            for d in self.run.debts
            if d.subscriber == s.name
            and not s.instance
            and d.key in keys
            and not self._counts(d.seen, causes)
        ]
        cycle = self._cycles.get(s.name) if s.instance else None
        return Answer(s.id, self.entries.get(step), step in self._starting, links, misses, void, cycle)

    def _looked(self, step: int, cause: Cause) -> tuple[int, ...]:
        """The steps that a cause is of; none for a debt."""
        for trigger in self._engine.matched(step):
            for look in trigger.looks:
                if look.name == cause.from_id and self._engine.seen(look) == cause.event:
                    return look.steps
        return ()

    def _counts(self, seen: Sequence[tuple[str, str]], causes: Sequence[Cause]) -> bool:
        return {(cause.from_id, cause.event) for cause in causes} >= set(seen)


def _miss(trigger: Trigger, engine: Engine) -> Miss:
    emitters = tuple([(look.name, engine.seen(look)) for look in trigger.looks])
    return Miss(emitters, tuple(words(trigger.events)), trigger.all, trigger.origin)
