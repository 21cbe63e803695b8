"""Each code has a fixture, and what is said of it is held whole: code, message, hint, fix and place. See README.md."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from evdsl.base.diagnostic import Diagnostic
from evdsl.base.source import Source, Span
from evdsl.syntax import parser

HERE = Path(__file__).parent
SYNTAX = Path(parser.__file__).parent


def syntax(path: Path) -> list[Diagnostic]:
    """What the parser says. Read as it is: what a file may hold at all is another pass's (`\\r` here is an error)."""
    return parser.parse(Source(path.name, path.read_bytes().decode("utf-8")))[1]


PASSES: dict[str, Callable[[Path], list[Diagnostic]]] = {"1": syntax}
"""By the first digit of a code: how its diagnostics are made of a file."""

FIXTURES = [p for p in sorted(HERE.glob("EV*.events")) if p.name[2] in PASSES]


def place(span: Span) -> str:
    begin, end = span.source.position(span.start), span.source.position(span.end)
    return f"{begin[0]}:{begin[1]}-{end[0]}:{end[1]}"


def written(diagnostic: Diagnostic) -> str:
    where = place(diagnostic.span) if diagnostic.span else diagnostic.file
    lines = [f"{where} {diagnostic.code} {diagnostic.severity}: {diagnostic.message}"]
    if diagnostic.hint:
        lines.append(f"help: {diagnostic.hint}")
    if diagnostic.fix:
        lines.append(f"fix {place(diagnostic.fix.span)}: {diagnostic.fix.text}")
    lines += [f"label {span.source.path} {place(span)}: {text}" for span, text in diagnostic.labels]
    return "\n    ".join(lines) + "\n"


@pytest.mark.parametrize("path", FIXTURES, ids=lambda p: p.stem)
def test_golden(path: Path) -> None:
    diagnostics = PASSES[path.name[2]](path)
    text = "".join(map(written, diagnostics))
    expected = path.with_suffix(".expected")
    if os.environ.get("EVDSL_UPDATE"):
        expected.write_text(text, "utf-8")
    assert text == expected.read_text("utf-8")
    assert path.name[:5] in {d.code for d in diagnostics}


def test_every_code_of_the_parser_has_a_fixture() -> None:
    emitted = {code for p in SYNTAX.glob("*.py") for code in re.findall(r"EV\d{3}", p.read_text("utf-8"))}
    assert emitted
    assert {p.name[:5] for p in FIXTURES if p.name[2] == "1"} == emitted


def test_every_expectation_has_a_fixture() -> None:
    assert {p.stem for p in HERE.glob("*.expected")} == {p.stem for p in HERE.glob("EV*.events")}
