"""User text in pictures: what it must become so that it is shown and never obeyed."""

from __future__ import annotations

import json
import re

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MARKUP = re.compile("[<>&\"'\u2028\u2029]")


def plain(text: str) -> str:
    """Without what XML cannot hold, however it is written there: control characters and single surrogates."""
    return _NOT_XML.sub(lambda c: f"\\x{ord(c[0]):02x}", text)


def xml(text: str) -> str:
    """For the text and the double-quoted attributes of XML and HTML."""
    return _MARKUP.sub(lambda c: f"&#{ord(c[0])};", plain(text))


def script_json(value: object) -> str:
    """JSON that may stand inside `<script>`: nothing in it ends the element or begins a comment."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=True)
    return _MARKUP.sub(lambda c: c[0] if c[0] == '"' else f"\\u{ord(c[0]):04x}", text)
