"""`*`, `**`, `<h>`: which actions they match and how references go together (LANGUAGE.md section 2)."""

from __future__ import annotations

import pytest

from .programs import codes, loaded, meant, orders, rules, said

WEB = "".join(f"resource w.{n} {{ run: sh ':'; c: sh ':' }}\n" for n in "ab")


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("on w.*.run changed w.*.c",
         ["w.a.run changed w.a.c", "w.a.run changed w.b.c", "w.b.run changed w.a.c", "w.b.run changed w.b.c"]),
        ("on w.<h>.run changed w.<h>.c", ["w.a.run changed w.a.c", "w.b.run changed w.b.c"]),
        ("on w.*.run changed w.*.run", ["w.a.run changed w.b.run", "w.b.run changed w.a.run"]),
        ("on w.<h>.run changed w.<k>.run", ["w.a.run changed w.b.run", "w.b.run changed w.a.run"]),
        ("on **.run changed w.a.c", ["w.a.run changed w.a.c", "w.b.run changed w.a.c"]),
        ("on ** changed w.a.c", ["w.a.run changed w.a.c", "w.b.run changed w.a.c", "w.b.c changed w.a.c"]),
        ("on w.a.* changed w.b.run", ["w.a.run changed w.b.run", "w.a.c changed w.b.run"]),
        ("on w.*.run changed w.a.run", ["w.b.run changed w.a.run"]),
        ("on *.*.c changed w.a.run", ["w.a.c changed w.a.run", "w.b.c changed w.a.run"]),
        ("on *.a.r*n changed w.b.c", ["w.a.run changed w.b.c"]),
        ("on w.<h>.<k> changed w.<h>.c", ["w.a.run changed w.a.c", "w.b.run changed w.b.c"]),
        ("on w.a.run, w.*.c changed w.b.run",
         ["w.a.run changed w.b.run", "w.a.c changed w.b.run", "w.b.c changed w.b.run"]),
        ("on all w.*.run success w.a.c", ["all w.a.run, w.b.run success w.a.c"]),
        ("on all w.*.run success w.<h>.c", ["all w.a.run, w.b.run success w.a.c", "all w.a.run, w.b.run success w.b.c"]),
        ("on all w.*.run success w.a.run", ["w.b.run success w.a.run"]),
        ("on all w.<h>.run, w.b.c success w.<h>.c",
         ["all w.a.run, w.b.c success w.a.c", "w.b.run success w.b.c"]),
        ("on w.<h>.run changed|failed w.<h>.c, w.b.run",
         ["w.a.run changed|failed w.a.c", "w.b.run changed|failed w.b.c", "w.a.run changed|failed w.b.run"]),
        ("on w.*.run changed w.a.c#1", ["w.a.run changed w.a.c#1", "w.b.run changed w.a.c#1"]),
        ("on w.*.run#0 changed w.a.c", ["w.a.run#0 changed w.a.c", "w.b.run#0 changed w.a.c"]),
    ],
)  # fmt: skip
def test_rules(statement: str, expected: list[str]) -> None:
    assert rules(loaded(WEB + statement)) == expected


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("w.*.c after w.*.run",
         ["w.a.c after w.a.run", "w.a.c after w.b.run", "w.b.c after w.a.run", "w.b.c after w.b.run"]),
        ("w.<h>.c needs w.<h>.run", ["w.a.c needs w.a.run", "w.b.c needs w.b.run"]),
        ("w.*.run after w.*.run", ["w.a.run after w.b.run", "w.b.run after w.a.run"]),
        ("w.a.c after **", ["w.a.c after w.a.run", "w.a.c after w.b.run", "w.a.c after w.b.c"]),
        ("serial w.<h>.run", ["w.b.run needs w.a.run"]),
        ("serial w.<h>.run, w.<h>.c",
         ["w.b.run needs w.a.run", "w.b.run needs w.a.c", "w.b.c needs w.a.run", "w.b.c needs w.a.c"]),
        ("serial w.<h>.*",
         ["w.b.run needs w.a.run", "w.b.run needs w.a.c", "w.b.c needs w.a.run", "w.b.c needs w.a.c"]),
    ],
)  # fmt: skip
def test_orders(statement: str, expected: list[str]) -> None:
    assert orders(loaded(WEB + statement)) == expected


