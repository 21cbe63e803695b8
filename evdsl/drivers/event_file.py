"""The event file `$EVDSL_EVENT`: what an action says of itself (rule 5 of section 9 of docs/language.md)."""

from __future__ import annotations

import os
import stat
from typing import NamedTuple

from ..base.events import OUTCOMES

LARGEST = 1024 * 1024
"""An event file of more bytes than this is a fault."""


class Said(NamedTuple):
    """What stands in an event file: the last word, the reported values, and what is wrong with the file, if anything."""

    word: str = ""
    data: dict[str, str] = {}  # noqa: RUF012 - never changed, a tuple's default
    fault: str = ""


NOTHING = Said()


def read_event_file(path: str) -> Said:
    """What the file says; nothing where it does not exist. The file is removed.

    An action may put anything in that place, so it is opened neither through a link nor in a way that could wait.
    """
    if not os.access(path, os.F_OK, follow_symlinks=False):
        return NOTHING  # as for nearly every action; cheaper than an exception
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return NOTHING
    except OSError as problem:
        return Said(fault=f"the event file cannot be read: {problem.strerror}")
    try:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            return Said(fault="the event file is no plain file")
        content = os.read(file, LARGEST + 1)
        os.unlink(path)
    finally:
        os.close(file)
    return parse_event_file(content)


def parse_event_file(content: bytes) -> Said:
    """The lines of an event file: a word, or `data.KEY=VALUE`. Blank lines are passed over, the last word counts."""
    if len(content) > LARGEST:
        return Said(fault=f"the event file has more than {LARGEST} bytes")
    try:
        lines = content.decode("utf-8").split("\n")
    except UnicodeDecodeError:
        return Said(fault="the event file is not UTF-8")
    word, data = "", {}
    for line in lines:
        line = line.rstrip("\r")
        text = line.strip()
        if line.startswith("data."):
            key, equals, value = line[5:].partition("=")
            if not equals or not key or key.strip() != key:
                return Said(fault=f"the event file has the line {_shown(line)}, which is no data.KEY=VALUE")
            data[key] = value
        elif text in OUTCOMES:
            word = text
        elif text:
            return Said(
                fault=f"the event file says {_shown(text)}, which is no outcome ({', '.join(OUTCOMES)})"
            )
    return Said(word, data)


def _shown(text: str) -> str:
    return f"`{text if len(text) <= 60 else text[:57] + '...'}`"
