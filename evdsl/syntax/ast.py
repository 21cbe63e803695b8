"""The tree of a file: one frozen node for each thing written, as it was written.

Named tuples, not frozen dataclasses: a third of the time to make one, and 20 ms less to import this module, which is
paid by every command. As tuples of the same values are equal, compare nodes by `shape`.

Every node has `start` and `end`, offsets into the text of its file. Nothing here is resolved: a `Ref` is text that
may hold patterns and `{{name}}`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from ..base.duration import Seconds
from ..base.source import Source, Span


class Ref(NamedTuple):
    """A reference, pattern, name or other word: `text` without its `#N`, `number` that N or None."""

    text: str
    number: int | None
    start: int
    end: int


# ---- values


class Word(NamedTuple):
    """A bare word as a value: the param, secret, loop variable or group of that name."""

    text: str
    start: int
    end: int


class Number(NamedTuple):
    value: int | float
    text: str
    start: int
    end: int


class Boolean(NamedTuple):
    value: bool
    start: int
    end: int


class Duration(NamedTuple):
    """`value` is its seconds, `text` as written (`500ms`)."""

    value: Seconds
    text: str
    start: int
    end: int


class Text(NamedTuple):
    """A string. `value`: escapes done, dedented; `raw`: no interpolation (`'…'`); `long`: three quotes.

    `written` is the text between the quotes as it stands in the file.
    """

    value: str
    raw: bool
    long: bool
    written: str
    start: int
    end: int


class List(NamedTuple):
    items: tuple[Value, ...]
    start: int
    end: int


class Map(NamedTuple):
    """`pairs` in the order written; a key is a Ref or a Text."""

    pairs: tuple[tuple[Ref | Text, Value], ...]
    start: int
    end: int


Value = Word | Number | Boolean | Duration | Text | List | Map


class Option(NamedTuple):
    """`name = value` in `[ ]` or `( )`."""

    name: Ref
    value: Value
    start: int
    end: int


# ---- conditions


class Compare(NamedTuple):
    """`operator` is `==`, `!=`, `in` or `not in`."""

    left: Value
    operator: str
    right: Value
    start: int
    end: int


class Truth(NamedTuple):
    """A value alone, which must be true or false."""

    value: Value
    start: int
    end: int


class Not(NamedTuple):
    test: Condition
    start: int
    end: int


class And(NamedTuple):
    tests: tuple[Condition, ...]
    start: int
    end: int


class Or(NamedTuple):
    tests: tuple[Condition, ...]
    start: int
    end: int


Condition = Compare | Truth | Not | And | Or


# ---- statements


class Rule(NamedTuple):
    """`on [all] emitters events subscribers`."""

    all: bool
    emitters: tuple[Ref, ...]
    events: tuple[Ref, ...]
    subscribers: tuple[Ref, ...]
    when: Condition | None
    start: int
    end: int


class BriefRule(NamedTuple):
    """A rule `on a.run changed b.run` with single blanks and nothing else in its line, in a fifth of the memory: large
    files hold nothing else. `rule` is the same as any other. Only in trees that were asked for so, see parser.py.
    """

    emitter: str
    event: str
    subscriber: str
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.emitter) + len(self.event) + len(self.subscriber) + 5

    @property
    def rule(self) -> Rule:
        a = self.start + 3
        event = a + len(self.emitter) + 1
        b = event + len(self.event) + 1
        emitter, word, subscriber = (
            (Ref(text, None, at, at + len(text)),)
            for text, at in ((self.emitter, a), (self.event, event), (self.subscriber, b))
        )
        return Rule(False, emitter, word, subscriber, None, self.start, self.end)


class Order(NamedTuple):
    """`later after earlier` or `later needs earlier`; `kind` is that word."""

    later: tuple[Ref, ...]
    kind: str
    earlier: tuple[Ref, ...]
    when: Condition | None
    start: int
    end: int


class Serial(NamedTuple):
    actions: tuple[Ref, ...]
    start: int
    end: int


class Start(NamedTuple):
    actions: tuple[Ref, ...]
    start: int
    end: int


class Again(NamedTuple):
    actions: tuple[Ref, ...]
    start: int
    end: int


class Handover(NamedTuple):
    """`taken -> given` in a connect: the value `taken` of the emitter, handed over as `given`."""

    taken: Ref
    given: Ref
    start: int
    end: int


class OwnRule(NamedTuple):
    """`on run changed restart` in a connect; both refs are action names."""

    emitter: Ref
    events: tuple[Ref, ...]
    subscriber: Ref
    start: int
    end: int


class NoEvents(NamedTuple):
    start: int
    end: int


class Connect(NamedTuple):
    """`links` is None without a body."""

    emitter: Ref
    receiver: Ref
    links: tuple[Handover | OwnRule | NoEvents, ...] | None
    when: Condition | None
    start: int
    end: int


class Attribute(NamedTuple):
    name: Ref
    value: Value
    start: int
    end: int


class Action(NamedTuple):
    name: Ref
    driver: Ref
    arguments: tuple[Value, ...]
    options: tuple[Option, ...]
    start: int
    end: int


class Resource(NamedTuple):
    """`host` is the `@HOST` with its text without the `@`; `members` is None without a body."""

    name: Ref
    host: Ref | None
    members: tuple[Attribute | Action, ...] | None
    when: Condition | None
    start: int
    end: int


class Host(NamedTuple):
    name: Ref
    address: Value
    options: tuple[Option, ...]
    when: Condition | None
    start: int
    end: int


class Inventory(NamedTuple):
    """`hosts "inventory.yml"`."""

    path: Value
    start: int
    end: int


class Group(NamedTuple):
    name: Ref
    members: Value
    when: Condition | None
    start: int
    end: int


class For(NamedTuple):
    """`over` is a list or a word; `body` its statements."""

    variable: Ref
    over: Value
    body: tuple[Statement, ...]
    when: Condition | None
    start: int
    end: int


class Param(NamedTuple):
    name: Ref
    default: Value
    start: int
    end: int


class Secret(NamedTuple):
    name: Ref
    start: int
    end: int


class Defaults(NamedTuple):
    options: tuple[Option, ...]
    start: int
    end: int


class Import(NamedTuple):
    path: Value
    prefix: Ref
    arguments: tuple[Option, ...]
    when: Condition | None
    start: int
    end: int


Statement = (
    Rule | BriefRule | Order | Serial | Start | Again | Connect | Resource | Host | Inventory | Group | For | Param | Secret
    | Defaults | Import
)  # fmt: skip

Node = Ref | Value | Condition | Option | Handover | OwnRule | NoEvents | Attribute | Action | Statement
"""Everything that has a place."""


class File(NamedTuple):
    """A parsed file: the statements that stand, and its comments as spans in order of appearance.

    `unread`: the places of what was left out as it is at fault, which is told.
    """

    source: Source
    statements: tuple[Statement, ...]
    comments: tuple[Span, ...]
    unread: tuple[Span, ...] = ()


def shape(node: Any) -> Any:
    """The node as nested tuples without places: equal for two texts that say the same."""
    if not isinstance(node, tuple):
        return node
    names = getattr(type(node), "_fields", None)
    if names is None:
        return tuple(shape(item) for item in node)
    left_out = ("start", "end", "written", "source", "comments")
    return (type(node).__name__, *(shape(getattr(node, name)) for name in names if name not in left_out))
