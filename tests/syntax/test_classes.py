"""What each word of a file is, its outline and its folds."""

from __future__ import annotations

from pathlib import Path

import pytest

from evdsl.base.reading import read
from evdsl.base.source import Source
from evdsl.syntax.classes import classes
from evdsl.syntax.outline import Symbol, folds, symbols
from evdsl.syntax.parser import parse

EXAMPLES = sorted((Path(__file__).resolve().parents[2] / "examples").rglob("*.events"))
TEXT = """\
# first
# second
resource on.all @ctl {   # why
  host = "x {{port}} y"
  run: exec ["a", all] [
    exits = {2 = ok}, timeout = 5m]
}
on all on.all, all.on failed|ok on.all if not (on in [true])
for in in [1] {
  connect on all { no events; on run ok all }
}
"""


def test_words() -> None:
    file, found = parse(Source("t", TEXT))
    assert not found
    pieces = [(p.kind, TEXT[p.start : p.end]) for p in classes(file)]
    assert [text for kind, text in pieces if kind == "keyword"] == (
        ["resource", "on", "all", "if", "not", "in", "for", "in", "connect", "no", "events", "on"]
    )
    assert [text for kind, text in pieces if kind == "event"] == ["ok", "failed", "ok", "ok"]
    assert [text for kind, text in pieces if kind == "option"] == ["exits", "timeout"]
    assert [text for kind, text in pieces if kind in ("string", "hole")][:3] == ['"x ', "{{port}}", ' y"']
    assert ("driver", "exec") in pieces
    assert ("number", "5m") in pieces
    assert ("comment", "# why") in pieces


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.name)
def test_nothing_overlaps_and_nothing_is_left_out(path: Path) -> None:
    source, _ = read(str(path))
    assert source is not None
    at, between = 0, []
    for piece in classes(parse(source)[0]):
        assert piece.start >= at
        between.append(source.text[at : piece.start])
        at = piece.end
    assert set("".join(between)) <= set(" \n\t{}[]()=:;,|@->")


def test_outline() -> None:
    def shown(s: Symbol) -> object:
        return (s.kind, s.text, [shown(b) for b in s.below]) if s.below else (s.kind, s.text)

    assert [shown(s) for s in symbols(parse(Source("t", TEXT))[0])] == [
        ("resource", "on.all", [("attribute", "host"), ("action", "run")]),
        ("rule", "on all on.all, all.on failed|ok on.all if not (on in [true])"),
        ("loop", "for in in [1]", [("connect", "connect on all")]),
    ]


def test_folds() -> None:
    file = parse(Source("t", TEXT))[0]
    lines = [
        (file.source.position(f.start)[0], file.source.position(f.end)[0], f.comment) for f in folds(file)
    ]
    assert lines == [(1, 2, True), (3, 7, False), (5, 6, False), (9, 11, False)]
