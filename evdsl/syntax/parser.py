"""Text to tree: LALR(1), the grammar in `grammar/evdsl.lark`, the tree made on the way.

The whole file is parsed first. Only if that fails it is cut into statements, and those into members, so that every
error is reported at its place and all that stands is kept.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import Any

from ..base.diagnostic import Diagnostic, Findings, in_order
from ..base.memory import all_kept
from ..base.source import Source, Span
from . import ast
from .build import Build
from .lexer import Region, TooDeep, Unreadable
from .machine import Machine, Unexpected
from .tables import tables

_new = tuple.__new__
_start = attrgetter("start")
LOCK = threading.Lock()  # the tree builder holds the state of one parse


@lru_cache(maxsize=1)
def machine() -> tuple[Machine, Build]:
    build = Build()
    return Machine(tables(), build), build


def parse(source: Source, *, brief: bool = False) -> tuple[ast.File, list[Diagnostic]]:
    """The tree of a source and what is wrong with it. Statements with an error are left out of the tree.

    Never raises for what the text says. Linear in the length of the text. `brief`: with BriefRules among the
    statements, for those who pass over the tree once.
    """
    with LOCK, all_kept():
        return Parse(source, {} if brief else None).whole()


class Parse:
    """One parse of one source: what is wrong, and the comments, so far."""

    def __init__(self, source: Source, texts: dict[str, str] | None = None) -> None:
        self.source = source
        self.texts = texts  # for BriefRules
        self.parser, self.build = machine()
        self.build.source, self.build.faults = source, Findings()
        self.comments: list[tuple[int, int]] = []
        self.faults = Findings()
        self.unread: list[tuple[int, int]] = []  # what is left out

    def whole(self) -> tuple[ast.File, list[Diagnostic]]:
        text = self.source.text
        statements, error = self.attempt("file", Region(text, 0, len(text)))
        if error is not None:
            from .recovery import recovered

            statements = recovered(self)
        return self.file(statements, self.comments), in_order(self.faults)

    def file(self, statements: Sequence[ast.Statement], comments: Iterable[tuple[int, int]]) -> ast.File:
        """The tree of the whole source."""
        source = self.source
        places = [
            tuple([_new(Span, (source, start, end)) for start, end in sorted(set(places))])
            for places in (comments, self.unread)
        ]
        return ast.File(source, tuple(statements), *places)

    def region(self, start: int, end: int) -> Region:
        """A piece of the text, to attempt."""
        return Region(self.source.text, start, end)

    def attempt(self, start: str, region: Region) -> tuple[list[Any], Exception | None]:
        """What the region holds, or the error for which it does not parse; then nothing of it is kept."""
        build = self.build
        build.faults, build.unread, build.bad = Findings(), [], False
        try:
            region.texts = self.texts
            result: Any = self.parser.parse(region, start=start)
        except (Unexpected, TooDeep, Unreadable) as error:
            return [], error
        self.faults += build.faults
        self.unread += build.unread
        self.comments += region.comments
        if start != "file":
            return [], None
        return sorted([*result, *region.rules], key=_start) if region.rules else result, None
