"""Cycles (section 6), step by step."""

from __future__ import annotations

import random

import pytest
from model.random_programs import random_program

from evdsl.meaning.program import Program
from evdsl.plan.build import plan
from evdsl.plan.cycles import Choice, choose, close, opening, smaller, ways_in
from evdsl.plan.live import Planned, settled
from evdsl.plan.parts import WITHIN, Part, Parts, parts_of

from .programs import NumberedOrder, rules_only

PICTURE = """on g.run changed gc.run
on gc.run changed ha.run
on ha.run changed gc.run
on k.run changed kc.run
on kc.run changed ha.run"""

TWO_WAYS = "on s.run changed a.run, b.run\non a.run changed b.run\non b.run changed a.run"


def parted(text: str) -> tuple[Program, Planned, Parts]:
    program = rules_only(text)
    held = settled(program, program.orders, "run", None)
    return program, held, parts_of(program, held.rules, held.orders)


def one(text: str) -> tuple[Program, Planned, Part, list[str]]:
    program, held, parts = parted(text)
    (part,) = parts.parts.values()
    return program, held, part, [action.name for action in program.actions]


# ---- parts


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("on a.run changed b.run", []),
        (PICTURE, ["gc.run ha.run"]),
        ("on s.run changed a.run\non a.run failed a.run", ["a.run"]),
        # orders and explicit numbers count in what a part is
        ("on a.run changed b.run\na.run after b.run\non z.run failed z.run", ["a.run b.run", "z.run"]),
        ("on a.run changed b.run\non b.run changed a.run#1", ["a.run b.run"]),
        ("on a.run changed a.run#1", ["a.run"]),
    ],
)
def test_parts(text: str, expected: list[str]) -> None:
    program, _, parts = parted(text)
    found = [" ".join(sorted(program.actions[a].name for a in part.actions)) for part in parts.parts.values()]
    assert found == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (PICTURE, ["gc.run ha.run"]),
        ("on a.run changed b.run\non b.run changed a.run#1", []),
        ("on a.run changed b.run\non b.run#1 changed a.run\non s.run changed b.run#1", []),
        ("on s.run changed a.run\non a.run changed b.run\non b.run changed a.run#0", ["a.run b.run"]),
        (
            "on s.run changed a.run\non a.run changed b.run\non b.run changed a.run, c.run#1\non c.run changed d.run, a.run"
            "\non s.run changed c.run\non d.run changed c.run",
            ["a.run b.run", "c.run d.run"],
        ),
    ],
)
def test_pieces_without_explicit_numbers(text: str, expected: list[str]) -> None:
    program, _, parts = parted(text)
    (part,) = parts.parts.values()
    assert [" ".join(sorted(program.actions[a].name for a in piece)) for piece in part.pieces] == expected


# ---- step 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (PICTURE, {"gc.run": 1, "ha.run": 2}),
        (TWO_WAYS, {"a.run": 1, "b.run": 1}),
        ("start a.run\n" + TWO_WAYS, {"a.run": 0, "b.run": 1}),
        # an `all` rule is a way in where all of its emitters are outside; its depth is the deepest
        ("on s.run changed t.run\non all s.run, t.run success a.run\non a.run changed a.run", {"a.run": 2}),
        ("start a.run\non all s.run, b.run success a.run\non a.run changed b.run", {"a.run": 0}),
        # a rule to #1 makes none, one from #1 does
        ("on s.run changed a.run\non a.run changed b.run\non b.run changed a.run\non s.run changed b.run#1", {"a.run": 1}),
        ("on s.run#1 changed b.run\non s.run changed a.run, s.run#1\non a.run changed b.run\non b.run changed a.run",
         {"a.run": 1, "b.run": 1}),
        # a part before counts with all of its actions, an order makes it deeper
        ("on s.run changed x.run\non x.run changed y.run\non y.run changed x.run, a.run\non a.run changed a.run", {"a.run": 3}),
        ("on s.run changed a.run\non a.run changed a.run\ns.run after q.run", {"a.run": 2}),
    ],
)  # fmt: skip
def test_ways_in(text: str, expected: dict[str, int]) -> None:
    _, held, parts = parted(text)
    part = next(iter(parts.parts.values()))
    names = [action.name for action in rules_only(text).actions]
    found = ways_in(part, part.pieces[0], held.start.actions)
    assert {names[a]: depth for a, depth in found.items()} == expected


