"""Text to tree. The only module that runs lark: LALR(1), grammar in `grammar/evdsl.lark`, tree made inline.

The whole file is parsed first. Only if that fails it is cut into statements, and those into members, so that every
error is reported at its place and all that stands is kept.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from lark import Lark
from lark.exceptions import UnexpectedInput

from ..base.diagnostic import Diagnostic, in_order
from ..base.memory import all_kept
from ..base.source import Source, Span
from . import ast
from .build import Build
from .lexer import Lexer, Region, TooDeep, Unreadable

_new = tuple.__new__
LOCK = threading.Lock()  # the tree builder holds the state of one parse


def grammar_path() -> str:
    """Where the grammar is: inside the installed package, or beside it in a checkout."""
    package = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
    for folder in (package, os.path.dirname(package)):
        path = os.path.join(folder, "grammar", "evdsl.lark")
        if os.path.isfile(path):
            return path
    raise FileNotFoundError("grammar/evdsl.lark is not where the package was installed")


def cache_path(grammar: str) -> str | bool:
    """Where the built parser is kept: in the user's cache folder; False if there is no such folder to write to."""
    from hashlib import sha256

    root = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    folder = os.path.join(root, "evdsl")
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        if os.stat(folder).st_uid != os.getuid() or not os.access(folder, os.W_OK):
            return False  # the cache is code once loaded: never read one that somebody else can write
    except OSError:
        return False
    return os.path.join(folder, f"parser-{sha256(grammar.encode()).hexdigest()[:16]}.bin")


@lru_cache(maxsize=1)
def machine() -> tuple[Lark, Build]:
    with open(grammar_path(), encoding="utf-8") as file:
        grammar = file.read()
    build = Build()
    parser = Lark(
        grammar,
        parser="lalr",
        lexer=Lexer,
        start=["file", "one_member", "one_link"],
        transformer=build,
        cache=cache_path(grammar),
    )
    return parser, build


def parse(source: Source) -> tuple[ast.File, list[Diagnostic]]:
    """The tree of a source and what is wrong with it. Statements with an error are left out of the tree.

    Never raises for what the text says. Linear in the length of the text.
    """
    with LOCK, all_kept():
        return Parse(source).whole()


class Parse:
    """One parse of one source: what is wrong, and the comments, so far."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.parser, self.build = machine()
        self.build.source, self.build.faults = source, []
        self.comments: list[tuple[int, int]] = []
        self.faults: list[Diagnostic] = []
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
        build.faults, build.unread, build.bad = [], [], False
        try:
            result: Any = self.parser.parse(region, start=start)
        except (UnexpectedInput, TooDeep, Unreadable) as error:
            return [], error
        self.faults += build.faults
        self.unread += build.unread
        self.comments += region.comments
        return result if start == "file" else [], None
