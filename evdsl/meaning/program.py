"""A program: what a root file and its imports mean, before the question what a run would do.

Actions are numbered in order of first mention (section 6 of docs/language.md), what is only declared after that in
order of declaration. Everything that refers to an action holds its number.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from ..base.diagnostic import Diagnostic
from ..base.record import field, record
from ..base.source import Span
from ..base.spell import nearest

if TYPE_CHECKING:
    from .scope import Scope, Unit
    from .unroll import Placed
from ..syntax import ast
from .pattern import is_pattern, matches


class Rule(NamedTuple):
    """`emitters`, any of `events` → `subscriber`.

    A rule of one emitter, or with `all` of several that must all match. `numbers` holds each emitter's explicit `#N`
    or None, `number` the subscriber's. `removal`: made by `connect` on `a.remove`; it gives way in a plan that holds
    the receiver's `remove` without it (section 8).
    """

    emitters: tuple[int, ...]
    numbers: tuple[int | None, ...]
    events: tuple[str, ...]
    all: bool
    subscriber: int
    number: int | None
    origin: Span
    removal: bool = False


class Order(NamedTuple):
    """If both run, `before` is settled before `after`; `kind` `needs` adds the veto. weak: it gives way in a cycle."""

    before: int
    after: int
    kind: str
    weak: bool
    origin: Span


class Start(NamedTuple):
    """A `start` statement's word for one action."""

    action: int


class Handed(NamedTuple):
    """One value of a connection: `taken` of resource `emitter` is known to resource `receiver` as `given`."""

    emitter: str
    taken: str
    receiver: str
    given: str
    origin: Span


@record
class Action:
    """`name` is `resource.action`. `driver` is empty where nothing says how it is done (`check` warns).

    `node` holds arguments and options as written, `scope` the names that they see. `file` is the path of what was
    found for it under `actions/`, empty if it was declared.
    """

    name: str
    resource: str
    action: str
    driver: str = ""
    node: ast.Action | None = None
    scope: Scope | None = None
    span: Span | None = None
    file: str = ""
    doc: str = ""


@record
class Resource:
    """A declared resource: its attributes as written, its host's name or None, its actions in order."""

    name: str
    host: str | None
    attributes: dict[str, ast.Attribute]
    actions: list[str]
    scope: Scope
    span: Span
    doc: str = ""
    sink: bool = False
    partial: bool = False  # something in its body could not be read


@record
class Host:
    """An ssh host. `options`: user, port, parallel, key, jump, as written."""

    name: str
    address: str
    options: dict[str, object]
    span: Span


@record
class Program:
    """See the module."""

    path: str
    actions: list[Action]
    rules: list[Rule]
    orders: list[Order]
    starts: list[int] = field(default_factory=list)
    agains: list[tuple[int, Span]] = field(default_factory=list)
    resources: dict[str, Resource] = field(default_factory=dict)
    hosts: dict[str, Host] = field(default_factory=dict)
    handed: list[Handed] = field(default_factory=list)
    rules_only: bool = False
    mentioned: int = 0  # the first so many actions are mentioned, the others only declared
    units: list[Unit] = field(default_factory=list)  # the files, the root first
    sequence: list[int | Start] = field(default_factory=list)  # as stated: rule i as i, order i as ~i, starts
    placed: list[Placed] = field(default_factory=list)  # the statements, loops and imports unrolled

    @property
    def sinks(self) -> list[int]:
        """The numbers of the sinks' `run` actions."""
        resources = self.resources
        return [
            i for i, a in enumerate(self.actions) if a.resource in resources and resources[a.resource].sink
        ]

    def find(self, text: str) -> list[int]:
        """The actions that a reference on the command line names: an action, a resource (its `run`), a pattern."""
        if is_pattern(text):
            return [i for i, a in enumerate(self.actions) if matches(text, (a.name,))]
        wanted = (text, f"{text}.run")
        return [i for i, a in enumerate(self.actions) if a.name in wanted][:1]

    def near(self, text: str, others: Iterable[str] = ()) -> str | None:
        """What was most likely meant by a word that names no action, nor any of the others."""
        if is_pattern(text) and self.find(f"{text}.run"):
            return f"{text}.run"  # a resource stands for its `run`, a pattern of resources does not
        return nearest(text, [*others, *(a.name for a in self.actions)])

    def unknown(self, text: str, option: str) -> Diagnostic:
        """What is said of a reference on the command line that names nothing."""
        near = self.near(text)
        said = f"; did you mean `{near}`?" if near else ""
        hint = "`evdsl list` shows the actions of a file"
        return Diagnostic("EV601", f"`{option} {text}` names no action{said}", None, hint, path=self.path)

    def no_action(self, action: str) -> Diagnostic:
        """What is said of an `--action` that no resource has."""
        known = dict.fromkeys(a.action for a in self.actions)
        near = nearest(action, known)
        said = f"; did you mean `{near}`?" if near else ""
        hint = "actions are called " + ", ".join(list(known)[:12])
        return Diagnostic(
            "EV601", f"`--action {action}`: no resource has such an action{said}", None, hint, path=self.path
        )