def test_ways_in_of_a_smaller_part() -> None:
    """What a rule from elsewhere in the outermost part sets off is deeper than all else (step 4)."""
    _, held, part, names = one(
        "on s.run changed a.run, c.run\non a.run changed b.run\non b.run changed a.run, c.run\non c.run changed b.run"
    )
    turns = list(opening(part, held.start.actions, [], names))
    assert [names[turn.choice.again] for turn in turns if turn.choice] == ["a.run", "b.run"]
    depths = ways_in(part, turns[1].piece, held.start.actions)
    assert {names[a]: depth for a, depth in depths.items()} == {"b.run": WITHIN, "c.run": 1}


# ---- step 2


def chosen(text: str, *named: str) -> tuple[str, Choice] | None:
    _, held, part, names = one(text)
    piece = part.pieces[0]
    ways = ways_in(part, piece, held.start.actions)
    choice = choose(part, piece, ways, {names.index(name) for name in named})
    return (names[choice.again], choice) if choice else None


@pytest.mark.parametrize(
    ("text", "named", "again", "by"),
    [
        (PICTURE, [], "ha.run", "depth"),
        (PICTURE, ["gc.run"], "gc.run", "again"),
        (TWO_WAYS, [], "a.run", "mention"),
        (TWO_WAYS, ["a.run", "b.run"], "a.run", "again"),
        (TWO_WAYS + "\non b.run changed c.run\non c.run changed b.run", [], "b.run", "product"),
        (TWO_WAYS + "\na.run after b.run", [], "b.run", "free"),
        ("on s.run changed a.run\non a.run changed b.run\non b.run changed a.run", [], "a.run", "only"),
        (
            "on s.run changed a.run\non a.run changed b.run\non b.run changed a.run",
            ["b.run"],
            "a.run",
            "only",
        ),
        # what triggers itself is counted with itself, several rules between two actions once
        (TWO_WAYS + "\non b.run failed b.run", [], "b.run", "product"),
        (
            TWO_WAYS + "\non a.run failed b.run\non b.run failed a.run\non b.run ok a.run",
            [],
            "a.run",
            "mention",
        ),
    ],
)
def test_choose(text: str, named: list[str], again: str, by: str) -> None:
    found = chosen(text, *named)
    assert found
    assert (found[0], found[1].by) == (again, by)


def test_choose_counts_and_rivals() -> None:
    found = chosen(TWO_WAYS + "\non b.run changed c.run\non c.run changed b.run\non s.run changed c.run")
    assert found
    assert (found[1].into, found[1].onto, len(found[1].rivals), len(found[1].qualified)) == (2, 2, 2, 3)


@pytest.mark.parametrize("held", ["a.run after b.run", "a.run needs b.run", "on b.run failed a.run#0"])
def test_choose_nothing_where_all_is_held(held: str) -> None:
    assert chosen(f"on s.run changed a.run\non a.run changed b.run\non b.run changed a.run\n{held}") is None


# ---- steps 3 and 4


def test_close_and_smaller() -> None:
    program, _, part, names = one(
        "on s.run changed a.run\non a.run changed b.run, c.run\non b.run changed c.run\non c.run changed b.run\n"
        "on all b.run, c.run, s.run success a.run\non b.run failed a.run"
    )
    piece = part.pieces[0]
    closing = close(part, piece, names.index("a.run"))
    assert [rule.origin.line for _, rule in closing] == [5, 6]
    assert [program.rules[number] for number, _ in closing] == [rule for _, rule in closing]
    assert [sorted(names[a] for a in p) for p in smaller(piece, names.index("a.run"), names)] == [
        ["b.run", "c.run"]
    ]


def test_smaller_parts_by_name() -> None:
    text = "on s.run changed m.run\n"
    for name in ("z", "b"):
        text += f"on m.run changed {name}1.run\non {name}1.run changed {name}2.run\n"
        text += f"on {name}2.run changed {name}1.run, m.run\n"
    _, held, part, names = one(text)
    turns = opening(part, held.start.actions, [], names)
    assert [names[turn.choice.again] for turn in turns if turn.choice] == ["m.run", "b1.run", "z1.run"]


def test_no_again_line_opens_what_is_refused() -> None:
    """Why EV301 offers no `again` line (see cycles.opens)."""
    refused = 0
    for seed in range(400):
        rng = random.Random(seed)
        text = random_program(rng, rng.randint(3, 14))
        for _ in range(rng.randint(0, 3)):
            text += f"r{rng.randrange(4)}.run after r{rng.randrange(4)}.run\n"
        try:
            program = rules_only(
                "".join(line for line in text.splitlines(True) if not line.startswith("again"))
            )
        except NumberedOrder:
            continue
        if {d.code for d in plan(program)[1] if d.severity == "error"} != {"EV301"}:
            continue
        refused += 1
        for action in range(len(program.actions)):
            program.agains = [(action, program.rules[0].origin)]
            assert any(d.code == "EV301" for d in plan(program)[1]), text
    assert refused > 30
