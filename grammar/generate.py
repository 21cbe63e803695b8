"""Writes what editors read, from the words of the language and the terminals of its grammar.

    python grammar/generate.py            # evdsl.tmLanguage.json and vim/syntax/evdsl.vim

A highlighter sees one line at a time and no tree, so both follow the grammar statement by statement: a word is a
keyword only where a statement or clause begins. tests/editors holds the files to this script, and what they colour
to what the parser reads.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from evdsl.syntax import words  # noqa: E402  (found in the checkout, installed or not)

GRAMMAR = (HERE / "evdsl.lark").read_text("utf-8")
VIM = (HERE / "vim/syntax/evdsl.vim.in").read_text("utf-8")

Rule = dict[str, Any]


def terminal(name: str) -> str:
    """The regular expression of a terminal of the grammar."""
    found = re.search(rf"^{name}: /(.*)/$", GRAMMAR, re.MULTILINE)
    assert found
    return found[1]


# ---- TextMate

REF = terminal("REF")
REFS = rf"{REF}(?:[ \t]*,[ \t]*{REF})*"
FIRST = r"(?:^|(?<=[{;]))[ \t]*"  # where a statement or member begins
WORD = r"(?<![\w.*<>@+#{}-])"  # where a word begins
OVER = r"(?![\w.*<#@+-]|\{\{)"  # where a word is over
END = r"(?<![\\\n])$|(?=[;}])|(?=(?<!\S)#)"  # where a statement or member is over


def either(some: tuple[str, ...]) -> str:
    return "(" + "|".join(some) + ")"


def match(regex: str, name: str = "", **captures: str) -> Rule:
    """One expression; `_1` and so on name its groups."""
    rule: Rule = {"match": regex}
    return {**({"name": scope(name)} if name else {}), **rule, **captured("captures", captures)}


def begin(regex: str, patterns: list[Rule], end: str = END, name: str = "", **captures: str) -> Rule:
    """From one expression to another, by default to the end of the statement."""
    rule: Rule = {"begin": regex, **captured("beginCaptures", captures), "end": end, "patterns": patterns}
    return {**({"name": scope(name)} if name else {}), **rule}


def captured(kind: str, captures: dict[str, str]) -> Rule:
    return {kind: {n[1:]: {"name": scope(name)} for n, name in captures.items()}} if captures else {}


def scope(name: str) -> str:
    return f"{name}.evdsl"


def include(*names: str) -> list[Rule]:
    return [{"include": f"#{name}"} for name in names]


KEYWORD = "keyword.control"
NAME = "entity.name.type"
EVENT = "constant.language.event"
HOLE = match(r"\{\{[ \t]*[\w-]+[ \t]*(?:\|[ \t]*\w+[ \t]*)?\}\}", "variable.other.interpolation")


def statement(word: str, patterns: list[Rule], more: str = "", **captures: str) -> Rule:
    return begin(rf"{FIRST}({word}){OVER}{more}", patterns, _1=KEYWORD, **captures)


def brackets(opening: str, close: str, patterns: list[Rule]) -> Rule:
    return begin(rf"\{opening}", [*include("comment"), *patterns], rf"\{close}")


def text(quotes: str, kind: str, patterns: list[Rule]) -> Rule:
    return begin(quotes, patterns, quotes if len(quotes) == 3 else rf"{quotes}|$", f"string.quoted.{kind}")


def options(some: tuple[str, ...]) -> list[Rule]:
    known = match(rf"{WORD}{either(some)}(?=[ \t]*=(?!=))", "support.type.property-name.option")
    return [*(include("exits") if "exits" in some else []), known, *include("key", "value")]


def repository() -> dict[str, Rule]:
    escape = [match(r'\\["\\nt]', "constant.character.escape"), match(r"\\.", "invalid.illegal.escape"), HOLE]
    tail = include("condition", "ref", "continued")
    rule_tail = begin(
        rf"(?<!\S){either(words.EVENTS)}{OVER}",
        [match(rf"\|[ \t]*{either(words.EVENTS)}{OVER}", _1=EVENT), *tail],
        _1=EVENT,
    )
    logic = ("and", "or", "not", "in")
    tests = [
        match(rf"{WORD}{either(logic)}{OVER}", _1=KEYWORD),
        match("==|!=", "keyword.operator"),
        *include("value"),
    ]
    named = rf"(?:[ \t]+({REF}))?"
    return {
        "comment": {
            "patterns": [
                match(r"(?<!\S)##.*$", "comment.line.documentation"),
                match(r"(?<!\S)#.*$", "comment.line.number-sign"),
            ]
        },
        "continued": match(r"\\$", "punctuation.separator.continuation"),
        "string": {
            "patterns": [
                text('"""', "triple.double", [HOLE]),
                text("'''", "triple.single", []),
                text('"', "double", escape),
                text("'", "single", []),
            ]
        },
        "ref": match(REF, "variable.other.reference"),
        "key": match(rf"({REF})[ \t]*=(?!=)", _1="variable.other.property"),
        "value": {
            "patterns": [
                *include("string", "list", "map", "continued"),
                match(rf"{WORD}-?[0-9]+(?:\.[0-9]+)?(?:m?s|m|h)?{OVER}", "constant.numeric"),
                match(rf"{WORD}{either(words.CONSTANTS)}{OVER}", "constant.language.boolean"),
                *include("ref"),
            ]
        },
        "list": brackets("[", "]", options(words.OPTIONS)),
        "map": begin(r"\{(?!\{)", include("comment", "key", "value"), r"\}"),
        "exits": begin(
            rf"{WORD}(exits)[ \t]*=[ \t]*\{{",
            [
                match(rf"(?<==)[ \t]*{either(words.EVENTS)}{OVER}", _1=EVENT),
                *include("comment", "key", "value"),
            ],
            r"\}",
            _1="support.type.property-name.option",
        ),
        "condition": begin(
            rf"{WORD}(if){OVER}|(?<=[\]}}])(if){OVER}", [*include("group"), *tests], _1=KEYWORD, _2=KEYWORD
        ),
        "group": brackets("(", ")", [*include("group"), *tests]),
        "rule": statement(
            "on",
            [
                match(rf"\G[ \t]+(all){OVER}(?=[ \t]*\\$)", _1=KEYWORD),
                match(rf"\G[ \t]+(?:(all){OVER}[ \t]+)?({REFS})", _1=KEYWORD, _2="variable.other.reference"),
                rule_tail,
                *tail,
            ],
        ),
        "order": {
            "patterns": [
                begin(
                    rf"{FIRST}({REFS})[ \t]+(after|needs){OVER}",
                    tail,
                    _1="variable.other.reference",
                    _2=KEYWORD,
                ),
                begin(
                    rf"{FIRST}({REF})",
                    [match(rf"(?<!\S)(after|needs){OVER}", _1=KEYWORD), *tail],
                    _1="variable.other.reference",
                ),
            ]
        },
        "members": begin(
            r"\{(?!\{)",
            [
                *include("comment"),
                begin(
                    rf"{FIRST}({REF})[ \t]*(:)",
                    [match(rf"\G[ \t]*({REF})", _1="support.function.driver"), *include("value")],
                    _1="entity.name.function.action",
                    _2="punctuation.separator.action",
                ),
                begin(rf"{FIRST}({REF})[ \t]*(=)", include("value"), _1="variable.other.property"),
            ],
            r"\}",
        ),
        "links": begin(
            r"\{(?!\{)",
            [
                *include("comment", "rule"),
                match(rf"{FIRST}(no)[ \t]+(events){OVER}", _1=KEYWORD, _2=KEYWORD),
                match("->", "keyword.operator"),
                *include("ref", "continued"),
            ],
            r"\}",
        ),
        "body": begin(r"\{(?!\{)", include("file"), r"\}"),
        "file": {"patterns": [*include("comment", "statement", "order")]},
        "statement": {
            "patterns": [
                *include("rule"),
                statement("serial|start|again", include("ref", "continued")),
                statement("connect", [*include("links"), *tail]),
                statement(
                    "resource",
                    [match(rf"(?<!\S){terminal('AT')}", "entity.name.tag.host"), *include("members"), *tail],
                    named,
                    _2=NAME,
                ),
                statement(
                    "host",
                    [brackets("[", "]", options(words.HOST_OPTIONS)), *include("condition", "value")],
                    named,
                    _2=NAME,
                ),
                statement("hosts", include("condition", "value")),
                statement("group|param|secret", include("condition", "value"), named, _2=NAME),
                statement("defaults", include("condition", "value")),
                statement(
                    "for",
                    [match(rf"^[ \t]*(in){OVER}", _1=KEYWORD), *include("body", "condition", "value")],
                    rf"{named}(?:[ \t]+(in){OVER})?",
                    _2=NAME,
                    _3=KEYWORD,
                ),
                statement(
                    "import",
                    [
                        match(rf"{WORD}(as){OVER}{named}", _1=KEYWORD, _2=NAME),
                        brackets("(", ")", include("key", "value")),
                        *include("condition", "value"),
                    ],
                ),
            ]
        },
    }


