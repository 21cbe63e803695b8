"""Plain rules: whole lines `on a.run, b.run changed|failed c.run`, read by one regular expression.

Large files are made of them, and so they take a tenth of the time. What is read here is exactly what the grammar makes
of such a line; a line with anything else in it (a pattern, an `if`, a comment) is left to the grammar.
"""

from __future__ import annotations

import re

from ..base.events import MATCHES
from . import ast

_NAME = r"\w++(?:[-+@]++\w++)*+(?:\.\w++(?:[-+@]++\w++)*+)*+"
_REF = rf"{_NAME}(?:#[0-9]{{1,18}}+)?+"
_EVENT = "(?:" + "|".join(MATCHES) + ")"
_LINE = re.compile(
    rf"[ \t]*+on[ \t]++(?!all[ \t,])({_REF}(?:[ \t]*+,[ \t]*+{_REF})*+)[ \t]++"
    rf"({_EVENT}(?:[ \t]*+\|[ \t]*+{_EVENT})*+)[ \t]++"
    rf"(?!if[ \t,\n])({_REF}(?:[ \t]*+,[ \t]*+{_REF})*+)[ \t]*+\n"
).match
_BRIEF = re.compile(rf"on (?!all )({_NAME}) ({_EVENT}) (?!if\n)({_NAME})\n").match
_WORDS = re.compile(r"[^ \t,|]+").finditer
_new = tuple.__new__


def rules(
    text: str,
    at: int,
    end: int,
    offset: int,
    into: list[ast.Rule | ast.BriefRule],
    texts: dict[str, str] | None,
) -> int:
    """Add the plain rules that stand at `at`, where a statement can begin, one below the other. Returns where they end.

    `offset` is added to all places. With `texts`, which then holds each text once, BriefRules where these will do.
    """
    while True:
        if texts is not None:
            once = texts.setdefault
            while (found := _BRIEF(text, at, end)) is not None:
                a, event, b = found.groups()
                into.append(_new(ast.BriefRule, (once(a, a), once(event, event), once(b, b), at + offset)))
                at = found.end()
        if (found := _LINE(text, at, end)) is None:
            return at
        subscribers = _refs(text, *found.span(3), offset)
        node = (
            False,
            _refs(text, *found.span(1), offset),
            _refs(text, *found.span(2), offset),
            subscribers,
            None,
            text.index("on", at) + offset,
            subscribers[-1].end,
        )
        into.append(_new(ast.Rule, node))
        at = found.end()


def _refs(text: str, start: int, end: int, offset: int) -> tuple[ast.Ref, ...]:
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
