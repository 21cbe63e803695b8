"""The rules and orders collected so far; exact duplicates merge."""

from __future__ import annotations

from ..base.diagnostic import Diagnostic
from ..base.events import MATCHES
from ..base.source import Span
from ..syntax import ast
from .names import Names
from .program import Handed, Order, Rule, Start

MOST_RULES = 1_000_000
"""More rules and orders than that are taken for a mistake in a pattern."""

_new = tuple.__new__
_UNNUMBERED = (None,)
_POSITION = {word: i for i, word in enumerate(MATCHES)}


def words(events: tuple[ast.Ref, ...]) -> tuple[str, ...]:
    """The words of a rule, each once, in the order of the table of events."""
    if len(events) == 1:
        return (events[0].text,)
    return tuple(sorted({e.text for e in events}, key=_POSITION.__getitem__))


class TooMany(Exception):
    """A statement makes more rules or orders than MOST_RULES; relate() tells of it and makes no more."""


def bounded(count: int) -> None:
    """Raises TooMany where so many rules, orders or pairs are too many."""
    if count > MOST_RULES:
        raise TooMany


class Relations:
    """What the statements relate; `sequence` has it in their order, `start` too.

    `names` numbers the actions and gathers what is wrong.
    """

    def __init__(self, names: Names) -> None:
        self.names = names
        self.rules: list[Rule] = []
        self.orders: list[Order] = []
        self.handed: list[Handed] = []
        self.sequence: list[int | Start] = []
        self._alone: dict[int, tuple[int]] = {}
        self._events: dict[str, tuple[str]] = {}
        self._rule_at: dict[tuple[object, ...], int] = {}
        self._order_at: dict[tuple[int, int, str], int] = {}

    def rule(
        self,
        emitters: tuple[int, ...],
        numbers: tuple[int | None, ...],
        events: tuple[str, ...],
        every: bool,
        subscriber: int,
        number: int | None,
        origin: Span,
        removal: bool = False,
    ) -> None:
        """Add a rule; an exact duplicate merges with the first, the author's own word before what connect made."""
        parts = (emitters, numbers, events, every, subscriber, number)
        simple = not every and numbers == _UNNUMBERED and number is None and len(events) == 1
        self._rule((emitters[0], subscriber, events[0]) if simple else parts, parts, origin, removal)

    def simple(self, emitter: int, event: str, subscriber: int, origin: Span) -> None:
        """Add a rule of one emitter and one event, without numbers. What such rules have in common they share."""
        emitters = self._alone.get(emitter)
        if emitters is None:
            emitters = self._alone[emitter] = (emitter,)
        events = self._events.get(event)
        if events is None:
            events = self._events[event] = (event,)
        parts = (emitters, _UNNUMBERED, events, False, subscriber, None)
        self._rule((emitter, subscriber, event), parts, origin, False)

    def _rule(self, key: tuple[object, ...], parts: tuple[object, ...], origin: Span, removal: bool) -> None:
        at = self._rule_at.get(key)
        if at is None:
            self._rule_at[key] = at = len(self.rules)
            bounded(at)
            self.sequence.append(at)
            self.rules.append(_new(Rule, (*parts, origin, removal)))  # half the time of Rule(…)
        elif self.rules[at].removal and not removal:
            self.rules[at] = self.rules[at]._replace(removal=False, origin=origin)

    def order(self, before: int, after: int, kind: str, origin: Span, weak: bool = False) -> None:
        """Add an order; an exact duplicate merges with the first, the author's own word before a weak one."""
        key = (before, after, kind)
        at = self._order_at.get(key)
        if at is None:
            self._order_at[key] = len(self.orders)
            bounded(len(self.orders))
            self.sequence.append(~len(self.orders))
            self.orders.append(Order(before, after, kind, weak, origin))
        elif self.orders[at].weak and not weak:
            self.orders[at] = Order(before, after, kind, False, origin)

    def too_many(self, origin: Span) -> None:
        """Tell that a statement would make more than MOST_RULES."""
        message = f"patterns make more than {MOST_RULES:,} rules of this"
        hint = "name fewer actions, or put one action between the two sides"
        self.names.diagnostics.append(Diagnostic("EV215", message, origin, hint))

    def nothing(self, origin: Span) -> None:
        """Tell that a statement with patterns relates nothing."""
        if any(unit.lost for unit in self.names.units):
            return
        message = "the two sides of this statement match nothing together"
        hint = "a pattern never joins a thing with itself, and `<h>` must be the same on both sides"
        self.names.diagnostics.append(Diagnostic("EV206", message, origin, hint))
