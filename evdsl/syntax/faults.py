"""What to say of a text that the grammar refuses: one sentence what, one what to do, at the exact place."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from ..base.diagnostic import Diagnostic, Fix
from ..base.source import Source, Span
from ..base.spell import nearest
from .lexer import MAX_DEPTH, TooDeep, Unreadable
from .machine import Unexpected
from .split import Piece
from .words import STATEMENTS

FORMS = {
    "on": "on EMITTER EVENT SUBSCRIBER",
    "serial": "serial app.<h>.restart, app.<h>.smoke",
    "start": "start RESOURCE.ACTION",
    "again": "again RESOURCE.ACTION",
    "connect": "connect RESOURCE RESOURCE { value -> name }",
    "resource": "resource NAME @HOST { attribute = value; action: driver arguments [options] }",
    "host": 'host NAME = "address" [user = "deploy"]',
    "hosts": 'hosts "inventory.yml"',
    "group": "group NAME = [web1, web2]",
    "for": "for h in LIST { … }",
    "param": 'param NAME = "default"',
    "secret": "secret NAME",
    "defaults": "defaults [timeout = 5m]",
    "import": 'import "lib/file.events" as NAME (param = value)',
}
"""How each statement is written; the hint of an error in it."""

ORDER_FORM = "LATER after EARLIER"
MEMBER_FORMS = {
    "resource": "ACTION: driver arguments [options]",
    "connect": "value -> name",
    "for": "on EMITTER EVENT SUBSCRIBER",
}
"""How a member of each body is written."""

_NAMES = {
    "REF": "a name",
    "AT": "`@HOST`",
    "RBRACE": "`}`",
    "RSQB": "`]`",
    "RPAR": "`)`",
    "LBRACE": "`{`",
    "LSQB": "`[`",
    "LPAR": "`(`",
    "EQUAL": "`=`",
    "COLON": "`:`",
    "COMMA": "`,`",
    "VBAR": "`|`",
    "EQ": "`==`",
    "NE": "`!=`",
    "STRING": "a string",
    "_NL": "the end of the line",
    "SEMICOLON": "`;`",
    "__ANON_0": "`->`",
}
_UNSAID = {"RAW", "LONG_STRING", "LONG_RAW", "NEGATIVE", "$END"}
_BRACES = {
    "{": "a body begins on the line of its statement, as in `resource NAME {`",
    "}": "no `{` is open here: leave it out",
}
_FIRST = re.compile(r"[^\s\[\]{}();,=\"']+")
_BLANKS = {
    "\u00a0": "a no-break space",
    "\u200b": "a zero-width space",
    "\u3000": "a wide space",
    "\ufeff": "a byte order mark",
}


def told(error: Exception, source: Source, piece: Piece, form: str | None) -> Diagnostic:
    """The diagnostic for an error in a piece of a source; `form` is how such a piece is written, None for an order."""
    if isinstance(error, TooDeep):
        return _diagnostic(
            "EV109",
            f"brackets are nested deeper than {MAX_DEPTH}",
            source,
            error.at,
            error.at + 1,
            "put the inner parts into params or attributes",
        )
    how = f"it reads `{form or ORDER_FORM}`"
    if isinstance(error, Unreadable):
        return _character(source, error.at, how)
    assert isinstance(error, Unexpected)
    token = error.token
    over = token.type in ("$END", "_NL")
    at = piece.end if token.type == "$END" else min(token.start, piece.end)
    if piece.opening is not None and (over or at > piece.opening):
        bracket = source.text[piece.opening]
        close = {"{": "}", "[": "]", "(": ")"}[bracket]
        return _diagnostic(
            "EV107",
            f"this `{bracket}` is never closed",
            source,
            piece.opening,
            piece.opening + 1,
            f"add the `{close}` that ends it",
        )
    if form is None and (unknown := _statement(source, piece.start, at)):
        return unknown
    if form is None and (lost := _BRACES.get(token.text)) and token.start == piece.start:
        return _diagnostic("EV100", f"`{token.text}` does not fit here", source, at, token.end, lost)
    if token.text == "=" and "EQ" in error.expected:
        fix = Fix(Span(source, at, token.end), "==")
        message = "`=` does not fit here; did you mean `==`?"
        return _diagnostic(
            "EV100", message, source, at, token.end, 'a condition reads `if env == "prod"`', fix
        )
    hint = f"expected {listed(error.expected)}; {how}"
    if over:
        return _diagnostic("EV100", "the line ends too early", source, at, at + 1, hint)
    shown = shortened(token.text)
    return _diagnostic("EV100", f"`{shown}` does not fit here", source, at, token.end, hint)


def opens_text(fault: Diagnostic) -> bool:
    """Whether three quotes are never closed."""
    return fault.code == "EV108" and fault.span is not None and fault.span.text in ('"""', "'''")


