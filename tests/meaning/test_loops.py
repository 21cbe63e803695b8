"""`for`, `if`, `param`, `secret`, `group`: what is decided before the plan (LANGUAGE.md sections 1 and 2)."""

from __future__ import annotations

from pathlib import Path

import pytest

import evdsl
from evdsl.base.duration import duration

from .programs import codes, files, loaded, meant, rules, said

# ---- for


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("for n in [1, 2] {\n  on a.{{n}}.run changed b{{n}}\n}", ["a.1.run changed b1.run", "a.2.run changed b2.run"]),
        (
            'for n in [1, 2] { for m in ["x", "y"] { on a{{n}}.run changed b{{m}}.run } }',
            ["a1.run changed bx.run", "a1.run changed by.run", "a2.run changed bx.run", "a2.run changed by.run"],
        ),
        ("for n in [1] { for n in [2] { on a{{n}} changed b } }", ["a2.run changed b.run"]),
        ('for n in [true, "a-b", "x.y"] { on a{{n}}.run changed b }',
         ["atrue.run changed b.run", "aa-b.run changed b.run", "ax.y.run changed b.run"]),
        ("for n in [] { on a{{n}} changed b }\non x changed y", ["x.run changed y.run"]),
        ("param p = [1, 2]\nfor n in p { on a{{n}} changed b }", ["a1.run changed b.run", "a2.run changed b.run"]),
        ("for n in [[1], [2, 3]] { for m in n { on a{{m}} changed b } }",
         ["a1.run changed b.run", "a2.run changed b.run", "a3.run changed b.run"]),
        ("for n in [1, 2] { on a{{n}} changed b if n != 1 }", ["a2.run changed b.run"]),
        ("for n in [1, 2] {\n on a{{n}} changed b\n} if 1 == 2\non x changed y", ["x.run changed y.run"]),
        ("for n in [1, 1] { on a{{n}} changed b }", ["a1.run changed b.run"]),
        ("for n in g { on {{n}} changed z }\ngroup g = [a]", ["a.run changed z.run"]),
    ],
)  # fmt: skip
def test_for(text: str, expected: list[str]) -> None:
    assert rules(loaded(text)) == expected


@pytest.mark.parametrize(
    "word", ["a b", "../x", "", "a.", ".a", "-a", "a/b", "a#1", "*", "<h>", "{{x}}", "a\\nb"]
)
def test_what_can_stand_in_no_name(word: str) -> None:
    """A value never becomes syntax: no blank, no pattern, no number of an instance."""
    assert codes(
        loaded(
            f'param p = "x"\nfor n in ["{word.replace("{{x}}", "{{p}} ")}"] {{ on a.{{{{n}}}} changed b }}'
        )
    ) == ["EV209"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('for n in "abc" { on a{{n}} changed b }', "EV214"),
        ("for n in 5 { on a{{n}} changed b }", "EV214"),
        ("for n in {a = 1} { on a{{n}} changed b }", "EV214"),
        ("for n in [a, b] { on a{{n}} changed b }", "EV207"),
        ("for n in nope { on a{{n}} changed b }", "EV207"),
        ("for n in [1] { on a{{m}} changed b }", "EV208"),
        ("for n in [[1]] { on a{{n}} changed b }", "EV209"),
        ("for x in [1] { param p = 1 }\non a changed b", "EV216"),
        ("for x in [1] { secret p }\non a changed b", "EV216"),
        ("for x in [1] { group p = [1] }\non a changed b", "EV216"),
        ('for x in [1] { hosts "x" }\non a changed b', "EV216"),
        ("for x in [1] { defaults [retry = 1] }\non a changed b", "EV216"),
    ],
)
def test_for_wrong(text: str, code: str) -> None:
    assert codes(loaded(text)) == [code]


def test_a_name_that_is_wrong_is_not_declared_twice_too() -> None:
    names = ("resource r.{{h}} { run: sh 'true' }", 'host h.{{h}} = "h"', 'import "x" as i.{{h}}')
    for text in names:
        found = codes(loaded(f'for h in ["a b", "c/d"] {{ {text} }}'))
        assert "EV203" not in found, text
        assert found.count("EV209") == 2
    assert codes(loaded("for h in [1, 2] { resource r.{{nope}} { run: sh 'true' } }")) == ["EV208"]
    assert codes(loaded("for h in [1, 1] { resource r.{{h}} { run: sh 'true' } }")) == ["EV203"]


