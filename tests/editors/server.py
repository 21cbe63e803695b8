"""What the language server says each word of a file is."""

from __future__ import annotations

from evdsl.base.source import Source
from evdsl.syntax.classes import classes
from evdsl.syntax.parser import parse

from .classes import blanked

KINDS = {"comment": "comment", "string": "string", "hole": "string", "keyword": "keyword", "event": "event"}


def coloured(texts: dict[str, str]) -> dict[str, list[str]]:
    """The class of each character of each text."""
    made: dict[str, list[str]] = {}
    for name, text in texts.items():
        file, _ = parse(Source("x.events", text))
        found = [""] * len(text)
        for piece in classes(file):
            kind = KINDS.get(piece.kind, "")
            found[piece.start : piece.end] = [kind] * (piece.end - piece.start)
        made[name] = blanked(found, text)
    return made
