"""`fmt`: the same tree, the same comments at the same statements, and the same text when done twice."""

from __future__ import annotations

import os
import random
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evdsl.base.source import Source
from evdsl.syntax import ast
from evdsl.syntax.parser import parse
from evdsl.syntax.printer import LIMIT, fmt

from .sentences import Sentences

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


SAMPLES = sorted((Path(__file__).parent / "fmt").glob("*.events"))


@pytest.mark.parametrize("path", SAMPLES, ids=lambda p: p.stem)
def test_sample(path: Path) -> None:
    """Whole files and how they come out; `EVDSL_UPDATE=1` writes what comes out."""
    text = formatted(path.read_text("utf-8"))
    expected = path.with_suffix(".formatted")
    if os.environ.get("EVDSL_UPDATE"):
        expected.write_text(text, "utf-8")
    assert text == expected.read_text("utf-8")


LONG = "x" * 40
EXAMPLES = {
    "rules of a paragraph are aligned": (
        "on a.run changed b.run\non long.name.run ok|failed b.run, c.run # why\n# a comment\non c.run failure d.run if x",
        "on a.run         changed   b.run\non long.name.run ok|failed b.run, c.run  # why\n# a comment\n"
        "on c.run         failure   d.run if x",
    ),
    "a blank line and another statement end a paragraph": (
        "on a ok b\non aa ok b\n\non aaaa ok b\nstart b\non aaaaaa ok b\non all aaaaaaa ok b\non aaaaaaaa ok b",
        "on a  ok b\non aa ok b\n\non aaaa ok b\nstart b\non aaaaaa ok b\non all aaaaaaa ok b\non aaaaaaaa ok b",
    ),
    "no paragraph is aligned where a line would not fit": (
        f"on a ok {LONG}\non {LONG}{LONG} ok b",
        f"on a ok {LONG}\non {LONG}{LONG} ok b",
    ),
    "a line that is too long as it is keeps nobody from being aligned": (
        f"on a ok b\non aaa ok {LONG}, {LONG}, {LONG}",
        f"on a   ok b\non aaa ok {LONG}, {LONG}, {LONG}",
    ),
    "a body on one line stays": (
        "resource a{run:sh 'x';stop:sh 'y';}",
        "resource a { run: sh 'x'; stop: sh 'y' }",
    ),
    "a body on several lines stays": (
        "resource a{\nrun:sh 'x'}",
        "resource a {\n  run: sh 'x'\n}",
    ),
    "a body that does not fit is one member a line, drivers aligned": (
        f"resource a {{ run: sh '{LONG}'; reload: sh '{LONG}'; x = 1; stop: sh 'y' }}",
        f"resource a {{\n  run:    sh '{LONG}'\n  reload: sh '{LONG}'\n  x = 1\n  stop: sh 'y'\n}}",
    ),
    "options that do not fit are one a line": (
        f"resource a {{\n  run: sh '{LONG}' [unless = '{LONG}', timeout = 5m, retry = 5]\n}}",
        f"resource a {{\n  run: sh '{LONG}' [\n    unless = '{LONG}',\n    timeout = 5m,\n    retry = 5,\n  ]\n}}",
    ),
    "a list that does not fit is one item a line": (
        f"group g = ['{LONG}', '{LONG}', [1,2], {{a=1}}] if x",
        f"group g = [\n  '{LONG}',\n  '{LONG}',\n  [1, 2],\n  {{a = 1}},\n] if x",
    ),
    "a list that was broken and fits is joined": ("param x = [\n1,\n2,\n]", "param x = [1, 2]"),
    "a string that does not fit breaks nothing": (
        f"resource a {{\n  run: sh '{LONG * 3}' [timeout = 5m]\n}}",
        f"resource a {{\n  run: sh '{LONG * 3}' [timeout = 5m]\n}}",
    ),
    "numbers, durations and strings as written": (
        "param x = [007,1.50, 500ms ,'a', \"b\\n\", -3]",
        "param x = [007, 1.50, 500ms, 'a', \"b\\n\", -3]",
    ),
    "long strings as written": (
        'resource a {\nrun: sh """\n      one  \n    two\n        """\n}',
        'resource a {\n  run: sh """\n      one  \n    two\n        """\n}',
    ),
    "no more parentheses than needed": (
        "on a ok b if ((x) and ((y or (z)))) or (not (v == 1)) or not (x and y) or (x or y)",
        "on a ok b if x and (y or z) or not v == 1 or not (x and y) or (x or y)",
    ),
    "at most one blank line, none at the edges": (
        "\n\nstart a\n\n\n \nstart b\nresource c {\n\n\n  x = 1\n\n\n  y = 2\n\n}\n\n\n",
        "start a\n\nstart b\nresource c {\n  x = 1\n\n  y = 2\n}",
    ),
    "empty brackets": (
        "resource a { }\nresource b {\n\n}\nimport 'x' as y ( )\nparam z = [ ]\nconnect a b { ; }",
        "resource a {}\nresource b {}\nimport 'x' as y\nparam z = []\nconnect a b {}",
    ),
    "a doc comment stays before its statement": (
        "start a\n## doc\n\n## more\n   resource b # behind",
        "start a\n## doc\n\n## more\nresource b  # behind",
    ),
    "nothing": ("\n \n", ""),
    "a comment alone": ("  # x", "# x"),
}


@pytest.mark.parametrize(("text", "expected"), EXAMPLES.values(), ids=EXAMPLES)
def test_example(text: str, expected: str) -> None:
    assert formatted(text) == (expected + "\n" if expected else "")


def test_comments_in_conditions_as_deep_as_may_be() -> None:
    """The pair of parentheses that holds the comments makes nothing too deep."""
    deep = "x"
    for i in range(64):
        deep = f"({deep} or y)" if i % 2 else f"({deep} and y)"
    value = "x in " + "[" * 64 + "1" + "]" * 64
    for condition in (
        "z and " + deep.replace("(x", "( # one\nx # two\n"),
        "z and " + deep.replace(" and y)", " and y # one\n)", 1),
        deep.replace("(x", "( # one\nx"),
        f"( # one\nz) and {value}",
        f"{value} and not (z # one\n)",
        "(" * 63 + " # one\nx in [ # two\n1]" + ")" * 63,
        "(" * 64 + "x # one\n" + ")" * 64,
    ):
        formatted(f"on a ok b if {condition}")


@pytest.mark.parametrize("seed", range(50))
def test_lines_fit_and_have_no_trailing_blank(seed: int) -> None:
    """Whatever can be broken is: a line that is too long holds no bracket that could end it sooner."""
    writer = Sentences(random.Random(seed))
    text = "\n".join(f"resource r{i} {writer.body((writer.action, writer.attribute))}" for i in range(8))
    if '"""' in text or "'''" in text:
        return
    for line in formatted(text).splitlines():
        assert line == line.rstrip(" \t")
        code = line.partition("  #")[0]
        assert len(code) <= LIMIT or not re.search(r"[\[{].*[\]}]", code), line


def test_a_deep_file_takes_no_longer_than_it_is_deep() -> None:
    """What is tried on one line is not tried again at every depth."""
    text = "".join(f"for v{i} in [1] {{ " for i in range(60)) + "on a ok b" + " }" * 60
    assert formatted(text).count("\n") > 100
    formatted("param x = " + "[" * 60 + "'" + LONG + "'" + "]" * 60)
