"""Whole plans: the examples of section 11, who listens to whom, instances, loops, orders of steps."""

from __future__ import annotations

import gc
import random

import pytest

from evdsl.plan.build import plan
from evdsl.plan.plan import Plan

from .programs import rules_only
from .test_cycles import PICTURE, TWO_WAYS


def planned(text: str, entry: str = "run", start: list[int] | None = None) -> Plan:
    made, found = plan(rules_only(text), entry, start)
    assert made, [d.message for d in found]
    return made


def ids(made: Plan) -> str:
    return " ".join(step.id for step in made.steps)


def rules(made: Plan) -> list[str]:
    """Every rule of a plan as `LOOKS → STEP`, a closing one with a `*`."""
    return [
        f"{' & '.join(look.name for look in t.looks)} → {made.steps[t.to].id}{'*' if t.closing else ''}"
        for into in made.triggers
        for t in into
    ]


def starts(made: Plan) -> str:
    return " ".join(made.steps[step].name for step in made.start)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "on mariadb.run changed keystone.run\non keystone.run changed keystone_config.run\n"
            "on keystone_config.run changed haproxy.reload",
            "mariadb.run#0 keystone.run#0 keystone_config.run#0 haproxy.reload#0",
        ),
        (
            "on kc.run changed k.run\non k.run changed ha.run\non gc.run changed g.run\non g.run changed ha.run\n"
            "on ha.run changed gc.run",
            "kc.run#0 k.run#0 ha.run#0 gc.run#0 g.run#0 ha.run#1",
        ),
        (PICTURE, "g.run#0 k.run#0 kc.run#0 ha.run#0 gc.run#0 ha.run#1"),
        (
            "on rmq.cluster changed rmq.1.cluster_create\non rmq.1.cluster_create changed rmq.2.cluster_join\n"
            "on rmq.1.cluster_create changed rmq.3.cluster_join",
            "rmq.cluster#0 rmq.1.cluster_create#0 rmq.2.cluster_join#0 rmq.3.cluster_join#0",
        ),
        ("on a.run failed a.run", "a.run#0 a.run#1"),
    ],
)
def test_examples_of_the_draft(text: str, expected: str) -> None:
    assert ids(planned(text)) == expected


@pytest.mark.parametrize("seed", range(20))
def test_the_picture_in_any_order_of_lines(seed: int) -> None:
    lines = PICTURE.split("\n")
    random.Random(seed).shuffle(lines)
    made, reference = planned("\n".join(lines)), planned(PICTURE)
    assert ids(made) == ids(reference)
    assert sorted(rules(made)) == sorted(rules(reference))
    assert [(c.path, c.again, c.reason) for c in made.cycles] == [
        (c.path, c.again, c.reason) for c in reference.cycles
    ]


def test_who_listens_to_whom() -> None:
    """From within its part: #0. From outside: the fold. A reference with a number: that one."""
    made = planned(
        "on s.run changed a.run\non a.run changed b.run\non b.run changed a.run\non a.run changed out.run\n"
        "on a.run#0 changed early.run\non a.run#1 changed late.run\nout.run after b.run\nb.run needs s.run\n"
        "on all a.run, b.run success both.run"
    )
    assert sorted(rules(made)) == [
        "a.run & b.run → both.run#0",
        "a.run → out.run#0",
        "a.run#0 → b.run#0",
        "a.run#0 → early.run#0",
        "a.run#1 → late.run#0",
        "b.run#0 → a.run#1*",
        "s.run → a.run#0",
    ]
    at = {step.id: n for n, step in enumerate(made.steps)}
    (fold,) = made.triggers[at["out.run#0"]]
    assert fold.looks[0].steps == (at["a.run#0"], at["a.run#1"])
    assert fold.looks[0].fold
    (after,) = made.orders[at["out.run#0"]]
    assert (after.before.name, after.before.steps, after.needs) == ("b.run", (at["b.run#0"],), False)
    assert made.orders[at["b.run#0"]][0].needs


def test_looks_are_shared() -> None:
    made = planned("on a.run changed b.x, c.x")
    first, second = (trigger for into in made.triggers for trigger in into)
    assert first.looks is second.looks


