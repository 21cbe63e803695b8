"""All highlighters see in every program what its parser reads, and so one what the other sees."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from . import pygments_lexer, server, textmate, tree_sitter, vim
from .classes import ROOT, differences, expected, files
from .tricky import TRICKY

HIGHLIGHTERS: dict[str, Callable[[dict[str, str]], dict[str, list[str]]]] = {
    "textmate": textmate.coloured,
    "vim": vim.coloured,
    "pygments": pygments_lexer.coloured,
    "server": server.coloured,
    "tree-sitter": tree_sitter.coloured,
}
SLOW = {"vim": 20_000, "tree-sitter": 3_000}
"""The largest text that a highlighter takes in reasonable time, where there is such a thing."""

ALL = [
    pytest.param(n, marks=pytest.mark.real if n in ("textmate", "vim", "tree-sitter") else ())
    for n in HIGHLIGHTERS
]


@cache
def programs() -> dict[str, str]:
    """Every program of the checkout that parses."""
    return {str(p.relative_to(ROOT)): p.read_text("utf-8") for p in files()}


@cache
def wanted(name: str) -> list[str]:
    """The classes of one of them."""
    with pytest.MonkeyPatch.context() as patch:
        return expected(programs()[name], patch)


@pytest.mark.parametrize("highlighter", ALL)
def test_every_program(highlighter: str) -> None:
    most = SLOW.get(highlighter, 1_000_000)
    texts = {name: text for name, text in programs().items() if len(text) < most}
    assert len(texts) > 40
    got = HIGHLIGHTERS[highlighter](texts)
    assert {n: d for n, text in texts.items() if (d := differences(text, wanted(n), got[n]))} == {}


@pytest.mark.parametrize("highlighter", ALL)
def test_tricky(highlighter: str, monkeypatch: pytest.MonkeyPatch) -> None:
    got = HIGHLIGHTERS[highlighter](TRICKY)
    found: dict[str, Any] = {
        n: differences(text, expected(text, monkeypatch), got[n]) for n, text in TRICKY.items()
    }
    assert {n: d for n, d in found.items() if d} == {}
