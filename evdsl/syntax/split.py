"""Cut a text that does not parse into its statements, so that each error is reported and the rest is kept.

This is no second grammar: it knows strings, comments, brackets and line ends only. For every text: the whole parses
if and only if each piece does.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable
from operator import attrgetter
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


_LINE = re.compile(r"(?<!\\)\n[ \t]*\Z")
_start, _end = attrgetter("start"), attrgetter("end")
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


def again(text: str, before: str, pieces: list[Piece]) -> list[Piece]:
    """The statements of a text, when those of its version before are known: only what lies around the change is cut.

    A piece that ends with its line depends on nothing outside of it, but for brackets that are never closed and for
    three quotes, which can reach as far as they like: where there are any, all is cut.
    """
    if not pieces or any(piece.opening is not None for piece in pieces):
        return statements(text)
    most = min(len(text), len(before))
    head = _common(most, lambda n: text[:n] == before[:n])
    tail = _common(most - head, lambda n: not n or text[-n:] == before[-n:])
    by = len(text) - len(before)
    # whole lines only: the end of the line before a piece belongs to it
    first = bisect_left(pieces, head - 1, key=_end)
    last = bisect_left(pieces, len(before) - tail + 3, key=_start)
    begin = min(pieces[first - 1].end + 1, len(text)) if first else 0
    stop = pieces[last].start + by if last < len(pieces) else len(text)
    middle = text[begin:stop]
    if stop < begin or '"""' in middle or "'''" in middle:
        return statements(text)
    cut, opening = _cut(text, begin, stop, eager=False)
    if opening is not None or (last < len(pieces) and not _at_line(text, stop)):
        return statements(text)
    rest = [Piece(start + by, end + by, None) for start, end, _ in pieces[last:]] if by else pieces[last:]
    return [*pieces[:first], *cut, *rest]


def _common(most: int, same: Callable[[int], bool]) -> int:
    """The largest number up to `most` for which something holds that holds for all smaller ones."""
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        if same(middle):
            low = middle
        else:
            high = middle - 1
    return low


def _at_line(text: str, at: int) -> bool:
    """Whether only blanks stand before an offset on its line, and the line before does not go on."""
    return _LINE.search(text, max(0, at - 1000), at) is not None


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
