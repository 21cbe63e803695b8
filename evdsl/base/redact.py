"""Secrets out of everything that is shown or kept: one place where `***` takes the place of a secret's value."""

from __future__ import annotations

import re
from collections.abc import Iterable

MASK = "***"
_SHORTEST_LINE = 4  # a line of a secret with several is hidden by itself from this length on


class Redactor:
    """Hides values, and the forms in which they get about: quoted for JSON, a URL or a shell, base64, line by line."""

    def __init__(self, values: Iterable[str]) -> None:
        forms = {form for value in values if value for form in _forms(value)}
        longest_first = sorted(forms, key=lambda form: (-len(form), form))
        self._forms = [form.encode() for form in longest_first]
        self._text = re.compile("|".join(map(re.escape, longest_first))) if forms else None
        self._bytes = re.compile(b"|".join(map(re.escape, self._forms))) if forms else None

    def __bool__(self) -> bool:
        return self._text is not None

    def text(self, text: str) -> str:
        """The text with every value hidden."""
        return self._text.sub(MASK, text) if self._text else text

    def stream(self) -> Stream:
        """For output that comes in pieces."""
        return Stream(self)


class Stream:
    """Bytes in pieces: a value that is cut by the end of a piece is hidden as well."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._held = b""

    def feed(self, piece: bytes) -> bytes:
        """What can be passed on now. What may be the beginning of a value is held until more is known."""
        forms, pattern = self._redactor._forms, self._redactor._bytes
        if pattern is None:
            return piece
        data = self._held + piece
        # hold back from the first place on at which a value begins that would go beyond the end
        keep = len(data)
        for at in range(max(0, len(data) - len(forms[0]) + 1), len(data)):
            tail = data[at:]
            if any(len(form) > len(tail) and form.startswith(tail) for form in forms):
                keep = at
                break
        for found in pattern.finditer(data):
            if found.start() < keep < found.end():
                keep = found.start()  # a whole value that overlaps the beginning of another
        self._held = data[keep:]
        return pattern.sub(MASK.encode(), data[:keep])

    def end(self) -> bytes:
        """What was held back, once nothing more comes."""
        held, self._held = self._held, b""
        pattern = self._redactor._bytes
        return pattern.sub(MASK.encode(), held) if pattern else held


def _forms(value: str) -> list[str]:
    import json
    from base64 import b64encode
    from urllib.parse import quote, quote_plus

    lines = [line for line in value.splitlines() if len(line) >= _SHORTEST_LINE] if "\n" in value else []
    return [
        value,
        json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
        quote(value, safe=""),
        quote_plus(value),
        value.replace("'", "'\\''"),
        b64encode(value.encode()).decode(),
        *lines,
    ]
