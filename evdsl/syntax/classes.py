"""What each word of a file is, where that shows without its meaning: keyword, event, driver, option, text, comment."""

from __future__ import annotations

import re
from bisect import bisect_left
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
    leaves: list[Piece] = []
    for s in statements:
        _leaves(s, text, leaves)
    spans = sorted([*comments, *leaves])
    found: list[Piece] = []
    for s in statements:
        _keywords(s, text, spans, found)
    return sorted([*spans, *found])


def _keywords(s: ast.Statement, text: str, spans: list[Piece], found: list[Piece]) -> None:
    """Between the names, values and comments of a statement stand only keywords and signs."""
    at = s.start
    for index in range(bisect_left(spans, (s.start,)), len(spans) + 1):
        piece = spans[index] if index < len(spans) else None
        start = min(piece.start, s.end) if piece is not None else s.end
        if start - at > 1:
            for word in _WORD.finditer(text, at, start):
                if word[0] in _KEYWORDS:
                    found.append(Piece(word.start(), word.end(), "keyword"))
        if piece is None or piece.start >= s.end:
            return
        at = max(at, piece.end)


def _leaves(node: Any, text: str, found: list[Piece]) -> None:
    """Put what is written in a node behind `found`."""
    kind = type(node)
    if kind is ast.Ref or kind is ast.Word:
        found.append(Piece(node.start, node.end, "name", node))
    elif kind is ast.Number or kind is ast.Duration:
        found.append(Piece(node.start, node.end, "number", node))
    elif kind is ast.Boolean:
        found.append(Piece(node.start, node.end, "constant", node))
    elif kind is ast.Text:
        _string(node, text, found)
    elif kind is ast.Rule or kind is ast.OwnRule:
        for name in node._fields[:-2]:
            part = getattr(node, name)
            if name == "events":
                found += [Piece(e.start, e.end, "event", e) for e in part]
            elif isinstance(part, tuple):
                _leaves(part, text, found)
    elif kind is ast.Action:
        found.append(Piece(node.name.start, node.name.end, "name", node.name))
        found.append(Piece(node.driver.start, node.driver.end, "driver", node.driver))
        _leaves(node.arguments, text, found)
        _leaves(node.options, text, found)
    elif kind is ast.Option:
        found.append(Piece(node.name.start, node.name.end, "option", node.name))
        first = len(found)
        _leaves(node.value, text, found)
        if node.name.text == "exits" and isinstance(node.value, ast.Map):
            found[first:] = [
                p._replace(kind="event") if type(p.node) is ast.Word else p for p in found[first:]
            ]
    elif isinstance(node, tuple):
        for part in node if kind is tuple else node[:-2]:
            if isinstance(part, tuple):
                _leaves(part, text, found)


def _string(node: ast.Text, text: str, found: list[Piece]) -> None:
    at = node.start
    for hole in _HOLE.finditer(text, node.start, node.end) if not node.raw and "{{" in node.written else ():
        if hole.start() > at:
            found.append(Piece(at, hole.start(), "string", node))
        found.append(Piece(hole.start(), hole.end(), "hole", node))
        at = hole.end()
    if node.end > at:
        found.append(Piece(at, node.end, "string", node))
