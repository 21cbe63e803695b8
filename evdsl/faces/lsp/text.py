"""The text on the screen of an editor, and the way from its positions to the offsets of a source and back."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right

from lsprotocol import types

from ...base.source import Source

_END = re.compile(r"\r\n|\r|\n")


class Text:
    """One version of a text. `raw` is as the editor has it, `source` as evdsl reads it: without CR and byte order mark.

    Positions are of the protocol: lines end with LF, CRLF or CR, characters are counted in units of `encoding`.
    """

    def __init__(self, path: str, raw: str, encoding: str = "utf-16", version: int | None = None) -> None:
        self.raw, self.encoding, self.version = raw, encoding, version
        mark = raw.startswith("\ufeff")
        clean = raw.removeprefix("\ufeff").replace("\r\n", "\n")
        self.source = Source(path, clean)
        self.removed = [0] * mark  # offsets in `raw` of what `source` is without
        if len(clean) + mark < len(raw):
            self.removed += [found.start() for found in re.finditer(r"\r(?=\n)", raw)]
        self._starts: list[int] | None = None

    @property
    def starts(self) -> list[int]:
        """Where each line begins in `raw`."""
        if self._starts is None:
            self._starts = [0, *(found.end() for found in _END.finditer(self.raw))]
        return self._starts

    def _line(self, number: int) -> str:
        """A line of `raw`, without its end."""
        begin = self.starts[number]
        end = self.starts[number + 1] if number + 1 < len(self.starts) else len(self.raw)
        return self.raw[begin:end].rstrip("\r\n")

    def units(self, text: str) -> int:
        """How long a text is for the protocol."""
        if self.encoding == "utf-32" or text.isascii():
            return len(text)
        if self.encoding == "utf-8":
            return len(text.encode("utf-8", "surrogatepass"))
        return len(text) + sum(c > "\uffff" for c in text)

    def raw_offset(self, position: types.Position) -> int:
        """The offset in `raw`; a position outside of the text is its nearest one inside."""
        if position.line >= len(self.starts):
            return len(self.raw)
        line = self._line(position.line)
        if line.isascii() or self.encoding == "utf-32":
            return self.starts[position.line] + min(position.character, len(line))
        left = position.character
        for at, c in enumerate(line):
            left -= self.units(c)
            if left < 0:
                return self.starts[position.line] + at
        return self.starts[position.line] + len(line)

    def offset(self, position: types.Position) -> int:
        """The offset in the source."""
        raw = self.raw_offset(position)
        return raw - bisect_left(self.removed, raw) if self.removed else raw

    def position(self, offset: int) -> types.Position:
        """The position of an offset in the source."""
        return types.Position(*self.place(offset))

    def place(self, offset: int) -> tuple[int, int]:
        """Line and character of an offset in the source."""
        raw = min(offset, len(self.source.text))
        raw += self._before(raw) if self.removed else 0
        starts = self.starts
        line = bisect_right(starts, raw) - 1
        return line, self.units(self.raw[starts[line] : raw])

    def _before(self, offset: int) -> int:
        """How many removed characters stand before an offset of the source."""
        low, high = 0, len(self.removed)
        while low < high:
            middle = (low + high) // 2
            if self.removed[middle] - middle <= offset - (self.raw[self.removed[middle]] == "\r"):
                low = middle + 1
            else:
                high = middle
        return low

    def range(self, start: int, end: int) -> types.Range:
        """The range of a piece of the source."""
        return types.Range(self.position(start), self.position(max(start, end)))

    def ending(self) -> str:
        """How lines end here."""
        return "\r\n" if "\r\n" in self.raw else "\n"

    def changed(self, change: types.TextDocumentContentChangeEvent, version: int | None) -> Text:
        """The next version."""
        raw = change.text
        if isinstance(change, types.TextDocumentContentChangePartial):
            start, end = self.raw_offset(change.range.start), self.raw_offset(change.range.end)
            raw = self.raw[:start] + change.text + self.raw[max(start, end) :]
        return Text(self.source.path, raw, self.encoding, version)
