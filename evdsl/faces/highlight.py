"""A Pygments lexer that colours a file as the parser reads it: for `evdsl explain`, and for whatever asks Pygments."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar

from pygments.lexer import Lexer
from pygments.token import Comment, Keyword, Name, Number, Operator, Punctuation, String, Text, _TokenType

from ..base.source import Source
from ..syntax.classes import Piece, classes
from ..syntax.parser import parse
from ..syntax.words import STATEMENTS

Coloured = tuple[int, _TokenType, str]

_KINDS: dict[str, _TokenType] = {
    "keyword": Keyword,
    "event": Name.Constant,
    "driver": Name.Function,
    "option": Name.Attribute,
    "number": Number,
    "constant": Keyword.Constant,
    "string": String,
    "hole": String.Interpol,
    "comment": Comment,
    "name": Name,
}
_BETWEEN = re.compile(r"\s+|[-=!]?[=>]|[:|]|[^\s\w]|\w+")
_UNREAD = re.compile(
    r'(?P<comment>(?<!\S)#[^\n]*)|(?P<string>"""(?s:.*?)"""|\'\'\'(?s:.*?)\'\'\'|"(?:[^"\\\n]|\\.)*"?|\'[^\'\n]*\'?)'
    r"|(?P<name>[^\s\"'#,|;:=(){}\[\]]+(?:#[0-9]+)?)"
)


class EvdslLexer(Lexer):
    """Lexer of `.events` files. What does not parse is coloured by its signs alone, as plainly as it can be read."""

    name = "evdsl"
    aliases: ClassVar = ["evdsl", "events"]
    filenames: ClassVar = ["*.events"]
    url = "https://github.com/evdsl/evdsl"

    def get_tokens_unprocessed(self, text: str) -> Iterator[Coloured]:
        """Offset, token type and text of each piece; together they are the whole text."""
        file, _ = parse(Source("-", text))
        read = classes(file)
        unread = [p for span in file.unread for p in _plain(text, span.start, span.end)]
        at = 0
        for piece in sorted([*read, *unread], key=lambda p: (p.start, p.end)):
            if piece.start >= at:
                yield from _between(text, at, piece.start)
                yield piece.start, _KINDS[piece.kind], text[piece.start : piece.end]
                at = piece.end
        yield from _between(text, at, len(text))


def _plain(text: str, start: int, end: int) -> Iterator[Piece]:
    """The pieces of a statement that does not parse: its first word may be a keyword, all others are names."""
    first = True
    for found in _UNREAD.finditer(text, start, end):
        kind = found.lastgroup or "name"
        keyword = first and kind == "name" and found[0] in STATEMENTS
        first = first and kind == "comment"
        yield Piece(found.start(), found.end(), "keyword" if keyword else kind)


def _between(text: str, start: int, end: int) -> Iterator[Coloured]:
    for found in _BETWEEN.finditer(text, start, end):
        sign = found[0]
        kind = (
            Text if sign.isspace() or sign[0].isalnum() else Operator if sign in _OPERATORS else Punctuation
        )
        yield found.start(), kind, sign


_OPERATORS = frozenset({"=", "==", "!=", "->", "|"})
