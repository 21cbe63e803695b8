"""Text to tree. The only module that runs lark: LALR(1), grammar in `grammar/evdsl.lark`, tree made inline.

The whole file is parsed first. Only if that fails it is cut into statements, and those into members, so that every
error is reported at its place and all that stands is kept.
"""

from __future__ import annotations

import os
import threading
from functools import lru_cache
from typing import Any

from lark import Lark
from lark.exceptions import UnexpectedInput

from ..base.diagnostic import Diagnostic, in_order
from ..base.memory import all_kept
from ..base.source import Source, Span
from . import ast, faults, split
from .build import Build
from .faults import FORMS, MEMBER_FORMS
from .lexer import Lexer, Region, TooDeep, Unreadable

_LOCK = threading.Lock()  # the tree builder holds the state of one parse
_BODIES = {"resource": "one_member", "connect": "one_link", "for": "file"}


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
def _machine() -> tuple[Lark, Build]:
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
    with _LOCK, all_kept():
        return _Parse(source).whole()


class _Parse:
    """One parse of one source."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.parser, self.build = _machine()
        self.build.source, self.build.faults = source, []
        self.comments: list[tuple[int, int]] = []
        self.faults: list[Diagnostic] = []
        self.in_text = False  # three quotes are opened further up and never closed

    def whole(self) -> tuple[ast.File, list[Diagnostic]]:
        text = self.source.text
        statements, error = self._attempt("file", Region(text, 0, len(text)))
        if error is not None:
            statements = [s for piece in split.statements(text) for s in self._piece(piece)]
        comments = tuple(Span(self.source, start, end) for start, end in sorted(set(self.comments)))
        return ast.File(self.source, tuple(statements), comments), in_order(self.faults)

    def _attempt(self, start: str, region: Region) -> tuple[list[Any], Exception | None]:
        """What the region holds, or the error for which it does not parse; then nothing of it is kept."""
        build = self.build
        build.faults, build.bad = [], False
        try:
            result: Any = self.parser.parse(region, start=start)
        except (UnexpectedInput, TooDeep, Unreadable) as error:
            return [], error
        self.faults += build.faults
        self.comments += region.comments
        return result if start == "file" else [], None

    def _piece(self, piece: split.Piece) -> list[ast.Statement]:
        """Read one statement; if it fails and has a body, tell which members are at fault and read it without."""
        text = self.source.text
        found, error = self._attempt("file", Region(text, piece.start, piece.end))
        if error is None:
            return found
        word = text[piece.start : piece.end].split(None, 1)[0]
        start = _BODIES.get(word) if piece.opening is None else None
        members = split.members(text, piece.start, piece.end) if start else []
        bad = [m for m in members if not self._member(start or "", m, word)]
        if bad:
            rest, at = "", piece.start
            for m in bad:
                rest += text[at : m.start] + " " * (m.end - m.start)
                at = m.end
            rest += text[at : piece.end]
            found, error = self._attempt("file", Region(rest, 0, len(rest), piece.start))
        if error is not None:
            self._refused(error, piece, FORMS.get(word))
        return found

    def _member(self, start: str, piece: split.Piece, word: str) -> bool:
        """Whether a member of a body parses; what is wrong with it is told."""
        if start == "file":
            before = len(self.faults)
            self._piece(piece)
            return len(self.faults) == before
        _, error = self._attempt(start, Region(self.source.text, piece.start, piece.end))
        if error is not None:
            self._refused(error, piece, MEMBER_FORMS[word])
        return error is None

    def _refused(self, error: Exception, piece: split.Piece, form: str | None) -> None:
        """Tell what is wrong with a piece that is left out; its comments are kept."""
        fault = faults.told(error, self.source, piece, form)
        # behind three quotes that are never closed, what looks like nothing is text
        if not (self.in_text and fault.fix is None and form not in FORMS.values()):
            self.faults.append(fault)
        self.in_text = self.in_text or faults.opens_text(fault)
        self.comments += split.comments(self.source.text, piece.start, piece.end)
