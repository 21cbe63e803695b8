"""Parse one version of a text after the other: a statement that did not change is not parsed again.

For an editor. The result is that of `parse`, for every text; cutting it into statements takes a tenth of its time.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from ..base.diagnostic import Diagnostic, Findings, in_order
from ..base.memory import all_kept
from ..base.source import Source
from . import ast, split
from .parser import LOCK, Parse

_new = tuple.__new__


class _Kept(NamedTuple):
    """What a piece of text holds that has nothing wrong with it: statements and comments, as they stand at `start`."""

    start: int
    statements: tuple[ast.Statement, ...]
    comments: tuple[tuple[int, int], ...]


class Reparse:
    """Parses the versions of one text."""

    def __init__(self) -> None:
        self._kept: dict[str, _Kept] = {}
        self._text = ""
        self.pieces: list[split.Piece] = []  # the statements of the last text

    def __call__(self, source: Source) -> tuple[ast.File, list[Diagnostic]]:
        """The tree of this version and what is wrong with it."""
        with LOCK, all_kept():
            parse = Parse(source)
            self.pieces = split.again(source.text, self._text, self.pieces)
            self._text = source.text
            if not self._kept:
                file, found = parse.whole()
                if not found:
                    self._fill(file)
                return file, found
            return self._pieces(parse)

    def branched(self) -> Reparse:
        """Another one that begins with the same last version."""
        other = Reparse()
        other._kept, other._text, other.pieces = dict(self._kept), self._text, self.pieces
        return other

    def _fill(self, file: ast.File) -> None:
        """Keep the statements of a text that was parsed as a whole."""
        text, statements, comments = file.source.text, list(file.statements), list(file.comments)
        statements.reverse()
        comments.reverse()
        for piece in self.pieces:
            inside: list[ast.Statement] = []
            said: list[tuple[int, int]] = []
            while statements and statements[-1].start < piece.end:
                inside.append(statements.pop())
            while comments and comments[-1].start < piece.end:
                said.append((comments[-1].start, comments.pop().end))
            self._kept[text[piece.start : piece.end]] = _Kept(piece.start, tuple(inside), tuple(said))

    def _pieces(self, parse: Parse) -> tuple[ast.File, list[Diagnostic]]:
        from .recovery import Recovery

        text = parse.source.text
        recovery = Recovery(parse)
        statements: list[ast.Statement] = []
        comments: list[tuple[int, int]] = []
        kept: dict[str, _Kept] = {}
        for piece in self.pieces:
            written = text[piece.start : piece.end]
            known = self._kept.get(written)
            if known is None:
                known = _parsed(parse, recovery, piece)
                if known is None:  # something is wrong with it: told, and read again next time
                    statements += recovery.piece(piece)
                    continue
            elif known.start != piece.start:
                known = _moved(known, piece.start)
            kept[written] = known
            statements += known.statements
            comments += known.comments
        self._kept = kept
        return parse.file(statements, [*comments, *parse.comments]), in_order(parse.faults)


def _parsed(parse: Parse, recovery: Any, piece: split.Piece) -> _Kept | None:
    """A piece that stands as it is; None if something is wrong with it, or a text is open further up."""
    if piece.opening is not None or recovery.in_text:
        return None
    faults, comments, unread = parse.faults, parse.comments, parse.unread
    parse.faults, parse.comments, parse.unread = Findings(), [], []
    try:
        found, error = parse.attempt("file", parse.region(piece.start, piece.end))
        clean = error is None and not parse.faults
        return _Kept(piece.start, tuple(found), tuple(parse.comments)) if clean else None
    finally:
        parse.faults, parse.comments, parse.unread = faults, comments, unread


def _moved(kept: _Kept, start: int) -> _Kept:
    """The same, standing somewhere else."""
    by = start - kept.start
    comments = tuple([(a + by, b + by) for a, b in kept.comments])
    return _Kept(start, tuple([_shifted(s, by) for s in kept.statements]), comments)


def _shifted(node: Any, by: int) -> Any:
    """A node and all below it, `by` characters further on. Of every node the last two fields are its place."""
    kind = type(node)
    if kind is ast.Rule:  # most statements are, and most nodes are references
        every, emitters, events, subscribers, when, start, end = node
        refs = [
            tuple([_new(ast.Ref, (text, number, a + by, b + by)) for text, number, a, b in some])
            for some in (emitters, events, subscribers)
        ]
        when = when if when is None else _shifted(when, by)
        return _new(kind, (every, *refs, when, start + by, end + by))
    if kind is ast.Ref:
        text, number, start, end = node
        return _new(kind, (text, number, start + by, end + by))
    if kind is tuple:
        return tuple([_shifted(part, by) if isinstance(part, tuple) else part for part in node])
    parts = [_shifted(part, by) if isinstance(part, tuple) else part for part in node[:-2]]
    return _new(kind, [*parts, node[-2] + by, node[-1] + by])
