"""The engine: what becomes of a plan, as a pure state machine (section 7 of docs/language.md).

It has no clock and does no I/O. What happens outside comes in (`begin`, `settle`, `stop`), what is to happen next
goes out as effects. `simulate` and `run` share it, and what is compiled is held against it. The effects of a call
depend on nothing but the calls before it, and what becomes of each step on nothing but the outcomes: in whichever
order they come, the trace is the same.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from itertools import pairwise
from typing import NamedTuple

from ..base.events import FAILURE, OUTCOMES, SUCCESS, matched
from ..drivers.outcome import Outcome
from ..plan.plan import Look, Plan, Trigger
from .debts import Debt, key_of, owed

_RAN = frozenset(OUTCOMES)
_SAME_AS_CREATED = frozenset({"ok", "created"})


class Cause(NamedTuple):
    """One reason why a step was set off: what a rule looked at (`a.run#0`, or `a.run` for the fold) and its event."""

    from_id: str
    event: str
    line: int
    file: str


class Start(NamedTuple):
    """Effect: run this step now. `because` is empty where it starts the plan and no rule matched besides."""

    step: int
    because: tuple[Cause, ...]


class Left(NamedTuple):
    """What a run leaves for the next one (section 7): what is owed, old debts first, and the names of what is dirty."""

    debts: list[Debt]
    dirty: set[str]

    def owes(self, plan: Plan) -> bool:
        """Whether a debt is left whose subscriber is in this plan."""
        return bool(self.debts) and not {d.subscriber for d in self.debts}.isdisjoint(
            s.name for s in plan.steps
        )


class Settled(NamedTuple):
    """Effect: this step has its end, one of `base.events.SETTLED`. `reason` says why it was skipped, or ended so."""

    step: int
    state: str
    reason: str
    because: tuple[Cause, ...]


Effect = Start | Settled


def fold(outcomes: Iterable[str]) -> str:
    """The fold of an action's instances, given in their order (section 7)."""
    ends = list(outcomes)
    ran = [end for end in ends if end in _RAN]
    if not ran:
        return "skipped" if "skipped" in ends else "idle"
    said = set(ran)
    if len(said) == 1 or ran[-1] in FAILURE:
        return ran[-1]
    return "created" if said <= _SAME_AS_CREATED else "changed"


