"""Cycles (section 6): which action of a part runs again, and by which rules. One function for each step there."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple

from ..meaning.program import Rule
from .parts import WITHIN, Part, Piece, pieces_of


class Choice(NamedTuple):
    """The action of a piece that runs again, and why (step 2).

    `by` is the first thing that told it from all others: `again`, `only` (one way in), `free` (the others are held
    by an order or a rule to `#0`), `product`, `depth` or `mention`; `rivals` are those that only this told it from.
    `into`, `onto`: how many actions of the piece lead into it, and to how many it leads. `qualified`: all that could
    have been chosen, it included.
    """

    again: int
    by: str
    into: int
    onto: int
    rivals: list[int]
    qualified: list[int]


class Turn(NamedTuple):
    """One piece, its ways in, and what was chosen there; None if no way in qualifies."""

    piece: Piece
    ways: list[int]
    choice: Choice | None


def ways_in(part: Part, piece: Piece, starts: Collection[int]) -> dict[int, int]:
    """Step 1: the actions of a piece that start, or that a rule can set off from outside of it; with their depths."""
    found: dict[int, int] = {}
    for action in piece:
        begins = action in starts
        deepest = 0 if begins else -1
        for inner, depth in part.ways.get(action, ()):
            for emitter in inner:
                if emitter in piece:
                    break
            else:
                if inner:
                    deepest = WITHIN
                    break
                if depth > deepest and not begins:
                    deepest = depth
        if deepest >= 0:
            found[action] = deepest
    return found


def choose(part: Part, piece: Piece, ways: dict[int, int], named: Collection[int]) -> Choice | None:
    """Step 2: of the ways in that nothing from within holds at `#0`, the one that runs again."""
    qualified = sorted(a for a in ways if not any(before in piece for before in part.held[a]))
    if not qualified:
        return None
    counts = {a: (sum(b in piece for b in part.before[a]), len(piece[a])) for a in qualified}

    def rank(action: int) -> tuple[bool, int, int, int]:
        into, onto = counts[action]
        return action in named, into * onto, ways[action], -action

    first = max(qualified, key=rank)
    best, others = rank(first), [a for a in qualified if a != first]
    by = "only" if len(ways) == 1 else "free"
    if first in named:
        by = "again"
    elif others:
        for by, place in (("product", 1), ("depth", 2), ("mention", 3)):
            rivals = [a for a in others if rank(a)[1:place] == best[1:place]]
            if all(rank(a)[place] < best[place] for a in rivals):
                return Choice(first, by, *counts[first], rivals, qualified)
    return Choice(first, by, *counts[first], [], qualified)


def close(part: Part, piece: Piece, again: int) -> list[tuple[int, Rule]]:
    """Step 3: the rules from the piece into the one that runs again; each with its number."""
    return [(n, r) for n, r in part.rules.get(again, ()) if any(e in piece for e in r.emitters)]


def smaller(piece: Piece, again: int, names: list[str]) -> list[Piece]:
    """Step 4: the parts that are still cyclic. Without closing rules nothing of the piece leads into `again`."""
    rest = {a: [b for b in onto if b != again] for a, onto in piece.items() if a != again}
    return pieces_of(rest, names)


def opening(part: Part, starts: Collection[int], named: Collection[int], names: list[str]) -> Iterator[Turn]:
    """The steps for a part and its smaller parts, outer ones first. It ends with the first that cannot be opened."""
    todo = part.pieces[::-1]
    while todo:
        piece = todo.pop()
        ways = ways_in(part, piece, starts)
        choice = choose(part, piece, ways, named)
        yield Turn(piece, list(ways), choice)
        if choice is None:
            return
        todo += reversed(smaller(piece, choice.again, names))


def opens(part: Part, starts: Collection[int], named: Collection[int], names: list[str]) -> bool:
    """Whether all of a part can be opened. That does not hang on what `named` names.

    For a piece that is refused, every way in is held from within it. Whatever else had been chosen before, the piece
    stays together until one of its own actions is chosen in a larger one; but that one would be a way in that nothing
    holds in the larger piece, so in this one too. So no `again` line ever opens a part that is refused.
    """
    return all(turn.choice is not None for turn in opening(part, starts, named, names))
