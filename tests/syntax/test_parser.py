"""Every statement of section 2 of the language parses to its shape; what section 1 says of lines, names and values."""

from __future__ import annotations

from typing import Any

import pytest

from evdsl.base.source import Source
from evdsl.syntax import ast, words
from evdsl.syntax.parser import parse

Shape = tuple[Any, ...]


def statements(text: str) -> Any:
    file, diagnostics = parse(Source("x.events", text))
    assert not diagnostics
    return ast.shape(file.statements)


def ref(text: str) -> Shape:
    name, _, number = text.partition("#")
    return ("Ref", name, int(number) if number else None)


def refs(*texts: str) -> Shape:
    return tuple(map(ref, texts))


def string(value: str) -> Shape:
    return ("Text", value, False, False)


def raw(value: str) -> Shape:
    return ("Text", value, True, False)


def number(value: float) -> Shape:
    return ("Number", value, str(value))


def word(text: str) -> Shape:
    return ("Word", text)


def option(name: str, value: Shape) -> Shape:
    return ("Option", ref(name), value)


def rule(emitters: Shape, events: Shape, subscribers: Shape, when: Any = None, every: bool = False) -> Shape:
    return ("Rule", every, emitters, events, subscribers, when)


PROD = ("Compare", word("env"), "==", string("prod"))

