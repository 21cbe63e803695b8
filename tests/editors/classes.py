"""What a highlighter should see of a text: for each character, whether it is in a keyword, event, string, comment."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest

from evdsl.base.source import Source
from evdsl.syntax import ast, words
from evdsl.syntax.lexer import Lexer, Region, Token
from evdsl.syntax.parser import parse

ROOT = Path(__file__).parents[2]
LARGE = 100_000
KEYWORDS = frozenset(word.upper() for keyword in words.KEYWORDS for word in keyword.split())
STRINGS = ("STRING", "RAW", "LONG_STRING", "LONG_RAW")


def files() -> list[Path]:
    """Every program of the checkout that parses and is not too large to colour."""
    folders = ("examples", "tests/cases", "tests/corpora", "tests/syntax/fmt")
    found = [p for folder in folders for p in sorted((ROOT / folder).rglob("*.events"))]
    seen = [p for p in found if not any(part.startswith(".") for part in p.relative_to(ROOT).parts)]
    return [p for p in seen if p.stat().st_size < LARGE]


def missing(what: str) -> NoReturn:
    """A real program is not there: skip, with EVDSL_REAL=1 fail."""
    if os.environ.get("EVDSL_REAL") == "1":
        pytest.fail(f"{what} is not installed")
    pytest.skip(f"{what} is not installed")


def program(name: str) -> str:
    return shutil.which(name) or missing(name)


def expected(text: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The class of each character by lexer and tree; blanks and what has no class are ""."""
    made = [""] * len(text)
    tokens: list[Token] = []
    read = Lexer.tokens

    def listening(self: Lexer, region: Region, stack: list[int], *, plain: bool) -> Iterator[Token]:
        for token in read(self, region, stack, plain=False):
            tokens.append(token)
            yield token

    with monkeypatch.context() as patch:
        patch.setattr(Lexer, "tokens", listening)
        file, diagnostics = parse(Source("x.events", text))
    assert not diagnostics
    for token in tokens:
        kind = "keyword" if token.type in KEYWORDS else "string" if token.type in STRINGS else ""
        _fill(made, token.start, token.end, kind)
    for event in events(file.statements):
        _fill(made, event.start, event.end, "event")
    for comment in file.comments:
        _fill(made, comment.start, comment.end, "comment")
    return blanked(made, text)


def events(node: Any) -> Iterator[ast.Ref | ast.Word]:
    """The words of a tree that are events: those that a rule listens for, and what `exits` makes of exit codes."""
    if isinstance(node, ast.Rule | ast.OwnRule):
        yield from node.events
    elif isinstance(node, ast.Option) and node.name.text == "exits" and isinstance(node.value, ast.Map):
        yield from (value for _, value in node.value.pairs if isinstance(value, ast.Word))
    elif isinstance(node, tuple):
        for part in node:
            yield from events(part)


def _fill(made: list[str], start: int, end: int, kind: str) -> None:
    made[start:end] = [kind] * (min(end, len(made)) - start)


def blanked(made: list[str], text: str) -> list[str]:
    return ["" if c.isspace() else kind for kind, c in zip(made, text, strict=True)]


def differences(text: str, wanted: list[str], got: list[str]) -> list[str]:
    """One line for each line of the text that is coloured otherwise."""
    source = Source("x.events", text)
    lines: dict[int, str] = {}
    for at, (one, other) in enumerate(zip(wanted, got, strict=True)):
        if one != other:
            line, column = source.position(at)
            lines.setdefault(
                line, f"{line}:{column} is {one or 'plain'}, shown as {other or 'plain'}: {source.line(line)}"
            )
    return list(lines.values())
