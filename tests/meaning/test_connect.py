"""`connect`, sinks and `again` from text to rules (LANGUAGE.md sections 6 and 8)."""

from __future__ import annotations

import pytest

from .programs import codes, expansion, loaded, meant, orders, rules, said, steps


def declared(*names: str, actions: str = "run reload remove") -> str:
    body = "; ".join(f'{action}: sh ":"' for action in actions.split())
    return "".join(f"resource {name} {{ {body} }}\n" for name in names)


AB = declared("a", "b")
WEAK = ["b.run needs a.run weak", "b.reload needs b.run weak", "a.remove after b.remove weak"]


@pytest.mark.parametrize("body", ["", " { }", " { x -> y }", " { x -> y; host -> h }", " {\n  x -> y\n\n}"])
def test_the_drafts_rules(body: str) -> None:
    program = loaded(f"{AB}connect a b{body}")
    assert rules(program) == ["a.run changed b.reload", "a.remove changed b.run"]
    assert orders(program) == WEAK


@pytest.mark.parametrize(
    ("of_a", "of_b", "expected", "weak"),
    [
        ("run", "reload", ["a.run changed b.reload"], []),
        ("run", "run", [], ["b.run needs a.run weak"]),
        ("run", "run reload", ["a.run changed b.reload"], WEAK[:2]),
        ("remove", "run", ["a.remove changed b.run"], []),
        ("remove", "remove", [], ["a.remove after b.remove weak"]),
        ("go", "run", [], []),
    ],
)
def test_only_where_the_actions_are(of_a: str, of_b: str, expected: list[str], weak: list[str]) -> None:
    program = loaded(declared("a", actions=of_a) + declared("b", actions=of_b) + "connect a b")
    assert rules(program) == expected
    assert orders(program) == weak


def test_own_rules_stand_in_place_of_the_two() -> None:
    """The weak orders stay."""
    program = loaded(AB + "connect a b { on run changed run; on remove failed|ok remove }")
    assert rules(program) == ["a.run changed b.run", "a.remove ok|failed b.remove"]
    assert orders(program) == WEAK


def test_no_events() -> None:
    program = loaded(AB + "connect a b { nodes -> peers; no events }")
    assert rules(program) == []
    assert orders(program) == []
    assert [h[:4] for h in meant(program).handed] == [("a", "nodes", "b", "peers")]
    assert codes(program, "warning") == ["EV411"]


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("connect a b { on nope changed run }", "EV202"),
        ("connect a b { on run changed nope }", "EV202"),
        ("connect a.run b", "EV201"),
        ("connect a nope", "EV201"),
        ("connect nope b", "EV201"),
        ("connect a b { on run chnaged run }", "EV103"),
        ("connect a#1 b", "EV110"),
    ],
)
def test_wrong(statement: str, code: str) -> None:
    assert said(loaded(AB + statement))[0] == (code, 3)


def test_with_itself_it_makes_no_rules_and_mentions_nothing() -> None:
    program = loaded(AB + "connect a a { x -> y }")
    assert (rules(program), orders(program)) == ([], [])
    assert meant(program).mentioned == 0
    program = loaded("connect a a\non b changed c")
    assert [a.name for a in meant(program).actions] == ["b.run", "c.run"]


def test_references_are_mentioned_in_their_order() -> None:
    inner = meant(loaded("connect a b"))
    assert [a.name for a in inner.actions] == ["a.run", "b.reload", "a.remove", "b.run", "b.remove"]


def test_it_never_decides_whether_the_receiver_starts() -> None:
    assert loaded(AB + "connect a b").plan().start == ["a.run", "b.run"]


def test_the_rule_on_remove_gives_way_to_a_plan_with_the_receivers_remove() -> None:
    program = loaded(AB + "connect a b")
    assert steps(program, "remove") == ["b.remove#0", "a.remove#0"]
    program = loaded(AB + "connect a b\nstart a.remove")
    assert "b.run#0" in {rule["to"] for rule in program.plan().to_json()["rules"]}


def test_an_authors_own_rule_and_order_stand_above_connects() -> None:
    """Exact duplicates merge; the author's own are neither weak nor given up for a remove."""
    program = loaded(AB + "connect a b\nb.run needs a.run\non a.remove changed b.run")
    assert orders(program) == ["b.run needs a.run", *WEAK[1:]]
    assert "b.run#0" in steps(program, "remove")


