"""The machine does what lark does with its tables, and plain rules are what the grammar makes of them."""

from __future__ import annotations

import os
import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from lark import Lark
from lark.exceptions import UnexpectedToken
from lark.lexer import Lexer as LarkLexer

from evdsl.base.diagnostic import Findings
from evdsl.base.source import Source
from evdsl.syntax import ast, lexer, tables
from evdsl.syntax.build import Build
from evdsl.syntax.lexer import Lexer, Region, Token, TooDeep, Unreadable
from evdsl.syntax.machine import Machine, Unexpected
from evdsl.syntax.parser import parse
from syntax.sentences import Sentences

ROOT = Path(__file__).parent.parent.parent


class _Token(Token):
    """With what lark looks at when it makes up the token at the end."""

    line = column = end_line = end_column = start_pos = end_pos = 0


class _Lexer(LarkLexer):
    __future_interface__ = 2
    tables: tables.Tables

    def __init__(self, conf: Any) -> None:
        pass

    def lex(self, lexer_state: Any, parser_state: Any) -> Iterator[Any]:
        for token in Lexer(self.tables).tokens(lexer_state.text, parser_state.state_stack, plain=False):
            if token.type != "$END":
                yield _Token(token.type, token.text, token.start, token.end)


class _Builder:
    """A builder as lark calls it: with a list of children."""

    def __init__(self, build: Build) -> None:
        self._build = build

    def __getattr__(self, name: str) -> Callable[[list[Any]], Any]:
        method = getattr(self._build, name)
        return lambda children: method(*children)


class Both:
    """The same text, read by lark and by the machine, with the same tables."""

    def __init__(self) -> None:
        grammar = Path(tables.grammar_path()).read_text("utf-8")
        self.ours, self.theirs = Build(), Build()
        self.lark: Any = Lark(
            grammar, parser="lalr", lexer=_Lexer, start=list(tables.STARTS), transformer=_Builder(self.theirs)
        )
        _Lexer.tables = taken = tables.taken(self.lark)
        self.machine = Machine(taken, self.ours)

    def by_lark(self, text: str, start: str) -> Any:
        try:
            made = self.lark.parse(Region(text, 0, len(text)), start=start)
        except UnexpectedToken as error:
            at = getattr(error.token, "start", len(text))
            return "refused", error.token.type, at, error.accepts or error.expected
        except (Unreadable, TooDeep) as error:
            return type(error), error.at
        return made if start == "file" else list(made.children)

    def by_machine(self, text: str, start: str) -> Any:
        region = Region(text, 0, len(text))
        try:
            made = self.machine.parse(region, start)
        except Unexpected as error:
            return "refused", error.token.type, error.token.start, error.expected
        except (Unreadable, TooDeep) as error:
            return type(error), error.at
        return sorted([*made, *region.rules], key=lambda node: node.start) if start == "file" else made

    def agree(self, text: str, start: str = "file") -> Any:
        found = []
        for build, read in ((self.theirs, self.by_lark), (self.ours, self.by_machine)):
            build.source, build.faults, build.bad = Source("x", text), Findings(), False
            made = read(text, start)
            found.append(
                (made, [] if made[:1] == ("refused",) else [(d.code, d.message) for d in build.faults])
            )
        assert found[0] == found[1], text
        return found[0][0]


@pytest.fixture(scope="module")
def both() -> Both:
    return Both()


FILES = sorted(p for folder in ("examples", "tests") for p in (ROOT / folder).rglob("*.events"))


def test_files(both: Both) -> None:
    assert len(FILES) > 100
    for path in FILES:
        both.agree(path.read_bytes().decode("utf-8", "replace"))


def test_random_files(both: Both) -> None:
    stands = sum(bool(both.agree(Sentences(random.Random(seed)).file(12))) for seed in range(400))
    assert stands > 300


def test_random_files_with_errors(both: Both) -> None:
    refused = 0
    for seed in range(1500):
        rng = random.Random(seed)
        text = Sentences(rng).file(6)
        pieces = re.findall(r"\w+|\s|.", text)
        for _ in range(rng.randrange(1, 3)):
            at = rng.randrange(len(pieces) + 1)
            pieces[at : at + rng.randrange(3)] = rng.choices(["", "\n", "{", "}", "on", "if", ",", '"', "x"])
        found = both.agree("".join(pieces))
        refused += isinstance(found, tuple)
    assert refused > 500


