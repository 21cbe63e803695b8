"""Plain rules: whole lines `on a.run, b.run changed|failed c.run`, read by one regular expression.

Large files are made of them, and so they take a tenth of the time. What is read here is exactly what the grammar makes
of such a line; a line with anything else in it (a pattern, an `if`, a comment) is left to the grammar.
"""

from __future__ import annotations

import re

from ..base.events import MATCHES
from . import ast

_REF = r"\w++(?:[-+@]++\w++)*+(?:\.\w++(?:[-+@]++\w++)*+)*+(?:#[0-9]{1,18}+)?+"
_EVENT = "(?:" + "|".join(MATCHES) + ")"
_LINE = re.compile(
    rf"[ \t]*+on[ \t]++(?!all[ \t,])({_REF}(?:[ \t]*+,[ \t]*+{_REF})*+)[ \t]++"
    rf"({_EVENT}(?:[ \t]*+\|[ \t]*+{_EVENT})*+)[ \t]++"
    rf"(?!if[ \t,\n])({_REF}(?:[ \t]*+,[ \t]*+{_REF})*+)[ \t]*+\n"
).match
_WORDS = re.compile(r"[^ \t,|]+").finditer
_new = tuple.__new__
_Refs = tuple[ast.Ref, ...]


def rules(text: str, at: int, end: int, offset: int, into: list[ast.Rule]) -> int:
    """Add the plain rules that stand at `at`, where a statement can begin, one below the other. Returns where they end.

    `offset` is added to all places.
    """
    while (found := _LINE(text, at, end)) is not None:
        emitters, events, subscribers = found.span(1), found.span(2), found.span(3)
        start = text.index("on", at) + offset
        node = (
            False,
            _refs(text, *emitters, offset),
            _refs(text, *events, offset),
            _refs(text, *subscribers, offset),
            None,
            start,
            subscribers[1] + offset,
        )
        into.append(_new(ast.Rule, node))
        at = found.end()
    return at


def _refs(text: str, start: int, end: int, offset: int) -> _Refs:
    part = text[start:end]
    if "," in part or "|" in part:
        return tuple([_ref(found[0], start + offset + found.start()) for found in _WORDS(part)])
    return (_ref(part, start + offset),)


def _ref(text: str, start: int) -> ast.Ref:
    end = start + len(text)
    if "#" in text:
        text, _, digits = text.partition("#")
        return _new(ast.Ref, (text, int(digits), start, end))
    return _new(ast.Ref, (text, None, start, end))
