"""Where a statement stands: in which file, under which prefix, with which names bound."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..base.record import field, record
from ..base.source import Source, Span
from ..syntax import ast
from .doc import Docs
from .lost import Lost, Unknown

if TYPE_CHECKING:
    from collections.abc import Mapping


@record
class Unit:
    """One file as it was loaded: the root file, or an import under its prefix (which ends with a dot).

    `folder` holds the file; None for a text that came from no file. `params` are evaluated; `secrets` holds None
    where no value was given. `groups` are lists of names. `inventories` are the paths of those that it names.
    """

    file: ast.File
    folder: str | None
    prefix: str = ""
    importer: Unit | None = None
    params: dict[str, object] = field(default_factory=dict)
    secrets: dict[str, str | None] = field(default_factory=dict)
    passed: frozenset[str] = frozenset()  # params and secrets that its import sets
    groups: dict[str, list[object]] = field(default_factory=dict)
    inventories: list[str] = field(default_factory=list)
    defaults: list[ast.Defaults] = field(default_factory=list)
    absent: set[str] = field(default_factory=set)  # groups and hosts that an `if` left out
    prefixes: list[str] = field(default_factory=list)  # of its own imports, without `prefix`
    known: dict[str, int] = field(
        default_factory=dict
    )  # the number of each action, by the text that names it here
    used: set[str] = field(default_factory=set)  # params, secrets and groups that something reads
    _lost: Lost | None = None
    _docs: Docs | None = None

    @property
    def lost(self) -> Lost:
        """What could not be read in the file, or has no value."""
        if self._lost is None:
            self._lost = Lost()
            self._lost.texts += [span.text for span in self.file.unread]
        return self._lost

    @property
    def docs(self) -> Docs:
        """The doc comments of the file."""
        if self._docs is None:
            self._docs = Docs(self.file)
        return self._docs

    @property
    def source(self) -> Source:
        return self.file.source


@record
class Scope:
    """A unit and the loop variables around a statement in it."""

    unit: Unit
    loop: Mapping[str, object] = field(default_factory=dict)

    def span(self, node: ast.Node) -> Span:
        """The place of a node of this unit's file."""
        return Span(self.unit.file.source, node.start, node.end)

    def static(self, name: str) -> object | None:
        """The value of a loop variable or param, None if there is none of that name.

        Raises Unknown, with nothing to tell, for one that is at fault, which is told already.
        """
        if name in self.loop:
            return self.loop[name]
        if name in self.unit.params:
            self.unit.used.add(name)
            return self.unit.params[name]
        if self.unit.lost and self.unit.lost.value(name):
            raise Unknown
        return None