def test_everything_that_repeats() -> None:
    text = """\
for n in [1, 2] {
  host h{{n}} = "192.0.2.{{n}}"
  resource a{{n}} @h{{n}} { run: sh "echo {{n}}"; x = "v{{n}}"; do{{n}}: sh ":" }
  resource s{{n}}
  connect a{{n}} s{{n}} { x -> y }
  a{{n}}.run needs a1.run if n == 2
  start a{{n}}.do{{n}}
}
"""
    inner = meant(loaded(text))
    assert [(h.name, h.address) for h in inner.hosts.values()] == [("h1", "192.0.2.1"), ("h2", "192.0.2.2")]
    assert list(inner.resources) == ["a1", "s1", "a2", "s2"]
    assert [inner.actions[n].name for n in inner.starts] == ["a1.do1", "a2.do2"]
    assert [h[:4] for h in inner.handed] == [("a1", "x", "s1", "y"), ("a2", "x", "s2", "y")]


# ---- if


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        ('e == "dev"', True),
        ('e != "dev"', False),
        ('e in ["prod", "dev"]', True),
        ('e not in ["prod", "dev"]', False),
        ('not e == "dev"', False),
        ('not not e == "dev"', True),
        ('e == "prod" or e == "dev" and n == 2', False),
        ('(e == "prod" or e == "dev") and n == 1', True),
        ('e == "dev" or e == "x" and n == 2', True),
        ("b", True),
        ("not b", False),
        ("b and not (n == 2 or n == 3)", True),
        ("n == 1.0", True),
        ('n == "1"', False),
        ("n == true", False),
        ("b == true", True),
        ("l == [1, 2]", True),
        ("1 in l", True),
        ("e in g", False),
        ('"web" in g', True),
        ("true", True),
        ("false", False),
    ],
)
def test_conditions(test: str, expected: bool) -> None:
    text = 'param e = "dev"\nparam n = 1\nparam b = true\nparam l = [1, 2]\ngroup g = [web]\n'
    assert rules(loaded(f"{text}on x changed y\non a changed b if {test}"))[1:] == (
        ["a.run changed b.run"] if expected else []
    )


@pytest.mark.parametrize(
    ("test", "code"),
    [("e", "EV212"), ("1", "EV212"), ("e in 5", "EV212"), ("nope", "EV207"), ('e == "prod" and nope', "EV207"),
     ('e == "dev" or nope == 1', "EV207"), ('"{{nope}}" == e', "EV208")],
)  # fmt: skip
def test_conditions_that_cannot_be_decided(test: str, code: str) -> None:
    """Every part is looked at, also where another decides."""
    assert said(loaded(f'param e = "dev"\non x changed y\non a changed b if {test}')) == [(code, 3)]


def test_a_secret_decides_nothing() -> None:
    assert codes(loaded('secret s\non a changed b if s == "x"', {"s": "x"})) != []


@pytest.mark.parametrize(
    "statement",
    ["on a changed c.reload", "on c changed a.reload", "on all a, c success b", "a needs c", "c after a", "start c",
     "connect a c", "connect c a { x -> y }", "on c.* changed a", "again c", "on c#1 changed a"],
)  # fmt: skip
def test_what_names_a_resource_left_out_is_left_out(statement: str) -> None:
    """With a note, which says why; the plan is as if the statement did not stand there."""
    text = "".join(
        f"resource {n} {{ run: sh ':'; reload: sh ':' }}{' if 1 == 2' * (n == 'c')}\n" for n in "abc"
    )
    program = loaded(text + statement)
    assert rules(program) == []
    assert meant(program).orders == []
    assert meant(program).handed == []
    notes = [d for d in program.diagnostics if d.code == "EV506"]
    assert [(d.span and d.span.line, d.labels[0][0].line) for d in notes] == [(4, 3)]


def test_of_a_list_only_the_part_is_left_out() -> None:
    text = "".join(f"resource {n} {{ run: sh ':' }}{' if 1 == 2' * (n == 'c')}\n" for n in "abc")
    assert rules(loaded(text + "on a, c changed b")) == ["a.run changed b.run"]
    assert rules(loaded(text + "on a changed b, c")) == ["a.run changed b.run"]


def test_left_out_hosts_groups_loops_and_imports(tmp_path: Path) -> None:
    program = loaded(
        'host h = "1" if 1 == 2\nresource a @h { run: sh ":" }\nresource b { run: sh ":" }\non a changed b\n'
        "group g = [b] if 1 == 2\nfor x in g { on {{x}} changed b }\nfor x in [c] {\n resource {{x}} { run: sh ':' }\n} if 1 == 2"
        "\ngroup c2 = [d]\n".replace("[c]", '["c"]')
        + "on b changed c\n"
    )
    assert rules(program) == []
    assert [d.span.line for d in program.diagnostics if d.code == "EV506" and d.span] == [2, 4, 11]
    program = files(
        tmp_path,
        {
            "m.events": 'resource b { run: sh ":" }\nimport "l.events" as l if 1 == 2\non l.a changed b\n',
            "l.events": "resource a { run: sh ':' }\n",
        },
    )
    assert rules(program) == []
    assert codes(program, "note") == ["EV506"]


