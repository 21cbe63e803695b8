"""Workflow commands of GitHub Actions: lines that begin with `::`, and text that must not be taken for one."""

from __future__ import annotations

from .stream import Stream
from .terminal import printable

_NO_COMMAND = "# #["


def command(name: str, text: str = "", **properties: object) -> str:
    """One command as a line. Properties of None are left out."""
    given = ",".join(
        f"{key}={_property(str(value))}" for key, value in properties.items() if value is not None
    )
    shown = "\n".join(map(printable, text.splitlines()))
    return f"::{name}{' ' + given if given else ''}::{_escaped(shown)}\n"


def _escaped(text: str) -> str:
    return text.replace("##[", _NO_COMMAND).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _escaped(printable(text)).replace(":", "%3A").replace(",", "%2C")


class Tamed:
    """A stream on which no line is a command but those of `command`.

    The runner takes a line for one that has `::` at its begin, blanks aside, or the older `##[` anywhere. Whole lines
    are to be written.
    """

    def __init__(self, below: Stream) -> None:
        self._below = below

    def command(self, name: str, text: str = "", **properties: object) -> None:
        """Issue a command. Secrets are taken out before the text is escaped."""
        hidden = {
            key: self.hidden(value) if isinstance(value, str) else value for key, value in properties.items()
        }
        self._below.write(command(name, self.hidden(text), **hidden))

    def write(self, text: str, /) -> int:
        if "::" in text or "##[" in text:
            lines = text.replace("##[", _NO_COMMAND).split("\n")
            text = "\n".join("." + line if line.lstrip().startswith("::") else line for line in lines)
        return self._below.write(text)

    def flush(self) -> None:
        self._below.flush()

    def hidden(self, text: str) -> str:
        return self._below.hidden(text)

    def isatty(self) -> bool:
        return self._below.isatty()

    def fileno(self) -> int:
        return self._below.fileno()

    @property
    def encoding(self) -> str:
        return self._below.encoding
