"""Closed cycles (section 5, step 2): live actions that set each other off and that nothing from outside does."""

from __future__ import annotations

from typing import NamedTuple

from ..meaning.program import Order, Program, Rule
from .cycles import opens
from .graph import Flow, components, cyclic, reach, shortest_path
from .hops import Hop, hop
from .parts import Parts, parts_of


class ClosedCycle(NamedTuple):
    """Its actions in order of mention, and the live rules into them (each has an emitter among them)."""

    actions: list[int]
    rules: list[Rule]


def closed_cycles(program: Program, triggers: list[Rule], alive: bytearray) -> list[ClosedCycle]:
    """The closed cycles among live actions, in order of first mention. `triggers` are the live rules."""
    out: list[list[int]] = [[] for _ in program.actions]
    for rule in triggers:
        for emitter in rule.emitters:
            out[emitter].append(rule.subscriber)
    groups = cyclic(out, components(out, [action for action, is_live in enumerate(alive) if is_live]))
    cycle = [-1] * len(out)
    for number, group in enumerate(groups):
        for action in group:
            cycle[action] = number
    into: list[list[Rule]] = [[] for _ in groups]
    is_closed = [True] * len(groups)
    for rule in triggers:
        of = cycle[rule.subscriber]
        if of >= 0:
            into[of].append(rule)
            if all(cycle[emitter] != of for emitter in rule.emitters):
                is_closed[of] = False
    closed = [ClosedCycle(sorted(group), into[n]) for n, group in enumerate(groups) if is_closed[n]]
    return sorted(closed, key=lambda c: c.actions[0])


def is_reached(cycle: ClosedCycle, begin: int) -> bool:
    """Whether one of its actions reaches the whole cycle, all live actions outside of it taken as planned."""
    local = {action: number for number, action in enumerate(cycle.actions)}
    rules = Flow([[] for _ in local], [], {})
    for rule in cycle.rules:
        inner = {local[e] for e in rule.emitters if e in local}
        for emitter in inner:
            rules.joined.setdefault(emitter, []).append(len(rules.joins))
        rules.joins.append((len(inner), local[rule.subscriber]))
    return all(reach([local[begin]], rules))


def around(program: Program, cycle: ClosedCycle, begin: int) -> list[Hop]:
    """The shortest way round from one of its actions, the first by name of several."""
    members = set(cycle.actions)
    into: dict[int, list[Rule]] = {action: [] for action in cycle.actions}
    after: dict[int, dict[int, None]] = {action: {} for action in cycle.actions}
    for rule in cycle.rules:
        into[rule.subscriber].append(rule)
        for emitter in rule.emitters:
            if emitter in members:
                after[emitter][rule.subscriber] = None
    out = {action: sorted(onto, key=lambda a: program.actions[a].name) for action, onto in after.items()}
    path = shortest_path(out, begin, {e for rule in into[begin] for e in rule.emitters if e in members})
    return [hop(a, b, into[b]) for a, b in zip(path, [*path[1:], begin], strict=True)]


class Trial:
    """What would come of starting a closed cycle at one of its actions, all live actions taken as planned."""

    def __init__(self, program: Program, rules: list[Rule], orders: list[Order]) -> None:
        """`rules`, `orders`: those that hold between live actions."""
        self._parts: Parts = parts_of(program, rules, orders)
        self._names = [action.name for action in program.actions]
        self._named = {action for action, _ in program.agains}

    def serves(self, cycle: ClosedCycle, candidate: int, starts: dict[int, None]) -> bool:
        """Whether the whole cycle is reached from the candidate and the part that it lies in can be opened.

        `starts` is what starts the plan so far, the candidate included.
        """
        part = self._parts.around(candidate)
        if part is None or not is_reached(cycle, candidate):
            return False
        return opens(part, starts, self._named, self._names)


def settle(
    program: Program, cycles: list[ClosedCycle], rules: list[Rule], orders: list[Order], entry: str,
    starts: dict[int, None],
) -> list[list[Hop]]:  # fmt: skip
    """Start each closed cycle of which nothing starts yet: adds to `starts`, and gives the way round from each."""
    trial: Trial | None = None
    found: list[list[Hop]] = []
    for cycle in cycles:
        candidates = [a for a in cycle.actions if program.actions[a].action == entry]
        if not candidates or any(a in starts for a in cycle.actions):
            continue
        trial = trial or Trial(program, rules, orders)
        for candidate in candidates:
            starts[candidate] = None
            if trial.serves(cycle, candidate, starts):
                break
            del starts[candidate]
        else:
            candidate = candidates[0]
            starts[candidate] = None
        found.append(around(program, cycle, candidate))
    return found
