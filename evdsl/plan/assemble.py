"""The plan itself: steps in an order in which they could run, with what sets each off and what it waits for."""

from __future__ import annotations

from itertools import pairwise

from ..base.diagnostic import Diagnostic
from ..base.source import Span
from ..meaning.program import Program
from . import faults
from .graph import arranged, components, cyclic, shortest_path
from .hops import Hop, told
from .instances import Instances
from .live import Planned
from .opened import Opened, Resolved
from .parts import Parts
from .plan import Closing, Cycle, Edge, Look, Plan, Step, Trigger


def assemble(
    program: Program, held: Planned, parts: Parts, opened: Opened, made: Instances, entry: str,
    found: list[Diagnostic],
) -> tuple[Plan | None, list[Diagnostic]]:  # fmt: skip
    """The plan; None with EV302 if an instance would wait for itself. `found`: what was said so far."""
    builder = Assembly(program, held, parts, opened, made)
    circle = builder.arrange()
    if circle:
        return None, [*found, builder.waits_for_itself(circle)]
    plan = builder.plan(entry)
    plan.notes = found
    return plan, found


class Assembly:
    """What is needed while a plan is put together. `order` are instances, `at[i]` is the step of instance i."""

    def __init__(
        self, program: Program, held: Planned, parts: Parts, opened: Opened, made: Instances
    ) -> None:
        self.program, self.held, self.opened, self.made = program, held, opened, made
        self.part = parts.of
        self.waits = self._waits() if made.owner else parts.out
        self.order: list[int] = []
        self.at: list[int] = []
        self._looks: dict[tuple[int, int | None, bool], tuple[Look]] = {}

    # ---- what waits for what

    def target(self, number: int) -> int:
        """The instance that a rule sets off; rules have their number in the plan."""
        rule = self.held.rules[number]
        return self.made.one(rule.subscriber, 1 if number in self.opened.closing else rule.number or 0)

    def _waits(self) -> list[list[int]]:
        """Which instances wait for each. `#1` waits for `#0` always."""
        made, part = self.made, self.part
        out: list[list[int]] = [[] for _ in range(len(made))]
        closing, extra = self.opened.closing, made.extra
        for n, (emitters, numbers, _, _, subscriber, number, _, _) in enumerate(self.held.rules):
            to = self.target(n) if number or n in closing else subscriber
            for emitter, explicit in zip(emitters, numbers, strict=True):
                if explicit:
                    out[made.one(emitter, explicit)].append(to)
                    continue
                out[emitter].append(to)
                if emitter in extra and explicit is None and part[emitter] != part[subscriber]:
                    for instance in extra[emitter]:
                        out[instance].append(to)
        for order in self.held.orders:
            for seen in made.seen(order.before, None, part[order.before] == part[order.after]):
                out[seen] += made.all(order.after)
        for action in made.extra:
            for earlier, later in pairwise(made.all(action)):
                out[earlier].append(later)
        return out

    def arrange(self) -> list[int]:
        """Find the order of the steps: by name where it is free. Gives a circle if there is one, else nothing."""
        made, planned, actions = self.made, self.held.actions, self.program.actions
        nodes = [action for action, is_planned in enumerate(planned) if is_planned]
        nodes += range(made.first, len(made))
        if made.owner:
            which = made.which
            by_name = sorted(nodes, key=lambda i: (actions[which(i)[0]].name, which(i)[1]))
        else:
            by_name = sorted(nodes, key=[action.name for action in actions].__getitem__)
        rank = [0] * len(made)
        for place, node in enumerate(by_name):
            rank[node] = place
        self.order = arranged(self.waits, rank, nodes)
        if len(self.order) < len(nodes):
            rest = set(nodes) - set(self.order)
            groups = cyclic(self.waits, components(self.waits, sorted(rest)))
            first = min((node for group in groups for node in group), key=rank.__getitem__)
            out = {node: sorted(set(self.waits[node]), key=rank.__getitem__) for node in rest}
            return shortest_path(out, first, {node for node in rest if first in out[node]})
        self.at = [-1] * len(made)
        for place, node in enumerate(self.order):
            self.at[node] = place
        return []

    def waits_for_itself(self, circle: list[int]) -> Diagnostic:
        """EV302 for a circle of instances."""
        ids = [self._id(instance) for instance in circle]
        hops = zip(circle, [*circle[1:], circle[0]], strict=True)
        return faults.waits_for_itself(ids, [self._hop(earlier, later) for earlier, later in hops])

    def _id(self, instance: int) -> str:
        action, number = self.made.which(instance)
        return f"{self.program.actions[action].name}#{number}"

    def _hop(self, earlier: int, later: int) -> tuple[Span, str]:
        """Why an instance waits for another: a rule, an order, or their numbers."""
        (emitter, _), (subscriber, number) = self.made.which(earlier), self.made.which(later)
        inside = self.part[emitter] == self.part[subscriber]
        into = [(n, r) for n, r in enumerate(self.held.rules) if self.target(n) == later]
        for _, rule in into:
            for e, explicit in zip(rule.emitters, rule.numbers, strict=True):
                if e == emitter and earlier in self.made.seen(e, explicit, inside):
                    return rule.origin, told(self.program, Hop(emitter, subscriber, rule))
        for order in self.held.orders:
            if order.before == emitter and order.after == subscriber:
                if earlier in self.made.seen(emitter, None, inside):
                    return order.origin, told(self.program, Hop(emitter, subscriber, order))
        name = self.program.actions[subscriber].name
        return into[0][1].origin, f"{name}#{number - 1} → {name}#{number} by their numbers"

    # ---- the plan

    def look(self, action: int, number: int | None, inside: bool) -> tuple[Look]:
        """What a reference looks at; one object for all that look so."""
        key = (action, number, inside)
        look = self._looks.get(key)
        if look is None:
            fold = number is None and not inside
            name = self.program.actions[action].name
            seen = self.made.seen(action, number, inside) if action in self.made.extra else (action,)
            steps = tuple([self.at[instance] for instance in seen])
            look = (Look(steps, fold, name if fold else f"{name}#{number or 0}"),)
            self._looks[key] = look
        return look

    def plan(self, entry: str) -> Plan:
        """The plan, once its steps are arranged."""
        actions, held = self.program.actions, self.held
        steps: list[Step] = []
        first, which = self.made.first, self.made.which
        for instance in self.order:
            of, number = (instance, 0) if instance < first else which(instance)
            steps.append(Step(actions[of].resource, actions[of].action, number, of))
        triggers, loops = self._triggers()
        dormant = sorted(
            [a.name for a, is_planned in zip(actions, held.actions, strict=True) if not is_planned]
        )
        return Plan(
            path=self.program.path,
            steps=steps,
            start=sorted([self.at[action] for action in held.start.actions]),
            triggers=triggers,
            orders=self._orders(),
            cycles=[self._cycle(cycle) for cycle in self.opened.cycles],
            dormant=dormant,
            entry=entry,
            loops=loops,
        )

    def _triggers(self) -> tuple[list[list[Trigger]], dict[int, list[Trigger]]]:
        """The triggers into each step; and for each `#1` and so on those that listen to its `#0` inside its part."""
        triggers: list[list[Trigger]] = [[] for _ in self.order]
        listening: dict[int, list[Trigger]] = {}
        part, at, look, closing, extra = self.part, self.at, self.look, self.opened.closing, self.made.extra
        outside: list[tuple[Look] | None] = [None] * len(part)
        new = tuple.__new__  # half the time of Trigger(…), which is called for every rule
        for n, (emitters, numbers, events, every, subscriber, number, origin, _) in enumerate(
            self.held.rules
        ):
            closes = n in closing
            to = at[self.target(n)] if closes or number else at[subscriber]
            emitter, of = emitters[0], part[subscriber]
            looks: tuple[Look, ...] | None
            if len(emitters) > 1:
                pairs = zip(emitters, numbers, strict=True)
                looks = tuple([look(e, explicit, part[e] == of)[0] for e, explicit in pairs])
            elif numbers[0] is not None or part[emitter] == of:
                looks = look(emitter, numbers[0], part[emitter] == of)
            else:
                looks = outside[emitter]
                if looks is None:
                    looks = outside[emitter] = look(emitter, None, False)
            trigger = new(Trigger, (looks, events, every, to, closes, origin))
            triggers[to].append(trigger)
            for e, explicit in zip(emitters, numbers, strict=True) if extra else ():
                if explicit is None and e in extra and part[e] == of:
                    listening.setdefault(e, []).append(trigger)
        loops = {at[i]: found for action, found in sorted(listening.items()) for i in extra[action]}
        return triggers, loops

    def _orders(self) -> list[list[Edge]]:
        orders: list[list[Edge]] = [[] for _ in self.order]
        part, at = self.part, self.at
        for before, after, kind, weak, origin in self.held.orders:
            (look,) = self.look(before, None, part[before] == part[after])
            for instance in self.made.all(after):
                orders[at[instance]].append(Edge(look, at[instance], kind == "needs", weak, origin))
        return orders

    def _cycle(self, cycle: Resolved) -> Cycle:
        names = self.program.actions
        return Cycle(
            path=tuple(names[hop.before].name for hop in cycle.hops),
            hops=tuple(hop.by.origin for hop in cycle.hops),
            again=names[cycle.again].name,
            closing=tuple(
                Closing(names[e].name, names[cycle.again].name, r.origin) for e, r in cycle.closing
            ),
            reason=faults.reason(self.program, cycle.choice),
            others=tuple(names[a].name for a in cycle.choice.qualified if a != cycle.again),
        )