STATEMENTS: list[tuple[str, Shape]] = [
    ("on a.run changed b.reload", rule(refs("a.run"), refs("changed"), refs("b.reload"))),
    (
        "on a.run, c.run changed|failed b.reload, d.reload",
        rule(refs("a.run", "c.run"), refs("changed", "failed"), refs("b.reload", "d.reload")),
    ),
    ("on all a.run, c.run success b.run", rule(refs("a.run", "c.run"), refs("success"), refs("b.run"), every=True)),
    ("on gc.run changed ha.run#1", rule(refs("gc.run"), refs("changed"), refs("ha.run#1"))),
    ("on app.*.run changed **.x", rule(refs("app.*.run"), refs("changed"), refs("**.x"))),
    ('on a ok b if env == "prod"', rule(refs("a"), refs("ok"), refs("b"), PROD)),
    ("b.run, d.run after a.run, c.run", ("Order", refs("b.run", "d.run"), "after", refs("a.run", "c.run"), None)),
    ('b.run needs a.run if env == "prod"', ("Order", refs("b.run"), "needs", refs("a.run"), PROD)),
    ("serial app.<h>.restart, app.<h>.smoke", ("Serial", refs("app.<h>.restart", "app.<h>.smoke"))),
    ("start disk.check", ("Start", refs("disk.check"))),
    ("again ha.run", ("Again", refs("ha.run"))),
    ("connect a b", ("Connect", ref("a"), ref("b"), None, None)),
    ("connect a b {}", ("Connect", ref("a"), ref("b"), (), None)),
    (
        "connect a b { port -> db_port; host -> db_host }",
        (
            "Connect", ref("a"), ref("b"),
            (("Handover", ref("port"), ref("db_port")), ("Handover", ref("host"), ref("db_host"))), None,
        ),
    ),
    (
        "connect a b { on run changed|created restart; no events }",
        (
            "Connect", ref("a"), ref("b"),
            (("OwnRule", ref("run"), refs("changed", "created"), ref("restart")), ("NoEvents",)), None,
        ),
    ),
    ("resource rmq.cluster", ("Resource", ref("rmq.cluster"), None, None, None)),
    (
        "resource db @ctl { port = 3306; run: copy \"a\" 'b' [mode = \"0644\"] } if env == \"prod\"",
        (
            "Resource", ref("db"), ref("ctl"),
            (
                ("Attribute", ref("port"), number(3306)),
                ("Action", ref("run"), ref("copy"), (string("a"), raw("b")), (option("mode", string("0644")),)),
            ),
            PROD,
        ),
    ),
    (
        'host web1 = "192.0.2.21" [user = "deploy", port = 22]',
        ("Host", ref("web1"), string("192.0.2.21"), (option("user", string("deploy")), option("port", number(22))), None),
    ),
    ('hosts "inventory.yml"', ("Inventory", string("inventory.yml"))),
    ("group web = [web1, web2]", ("Group", ref("web"), ("List", (word("web1"), word("web2"))), None)),
    (
        "for h in web { on a.{{h}} ok b; c after d }",
        (
            "For", ref("h"), word("web"),
            (rule(refs("a.{{h}}"), refs("ok"), refs("b")), ("Order", refs("c"), "after", refs("d"), None)), None,
        ),
    ),
    ("for n in [1, 2] {}", ("For", ref("n"), ("List", (number(1), number(2))), (), None)),
    ('param env = "dev"', ("Param", ref("env"), string("dev"))),
    ("secret token", ("Secret", ref("token"))),
    ("defaults [timeout = 5m]", ("Defaults", (option("timeout", ("Duration", 300.0, "5m")),))),
    ('import "lib/acme.events" as acme', ("Import", string("lib/acme.events"), ref("acme"), (), None)),
    (
        'import "lib/acme.events" as acme (email = "x")',
        ("Import", string("lib/acme.events"), ref("acme"), (option("email", string("x")),), None),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("text", "shape"), STATEMENTS, ids=[text for text, _ in STATEMENTS])
def test_statement(text: str, shape: Shape) -> None:
    assert statements(text) == (shape,)
    assert statements(text + "\n") == (shape,)
    assert statements(f"\n\n# before\n{text}  # behind\n# last") == (shape,)
    assert statements(f"for x in y {{\n{text}\n}}") == (("For", ref("x"), word("y"), (shape,), None),)


def test_every_statement_is_here() -> None:
    assert {text.split()[0] for text, _ in STATEMENTS} >= set(words.STATEMENTS)


# ---- values


def value(text: str) -> Any:
    return statements(f"param x = {text}")[0][2]


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        (r'"a \" \\ \n \t z"', string('a " \\ \n \t z')),
        (r"'raw \n'", raw(r"raw \n")),
        ('""', string("")),
        ('"""\n    one\n      two\n\n    three\n  """', ("Text", "one\n  two\n\nthree", False, True)),
        ("'''\n\\n {{x}}\n'''", ("Text", "\\n {{x}}", True, True)),
        ('"""one"""', ("Text", "one", False, True)),
        ("007", ("Number", 7, "007")),
        ("-1.5", number(-1.5)),
        ("500ms", ("Duration", 0.5, "500ms")),
        ("30s", ("Duration", 30.0, "30s")),
        ("1h", ("Duration", 3600.0, "1h")),
        ("true", ("Boolean", True)),
        ("false", ("Boolean", False)),
        ("web1", word("web1")),
        ("5d", word("5d")),
        ("[]", ("List", ())),
        ("[1, [true], ]", ("List", (number(1), ("List", (("Boolean", True),))))),
        ("{}", ("Map", ())),
        ("{a = 1, \"b\" = 'x',}", ("Map", ((ref("a"), number(1)), (string("b"), raw("x"))))),
        ("[\n1, # one\n2\n]", ("List", (number(1), number(2)))),
        ("{\na = 1,\n\n# two\nb = 2\n}", ("Map", ((ref("a"), number(1)), (ref("b"), number(2))))),
    ],
)
def test_value(text: str, shape: Shape) -> None:
    assert value(text) == shape


# ---- conditions

A, B, C = (("Truth", word(w)) for w in "abc")


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("a", A),
        ("a and b or c", ("Or", (("And", (A, B)), C))),
        ("a and (b or c)", ("And", (A, ("Or", (B, C))))),
        ("not a and b", ("And", (("Not", A), B))),
        ("not (a and b)", ("Not", ("And", (A, B)))),
        ("not not a", A),
        ("not not not a", ("Not", A)),
        ("((a))", A),
        ("a or b or c", ("Or", (A, B, C))),
        ('env != "x"', ("Compare", word("env"), "!=", string("x"))),
        ("a in [b]", ("Compare", word("a"), "in", ("List", (word("b"),)))),
        ("a not in [b]", ("Compare", word("a"), "not in", ("List", (word("b"),)))),
        ("(\na # c\n and\n b)", ("And", (A, B))),
    ],
)
def test_condition(text: str, shape: Shape) -> None:
    assert statements(f"on x ok y if {text}")[0][5] == shape


