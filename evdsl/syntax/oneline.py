"""Any node of the tree as text on one line, in canonical form and without comments.

A long string is printed as it was written, so that it alone may bring line ends along.
"""

from __future__ import annotations

from collections.abc import Iterable

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
    if isinstance(test, ast.Or):
        return " or ".join(_inner(t, (ast.Or,)) for t in test.tests)
    if isinstance(test, ast.And):
        return " and ".join(_inner(t, (ast.Or, ast.And)) for t in test.tests)
    if isinstance(test, ast.Not):
        return "not " + _inner(test.test, (ast.Or, ast.And))
    if isinstance(test, ast.Compare):
        return f"{value(test.left)} {test.operator} {value(test.right)}"
    return value(test.value)


def _inner(test: ast.Condition, looser: tuple[type, ...]) -> str:
    return f"({condition(test)})" if isinstance(test, looser) else condition(test)


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
