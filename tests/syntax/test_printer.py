"""`fmt`: the same tree, the same comments at the same statements, and the same text when done twice."""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sentences import Sentences

from evdsl.base.source import Source
from evdsl.syntax import ast
from evdsl.syntax.parser import parse
from evdsl.syntax.printer import LIMIT, fmt

TESTS = Path(__file__).parent.parent
SAME_LINE = re.compile(r"(?:[ \t;]|\\\n)*")
FILES = sorted([*TESTS.glob("cases/**/*.events"), *TESTS.glob("corpora/**/*.events")])


def parsed(text: str) -> ast.File:
    file, diagnostics = parse(Source("x.events", text))
    assert not diagnostics, (text, diagnostics)
    return file


def owner(nodes: Any, start: int, comment: Any, text: str) -> tuple[Any, ...]:
    """Which statement or member a comment stands with: before, behind, inside of it or in its body, and where."""
    for i, node in enumerate(nodes):
        if comment.start < node.start:
            return ("before", i)
        if comment.start < node.end:
            inside = getattr(node, "members", None) if isinstance(node, ast.Resource) else (
                getattr(node, "links", None) or getattr(node, "body", None))  # fmt: skip
            when = getattr(node, "when", None)
            if isinstance(inside, tuple) and (when is None or comment.start < when.start):
                head = (
                    node.host or node.name
                    if isinstance(node, ast.Resource)
                    else getattr(node, "over", None) or node.receiver
                )
                brace = text.index("{", head.end)
                if comment.start > brace:
                    first = not inside or comment.start < inside[0].start
                    behind = first and SAME_LINE.fullmatch(text, brace + 1, comment.start)
                    return ("brace", i) if behind else ("in", i, owner(inside, brace, comment, text))
            return ("inside", i)
        last = i + 1 == len(nodes) or comment.start < nodes[i + 1].start
        if last and SAME_LINE.fullmatch(text, node.end, comment.start):
            return ("behind", i)
    return ("last",)


def formatted(text: str) -> str:
    """The text by `fmt`, held to all that `fmt` promises."""
    before = parsed(text)
    made = fmt(before)
    after = parsed(made)
    assert ast.shape(after.statements) == ast.shape(before.statements)
    assert [c.text for c in after.comments] == [c.text.rstrip(" \t") for c in before.comments]
    owners = [
        [owner(f.statements, 0, c, f.source.text) for c in f.comments] for f in (before, after)
    ]  # fmt: skip
    assert owners[1] == owners[0]
    assert fmt(after) == made
    assert made == "" or (made.endswith("\n") and not made.endswith("\n\n"))
    return made


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(TESTS)))
def test_file(path: Path) -> None:
    formatted(path.read_text("utf-8"))


def test_there_are_files() -> None:
    assert len(FILES) > 90


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.randoms(use_true_random=False))
def test_any_file(source: random.Random) -> None:
    formatted(Sentences(source).file())


@pytest.mark.parametrize("seed", range(300))
def test_seeded_file(seed: int) -> None:
    """The same with plain random numbers: longer files than hypothesis draws."""
    formatted(Sentences(random.Random(seed)).file(25))


def test_lines_have_no_trailing_blank_and_fit() -> None:
    """Wherever something can be broken, lines fit; no string here is long, none has several lines."""
    for seed in range(200):
        writer = Sentences(random.Random(seed))
        lines = [f"resource r{i} {writer.body((writer.action, writer.attribute))}" for i in range(5)]
        text = "\n".join(lines)
        if '"""' in text or "'''" in text:
            continue
        for line in formatted(text).splitlines():
            assert line == line.rstrip()
            code = line.partition(" #")[0]
            assert len(code) <= LIMIT or code.count('"') >= 2
