"""Texts as words of a POSIX shell: literals in single quotes, and values that are known only when the script runs.

A value of that kind stands in a text as a mark, made by `later`; `word` turns the text into shell code in which the
mark has become the variable that holds the value. User text is never anything but a literal.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_MARK = re.compile("\ufdd0([a-z]+)([0-9A-Za-z_]*)\ufdd1")
_QUOTED = re.compile("'\ufdd0d([0-9]+)\ufdd1'")
_PLAIN = re.compile(r"[A-Za-z0-9_@%+:,./-]+\Z")


class Entangled(Exception):
    """A value that is known only when the script runs stands where its form matters, inside of JSON for one."""


def later(kind: str, number: object) -> str:
    """The mark of a value: kind `d` for the handed value of that number, `s` for the secret in that variable."""
    return f"\ufdd0{kind}{number}\ufdd1"


def waits(text: str) -> bool:
    """Whether a text holds a value that is known only when the script runs."""
    return "\ufdd0" in text


def literal(text: str) -> str:
    """One word of the shell that is this text, whatever bytes are in it."""
    return "'" + text.replace("'", "'\\''") + "'"


def short(text: str) -> str:
    """As `literal`, without quotes where none are needed."""
    return text if _PLAIN.match(text) else literal(text)


def word(text: str) -> str:
    """The word for a text, marks filled in as they are."""
    return _parts(text, _variable)


def shell_text(text: str) -> str:
    """The word for a text that is code for a shell, in which `render` has put single quotes around what it filled in.

    So a mark that is a word by itself becomes the value's own words, and one in a longer word the value as it stands
    between single quotes.
    """
    text = _QUOTED.sub(lambda found: f"\ufdd0q{found[1]}\ufdd1", text)
    return _parts(text, lambda kind, number: f"_e{number}" if kind == "d" else _variable(kind, number))


def _variable(kind: str, number: str) -> str:
    return number if kind == "s" else f"_{kind}{number}"


def _parts(text: str, variable: Callable[[str, str], str]) -> str:
    if not waits(text):
        return literal(text)
    found, at = [], 0
    for mark in _MARK.finditer(text):
        if mark.start() > at:
            found.append(literal(text[at : mark.start()]))
        found.append(f'"${{{variable(mark[1], mark[2])}}}"')
        at = mark.end()
    if at < len(text):
        found.append(literal(text[at:]))
    return "".join(found)
