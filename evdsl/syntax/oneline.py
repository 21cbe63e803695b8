"""Any node of the tree as text on one line, in canonical form and without comments.

A long string is printed as it was written, so that it alone may bring line ends along.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from . import ast

Node = (
    ast.Statement | ast.Attribute | ast.Action | ast.Handover | ast.OwnRule | ast.NoEvents
)  # fmt: skip
"""What stands on lines of its own: a statement, or a member of a body."""


def ref(node: ast.Ref) -> str:
    return node.text if node.number is None else f"{node.text}#{node.number}"


def refs(nodes: Iterable[ast.Ref], between: str = ", ") -> str:
    return between.join(map(ref, nodes))


def value(node: ast.Value) -> str:
    """Strings, numbers and durations as they were written."""
    if isinstance(node, ast.Text):
        return text(node)
    if isinstance(node, ast.Boolean):
        return "true" if node.value else "false"
    if isinstance(node, ast.List):
        return "[" + ", ".join(map(value, node.items)) + "]"
    if isinstance(node, ast.Map):
        return "{" + ", ".join(key(k) + value(v) for k, v in node.pairs) + "}"
    return node.text


def text(node: ast.Text) -> str:
    quotes = ("'" if node.raw else '"') * (3 if node.long else 1)
    return quotes + node.written + quotes


def key(node: ast.Ref | ast.Text) -> str:
    """What stands before the value of an option, a pair of a map or an attribute."""
    return (text(node) if isinstance(node, ast.Text) else ref(node)) + " = "


def options(nodes: Iterable[ast.Option], opening: str = "[", close: str = "]") -> str:
    return opening + ", ".join(key(o.name) + value(o.value) for o in nodes) + close


def condition(test: ast.Condition) -> str:
    """A condition with the parentheses that it needs, and no others."""
    return "".join(text for text, _ in _pieces(test, 0))


_Piece = tuple[str, int]
"""A piece of a condition: for a comparison or a value, how many brackets are inside one another there; else -1."""


def _pieces(test: ast.Condition, depth: int) -> Iterator[_Piece]:
    if isinstance(test, (ast.Or, ast.And)):
        either = isinstance(test, ast.Or)
        for i, each in enumerate(test.tests):
            if i:
                yield " or " if either else " and ", -1
            yield from _inner(each, (ast.Or,) if either else (ast.Or, ast.And), depth)
    elif isinstance(test, ast.Not):
        yield "not ", -1
        yield from _inner(test.test, (ast.Or, ast.And), depth)
    elif isinstance(test, ast.Compare):
        deepest = max(_brackets(test.left), _brackets(test.right))
        yield f"{value(test.left)} {test.operator} {value(test.right)}", depth + deepest
    else:
        yield value(test.value), depth + _brackets(test.value)


def _inner(test: ast.Condition, looser: tuple[type, ...], depth: int) -> Iterator[_Piece]:
    if not isinstance(test, looser):
        yield from _pieces(test, depth)
    else:
        yield "(", -1
        yield from _pieces(test, depth + 1)
        yield ")", -1


def _brackets(node: ast.Value) -> int:
    """How many brackets of a value are inside one another."""
    if isinstance(node, ast.List):
        return 1 + max(map(_brackets, node.items), default=0)
    if isinstance(node, ast.Map):
        return 1 + max((_brackets(v) for _, v in node.pairs), default=0)
    return 0


def parenthesized(test: ast.Condition, opening: str, close: str, most: int) -> str:
    """The condition with one more pair of parentheses, where comments can stand.

    Around all of it; where brackets would then be deeper than `most`, around the first part that has room, or in place
    of the first pair that there is.
    """
    pieces = list(_pieces(test, 0))
    if max(depth for _, depth in pieces) < most:
        return opening + "".join(text for text, _ in pieces) + close
    first = next((i for i, (_, depth) in enumerate(pieces) if 0 <= depth < most), None)
    if first is not None:
        pieces[first] = (opening + pieces[first][0] + close, 0)
    else:
        begin = end = pieces.index(("(", -1))
        open_ = 1
        while open_:
            end += 1
            open_ += {("(", -1): 1, (")", -1): -1}.get(pieces[end], 0)
        pieces[begin], pieces[end] = (opening, -1), (close, -1)
    return "".join(text for text, _ in pieces)


def when(test: ast.Condition | None) -> str:
    return "" if test is None else " if " + condition(test)


def head(node: ast.Resource | ast.Connect | ast.For) -> str:
    """What stands before the body of a statement."""
    if isinstance(node, ast.Resource):
        return f"resource {ref(node.name)}" + (f" @{node.host.text}" if node.host else "")
    if isinstance(node, ast.Connect):
        return f"connect {ref(node.emitter)} {ref(node.receiver)}"
    return f"for {ref(node.variable)} in {value(node.over)}"


def members(node: ast.Resource | ast.Connect | ast.For) -> tuple[Node, ...] | None:
    """What stands in the body of a statement; None if it has none."""
    if isinstance(node, ast.Resource):
        return node.members
    return node.links if isinstance(node, ast.Connect) else node.body


def oneline(node: Node) -> str:
    """The statement or member, its body too, on one line."""
    match node:
        case ast.Rule():
            emitters, events = refs(node.emitters), refs(node.events, "|")
            every = "all " if node.all else ""
            return f"on {every}{emitters} {events} {refs(node.subscribers)}{when(node.when)}"
        case ast.Order():
            return f"{refs(node.later)} {node.kind} {refs(node.earlier)}{when(node.when)}"
        case ast.Resource() | ast.Connect() | ast.For():
            inside = members(node)
            if inside is None:
                return head(node) + when(node.when)
            body = " { " + "; ".join(map(oneline, inside)) + " }" if inside else " {}"
            return head(node) + body + when(node.when)
        case ast.Attribute():
            return key(node.name) + value(node.value)
        case ast.Action():
            words = [ref(node.name) + ":", ref(node.driver), *map(value, node.arguments)]
            return " ".join(words + ([options(node.options)] if node.options else []))
        case ast.Handover():
            return f"{ref(node.taken)} -> {ref(node.given)}"
        case ast.OwnRule():
            return f"on {ref(node.emitter)} {refs(node.events, '|')} {ref(node.subscriber)}"
        case ast.NoEvents():
            return "no events"
        case _:
            return _declaration(node)


def _declaration(node: Node) -> str:
    match node:
        case ast.Serial() | ast.Start() | ast.Again():
            return f"{type(node).__name__.lower()} {refs(node.actions)}"
        case ast.Host():
            settings = " " + options(node.options) if node.options else ""
            return f"host {key(node.name)}{value(node.address)}{settings}{when(node.when)}"
        case ast.Inventory():
            return f"hosts {value(node.path)}"
        case ast.Group():
            return f"group {key(node.name)}{value(node.members)}{when(node.when)}"
        case ast.Param():
            return f"param {key(node.name)}{value(node.default)}"
        case ast.Secret():
            return f"secret {ref(node.name)}"
        case ast.Defaults():
            return f"defaults {options(node.options)}"
        case ast.Import():
            given = " " + options(node.arguments, "(", ")") if node.arguments else ""
            return f"import {value(node.path)} as {ref(node.prefix)}{given}{when(node.when)}"
    raise AssertionError(f"no text for {node}")
