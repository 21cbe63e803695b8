"""Text to tokens, by the terminals of the grammar.

A keyword is one only where the grammar takes it there (`on on.run changed all.run`), and a line goes on inside brackets
but not inside bodies. One regular expression serves all states.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from .plain import rules
from .tables import Tables

if TYPE_CHECKING:
    from . import ast

MAX_DEPTH = 64
_BLANK = (
    r"(?:[ \t]+|\\\n)*+"  # possessive: what follows never begins with a blank, and going back would explode
)


class Token:
    """A piece of text and the terminal that it is; `start` and `end` are offsets into the source."""

    __slots__ = ("end", "start", "text", "type")

    def __init__(self, type: str, text: str, start: int, end: int) -> None:
        self.type = type
        self.text = text
        self.start = start
        self.end = end


class Unreadable(Exception):
    """No token begins at offset `at`."""

    def __init__(self, at: int) -> None:
        super().__init__(f"no token at {at}")
        self.at = at


class TooDeep(Exception):
    """The bracket at offset `at` is nested deeper than MAX_DEPTH; bodies and other brackets count apart."""

    def __init__(self, at: int) -> None:
        super().__init__(f"nested too deep at {at}")
        self.at = at


class Region:
    """What is to be parsed: `text[start:end]`, which stands `offset` further on in its source.

    `comments` collects start and end of each comment in it, `rules` the plain rules, which make no tokens; `texts` is
    for plain.py.
    """

    __slots__ = ("comments", "end", "offset", "rules", "start", "text", "texts")

    def __init__(self, text: str, start: int, end: int, offset: int = 0) -> None:
        self.text = text
        self.start = start
        self.end = end
        self.offset = offset
        self.comments: list[tuple[int, int]] = []
        self.rules: list[ast.Rule | ast.BriefRule] = []
        self.texts: dict[str, str] | None = None


class Lexer:
    """Makes the tokens of a Region.

    `{` opens a map behind `=`, inside any bracket, and among the arguments of an action; else it opens a body, where
    each line is a member. Line ends inside `( )`, `[ ]` and maps are left out.
    """

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self._match = re.compile(
            _BLANK + "(?:" + "|".join(f"(?P<{name}>{regexp})" for name, regexp in tables.patterns) + ")"
        ).match
        self._blank = re.compile(_BLANK).match
        self._arrow = re.compile(_BLANK + "->").match  # `on -> x` hands over a value that is called `on`

    def tokens(self, region: Region, stack: list[int], *, plain: bool) -> Iterator[Token]:
        """The tokens of the region, a line end added after the last one if there is none, and `$END`.

        `stack`: the states of the parser that takes them, one by one. With `plain`, where it reads statements, plain
        rules make no tokens and go to the region.
        """
        text, at, end, offset = region.text, region.start, region.end, region.offset
        match, arrow, keywords, fits = self._match, self._arrow, self.tables.keywords, self.tables.fits
        bodies: list[bool] = []  # for each open bracket, whether it opens a body
        previous, in_arguments, flat = "", False, 0  # flat: how many open brackets let a line go on
        if plain:
            at = rules(text, at, end, offset, region.rules, region.texts)
        while at < end:
            found = match(text, at, end)
            if found is None:
                at = self._blank(text, at, end).end()  # type: ignore[union-attr]
                if at >= end:
                    break
                raise Unreadable(at + offset)
            kind: str = found.lastgroup  # type: ignore[assignment]
            start, at = found.span(kind)
            value = text[start:at]
            if kind == "REF":
                if value in keywords and fits(keywords[value], stack) and not arrow(text, at, end):
                    kind = keywords[value]
            elif kind == "_NL":
                if "#" in value:
                    _comments(value, start + offset, region.comments)
                if flat:
                    continue
                if plain and not bodies:
                    at = rules(text, at, end, offset, region.rules, region.texts)
                if previous == "_NL":
                    continue
                in_arguments = False
            elif kind == "COMMENT":
                region.comments.append((start + offset, at + offset))
                continue
            elif kind == "COLON":
                in_arguments = True
            elif kind == "SEMICOLON":
                in_arguments = False
            elif kind in ("LSQB", "LPAR", "LBRACE"):
                body = kind == "LBRACE" and not flat and not in_arguments and previous != "EQUAL"
                if (len(bodies) - flat if body else flat) == MAX_DEPTH:
                    raise TooDeep(start + offset)
                bodies.append(body)
                flat += not body
            elif kind in ("RSQB", "RPAR", "RBRACE") and bodies:
                if bodies.pop():
                    in_arguments = False
                else:
                    flat -= 1
            previous = kind
            yield Token(kind, value, start + offset, at + offset)
        if previous not in ("_NL", ""):
            yield Token("_NL", "\n", end + offset, end + offset)
        yield Token("$END", "", end + offset, end + offset)


def _comments(line_ends: str, start: int, comments: list[tuple[int, int]]) -> None:
    """The comments that stand on lines of their own inside a line end token."""
    for line in line_ends.split("\n"):
        hash_at = line.find("#")
        if hash_at >= 0:
            comments.append((start + hash_at, start + len(line)))
        start += len(line) + 1
