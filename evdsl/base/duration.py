"""Spans of time: `500ms`, `30s`, `5m`, `1h`."""

from __future__ import annotations

import re

_FORM = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)\Z")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
LONGEST = 18
"""Characters of a number or a duration."""


class Seconds(float):
    """A span of time as a value: its seconds, and as text what was written, `5m`."""

    __slots__ = ("text",)
    text: str

    def __str__(self) -> str:
        return self.text


def duration(text: str) -> Seconds | None:
    """The span of time that a text says, None if it says none."""
    found = _FORM.match(text)
    if found is None:
        return None
    made = Seconds(float(found[1]) * _SECONDS[found[2]])
    made.text = text
    return made
