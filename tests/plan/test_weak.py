"""Weak orders that give way (sections 4 and 8)."""

from __future__ import annotations

import pytest

from evdsl.plan.weak import drop_weak

from .programs import rules_only


def kept(text: str) -> tuple[list[str], list[str]]:
    program = rules_only(text)
    orders, notes = drop_weak(program)
    names = [action.name for action in program.actions]
    return [f"{names[o.after]} {o.kind} {names[o.before]}" for o in orders], [note.message for note in notes]


def test_nothing_weak_nothing_done() -> None:
    program = rules_only("a.run after b.run\non a.run changed b.run")
    orders, notes = drop_weak(program)
    assert orders is program.orders
    assert notes == []


def test_one_way_keeps_all() -> None:
    orders, notes = kept("connect a b")
    assert orders == ["b.run needs a.run", "b.reload needs b.run", "a.remove after b.remove"]
    assert notes == []


def test_both_ways_drops_those_in_the_cycle() -> None:
    orders, notes = kept("connect a b\nconnect b a")
    assert orders == ["b.reload needs b.run", "a.reload needs a.run"]
    assert notes == [
        "`b.run needs a.run` and `a.remove after b.remove` give way: each lies in a cycle",
        "`a.run needs b.run` and `b.remove after a.remove` give way: each lies in a cycle",
    ]


def test_against_the_authors_own_order() -> None:
    """The author's word stays, what connect adds to it goes."""
    orders, notes = kept("connect a b\na.run after b.run")
    assert orders == ["b.reload needs b.run", "a.remove after b.remove", "a.run after b.run"]
    assert notes == ["`b.run needs a.run` gives way: it lies in a cycle"]


@pytest.mark.parametrize("rule", ["on b.run changed a.run#1", "on b.run#1 changed a.run"])
def test_explicit_numbers_do_not_count(rule: str) -> None:
    assert "b.run needs a.run" in kept(f"connect a b\n{rule}")[0]


def test_an_explicit_zero_counts() -> None:
    assert "b.run needs a.run" not in kept("connect a b\non b.run changed a.run#0")[0]


def test_dormant_actions_count() -> None:
    """The graph is that of the whole program, whatever is planned."""
    orders, _ = kept("connect a b\non b.run changed x.never\non x.never changed a.run\nstart s.run")
    assert "b.run needs a.run" not in orders