def test_start() -> None:
    program = loaded(WEB + "start w.*.c, w.a.c")
    inner = meant(program)
    assert [inner.actions[n].name for n in inner.starts] == ["w.a.c", "w.b.c"]


def test_a_sinks_run_is_matched_too() -> None:
    program = loaded(WEB + "resource w.s\nconnect w.a w.s { x -> y }\non w.*.run failed w.b.c\n")
    assert "w.s.run failed w.b.c" in rules(program)


def test_what_is_not_a_whole_name_is_not_matched() -> None:
    text = "resource app.a { run: sh ':' }\nresource app.a.b { run: sh ':' }\nresource xapp.a { run: sh ':' }\nresource z { run: sh ':' }\n"
    assert rules(loaded(text + "on app.*.run changed z")) == ["app.a.run changed z.run"]
    assert rules(loaded(text + "on app.**.run changed z")) == [
        "app.a.run changed z.run",
        "app.a.b.run changed z.run",
    ]
    assert rules(loaded(text + "on *app.*.run changed z")) == [
        "app.a.run changed z.run",
        "xapp.a.run changed z.run",
    ]
    assert rules(loaded(text + "on <x>app.*.run changed z")) == [
        "xapp.a.run changed z.run"
    ]  # one or more characters
    assert rules(loaded(text + "on app.<h>.run changed z")) == ["app.a.run changed z.run"]  # of one segment


def test_a_variable_is_the_same_wherever_it_stands() -> None:
    text = "".join(f"resource {n} {{ run: sh ':' }}\n" for n in ("a.a", "a.b", "b.a", "c.c", "z"))
    assert rules(loaded(text + "on <x>.<x>.run changed z")) == [
        "a.a.run changed z.run",
        "c.c.run changed z.run",
    ]
    assert rules(loaded(text + "on <x>.<y>.run changed <y>.<x>.run")) == [
        "a.b.run changed b.a.run",
        "b.a.run changed a.b.run",
    ]


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("on x*.run changed w.a.c", "EV206"),
        ("on w.* changed w.a.c", "EV206"),  # a pattern matches actions, not resources
        ("on w.a.run changed w.*.nope", "EV206"),
        ("on w.a.run changed w.<h>.run, x.*", "EV206"),
        ("w.*.c after x.*", "EV206"),
        ("start w.*.nope", "EV206"),
        ("serial w.<h>.nope", "EV206"),
        ("on w.a.r*n changed w.a.r*n", "EV206"),  # it joins nothing with itself, so it joins nothing
        ("w.a.r*n after w.a.run", "EV206"),
        ("on <h>.a.run changed <h>.c.run", "EV206"),
        ("connect x.* w.a", "EV206"),
        ("connect w.a.* w.a", "EV206"),
        ("connect w.* w.a.c", "EV201"),
        ("again w.*.run", "EV206"),
        ("serial w.*.run", "EV221"),
        ("serial w.a.run", "EV221"),
        ("serial w.<h>.run, w.<k>.c", "EV221"),
        ("serial w.<h>.run, w.a.c", "EV221"),
    ],
)
def test_what_matches_nothing_is_an_error(statement: str, code: str) -> None:
    assert said(loaded(WEB + statement)) == [(code, 3)]


def test_connect() -> None:
    text = "".join(f"resource {r}.{n} {{ run: sh ':'; reload: sh ':' }}\n" for r in "wv" for n in "ab")
    assert rules(loaded(text + "connect w.<h> v.<h>")) == [
        "w.a.run changed v.a.reload",
        "w.b.run changed v.b.reload",
    ]
    assert rules(loaded(text + "connect w.* w.*")) == [
        "w.a.run changed w.b.reload",
        "w.b.run changed w.a.reload",
    ]
    assert rules(loaded(text + "connect w.a v.*")) == [
        "w.a.run changed v.a.reload",
        "w.a.run changed v.b.reload",
    ]