# ---- param


def kinds(default: str, given: str) -> tuple[list[str], object]:
    program = loaded(f"param p = {default}\nresource a {{ run: sh 'x'; v = p }}", {"p": given})
    inner = program.inner
    assert inner is not None
    return codes(program), inner.units[0].params.get("p")


@pytest.mark.parametrize(
    ("default", "given", "expected"),
    [
        ('"x"', "5", "5"),
        ('"x"', "", ""),
        ('"x"', "a=b", "a=b"),
        ('"x"', "{{y}}", "{{y}}"),
        ("5", "7", 7),
        ("5", "-7", -7),
        ("1.5", "2", 2.0),
        ("1.5", "2.25", 2.25),
        ("true", "false", False),
        ("false", "true", True),
        ("[1]", '[2, "x"]', [2, "x"]),
        ("[]", "[]", []),
        ("{a = 1}", '{"b": [1]}', {"b": [1]}),
        ("5m", "30s", duration("30s")),
        ("5m", "0.5h", duration("0.5h")),
    ],
)
def test_set_is_what_the_default_is(default: str, given: str, expected: object) -> None:
    found, value = kinds(default, given)
    assert found == []
    assert value == expected
    assert type(value) is type(expected)
    assert str(value) == str(expected)


@pytest.mark.parametrize(
    ("default", "given"),
    [("5", "x"), ("5", "1.5"), ("1.5", "x"), ("true", "yes"), ("5m", "30"), ("5m", "30 s"), ("5m", "9" * 18 + "h"), ("true", "True"), ("true", ""), ("[1]", "1"),
     ("[1]", "{}"), ("[1]", "[1"), ("{a = 1}", "[]"), ("{a = 1}", "x")],
)  # fmt: skip
def test_set_of_another_kind(default: str, given: str) -> None:
    assert kinds(default, given)[0] == ["EV214"]


def test_a_param_at_fault_is_told_alone() -> None:
    """What is made of it, or is to be decided by it, is not worth a word."""
    text = """\
param b = true
param c = b
group g = [b]
resource a.{{b}} { run: sh "x {{b}}" } if b
for x in g { resource y.{{x}} { run: sh "{{x}}" } }
for x in c { resource z.{{x}} { run: sh "{{x}}" } }
on a.prod changed y.prod if c == 1
on y.*.run changed z.1
"""
    assert codes(loaded(text, {"b": "yes"})) == ["EV214"]
    assert codes(loaded(text.replace("= true", "= nope"))) == ["EV207"]
    assert codes(loaded(text.replace("= true", "true"), {"b": "yes"})) == ["EV100"]


def test_environment_and_precedence() -> None:
    text = 'param a-b = "d"\non x{{a-b}} changed y'
    assert rules(loaded(text)) == ["xd.run changed y.run"]
    assert rules(loaded(text, None, EVDSL_SET_a_b="e")) == ["xe.run changed y.run"]
    assert rules(loaded(text, {"a-b": "s"}, EVDSL_SET_a_b="e")) == ["xs.run changed y.run"]
    assert rules(loaded(text, None, a_b="e", EVDSL_SET_A_B="e")) == ["xd.run changed y.run"]


def test_unknown_settings() -> None:
    program = loaded('param env = "x"\non a changed b{{env}}', {"evn": "1"})
    assert codes(program) == ["EV213"]
    assert "`env`" in program.diagnostics[0].message
    assert (
        codes(loaded("on a changed b", None, EVDSL_SET_other="1")) == []
    )  # the environment may hold others'


def test_a_param_may_be_made_of_others() -> None:
    assert rules(loaded('param a = "x"\nparam b = "{{a}}y"\nparam c = b\non {{c}} changed z')) == [
        "xy.run changed z.run"
    ]
    assert codes(loaded('param b = "{{nope}}"\non a changed z')) == ["EV208"]
    chain = "".join(f"param p{i} = p{i + 1}\n" for i in range(3_000))
    assert rules(loaded(f'{chain}param p3000 = "x"\non {{{{p0}}}} changed z')) == ["x.run changed z.run"]


def test_a_param_made_of_itself() -> None:
    for text in (
        "param a = a",
        'param a = [1, {k = "{{a}}"}]',
        'param a = b\nparam b = "{{c}}"\nparam c = [a]',
    ):
        program = loaded(
            f'{text}\nresource r {{ run: sh "echo {{{{a}}}}" }}\non r.run changed x{{{{a}}}}.run if a == 1'
        )
        assert codes(program) == ["EV208"], text
        assert "made of itself" in program.diagnostics[0].message
    assert codes(loaded('param a = "{{a}}"\nresource r { run: sh "echo {{a}}" }')) == ["EV208"]