def textmate() -> str:
    """`evdsl.tmLanguage.json`."""
    grammar = {
        "$schema": "https://raw.githubusercontent.com/martinring/tmlanguage/master/tmlanguage.json",
        "name": "evdsl",
        "scopeName": "source.evdsl",
        "fileTypes": ["events"],
        "patterns": include("file"),
        "repository": repository(),
    }
    return json.dumps(grammar, indent=2) + "\n"


# ---- Vim


def vim() -> str:
    """`vim/syntax/evdsl.vim`: the template beside it with `@NAME@` filled in; each word stands in `\\%( \\)`."""
    # atomic, `\@>`: on a long name Vim runs out of memory where it may go back into it
    ref = r"""\%(\%([^[:blank:],|;:=()\[\]{}"'#\\]\+\|{{\s*[0-9A-Za-z_-]\+\s*}}\)\+\%(#\d\+\)\=\)\@>"""
    gap = r"\%(\s\|\\\n\)*"
    filled = {
        "REFS": rf"{ref}\%({gap},{gap}{ref}\)*",
        "REF": ref,
        "FIRST": r"\%(\%(^\|[{;]\)\s*\)\@<=",
        "WORD": r"[^[:blank:](\[{,|=!]\@1<!",
        "OVER": r"\%([[:alnum:]_.*<#@+-]\|{{\)\@!",
    }
    for name in ("EVENTS", "OPTIONS", "HOST_OPTIONS", "CONSTANTS"):
        filled[name] = r"\%(" + r"\|".join(getattr(words, name)) + r"\)"
    return re.sub(r"@([A-Z_]+)@", lambda m: filled[m[1]], VIM)


FILES = {HERE / "evdsl.tmLanguage.json": textmate, HERE / "vim/syntax/evdsl.vim": vim}

if __name__ == "__main__":
    for path, made in FILES.items():
        path.write_text(made(), "utf-8")
