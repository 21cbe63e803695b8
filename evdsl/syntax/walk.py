"""The parser's tables walked by hand: what could come next, and the shortest text that would complete what is begun.

For an editor, which asks about texts that are half written.
"""

from __future__ import annotations

from collections import deque

from .lexer import Region, Token
from .parser import machine

_ENDS = (
    "_NL", "RBRACE", "RSQB", "RPAR", "REF", "LBRACE", "LSQB", "EQUAL", "COLON", "COMMA", "STRING", "AFTER", "IN", "AS",
    "EVENTS", "__ANON_0",
)  # fmt: skip
"""What can complete a text that is begun, tried in this order."""
_LONGEST = 8


class Branch:
    """A rule of the grammar that was recognised: its name (or alias), and what it is made of, left to right."""

    __slots__ = ("name", "parts")

    def __init__(self, name: str, parts: list[Branch | Token]) -> None:
        self.name = name
        self.parts = parts


class Walk:
    """One walk: tokens in, by `feed`; the tree of what was fed, once it is `completed`."""

    def __init__(self, start: str) -> None:
        """`start` is a start rule of the grammar."""
        found, _ = machine()
        self.lexer, self.tables = found.lexer, found.tables
        self.stack = [self.tables.begins[start]]
        self.end = self.tables.ends[start]
        self.values: list[Branch | Token] = []

    def read(self, region: Region) -> bool:
        """Feed the tokens of a region, but for the line end that the lexer adds; False where one does not fit.

        Raises Unreadable and TooDeep as the lexer does.
        """
        for token in self.lexer.tokens(region, self.stack, plain=False):
            if token.start == token.end:
                break
            if not self.feed(token):
                return False
        return True

    def takes(self, terminal: str) -> bool:
        """Whether this terminal can come next."""
        return self.tables.fits(terminal, self.stack)

    def keywords(self) -> list[str]:
        """The keywords that can come next, in the order of the grammar."""
        return [word for word, terminal in self.tables.keywords.items() if self.takes(terminal)]

    def feed(self, token: Token) -> bool:
        """Take one token; False, and nothing is changed, if it does not fit."""
        if not self.takes(token.type):
            return False
        stack, values, tables = self.stack, self.values, self.tables
        while (action := tables.states[stack[-1]].get(token.type)) is not None and action < 0:
            rule = tables.reductions[~action]
            parts = values[-rule.size :] if rule.size else []
            if rule.size:
                del stack[-rule.size :], values[-rule.size :]
            stack.append(tables.states[stack[-1]][rule.origin])
            values.append(Branch(rule.name or rule.origin, parts))
        if action is not None:
            stack.append(action)
            values.append(token)
        return True

    def _after(self, stack: tuple[int, ...], terminal: str) -> tuple[int, ...] | None:
        """The states after one more terminal, None if it does not fit."""
        states, action = self.tables.states, self.tables.states[stack[-1]].get(terminal)
        while action is not None and action < 0:
            rule = self.tables.reductions[~action]
            stack = stack[: len(stack) - rule.size]
            stack = (*stack, states[stack[-1]][rule.origin])
            action = states[stack[-1]].get(terminal)
        return None if action is None else (*stack, action)

    def completed(self, at: int) -> Branch | None:
        """The tree with the fewest tokens that makes it whole; they stand at `at`, and are empty."""
        first = tuple(self.stack)
        way: tuple[str, ...] = ()
        waiting, seen = deque([(first, way)]), {first}
        while waiting:
            stack, way = waiting.popleft()
            if self.tables.fits("$END", list(stack)):
                for terminal in (*way, "$END"):
                    self.feed(Token(terminal, "", at, at))
                found = self.values[-1]
                return found if isinstance(found, Branch) else None
            for terminal in _ENDS if len(way) < _LONGEST else ():
                after = self._after(stack, terminal)
                if after is not None and after not in seen:
                    seen.add(after)
                    waiting.append((after, (*way, terminal)))
        return None