def test_a_param_has_a_default_and_no_if() -> None:
    assert codes(loaded("param a\non a changed b")) == ["EV100"]
    assert codes(loaded("param a = 1 if 1 == 1\non a changed b")) == ["EV111"]


def test_a_secret_stands_in_no_name_value_or_attribute() -> None:
    for text in ("on a{{s}} changed b", "param p = s\non a changed b", 'param p = "{{s}}"\non a changed b',
                 "for x in [s] { on a{{x}} changed b }", "group g = [1]\nfor x in g { on a{{s}} changed b }",
                 "resource a { v = s; run: sh 'x' }", 'resource a { v = "{{s}}"; run: sh "x" }',
                 'host h = "{{s}}"\non a changed b'):  # fmt: skip
        program = loaded(f"secret s\n{text}", {"s": "verysecret"})
        assert codes(program) != [], text
        assert "verysecret" not in repr(program.diagnostics)


# ---- group


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("group g = [a, b]\ngroup h = [g, c]", ["a", "b", "c"]),
        ("group h = [g, c]\ngroup g = [a, b]", ["a", "b", "c"]),
        ("group h = [k, g]\ngroup g = [k]\ngroup k = [a, b]", ["a", "b", "a", "b"]),
        ("group h = [g, c]\ngroup g = [a, b] if 1 == 2", ["c"]),
        ("group h = []", []),
        ('group h = ["a", 1, x.y, getty@tty1]', ["a", 1, "x.y", "getty@tty1"]),
        ("param p = [1, 2]\ngroup h = [p, a]", [1, 2, "a"]),
        ("param p = [1, 2]\ngroup h = p", [1, 2]),
        ("group g = [a]\ngroup h = g", ["a"]),
        ('param p = "x"\ngroup h = [a-{{p}}]', ["a-x"]),
    ],
)
def test_groups(text: str, expected: list[object]) -> None:
    program = loaded(f"{text}\non z changed y")
    assert meant(program).units[0].groups["h"] == expected


def test_groups_made_of_themselves() -> None:
    assert codes(loaded("group g = [h]\ngroup h = [g]\ngroup k = [k]\non a changed b")) == ["EV207"] * 3


# ---- hosts of an inventory

INVENTORY = """\
all:
  children:
    web:
      hosts:
        web[01:03]: {ansible_user: deploy}
        extra: {ansible_host: 192.0.2.7, ansible_port: 2222, other: x}
    db: {hosts: {db1: }}
    site: {children: {web: , db: }}
"""


def test_an_inventory(tmp_path: Path) -> None:
    text = 'hosts "i.yml"\nfor h in site { resource app.{{h}} @{{h}} { run: sh "echo {{host}}" } }\nfor h in db { start app.{{h}}.run }\n'
    program = files(tmp_path, {"m.events": text, "i.yml": INVENTORY})
    inner = meant(program)
    names = ["web01", "web02", "web03", "extra", "db1"]
    assert [h.name for h in inner.hosts.values()] == names
    assert inner.hosts["extra"].address == "192.0.2.7"
    assert inner.hosts["extra"].options == {"port": 2222}
    assert inner.hosts["web02"].address == "web02"
    assert inner.hosts["web02"].options == {"user": "deploy"}
    assert list(inner.resources) == [f"app.{n}" for n in names]
    assert inner.units[0].groups["all"] == names


def test_a_declared_host_comes_before_the_inventorys(tmp_path: Path) -> None:
    program = files(
        tmp_path,
        {"m.events": 'hosts "i.yml"\nhost db2 = "1"\non a changed b\n', "i.yml": "g: {hosts: {db1: }}"},
    )
    assert list(meant(program).hosts) == ["db1", "db2"]


def test_hosts_must_be_declared() -> None:
    program = loaded('host web1 = "1"\nresource a @web2 { run: sh ":" }')
    assert said(program) == [("EV204", 2)]
    assert "`web1`" in next(d.message for d in program.diagnostics if d.code == "EV204")


def test_options_of_a_host() -> None:
    inner = meant(
        loaded('host h = "1" [user = "u", port = 22, parallel = 4, key = "k", jump = "j"]\non a changed b')
    )
    assert inner.hosts["h"].options == {"user": "u", "port": 22, "parallel": 4, "key": "k", "jump": "j"}
    assert codes(loaded('host h = "1" [usr = "u"]\non a changed b')) == ["EV219"]


def test_load_takes_a_path_or_a_text(tmp_path: Path) -> None:
    (tmp_path / "a b.events").write_text("on a changed b\n", "utf-8")
    assert evdsl.load(tmp_path / "a b.events").actions == ["a.run", "b.run"]
    assert evdsl.load(str(tmp_path / "a b.events")).actions == ["a.run", "b.run"]
    assert evdsl.load("on c changed d").actions == ["c.run", "d.run"]
