"""The cutting of a text that does not parse: the whole is accepted if and only if every piece of it is."""

from __future__ import annotations

import random

import pytest

from evdsl.base.source import Source
from evdsl.syntax import split
from evdsl.syntax.parser import parse

from .sentences import Sentences

JUNK = (
    "{", "}", "[", "]", "(", ")", '"', "'", '"""', "'''", "\n", "#", " #", ";", "\\", "\\\n", ",", "=", ":", "->", "@",
    "|", "on", "if", "x", " ", "\t", "{{", "}}", "{{n}}", "\u00a0", "é", "-", "**", "<h>", "==", " all ", " no events ",
    "for x in [1] {", "resource ", "\non a ok b\n",
)  # fmt: skip


def a_file(seed: int, lines: int = 60) -> str:
    """A file of some sixty lines with every construct in it."""
    writer = Sentences(random.Random(seed))
    text = ""
    while text.count("\n") < lines:
        text += writer.statement() + writer.line_end()
    return text


def mutated(text: str, source: random.Random) -> str:
    for _ in range(source.choice((1, 1, 1, 2, 3))):
        kind, at = source.random(), source.randrange(len(text) + 1)
        lines = text.split("\n")
        one, other = source.randrange(len(lines)), source.randrange(len(lines))
        if kind < 0.4:
            text = text[:at] + source.choice(JUNK) + text[at:]
        elif kind < 0.7:
            text = text[:at] + text[at + source.randrange(1, 6) :]
        elif kind < 0.85:
            text = "\n".join(lines[:one] + lines[one + 1 :])
        else:
            lines[one], lines[other] = lines[other], lines[one]
            text = "\n".join(lines)
    return text


def accepted(text: str) -> bool:
    file, diagnostics = parse(Source("x.events", text))
    for d in diagnostics:
        assert d.span is not None
        assert 0 <= d.span.start <= d.span.end <= len(text) + 1
    for s in file.statements:
        assert 0 <= s.start < s.end <= len(text)
    return not diagnostics


@pytest.mark.parametrize("seed", range(8))
def test_whole_and_pieces(seed: int) -> None:
    text = a_file(seed)
    assert accepted(text)
    source = random.Random(seed)
    refused = 0
    for _ in range(50):
        changed = mutated(text, source)
        whole = accepted(changed)
        refused += not whole
        assert whole == all(accepted(changed[p.start : p.end]) for p in split.statements(changed)), changed
    assert refused > 10


@pytest.mark.parametrize("seed", range(20))
def test_nothing_is_lost_between_the_pieces(seed: int) -> None:
    """Pieces follow each other; between them stand blanks and line ends only, and what stands in none is blank."""
    text = mutated(a_file(seed), random.Random(seed))
    at = 0
    for piece in split.statements(text):
        assert text[at : piece.start].strip() == ""
        assert piece.start < piece.end
        at = piece.end
    assert text[at:].strip() == ""


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("on a ok b\non c ok d", ["on a ok b", "on c ok d"]),
        ("\n\n  on a ok b  \n\n", ["on a ok b  "]),
        ("resource a {\n  x = 1; y = 2\n}\nstart a", ["resource a {\n  x = 1; y = 2\n}", "start a"]),
        ("on a ok b \\\n if x\nstart a", ["on a ok b \\\n if x", "start a"]),
        ("on {{n}}.x ok b\nstart a", ["on {{n}}.x ok b", "start a"]),
        ('param x = "{"\nstart a', ['param x = "{"', "start a"]),
        ("# {\nstart a", ["# {", "start a"]),
        ('param x = """\n{ [ \n"""\nstart a', ['param x = """\n{ [ \n"""', "start a"]),
        ("resource a {\n  x = [1\nstart b\n  y = 2\n}", ["resource a {\n  x = [1\nstart b\n  y = 2\n}"]),
        ("resource a {\n  x = 1 ]\n}\nstart b", ["resource a {\n  x = 1 ]\n}", "start b"]),
        (
            "resource a { x = [1\nresource b { y = 2 }\nstart c",
            ["resource a { x = [1", "resource b { y = 2 }", "start c"],
        ),
        ("", []),
    ],
)
def test_statements(text: str, pieces: list[str]) -> None:
    assert [text[p.start : p.end] for p in split.statements(text)] == pieces


def test_members() -> None:
    text = "resource a @h {\n  x = [1,\n 2]; y = {a = 1}\n\n  run: sh '}'  # }\n} if (z)\n"
    found = split.members(text, 0, len(text))
    assert [text[p.start : p.end].strip() for p in found] == [
        "x = [1,\n 2]",
        "y = {a = 1}",
        "run: sh '}'  # }",
    ]
    assert split.members("on a ok b", 0, 9) == []


def test_an_open_bracket_is_named() -> None:
    text = "start a\nresource b {\n  x = [1\nstart c"
    assert [(text[p.start : p.end], p.opening) for p in split.statements(text)] == [
        ("start a", None),
        ("resource b {\n  x = [1", text.index("{")),
        ("start c", None),
    ]