def test_weak_orders_give_way_in_a_cycle() -> None:
    program = loaded(AB + "connect a b\nconnect b a")
    plan = program.plan()
    document = plan.to_json()
    assert document["cycles"] == []
    assert [(o["before"], o["after"]) for o in document["orders"]] == [
        ("a.run", "a.reload#0"),
        ("b.run", "b.reload#0"),
    ]
    assert {o["weak"] for o in document["orders"]} == {True}
    assert all("weak" not in line and line.split()[1] != "connect" for line in expansion(program))


def test_only_what_lies_in_the_cycle_gives_way() -> None:
    """`on b.reload changed a.run` closes a cycle of `a.run`, `b.reload` and, by its orders, `b.run`."""
    program = loaded(AB + "connect a b\non b.reload changed a.run")
    assert [(o["before"], o["after"]) for o in program.plan().to_json()["orders"]] == []
    program = loaded(AB + declared("c") + "connect a b\nconnect b c\non b.reload changed a.run")
    kept = [(o["before"], o["after"]) for o in program.plan().to_json()["orders"]]
    assert kept == [("b.run", "c.run#0"), ("c.run", "c.reload#0")]


# ---- sinks


def test_a_sink() -> None:
    program = loaded(
        declared("w.a", "w.b", "lb")
        + "resource pool\nconnect w.<h> pool { host -> hosts }\nconnect pool lb { hosts -> backends }"
    )
    assert [n for n, r in meant(program).resources.items() if r.sink] == ["pool"]
    assert rules(program) == [
        "w.a.remove changed pool.run",
        "w.b.remove changed pool.run",
        "pool.run changed lb.reload",
    ]
    assert [h[:4] for h in meant(program).handed] == [
        ("w.a", "host", "pool", "hosts"), ("w.b", "host", "pool", "hosts"), ("pool", "hosts", "lb", "backends"),
    ]  # fmt: skip
    assert program.plan().start == ["lb.run", "pool.run", "w.a.run", "w.b.run"]


def test_sinks_on_both_sides() -> None:
    program = loaded("resource s { v = 1 }\nresource t\nconnect s t { v -> w }")
    assert [n for n, r in meant(program).resources.items() if r.sink] == ["s", "t"]
    assert orders(program) == ["t.run needs s.run weak"]
    assert steps(program) == ["s.run#0", "t.run#0"]


def test_a_sink_always_starts_though_a_rule_sets_it_off() -> None:
    program = loaded(AB + "resource s\nconnect a s { no events; x -> y }\non b changed s")
    assert program.plan().start == ["a.run", "b.run", "s.run"]


def test_a_sink_starts_only_under_run() -> None:
    program = loaded(AB + "resource s\nconnect a s")
    assert program.plan("remove").start == ["a.remove", "b.remove"]


@pytest.mark.parametrize(
    "text",
    [
        "resource s",
        "resource s { x = 1 }",
        'host h = "1"\nresource s @h\nconnect a s',
        "resource s\nconnect a s if 1 == 2",
    ],
)
def test_any_other_resource_without_an_action_is_an_error(text: str) -> None:
    assert codes(loaded(AB + text)) == ["EV205"]


def test_values_go_together_in_the_order_of_statements() -> None:
    text = (
        declared("a", "b") + "resource s { l = [0] }\nconnect b s { x -> l }\nconnect a s { x -> l; y -> m }"
    )
    assert [h[:4] for h in meant(loaded(text)).handed] == [
        ("b", "x", "s", "l"),
        ("a", "x", "s", "l"),
        ("a", "y", "s", "m"),
    ]


# ---- again

CYCLE = (
    declared("s", "a", "b", actions="run")
    + "on s.run changed a.run, b.run\non a.run changed b.run\non b.run changed a.run\n"
)


@pytest.mark.parametrize(
    ("line", "again"), [("", "a.run"), ("again a", "a.run"), ("again b", "b.run"), ("again b.run", "b.run")]
)
def test_again(line: str, again: str) -> None:
    assert [c.again for c in loaded(CYCLE + line).plan().cycles] == [again]


@pytest.mark.parametrize("line", ["again s", "again a, b", "again a\nagain b"])
def test_again_that_is_not_obeyed(line: str) -> None:
    plan, found = loaded(CYCLE + line).try_plan()
    assert plan is None
    assert [d.code for d in found if d.severity == "error"] == ["EV306"]


def test_again_for_what_is_dormant_is_ignored() -> None:
    program = loaded(CYCLE + declared("d", actions="go") + "on d.go failed d.go\nagain d.go")
    assert [c.again for c in program.plan().cycles] == ["a.run"]


def test_again_in_an_if_or_a_loop() -> None:
    assert [
        c.again for c in loaded(CYCLE + "for x in [b] { again {{x}} }".replace("[b]", '["b"]')).plan().cycles
    ] == ["b.run"]
