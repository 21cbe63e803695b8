"""What a run leaves for the next one (section 7): debts and dirty actions, by the engine alone."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

import evdsl
from evdsl.plan.plan import Plan
from evdsl.run.debts import Debt, named, standing
from evdsl.run.engine import Engine, Left
from evdsl.run.live import exit_code
from evdsl.run.simulate import Trace, simulate

from .plans import plan_of

RUNS = sorted((Path(__file__).parents[1] / "cases" / "runs").glob("*.json"))
NOTHING = Left([], set())


def after(plan: Plan, left: Left, outside: Sequence[str] = (), rest: str = "changed", **said: str) -> Trace:
    """The next run: `said` has outcomes by name, `a_run` for `a.run#0`."""
    words = {f"{name.replace('_', '.')}#0": word for name, word in said.items()}
    numbers = {step.id: n for n, step in enumerate(plan.steps)}
    return simulate(
        plan, words, rest, debts=left.debts, dirty=left.dirty, outside={numbers[f"{o}#0"] for o in outside}
    )


def texts(left: Left) -> list[str]:
    return [debt.text for debt in left.debts]


@pytest.mark.parametrize("path", RUNS, ids=lambda path: path.stem)
def test_cases_of_several_runs(path: Path) -> None:
    plan = evdsl.load(path.with_suffix(".events")).plan()
    left = NOTHING
    for run in json.loads(path.read_text("utf-8")):
        trace = simulate(plan.inner, run["outcomes"], debts=left.debts, dirty=left.dirty)
        assert trace.outcomes() == run["trace"]
        left = trace.left
        assert sorted(texts(left)) == sorted(run["debts"])
        assert exit_code(trace.fold, left.owes(plan.inner), False) == run["exit"]


def test_a_failed_subscriber_is_owed_until_it_succeeds() -> None:
    plan = plan_of("on a.run changed b.run")
    left = after(plan, NOTHING, b_run="failed").left
    assert texts(left) == ["a.run changed b.run"]
    assert left.dirty == {"b.run"}
    again = after(plan, left, a_run="ok", b_run="error")
    assert again.outcomes() == {"a.run#0": "ok", "b.run#0": "error"}
    assert again.left.debts == left.debts, "the run in which it arose is kept"
    paid = after(plan, again.left, a_run="ok", b_run="ok")
    assert paid.outcomes() == {"a.run#0": "ok", "b.run#0": "changed"}, "dirty: its ok is a change"
    assert paid.left == NOTHING
    assert after(plan, paid.left, a_run="ok").outcomes()["b.run#0"] == "idle"


def test_limit_leaves_a_debt_and_what_starts_by_itself_none() -> None:
    plan = plan_of("on a.run changed b.run")
    trace = after(plan, NOTHING, ["b.run"])
    assert trace.outcomes() == {"a.run#0": "changed", "b.run#0": "skipped"}
    assert texts(trace.left) == ["a.run changed b.run"]
    assert trace.left.dirty == set()
    assert after(plan, NOTHING, ["a.run"]).left == NOTHING


def test_a_debt_whose_subscriber_is_not_in_the_plan_is_kept() -> None:
    left = after(plan_of("on a.run changed b.run"), NOTHING, b_run="failed").left
    other = after(plan_of("on c.run changed d.run"), left)
    assert other.left == left
    assert not other.left.owes(plan_of("on c.run changed d.run"))
    assert other.left.owes(plan_of("on c.run changed b.run"))


def test_a_rule_on_failure_is_void_once_its_emitter_succeeds() -> None:
    plan = plan_of("on a.run failure b.run")
    left = after(plan, NOTHING, a_run="error", b_run="failed").left
    assert texts(left) == ["a.run failure b.run"]
    for said, becomes in (("ok", "idle"), ("failed", "changed")):
        assert after(plan, left, a_run=said).outcomes()["b.run#0"] == becomes
    assert after(plan, left, a_run="ok").left == Left([], {"b.run"})
    both = plan_of("on a.run failed|changed b.run")
    assert texts(after(both, NOTHING, a_run="failed", b_run="failed").left) == ["a.run changed|failed b.run"]
    kept = after(both, after(both, NOTHING, a_run="failed", b_run="failed").left, a_run="ok")
    assert kept.outcomes()["b.run#0"] == "changed", "only words of failure make it void"


def test_an_all_rule_is_one_debt() -> None:
    plan = plan_of("on all a.run, c.run success b.run")
    left = after(plan, NOTHING, b_run="failed").left
    assert texts(left) == ["all a.run, c.run success b.run"]
    (debt,) = left.debts
    assert debt.seen == (("a.run", "changed"), ("c.run", "changed"))
    trace = after(plan, left, a_run="failed")
    assert trace.outcomes()["b.run#0"] == "changed"
    assert trace.left.debts == []


def test_a_second_instance_pays_for_the_first_and_not_the_other_way() -> None:
    lines = ("on x.run changed ha.run", "on ha.run changed gc.run", "on gc.run changed ha.run")
    plan = plan_of(*lines)
    assert [step.id for step in plan.steps if step.resource == "ha"] == ["ha.run#0", "ha.run#1"]
    failed_first = simulate(plan, {"ha.run#0": "failed"}, "changed")
    assert texts(failed_first.left) == ["x.run changed ha.run"]
    failed_second = simulate(plan, {"ha.run#1": "failed"}, "changed")
    assert texts(failed_second.left) == ["gc.run changed ha.run"]
    left = failed_second.left
    nothing_new = simulate(plan, {"x.run#0": "ok", "gc.run#0": "ok"}, debts=left.debts, dirty=left.dirty)
    assert nothing_new.outcomes() == {
        "x.run#0": "ok",
        "ha.run#0": "changed",
        "gc.run#0": "ok",
        "ha.run#1": "idle",
    } or (nothing_new.outcomes()["ha.run#0"] == "changed")
    assert nothing_new.left == NOTHING


def test_a_debt_of_a_rule_on_failure_into_a_second_instance() -> None:
    """The draft's retry: what failed twice is owed, and is void once it succeeds of itself."""
    plan = plan_of("on a.run failed a.run", "start a.run")
    left = simulate(plan, {}, "failed").left
    assert texts(left) == ["a.run failed a.run"]
    trace = simulate(plan, {}, "ok", debts=left.debts, dirty=left.dirty)
    assert trace.outcomes() == {"a.run#0": "changed", "a.run#1": "idle"}
    assert trace.left == NOTHING


