"""Grammar, word lists, TextMate, Vim and tree-sitter say the same words, and what is generated is fresh."""

from __future__ import annotations

import json
import re
import runpy
from pathlib import Path
from typing import Any

import pytest
from lark import Lark

from evdsl.syntax import words
from evdsl.syntax.tables import grammar_path

from . import tree_sitter
from .classes import ROOT

KEYWORDS = {word for keyword in words.KEYWORDS for word in keyword.split()}
LISTS = {
    "EVENTS": words.EVENTS,
    "OPTIONS": words.OPTIONS,
    "HOST_OPTIONS": words.HOST_OPTIONS,
    "CONSTANTS": words.CONSTANTS,
}
ALL = KEYWORDS.union(*LISTS.values())


def test_lark() -> None:
    """Every keyword is a terminal of its own, and no other terminal is a word."""
    parser = Lark(Path(grammar_path()).read_text("utf-8"), parser="lalr", start="file")
    found = {
        t.pattern.value: t.name
        for t in parser.terminals
        if t.pattern.type == "str" and t.pattern.value.isalpha()
    }
    assert found == {word: word.upper() for word in KEYWORDS}


def test_generated() -> None:
    made = runpy.run_path(str(ROOT / "grammar/generate.py"))["FILES"]
    for path, text in made.items():
        assert path.read_text("utf-8") == text(), f"{path} is stale: python grammar/generate.py"


def expressions(node: Any) -> list[str]:
    """Every regular expression of a TextMate grammar."""
    if isinstance(node, list):
        return [e for item in node for e in expressions(item)]
    if not isinstance(node, dict):
        return []
    own = [v for k, v in node.items() if k in ("match", "begin", "end") and isinstance(v, str)]
    return own + [e for value in node.values() if not isinstance(value, str) for e in expressions(value)]


def textmate() -> list[str]:
    return expressions(json.loads((ROOT / "grammar/evdsl.tmLanguage.json").read_text("utf-8")))


def vim() -> list[str]:
    r"""The words in each `\%( \)` that holds nothing but words."""
    text = (ROOT / "grammar/vim/syntax/evdsl.vim").read_text("utf-8")
    return re.findall(r"\\%\(([a-z][a-z_]+(?:\\\|[a-z_]+)*)\\\)", text)


def test_textmate() -> None:
    regexes = textmate()
    assert {w for regex in regexes for w in re.findall(r"(?<![\\A-Za-z_])[a-z][a-z_]+", regex)} == ALL


def test_vim() -> None:
    assert {w for group in vim() for w in group.split(r"\|")} == ALL


@pytest.mark.parametrize("name", LISTS)
def test_lists(name: str) -> None:
    """The words of a list stand together, so that none is coloured as one of another list."""
    assert any("(" + "|".join(LISTS[name]) + ")" in regex for regex in textmate())
    assert r"\|".join(LISTS[name]) in vim()


def test_vim_finds_its_files() -> None:
    text = (ROOT / "grammar/vim/ftdetect/evdsl.vim").read_text("utf-8")
    assert "*.events" in text


@pytest.mark.real
def test_tree_sitter() -> None:
    rules = tree_sitter.grammar()["rules"]
    assert tree_sitter.words() == ALL
    assert tuple(tree_sitter.strings(rules["event"])) == words.EVENTS
    assert tuple(tree_sitter.strings(rules["option_name"])) == (*words.OPTIONS, *words.HOST_OPTIONS)
    assert tuple(tree_sitter.strings(rules["constant"])) == words.CONSTANTS


QUERIES = sorted((ROOT / "grammar/tree-sitter/queries").glob("*.scm"))


@pytest.mark.real
@pytest.mark.parametrize("path", QUERIES, ids=lambda p: p.stem)
def test_queries(path: Path) -> None:
    """They speak of rules, fields and signs that the grammar has, and highlight every keyword and sign."""
    text = re.sub(r"\(#[^()]*\)", "", path.read_text("utf-8"))
    rules = tree_sitter.grammar()["rules"]
    assert set(re.findall(r"\(([a-z]\w*)", text)) <= set(rules)
    assert set(re.findall(r"(\w+):", text)) <= set(re.findall(r'"FIELD", "name": "(\w+)"', json.dumps(rules)))
    quoted = set(re.findall(r'"([^"]+)"', text))
    literal = {s for s in tree_sitter.strings(rules) if s not in ('"', '"""', "\n")}
    assert quoted <= literal
    if path.stem == "highlights":
        assert quoted == literal - {*words.EVENTS, *words.OPTIONS, *words.HOST_OPTIONS, *words.CONSTANTS}