@pytest.mark.parametrize(
    ("start", "text"),
    [
        ("one_member", "port = 5\n"),
        ("one_member", 'run: sh "x" [timeout = 5s]'),
        ("one_member", 'run: sh "x'),
        ("one_member", "run sh"),
        ("one_link", "port -> db_port"),
        ("one_link", "on run changed restart"),
        ("one_link", "on run"),
        ("one_link", ""),
    ],
)
def test_members(both: Both, start: str, text: str) -> None:
    both.agree(text, start)


WORDS = (
    "on", "on", "on", "all", "if", "a.run", "b.run#1", "x", "on.run", "all.run", "if.x", "getty@tty1.start", "a-b.c+d",
    "café.run", "5m", "7", "changed", "changed", "failed", "ok", "changed|ok", "failed | ok", "|", ",", ",", ", ", "a.*",
    "<h>.run", "{{x}}.run", "#", "# note", "#1", "\\\n", "\n", "\n", "\n ", "\n\t", "after", "needs", "-", "a..b", ".a",
    "a.", "@h", "-a", "a-", "+a", ";", "start", "for h in [1] {", "}", 'resource r { run: sh "x" }', "'''", '"',
)  # fmt: skip
"""What plain rules are made of, and what is near to them."""


def test_plain_rules_are_what_the_grammar_makes_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    read, made, brief = lexer.rules, 0, 0

    def counting(*arguments: Any) -> int:
        nonlocal made
        into = arguments[4]
        before = len(into)
        at = read(*arguments)
        made += len(into) - before
        return at

    for seed in range(4000):
        rng = random.Random(seed)
        text = "".join(
            rng.choice(WORDS) + rng.choice(("", " ", " ", "  ", "\t")) for _ in range(rng.randrange(30))
        )
        if seed % 4 == 0:
            text = "".join(_rule(rng) + "\n" for _ in range(rng.randrange(12)))
        elif seed % 2:
            rules = (_rule(rng) for _ in range(rng.randrange(5)))
            text = "\n".join([*rules, text, *(_rule(rng) for _ in range(3))])
        monkeypatch.setattr(lexer, "rules", counting)
        plain = parse(Source("x", text))
        monkeypatch.setattr(lexer, "rules", lambda text, at, *_: at)
        whole = parse(Source("x", text))
        assert plain[0].statements == whole[0].statements, text
        assert [span[1:] for span in plain[0].comments] == [span[1:] for span in whole[0].comments], text
        told = [[(d.code, d.message, d.span and d.span[1:]) for d in found] for _, found in (plain, whole)]
        assert told[0] == told[1], text
        monkeypatch.setattr(lexer, "rules", read)
        file, found = parse(Source("x", text), brief=True)
        assert (
            tuple([s.rule if isinstance(s, ast.BriefRule) else s for s in file.statements])
            == whole[0].statements
        )
        assert [(s.start, s.end) for s in file.statements] == [(s.start, s.end) for s in whole[0].statements]
        assert [(d.code, d.message) for d in found] == [entry[:2] for entry in told[1]]
        brief += sum(isinstance(s, ast.BriefRule) for s in file.statements)
    assert made > 3000
    assert brief > 1000


def _rule(rng: random.Random) -> str:
    if rng.random() < 0.4:
        return f"on {rng.choice(WORDS[3:20])} {rng.choice(WORDS[16:20])} {rng.choice(WORDS[3:20])}"
    refs = [rng.choice(WORDS[5:20]) for _ in range(rng.choice((2, 2, 3)))]
    lists = (", ".join(refs[1:]), refs[0])
    return f"on {lists[0]} {rng.choice(WORDS[16:22])}{rng.choice(('', '', ' '))} {lists[1]}"


def test_tables_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    grammar = Path(tables.grammar_path()).read_text("utf-8")
    first = tables.tables()
    path = Path(tables.cache_path())
    assert os.listdir(tmp_path / "evdsl") == [path.name]
    monkeypatch.setattr(tables, "made", lambda text: pytest.fail("made anew"))
    assert tables.tables() == first

    kept = path.read_bytes()
    fresh = tables.taken(Lark(grammar, parser="lalr", lexer="basic", start=list(tables.STARTS)))
    monkeypatch.setattr(tables, "made", lambda text: fresh)
    for damaged in (b"", kept[:1000], b"\0" * 64, b"x" + kept[1:], kept.replace(b"resource", b"rezource")):
        path.write_bytes(damaged)
        assert tables.tables() == fresh
        assert path.read_bytes() != damaged


def test_nowhere_to_keep_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert tables.cache_path() == ""
    assert len(tables.tables().states) > 100