# ---- lines, blanks, names

PLAIN = rule(refs("a.run"), refs("changed"), refs("b.run"))


@pytest.mark.parametrize(
    "text",
    [
        "on a.run changed b.run",
        "on\ta.run\t changed \tb.run\t",
        "on a.run \\\n  changed \\\n  b.run\n",
        "\\\non a.run changed b.run",
        "on a.run changed b.run # comment",
        "on a.run changed b.run \\\n# comment\n",
        "   on a.run changed b.run",
        "\n \n\t\n on a.run changed b.run\n\n   ",
    ],
)
def test_blanks(text: str) -> None:
    assert statements(text) == (PLAIN,)


@pytest.mark.parametrize(
    "text", ["", "\n", "   ", "\n\n\n", "# one", "# one\n", "#\n  # two\n\n## three", "\\\n", "\t"]
)
def test_no_statement(text: str) -> None:
    assert statements(text) == ()


def test_comments() -> None:
    text = "# one\non a ok b # two \n\n  ## three\nresource a { # four\n x = [ # five\n# six\n 1] # seven\n}"
    file, _ = parse(Source("x.events", text))
    assert [c.text for c in file.comments] == [
        "# one",
        "# two ",
        "## three",
        "# four",
        "# five",
        "# six",
        "# seven",
    ]


def test_a_hash_behind_a_name_is_a_number_and_behind_a_blank_a_comment() -> None:
    file, _ = parse(Source("x.events", "on a ok ha.run#1\non a ok ha.run #1"))
    assert [s.subscribers[0].number for s in file.statements if isinstance(s, ast.Rule)] == [1, None]
    assert [c.text for c in file.comments] == ["#1"]


@pytest.mark.parametrize(
    "name",
    ["a.run", "rmq.1.cluster_create", "keystone-config.run", "getty@tty1.service.start", "gtk+-3.run", "g+_+x.run", "1.2.3", "é.ü",
     "a--b.c", "app.<h>.x", "*.run", "**", "a*b.c", "rmq.{{n}}.run", "{{ n }}", "x-{{n}}-y.run", "_"],
)  # fmt: skip
def test_name(name: str) -> None:
    assert statements(f"on {name} ok x.{name}") == (rule(refs(name), refs("ok"), refs(f"x.{name}")),)


@pytest.mark.parametrize(
    "keyword", sorted({w for k in words.KEYWORDS for w in k.split()} | set(words.EVENTS))
)
def test_keyword_as_a_name(keyword: str) -> None:
    """A keyword is one only where a statement or clause begins; elsewhere it is a name like any other."""
    k = keyword
    if k != "if":  # there it begins a clause
        assert statements(f"on {k}.run changed {k}") == (rule(refs(f"{k}.run"), refs("changed"), refs(k)),)
    assert statements(f"on {k}.run changed {k}.x") == (
        rule(refs(f"{k}.run"), refs("changed"), refs(f"{k}.x")),
    )
    assert statements(f"{k}.run after {k}") == (("Order", refs(f"{k}.run"), "after", refs(k), None),)
    assert statements(f"connect {k} {k}") == (("Connect", ref(k), ref(k), None, None),)
    for separator in ("\n", "; "):
        body = f"{{{separator}run: sh{separator}{k}: sh {k}{separator}{k} = {k}{separator}}}"
        members = (
            ("Action", ref("run"), ref("sh"), (), ()),
            ("Action", ref(k), ref("sh"), (word(k),), ()),
            ("Attribute", ref(k), word(k)),
        )
        assert statements(f"resource {k} @{k} {body}") == (("Resource", ref(k), ref(k), members, None),)
    links = (("Handover", ref("a"), ref(k)), ("Handover", ref(k), ref("b")))
    for arrow in ("->", "\t\\\n -> "):
        text = f"connect a b {{\na -> {k}\n{k}{arrow}b\n}}"
        assert statements(text) == (("Connect", ref("a"), ref("b"), links, None),)
    assert statements(f"for {k} in {k} {{\n{k}.x after {k}\n}}")[0][1] == ref(k)
    assert statements(f"param {k} = {k}") == (("Param", ref(k), word(k)),)


