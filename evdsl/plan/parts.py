"""The parts of a plan (section 6): its strongly connected components, each as a small graph of its own."""

from __future__ import annotations

from typing import NamedTuple

from ..base.record import field, record
from ..meaning.program import Order, Program, Rule
from .graph import components, condense, cyclic, depths

WITHIN = 1 << 60
"""The depth of a way in from elsewhere in the outermost part: deeper than any from outside (step 4)."""

Piece = dict[int, list[int]]
"""A strongly connected piece of a part: for each of its actions those of the piece that it leads to, by name."""


class Way(NamedTuple):
    """A rule that sets off `#0` of an action: its emitters inside of the part; its depth where it has none."""

    inner: tuple[int, ...]
    depth: int


@record
class Part:
    """An outermost part. Everything is kept by action; `rules` and `orders` by the action that they lead into.

    `rules`: those from within, but for those with an explicit number above 0, each with its number in the plan.
    `before`: the distinct actions of the part that lead into an action by those rules or by orders. `held`: those
    among them that do so by an order or a rule to an explicit `#0`. `ways`: the rules, from anywhere, that can set
    off `#0`. `pieces`: what remains as cycles without explicit numbers.
    """

    actions: list[int]
    rules: dict[int, list[tuple[int, Rule]]] = field(default_factory=dict)
    orders: dict[int, list[Order]] = field(default_factory=dict)
    before: dict[int, list[int]] = field(default_factory=dict)
    held: dict[int, list[int]] = field(default_factory=dict)
    ways: dict[int, list[Way]] = field(default_factory=dict)
    pieces: list[Piece] = field(default_factory=list)


@record
class Parts:
    """`of[a]` is the first action of a's part, `a` itself outside of all; `parts` has them by that action, in order of
    their first names. `out` is the graph of all rules and orders."""

    of: list[int]
    out: list[list[int]]
    parts: dict[int, Part]

    def around(self, action: int) -> Part | None:
        """The part that an action lies in, None if it lies in no cycle."""
        return self.parts.get(self.of[action])


def is_numbered(rule: Rule) -> bool:
    """Whether an explicit number above 0 stands on either side of a rule."""
    return bool(rule.number) or any(rule.numbers)


def parts_of(program: Program, rules: list[Rule], orders: list[Order]) -> Parts:
    """The parts of the graph of these rules and orders."""
    out: list[list[int]] = [[] for _ in program.actions]
    for emitters, _, _, _, subscriber, _, _, _ in rules:
        for emitter in emitters:
            out[emitter].append(subscriber)
    for before, after, *_ in orders:
        out[before].append(after)
    peeled, rest = condense(out)
    of = list(range(len(out)))
    groups = cyclic(out, rest)
    if not groups:
        return Parts(of, out, {})
    names = [action.name for action in program.actions]
    parts: dict[int, Part] = {}
    for group in sorted(groups, key=lambda g: min(names[a] for a in g)):
        group.sort()
        parts[group[0]] = Part(group)
        for action in group:
            of[action] = group[0]
    through = depths(out, peeled, rest)
    for number, rule in enumerate(rules):
        part = parts.get(of[rule.subscriber])
        if part is not None:
            _add_rule(part, number, rule, of, through)
    for order in orders:
        part = parts.get(of[order.after])
        if part is not None and of[order.before] == of[order.after]:
            part.orders.setdefault(order.after, []).append(order)
    for part in parts.values():
        _link(part, of, names)
    return Parts(of, out, parts)


def _add_rule(part: Part, number: int, rule: Rule, of: list[int], through: list[int]) -> None:
    subscriber = rule.subscriber
    inner = tuple([e for e in rule.emitters if of[e] == of[subscriber]])
    if inner and not is_numbered(rule):
        part.rules.setdefault(subscriber, []).append((number, rule))
    if not rule.number:
        way = Way(inner, 0 if inner else max([through[e] for e in rule.emitters]))
        part.ways.setdefault(subscriber, []).append(way)


def _link(part: Part, of: list[int], names: list[str]) -> None:
    """Fill in what leads into what, and the pieces."""
    out: Piece = {action: [] for action in part.actions}
    for action in part.actions:
        held: dict[int, None] = {}
        before: dict[int, None] = {}
        for _, rule in part.rules.get(action, ()):
            inner = [e for e in rule.emitters if of[e] == of[action]]
            before.update(dict.fromkeys(inner))
            if rule.number == 0:
                held.update(dict.fromkeys(inner))
        held.update(dict.fromkeys([order.before for order in part.orders.get(action, ())]))
        before.update(held)
        part.before[action], part.held[action] = list(before), list(held)
        for earlier in before:
            out[earlier].append(action)
    for successors in out.values():
        successors.sort(key=names.__getitem__)
    part.pieces = pieces_of(out, names)


def pieces_of(out: Piece, names: list[str]) -> list[Piece]:
    """The cyclic components of a piece of a graph as graphs of their own, in order of their first names."""
    groups = [set(group) for group in cyclic(out, components(out, out))]
    if len(groups) > 1:
        groups.sort(key=lambda g: min(names[a] for a in g))
    return [{a: [b for b in out[a] if b in group] for a in out if a in group} for group in groups]