# ---- rules-only: what occurs


def test_all_that_occurs_anywhere_is_matched() -> None:
    text = "on w.*.run changed x.run\non w.a.run changed w.b.run\nw.c.run after w.d.run\nstart w.e.run\nconnect w.f y\n"
    assert [r for r in rules(loaded(text)) if r.endswith("x.run")] == [
        f"w.{n}.run changed x.run" for n in "abcdef"
    ]


def test_patterns_alone_make_nothing() -> None:
    assert codes(loaded("on *.run changed *.run")) == ["EV206"] * 2
    assert codes(loaded("start s\nserial n.<h>.run")) == ["EV206"]


def test_connect_with_patterns_matches_resources_that_occur() -> None:
    program = loaded("connect w.* x\non w.a.run changed w.b.run\n")
    assert [r for r in rules(program) if "reload" in r] == [
        "w.a.run changed x.reload",
        "w.b.run changed x.reload",
    ]


def test_serial_goes_by_first_mention_where_nothing_is_declared() -> None:
    assert orders(loaded("on n.2.run changed n.1.run\nserial n.<h>.run")) == ["n.1.run needs n.2.run"]
    assert orders(loaded("serial n.<h>.run\nstart n.3.run, n.1.run")) == ["n.1.run needs n.3.run"]


def test_serial_goes_by_declaration() -> None:
    text = (
        "".join(f"resource n.{n} {{ run: sh ':' }}\n" for n in (2, 1, 3))
        + "on n.3.run failed n.1.run\nserial n.<h>.run"
    )
    assert orders(loaded(text)) == ["n.1.run needs n.2.run", "n.3.run needs n.1.run"]


def test_serial_where_not_all_have_all() -> None:
    text = "resource n.1 { run: sh ':'; c: sh ':' }\nresource n.2 { run: sh ':' }\nresource n.3 { run: sh ':'; c: sh ':' }\n"
    assert orders(loaded(text + "serial n.<h>.run, n.<h>.c")) == [
        "n.2.run needs n.1.run", "n.2.run needs n.1.c", "n.3.run needs n.2.run", "n.3.c needs n.2.run",
    ]  # fmt: skip


# ---- first mention


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("on w.*.run changed w.a.c", ["w.a.run", "w.b.run", "w.a.c"]),
        ("on w.b.run changed w.*.c", ["w.b.run", "w.a.c", "w.b.c"]),
        ("on w.b.c changed w.a.run", ["w.b.c", "w.a.run"]),
        ("on w.<h>.run changed w.<h>.c", ["w.a.run", "w.a.c", "w.b.run", "w.b.c"]),
        ("w.*.c after w.b.run", ["w.a.c", "w.b.c", "w.b.run"]),
        ("on w.b.run, w.a.c changed w.b.c, w.a.run", ["w.b.run", "w.a.c", "w.b.c", "w.a.run"]),
        ("on all w.b.run, w.a.c changed w.b.c", ["w.b.run", "w.a.c", "w.b.c"]),
        ("start w.b.*", ["w.b.run", "w.b.c"]),
        ("serial w.<h>.c, w.<h>.run", ["w.a.c", "w.a.run", "w.b.c", "w.b.run"]),
    ],
)
def test_mentioned_from_left_to_right(statement: str, expected: list[str]) -> None:
    """By line, expanded statements in their order, then from left to right; what is only declared comes last."""
    inner = meant(loaded(WEB + statement))
    declared = ["w.a.run", "w.a.c", "w.b.run", "w.b.c"]
    assert [a.name for a in inner.actions] == expected + [name for name in declared if name not in expected]
    assert inner.mentioned == len(expected)


def test_mentions_decide_ties() -> None:
    """What a pattern matches stands left of the subscriber, so it runs again where all else is equal."""
    text = "".join(f"resource {n} {{ run: sh ':' }}\n" for n in ("w.a", "x", "s"))
    program = loaded(
        f"{text}on w.*.run changed x.run\non x.run changed w.a.run\non s.run changed w.a.run, x.run"
    )
    assert [c.again for c in program.plan().cycles] == ["w.a.run"]
