"""The reference model against the cases of the contract, and against itself on random programs."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path
from typing import Any

import pytest
from model.plan import Refused, parse_rules_only, plan
from model.random_programs import random_outcomes, random_program
from model.run import fold, simulate
from model.runs import NOTHING, Shape, proceed

CASES = Path(__file__).parent / "cases"


def _text(case: Path, data: dict[str, Any]) -> str:
    """The rules-only text of a case; a declared one without `same_as` is read without its declarations."""
    text: str = data.get("same_as") or case.with_suffix(".events").read_text("utf-8")
    return re.sub(r"(?m)^resource .*$", "", text)


@pytest.mark.parametrize(
    "case", sorted([*CASES.glob("plain/*.json"), *CASES.glob("declared/*.json")]), ids=lambda c: c.stem
)
def test_case(case: Path) -> None:
    data = json.loads(case.read_text("utf-8"))
    program = parse_rules_only(_text(case, data))
    if data.get("refused"):
        with pytest.raises(Refused):
            plan(program)
        return
    made = plan(program)
    assert sorted(made.start) == data["start"]
    assert sorted(made.steps) == data["steps"]
    assert sorted(made.again) == data["again"]
    for run in data.get("simulate", []):
        assert simulate(made, run["outcomes"]) == run["trace"]


@pytest.mark.parametrize("case", sorted(CASES.glob("runs/*.json")), ids=lambda c: c.stem)
def test_several_runs(case: Path) -> None:
    made = plan(parse_rules_only(case.with_suffix(".events").read_text("utf-8")))
    left = NOTHING
    for run in json.loads(case.read_text("utf-8")):
        if left == NOTHING:
            assert simulate(made, run["outcomes"]) == run["trace"]
        said = run["outcomes"]
        done = proceed(Shape(made), left, {}, lambda step: said.get(step, "changed"))  # noqa: B023
        left = done.left()
        assert done.trace == run["trace"]
        assert done.exit(False, left) == run["exit"]
        owed = {f"{', '.join(d.emitters)} {'|'.join(sorted(d.events))} {d.to}" for d in left.debts}
        assert owed == set(run["debts"])


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        (["idle", "idle"], "idle"),
        (["skipped", "idle"], "skipped"),
        (["changed", "idle"], "changed"),
        (["changed", "skipped"], "changed"),
        (["changed", "failed"], "failed"),
        (["failed", "ok"], "changed"),
        (["ok", "ok"], "ok"),
        (["created", "ok"], "created"),
        (["ok", "created"], "created"),
        (["created", "removed"], "changed"),
        (["ok", "changed"], "changed"),
    ],
)
def test_fold(outcomes: list[str], expected: str) -> None:
    assert fold(outcomes) == expected


def _plan(*lines: str) -> Any:
    return plan(parse_rules_only("\n".join(lines)))


@pytest.mark.parametrize(
    "text",
    [
        "a.run after b.run\nb.run after a.run",
        "a.run needs a.run",
        "on a.run changed b.run#2",
        "on a.run#1 changed b.run",
        "on a.run changed b.run\nagain b.run",
        "on s.run changed a.run\non a.run changed b.run\non b.run changed a.run\nagain b.run",
        "on s.run changed a.run\non a.run changed b.run\non b.run changed a.run#0",
        "on a.run changed a.run#1\non a.run#1 changed b.run\non b.run changed a.run#1",
        "b.run#1 after a.run",
        "on a.x changed a.x",
    ],
)
def test_refused(text: str) -> None:
    """The errors of section 6, and a plan without steps (section 5)."""
    with pytest.raises(Refused):
        _plan(text)


_RING = "on a.run changed b.run\non b.run changed a.run\n"


@pytest.mark.parametrize(
    ("text", "again"),
    [
        ("on s.run changed a.run, b.run", {"a.run"}),  # first mentioned
        ("on s.run changed a.run\non t.run changed u.run\non u.run changed b.run", {"b.run"}),  # the deepest
        (
            "on s.run changed a.run, b.run\non b.run changed c.run\non c.run changed b.run",
            {"b.run"},
        ),  # product
        ("on s.run changed a.run, b.run\non b.run failed b.run", {"b.run"}),  # itself counted
        (
            "on s.run changed a.run, b.run\non b.run changed c.run\na.run after c.run",
            {"b.run"},
        ),  # an order in
        ("on s.run changed a.run, b.run\non b.run failed a.run#0", {"b.run"}),  # a rule to #0 within
        (
            "on s.run changed a.run\non x.run changed y.run\non y.run changed x.run\non y.run changed b.run",
            {"b.run", "x.run"},
        ),  # depth counts actions
        ("on s.run changed a.run, b.run\nagain b.run", {"b.run"}),
        ("on s.run changed a.run\non t.run changed b.run#1", {"a.run"}),  # to #1: no way in
        ("on s.run changed a.run\non all a.run, t.run changed b.run", {"a.run"}),  # not every emitter outside
        (
            "on s.run changed a.run\non b.run changed c.run\non c.run changed b.run",
            {"a.run", "b.run"},
        ),  # step 4
    ],
)
def test_the_one_that_runs_again(text: str, again: set[str]) -> None:
    """Section 6, steps 1, 2 and 4, on a ring of two."""
    assert _plan(_RING + text).again == again


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("on all a.run, b.run success c.run\non c.run changed a.run, b.run", {"c.run"}),  # all is reached
        ("b.run after a.run\non b.run changed a.run\non a.run changed b.run", {"a.run"}),  # it can be opened
        ("on all a.run, b.run success a.run", {"a.run", "b.run"}),
        ("on a.go changed b.go\non b.go changed a.go\nstart b.go", {"b.go"}),
        ("on a.go changed b.remove\non c.remove changed d.go", {"a.go"}),  # untriggered
    ],
)
def test_start(text: str, start: set[str]) -> None:
    """Section 5, 2."""
    assert _plan(text).start == start


def test_again_for_dormant_is_ignored() -> None:
    assert _plan("on a.run changed b.run", "on c.go changed c.go", "again c.go").again == set()


def test_again_chooses_among_ways_in() -> None:
    lines = ["on s.run changed a.run, b.run", "on a.run changed b.run", "on b.run changed a.run"]
    assert _plan(*lines).again == {"a.run"}
    assert _plan(*lines, "again b.run").again == {"b.run"}


def test_remove_rule_of_connect() -> None:
    """Section 8: kept where only a.remove is planned, dropped where b.remove is planned without it."""
    made = _plan("connect a b", "start a.remove")
    assert "b.run#0" in {r.to for r in made.rules}
    assert made.start == {"a.run", "a.remove"}
    made = _plan("connect a b", "start a.remove, b.remove")
    assert "b.run#0" not in {r.to for r in made.rules}
    assert made.start == {"a.run", "b.run", "a.remove", "b.remove"}


def test_entry_and_start() -> None:
    program = parse_rules_only("connect a b\non a.run changed c.run\nstart d.check")
    assert plan(program, entry="remove").start == {"a.remove", "b.remove"}
    made = plan(program, start=["c.run"])
    assert made.steps == {"c.run#0"}
    assert made.dormant == {"a.run", "b.reload", "a.remove", "b.run", "b.remove", "d.check"}


def test_veto_limit_and_skipped() -> None:
    made = _plan("b.run needs a.run", "c.run needs b.run", "on b.run skipped p.page")
    trace = simulate(made, {"a.run#0": "error"})
    assert trace == {"a.run#0": "error", "b.run#0": "skipped", "c.run#0": "skipped", "p.page#0": "changed"}
    trace = simulate(made, {}, rest="ok", limit={"b", "c.run"})
    assert trace == {"a.run#0": "skipped", "b.run#0": "ok", "c.run#0": "ok", "p.page#0": "idle"}


def test_needs_vetoes_each_instance() -> None:
    lines = [
        "on s.run changed a.run",
        "on a.run changed b.run",
        "on b.run changed a.run",
        "b.run needs g.run",
    ]
    trace = simulate(_plan(*lines), {"g.run#0": "failed"})
    assert (trace["b.run#0"], trace["a.run#1"]) == ("skipped", "idle")
    trace = simulate(_plan(*lines[:3], "a.run needs g.run"), {"g.run#0": "failed"})
    assert (trace["a.run#0"], trace["a.run#1"]) == ("skipped", "idle")


def test_random_programs() -> None:
    """A random program is refused or has a plan whose every instance is settled, whatever the outcomes."""
    rng = random.Random(7)
    plans = 0
    for _ in range(300):
        text = random_program(rng, rng.randint(1, 12))
        try:
            made = plan(parse_rules_only(text))
        except Refused:
            continue
        plans += 1
        assert made.start <= {s.rpartition("#")[0] for s in made.steps}, text
        assert made.again <= {s.rpartition("#")[0] for s in made.steps if s.endswith("#1")}, text
        trace = simulate(made, random_outcomes(rng, made.steps))
        assert trace.keys() == made.steps, text
    assert plans > 150
