"""The lexer that Pygments finds for `.events` files."""

from __future__ import annotations

from pygments.lexers import get_lexer_for_filename
from pygments.token import Comment, Keyword, Name, String

from .classes import blanked

KINDS = {Comment: "comment", String: "string", Name.Constant: "event"}


def coloured(texts: dict[str, str]) -> dict[str, list[str]]:
    """The class of each character of each text."""
    lexer = get_lexer_for_filename("x.events")
    made: dict[str, list[str]] = {}
    for name, text in texts.items():
        found = [""] * len(text)
        for at, token, value in lexer.get_tokens_unprocessed(text):
            kind = "keyword" if token is Keyword else next((k for t, k in KINDS.items() if token in t), "")
            found[at : at + len(value)] = [kind] * len(value)
        made[name] = blanked(found, text)
    return made
