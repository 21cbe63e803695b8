"""The output of what runs, line by line while it comes (`evdsl run -vv`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..drivers.output import Kept, Output

_LONGEST = 4096  # bytes of a line without an end that are waited for


class Following:
    """Keeps for each step how much of its output has been told, and the beginning of a line that has no end yet."""

    def __init__(self) -> None:
        self._told: dict[int, tuple[int, bytes]] = {}

    def news(self, outputs: Mapping[int, Output]) -> Iterator[tuple[int, str]]:
        """The lines that are new, by step."""
        for step, output in outputs.items():
            position, begun = self._told.get(step, (0, b""))
            total = output.total
            if total > position:
                *lines, begun = _split(begun, output.kept().after(position))
                if len(begun) > _LONGEST:
                    lines, begun = [*lines, begun], b""
                self._told[step] = total, begun
                yield from ((step, _text(line)) for line in lines)

    def rest(self, step: int, kept: Kept) -> list[str]:
        """What is left to be told of the output of a try that has ended."""
        position, begun = self._told.pop(step, (0, b""))
        lines = _split(begun, kept.after(position))
        return [_text(line) for line in (lines if lines[-1] else lines[:-1])]


def _split(begun: bytes, rest: Kept) -> list[bytes]:
    gap = b"\n[... %d bytes dropped ...]\n" % rest.dropped if rest.dropped else b""
    return (begun + rest.head + gap + rest.tail).split(b"\n")


def _text(line: bytes) -> str:
    return line.decode("utf-8", "backslashreplace")
