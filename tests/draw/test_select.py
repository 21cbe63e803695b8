"""Selectors, and the part of a plan that they leave."""

from __future__ import annotations

import pytest

import evdsl
from evdsl.draw.network import network, told
from evdsl.draw.select import part, selected
from evdsl.draw.text import text

from .programs import KEYSTONE

FLEET = """\
host web1 = "192.0.2.1"
host web2 = "192.0.2.2"
resource db { run: sh "true" }
resource rmq.1 @web1 { run: sh "true"; join: sh "true" }
resource rmq.2 @web2 { run: sh "true"; join: sh "true" }
resource app @web1 { run: sh "true"; reload: sh "true" }
resource c+2 { run: sh "true" }
on db.run changed rmq.<n>.run
on rmq.<n>.run changed rmq.<n>.join
on all rmq.1.join, rmq.2.join success app.reload
on app.run failure c+2.run
rmq.2.run needs rmq.1.run
"""


def found(program: str, selector: str) -> list[str]:
    plan = evdsl.load(program).plan()
    return [plan.steps[step].id for step in selected(plan.inner, plan.program, selector)]


@pytest.mark.parametrize(
    ("selector", "ids"),
    [
        ("db.run", ["db.run#0"]),
        ("db", ["db.run#0"]),
        ("rmq.1", ["rmq.1.run#0", "rmq.1.join#0"]),
        ("rmq", ["rmq.1.run#0", "rmq.1.join#0", "rmq.2.run#0", "rmq.2.join#0"]),
        ("rmq.*", ["rmq.1.run#0", "rmq.1.join#0", "rmq.2.run#0", "rmq.2.join#0"]),
        ("rmq.*.join", ["rmq.1.join#0", "rmq.2.join#0"]),
        ("**.run", ["db.run#0", "app.run#0", "c+2.run#0", "rmq.1.run#0", "rmq.2.run#0"]),
        ("@web2", ["rmq.2.run#0", "rmq.2.join#0"]),
        ("@web*", ["rmq.1.run#0", "rmq.1.join#0", "rmq.2.run#0", "rmq.2.join#0", "app.run#0", "app.reload#0"]),
        ("rmq.1.run+", ["rmq.1.run#0", "rmq.1.join#0", "app.reload#0"]),
        ("rmq.1.run+1", ["rmq.1.run#0", "rmq.1.join#0"]),
        ("+rmq.2.join", ["db.run#0", "rmq.2.run#0", "rmq.2.join#0"]),
        ("1+rmq.2.join", ["rmq.2.run#0", "rmq.2.join#0"]),
        ("+rmq.2.join+", ["db.run#0", "rmq.2.run#0", "rmq.2.join#0", "app.reload#0"]),
        ("app.reload+", ["app.reload#0"]),
        ("2+app.reload", ["rmq.1.run#0", "rmq.1.join#0", "rmq.2.run#0", "rmq.2.join#0", "app.reload#0"]),
        ("@web2+1", ["rmq.2.run#0", "rmq.2.join#0", "app.reload#0"]),
        ("c+2", ["c+2.run#0"]),
        ("c+2+", ["c+2.run#0"]),
        ("rmq.1.run+0", ["rmq.1.run#0"]),
        ("nothing", []),
        ("nothing+", []),
        ("+", []),
        ("", []),
        ("@", []),
        ("@web3", []),
        ("<a><b><c><d>", []),
    ],
)  # fmt: skip
def test_selectors(selector: str, ids: list[str]) -> None:
    assert sorted(found(FLEET, selector)) == sorted(ids)


def test_an_instance() -> None:
    assert found(KEYSTONE, "haproxy.run") == ["haproxy.run#0", "haproxy.run#1"]
    assert found(KEYSTONE, "haproxy.run#1") == ["haproxy.run#1"]


def test_a_second_run_follows_from_the_first() -> None:
    assert found("on a.run changed b.run\non c.run changed b.run#1\non b.run changed d.run", "b.run#0+") == [
        "b.run#0",
        "b.run#1",
        "d.run#0",
    ]


def test_a_part_holds_what_is_between_its_steps() -> None:
    plan = evdsl.load(KEYSTONE).plan()
    kept = selected(plan.inner, plan.program, "glance.run+")
    cut = part(plan.inner, kept)
    assert [step.id for step in cut.steps] == [plan.steps[step].id for step in kept]
    drawn = network(cut, told(plan.program))
    said = {(drawn.nodes[a.source].id, drawn.nodes[a.to].id, a.look) for a in drawn.arrows}
    assert said == {
        ("glance.run#0", "haproxy.run#1", "changed"),
        ("glance.run#0", "pager.page#0", "failure"),
        ("glance.run#0", "smoke.run#0", "success"),
    }
    assert "".join(p if isinstance(p, str) else p[0] for p in text(cut)[0]) == "glance.run"


def test_the_whole_is_a_part() -> None:
    plan = evdsl.load(KEYSTONE).plan()
    assert part(plan.inner, range(len(plan.steps))).triggers == plan.inner.triggers
