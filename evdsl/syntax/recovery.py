"""A text that does not parse, read statement by statement, so that every error is reported and all that stands is kept.

Imported when a whole file has failed, so that a good one does not pay for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import ast, faults, split
from .faults import FORMS, MEMBER_FORMS
from .lexer import Region

if TYPE_CHECKING:
    from .parser import Parse

_BODIES = {"resource": "one_member", "connect": "one_link", "for": "file"}
"""Statements with a body, and the start rule of the grammar for one member of it."""


def recovered(parse: Parse) -> list[ast.Statement]:
    """The statements that stand; faults and comments go to the parse."""
    recovery = Recovery(parse)
    found: list[ast.Statement] = []
    for piece in split.statements(recovery.text):
        if parse.faults.full:  # a text in another language, perhaps a long one
            parse.unread.append((piece.start, len(recovery.text)))
            break
        found += recovery.piece(piece)
    return found


class Recovery:
    """Goes over the pieces of one text."""

    def __init__(self, parse: Parse) -> None:
        self.parse = parse
        self.text = parse.source.text
        self.in_text = False  # three quotes are opened further up and never closed

    def piece(self, piece: split.Piece) -> list[ast.Statement]:
        """Read one statement; if it fails and has a body, tell which members are at fault and read it without."""
        text = self.text
        found, error = self.parse.attempt("file", Region(text, piece.start, piece.end))
        if error is None:
            return found
        word = text[piece.start : piece.end].split(None, 1)[0]
        start = _BODIES.get(word) if piece.opening is None else None
        members = split.members(text, piece.start, piece.end) if start else []
        bad = [m for m in members if not self._member(start or "", m, word)]
        if bad:
            rest, at = "", piece.start
            for m in bad:
                self.parse.unread.append((m.start, m.end))
                rest += text[at : m.start] + " " * (m.end - m.start)
                at = m.end
            rest += text[at : piece.end]
            found, error = self.parse.attempt("file", Region(rest, 0, len(rest), piece.start))
        if error is not None:
            self._refused(error, piece, FORMS.get(word))
        return found

    def _member(self, start: str, piece: split.Piece, word: str) -> bool:
        """Whether a member of a body parses; what is wrong with it is told."""
        if start == "file":
            before = len(self.parse.faults)
            self.piece(piece)
            return len(self.parse.faults) == before
        _, error = self.parse.attempt(start, Region(self.text, piece.start, piece.end))
        if error is not None:
            self._refused(error, piece, MEMBER_FORMS[word])
        return error is None

    def _refused(self, error: Exception, piece: split.Piece, form: str | None) -> None:
        """Tell what is wrong with a piece that is left out; its comments are kept."""
        fault = faults.told(error, self.parse.source, piece, form)
        # behind three quotes that are never closed, what looks like nothing is text
        if not (self.in_text and fault.fix is None and form not in FORMS.values()):
            self.parse.faults.append(fault)
        self.in_text = self.in_text or faults.opens_text(fault)
        self.parse.comments += split.comments(self.text, piece.start, piece.end)
        self.parse.unread.append((piece.start, piece.end))
