"""The lexer of Pygments on what does not parse, and what `explain` makes of it on a terminal."""

from __future__ import annotations

import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pygments.lexers import get_lexer_by_name
from pygments.token import Keyword, Name, String

from evdsl.faces import explain
from evdsl.faces.highlight import EvdslLexer
from evdsl.faces.terminal import Out

PIECES = (
    "on ",
    "a.run ",
    "changed ",
    "b",
    "\n",
    "resource ",
    "{",
    "}",
    "[",
    ": sh ",
    '"',
    "'",
    '"""',
    "{{x}}",
)
PIECES += ("# ", "#1", "if ", "= ", "5m", "\\", "é", "\0", "\r", ";", ",", "->", "import ")


def lexed(text: str) -> list[tuple[object, str]]:
    return [(kind, value) for _, kind, value in EvdslLexer().get_tokens_unprocessed(text)]


@given(st.lists(st.sampled_from(PIECES)).map("".join))
def test_nothing_is_lost(text: str) -> None:
    at = 0
    for start, _, value in EvdslLexer().get_tokens_unprocessed(text):
        assert start == at
        at += len(value)
        assert text[start:at] == value
    assert at == len(text)


def test_a_broken_statement_leaves_the_others() -> None:
    found = lexed('on a.run changed b\non a.run "x {{y}}" start\non b.run failed c\n')
    assert [value for kind, value in found if kind is Keyword] == ["on", "on", "on"]
    assert [value for kind, value in found if kind is Name.Constant] == ["changed", "failed"]
    assert [value for kind, value in found if kind is String] == ['"x {{y}}"']


def test_pygments_finds_it() -> None:
    assert isinstance(get_lexer_by_name("evdsl"), EvdslLexer)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def page(code: str, color: str) -> str:
    stream = Terminal()
    explain._show(code, explain.pages()[code], Out(stream, color))
    return stream.getvalue()


@pytest.mark.parametrize("code", explain.pages())
def test_a_page_in_colour_says_the_same(code: str) -> None:
    assert re.sub(r"\x1b\[[0-9;]*m", "", page(code, "always")) == page(code, "never")


def test_examples_are_coloured() -> None:
    lines = page("EV104", "always").splitlines()
    rule = next(line for line in lines if "changed" in line and "app.reload" in line)
    colours = dict(re.findall(r"\x1b\[([0-9;]+)m(on|changed)\x1b", rule))
    assert sorted(colours.values()) == ["changed", "on"]
    # the other page's file is no program
    assert "\x1b[" not in next(line for line in page("EV403", "always").splitlines() if "systemctl" in line)
