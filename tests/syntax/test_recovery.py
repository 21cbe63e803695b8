"""A file with errors: each is told once at its place, and all that stands is kept."""

from __future__ import annotations

import pytest

from evdsl.base.source import Source
from evdsl.syntax import ast
from evdsl.syntax.parser import parse


def told(text: str) -> tuple[list[str], list[tuple[int, str]], ast.File]:
    """The statements that are kept, as written; line and code of each diagnostic; the file."""
    file, diagnostics = parse(Source("x.events", text))
    return (
        [text[s.start : s.end] for s in file.statements],
        [(d.span.line, d.code) for d in diagnostics if d.span],
        file,
    )


def test_eight_bad_and_four_good_statements() -> None:
    text = """\
on a.run changed b.run
onn a.run changed b.run
on a.run chnaged b.run
on a.run b.run
resource app { run: sh "x" }
on changed b.run
on a.run changed
param p = "x
c.run after d.run
a.run aftr b.run
on a.run, changed b.run
start c.run
"""
    kept, found, _ = told(text)
    assert found == [
        (2, "EV101"), (3, "EV103"), (4, "EV104"), (6, "EV102"), (7, "EV105"), (8, "EV108"), (10, "EV101"), (11, "EV102"),
    ]  # fmt: skip
    assert [k.split()[0] for k in kept] == ["on", "resource", "c.run", "start"]


def test_a_resource_stays_declared_without_its_bad_member() -> None:
    _, found, file = told('resource r { run: sh "x }\non r.run ok b.run')
    assert found == [(1, "EV108")]
    resource = file.statements[0]
    assert isinstance(resource, ast.Resource)
    assert (resource.name.text, resource.members, len(file.statements)) == ("r", (), 2)


def test_bad_members_of_a_resource() -> None:
    text = """\
resource a @h {
  run: sh "x"  # one
  bad bad bad  # two
  port = 1
  = 5
  reload:
  list = [1, # three
    2]; oops; stop: sh "z"
} if x
on a ok b"""
    kept, found, file = told(text)
    assert found == [(3, "EV100"), (5, "EV100"), (6, "EV100"), (8, "EV100")]
    resource = file.statements[0]
    assert isinstance(resource, ast.Resource)
    assert resource.members is not None
    assert [m.name.text for m in resource.members] == ["run", "port", "list", "stop"]
    assert (resource.when is not None, kept[1:]) == (True, ["on a ok b"])
    assert [c.text for c in file.comments] == ["# one", "# two", "# three"]


def test_bad_members_of_a_connect() -> None:
    text = "connect a b {\n  port -> db\n  port => db\n  on run changed\n  on run chnaged x\n  no events\n}"
    _, found, file = told(text)
    assert found == [(3, "EV100"), (4, "EV100"), (5, "EV103")]
    assert file.statements == ()  # a fault in a word, told when the tree is made, takes the statement with it
    _, found, file = told(text.replace("chnaged", "changed"))
    connect = file.statements[0]
    assert isinstance(connect, ast.Connect)
    assert [type(link).__name__ for link in connect.links or ()] == ["Handover", "OwnRule", "NoEvents"]


def test_bad_members_of_a_for() -> None:
    text = """\
for h in [1] {
  on a changed b
  on a chnaged b  # x
  resource z { run: sh "x"; oops }
  for k in [2] {
    foo bar
    on k ok l
  }
}
start a"""
    kept, found, file = told(text)
    assert found == [(3, "EV103"), (4, "EV100"), (6, "EV101")]
    loop = file.statements[0]
    assert isinstance(loop, ast.For)
    assert loop.body[0].start == text.index("on a changed b")
    assert kept[1:] == ["start a"]
    assert [c.text for c in file.comments] == ["# x"]


@pytest.mark.parametrize(
    ("text", "found", "kept"),
    [
        (
            "resource a {\n  run: sh 'x'\non b ok c\nresource d { run: sh 'y'\non e ok f",
            [(1, "EV107"), (4, "EV107")],
            2,
        ),
        ("on a ok b\nresource a {\n  run: sh 'x'\n", [(2, "EV107")], 1),
        ("resource a {\n  run: sh 'x'\n}}\non a ok b", [(3, "EV100")], 1),
        ("}\non a ok b", [(1, "EV100")], 1),
        ("resource a\n{\n  run: sh 'x'\n}\non a ok b", [(2, "EV100")], 2),
        ("on a ok b if (x\non c ok d", [(1, "EV107")], 1),
        ("host a = [1, 2\nhost b = 'x'", [(1, "EV107")], 1),
        ("on a ok b; on c ok d\non e ok f", [(1, "EV100")], 1),
        ('resource a {\n run: sh """\n never closed\non a ok b', [(2, "EV108")], 1),
        ("on a ok b \\ \n c\non d ok e", [(1, "EV115"), (2, "EV101")], 1),
        (
            'resource a {\n run: sh """\n never closed\n}\nnever mind\non a ok b\nconnect c',
            [(2, "EV108"), (7, "EV100")],
            2,
        ),
        ("resource a { run: sh 'x' ] }\non c ok d", [(1, "EV100")], 2),
        ("resource a {\n x = [1, 2\n y = 1\n}\non c ok d", [(2, "EV107")], 2),
        ("\u00a0on a ok b\non c ok d", [(1, "EV115")], 1),
        ("resource a { x = " + "[" * 65 + "]" * 65 + " }\non c ok d", [(1, "EV109")], 2),
        ("[", [(1, "EV100")], 0),
        ("'", [(1, "EV108")], 0),
        ("\\", [(1, "EV115")], 0),
        ("\0", [(1, "EV115")], 0),
    ],
)
def test_found(text: str, found: list[tuple[int, str]], kept: int) -> None:
    statements, diagnostics, _ = told(text)
    assert diagnostics == found
    assert len(statements) == kept


def test_places_of_what_is_kept_are_those_of_the_file() -> None:
    """Statements are read out of their pieces: every offset still counts from the beginning of the file."""
    text = (
        "bad\nresource a {\n  oops\n  run: sh 'x' [timeout = 5m]\n}\nfor h in [1] {\n  bad\n  on c ok d\n}\n"
    )
    _, _, file = told(text)
    resource, loop = file.statements
    assert isinstance(resource, ast.Resource)
    assert isinstance(loop, ast.For)
    assert resource.members is not None
    assert text[resource.members[0].start : resource.members[0].end] == "run: sh 'x' [timeout = 5m]"
    assert text[loop.body[0].start : loop.body[0].end] == "on c ok d"
