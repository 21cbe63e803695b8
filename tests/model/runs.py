"""The reference model of LANGUAGE.md section 7 over several runs: debts, dirty actions, what a crash leaves.

Sets as the page has them. A run is what its steps have said so far: all of them, or those that a crash let survive.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from .plan import MPlan, MPlanRule, number, waits_for
from .run import FAILURE, SUCCESS, fold, matches

_ON_FAILURE = frozenset({"failed", "error", "failure"})


class MDebt(NamedTuple):
    """A rule as its author wrote it: without the numbers of instances."""

    emitters: tuple[str, ...]
    events: frozenset[str]
    all: bool
    to: str

    @property
    def on_failure(self) -> bool:
        """Of a rule on failure words only."""
        return self.events <= _ON_FAILURE


class MLeft(NamedTuple):
    """What a run leaves: debts, and the names of the dirty actions."""

    debts: frozenset[MDebt]
    dirty: frozenset[str]


NOTHING = MLeft(frozenset(), frozenset())


def action(step: str) -> str:
    return step.rpartition("#")[0]


def debt_of(rule: MPlanRule) -> MDebt:
    return MDebt(
        tuple([look.partition("#")[0] for look in rule.looks]), rule.events, rule.all, action(rule.to)
    )


class Shape:
    """A plan, and what the model asks of it more than once."""

    def __init__(self, plan: MPlan) -> None:
        self.plan = plan
        self.instances = {a: plan.instances(a) for a in {action(s) for s in plan.steps}}
        self.before: dict[str, set[str]] = {s: set() for s in plan.steps}
        for earlier, later in waits_for(plan):
            self.before[later].add(earlier)
        self.into = {s: [r for r in plan.rules if r.to == s] for s in plan.steps}
        self.behind = {s: [o for o in plan.orders if o.after == s] for s in plan.steps}
        self.order: list[str] = []
        left = sorted(plan.steps)
        while left:
            ready = [s for s in left if self.before[s] <= set(self.order)]
            assert ready, "a plan whose instances wait for each other"
            self.order += ready
            left = [s for s in left if s not in ready]

    def all_before(self, step: str) -> set[str]:
        """All that is settled before a step can be decided."""
        found: set[str] = set()
        new = {step}
        while new := set().union(*(self.before[s] for s in new)) - found:
            found |= new
        return found


@dataclass
class MRun:
    """What became of a plan, as far as it came. `open`: set off, and without an end; `ran`: what it was told of and used."""

    shape: Shape
    before: MLeft
    trace: dict[str, str] = field(default_factory=dict)
    open: set[str] = field(default_factory=set)
    ran: set[str] = field(default_factory=set)
    void: set[MDebt] = field(default_factory=set)

    def seen(self, look: str) -> str:
        """What a look says by now: nothing, as long as nothing of it is settled."""
        if "#" in look:
            return self.trace.get(look, "")
        ends = [self.trace[s] for s in self.shape.instances.get(look, []) if s in self.trace]
        return fold(ends) if ends else ""

    def matched(self, rule: MPlanRule) -> bool:
        hits = [matches(self.seen(look), rule.events) for look in rule.looks]
        return all(hits) if rule.all else any(hits)

    def folds(self) -> dict[str, str]:
        return {a: self.seen(a) for a in self.shape.instances}

    def succeeded(self, name: str, since: int) -> bool:
        """Whether an instance of an action ended in success, from this number on."""
        found = [s for s in self.shape.instances.get(name, []) if number(s) >= since]
        return any(self.trace.get(s) in SUCCESS for s in found)

    def left(self, cut: Collection[str] = ()) -> MLeft:
        """What the next run begins with. `cut`: the steps that were begun and have no end."""
        due = {debt for debt in self.before.debts if debt not in self.void and not self.succeeded(debt.to, 0)}
        for rule in self.shape.plan.rules:
            if self.matched(rule) and not self.succeeded(action(rule.to), number(rule.to)):
                due.add(debt_of(rule))
        due = {d for d in due if not (d.on_failure and any(self.seen(e) in SUCCESS for e in d.emitters))}
        dirty = {a for a in self.before.dirty if self.seen(a) not in SUCCESS}
        dirty |= {a for a in self.shape.instances if self.seen(a) in FAILURE}
        return MLeft(frozenset(due), frozenset(dirty | {action(s) for s in cut}))

    def exit(self, interrupted: bool, left: MLeft) -> int:
        """The exit code (section 10)."""
        ends = set(self.folds().values())
        if interrupted:
            return 130
        if "failed" in ends:
            return 1
        if "error" in ends:
            return 3
        return 4 if any(d.to in self.shape.instances for d in left.debts) else 0


def proceed(
    shape: Shape,
    before: MLeft,
    recorded: Mapping[str, str],
    says: Callable[[str], str | None],
    outside: Collection[str] = (),
    stopped: bool = False,
) -> MRun:
    """Go as far as what is known leads: `recorded` are ends of before, taken as they are; `says` tells what a step says
    that runs now, None if nobody knows. Where all is `stopped`, such a step is skipped; else it stays open."""
    run = MRun(shape, before)
    trace, vetoed = run.trace, set[str]()

    def bars(look: str) -> bool:
        of = [look] if "#" in look else shape.instances[look]
        return run.seen(look) in FAILURE or (run.seen(look) == "skipped" and not vetoed.isdisjoint(of))

    def owed(step: str) -> bool:
        """Whether an old debt sets it off; one on failure alone does not where its rule sees a success."""
        found = False
        for debt in before.debts:
            if f"{debt.to}#0" != step:
                continue
            rules = [r for r in shape.into[step] if debt_of(r) == debt]
            if debt.on_failure and any(run.seen(look) in SUCCESS for r in rules for look in r.looks):
                run.void.add(debt)
            else:
                found = True
        return found

    def decide(step: str) -> str | None:
        name = action(step)
        starts = step == f"{name}#0" and name in shape.plan.start
        by_debt = owed(step)
        if not (starts or by_debt or any(run.matched(r) for r in shape.into[step])):
            return "idle"
        if any(bars(o.before) for o in shape.behind[step] if o.kind == "needs"):
            vetoed.add(step)
            return "skipped"
        if step in outside:
            return "skipped"
        word = recorded.get(step)
        if word is None and (word := says(step)) == "ok" and name in before.dirty:
            word = "changed"
        if word is None:
            return "skipped" if stopped else None
        run.ran.add(step)
        return word

    for step in shape.order:
        if shape.before[step] <= trace.keys():
            end = decide(step)
            if end is None:
                run.open.add(step)
            else:
                trace[step] = end
    return run
