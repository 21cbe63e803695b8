"""The plan: which instances can run, what each listens to, what each is ordered behind. Acyclic by construction.

Integers inside, names at the edge. A *step* is one instance of one action; `Plan.steps` stands in an order in which
the steps could run, and step numbers are indices into it.
"""

from __future__ import annotations

from typing import NamedTuple

from ..base.diagnostic import Diagnostic
from ..base.record import field, record
from ..base.source import Span


class Step(NamedTuple):
    """One instance of one action: `ha.run#1` is resource `ha`, action `run`, instance 1; `of` numbers the action."""

    resource: str
    action: str
    instance: int
    of: int

    @property
    def id(self) -> str:
        return f"{self.resource}.{self.action}#{self.instance}"

    @property
    def name(self) -> str:
        return f"{self.resource}.{self.action}"


class Look(NamedTuple):
    """What a rule or an order looks at: one step, or the fold of all steps of an action (in order of instance)."""

    steps: tuple[int, ...]
    fold: bool
    name: str  # as in JSON: `a.run#0` for one step, `a.run` for the fold


class Trigger(NamedTuple):
    """A rule in the plan: it sets off step `to` when any (all: every) look said one of `events`."""

    looks: tuple[Look, ...]
    events: tuple[str, ...]
    all: bool
    to: int
    closing: bool
    origin: Span


class Edge(NamedTuple):
    """An order in the plan: step `after` waits for `before`; `needs`: a failure or veto of it vetoes `after`."""

    before: Look
    after: int
    needs: bool
    weak: bool
    origin: Span


class Closing(NamedTuple):
    """A rule of a cycle that sets off the second instance: emitter and subscriber as names of actions."""

    emitter: str
    subscriber: str
    origin: Span


class Cycle(NamedTuple):
    """A cycle and how it is resolved: `again` runs once more. `path` begins with it; `steps` tells each hop's origin.

    `others`: the actions that an `again` line could name instead.
    """

    path: tuple[str, ...]
    hops: tuple[Span, ...]
    again: str
    closing: tuple[Closing, ...]
    reason: str
    others: tuple[str, ...]


@record
class Plan:
    """What can run. `triggers[s]` and `orders[s]` are those into step s; `start` the steps that start by themselves.

    `loops` maps a step that runs again (instance above 0) to the triggers inside its part that it would set off if
    its part went round once more; they are never followed, the note on convergence names them.
    `entry`: the name of the entry actions. `notes`: what is to be said of the plan, its cycles above all.
    """

    path: str
    steps: list[Step]
    start: list[int]
    triggers: list[list[Trigger]]
    orders: list[list[Edge]]
    cycles: list[Cycle]
    dormant: list[str]
    entry: str = "run"
    loops: dict[int, list[Trigger]] = field(default_factory=dict)
    notes: list[Diagnostic] = field(default_factory=list)

    @property
    def waiting(self) -> dict[str, list[Span]]:
        """The planned entry actions that do not start by themselves, each with the rules that set it off."""
        starts = {self.steps[step].of for step in self.start}
        found: dict[str, list[Span]] = {}
        for step, triggers in zip(self.steps, self.triggers, strict=True):
            if step.action == self.entry and step.of not in starts:
                found.setdefault(step.name, []).extend(trigger.origin for trigger in triggers)
        return found
