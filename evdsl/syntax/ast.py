"""The tree of a file: one frozen node for each thing written, as it was written.

Every node has `start` and `end`, offsets into the text of its file. Nothing here is resolved: a `Ref` is text that
may hold patterns and `{{name}}`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from ..base.source import Source, Span


@dataclass(frozen=True, slots=True)
class Ref:
    """A reference, pattern, name or other word: `text` without its `#N`, `number` that N or None."""

    text: str
    number: int | None
    start: int
    end: int


# ---- values


@dataclass(frozen=True, slots=True)
class Word:
    """A bare word as a value: the param, secret, loop variable or group of that name."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Number:
    value: int | float
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Boolean:
    value: bool
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Duration:
    """`seconds` is the value, `text` as written (`500ms`)."""

    seconds: float
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Text:
    """A string. `value`: escapes done, dedented; `raw`: no interpolation (`'…'`); `long`: three quotes.

    `written` is the text between the quotes as it stands in the file.
    """

    value: str
    raw: bool
    long: bool
    written: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class List:
    items: tuple[Value, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Map:
    """`pairs` in the order written; a key is a Ref or a Text."""

    pairs: tuple[tuple[Ref | Text, Value], ...]
    start: int
    end: int


Value = Word | Number | Boolean | Duration | Text | List | Map


@dataclass(frozen=True, slots=True)
class Option:
    """`name = value` in `[ ]` or `( )`."""

    name: Ref
    value: Value
    start: int
    end: int


# ---- conditions


@dataclass(frozen=True, slots=True)
class Compare:
    """`operator` is `==`, `!=`, `in` or `not in`."""

    left: Value
    operator: str
    right: Value
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Truth:
    """A value alone, which must be true or false."""

    value: Value
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Not:
    test: Condition
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class And:
    tests: tuple[Condition, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Or:
    tests: tuple[Condition, ...]
    start: int
    end: int


Condition = Compare | Truth | Not | And | Or


# ---- statements


@dataclass(frozen=True, slots=True)
class Rule:
    """`on [all] emitters events subscribers`."""

    all: bool
    emitters: tuple[Ref, ...]
    events: tuple[Ref, ...]
    subscribers: tuple[Ref, ...]
    when: Condition | None
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Order:
    """`later after earlier` or `later needs earlier`; `kind` is that word."""

    later: tuple[Ref, ...]
    kind: str
    earlier: tuple[Ref, ...]
    when: Condition | None
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Serial:
    actions: tuple[Ref, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Start:
    actions: tuple[Ref, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Again:
    actions: tuple[Ref, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Handover:
    """`taken -> given` in a connect: the value `taken` of the emitter, handed over as `given`."""

    taken: Ref
    given: Ref
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class OwnRule:
    """`on run changed restart` in a connect; both refs are action names."""

    emitter: Ref
    events: tuple[Ref, ...]
    subscriber: Ref
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class NoEvents:
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Connect:
    """`links` is None without a body."""

    emitter: Ref
    receiver: Ref
    links: tuple[Handover | OwnRule | NoEvents, ...] | None
    when: Condition | None
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Attribute:
    name: Ref
    value: Value
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Action:
    name: Ref
    driver: Ref
    arguments: tuple[Value, ...]
    options: tuple[Option, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Resource:
    """`host` is the `@HOST` with its text without the `@`; `members` is None without a body."""

    name: Ref
    host: Ref | None
    members: tuple[Attribute | Action, ...] | None
    when: Condition | None
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Host:
    name: Ref
    address: Value
    options: tuple[Option, ...]
    when: Condition | None
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Inventory:
    """`hosts "inventory.yml"`."""

    path: Value
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Group:
    name: Ref
    members: Value
    when: Condition | None
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class For:
    """`over` is a list or a word; `body` its statements."""

    variable: Ref
    over: Value
    body: tuple[Statement, ...]
    when: Condition | None
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Param:
    name: Ref
    default: Value
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Secret:
    name: Ref
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Defaults:
    options: tuple[Option, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Import:
    path: Value
    prefix: Ref
    arguments: tuple[Option, ...]
    when: Condition | None
    start: int
    end: int


Statement = (
    Rule | Order | Serial | Start | Again | Connect | Resource | Host | Inventory | Group | For | Param | Secret
    | Defaults | Import
)  # fmt: skip

Node = Ref | Value | Condition | Option | Handover | OwnRule | NoEvents | Attribute | Action | Statement
"""Everything that has a place."""


@dataclass(frozen=True, slots=True)
class File:
    """A parsed file: the statements that stand, and its comments as spans in order of appearance."""

    source: Source
    statements: tuple[Statement, ...]
    comments: tuple[Span, ...]


def shape(node: Any) -> Any:
    """The node as nested tuples without places: equal for two texts that say the same."""
    if isinstance(node, tuple):
        return tuple(shape(item) for item in node)
    names = getattr(type(node), "__dataclass_fields__", None)
    if names is None:
        return node
    left_out = ("start", "end", "written", "source", "comments")
    return (
        type(node).__name__,
        *(shape(getattr(node, f.name)) for f in fields(node) if f.name not in left_out),
    )
