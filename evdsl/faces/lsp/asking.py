"""What a request is about: the place, the file, and the program that it is part of."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from lsprotocol import types

from ...base.source import Span
from ...meaning.occurrences import Occurrence, Occurrences
from ...syntax import ast
from ...syntax.place import place
from .project import Analysis
from .text import Text

if TYPE_CHECKING:
    from .server import Server


_REST = re.compile(r"[\w.+@*<>-]*")


class Plain(NamedTuple):
    """A result in plain values, as the protocol writes it."""

    value: Any


class At(NamedTuple):
    """An offset in an open file, and the program that it is part of (of several the first)."""

    text: Text
    path: str
    offset: int
    analysis: Analysis

    @property
    def occurrence(self) -> Occurrence | None:
        """The name there; in a statement that does not parse, what it would be if it did."""
        known = self.analysis.occurrences
        if known is None:
            return None
        return known.at(self.path, self.offset) or self._begun(known)

    def _begun(self, known: Occurrences) -> Occurrence | None:
        source, unit = self.text.source, self.analysis.unit(self.path)
        word = _REST.match(source.text, self.offset)
        found = place(source.text, word.end()) if word else None
        if found is None or unit is None or found.quoted or found.start == found.end:
            return None
        text = source.text[found.start : found.end].partition("#")[0]
        ref = ast.Ref(text, None, found.start, found.end)
        if found.role in ("emitter", "subscriber", "later", "earlier", "action", "again", "from", "to"):
            return known.meant(unit, ref, self.offset, resource=found.role in ("from", "to"))
        return None


class Asks(Protocol):
    """A request about a position."""

    text_document: types.TextDocumentIdentifier
    position: types.Position


def at_position(ls: Server, params: Asks) -> At | None:
    text = ls.open_text(params.text_document.uri)
    if text is None:
        return None
    return At(text, text.source.path, text.offset(params.position), ls.roots(params.text_document.uri)[0])


def open_file(ls: Server, uri: str) -> ast.File | None:
    """The tree of an open file."""
    key = ls.projects.key(uri)
    return ls.projects.trees.at(key, key)[0] if key in ls.projects.buffers else None


def location(ls: Server, span: Span) -> types.Location:
    return types.Location(ls.uris(span.source.path), ls.texts(span.source).range(span.start, span.end))
