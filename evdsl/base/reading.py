"""Files into sources. What a file holds is never trusted: size, encoding and kind are looked at first."""

from __future__ import annotations

import os
import stat
import sys

from .diagnostic import Diagnostic
from .source import Source, Span

LARGEST = 64 * 1024 * 1024
"""Bytes; a larger file is no source."""


def read(path: str, shown: str | None = None) -> tuple[Source | None, list[Diagnostic]]:
    """The source at a path (`-`: standard input), or what stands against reading it. `shown` is its name in messages."""
    name = shown or ("<stdin>" if path == "-" else path)
    try:
        if path == "-":
            data = sys.stdin.buffer.read(LARGEST + 1)
        else:
            # O_NONBLOCK: a FIFO must not hold us up before we have seen that it is one
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            with os.fdopen(descriptor, "rb") as file:
                mode = os.fstat(descriptor).st_mode
                if not stat.S_ISREG(mode):
                    what = "a folder" if stat.S_ISDIR(mode) else "no regular file"
                    return None, [
                        Diagnostic("EV001", f"`{name}` is {what}", None, "name a .events file", path=name)
                    ]
                data = file.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        return None, [
            Diagnostic(
                "EV001",
                f"`{name}` cannot be read: {reason}",
                None,
                "check the path and its permissions",
                path=name,
            )
        ]
    if len(data) > LARGEST:
        return None, [
            Diagnostic(
                "EV001",
                f"`{name}` is larger than {LARGEST // 1024 // 1024} MiB",
                None,
                "split it with `import`",
                path=name,
            )
        ]
    return decoded(data, name)


def decoded(data: bytes, name: str) -> tuple[Source | None, list[Diagnostic]]:
    """Bytes as a source: UTF-8, a byte order mark and CR before LF taken away."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        good = Source(name, _clean(data[: error.start].decode("utf-8")) + "\ufffd\n")
        at = len(good.text) - 2
        return None, [
            Diagnostic(
                "EV002",
                f"byte 0x{data[error.start]:02X} is not UTF-8",
                Span(good, at, at + 1),
                "save the file as UTF-8",
            )
        ]
    line_end = "\r\n" if text[: text.find("\n") + 1].endswith("\r\n") else "\n"
    return checked(Source(name, _clean(text), line_end))


def checked(source: Source) -> tuple[Source | None, list[Diagnostic]]:
    """The source, unless it holds a NUL: nothing that runs a command can take one."""
    at = source.text.find("\0")
    if at >= 0:
        return None, [
            Diagnostic(
                "EV003",
                "a NUL byte stands here",
                Span(source, at, at + 1),
                "take it out: this is a text file",
            )
        ]
    return source, []


def _clean(text: str) -> str:
    return text.removeprefix("\ufeff").replace("\r\n", "\n")
