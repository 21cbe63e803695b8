"""What is being written at an offset, in texts that are half typed."""

from __future__ import annotations

import pytest

from evdsl.syntax.place import Place, place

STATEMENTS = [
    "on",
    "serial",
    "start",
    "again",
    "connect",
    "resource",
    "host",
    "hosts",
    "group",
    "for",
    "param",
    "secret",
    "defaults",
    "import",
]
CASES = [
    ("‸", "later", "", STATEMENTS),
    ("o‸", "later", "o", STATEMENTS),
    ("on a.run changed b.run\n‸on x ok y", "later", "", STATEMENTS),
    ("on ‸", "emitter", "", ["all"]),
    ("on ha‸", "emitter", "ha", ["all"]),
    ("on all a.run, b‸", "emitter", "b", []),
    ("on a.run ‸", "event", "", []),
    ("on a.run ch‸", "event", "ch", []),
    ("on a.run ‸ b.run\non x ok y", "event", "", []),
    ("on a.run changed|fa‸", "event", "fa", []),
    ("on a.run changed ‸", "subscriber", "", ["if"]),
    ("on a.run changed b.run ‸", "", "", ["if"]),
    ("on a.run changed b.run \\\n ‸", "", "", ["if"]),
    ("on a ok b if ‸", "condition", "", ["not"]),
    ("on a ok b if env == ‸", "condition", "", []),
    ("on a ok b if env ‸", "", "", ["in", "not", "and", "or"]),
    ("a.run ‸", "", "", ["after", "needs"]),
    ("a.run needs b, ‸", "earlier", "", []),
    ("again ‸", "again", "", []),
    ("start a.‸", "action", "a.", []),
    ("serial app.<h‸", "action", "app.<h", []),
    ("connect ‸", "from", "", []),
    ("connect a ‸", "to", "", []),
    ("connect a b { ‸", "taken", "", ["on", "no events"]),
    ("connect a b { port -> ‸", "given", "", []),
    ("connect a b {\n  port -> x\n  on ‸\n}", "own emitter", "", []),
    ("connect a b { on run changed ‸", "own subscriber", "", []),
    ("resource x ‸", "host", "", ["if"]),
    ("resource x @c‸", "host", "@c", ["if"]),
    ("resource x {\n  ‸", "member", "", []),
    ("resource x {\n  run: ‸", "driver", "", []),
    ("resource x {\n  run: \n  reload: systemd.re‸\n}\non x ok y", "driver", "systemd.re", []),
    ('resource x { run: sh "a" [‸', "first of list", "", []),
    ('resource x { run: sh "a" [timeout = 5m, ch‸', "option", "ch", []),
    ('resource x { run: sh "a" [timeout = ‸', "value of option", "", []),
    ('resource x { run: sh "a" [exits = {2 = ‸', "value of key", "", []),
    ('resource x { run: sh "a {{na‸', "name", "na", []),
    ("resource x { a = ‸", "value", "", []),
    ("defaults [‸", "option", "", []),
    ("for h in ‸", "list", "", []),
    ("for h in web {\n  on a.{{‸", "name", "", []),
    ("group w = [‸", "member of group", "", []),
    ('import "lib/‸', "path", "lib/", []),
    ('import "x" ‸', "", "", ["as"]),
    ('import "x" as acme (‸', "argument of import", "", []),
]


def at(text: str) -> Place | None:
    return place(text.replace("‸", ""), text.index("‸"))


@pytest.mark.parametrize(("text", "role", "word", "keywords"), CASES, ids=[c[0] for c in CASES])
def test_role(text: str, role: str, word: str, keywords: list[str]) -> None:
    found = at(text)
    assert found is not None
    whole = text.replace("‸", "")
    assert (found.role, whole[found.start : found.end]) == (role, word)
    assert sorted(found.keywords) == sorted(keywords)


@pytest.mark.parametrize("text", ["# a ‸", "on a ok b # no ‸", "on , ‸"])
def test_nowhere(text: str) -> None:
    assert at(text) is None


def test_what_stands_beside_and_around() -> None:
    found = at('for h in web {\n  resource app.{{h}} @{{h}} {\n    run: copy "a" "b" [mode = "0600", ‸')
    assert found is not None
    assert found.around == (("for", "h", "in", "web"), ("resource", "app.{{h}}", "@{{h}}"))
    assert (found.beside["driver"], found.beside["option"]) == (("copy",), ("mode",))
    found = at("on all a.run, b.run changed ‸")
    assert found is not None
    assert found.beside["emitter"] == ("a.run", "b.run")


def test_every_offset_of_every_construct_is_answered() -> None:
    text = (
        'import "x" as y (a = [1, {b = 2}])\nfor h in [a, "b"] { resource x.{{h}} @{{h}} { p = 5; run: sh """\nx{{h}}\n"""'
        " [timeout = 5m, exits = {2 = ok}] } }\nconnect a b.<h> { p -> q; on run ok go; no events } if x in [1] and not y\n"
        "on all a.*, b#1 ok|failed c.run # why\nc.run needs d\n"
    )
    for offset in range(len(text) + 1):
        place(text, offset)
        place(text[:offset], offset)
