"""Secrets out of everything that is shown or kept: one place where `***` takes the place of a secret's value."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import AnyStr, Generic

MASK = "***"
_SHORTEST_LINE = 4  # a line of a secret with several is hidden by itself from this length on
_SHORTEST_BASE64 = 8
_NEEDLE = 4


class Redactor:
    """Hides values, and the forms in which they get about: quoted for JSON, a URL or a shell, base64, line by line."""

    def __init__(self, values: Iterable[str]) -> None:
        found = {form for value in values if value for form in _forms(value)}
        forms = sorted(found, key=lambda form: (-len(form), form))  # the longest first
        encoded = [form.encode("utf-8", "surrogateescape") for form in forms]
        self._forms, self._encoded = forms, encoded
        self._text = re.compile("|".join(map(re.escape, forms))) if forms else None
        self._bytes = re.compile(b"|".join(map(re.escape, encoded))) if forms else None

    def __bool__(self) -> bool:
        return self._text is not None

    def text(self, text: str) -> str:
        """The text with every value hidden."""
        return self._text.sub(MASK, text) if self._text else text

    def stream(self) -> Stream[bytes]:
        """For output of an action that comes in pieces."""
        return Stream(self._bytes, self._encoded, MASK.encode(), b"")

    def text_stream(self) -> Stream[str]:
        """For text that comes in pieces."""
        return Stream(self._text, self._forms, MASK, "")


class Stream(Generic[AnyStr]):
    """Bytes or text in pieces: a value that is cut by the end of a piece is hidden as well."""

    def __init__(
        self, pattern: re.Pattern[AnyStr] | None, forms: list[AnyStr], mask: AnyStr, nothing: AnyStr
    ) -> None:
        self._pattern: re.Pattern[AnyStr] | None = pattern
        self._forms: list[AnyStr] = forms
        self._mask: AnyStr = mask
        self._nothing: AnyStr = nothing
        self._held: AnyStr = nothing

    def feed(self, piece: AnyStr) -> AnyStr:
        """What can be passed on now. What may be the beginning of a value is held until more is known."""
        pattern = self._pattern
        if pattern is None:
            return piece
        data = self._held + piece
        keep = min(_overhang(data, form) for form in self._forms)
        if keep < len(data):
            for found in pattern.finditer(data):
                if found.start() < keep < found.end():
                    keep = found.start()  # a whole value that overlaps the beginning of another
        self._held = data[keep:]
        return pattern.sub(self._mask, data[:keep])

    def end(self) -> AnyStr:
        """What was held back, once nothing more comes."""
        held, self._held = self._held, self._nothing
        return self._pattern.sub(self._mask, held) if self._pattern else held


def _overhang(data: AnyStr, form: AnyStr) -> int:
    """The first place in the data at which the form begins and goes beyond its end; the end if there is none."""
    at, begin = max(0, len(data) - len(form) + 1), form[:_NEEDLE]
    while (at := data.find(begin, at)) >= 0:
        if form.startswith(data[at:]):
            return at
        at += 1
    for size in range(min(_NEEDLE, len(form)) - 1, 0, -1):
        if data.endswith(form[:size]):
            return len(data) - size
    return len(data)


def _forms(value: str) -> list[str]:
    import json
    from base64 import b64encode

    lines = [line for line in value.splitlines() if len(line) >= _SHORTEST_LINE] if "\n" in value else []
    content = value.encode("utf-8", "surrogateescape")
    return [
        value,
        json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
        *_in_url(content),
        value.replace("'", "'\\''"),
        b64encode(content).decode(),
        *_within_base64(content),
        *lines,
    ]


def _in_url(content: bytes) -> list[str]:
    """As a whole of a path, a part of one, a form; with the digits of an escape in upper or lower case."""
    from urllib.parse import quote, quote_plus

    quoted = [quote(content), quote(content, safe=""), quote_plus(content)]
    return [*quoted, *(re.sub("%[0-9A-F]{2}", lambda found: found[0].lower(), text) for text in quoted)]


def _within_base64(content: bytes) -> list[str]:
    """What is to be seen of it in the base64 of a longer text, such as `user:password`: one for each of three places."""
    from base64 import b64encode

    found = []
    for before in range(3):
        text = b64encode(bytes(before) + content).decode()
        text = text[(0, 2, 3)[before] : (before + len(content)) * 8 // 6]
        if len(text) >= _SHORTEST_BASE64:
            found += [text, text.replace("+", "-").replace("/", "_")]
    return found
