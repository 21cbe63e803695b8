"""The moving part of a terminal: rows at its bottom, painted anew while finished lines pass by above them.

What is written to a `View` is kept for the next painting; a painting is one write: take the rows off, put the finished
lines where they stood, put the rows below. There are ten of them a second at the most, however much happens, and none
while nothing changes. It costs four escape sequences and no library (the one that could do it takes 50 ms of CPU to
import; its thread would compete with the loop that runs the actions). The cursor rests at the beginning of the last
row, where the `^C` of a terminal does no harm, and is never hidden: a process that is killed cannot show it again.

After the terminal was made narrower, rows are looked for where a terminal that wraps lines anew has put them. What it
has moved into its history for want of room stays there.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from time import monotonic

from .terminal import Out, width

PAUSE = 0.1
"""Seconds between two paintings at the least, and until the first: what is quicker needs none."""
TICK = 0.25
"""Seconds after which the rows are looked at again where nothing happened."""

_TOGETHER = "\x1b[?2026h", "\x1b[?2026l"  # terminals that know it show all in between at once
_ESCAPE = re.compile(r"\x1b\[[0-9;]*m")

Rows = Callable[[int, int], list[str]]
"""Makes the rows for so many columns and at most so many lines. None may be wider."""


class View:
    """Stands between an `Out` and its stream, from when it is made until `close`."""

    def __init__(self, shown: Out, rows: Rows, clock: Callable[[], float] = monotonic) -> None:
        self._shown = shown
        self._below = shown.stream
        self._rows = rows
        self._clock = clock
        self._above: list[str] = []
        self._painted: list[str] = []
        self._size = shown.size
        self._last = clock()
        shown.stream = self

    def pulse(self) -> float:
        """Paint if it is time to. The seconds until it is again."""
        now = self._clock()
        if now - self._last >= PAUSE:
            self._last = now
            self._paint()
            return TICK
        return self._last + PAUSE - now

    def close(self) -> None:
        """Take the rows off; what was written and is written from now on goes to the stream."""
        if self._shown.stream is self:
            self._shown.stream = self._below
            self._write(self._erased() + "".join(self._above))
            self._above, self._painted = [], []

    def _paint(self) -> None:
        size = self._shown.size
        rows = self._rows(size[0] - 1, max(1, size[1] - 1))
        if not self._above and rows == self._painted and size == self._size:
            return
        text = self._erased(size[0]) + "".join(self._above) + "\n".join(rows) + "\r"
        self._write(text.join(_TOGETHER))
        self._above, self._painted, self._size = [], rows, size

    def _erased(self, columns: int = 0) -> str:
        """What takes the rows off, the terminal having so many columns now."""
        if not self._painted:
            return ""
        columns = columns or self._shown.size[0]
        up = len(self._painted) - 1
        if columns < self._size[0]:
            widths = [width(_ESCAPE.sub("", row)) for row in self._painted[:-1]]
            up = sum(max(1, -(-wide // columns)) for wide in widths)
        return (
            "\r\x1b[2K" + "\x1b[A\x1b[2K" * up
        )  # row by row: to clear all at once, tmux keeps a copy in its history

    def _write(self, text: str) -> None:
        self._below.write(text)
        self._below.flush()

    # what an Out asks of its stream

    def write(self, text: str, /) -> int:
        self._above.append(text)
        return len(text)

    def flush(self) -> None:
        """Nothing: the next painting shows it."""

    def hidden(self, text: str) -> str:
        return self._below.hidden(text)

    def isatty(self) -> bool:
        return self._below.isatty()

    def fileno(self) -> int:
        return self._below.fileno()

    @property
    def encoding(self) -> str:
        return self._below.encoding
