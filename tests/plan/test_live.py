"""What can run at all (section 5), step by step."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from evdsl.meaning.program import Program
from evdsl.plan.closed import closed_cycles, is_reached
from evdsl.plan.live import Planned, between, flow, live, settled, start
from evdsl.plan.weak import drop_weak

from .programs import rules_only


def names(program: Program, actions: Iterable[int]) -> str:
    return " ".join(sorted(program.actions[a].name for a in actions))


def flagged(program: Program, flags: bytearray) -> str:
    return names(program, [n for n, flag in enumerate(flags) if flag])


# ---- step 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("on a.run changed b.reload\non c.check changed d.run", "a.run b.reload d.run"),
        ("on c.check changed d.x\nstart c.check", "c.check d.x"),
        ("on all a.run, b.x success c.x", "a.run"),
        ("on all a.run, b.x success c.x\non a.run changed b.x", "a.run b.x c.x"),
        ("on a.run changed b.x#1", "a.run"),
        ("on a.run changed b.x#0", "a.run b.x"),
        ("on a.run#1 changed b.x", "a.run b.x"),
        ("b.x after a.run", "a.run"),
    ],
)
def test_live(text: str, expected: str) -> None:
    program = rules_only(text)
    assert flagged(program, live(program, flow(program, program.rules), "run")) == expected


def test_start_statements_make_live_whatever_the_entry() -> None:
    program = rules_only("start a.check\non a.check changed b.remove")
    assert flagged(program, live(program, flow(program, program.rules), "remove")) == "a.check b.remove"


# ---- closed cycles


def cycles(text: str, entry: str = "run") -> list[str]:
    program = rules_only(text)
    alive = live(program, flow(program, program.rules), entry)
    rules, _ = between(program.rules, [], alive)
    found = closed_cycles(program, [r for r in rules if not r.number], alive)
    return [" ".join(program.actions[a].name for a in cycle.actions) for cycle in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("on a.run changed b.run\non b.run changed a.run", ["a.run b.run"]),
        ("on a.run failed a.run", ["a.run"]),
        ("on s.run changed a.run\non a.run changed b.run\non b.run changed a.run", []),
        (
            "on c.run changed d.run, c.run\non d.run changed c.run\non a.run changed a.run",
            ["c.run d.run", "a.run"],
        ),
        # an `all` rule is from outside only where all of its emitters are
        ("on all s.run, b.run success a.run\non a.run changed b.run", ["b.run a.run"]),
        ("on all s.run, t.run success a.run\non a.run changed b.run\non b.run changed a.run", []),
        # not live, no cycle; a rule to #1 is no trigger
        ("on a.x changed b.x\non b.x changed a.x", []),
        ("on a.run changed b.run\non b.run changed a.run#1", []),
        ("on s.run changed a.run#1\non a.run changed b.run\non b.run changed a.run", ["a.run b.run"]),
        # orders make none
        ("on a.run changed b.run\na.run after b.run", []),
    ],
)
def test_closed_cycles(text: str, expected: list[str]) -> None:
    assert cycles(text) == expected


def test_is_reached() -> None:
    program = rules_only(
        "on all s.run, a.run, b.run success c.run\non c.run changed a.run, b.run\non a.run changed b.run"
    )
    alive = live(program, flow(program, program.rules), "run")
    (cycle,) = closed_cycles(program, program.rules, alive)
    reached = {program.actions[a].name: is_reached(cycle, a) for a in cycle.actions}
    assert reached == {"a.run": True, "b.run": False, "c.run": True}


# ---- step 2


@pytest.mark.parametrize(
    ("text", "entry", "expected"),
    [
        ("on a.run changed b.run\nc.run after b.run", "run", "a.run c.run"),
        ("on a.run changed b.run\nstart b.run, c.check", "run", "a.run b.run c.check"),
        ("on a.remove changed b.remove\nstart c.check", "remove", "a.remove"),
        ("on b.run changed a.run\non a.run changed b.run", "run", "b.run"),
        ("on b.run changed a.run\non a.run changed b.run\nstart a.run", "run", "a.run"),
        # an `all` rule that never fires is no trigger
        ("on all a.run, b.x success c.run", "run", "a.run c.run"),
        # a rule to #1 is no trigger
        ("on a.run changed b.run#1", "run", "a.run b.run"),
        # the first mentioned does not reach the whole cycle
        (
            "on all b.run, a.run success c.run\non c.run changed a.run, b.run\non a.run changed b.run",
            "run",
            "a.run",
        ),
        # the first mentioned is held by an order
        ("on a.run changed b.run\non b.run changed a.run\na.run after b.run", "run", "b.run"),
        # none serves: the first mentioned
        (
            "on a.run changed b.run\non b.run changed a.run\na.run after b.run\nb.run after a.run",
            "run",
            "a.run",
        ),
        # two closed cycles
        ("on b.run changed b.run\non a.run changed a.run", "run", "a.run b.run"),
        # the last resort
        ("on a.x changed b.y\nc.z after a.x\nd.remove after a.x", "run", "a.x c.z"),
        ("on a.x changed b.y\non b.y changed a.x", "run", ""),
    ],
)
def test_start(text: str, entry: str, expected: str) -> None:
    program = rules_only(text)
    begin = start(program, program.rules, program.orders, flow(program, program.rules), entry)
    assert names(program, begin.actions) == expected


def test_closed_cycle_is_told_from_where_it_starts() -> None:
    program = rules_only("on a.run changed b.run\non b.run failed a.run\na.run after b.run")
    begin = start(program, program.rules, program.orders, flow(program, program.rules), "run")
    assert [[program.actions[hop.before].name for hop in hops] for hops in begin.closed] == [
        ["b.run", "a.run"]
    ]
    assert not begin.fallback


# ---- step 3


def made(text: str, entry: str = "run", given: list[str] | None = None) -> tuple[Program, Planned]:
    program = rules_only(text)
    of = {action.name: n for n, action in enumerate(program.actions)}
    numbers = None if given is None else [of[name] for name in given]
    return program, settled(program, drop_weak(program)[0], entry, numbers)


def test_planned_and_dormant() -> None:
    program, held = made(
        "on a.run changed b.reload\non c.remove changed b.run\nb.run after c.remove\nb.run after a.run"
    )
    assert flagged(program, held.actions) == "a.run b.reload b.run"
    assert len(held.rules) == 1
    assert len(held.orders) == 1


def test_given_start_alone() -> None:
    program, held = made("on a.run changed b.run\nstart c.run", given=["b.run", "b.run"])
    assert flagged(program, held.actions) == "b.run"
    assert len(held.start.actions) == 1


def test_a_rule_to_a_later_instance_holds_only_with_its_ends() -> None:
    text = "on a.run changed b.x#1\non c.x changed a.run#1\non c.x#1 changed a.run"
    assert made(text)[1].rules == []
    program, held = made(text + "\nstart b.x")
    assert [program.actions[r.subscriber].name for r in held.rules] == ["b.x"]


@pytest.mark.parametrize(
    ("text", "entry", "rules", "dropped"),
    [
        ("connect a b", "run", 1, 0),
        ("connect a b\nstart a.remove", "run", 2, 0),
        ("connect a b\nstart a.remove, b.remove", "run", 1, 1),
        ("connect a b", "remove", 0, 1),
        ("connect a b\non a.remove changed b.run", "remove", 1, 0),
        # of two, one gives way
        ("connect a b\nconnect a c\nstart a.remove, b.remove", "run", 3, 1),
    ],
)
def test_rules_on_remove(text: str, entry: str, rules: int, dropped: int) -> None:
    _, held = made(text, entry)
    assert (len(held.rules), len(held.dropped)) == (rules, dropped)


def test_what_the_rule_on_remove_plans_itself_does_not_count() -> None:
    program, held = made("connect a b\non b.run changed b.remove", given=["a.remove"])
    assert flagged(program, held.actions) == "a.remove b.remove b.run"
    assert held.dropped == []
