"""`evdsl expand`: the program as plain rules, orders and starts, which have the same plan."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from ..meaning.program import Order, Program, Rule, Start
from ..plan.live import Planned, settled
from ..plan.weak import drop_weak
from .opening import REFUSED, opened, out, planned
from .stream import utf8


def main(args: argparse.Namespace) -> int:
    program = opened(args)
    found = planned(args, program) if program else None
    if program is None or program.inner is None or found is None:
        return REFUSED
    start = [n for text in args.start for n in program.inner.find(text)] or None
    utf8()
    out(args).raw(expanded(program.inner, args.action, start))
    return 0


def expanded(program: Program, entry: str = "run", start: list[int] | None = None) -> str:
    """A rules-only text whose plan, with the same `--action` and `--start`, is this one but for places and `weak`.

    Left out are weak orders that gave way and rules of `connect` on `remove` that this plan does without (section 8).
    An action that nothing mentions is kept: by a `start` line if it starts, else by an order that cannot hold.
    """
    orders = drop_weak(program)[0]
    held = settled(program, orders, entry, start)
    lines = _Lines(program, orders, held, entry)
    text = list(lines.stated())
    mentioned = lines.mentioned
    silent = [number for number in range(len(program.actions)) if number not in mentioned]
    starting = held.start.actions  # where a `start` line does not count, it mentions at least
    for number in starting:
        if number in silent or (held.start.fallback and entry == "run"):
            text.append(f"start {program.actions[number].name}")
    other = held.start.actions[0] if held.start.actions else 0
    text += [
        f"{program.actions[number].name} after {program.actions[other].name}"
        for number in silent
        if number not in starting and number != other
    ]
    text += [f"again {program.actions[number].name}" for number, _ in program.agains]
    return "".join(line + "\n" for line in text)


class _Lines:
    """The statements in their order, lists put together again. `mentioned`: the actions that they name."""

    def __init__(self, program: Program, orders: list[Order], held: Planned, entry: str) -> None:
        self.program, self.entry = program, entry
        self.names = [a.name for a in program.actions]
        self.kept = {(o.before, o.after, o.kind) for o in orders}
        self.dropped = set(held.dropped)
        self.mentioned: set[int] = set()

    def stated(self) -> Iterator[str]:
        for (kind, *_), group in groupby(self._items(), key=_statement):
            items: list[Any] = [item for _, item in group]
            if kind == "rule":
                yield from self._rules(items)
            elif kind == "order":
                yield from self._orders(items)
            else:
                self.mentioned.update(items)
                yield f"start {self.names[items[0]]}"
        for number in sorted(self.program.sinks) if self.entry == "run" else ():
            if number not in self.program.starts:
                self.mentioned.add(number)
                yield f"start {self.names[number]}"

    def _items(self) -> Iterator[tuple[str, Rule | Order | int]]:
        for item in self.program.sequence:
            if isinstance(item, Start):
                yield "start", item.action
            elif item >= 0:
                rule = self.program.rules[item]
                if rule not in self.dropped:
                    yield "rule", rule
            else:
                order = self.program.orders[~item]
                if (order.before, order.after, order.kind) in self.kept:
                    yield "order", order

    def _rules(self, rules: list[Rule]) -> Iterator[str]:
        for r in rules:
            self.mentioned.update((*r.emitters, r.subscriber))
        words = "|".join(rules[0].events)
        if not rules[0].all:
            left = [self._ref(r.emitters[0], r.numbers[0]) for r in rules]
            right = [self._ref(r.subscriber, r.number) for r in rules]
            if both := _product(left, right):
                yield f"on {', '.join(both[0])} {words} {', '.join(both[1])}"
                return
        for r in rules:
            emitters = ", ".join(map(self._ref, r.emitters, r.numbers))
            every = "all " if r.all else ""
            yield f"on {every}{emitters} {words} {self._ref(r.subscriber, r.number)}"

    def _orders(self, orders: list[Order]) -> Iterator[str]:
        for o in orders:
            self.mentioned.update((o.after, o.before))
        left, right = [self.names[o.after] for o in orders], [self.names[o.before] for o in orders]
        if both := _product(left, right):
            yield f"{', '.join(both[0])} {orders[0].kind} {', '.join(both[1])}"
        else:
            for after, before in zip(left, right, strict=True):
                yield f"{after} {orders[0].kind} {before}"

    def _ref(self, action: int, number: int | None) -> str:
        return self.names[action] if number is None else f"{self.names[action]}#{number}"


def _statement(item: tuple[str, Rule | Order | int]) -> tuple[object, ...]:
    """What the parts of one statement have in common."""
    kind, what = item
    if isinstance(what, Rule):
        return (kind, what.origin, what.events, what.all)
    if isinstance(what, Order):
        return (kind, what.origin, what.kind)
    return (kind, what)


def _product(left: list[str], right: list[str]) -> tuple[list[str], list[str]] | None:
    """The two lists whose product these pairs are, each in order of appearance; None if they are none."""
    a, b = list(dict.fromkeys(left)), list(dict.fromkeys(right))
    if len(a) * len(b) != len(left):
        return None
    return (a, b) if set(zip(left, right, strict=True)) == {(x, y) for x in a for y in b} else None
