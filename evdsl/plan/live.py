"""What a run can reach at all, and where it starts (section 5). One function for each step there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ..meaning.program import Order, Program, Rule
from .closed import closed_cycles, settle
from .graph import Flow, reach
from .hops import Hop


class Start(NamedTuple):
    """What starts the plan, in order of mention, and flags for all that it reaches.

    `closed`: the way round each closed cycle that had to be started, from the action that starts it. `fallback`:
    nothing started by the rules, so what nothing sets off does.
    """

    actions: list[int]
    reached: bytearray
    closed: list[list[Hop]]
    fallback: bool


class Planned(NamedTuple):
    """The planned actions as flags, what starts them, and the rules and orders that hold between them.

    `dropped`: rules that a connect made on `remove` and that gave way (section 8).
    """

    actions: bytearray
    start: Start
    rules: list[Rule]
    orders: list[Order]
    dropped: list[Rule]


def flow(program: Program, rules: Iterable[Rule]) -> Flow:
    """What rules reach; one to an explicit `#N` above 0 is no trigger here."""
    single: list[list[int]] = [[] for _ in program.actions]
    joins: list[tuple[int, int]] = []
    joined: dict[int, list[int]] = {}
    for emitters, _, _, _, subscriber, number, _, _ in rules:
        if number:
            continue
        if len(emitters) == 1:
            single[emitters[0]].append(subscriber)
            continue
        distinct = set(emitters)
        for emitter in distinct:
            joined.setdefault(emitter, []).append(len(joins))
        joins.append((len(distinct), subscriber))
    return Flow(single, joins, joined)


def entries(program: Program, entry: str) -> list[int]:
    """The entry actions, in order of mention."""
    return [number for number, action in enumerate(program.actions) if action.action == entry]


def live(program: Program, rules: Flow, entry: str) -> bytearray:
    """Step 1: what rules can reach from all entry actions and all that `start` statements name."""
    return reach([*entries(program, entry), *program.starts], rules)


def between(rules: list[Rule], orders: list[Order], actions: bytearray) -> tuple[list[Rule], list[Order]]:
    """The rules and orders that hold between some actions, those with explicit numbers too (step 3)."""
    if all(actions):
        return rules, orders
    held = [r for r in rules if actions[r.subscriber] and all(actions[e] for e in r.emitters)]
    return held, [o for o in orders if actions[o.before] and actions[o.after]]


def start(program: Program, rules: list[Rule], orders: list[Order], flows: Flow, entry: str) -> Start:
    """Step 2, where no `--start` is given. `flows` is that of `rules`."""
    alive = live(program, flows, entry)
    held, held_orders = between(rules, orders, alive)
    triggers = [rule for rule in held if not rule.number]
    triggered = bytearray(len(alive))
    for rule in triggers:
        triggered[rule.subscriber] = 1
    begin = {action: None for action in entries(program, entry) if not triggered[action]}
    if entry == "run":
        begin.update(dict.fromkeys([*program.sinks, *program.starts]))
    closed: list[list[Hop]] = []
    reached = reach(begin, flows)
    if reached != alive:  # else nothing is left to be started
        closed = settle(program, closed_cycles(program, triggers, alive), held, held_orders, entry, begin)
        reached = reach(begin, flows) if closed else reached
    if begin:
        return Start(sorted(begin), reached, closed, False)
    never = {rule.subscriber for rule in rules if not rule.number}
    actions = [n for n, a in enumerate(program.actions) if n not in never and a.action != "remove"]
    return Start(actions, reach(actions, flows), [], True)


def planned(
    program: Program, rules: list[Rule], orders: list[Order], entry: str, given: list[int] | None
) -> Planned:
    """Step 3: what rules can reach from the start. `given` is what `--start` names, None if it is not given."""
    flows = flow(program, rules)
    begin = (
        start(program, rules, orders, flows, entry)
        if given is None
        else Start(sorted(set(given)), reach(given, flows), [], False)
    )
    actions = reach(begin.actions, flows)
    return Planned(actions, begin, *between(rules, orders, actions), [])


def settled(program: Program, orders: list[Order], entry: str, given: list[int] | None) -> Planned:
    """Section 5 as a whole, with what section 8 says of `on a.remove changed b.run`.

    Such a rule of a connect is not in a plan that holds `b.remove` without any such rule: so the plan is made
    without all of them first.
    """
    rules = [rule for rule in program.rules if not rule.removal]
    if len(rules) == len(program.rules):
        return planned(program, rules, orders, entry, given)
    without = planned(program, rules, orders, entry, given)
    removed = {
        a.resource for n, a in enumerate(program.actions) if a.action == "remove" and without.actions[n]
    }
    kept: list[Rule] = []
    dropped: list[Rule] = []
    for rule in program.rules:
        gives_way = rule.removal and program.actions[rule.subscriber].resource in removed
        (dropped if gives_way else kept).append(rule)
    made = without if len(kept) == len(rules) else planned(program, kept, orders, entry, given)
    return made._replace(dropped=[r for r in dropped if all(made.actions[e] for e in r.emitters)])
