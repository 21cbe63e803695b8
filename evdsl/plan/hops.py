"""A way through a program, told hop by hop: what every message on a cycle shows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ..base.events import EVENTS
from ..base.source import Span
from ..meaning.program import Order, Program, Rule


class Hop(NamedTuple):
    """From one action to the next, `by` a rule or an order."""

    before: int
    after: int
    by: Rule | Order


def hop(before: int, after: int, into: Iterable[Rule | Order]) -> Hop:
    """The hop by the first of `into` that leads from one action to the other; all of them lead into `after`."""
    for by in into:
        if before == by.before if isinstance(by, Order) else before in by.emitters:
            return Hop(before, after, by)
    raise AssertionError(f"nothing leads from action {before} to action {after}")


def numbered(name: str, number: int | None) -> str:
    """A reference as written."""
    return name if number is None else f"{name}#{number}"


def words(events: Sequence[str]) -> list[str]:
    """The words of a rule in their fixed order."""
    return sorted(events, key=EVENTS.index) if len(events) > 1 else list(events)


def told(program: Program, hop: Hop) -> str:
    """`haproxy.run → glance.run on changed`, `a.run → b.run by needs`."""
    names = program.actions
    before, after = names[hop.before].name, names[hop.after].name
    by = hop.by
    if isinstance(by, Order):
        return f"{before} → {after} by {by.kind}"
    number = by.numbers[by.emitters.index(hop.before)]
    every = "all " if by.all else ""
    on = "|".join(words(by.events))
    return f"{numbered(before, number)} → {numbered(after, by.number)} on {every}{on}"


def labels(program: Program, hops: Iterable[Hop]) -> tuple[tuple[Span, str], ...]:
    """A label for each hop."""
    return tuple((hop.by.origin, told(program, hop)) for hop in hops)


def way(program: Program, path: Sequence[int], limit: int = 8) -> str:
    """`a.run → b.run → a.run` for a path round a cycle; a long one is cut in the middle."""
    shown = [program.actions[action].name for action in (*path, path[0])]
    if len(shown) > limit:
        shown[limit // 2 : -limit // 2] = ["…"]
    return " → ".join(shown)
