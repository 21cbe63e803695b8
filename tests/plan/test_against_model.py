"""The planner against the reference model: the cases of the contract, and random programs in any order of lines."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from model.plan import Refused, parse_rules_only
from model.plan import plan as model_plan
from model.random_programs import random_program

from evdsl.plan.build import plan

from .programs import NumberedOrder, rules_only

CASES = Path(__file__).parents[1] / "cases" / "plain"
VIEW = ("start", "steps", "again", "rules", "orders", "dormant")


def ours(text: str) -> dict[str, Any] | None:
    """The plan in plain words, None if there is none. The fold of an action that runs once is its only instance."""
    try:
        made, _ = plan(rules_only(text))
    except NumberedOrder:
        return None
    if made is None:
        return None
    ids = [step.id for step in made.steps]
    several = {step.name for step in made.steps if step.instance}

    def look(name: str) -> str:
        return name if "#" in name or name in several else f"{name}#0"

    rules = {
        (tuple(look(lk.name) for lk in t.looks), tuple(sorted(t.events)), t.all, ids[t.to], t.closing)
        for into in made.triggers
        for t in into
    }
    orders = {(look(e.before.name), ids[e.after], e.needs) for into in made.orders for e in into}
    return {
        "start": sorted(made.steps[step].name for step in made.start),
        "steps": sorted(ids),
        "again": sorted(cycle.again for cycle in made.cycles),
        "rules": sorted(rules),
        "orders": sorted(orders),
        "dormant": made.dormant,
    }


def models(text: str) -> dict[str, Any] | None:
    """The same of the model."""
    try:
        made = model_plan(parse_rules_only(text))
    except Refused:
        return None
    rules = {
        (tuple(made.canonical(lk) for lk in r.looks), tuple(sorted(r.events)), r.all, r.to, r.closing)
        for r in made.rules
    }
    return {
        "start": sorted(made.start),
        "steps": sorted(made.steps),
        "again": sorted(made.again),
        "rules": sorted(rules),
        "orders": sorted({(made.canonical(o.before), o.after, o.kind == "needs") for o in made.orders}),
        "dormant": sorted(made.dormant),
    }


@pytest.mark.parametrize("case", sorted(CASES.glob("*.json")), ids=lambda case: case.stem)
def test_case(case: Path) -> None:
    expected = json.loads(case.read_text("utf-8"))
    text = case.with_suffix(".events").read_text("utf-8")
    made = ours(text)
    assert made == models(text)
    if expected.get("refused"):
        assert made is None
    else:
        assert made
        assert {key: made[key] for key in ("start", "steps", "again")} == {
            key: expected[key] for key in ("start", "steps", "again")
        }


@pytest.mark.parametrize("seed", range(40))
def test_random_programs(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(12):
        text = random_program(rng, rng.randint(1, rng.choice([6, 14, 24])))
        lines = text.splitlines(True)
        rng.shuffle(lines)
        for shown in (text, "".join(lines)):
            assert ours(shown) == models(shown), shown


@pytest.mark.parametrize("seed", range(20))
def test_order_of_lines(seed: int) -> None:
    """Shuffled lines give the same steps in the same order, wherever no tie was left to first mention."""
    rng = random.Random(1000 + seed)
    for _ in range(10):
        text = random_program(rng, rng.randint(2, 14))
        lines = text.splitlines(True)
        rng.shuffle(lines)
        try:
            made, found = plan(rules_only(text))
            other, _ = plan(rules_only("".join(lines)))
        except NumberedOrder:
            continue
        ties = any(d.code == "EV502" or "mentioned first" in d.message for d in found)
        if made and not ties:
            assert other
            assert [step.id for step in made.steps] == [step.id for step in other.steps]
            assert [(c.path, c.again, c.reason) for c in made.cycles] == [
                (c.path, c.again, c.reason) for c in other.cycles
            ]