def test_names_of_the_draft() -> None:
    assert statements("on on.run changed all.run") == (
        rule(refs("on.run"), refs("changed"), refs("all.run")),
    )
    assert statements("connect ok failed") == (("Connect", ref("ok"), ref("failed"), None, None),)
    assert statements("on ok ok ok") == (rule(refs("ok"), refs("ok"), refs("ok")),)


# ---- sizes


@pytest.mark.parametrize(("opening", "inside", "close"), [("[", "", "]"), ("{a = ", "1", "}")])
def test_depth(opening: str, inside: str, close: str) -> None:
    def diagnostics(depth: int) -> list[str]:
        text = "param x = " + opening * depth + inside + close * depth
        return [d.code for d in parse(Source("x.events", text))[1]]

    assert diagnostics(64) == []
    assert diagnostics(65) == ["EV109"]
    assert diagnostics(5000) == ["EV109"]


def test_depth_of_conditions_and_bodies() -> None:
    def codes(text: str) -> list[str]:
        return [d.code for d in parse(Source("x.events", text))[1]]

    for depth, expected in ((64, []), (65, ["EV109"])):
        assert codes("on a ok b if " + "(" * depth + "x" + ")" * depth) == expected
        assert codes("for x in y { " * depth + "a after b" + " }" * depth) == expected
        assert codes("for x in y {\n" * depth + "a after b\n" + "}\n" * depth) == expected
    assert codes("on a ok b if " + "not " * 3000 + "x") == []


@pytest.mark.parametrize(
    "name",
    [
        "a-" * 13 + "a.", "*" * 28, "a*" * 14, "{{a}}" * 5 + "{{", "<a>" * 9 + "<", "-a" * 14, "a.b" * 9 + ".",
        "a+-@" * 7, "{{" * 14, "<" * 28, "a" * 27 + "!", "#1" * 14, "a#" * 14, "@" * 28, '"' * 29, "'" * 28,
        "\\" * 28, "a|" * 14, "[" * 28, "((((((((((((((((((((((((((((",
    ],
)  # fmt: skip
def test_hurtful_name(name: str) -> None:
    """Whatever comes of it, it comes at once: no expression here goes back and forth."""
    for text in (
        f"on {name} ok b.run",
        f"on {name * 500} ok b.run",
        f"resource x {{ run: sh {name * 500} }}",
    ):
        parse(Source("x.events", text))


def test_long_lines() -> None:
    many = ", ".join(f"a{i}.run" for i in range(20_000))
    (shape,) = statements(f"on {many} changed b.run")
    assert len(shape[2]) == 20_000
    assert value('"' + "x" * 1_000_000 + '"') == string("x" * 1_000_000)
    assert len(value("[" + "1, " * 20_000 + "]")[1]) == 20_000
    assert statements("on a ok b #" + "x" * 1_000_000) == (rule(refs("a"), refs("ok"), refs("b")),)


def test_places() -> None:
    """Start and end of every node are where it stands in the text."""
    text = 'resource db @ctl { port = 3306; run: copy "a" [mode = "0644"] } if (env == "prod")'
    file, _ = parse(Source("x.events", text))
    (node,) = file.statements
    assert isinstance(node, ast.Resource)
    assert node.members is not None
    assert node.host is not None
    assert node.when is not None
    assert text[node.start : node.end] == text
    assert text[node.host.start : node.host.end] == "ctl"
    assert [text[m.start : m.end] for m in node.members] == ["port = 3306", 'run: copy "a" [mode = "0644"]']
    assert text[node.when.start : node.when.end] == '(env == "prod")'


def test_the_lock_and_the_collector_are_given_back() -> None:
    import gc

    gc.enable()
    parse(Source("x.events", "]"))
    assert gc.isenabled()
    parse(Source("x.events", "on a ok b"))
