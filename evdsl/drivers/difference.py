"""What differs between two contents of a file, to show to people: a unified diff, kept within bounds."""

from __future__ import annotations

import re

LARGEST = 256 * 1024
"""Contents of more bytes are not compared line by line."""
LONGEST = 2000
"""Nor are more lines than this that lie between the first and the last difference."""
SHOWN = 200
"""How many lines of a difference are shown."""
_AROUND = 3  # lines of context
_NO_NEWLINE = "\\ No newline at end of file"


def difference(old: bytes, new: bytes, name: str, *, is_new: bool = False) -> str:
    """The difference as lines, each with its line end; empty if there is none. `is_new`: there was no file before."""
    if old == new and not is_new:
        return ""
    sizes = f"{len(new)} bytes" if is_new else f"{len(old)} bytes before, {len(new)} now"
    if max(len(old), len(new)) > LARGEST:
        return f"{name}: too large to be shown ({sizes})\n"
    before, after = _text(old), _text(new)
    if before is None or after is None:
        return f"{name}: binary ({sizes})\n"
    lines = _lines(before, after)
    if lines is None:
        return f"{name}: too many lines differ to be shown ({sizes})\n"
    more = len(lines) - SHOWN
    if more > 0:
        lines[SHOWN:] = [f"... {more} more lines"]
    heads = [f"--- {'/dev/null' if is_new else name}", f"+++ {name}"]
    return "\n".join([*heads, *lines]) + "\n"


def _text(content: bytes) -> str | None:
    """The content as text, None if it is binary."""
    if b"\0" in content:
        return None
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _lines(old: str, new: str) -> list[str] | None:
    """The hunks, None if they are too many to work out. What is the same at both ends is not looked at."""
    from difflib import unified_diff  # imported late: only wanted where a file differs

    a, b = _split(old), _split(new)
    first = 0
    while first < min(len(a), len(b)) and a[first] == b[first]:
        first += 1
    last = 0
    while last < min(len(a), len(b)) - first and a[-1 - last] == b[-1 - last]:
        last += 1
    begin, end = max(0, first - _AROUND), max(0, last - _AROUND)
    a, b = a[begin : len(a) - end], b[begin : len(b) - end]
    if len(a) + len(b) > 2 * LONGEST and a and b:
        return None
    found: list[str] = []
    for line in list(unified_diff(a, b, n=_AROUND, lineterm=""))[2:]:
        if line.startswith("@@"):
            line = re.sub(r"([-+])(\d+)", lambda m: f"{m[1]}{int(m[2]) + begin}", line)
        text, mark, _ = line.partition("\n" + _NO_NEWLINE)
        found += [text, _NO_NEWLINE] if mark else [line]
    return found


def _split(text: str) -> list[str]:
    """The lines; a last one without a line end is marked, so that it differs from one with."""
    if not text:
        return []
    lines = text.split("\n")
    if lines[-1]:
        lines[-1] += "\n" + _NO_NEWLINE
    else:
        lines.pop()
    return lines
