"""Cut a text that does not parse into its statements, so that each error is reported and the rest is kept.

This is no second grammar: it knows strings, comments, brackets and line ends only. For every text: the whole parses
if and only if each piece does.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from .words import STATEMENTS

_PIECE = re.compile(
    r'(?P<string>"""(?s:.*?)"""|\'\'\'(?s:.*?)\'\'\'|"(?:[^"\\\n]|\\[^\n])*"|\'[^\'\n]*\')'
    r"|(?P<comment>(?<![^ \t\n])#[^\n]*)"
    r"|(?P<hole>\{\{[ \t]*[\w-]+[ \t]*\}\})"
    r"|(?P<joined>\\\n)"
    r"|(?P<end>[\n;])"
    r"|(?P<open>[\[({])"
    r"|(?P<close>[\])}])"
    r"|[^\"'#{}\[\]()\n;\\]+|."
)
_KEYWORD = re.compile(r"(?:" + "|".join(STATEMENTS) + r")[ \t]")


_PARTNER = {"}": "{", "]": "[", ")": "("}


class Piece(NamedTuple):
    """`text[start:end]`; `opening` is the offset of a bracket that is never closed, None if all are."""

    start: int
    end: int
    opening: int | None


def statements(text: str, start: int = 0, end: int | None = None) -> list[Piece]:
    """The statements of `text[start:end]`, blank ones left out."""
    stop = len(text) if end is None else end
    pieces, opening = _cut(text, start, stop, eager=False)
    if opening is None:
        return pieces
    # A bracket is never closed: keep what ended before it, and let a keyword in column 0 end an open block.
    whole = [p for p in pieces if p.end <= opening]
    begin = whole[-1].end if whole else start
    return whole + _cut(text, begin, stop, eager=True)[0]


def members(text: str, start: int, end: int) -> list[Piece]:
    """What stands between the body's braces in the statement `text[start:end]`; empty if it has no body."""
    brace = _body(text, start, end)
    return [] if brace is None else _cut(text, brace[0], brace[1], eager=False)[0]


def members_between(text: str, start: int, end: int) -> list[Piece]:
    """The members in `text[start:end]`, which stands behind the brace of a body that need not be closed."""
    return _cut(text, start, end, eager=False)[0]


def open_body(text: str, start: int, end: int) -> int | None:
    """Where the body begins (behind its brace) that a statement from `start` has opened and not closed before `end`."""
    open_ = _Open(text)
    for found in _PIECE.finditer(text, start, end):
        if found.lastgroup == "open":
            open_.add(found.start())
        elif found.lastgroup == "close":
            open_.close(found[0])
    return open_.stack[0] + 1 if open_.stack and text[open_.stack[0]] == "{" else None


def comments(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Start and end of each comment in `text[start:end]`."""
    return [found.span() for found in _PIECE.finditer(text, start, end) if found.lastgroup == "comment"]


def _cut(text: str, start: int, stop: int, *, eager: bool) -> tuple[list[Piece], int | None]:
    pieces: list[Piece] = []
    open_ = _Open(text)
    begin = start
    nested = start > 0 and text[start - 1] == "{"  # members of a body: `;` separates them too

    def take(upto: int, opening: int | None) -> None:
        if text[begin:upto].strip():
            lead = len(text[begin:upto]) - len(text[begin:upto].lstrip(" \t\n"))
            pieces.append(Piece(begin + lead, upto, opening))

    for found in _PIECE.finditer(text, start, stop):
        kind = found.lastgroup
        if kind == "open":
            open_.add(found.start())
        elif kind == "close":
            open_.close(found[0])
        elif kind == "end" and (found[0] == "\n" or nested):
            after = found.end()
            if not open_.stack:
                take(found.start(), None)
                begin = after
            elif eager and found[0] == "\n" and _KEYWORD.match(text, after):
                take(found.start(), open_.stack[0])
                begin = after
                open_ = _Open(text)
    opening = open_.stack[0] if open_.stack else None
    take(stop, opening)
    return pieces, opening


def _body(text: str, start: int, end: int) -> tuple[int, int] | None:
    """Begin and end of what stands between the outermost braces that hold a line end or a `;`."""
    open_, begin = _Open(text), None
    for found in _PIECE.finditer(text, start, end):
        if found.lastgroup == "open":
            if found[0] == "{" and not open_.stack:
                begin = found.end()
            open_.add(found.start())
        elif found.lastgroup == "close":
            open_.close(found[0])
            if not open_.stack and begin is not None:
                return begin, found.start()
    return None


class _Open:
    """The offsets of the brackets that are open, the outermost first."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.stack: list[int] = []
        self.counts = dict.fromkeys(_PARTNER.values(), 0)

    def add(self, at: int) -> None:
        self.stack.append(at)
        self.counts[self.text[at]] += 1

    def close(self, bracket: str) -> None:
        """Close its partner, and what was left open inside of that; one without a partner closes nothing."""
        partner = _PARTNER[bracket]
        while self.counts[partner]:
            opened = self.text[self.stack.pop()]
            self.counts[opened] -= 1
            if opened == partner:
                break