class Engine:
    """The state machine of one run of one plan.

    `debts` and `dirty` are what an earlier run left: rules that set their subscribers off, and names of actions whose
    `ok` counts as `changed`; `outside`: steps that are not to run (`--limit`). `begin` once, then `settle` for each
    Start, in any order, until `finished`. Each step is settled exactly once.
    """

    __slots__ = (
        "_debts",
        "_dirty",
        "_folds",
        "_instances",
        "_open",
        "_started",
        "_starting",
        "_stopped",
        "_vetoed",
        "_void",
        "_waits",
        "_words",
        "debts",
        "dirty",
        "outside",
        "plan",
        "running",
        "states",
        "successors",
    )

    def __init__(
        self,
        plan: Plan,
        *,
        debts: Sequence[Debt] = (),
        dirty: Collection[str] = (),
        outside: Set[int] = frozenset(),
    ) -> None:
        self.plan = plan
        self.debts = debts
        self.dirty = dirty
        self.outside = outside
        self.states: list[str] = [""] * len(plan.steps)
        """What each step ended with, empty as long as it is not settled."""
        self.running: dict[int, tuple[Cause, ...]] = {}
        """The steps that Start was said of and that are not settled yet, and why."""
        self.successors: list[list[int]] = [[] for _ in plan.steps]
        """The steps that wait for each step, once for each wait."""
        self._waits = [0] * len(plan.steps)
        self._instances: dict[int, list[int]] = {}
        names = self._names()
        self._dirty = {of for of, name in names.items() if name in dirty}
        self._debts: dict[int, list[Debt]] = {}
        numbers = {name: self._instances[of][0] for of, name in names.items()} if debts else {}
        for debt in debts:
            if debt.subscriber in numbers:
                self._debts.setdefault(numbers[debt.subscriber], []).append(debt)
        self._void: set[Debt] = set()
        self._words: dict[tuple[str, ...], frozenset[str]] = {}
        self._folds: dict[str, str] = {}
        self._starting = frozenset(plan.start)
        self._vetoed: set[int] = set()
        self._started = False
        self._stopped = ""
        self._open = len(plan.steps)
        self._link()

    def _names(self) -> dict[int, str]:
        """The actions of the plan by number; fills in their instances, in order, on the way."""
        names: dict[int, str] = {}
        for number, step in enumerate(self.plan.steps):
            if step.of not in names:
                names[step.of] = step.name
            self._instances.setdefault(step.of, []).append(number)
        for steps in self._instances.values():
            if len(steps) > 1:
                steps.sort(key=lambda number: self.plan.steps[number].instance)
        return names

    def _link(self) -> None:
        """Say of each step what waits for it: its listeners, those ordered behind it, its next instance."""
        successors, waits = self.successors, self._waits
        for to, triggers in enumerate(self.plan.triggers):
            for trigger in triggers:
                for look in trigger.looks:
                    waits[to] += len(look.steps)
                    for step in look.steps:
                        successors[step].append(to)
        for after, edges in enumerate(self.plan.orders):
            for edge in edges:
                waits[after] += len(edge.before.steps)
                for step in edge.before.steps:
                    successors[step].append(after)
        for instances in self._instances.values():
            for earlier, later in pairwise(instances):
                waits[later] += 1
                successors[earlier].append(later)

    @property
    def finished(self) -> bool:
        """Whether every step is settled."""
        return self._open == 0

    def begin(self) -> list[Effect]:
        """The first effects: what waits for nothing starts or is settled, with all that follows from that."""
        assert not self._started, "an engine begins once"
        self._started = True
        return self._decide(number for number, waits in enumerate(self._waits) if not waits)

    def settle(self, step: int, outcome: Outcome, recorded: bool = False) -> list[Effect]:
        """A step that was to start has ended. The first effect is its own Settled, then what follows.

        `recorded`: the journal has this end already, and it stays as it is.
        """
        because = self.running.pop(step)
        event = outcome.event
        assert event in _RAN, f"{event!r} is no outcome"
        if event == "ok" and not recorded and self._dirty and self.plan.steps[step].of in self._dirty:
            event = "changed"
        ready = self._record(step, event)
        return [Settled(step, event, outcome.reason, because), *self._decide(ready)]

    def stop(self, reason: str = "stopped", withdrawn: Iterable[int] = ()) -> list[Effect]:
        """Start nothing more: what is set off from now on is skipped for this reason. What runs may still settle.

        `withdrawn`: steps that Start was said of and that nobody has begun (they waited for a free place); they are
        skipped too.
        """
        self._stopped = reason
        effects: list[Effect] = []
        ready: list[int] = []
        for step in withdrawn:
            effects.append(Settled(step, "skipped", reason, self.running.pop(step)))
            ready += self._record(step, "skipped")
        return [*effects, *self._decide(ready)]

    def folds(self) -> dict[str, str]:
        """What each action of the plan said as a whole, by name, in the order of the plan."""
        steps, states = self.plan.steps, self.states
        return {
            steps[instances[0]].name: fold([states[step] for step in instances])
            for instances in self._instances.values()
        }

    def matched(self, step: int) -> list[Trigger]:
        """The rules into a step that matched, all that they look at being settled."""
        return [trigger for trigger in self.plan.triggers[step] if self._hits(trigger)]

    def causes(self, step: int) -> tuple[Cause, ...]:
        """All that sets a step off, as far as what it looks at is settled."""
        return self._causes(step)

    def seen(self, look: Look) -> str:
        """What a look sees, empty where that is not settled."""
        return self._seen(look)

    def take(self, ends: Mapping[int, str]) -> None:
        """Take these ends of steps as they are told, in place of `begin` and `settle`: to be asked what led to them."""
        for step, state in ends.items():
            self.states[step] = state

    def owed(self) -> list[int]:
        """The steps that a rule or an old debt set off and whose action had no success from then on (section 7).

        To be asked at the end. What merely starts the plan owes nothing: it starts by itself the next time too.
        """
        found = []
        for instances in self._instances.values():
            paid = False
            for step in reversed(instances):
                state = self.states[step]
                paid = paid or state in SUCCESS
                if not paid and state != "idle" and self._causes(step):
                    found.append(step)
        return sorted(found)

    def left(self, run: int, cut: Iterable[int] = ()) -> Left:
        """What is left for the next run, be it that this one, number `run`, has come to its end or that it broke off.

        `cut`: the steps that were in flight when it did.
        """
        steps, folds = self.plan.steps, self.folds()
        found: dict[object, Debt] = {}
        unpaid = self.owed()
        over = {debt for step, due in self._debts.items() if step not in unpaid for debt in due} | self._void
        for debt in self.debts:
            if debt not in over:
                found[debt.key] = debt
        for step in unpaid:
            for trigger in self.plan.triggers[step]:
                if hits := self._hits(trigger):
                    debt = owed(trigger, steps[step].name, hits, map(self._seen, hits), run)
                    found.setdefault(debt.key, debt)
        debts = [
            debt
            for debt in found.values()
            if not (debt.on_failure and any(folds.get(emitter) in SUCCESS for emitter in debt.emitters))
        ]
        dirty = {name for name in self.dirty if folds.get(name) not in SUCCESS}
        dirty.update(name for name, end in folds.items() if end in FAILURE)
        dirty.update(steps[step].name for step in cut)
        return Left(debts, dirty)

    def unfollowed(self) -> list[Trigger]:
        """The rules that a last instance would set off if its part went round once more (section 6).

        They are not followed; where there is one, the run did not converge.
        """
        steps, found = self.plan.steps, []
        for step, triggers in self.plan.loops.items():
            state, of = self.states[step], steps[step].of
            for trigger in triggers:
                words = self._matching(trigger.events)
                hits = [
                    (state if steps[look.steps[0]].of == of else self._seen(look)) in words
                    for look in trigger.looks
                ]
                if all(hits) if trigger.all else state in words:
                    found.append(trigger)
        return found

    def _record(self, step: int, state: str) -> list[int]:
        """Note the end of a step. Returns the steps that can be decided by it."""
        states, waits = self.states, self._waits
        assert not states[step], "a step is settled once"
        states[step] = state
        self._open -= 1
        ready = []
        for after in self.successors[step]:
            waits[after] -= 1
            if not waits[after]:
                ready.append(after)
        return ready

    def _decide(self, ready: Iterable[int]) -> list[Effect]:
        """Start or settle what can be decided, and what can be decided by that, until nothing more can."""
        effects: list[Effect] = []
        queue = deque(ready)
        while queue:
            step = queue.popleft()
            because = self._causes(step)
            if not because and step not in self._starting:
                state, reason = "idle", ""
            elif reason := self._bar(step):
                state = "skipped"
            else:
                self.running[step] = because
                effects.append(Start(step, because))
                continue
            effects.append(Settled(step, state, reason, because))
            queue.extend(self._record(step, state))
        return effects

    def _causes(self, step: int) -> tuple[Cause, ...]:
        """All that sets the step off: one Cause for each look of its rules that matched, an old debt's first."""
        causes = self._due(step) if step in self._debts else []
        states, known = self.states, self._words
        for trigger in self.plan.triggers[step]:
            looks, events, _, _, _, origin = trigger
            if len(looks) == 1 and len(looks[0][0]) == 1 and events in known:
                # What nearly every rule is; the rest of this function is the same for all that may occur.
                steps, _, name = looks[0]
                state = states[steps[0]]
                if state in known[events]:
                    causes.append(Cause(name, state, origin.line, origin.source.path))
            elif hits := self._hits(trigger):
                line, file = origin.line, origin.source.path
                causes += [Cause(look.name, self._seen(look), line, file) for look in hits]
        return tuple(dict.fromkeys(causes)) if len(causes) > 1 else tuple(causes)

    def _due(self, step: int) -> list[Cause]:
        """The causes that old debts are. One of failure words only is void where its rule stands before the step, and
        sees that an emitter ended in success."""
        causes: list[Cause] = []
        for debt in self._debts[step]:
            if debt.on_failure and debt not in self._void:
                name = self.plan.steps[step].name
                looks = (
                    look for t in self.plan.triggers[step] if key_of(t, name) == debt.key for look in t.looks
                )
                if any(self._seen(look) in SUCCESS for look in looks):
                    self._void.add(debt)
            if debt not in self._void:
                causes += [Cause(from_id, event, debt.line, debt.file) for from_id, event in debt.seen]
        return causes

    def _hits(self, trigger: Trigger) -> Sequence[Look]:
        """The looks that make a rule match, none if it does not."""
        words = self._matching(trigger.events)
        looks = trigger.looks
        if len(looks) == 1:
            return looks if self._seen(looks[0]) in words else ()
        hits = [look for look in looks if self._seen(look) in words]
        return () if trigger.all and len(hits) < len(looks) else hits

    def _bar(self, step: int) -> str:
        """Why a step that is set off may not run: vetoed, outside of the limit, or all is being stopped."""
        for edge in self.plan.orders[step]:
            if edge.needs and (how := self._vetoes(edge.before)):
                self._vetoed.add(step)
                return f"needs {edge.before.name}, which {how}"
        if step in self.outside:
            return "outside of --limit"
        return self._stopped

    def _vetoes(self, look: Look) -> str:
        """How what is needed ended, if that bars what needs it: in failure, or vetoed itself."""
        end = self._seen(look)
        if end in FAILURE:
            return f"ended {end}"
        if end == "skipped" and not self._vetoed.isdisjoint(look.steps):
            return "was vetoed"
        return ""

    def _seen(self, look: Look) -> str:
        """What a look sees: the end of its step, or the fold of its steps. They are all settled."""
        steps = look.steps
        if len(steps) == 1:
            return self.states[steps[0]]
        # An action's fold is looked at under its one name; by many listeners, perhaps.
        seen = self._folds.get(look.name)
        if seen is None:
            seen = self._folds[look.name] = fold([self.states[step] for step in steps])
        return seen

    def _matching(self, words: tuple[str, ...]) -> frozenset[str]:
        found = self._words.get(words)
        if found is None:
            found = self._words[words] = matched(words)
        return found
