"""The parser: runs the tables that lark makes of the grammar (LALR(1)), and has the tree made on the way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .lexer import Lexer, Region, Token
from .tables import Reduction, Tables

Make = Callable[[list[Any]], Any]


class Unexpected(Exception):
    """The grammar does not go on with `token`; its type is `$END` at the end of the text."""

    def __init__(self, token: Token, tables: Tables, stack: list[int]) -> None:
        super().__init__(f"unexpected {token.type} at {token.start}")
        self.token = token
        self._tables, self._stack = tables, stack

    @property
    def expected(self) -> set[str]:
        """The terminals that could stand in the place of the token."""
        tables, stack = self._tables, self._stack
        there = {symbol for symbol in tables.states[stack[-1]] if symbol.isupper()}
        return {symbol for symbol in there if tables.fits(symbol, stack)} or there


class Machine:
    """Parses regions. What it makes of them is made by the methods of `builder`, by the names of the rules; what has
    no method is a list of its parts."""

    def __init__(self, tables: Tables, builder: object) -> None:
        self.tables = tables
        self.lexer = Lexer(tables)
        self._reductions = [(r.origin, r.size, _maker(r, builder)) for r in tables.reductions]

    def parse(self, region: Region, start: str) -> Any:
        """What the builder makes of the region as a whole. Raises Unexpected, Unreadable, TooDeep."""
        states, reductions, end = self.tables.states, self._reductions, self.tables.ends[start]
        stack, values = [self.tables.begins[start]], list[Any]()
        for token in self.lexer.tokens(region, stack, plain=start == "file"):
            kind = token.type
            while True:
                action = states[stack[-1]].get(kind)
                if action is None:
                    if kind == "$END" and stack[-1] == end:
                        break
                    raise Unexpected(token, self.tables, stack)
                if action >= 0:
                    stack.append(action)
                    values.append(token)
                    break
                origin, size, make = reductions[~action]
                if size:
                    children = values[-size:]
                    del stack[-size:], values[-size:]
                else:
                    children = []
                stack.append(states[stack[-1]][origin])
                values.append(make(children))
        return values[-1]


def _maker(reduction: Reduction, builder: object) -> Make:
    """What makes the value of a rule from those of its symbols, the absent and the left out ones seen to."""
    children, absent, single = reduction.children, reduction.absent, reduction.single
    method = getattr(builder, reduction.name, None) if reduction.name else None
    as_it_is = not absent and children == tuple([(i, False, 0) for i in range(reduction.size)])

    def made(values: list[Any]) -> Any:
        return method(*values) if method is not None else values

    if as_it_is and not single:
        return made

    def make(values: list[Any]) -> Any:
        kept: list[Any] = []
        for index, several, before in children:
            if before:
                kept += [None] * before
            if not several:
                kept.append(values[index])
            elif kept:
                kept += values[index]
            else:
                kept = values[index]  # what a repetition has gathered goes on growing in its place
        if absent:
            kept += [None] * absent
        return kept[0] if single and len(kept) == 1 else made(kept)

    return make
