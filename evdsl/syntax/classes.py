"""What each word of a file is, where that shows without its meaning: keyword, event, driver, option, text, comment."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from . import ast
from .words import KEYWORDS

_WORD = re.compile(r"[a-z]+")
_HOLE = re.compile(r"\{\{[^{}]*\}\}")
_KEYWORDS = {word for words in KEYWORDS for word in words.split()}


class Piece(NamedTuple):
    """`[start, end)` is a `keyword`, `event`, `driver`, `option`, `number`, `constant`, `string`, `comment`, `name` or `hole`.

    A name is whatever the program says it is, and so is what a hole `{{x}}` holds; `node` is the node that it comes from, None for keywords and comments.
    """

    start: int
    end: int
    kind: str
    node: Any = None


def classes(file: ast.File, start: int = 0, end: int | None = None) -> list[Piece]:
    """The pieces of a file in their order; strings are cut at their holes. Nothing overlaps.

    With `start` and `end`, only those of statements that reach into this piece of the file.
    """
    text = file.source.text
    stop = len(text) if end is None else end
    statements = [s for s in file.statements if start <= s.end and s.start <= stop]
    low = min(start, statements[0].start) if statements else start
    high = max(stop, statements[-1].end) if statements else stop
    comments = [Piece(c.start, c.end, "comment") for c in file.comments if low <= c.end and c.start <= high]
    leaves = [leaf for s in statements for leaf in _leaves(s, text)]
    spans = sorted([*comments, *leaves])
    found: list[Piece] = []
    for s in statements:
        found += _keywords(s, text, spans)
    return sorted([*spans, *found])


def _keywords(s: ast.Statement, text: str, spans: list[Piece]) -> Iterator[Piece]:
    """Between the names, values and comments of a statement stand only keywords and signs."""
    from bisect import bisect_left

    at = s.start
    for piece in spans[bisect_left(spans, (s.start,)) : bisect_left(spans, (s.end,))]:
        for word in _WORD.finditer(text, at, piece.start) if piece.start > at else ():
            if word[0] in _KEYWORDS:
                yield Piece(word.start(), word.end(), "keyword")
        at = max(at, piece.end)
    for word in _WORD.finditer(text, at, s.end):
        if word[0] in _KEYWORDS:
            yield Piece(word.start(), word.end(), "keyword")


def _leaves(node: Any, text: str) -> Iterator[Piece]:
    kind = type(node)
    if kind is ast.Ref or kind is ast.Word:
        yield Piece(node.start, node.end, "name", node)
    elif kind in (ast.Number, ast.Duration):
        yield Piece(node.start, node.end, "number", node)
    elif kind is ast.Boolean:
        yield Piece(node.start, node.end, "constant", node)
    elif kind is ast.Text:
        yield from _string(node, text)
    elif kind in (ast.Rule, ast.OwnRule):
        for name in node._fields[:-2]:
            part = getattr(node, name)
            if name == "events":
                yield from (Piece(e.start, e.end, "event", e) for e in part)
            elif isinstance(part, tuple):
                yield from _leaves(part, text)
    elif kind is ast.Action:
        yield Piece(node.name.start, node.name.end, "name", node.name)
        yield Piece(node.driver.start, node.driver.end, "driver", node.driver)
        yield from _leaves(node.arguments, text)
        yield from _leaves(node.options, text)
    elif kind is ast.Option:
        yield Piece(node.name.start, node.name.end, "option", node.name)
        events = node.name.text == "exits" and isinstance(node.value, ast.Map)
        for leaf in _leaves(node.value, text):
            yield leaf._replace(kind="event") if events and type(leaf.node) is ast.Word else leaf
    elif isinstance(node, tuple):
        parts = node if kind is tuple else node[:-2]
        for part in parts:
            if isinstance(part, tuple):
                yield from _leaves(part, text)


def _string(node: ast.Text, text: str) -> Iterator[Piece]:
    at = node.start
    for hole in _HOLE.finditer(text, node.start, node.end) if not node.raw and "{{" in node.written else ():
        if hole.start() > at:
            yield Piece(at, hole.start(), "string", node)
        yield Piece(hole.start(), hole.end(), "hole", node)
        at = hole.end()
    if node.end > at:
        yield Piece(at, node.end, "string", node)
