"""How wide text is, where no one can be asked who shows it: on the safe side for the fonts of picture.css."""

from __future__ import annotations

import unicodedata

NAME = 7.85
"""A character of a name: 13 px of a monospaced font, DejaVu Sans Mono being the widest."""
SUB = 6.5
"""A character below a name, on average: 11 px, a part of them bold."""
WORD = 6.1
"""A character at an edge, on average: 10.5 px."""

LONGEST = 34
"""So many columns of a name are shown."""


def columns(text: str) -> int:
    """How many columns of a monospaced font a text takes."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text
    )


def cut(text: str, longest: int = LONGEST) -> str:
    """The text, with its middle left out where it is too long: both ends tell names apart."""
    if columns(text) <= longest:
        return text
    head, tail = "", ""
    while columns(head) + columns(tail) < longest - 2:
        if columns(head) <= columns(tail):
            head += text[len(head)]
        else:
            tail = text[len(text) - len(tail) - 1] + tail
    return f"{head}…{tail}"
