"""The output of a process, kept within bounds: its head, its tail, and how much lay between."""

from __future__ import annotations

from typing import NamedTuple

SIDE = 64 * 1024
"""How many bytes of head and of tail are kept, each."""


class Kept(NamedTuple):
    """What was kept of an output, as bytes. `dropped` counts the bytes between head and tail that were not kept."""

    head: bytes = b""
    tail: bytes = b""
    dropped: int = 0

    @property
    def text(self) -> str:
        """All that was kept, decoded; what is not UTF-8 stands as escapes. Control characters are still in it."""
        gap = f"\n[... {self.dropped} bytes dropped ...]\n".encode() if self.dropped else b""
        return (self.head + gap + self.tail).decode("utf-8", "backslashreplace")

    def after(self, position: int) -> Kept:
        """What came after the first `position` bytes."""
        further = max(0, position - len(self.head))
        return Kept(
            self.head[position:],
            self.tail[max(0, further - self.dropped) :],
            max(0, self.dropped - further),
        )


_NOTHING = Kept()


class Output:
    """Takes an output piece by piece; holds no more than four times SIDE of it."""

    __slots__ = ("_head", "_tail", "_total", "side")

    def __init__(self, side: int = SIDE) -> None:
        self.side = side
        self._head = bytearray()
        self._tail = bytearray()
        self._total = 0

    def add(self, piece: bytes) -> None:
        """Take the next piece."""
        self._total += len(piece)
        room = self.side - len(self._head)
        if room > 0:
            self._head += piece[:room]
            piece = piece[room:]
        if piece:
            self._tail += piece[-self.side :]
            # Cut only now and then: to cut for every piece would move the whole tail each time.
            if len(self._tail) > 2 * self.side:
                del self._tail[: -self.side]

    @property
    def total(self) -> int:
        """How many bytes were added."""
        return self._total

    def end(self, size: int) -> bytes:
        """The last bytes, up to `size` of them."""
        return bytes((self._tail or self._head)[-size:])

    def kept(self) -> Kept:
        """What is kept of all that was added so far."""
        if not self._total:
            return _NOTHING
        head, tail = bytes(self._head), bytes(self._tail[-self.side :])
        return Kept(head, tail, self._total - len(head) - len(tail))