def test_an_order_applies_to_every_instance_of_its_later_action() -> None:
    made = planned(TWO_WAYS + "\na.run needs q.run\na.run after s.run")
    orders = [(e.before.name, made.steps[e.after].id) for into in made.orders for e in into]
    assert sorted(orders) == [
        ("q.run", "a.run#0"),
        ("q.run", "a.run#1"),
        ("s.run", "a.run#0"),
        ("s.run", "a.run#1"),
    ]


def test_an_order_within_a_part_looks_at_the_first_instance() -> None:
    made = planned(TWO_WAYS + "\nb.run after a.run")
    orders = [(e.before.name, made.steps[e.after].id) for into in made.orders for e in into]
    assert orders == [("a.run#0", "b.run#0")]


def test_the_authors_number() -> None:
    made = planned("on k.run changed ha.run\non gc.run changed ha.run#1\non ha.run changed out.run")
    assert ids(made) == "gc.run#0 k.run#0 ha.run#0 ha.run#1 out.run#0"
    assert made.cycles == []
    assert made.loops == {}


def test_loops_name_what_is_not_followed() -> None:
    """Rules inside the part that listen to the action that runs again; those from outside look at its fold."""
    made = planned(
        PICTURE + "\non ha.run changed out.run\non ha.run failed gc.run\non ha.run#0 failed gc.run"
    )
    at = {step.id: n for n, step in enumerate(made.steps)}
    assert list(made.loops) == [at["ha.run#1"]]
    assert [t.origin.line for t in made.loops[at["ha.run#1"]]] == [3, 7]
    assert all(t in made.triggers[t.to] for t in made.loops[at["ha.run#1"]])
    retry = planned("on a.run failed a.run")
    assert [t.to for t in retry.loops[1]] == [1]


def test_closing_in_a_cycle() -> None:
    made = planned(
        "on s.run changed a.run\non a.run success b.run, c.run\non all b.run, c.run, s.run success a.run"
    )
    (cycle,) = made.cycles
    assert (cycle.path, cycle.again, cycle.others) == (("a.run", "b.run"), "a.run", ())
    assert [span.line for span in cycle.hops] == [2, 3]
    assert [(c.emitter, c.subscriber, c.origin.line) for c in cycle.closing] == [
        ("b.run", "a.run", 3),
        ("c.run", "a.run", 3),
    ]
    assert "b.run#0 & c.run#0 & s.run → a.run#1*" in rules(made)


def test_the_path_of_a_cycle_is_the_shortest_and_the_first_by_name() -> None:
    made = planned("on s.run changed a.run\non a.run changed z.run, m.run, l.run\non l.run changed k.run\n"
                   "on z.run changed a.run\non k.run changed a.run\non m.run changed a.run")  # fmt: skip
    assert made.cycles[0].path == ("a.run", "m.run")


def test_waiting() -> None:
    made = planned(PICTURE + "\nstart kc.run\non gc.run changed ha.reload")
    assert {name: [span.line for span in rules] for name, rules in made.waiting.items()} == {
        "gc.run": [1, 3],
        "ha.run": [5, 2],
    }


def test_entry_start_and_dormant() -> None:
    text = "connect a b\nstart c.check"
    made = planned(text)
    assert (starts(made), made.dormant) == ("a.run b.run c.check", ["a.remove", "b.remove"])
    made = planned(text, "remove")
    assert (starts(made), made.entry) == ("b.remove a.remove", "remove")
    made = planned(text, start=[1])
    assert (ids(made), made.dormant) == ("b.reload#0", ["a.remove", "a.run", "b.remove", "b.run", "c.check"])


def test_steps_stand_by_name_where_they_are_free() -> None:
    made = planned("on b.run changed z.x\non c.run changed a.x\nm.run after c.run")
    assert ids(made) == "b.run#0 c.run#0 a.x#0 m.run#0 z.x#0"


def test_the_collector_is_as_it_was() -> None:
    plan(rules_only("on a.run changed b.run"))
    assert gc.isenabled()
    gc.disable()
    try:
        plan(rules_only("on a.run changed b.run"))
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_notes_are_in_the_plan_too() -> None:
    made, found = plan(rules_only(PICTURE))
    assert made
    assert made.notes == found
    assert [d.code for d in found] == ["EV501"]
