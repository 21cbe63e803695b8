"""All cycles of a plan, opened (section 6): what runs again, by which rules, and what is to be said of it."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

from ..base.diagnostic import Diagnostic
from ..base.record import field, record
from ..base.source import Span
from ..meaning.program import Order, Program, Rule
from . import faults
from .cycles import Choice, Turn, close, opening
from .graph import shortest_path
from .hops import Hop, hop
from .live import Planned
from .parts import Part, Parts, Piece


class Resolved(NamedTuple):
    """A cycle and how it is resolved.

    `hops`: a shortest way round, from and to the action that runs again. `closing`: each rule that sets off `#1`,
    with an emitter inside of the cycle.
    """

    again: int
    hops: list[Hop]
    choice: Choice
    closing: list[tuple[int, Rule]]


@record
class Opened:
    """Every cycle, outer ones first; the numbers of the closing rules; notes and faults."""

    cycles: list[Resolved] = field(default_factory=list)
    closing: set[int] = field(default_factory=set)
    found: list[Diagnostic] = field(default_factory=list)


def open_all(program: Program, held: Planned, parts: Parts) -> Opened:
    """Open all parts of a plan.

    Found: EV501 for each cycle, EV301 for a part that cannot be opened, EV306 for an `again` that is not obeyed.
    """
    opened = Opened()
    starts, named = set(held.start.actions), {action for action, _ in program.agains}
    names = [action.name for action in program.actions] if parts.parts else []
    stuck: set[int] = set()
    for part in parts.parts.values():
        for turn in opening(part, starts, named, names):
            if turn.choice is None:
                stuck.update(part.actions)
                opened.found.append(_unopened(program, part, turn, names))
                break
            _resolve(program, opened, part, turn.piece, turn.choice)
    again = {cycle.again for cycle in opened.cycles}
    for action, span in program.agains:
        if held.actions[action] and action not in again and action not in stuck:
            around = parts.around(action)
            turns = opening(around, starts, named, names) if around else ()
            opened.found.append(_not_obeyed(program, action, span, around, turns))
    return opened


def _into(part: Part, action: int) -> list[Rule | Order]:
    return [*(rule for _, rule in part.rules.get(action, ())), *part.orders.get(action, ())]


def _holding(part: Part, action: int) -> list[Rule | Order]:
    """What holds an action at `#0` from within its part."""
    return [by for by in _into(part, action) if isinstance(by, Order) or by.number == 0]


def _round(part: Part, piece: Piece, action: int) -> list[Hop]:
    """A shortest way round a piece from and to one of its actions, the first by name."""
    path = shortest_path(piece, action, {b for b in part.before[action] if b in piece})
    return [hop(a, b, _into(part, b)) for a, b in zip(path, [*path[1:], action], strict=True)]


def _resolve(program: Program, opened: Opened, part: Part, piece: Piece, choice: Choice) -> None:
    closing: list[tuple[int, Rule]] = []
    for number, rule in close(part, piece, choice.again):
        opened.closing.add(number)
        closing += [(emitter, rule) for emitter in dict.fromkeys(rule.emitters) if emitter in piece]
    hops = _round(part, piece, choice.again)
    opened.cycles.append(Resolved(choice.again, hops, choice, closing))
    opened.found.append(faults.cycle(program, hops, choice))


def _unopened(program: Program, part: Part, turn: Turn, names: list[str]) -> Diagnostic:
    """Shows the way from the first way in by name to what holds it at `#0`."""
    first = min(turn.ways, key=names.__getitem__)
    path = shortest_path(turn.piece, first, {b for b in part.held[first] if b in turn.piece})
    hops = [hop(a, b, _into(part, b)) for a, b in pairwise(path)]
    return faults.unopened(program, [*hops, hop(path[-1], first, _holding(part, first))], turn.ways)


def _not_obeyed(
    program: Program, action: int, span: Span, part: Part | None, turns: Iterable[Turn]
) -> Diagnostic:
    out = "take the line out"
    if part is None:
        return faults.not_obeyed(program, action, span, "no cycle of this plan goes through it", out, [])
    for turn in turns:
        if action not in turn.piece or turn.choice is None:
            continue
        hops = _round(part, turn.piece, action)
        could = faults.could(program, turn.choice.qualified)
        if action in turn.choice.qualified:
            why = f"the same cycle obeys `again {program.actions[turn.choice.again].name}`"
            return faults.not_obeyed(program, action, span, why, "keep one of the two lines", hops)
        if action not in turn.ways:
            why = "nothing from outside of its cycle sets it off"
            return faults.not_obeyed(program, action, span, why, could, hops)
        by = next(
            by
            for by in _holding(part, action)
            if any(b in turn.piece for b in ((by.before,) if isinstance(by, Order) else by.emitters))
        )
        why = f"{faults.written(program, by)} binds it from within its cycle"
        return faults.not_obeyed(program, action, span, why, could, hops)
    why = "its cycle goes through explicit numbers, which say themselves what runs again"
    return faults.not_obeyed(program, action, span, why, out, [])
