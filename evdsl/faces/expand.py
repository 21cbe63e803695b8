"""`evdsl expand`: the program as plain rules, orders and starts, which have the same plan."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from ..meaning.program import Order, Program, Rule, Start
from ..plan.live import Planned, settled
from ..plan.parts import parts_of
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
    An action that nothing mentions is kept: by a `start` line if it starts, else by an order that cannot hold. What
    is mentioned first counts (section 6): where the rules alone would mention actions in another order, because of
    patterns or of connects without rules, such an order stands before them.
    """
    orders = drop_weak(program)[0]
    held = settled(program, orders, entry, start)
    lines, text = _in_order(program, orders, held, entry)
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


def _in_order(program: Program, orders: list[Order], held: Planned, entry: str) -> tuple[_Lines, list[str]]:
    """The lines of the statements. In a plan with cycles they mention the planned actions in their order, if they can."""
    lines = _Lines(program, orders, held, entry)
    text = list(lines.stated())
    if lines.out_of_order() and parts_of(program, held.rules, held.orders).parts:
        planned = sorted(number for number in lines.mentioned if held.actions[number])
        unplanned = next((number for number, is_ in enumerate(held.actions) if not is_), None)
        if unplanned is not None:
            return lines, [f"{lines.list_of(planned)} after {lines.names[unplanned]}", *text]
        # what starts may be named by a `start` too; where another entry action is asked for, that only mentions
        starts = sorted(held.start.actions) if entry == "run" else planned
        for first, early in (([], True), (starts, False), (starts, True)):
            lines = _Lines(program, orders, held, entry, first, early)
            text = list(lines.stated())
            if not lines.out_of_order():
                break
    return lines, text


class _Lines:
    """The statements in their order, lists put together again. `mentioned`: the actions that they name, in order.

    `first`: what a `start` line before them names. `early`: their parts are put in the order of the actions that they
    mention.
    """

    def __init__(
        self,
        program: Program,
        orders: list[Order],
        held: Planned,
        entry: str,
        first: Sequence[int] = (),
        early: bool = False,
    ) -> None:
        self.program, self.entry, self.planned = program, entry, held.actions
        self.first, self.early = first, early
        self.names = [a.name for a in program.actions]
        self.kept = {(o.before, o.after, o.kind) for o in orders}
        self.dropped = set(held.dropped)
        self.mentioned: dict[int, None] = {}

    def out_of_order(self) -> bool:
        """Whether planned actions are mentioned in another order than in the program, where that is their number."""
        found = [number for number in self.mentioned if self.planned[number]]
        return found != sorted(found)

    def list_of(self, numbers: Sequence[int]) -> str:
        return ", ".join(self.names[number] for number in numbers)

    def _in_order(self, numbers: Sequence[int]) -> bool:
        """Whether a list would mention those that are new in their order; `<h>` mentions pair by pair."""
        new = list(dict.fromkeys(number for number in numbers if number not in self.mentioned))
        return new == sorted(new)

    def _mention(self, *numbers: int) -> None:
        self.mentioned.update(dict.fromkeys(numbers))

    def stated(self) -> Iterator[str]:
        if self.first:
            self._mention(*self.first)
            yield f"start {self.list_of(self.first)}"
        for (kind, *_), group in groupby(
            sorted(self._items(), key=_latest) if self.early else self._items(), key=_statement
        ):
            items: list[Any] = [item for _, item in group]
            if kind == "rule":
                yield from self._rules(items)
            elif kind == "order":
                yield from self._orders(items)
            else:
                self._mention(*items)
                yield f"start {self.names[items[0]]}"
        for number in sorted(self.program.sinks) if self.entry == "run" else ():
            if number not in self.program.starts:
                self._mention(number)
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
        words = "|".join(rules[0].events)
        if not rules[0].all:
            left = [self._ref(r.emitters[0], r.numbers[0]) for r in rules]
            right = [self._ref(r.subscriber, r.number) for r in rules]
            listed = [*(r.emitters[0] for r in rules), *(r.subscriber for r in rules)]
            if (both := _product(left, right)) and self._in_order(listed):
                self._mention(*listed)
                yield f"on {', '.join(both[0])} {words} {', '.join(both[1])}"
                return
        for r in rules:
            self._mention(*r.emitters, r.subscriber)
            emitters = ", ".join(map(self._ref, r.emitters, r.numbers))
            every = "all " if r.all else ""
            yield f"on {every}{emitters} {words} {self._ref(r.subscriber, r.number)}"

    def _orders(self, orders: list[Order]) -> Iterator[str]:
        left, right = [self.names[o.after] for o in orders], [self.names[o.before] for o in orders]
        listed = [*(o.after for o in orders), *(o.before for o in orders)]
        if (both := _product(left, right)) and self._in_order(listed):
            self._mention(*listed)
            yield f"{', '.join(both[0])} {orders[0].kind} {', '.join(both[1])}"
            return
        for o in orders:
            self._mention(o.after, o.before)
            yield f"{self.names[o.after]} {o.kind} {self.names[o.before]}"

    def _ref(self, action: int, number: int | None) -> str:
        return self.names[action] if number is None else f"{self.names[action]}#{number}"


def _latest(item: tuple[str, Rule | Order | int]) -> tuple[int, ...]:
    """The latest of the actions that a part of a statement mentions, then the one that it mentions first."""
    _, what = item
    if isinstance(what, Rule):
        return (max(*what.emitters, what.subscriber), *what.emitters)
    return (max(what.before, what.after), what.after) if isinstance(what, Order) else (what,)


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
