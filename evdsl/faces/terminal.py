"""Lines on a terminal or off it: colour, signs, widths, and text from users that must not drive the terminal.

Colour is a dozen escape sequences of our own: a library for it costs 50 ms of CPU at every start, a third of what the
first action may wait for, and the running part of a run (view.py) needs four sequences more.
"""

from __future__ import annotations

import os
import re
from functools import lru_cache
from typing import TextIO, cast

from .stream import Redacted, Stream

Part = str | tuple[str, str]
"""A piece of a line: text, or text and its style."""

STYLES = {
    "": "",
    "error": "1;31",
    "warning": "1;33",
    "note": "1;36",
    "strong": "1",
    "dim": "2",
    "place": "34",
    "ok": "32",
    "changed": "33",
    "created": "33",
    "removed": "33",
    "failed": "1;31",
    "skipped": "35",
    "idle": "2",
    "event": "36",
    "started": "36",
    "cut": "1;31",
    "retry": "33",
}
"""What each style is, as the numbers of an escape sequence."""

_SIGNS = {
    "ok": "✓",
    "changed": "●",
    "created": "●",
    "removed": "●",
    "failed": "✗",
    "error": "!",
    "skipped": "–",
    "idle": "○",
    "started": "▶",
    "retry": "↻",
    "cut": "!",
}
_ASCII = {"ok": "ok", "changed": "*", "created": "*", "removed": "*", "failed": "x", "error": "!"} | {
    "skipped": "-",
    "idle": ".",
    "started": ">",
    "retry": "~",
    "cut": "!",
}
_PLAIN = str.maketrans(
    {
        "→": "->",
        "←": "<-",
        "…": "...",
        "–": "-",
        "─": "-",
        "│": "|",
        "└": "`",
        "├": "|",
        "·": "-",
        "━": "=",
        "╸": "=",
    }
)


def printable(text: str) -> str:
    """The text with everything that could drive a terminal written out: control, format and bidi characters."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c == "\t" else _written_out(c) for c in text)


def _written_out(c: str) -> str:
    code = ord(c)
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 65536 else f"\\U{code:08x}"


def width(text: str) -> int:
    """How many columns a printable text takes."""
    return len(text) if text.isascii() else sum(map(_columns, text))


@lru_cache(1024)
def _columns(c: str) -> int:
    from unicodedata import category, east_asian_width

    if category(c) in ("Mn", "Me", "Cf") or "\u1160" <= c <= "\u11ff":
        return 0
    return 2 if east_asian_width(c) in "WF" else 1


def padded(text: str, columns: int) -> str:
    """The text with blanks behind it up to so many columns."""
    return text + " " * (columns - width(text))


def as_shown(line: str) -> str:
    """A line of an output as a terminal would leave it, ready to show: without colour, after its last return."""
    if line.isprintable():
        return line
    return printable(_COLOUR.sub("", line.rstrip("\r").rpartition("\r")[2]))


_COLOUR = re.compile(r"\x1b\[[0-9;:]*m")


class Out:
    """A stream to show lines on. `color`: `always`, `never` or `auto`; `plain`: only ASCII signs."""

    def __init__(self, stream: Stream | TextIO, color: str = "auto", plain: bool = False) -> None:
        self.stream: Stream = cast(Stream, stream) if hasattr(stream, "hidden") else Redacted(stream)
        self.color = _wants_color(self.stream, color)
        encoding = (self.stream.encoding or "").lower().replace("-", "")
        self.unicode = encoding in ("utf8", "utf8sig")
        self.plain = plain or not self.unicode

    @property
    def columns(self) -> int:
        """The width of the terminal; 80 off a terminal."""
        return self.size[0] if self.stream.isatty() else 80

    @property
    def size(self) -> tuple[int, int]:
        """Columns and lines of the terminal; `COLUMNS` and `LINES` in the environment have the last word."""
        try:
            real = tuple(os.get_terminal_size(self.stream.fileno()))
        except (OSError, ValueError):
            real = (0, 0)
        named = [os.environ.get(name, "") for name in ("COLUMNS", "LINES")]
        wide, high = (
            int(n) if n.isdecimal() and n.isascii() else r for n, r in zip(named, real, strict=True)
        )
        return wide or 80, high or 24

    def wrapped(self, text: str, first: int, others: int) -> list[str]:
        """The text in lines that fit the terminal, broken between words; in one line off a terminal.

        `first` and `others`: columns that are taken before the first line and before the others.
        """
        text = self.stream.hidden(text)
        if not self.stream.isatty() or first + width(text) <= self.columns:
            return [text]
        lines, room = [""], self.columns - first
        for word in text.split(" "):
            if lines[-1] and width(lines[-1]) + 1 + width(word) > room:
                lines.append(word)
                room = self.columns - others
            else:
                lines[-1] += (" " if lines[-1] else "") + word
        return lines

    def sign(self, word: str) -> str:
        """The sign of an outcome or state; the word always stands beside it, so that no sign tells alone."""
        return (_ASCII if self.plain else _SIGNS).get(word, " ")

    def text(self, text: str) -> str:
        """Arrows and dashes of ours as this stream can show them."""
        return text.translate(_PLAIN) if self.plain else text

    def cut(self, text: str, columns: int) -> str:
        """The text, without secrets, in so many columns; what is cut off leaves a sign of it."""
        text = self.text(self.stream.hidden(text)).expandtabs(4)
        if width(text) <= columns:
            return text
        sign = self.text("…")
        room, end = columns - len(sign), 0
        while end < len(text) and (room := room - _columns(text[end])) >= 0:
            end += 1
        return text[:end] + sign if columns >= len(sign) else ""

    def line(self, *parts: Part) -> None:
        """One line. Styles are dropped where there is no colour; trailing blanks too."""
        self.stream.write(self.rendered(*parts) + "\n")

    def rendered(self, *parts: Part) -> str:
        """The text of a line, with its colour."""
        pairs = [(p, "") if isinstance(p, str) else p for p in parts]
        while pairs and not pairs[-1][0].strip():
            pairs.pop()
        if pairs:
            pairs[-1] = (pairs[-1][0].rstrip(), pairs[-1][1])
        if not self.color:
            return self.text("".join(text for text, _ in pairs))
        return "".join(_coloured(self.text(text), STYLES[style]) for text, style in pairs)

    def document(self, value: object, indent: int | None = 2) -> None:
        """One JSON document, or one line of them without an indent. In ASCII where the stream takes no more."""
        import json

        self.raw(json.dumps(value, indent=indent, ensure_ascii=not self.unicode) + "\n")

    def raw(self, text: str) -> None:
        """Text for programs, as it is."""
        self.stream.write(text)


def _coloured(text: str, sgr: str) -> str:
    return f"\x1b[{sgr}m{text}\x1b[0m" if sgr and text else text


def _wants_color(stream: Stream, color: str) -> bool:
    if color != "auto":
        return color == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"
