"""Text to tokens, by the terminals of the grammar. Lark parses; this takes the place of its lexer.

Why our own: a keyword is one only where the grammar takes it there (`on on.run changed all.run`), a line goes on
inside brackets but not inside bodies, and one regular expression for all states is three times as fast as lark's
contextual lexer, which counts lines and columns for every token.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from lark.common import LexerConf
from lark.lexer import Lexer as LarkLexer
from lark.lexer import PatternStr
from lark.parsers.lalr_analysis import Shift

MAX_DEPTH = 64
_BLANK = (
    r"(?:[ \t]+|\\\n)*+"  # possessive: what follows never begins with a blank, and going back would explode
)


class Token:
    """A piece of text and the terminal that it is; `start` and `end` are offsets into the source."""

    __slots__ = ("end", "start", "text", "type")

    # what lark looks at when it makes up the token at the end
    line = column = end_line = end_column = start_pos = end_pos = 0

    def __init__(self, type: str, text: str, start: int, end: int) -> None:
        self.type = type
        self.text = text
        self.start = start
        self.end = end


class Unreadable(Exception):
    """No token begins at offset `at`."""

    def __init__(self, at: int) -> None:
        super().__init__(f"no token at {at}")
        self.at = at


class TooDeep(Exception):
    """The bracket at offset `at` is nested deeper than MAX_DEPTH."""

    def __init__(self, at: int) -> None:
        super().__init__(f"nested too deep at {at}")
        self.at = at


class Region:
    """What lark is given to parse: `text[start:end]`, which stands `offset` further on in its source.

    `comments` collects start and end of each comment in it.
    """

    __slots__ = ("comments", "end", "offset", "start", "text")

    def __init__(self, text: str, start: int, end: int, offset: int = 0) -> None:
        self.text = text
        self.start = start
        self.end = end
        self.offset = offset
        self.comments: list[tuple[int, int]] = []


class Lexer(LarkLexer):
    """Lark's interface to the tokens of a Region.

    `{` opens a map behind `=`, inside any bracket, and among the arguments of an action; else it opens a body, where
    each line is a member. Line ends inside `( )`, `[ ]` and maps are left out.
    """

    __future_interface__ = 2

    def __init__(self, conf: LexerConf) -> None:
        keywords: dict[str, str] = {}
        patterns: list[tuple[int, int, str, str]] = []
        for t in conf.terminals:
            if isinstance(t.pattern, PatternStr) and t.pattern.value.isalpha():
                keywords[t.pattern.value] = t.name
            elif t.name != "BLANK":
                first = (
                    t.name != "REF"
                )  # the most frequent one is tried first; nothing else begins as it does
                patterns.append((first, -t.priority, t.pattern.to_regexp(), t.name))
        patterns.sort(key=lambda p: (p[0], p[1], -len(p[2]), p[3]))
        self.keywords = keywords
        self._match = re.compile(
            _BLANK + "(?:" + "|".join(f"(?P<{name}>{regexp})" for _, _, regexp, name in patterns) + ")"
        ).match
        self._blank = re.compile(_BLANK).match

    def lex(self, lexer_state: Any, parser_state: Any) -> Iterator[Any]:
        """The tokens of the region, a line end added after the last one if there is none."""
        region: Region = lexer_state.text
        text, at, end, offset = region.text, region.start, region.end, region.offset
        match, keywords = self._match, self.keywords
        states, stack = parser_state.parse_conf.states, parser_state.state_stack
        bodies: list[bool] = []  # for each open bracket, whether it opens a body
        previous, in_arguments, flat = "", False, 0  # flat: how many open brackets let a line go on
        while at < end:
            found = match(text, at, end)
            if found is None:
                at = self._blank(text, at, end).end()  # type: ignore[union-attr]
                if at >= end:
                    break
                raise Unreadable(at + offset)
            kind: str = found.lastgroup  # type: ignore[assignment]
            start, at = found.span(kind)
            value = text[start:at]
            if kind == "REF":
                if value in keywords and _fits(keywords[value], states, stack):
                    kind = keywords[value]
            elif kind == "_NL":
                if "#" in value:
                    _comments(value, start + offset, region.comments)
                if flat or previous == "_NL":
                    continue
                in_arguments = False
            elif kind == "COMMENT":
                region.comments.append((start + offset, at + offset))
                continue
            elif kind == "COLON":
                in_arguments = True
            elif kind == "SEMICOLON":
                in_arguments = False
            elif kind in ("LSQB", "LPAR", "LBRACE"):
                if len(bodies) == MAX_DEPTH:
                    raise TooDeep(start + offset)
                body = kind == "LBRACE" and not flat and not in_arguments and previous != "EQUAL"
                bodies.append(body)
                flat += not body
            elif kind in ("RSQB", "RPAR", "RBRACE") and bodies:
                if bodies.pop():
                    in_arguments = False
                else:
                    flat -= 1
            previous = kind
            yield Token(kind, value, start + offset, at + offset)
        if previous not in ("_NL", ""):
            yield Token("_NL", "\n", end + offset, end + offset)


def _fits(keyword: str, states: Any, stack: list[Any]) -> bool:
    """Whether the parser, in this state, would come to take the keyword.

    That the keyword is among those that a state can go on with is not enough: LALR states are shared between places,
    so a line end in the body of a resource allows `start` as one between statements does, and `start:` is an action.
    """
    step = states[stack[-1]].get(keyword)
    stack = stack if step is None or step[0] is Shift else stack.copy()
    while step is not None and step[0] is not Shift:
        rule = step[1]
        if rule.expansion:
            del stack[-len(rule.expansion) :]
        stack.append(states[stack[-1]][rule.origin.name][1])
        step = states[stack[-1]].get(keyword)
    return step is not None


def _comments(line_ends: str, start: int, comments: list[tuple[int, int]]) -> None:
    """The comments that stand on lines of their own inside a line end token."""
    for line in line_ends.split("\n"):
        hash_at = line.find("#")
        if hash_at >= 0:
            comments.append((start + hash_at, start + len(line)))
        start += len(line) + 1
