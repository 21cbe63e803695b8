"""Source text and places in it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

_WIDEST = 1 << 32


class Source:
    """The text of one file, and the way from an offset to a line and a column.

    `path` is shown to people as it is; `text` has `\\n` line ends only and no byte order mark.
    Offsets count code points from 0. `line_end` is what ended the first line of the file: who rewrites it keeps to that.
    """

    __slots__ = ("_starts", "line_end", "path", "text")

    def __init__(self, path: str, text: str, line_end: str = "\n") -> None:
        self.path = path
        self.text = text
        self.line_end = line_end
        self._starts: Sequence[int] | None = None

    @classmethod
    def elsewhere(cls, path: str) -> Source:
        """A source of which the text is not at hand: `place` gives spans that know where they were, and no more."""
        source = cls(path, "")
        source._starts = range(0, 1 << 62, _WIDEST)
        return source

    def place(self, line: int, column: int) -> Span:
        """An empty span at a line and a column, both counted from 1."""
        start = self.starts[line - 1] + column - 1
        return Span(self, start, start)

    @property
    def starts(self) -> Sequence[int]:
        """The offset at which each line begins, the first line first."""
        if self._starts is None:
            starts = [0]
            find, at = self.text.find, 0
            while (at := find("\n", at) + 1) > 0:
                starts.append(at)
            self._starts = starts
        return self._starts

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset, both counted from 1."""
        line = bisect_right(self.starts, offset)
        return line, offset - self.starts[line - 1] + 1

    def line(self, number: int) -> str:
        """The text of line `number` (from 1), without its end."""
        begin = self.starts[number - 1]
        if not self.text:
            return ""
        end = self.starts[number] - 1 if number < len(self.starts) else len(self.text)
        return self.text[begin:end]

    def __repr__(self) -> str:
        return f"Source({self.path!r}, {len(self.text)} characters)"


class Span(NamedTuple):
    """The piece `source.text[start:end]` of a source."""

    source: Source
    start: int
    end: int

    @property
    def text(self) -> str:
        return self.source.text[self.start : self.end]

    @property
    def line(self) -> int:
        """The line on which the span begins, from 1."""
        return bisect_right(self.source.starts, self.start)

    @property
    def column(self) -> int:
        """The column at which the span begins, from 1."""
        return self.source.position(self.start)[1]

    def __repr__(self) -> str:
        line, column = self.source.position(self.start)
        return f"{self.source.path}:{line}:{column}"
