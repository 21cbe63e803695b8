"""The draft's examples and what must come out of them (LANGUAGE.md section 11), in every order of their lines."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import permutations
from typing import NamedTuple

import pytest

import evdsl


class Example(NamedTuple):
    """`lines`: one statement each. `steps`: what must come out, sorted; `start`, `again`, `closing` likewise."""

    lines: tuple[str, ...]
    start: list[str]
    steps: list[str]
    again: tuple[str, ...] = ()
    closing: tuple[tuple[str, str], ...] = ()


TWO_PATHS = (
    "on kc.run changed k.run", "on k.run changed ha.run", "on gc.run changed g.run", "on g.run changed ha.run",
    "on ha.run changed gc.run",
)  # fmt: skip
PICTURE = (
    "on g.run changed gc.run", "on gc.run changed ha.run", "on ha.run changed gc.run", "on k.run changed kc.run",
    "on kc.run changed ha.run",
)  # fmt: skip
RMQ = (
    "on rmq.cluster changed rmq.1.cluster_create",
    "on rmq.1.cluster_create changed rmq.2.cluster_join",
    "on rmq.1.cluster_create changed rmq.3.cluster_join",
)
NODES = (
    'host h1 = "192.0.2.1"', 'host h2 = "192.0.2.2"', 'host h3 = "192.0.2.3"',
    "resource rmq.1 @h1 { run: sh ':'; cluster_create: sh ':' }",
    "resource rmq.2 @h2 { run: sh ':'; cluster_join: sh ':' }",
    "resource rmq.3 @h3 { run: sh ':'; cluster_join: sh ':' }",
    "resource rmq.cluster",
    "connect rmq.<n> rmq.cluster { host -> nodes }",
    "on rmq.2.run changed rmq.2.cluster_join",
    "on rmq.3.run changed rmq.3.cluster_join",
)  # fmt: skip
CLUSTER_START = ["rmq.1.run", "rmq.2.run", "rmq.3.run", "rmq.cluster.run"]
CLUSTER_STEPS = [
    "rmq.1.cluster_create#0", "rmq.1.run#0", "rmq.2.cluster_join#0", "rmq.2.run#0", "rmq.3.cluster_join#0",
    "rmq.3.run#0", "rmq.cluster.run#0",
]  # fmt: skip

EXAMPLES = {
    "chain": Example(
        (
            "on mariadb.run changed keystone.run",
            "on keystone.run changed keystone_config.run",
            "on keystone_config.run changed haproxy.reload",
        ),
        ["mariadb.run"],
        ["haproxy.reload#0", "keystone.run#0", "keystone_config.run#0", "mariadb.run#0"],
    ),
    "two paths": Example(
        TWO_PATHS,
        ["kc.run"],
        ["g.run#0", "gc.run#0", "ha.run#0", "ha.run#1", "k.run#0", "kc.run#0"],
        ("ha.run",),
        (("g.run#0", "ha.run#1"),),
    ),
    "picture": Example(
        PICTURE,
        ["g.run", "k.run"],
        ["g.run#0", "gc.run#0", "ha.run#0", "ha.run#1", "k.run#0", "kc.run#0"],
        ("ha.run",),
        (("gc.run#0", "ha.run#1"),),
    ),
    "rmq alone": Example(
        RMQ,
        ["rmq.cluster"],
        ["rmq.1.cluster_create#0", "rmq.2.cluster_join#0", "rmq.3.cluster_join#0", "rmq.cluster#0"],
    ),
    "rmq": Example((*NODES, *RMQ), CLUSTER_START, CLUSTER_STEPS),
    "rmq and back": Example(
        (*NODES, *RMQ, "connect rmq.cluster rmq.<n> { nodes -> peers; no events }"), CLUSTER_START, CLUSTER_STEPS
    ),
    "itself": Example(
        ("on a.run failed a.run",), ["a.run"], ["a.run#0", "a.run#1"], ("a.run",), (("a.run#0", "a.run#1"),)
    ),
}  # fmt: skip


def orders(lines: tuple[str, ...]) -> Iterator[str]:
    """Every order of the lines up to six, else 200 of them."""
    if len(lines) <= 6:
        for some in permutations(lines):
            yield "".join(f"{line}\n" for line in some)
        return
    rng = random.Random(11)
    for _ in range(200):
        yield "".join(f"{line}\n" for line in rng.sample(lines, len(lines)))


@pytest.mark.parametrize("name", EXAMPLES)
def test_plan_in_every_order_of_lines(name: str) -> None:
    lines, start, steps, again, closing = EXAMPLES[name]
    for text in orders(lines):
        program = evdsl.load(text)
        assert program.stands, (text, program.diagnostics)
        plan = program.plan()
        assert plan.start == start, text
        assert sorted(step.id for step in plan.steps) == steps, text
        assert tuple(cycle.again for cycle in plan.cycles) == again, text
        rules = plan.to_json()["rules"]
        assert tuple((r["from"][0], r["to"]) for r in rules if r["closing"]) == closing, text


@pytest.mark.parametrize("name", EXAMPLES)
def test_same_steps_whatever_the_order(name: str) -> None:
    """No tie is left to 'first mentioned': also the order of the steps, and the way round of a cycle, is the same."""
    plans = [evdsl.load(text).plan() for text in orders(EXAMPLES[name].lines)]
    assert len({tuple(step.id for step in plan.steps) for plan in plans}) == 1
    assert len({tuple((c.path, c.again, c.reason) for c in plan.cycles) for plan in plans}) == 1


def ran(name: str, **outcomes: str) -> dict[str, str]:
    plan = evdsl.load("".join(f"{line}\n" for line in EXAMPLES[name].lines)).plan()
    return plan.simulate(when={key.replace("__", "."): word for key, word in outcomes.items()}).outcomes()


def test_chain() -> None:
    assert ran("chain", keystone="ok") == {
        "mariadb.run#0": "changed", "keystone.run#0": "ok", "keystone_config.run#0": "idle",
        "haproxy.reload#0": "idle",
    }  # fmt: skip


def test_two_paths_in_their_order() -> None:
    """kc, k, ha#0, gc, g, ha#1."""
    plan = evdsl.load("\n".join(TWO_PATHS)).plan()
    order = ["kc.run#0", "k.run#0", "ha.run#0", "gc.run#0", "g.run#0", "ha.run#1"]
    assert [step.id for step in plan.steps] == order


