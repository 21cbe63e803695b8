"""Large plans as an overview and pictures of groups."""

from __future__ import annotations

import itertools

import pytest

import evdsl
from evdsl.draw.collapse import READABLE, View, views
from evdsl.draw.network import Network, network, told
from evdsl.draw.scene import Scene, scene


def drawn(text: str) -> Network:
    plan = evdsl.load(text + "\n").plan()
    return network(plan.inner, told(plan.program))


def fleet(hosts: int) -> str:
    lines = []
    for n in range(hosts):
        lines.append(f'host h{n} = "192.0.2.{n}"')
        lines.append(f'resource app.{n} @h{n} {{ run: sh "true"; reload: sh "true" }}')
        lines.append(f'resource db.{n} @h{n} {{ run: sh "true" }}')
    lines += ["on db.<n>.run changed app.<n>.run", "on app.<n>.run changed app.<n>.reload"]
    lines += ['resource pager { page: sh "true" }', "on app.*.reload failure pager.page"]
    return "\n".join(lines)


def chain(count: int, name: str = "n{}") -> str:
    return "\n".join(f"on {name.format(n)}.run changed {name.format(n + 1)}.run" for n in range(count - 1))


def members(view: View) -> list[int]:
    return [s for item in view.items for s in ([item] if isinstance(item, int) else item.members)]


def names(view: View, shown: Network) -> list[str]:
    return [shown.nodes[item].id if isinstance(item, int) else item.name for item in view.items]


def test_a_small_plan_is_one_picture() -> None:
    shown = drawn(chain(READABLE))
    (only,) = views(shown)
    assert only.items == list(range(READABLE))


def test_a_large_one_is_grouped_by_what_its_names_have_in_common() -> None:
    shown = drawn(fleet(100))
    found = views(shown)
    assert names(found[0], shown) == ["db.*", "app.*", "pager.page#0"]
    assert [len(item.members) for item in found[0].items if not isinstance(item, int)] == [100, 200]


@pytest.mark.parametrize(
    ("way", "first"),
    [("host", "@h0"), ("resource", "db.0.run#0"), ("prefix", "db.*"), ("never", "db.0.run#0")],
)
def test_the_way_can_be_named(way: str, first: str) -> None:
    shown = drawn(fleet(60))
    assert names(views(shown, way)[0], shown)[0] == first


@pytest.mark.parametrize(
    "text",
    [
        fleet(10),
        fleet(60),
        fleet(200),
        chain(400),
        chain(400, "w{}x"),
        chain(700, "a{}.b.c"),
        "\n".join(f"on one.a{n} changed one.b{n}\nstart one.a{n}" for n in range(200)),
    ],
)
def test_every_step_is_in_one_group_and_can_be_reached(text: str) -> None:
    shown = drawn(text)
    found = views(shown)
    assert sorted(members(found[0])) == list(range(shown.steps))
    seen: set[int] = set()
    for number, view in enumerate(found):
        inside = view.items[: len(view.items) - view.around]
        seen |= {item for item in inside if isinstance(item, int)}
        for item in inside:
            if not isinstance(item, int):
                assert item.view is not None
                assert found[item.view].parent == number
                own = found[item.view]
                within = own._replace(items=own.items[: len(own.items) - own.around])
                assert sorted(members(within)) == sorted(item.members)
        assert len(inside) <= 2 * READABLE
    assert seen == set(range(shown.steps))
    assert len(found[0].items) <= 2 * READABLE


def test_names_that_tell_nothing_are_cut_in_stretches() -> None:
    letters = [a + b for a in "abcdefghijklmnopqrst" for b in "abcdefghijklmnopqrst"]
    shown = drawn("\n".join(f"on {a}.run changed {b}.run" for a, b in itertools.pairwise(letters)))
    found = views(shown)
    assert len(found[0].items) <= READABLE
    assert names(found[0], shown)[0] == "aa.run … ac.run"


def lines(given: Scene) -> list[tuple[str, str, str, str]]:
    return [
        (given.shapes[line.source].name, given.shapes[line.to].name, line.look, line.word)
        for line in given.lines
    ]


def test_an_overview_counts() -> None:
    shown = drawn(fleet(100))
    first = scene(shown, views(shown)[0], 0)
    assert [(s.name, s.word) for s in first.shapes] == [
        ("db.*", "100 steps"),
        ("app.*", "200 steps"),
        ("pager.page", "on failure"),
    ]
    assert lines(first) == [
        ("db.*", "app.*", "changed", "changed ×100"),
        ("app.*", "pager.page", "failure", "failure ×100"),
    ]


def test_what_stands_round_a_group_is_shown_with_its_lines_and_no_others() -> None:
    shown = drawn(fleet(100))
    found = views(shown)
    number = next(at for at, view in enumerate(found) if view.title == "app.*")
    inside = scene(shown, found[number], number)
    around = [shape.name for shape in inside.shapes if shape.around]
    assert around == ["db.*", "pager.page"]
    assert ("db.*", "app.7.run", "changed", "changed") in lines(inside)
    assert not any(line[:2] == ("db.*", "pager.page") for line in lines(inside))
    db = next(shape for shape in inside.shapes if shape.name == "db.*")
    assert found[db.view or 0].title == "db.*"


def test_the_arrows_of_an_all_rule_end_in_the_group_of_its_subscriber() -> None:
    many = "\n".join(f"on x.{n}.run changed y.{n}.run" for n in range(100))
    shown = drawn(f"{many}\non all y.1.run, y.2.run success z.1.run\non y.3.run changed z.2.run")
    first = scene(shown, views(shown)[0], 0)
    assert ("y.*", "z.*", "done", "success|changed ×3") in lines(first) or (
        "y.*",
        "z.*",
        "done",
        "changed|success ×3",
    ) in lines(first)
    assert not any(shape.kind == "join" for shape in first.shapes)
