"""The shape of a file: what it declares and says, as a tree of names; and what can be folded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from . import ast

_LONGEST = 80


class Symbol(NamedTuple):
    """Something with a name in a file. `[start, end)` is all of it, `name` the place of its name.

    Kinds: resource, action, attribute, host, group, param, secret, import, loop, rule, order, connect, statement.
    """

    text: str
    kind: str
    start: int
    end: int
    name: tuple[int, int]
    below: tuple[Symbol, ...] = ()


def symbols(file: ast.File) -> list[Symbol]:
    """What a file holds, in its order."""
    return list(_symbols(file.statements, file.source.text))


def _symbols(statements: Iterable[ast.Statement], text: str) -> Iterator[Symbol]:
    for s in statements:
        if isinstance(s, ast.Resource):
            below = tuple(
                _named(m.name.text, "attribute" if isinstance(m, ast.Attribute) else "action", m, m.name)
                for m in s.members or ()
            )
            yield _named(s.name.text, "resource", s, s.name, below)
        elif isinstance(s, ast.For):
            head = f"for {s.variable.text} in {_line(text[s.over.start : s.over.end])}"
            yield _named(head, "loop", s, s.variable, tuple(_symbols(s.body, text)))
        elif isinstance(s, (ast.Host, ast.Group, ast.Param, ast.Secret)):
            yield _named(s.name.text, type(s).__name__.lower(), s, s.name)
        elif isinstance(s, ast.Import):
            yield _named(s.prefix.text, "import", s, s.prefix)
        elif isinstance(s, ast.Connect):
            yield _named(f"connect {s.emitter.text} {s.receiver.text}", "connect", s, s.emitter)
        else:
            kind = {ast.Rule: "rule", ast.Order: "order"}.get(type(s), "statement")
            yield Symbol(_line(text[s.start : s.end]), kind, s.start, s.end, (s.start, s.end))


def _named(
    text: str,
    kind: str,
    node: ast.Statement | ast.Attribute | ast.Action,
    name: ast.Ref,
    below: tuple[Symbol, ...] = (),
) -> Symbol:
    return Symbol(text, kind, node.start, node.end, (name.start, name.end), below)


def _line(text: str) -> str:
    """A statement on one line."""
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"


class Fold(NamedTuple):
    """Lines from that of `start` to that of `end`; `comment` if comments are all there is."""

    start: int
    end: int
    comment: bool


def folds(file: ast.File) -> list[Fold]:
    """Statements and members that take several lines, and comments on several lines."""
    line = file.source.position
    found = [
        Fold(start, end, False) for start, end in _long(file.statements) if line(start)[0] < line(end)[0]
    ]
    block: list[int] = []
    for span in file.comments:
        if span.column - 1 != len(file.source.line(span.line)) - len(file.source.line(span.line).lstrip()):
            continue  # behind something
        if block and line(block[1])[0] + 1 != span.line:
            found += _block(block, file)
            block = []
        block = [block[0] if block else span.start, span.end]
    found += _block(block, file)
    return sorted(found)


def _block(block: list[int], file: ast.File) -> list[Fold]:
    several = block and file.source.position(block[0])[0] < file.source.position(block[1])[0]
    return [Fold(block[0], block[1], True)] if several else []


def _long(statements: Iterable[ast.Statement]) -> Iterator[tuple[int, int]]:
    for s in statements:
        yield s.start, s.end
        if isinstance(s, ast.For):
            yield from _long(s.body)
        elif isinstance(s, ast.Resource):
            yield from ((m.start, m.end) for m in s.members or ())