def test_picture_in_its_order() -> None:
    """k, kc, ha#0 before gc, and ha#1 last; g anywhere before gc."""
    ids = [step.id for step in evdsl.load("\n".join(PICTURE)).plan().steps]
    at = {id_: ids.index(id_) for id_ in ids}
    assert at["k.run#0"] < at["kc.run#0"] < at["ha.run#0"] < at["gc.run#0"] < at["ha.run#1"] == 5
    assert at["g.run#0"] < at["gc.run#0"]


def test_rmq_alone_is_noted() -> None:
    """No entry action: what starts, starts with a note."""
    plan, found = evdsl.load("\n".join(RMQ) + "\n").try_plan()
    assert plan is not None
    assert [d.severity for d in found if "rmq.cluster" in d.message] == ["note"]


def test_rmq_cluster_changes_once() -> None:
    ends = ran("rmq")
    assert set(ends.values()) == {"changed"}
    assert ran("rmq", rmq__cluster="ok") == {
        "rmq.1.run#0": "changed", "rmq.2.run#0": "changed", "rmq.3.run#0": "changed", "rmq.cluster.run#0": "ok",
        "rmq.1.cluster_create#0": "idle", "rmq.2.cluster_join#0": "changed", "rmq.3.cluster_join#0": "changed",
    }  # fmt: skip


def test_rmq_and_back_has_the_plan_of_rmq() -> None:
    """A data cycle is legal, and nothing runs again for it: the plans differ in nothing."""
    plans = [
        evdsl.load("\n".join(EXAMPLES[name].lines) + "\n").plan().to_json()
        for name in ("rmq", "rmq and back")
    ]
    assert plans[0] == plans[1]
    assert plans[0]["cycles"] == []


def test_itself_is_one_retry() -> None:
    assert ran("itself", a="ok") == {"a.run#0": "ok", "a.run#1": "idle"}
    assert ran("itself", **{"a__run#0": "failed"}) == {"a.run#0": "failed", "a.run#1": "changed"}
    assert ran("itself", a="failed") == {"a.run#0": "failed", "a.run#1": "failed"}
