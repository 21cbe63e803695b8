"""Lines on a terminal or off it: colour, signs, and text from users that must not drive the terminal."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.console import Console

Part = str | tuple[str, str]
"""A piece of a line: text, or text and its style."""

STYLES = {
    "error": "bold red",
    "warning": "bold yellow",
    "note": "bold cyan",
    "strong": "bold",
    "dim": "dim",
    "place": "blue",
    "ok": "green",
    "changed": "yellow",
    "created": "yellow",
    "removed": "yellow",
    "failed": "bold red",
    "skipped": "magenta",
    "idle": "dim",
    "event": "cyan",
}

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
    {"→": "->", "←": "<-", "…": "...", "–": "-", "─": "-", "│": "|", "└": "`", "├": "|", "·": "-"}
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
    if text.isascii():
        return len(text)
    import unicodedata

    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text
    )


class Out:
    """A stream to show lines on. `color`: `always`, `never` or `auto`; `plain`: only ASCII signs."""

    def __init__(self, stream: TextIO, color: str = "auto", plain: bool = False) -> None:
        self.stream = stream
        self.color = _wants_color(stream, color)
        encoding = (getattr(stream, "encoding", "") or "").lower().replace("-", "")
        self.unicode = encoding in ("utf8", "utf8sig")
        self.plain = plain or not self.unicode
        self._console: Console | None = None

    @property
    def columns(self) -> int:
        """The width of the terminal; 80 off a terminal."""
        import shutil

        return shutil.get_terminal_size((80, 24)).columns if self.stream.isatty() else 80

    def wrapped(self, text: str, first: int, others: int) -> list[str]:
        """The text in lines that fit the terminal, broken between words; in one line off a terminal.

        `first` and `others`: columns that are taken before the first line and before the others.
        """
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

    def line(self, *parts: Part) -> None:
        """One line. Styles are dropped where there is no colour; trailing blanks too."""
        if not self.color:
            text = "".join(p if isinstance(p, str) else p[0] for p in parts)
            self.stream.write(self.text(text).rstrip() + "\n")
            return
        from rich.text import Text

        shown = Text()
        for p in parts:
            text, style = (p, "") if isinstance(p, str) else p
            shown.append(self.text(text), STYLES.get(style, style))
        shown.rstrip()
        self._rich().print(shown, soft_wrap=True)

    def document(self, value: object, indent: int | None = 2) -> None:
        """One JSON document, or one line of them without an indent. In ASCII where the stream takes no more."""
        import json

        self.raw(json.dumps(value, indent=indent, ensure_ascii=not self.unicode) + "\n")

    def raw(self, text: str) -> None:
        """Text for programs, as it is."""
        self.stream.write(text)

    def _rich(self) -> Console:
        if self._console is None:
            from rich.console import Console

            self._console = Console(
                file=self.stream,
                force_terminal=True,
                color_system="auto" if os.environ.get("TERM") != "dumb" else "standard",
                markup=False,
                highlight=False,
                emoji=False,
                no_color=False,
            )
        return self._console


def _wants_color(stream: TextIO, color: str) -> bool:
    if color != "auto":
        return color == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def streams() -> None:
    """Make the standard streams survive any character."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