def test_broken_off() -> None:
    """A run that ends in the middle: what matched is owed, what was in flight is dirty, be it settled by anybody or not."""
    plan = plan_of("on a.run changed b.run", "on b.run changed c.run", "on d.run changed c.run")
    numbers = {step.id: n for n, step in enumerate(plan.steps)}
    engine = Engine(plan)
    engine.begin()
    from evdsl.drivers.outcome import Outcome

    engine.settle(numbers["a.run#0"], Outcome("changed"))
    left = engine.left(3, cut=[numbers["b.run#0"], numbers["d.run#0"]])
    assert texts(left) == ["a.run changed b.run"]
    assert left.dirty == {"b.run", "d.run"}
    then = after(plan, left, rest="ok")
    assert then.outcomes() == {"a.run#0": "ok", "b.run#0": "changed", "c.run#0": "ok", "d.run#0": "changed"}
    assert then.left == NOTHING


def test_standing_and_named() -> None:
    program = evdsl.load(
        "on a.run changed|failed b.run\non c.run changed dorm.reload\non x.run#0 ok b.run\n"
    ).inner
    assert program is not None

    def debt(emitter: str, words: Sequence[str], subscriber: str) -> Debt:
        return Debt((emitter,), tuple(words), False, subscriber, ((emitter, words[0]),), "f", 1, 1)

    here = [
        debt("a.run", ("changed", "failed"), "b.run"),
        debt("c.run", ("changed",), "dorm.reload"),
        debt("x.run", ("ok",), "b.run"),
    ]
    gone = [
        debt("a.run", ("changed",), "b.run"),
        debt("a.run", ("changed", "failed"), "c.run"),
        debt("q.run", ("ok",), "b.run"),
    ]
    assert standing(program, [*here, *gone]) == (here, gone)
    assert standing(program, []) == ([], [])
    assert named(here, "b") == named(here, "b.run") == named(here, "b.*") == [here[0], here[2]]
    assert named(here, "a.run changed|failed b.run") == [here[0]]
    assert named(here, "reload") == []


def test_json_and_back() -> None:
    one = Debt(
        ("a.run", "b.run"),
        ("changed",),
        True,
        "c.run",
        (("a.run#0", "created"), ("b.run", "changed")),
        "x.events",
        3,
        9,
    )
    assert Debt.from_json(json.loads(json.dumps(one.to_json()))) == one
    assert one.text == "all a.run, b.run changed c.run"


@pytest.mark.parametrize("seed", range(60))
def test_nothing_is_lost_in_random_programs(seed: int) -> None:
    """Over several runs: a rule that matched sets its subscriber off again and again until it has had a success."""
    from model.plan import Refused, parse_rules_only
    from model.plan import plan as model_plan
    from model.random_programs import random_program

    draw = random.Random(seed)
    text = random_program(draw, draw.randint(2, 9))
    try:
        model_plan(parse_rules_only(text))
    except Refused:
        return
    plan = evdsl.load(text).plan().inner
    left = NOTHING
    owed: dict[str, set[str]] = {}
    for _ in range(5):
        words = {step.id: draw.choice(["ok", "changed", "failed", "error", "created"]) for step in plan.steps}
        trace = simulate(plan, words, debts=left.debts, dirty=left.dirty)
        check(plan, left, trace, owed)
        left = trace.left


def check(plan: Plan, before: Left, trace: Trace, owed: Mapping[str, set[str]]) -> None:
    ends = trace.outcomes()
    names = {step.id: step.name for step in plan.steps}
    subscribers = {debt.subscriber for debt in trace.left.debts}
    for line in trace.steps:
        name = names[line.id]
        later = [ends[i] for i in ends if names[i] == name]
        succeeded = any(end in ("ok", "changed", "created") for end in later)
        if line.because and not succeeded and any(c.event not in ("failed", "error") for c in line.because):
            assert name in subscribers, f"{line.id} {line.outcome}: its causes are lost"
        if name in before.dirty:
            assert ends[line.id] != "ok"
    for debt in before.debts:
        first = f"{debt.subscriber}#0"
        if first in ends and not debt.on_failure:
            assert ends[first] != "idle"
    for debt in trace.left.debts:
        ran = [ends[i] for i in ends if names[i] == debt.subscriber]
        assert not ran or ran[-1] not in ("ok", "changed", "created")
    failed = {name for name, end in trace.fold.items() if end in ("failed", "error")}
    assert failed <= trace.left.dirty