def shortened(text: str) -> str:
    """The text as a message shows it."""
    return text if len(text) <= 40 else text[:37] + "…"


def _diagnostic(
    code: str, message: str, source: Source, start: int, end: int, hint: str, fix: Fix | None = None
) -> Diagnostic:
    return Diagnostic(code, message, Span(source, start, end), hint, (), fix)


def _statement(source: Source, start: int, at: int) -> Diagnostic | None:
    """The piece begins with no keyword: it should have, or it is an order without its word."""
    found = _FIRST.match(source.text, start)
    if found is None:
        return None
    word, end = shortened(found[0]), found.end()
    span = Span(source, start, end)
    if source.text[end:at].strip(" \t"):
        return None
    second = _FIRST.match(source.text, at)
    if second and (near := nearest(second[0], ("after", "needs"))):
        there = Span(source, at, second.end())
        return Diagnostic(
            "EV101",
            f"unknown word `{shortened(second[0])}`; did you mean `{near}`?",
            there,
            f"an order reads `{ORDER_FORM}`",
            (),
            Fix(there, near),
        )
    for keyword in sorted(STATEMENTS, key=len, reverse=True):
        rest = word[len(keyword) :]
        if word.startswith(keyword) and "." in rest and rest[0] not in ".-#":
            return Diagnostic(
                "EV106",
                f"a blank is missing after `{keyword}`",
                span,
                f"write `{keyword} {rest}`",
                (),
                Fix(span, f"{keyword} {rest}"),
            )
    near = None if "." in word else nearest(word, STATEMENTS) or ("on" if word[:2].lower() == "on" else None)
    if near:
        return Diagnostic(
            "EV101",
            f"unknown statement `{word}`; did you mean `{near}`?",
            span,
            f"it reads `{FORMS[near]}`",
            (),
            Fix(span, near),
        )
    return Diagnostic(
        "EV101",
        f"no statement begins with `{word}`",
        span,
        f"statements begin with {', '.join(STATEMENTS)}; an order reads `{ORDER_FORM}`",
    )


def _character(source: Source, at: int, how: str) -> Diagnostic:
    """No token begins with this character here."""
    character = source.text[at] if at < len(source.text) else "\n"
    line_end = source.text.find("\n", at)
    line_end = len(source.text) if line_end < 0 else line_end
    if source.text.startswith(('"""', "'''"), at):
        return _diagnostic(
            "EV108",
            "this text in three quotes is never closed",
            source,
            at,
            at + 3,
            f"add `{source.text[at : at + 3]}` where it ends",
        )
    if character in "\"'":
        return _diagnostic(
            "EV108",
            "this text is not closed on its line",
            source,
            at,
            line_end,
            f"add `{character}` where it ends; three quotes hold several lines",
        )
    if character == "#":
        return _diagnostic(
            "EV115",
            "`#` stands behind a word here",
            source,
            at,
            at + 1,
            "a comment needs a blank before `#`; `#0`, `#1` … name one run of an action",
        )
    if character == "\\":
        return _diagnostic(
            "EV115",
            "`\\` does not end the line here",
            source,
            at,
            at + 1,
            "a line goes on after a `\\` that is its last character",
        )
    if character in ".-+@":
        return _diagnostic(
            "EV115",
            f"`{character}` stands at the edge of a word here",
            source,
            at,
            at + 1,
            "`.`, `-`, `+` and `@` stand between the letters, digits and `_` of a name",
        )
    if character in _BLANKS:
        return _diagnostic(
            "EV115", f"{_BLANKS[character]} stands here", source, at, at + 1, "write a plain blank"
        )
    if unicodedata.combining(character):
        said = f"U+{ord(character):04X}, which joins the letter before it, stands here"
        return _diagnostic(
            "EV115", said, source, at, at + 1, "write the letter and its sign as one character"
        )
    shown = character if character.isprintable() else f"U+{ord(character):04X}"
    return _diagnostic("EV115", f"`{shown}` does not fit here", source, at, at + 1, how)


def listed(terminals: Iterable[str]) -> str:
    """Terminal names as words, `a, b or c`."""
    names = sorted({_NAMES.get(t, f"`{t.lower()}`") for t in terminals if t not in _UNSAID})
    return (
        names[0]
        if len(names) == 1
        else ", ".join(names[:-1]) + f" or {names[-1]}"
        if names
        else "nothing more"
    )
