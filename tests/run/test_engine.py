"""The engine against the tables of facts/peers.md section 4, section 7 of the language, and the reference model."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from model.plan import Refused, parse_rules_only, plan
from model.random_programs import random_outcomes, random_program
from model.run import folds as model_folds
from model.run import simulate as model_simulate

from evdsl.base.events import EVENTS, OUTCOMES, SETTLED
from evdsl.base.source import Source, Span
from evdsl.drivers.outcome import Outcome
from evdsl.plan.plan import Look, Plan, Step, Trigger
from evdsl.run.debts import Debt
from evdsl.run.engine import Cause, Engine, Settled, Start, fold
from evdsl.run.simulate import simulate

from .plans import from_model, plan_of

CASES = Path(__file__).parents[1] / "cases"

# which rule word matches which outcome (facts/peers.md section 4)
MATCHES = {
    "ok": "ok success done",
    "changed": "changed success done",
    "created": "changed created success done",
    "removed": "changed removed success done",
    "failed": "failed failure done",
    "error": "error failure done",
}


def ends(plan_: Plan, outcomes: dict[str, str], **more: Any) -> dict[str, str]:
    return simulate(plan_, outcomes, **more).outcomes()


@pytest.mark.parametrize("word", EVENTS)
@pytest.mark.parametrize("outcome", OUTCOMES)
def test_words_match_outcomes(word: str, outcome: str) -> None:
    end = ends(plan_of(f"on a.run {word} b.run"), {"a.run#0": outcome})["b.run#0"]
    assert end == ("changed" if word in MATCHES[outcome].split() else "idle")


@pytest.mark.parametrize("word", EVENTS)
def test_words_match_idle_and_skipped(word: str) -> None:
    idle = plan_of("on s.run removed a.run", f"on a.run {word} b.run")
    assert ends(idle, {})["b.run#0"] == "idle"
    vetoed = plan_of("on s.run changed a.run", "start n.run", "a.run needs n.run", f"on a.run {word} b.run")
    trace = ends(vetoed, {"n.run#0": "failed"})
    assert trace["a.run#0"] == "skipped"
    assert trace["b.run#0"] == ("changed" if word == "skipped" else "idle")


@pytest.mark.parametrize(
    ("all_", "a", "b", "end"),
    [
        (False, "changed", "changed", "changed"),
        (False, "changed", "ok", "changed"),
        (False, "ok", "ok", "idle"),
        (True, "changed", "changed", "changed"),
        (True, "changed", "ok", "idle"),
        (True, "ok", "ok", "idle"),
    ],
)
def test_two_rules_or_one_all(all_: bool, a: str, b: str, end: str) -> None:
    text = (
        ("on all a.run, b.run changed c.run",)
        if all_
        else ("on a.run changed c.run", "on b.run changed c.run")
    )
    made = plan_of(*text)
    engine = Engine(made)
    starts = engine.begin()
    assert [made.steps[e.step].id for e in starts] == ["a.run#0", "b.run#0"]
    assert len(engine.settle(0, Outcome(a))) == 1  # it waits for the other, whatever the one said
    assert len(engine.settle(1, Outcome(b))) == 2
    assert ends(made, {"a.run#0": a, "b.run#0": b})["c.run#0"] == end


@pytest.mark.parametrize(("kind", "vetoes"), [("after", False), ("needs", True)])
@pytest.mark.parametrize("end", [*OUTCOMES, "idle"])
def test_after_and_needs(kind: str, vetoes: bool, end: str) -> None:
    made = plan_of("on s.run changed b.run", "on t.run created a.run", f"b.run {kind} a.run")
    outcomes = {"t.run#0": "ok"} if end == "idle" else {"t.run#0": "created", "a.run#0": end}
    trace = ends(made, {**outcomes, "s.run#0": "changed", "b.run#0": "ok"})
    assert trace["b.run#0"] == ("skipped" if vetoes and end in ("failed", "error") else "ok")
    trace = ends(made, {**outcomes, "s.run#0": "ok"})
    assert trace["b.run#0"] == "idle", "what is not set off is idle in every row"


@pytest.mark.parametrize(("kind", "end"), [("after", "changed"), ("needs", "skipped")])
def test_what_was_vetoed_vetoes(kind: str, end: str) -> None:
    made = plan_of("start n.run, b.run, a.run", "a.run needs n.run", f"b.run {kind} a.run")
    trace = simulate(made, {"n.run#0": "error"})
    assert trace.outcomes() == {"n.run#0": "error", "a.run#0": "skipped", "b.run#0": end}
    reasons = {line.id: line.reason for line in trace.steps}
    assert reasons["a.run#0"] == "needs n.run, which ended error"
    if kind == "needs":
        assert reasons["b.run#0"] == "needs a.run, which was vetoed"


def test_what_is_limited_does_not_veto() -> None:
    made = plan_of("start a.run, b.run", "b.run needs a.run")
    trace = simulate(made, {}, outside={0})
    assert trace.outcomes() == {"a.run#0": "skipped", "b.run#0": "changed"}
    assert trace.steps[0].reason == "outside of --limit"


def test_limited_but_not_set_off_is_idle() -> None:
    made = plan_of("on a.run changed b.run")
    assert ends(made, {"a.run#0": "ok"}, outside={1})["b.run#0"] == "idle"


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        (["idle"], "idle"),
        (["idle", "idle"], "idle"),
        (["skipped", "idle"], "skipped"),
        (["idle", "skipped"], "skipped"),
        (["changed", "idle"], "changed"),
        (["changed", "skipped"], "changed"),
        (["changed", "failed"], "failed"),
        (["changed", "error"], "error"),
        (["failed", "idle"], "failed"),
        (["failed", "failed"], "failed"),
        (["failed", "error"], "error"),
        (["failed", "ok"], "changed"),
        (["failed", "created"], "changed"),
        (["ok", "ok"], "ok"),
        (["removed", "removed"], "removed"),
        (["created", "ok"], "created"),
        (["ok", "created"], "created"),
        (["created", "removed"], "changed"),
        (["ok", "removed"], "changed"),
        (["ok", "changed"], "changed"),
        (["failed", "ok", "ok"], "changed"),
        (["ok", "ok", "created"], "created"),
    ],
)
def test_fold(outcomes: list[str], expected: str) -> None:
    assert fold(outcomes) == expected


@pytest.mark.parametrize(
    ("first", "body", "second", "folded", "outside"),
    [
        ("changed", "changed", "changed", "changed", "changed"),
        ("changed", "ok", "changed", "changed", "changed"),
        ("ok", "changed", "changed", "ok", "idle"),
        ("changed", "changed", "failed", "failed", "idle"),
        ("changed", "changed", "ok", "changed", "changed"),
    ],
)
def test_fold_from_outside(first: str, body: str, second: str, folded: str, outside: str) -> None:
    made = plan_of(
        "on ha.run changed gc.run", "on gc.run changed ha.run", "on ha.run changed m.run", "start ha.run"
    )
    trace = simulate(made, {"ha.run#0": first, "gc.run#0": body, "ha.run#1": second})
    assert trace.fold["ha.run"] == folded
    assert trace.outcomes()["m.run#0"] == outside


def test_a_debt_sets_off() -> None:
    made = plan_of("on a.run changed b.run")
    debt = Debt(("a.run",), ("changed",), False, "b.run", (("a.run", "changed"),), "test.events", 1, 7)
    old = Cause("a.run", "changed", 1, "test.events")
    trace = simulate(made, {"a.run#0": "ok"}, debts=[debt])
    assert trace.outcomes()["b.run#0"] == "changed"
    assert trace.steps[1].because == (old,)
    again = simulate(made, {"a.run#0": "changed"}, debts=[debt])
    assert again.steps[1].because == (old,), "a debt and a new trigger: one cause, one run"


def test_a_dirty_ok_is_a_change() -> None:
    made = plan_of("on a.run changed b.run")
    trace = simulate(made, {"a.run#0": "ok", "b.run#0": "ok"}, dirty={"a.run"})
    assert trace.outcomes() == {"a.run#0": "changed", "b.run#0": "ok"}
    assert trace.fold["a.run"] == "changed"


def test_causes() -> None:
    """Each rule that matched tells what it looked at, with its event and line; `all` tells one each."""
    source = Source("x.events", "on a.run changed c.run\non all a.run, b.run done c.run\n")
    a, b = Look((0,), False, "a.run#0"), Look((1,), True, "b.run")
    into = [
        Trigger((a,), ("changed",), False, 2, False, Span(source, 0, 5)),
        Trigger((a, b), ("done",), True, 2, False, Span(source, 23, 30)),
    ]
    steps = [Step(n, "run", 0, i) for i, n in enumerate("abc")]
    made = Plan("x.events", steps, [0, 1], [[], [], into], [[], [], []], [], [])
    trace = simulate(made, {"a.run#0": "created", "b.run#0": "failed"})
    assert trace.steps[0].because == ()
    assert trace.steps[2].because == (
        Cause("a.run#0", "created", 1, "x.events"),
        Cause("a.run#0", "created", 2, "x.events"),
        Cause("b.run", "failed", 2, "x.events"),
    )
    assert simulate(made, {"a.run#0": "ok", "b.run#0": "ok"}).steps[2].because[0].line == 2


def test_stop_starts_nothing_more() -> None:
    made = plan_of("on a.run changed c.run", "on b.run changed d.run", "on d.run done e.run", "start b.run")
    at = {step.id: i for i, step in enumerate(made.steps)}
    engine = Engine(made)
    engine.begin()
    stopped = engine.stop("stopped", withdrawn=[at["b.run#0"]])
    assert [(made.steps[e.step].id, e.state) for e in stopped if isinstance(e, Settled)] == [
        ("b.run#0", "skipped"),
        ("d.run#0", "idle"),
        ("e.run#0", "idle"),
    ]
    last = engine.settle(at["a.run#0"], Outcome("changed"))
    assert last[1] == Settled(at["c.run#0"], "skipped", "stopped", last[1].because)
    assert last[1].because
    assert engine.finished


def test_did_not_converge() -> None:
    text = ("on ha.run changed gc.run", "on gc.run changed ha.run", "start ha.run")
    assert [t.origin.line for t in simulate(plan_of(*text), {}).unfollowed] == [1]
    assert simulate(plan_of(*text), {"ha.run#1": "ok"}).unfollowed == []
    assert simulate(plan_of(*text), {"ha.run#0": "ok"}).unfollowed == []


def test_a_chain_of_many_does_not_recurse() -> None:
    count = 100_000
    source = Source("x.events", "")
    steps = [Step(f"r{i}", "run", 0, i) for i in range(count)]
    triggers: list[list[Trigger]] = [[]]
    for i in range(1, count):
        look = Look((i - 1,), False, steps[i - 1].id)
        triggers.append([Trigger((look,), ("changed",), False, i, False, Span(source, 0, 0))])
    made = Plan("x.events", steps, [0], triggers, [[] for _ in steps], [], [])
    engine = Engine(made)
    engine.begin()
    assert len(engine.settle(0, Outcome("ok"))) == count
    assert engine.finished
    assert set(engine.states[1:]) == {"idle"}


@pytest.mark.parametrize(
    "case", sorted([*CASES.glob("plain/*.json"), *CASES.glob("declared/*.json")]), ids=lambda c: c.stem
)
def test_case(case: Path) -> None:
    data = json.loads(case.read_text("utf-8"))
    if data.get("refused"):
        return
    text = data.get("same_as") or case.with_suffix(".events").read_text("utf-8")
    text = "\n".join(line for line in text.split("\n") if not line.startswith("resource "))
    made = plan_of(*text.split("\n"))
    for run in data.get("simulate", []):
        assert ends(made, run["outcomes"]) == run["trace"]


def random_plans(count: int, seed: int) -> list[tuple[Any, Plan, random.Random]]:
    found = []
    rng = random.Random(seed)
    while len(found) < count:
        try:
            model = plan(parse_rules_only(random_program(rng, rng.randint(3, 16))))
        except Refused:
            continue
        found.append((model, from_model(model), rng))
    return found


def test_as_the_model_has_it() -> None:
    for model, made, rng in random_plans(150, 7):
        for _ in range(3):
            outcomes = random_outcomes(rng, model.steps)
            actions = sorted({step.name for step in made.steps})
            limit = None if rng.random() < 0.5 else {a for a in actions if rng.random() < 0.7}
            outside = {i for i, s in enumerate(made.steps) if limit is not None and s.name not in limit}
            trace = simulate(made, outcomes, outside=outside)
            assert trace.outcomes() == model_simulate(model, outcomes, limit=limit)
            assert trace.fold == model_folds(model, trace.outcomes())


def drive(made: Plan, outcomes: dict[str, str], rng: random.Random, **more: Any) -> dict[int, Settled]:
    """Run the engine with completions in a random order. Returns the end of each step."""
    engine = Engine(made, **more)
    settled: dict[int, Settled] = {}
    running: list[int] = []
    effects = engine.begin()
    while True:
        for effect in effects:
            if isinstance(effect, Start):
                running.append(effect.step)
            else:
                assert effect.step not in settled
                assert effect.state in SETTLED
                settled[effect.step] = effect
        assert sorted(running) == sorted(engine.running)
        if not running:
            assert engine.finished
            return settled
        step = running.pop(rng.randrange(len(running)))
        effects = engine.settle(step, Outcome(outcomes[made.steps[step].id]))


def test_one_trace_in_any_order_of_completion() -> None:
    for model, made, rng in random_plans(60, 11):
        outcomes = random_outcomes(rng, model.steps)
        more = {
            "outside": {i for i in range(len(made.steps)) if rng.random() < 0.1},
            "dirty": {step.name for step in made.steps if rng.random() < 0.2},
        }
        first = drive(made, outcomes, random.Random(0), **more)
        for seed in range(1, 12):
            assert drive(made, outcomes, random.Random(seed), **more) == first
        trace = simulate(made, outcomes, **more)
        assert [first[i].state for i in range(len(made.steps))] == [line.outcome for line in trace.steps]
        assert [first[i].because for i in range(len(made.steps))] == [line.because for line in trace.steps]
