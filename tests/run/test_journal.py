"""The journal of a run, and what is read of it: what happened, what is owed, how a run goes on."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from evdsl.drivers.outcome import Outcome
from evdsl.plan.plan import Plan
from evdsl.run.engine import Left
from evdsl.run.journal import KEPT, Journal
from evdsl.run.reported import reported
from evdsl.run.runs import Run, close, last_outcomes, last_run, now, runs
from evdsl.run.state import State, Unwritable

from .kept import journal
from .plans import plan_of

CHAIN = ("on a.run changed b.run", "on b.run changed c.run", "start d.run")


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State.open(str(tmp_path / "a.events"))


def numbers(plan: Plan) -> Mapping[str, int]:
    return {step.id[0]: number for number, step in enumerate(plan.steps)}


def say(made: Journal, plan: Plan, **events: str) -> None:
    """These steps begin, and those with an event end."""
    at = numbers(plan)
    for name, event in events.items():
        if event not in ("idle", "skipped"):
            made.started(at[name])
            made.commit()
        if event in ("idle", "skipped"):
            made.ended(at[name], event, "", None)
        elif event:
            reason = "exit 1" if event == "failed" else ""
            made.ended(at[name], event, reason, Outcome(event, reason, seconds=0.25))
    made.commit()


def entry_states(run: Run) -> dict[str, str]:
    return {entry.id[0]: entry.state for entry in run.entries}


def test_a_run_is_kept(state: State) -> None:
    plan = plan_of(*CHAIN)
    made = journal(plan, state)
    say(made, plan, a="changed", d="ok", b="failed", c="idle")
    (run,) = runs(state)
    assert (run.number, run.exit, run.ended, run.pid, run.resumable) == (1, None, None, os.getpid(), True)
    made.end(1, Left([], {"b.run"}))
    (run,) = runs(state)
    assert (run.exit, run.resumable) == (1, False)
    assert run.ended is not None
    assert 0 <= (run.seconds or 0) < 60
    assert entry_states(run) == {"a": "changed", "b": "failed", "c": "idle", "d": "ok"}
    by = {entry.id[0]: entry for entry in run.entries}
    assert (by["b"].reason, by["b"].seconds, by["b"].tries, by["b"].attempts) == ("exit 1", 0.25, 1, 1)
    assert by["c"].began is None
    assert now(state) == ([], {"b.run": 0})
    assert run.stored.plan.steps == plan.steps


def test_an_end_is_recorded_once(state: State) -> None:
    plan = plan_of(*CHAIN)
    made = journal(plan, state)
    say(made, plan, a="changed")
    made.ended(numbers(plan)["a"], "changed", "", Outcome("changed"))
    with pytest.raises(AssertionError, match="twice"):
        made.commit()
    assert [outcome.event for outcome in runs(state)[0].outcomes().values()] == ["changed"]


def test_tries_and_what_was_reported(state: State) -> None:
    plan = plan_of(*CHAIN)
    made = journal(plan, state, hidden=["hunter2"])
    at = numbers(plan)["a"]
    made.started(at)
    made.retried(at, 1)
    made.retried(at, 2)
    data = {"port": "80", "token": "a hunter2 b"}
    made.ended(at, "changed", "said hunter2", Outcome("changed", "said hunter2", data, seconds=1))
    made.commit()
    (run,) = runs(state)
    assert run.entries[0].tries == 3
    assert run.outcomes()[at].data == {"port": "80"}, (
        "a secret is kept nowhere, nor handed on later in disguise"
    )
    assert reported(state) == {"a": {"port": "80"}}
    assert b"hunter2" not in Path(state.path).read_bytes() + Path(state.path + "-wal").read_bytes()


def test_a_sink_is_kept_with_its_end_or_not_at_all(state: State) -> None:
    plan = plan_of(*CHAIN)
    made = journal(plan, state)
    assert made.sink("a", {"nodes": [1]}) == ["nodes"]
    assert state.sink("a") == {}, "not yet"
    made.ended(numbers(plan)["a"], "changed", "", Outcome("changed"))
    made.commit()
    assert state.sink("a") == {"nodes": [1]}
    assert made.sink("a", {"nodes": [1]}) == []


def test_a_sink_with_a_secret(state: State) -> None:
    plan = plan_of(*CHAIN)
    for value, differs in (("x hunter2", ["t"]), ("x hunter2", []), ("y hunter2", ["t"])):
        made = journal(plan, state, hidden=["hunter2"])
        assert made.sink("a", {"t": value, "n": 1}) == differs + (
            ["n"] if value[0] == "x" and differs else []
        )
        made.ended(numbers(plan)["a"], "ok", "", Outcome("ok"))
        made.commit()
    assert b"hunter2" not in Path(state.path).read_bytes() + Path(state.path + "-wal").read_bytes()


def test_what_a_run_that_broke_off_leaves(state: State) -> None:
    """It is the same whether it is read from afar or taken over, and nobody had to write it down."""
    plan = plan_of(*CHAIN)
    made = journal(plan, state)
    say(made, plan, a="changed", b="", d="failed")
    (run,) = runs(state)
    assert entry_states(run) == {"a": "changed", "b": "cut", "d": "failed"}
    found = now(state)
    assert [debt.text for debt in found.debts] == ["a.run changed b.run"]
    assert found.dirty == {"b.run": 1, "d.run": 0}
    close(state, found)
    assert now(state) == found
    assert not runs(state)[0].resumable
    again = journal(plan, state, debts=found.debts, dirty=found.dirty)
    say(again, plan, a="ok", b="")
    assert now(state).dirty == {"b.run": 2, "d.run": 0}, "it is counted how often it was cut"
    assert now(state).debts == found.debts


def test_going_on(state: State) -> None:
    plan = plan_of(*CHAIN)
    at = numbers(plan)
    made = journal(plan, state)
    say(made, plan, a="changed", b="", d="skipped")
    run = last_run(state)
    assert run is not None
    assert run.cut() == {at["b"]: 1}
    engine = run.replayed()
    assert set(engine.running) == {at["b"], at["d"]}
    more = Journal.go_on(state, run.number, plan.steps)
    more.started(at["b"])
    more.commit()
    run = runs(state)[0]
    assert run.cut() == {at["b"]: 2}
    assert entry_states(run) == {"a": "changed", "b": "cut"}, "what was not run is decided again"
    more.ended(at["b"], "changed", "", Outcome("changed"))
    more.commit()
    assert {entry.id[0]: entry.attempts for entry in runs(state)[0].entries} == {"a": 1, "b": 2}


def test_only_the_last_run_can_be_resumed(state: State) -> None:
    plan = plan_of(*CHAIN)
    for code in (130, 130, 0):
        made = journal(plan, state)
        assert [run.resumable for run in runs(state)][:-1] == [False] * (made.number - 1)
        made.end(code, Left([], set()))
    assert [run.resumable for run in runs(state)] == [False, False, False]
    journal(plan, state).end(130, Left([], set()))
    assert runs(state)[-1].resumable


def test_the_last_runs_are_kept(state: State) -> None:
    first, second = plan_of(*CHAIN), plan_of("start x.run")
    journal(first, state).end(0, Left([], set()))
    for _ in range(KEPT + 3):
        made = journal(second, state)
        say(made, second, x="ok")
        made.end(0, Left([], set()))
    assert [run.number for run in runs(state)] == list(range(5, KEPT + 5))
    count = state.database.execute("SELECT count(*) FROM plan").fetchone()
    assert count == (1,), "a plan is kept once, and as long as a run has it"
    assert state.database.execute("SELECT min(run) FROM started").fetchone() == (5,)


def test_numbers_are_above_those_of_other_files(state: State, tmp_path: Path) -> None:
    plan = plan_of(*CHAIN)
    assert Journal.begin(state, _begin(plan), plan.steps, above=7).number == 8
    assert Journal.begin(state, _begin(plan), plan.steps, above=3).number == 9


def _begin(plan: Plan):  # type: ignore[no-untyped-def]
    from evdsl.plan.stored import to_bytes
    from evdsl.run.journal import Begin

    return Begin("a", "s", lambda: to_bytes(plan, {}), {})


def test_what_cannot_be_written_is_kept_and_tried_again(tmp_path: Path) -> None:
    state = State.open(str(tmp_path / "a.events"))
    other = State.open(str(tmp_path / "a.events"))
    state.database.execute("PRAGMA busy_timeout = 0")
    plan = plan_of(*CHAIN)
    made = journal(plan, state)
    other.database.execute("BEGIN IMMEDIATE")
    made.started(numbers(plan)["d"])
    made.ended(numbers(plan)["a"], "changed", "", Outcome("changed"))
    with pytest.raises(Unwritable, match="locked"):
        made.commit()
    made.withdrawn([numbers(plan)["d"]])
    other.database.execute("ROLLBACK")
    made.commit()
    assert entry_states(runs(state)[0]) == {"a": "changed"}


def test_last_outcomes(state: State) -> None:
    plan = plan_of(*CHAIN)
    first = journal(plan, state)
    say(first, plan, a="failed", b="ok", c="idle", d="ok")
    first.end(1, Left([], set()))
    second = journal(plan, state)
    say(second, plan, a="changed", b="idle", c="idle", d="")
    found = last_outcomes(runs(state))
    assert [(last.action, last.state, last.run.number) for last in found] == [
        ("a.run", "changed", 2),
        ("b.run", "ok", 1),
        ("c.run", "idle", 2),
        ("d.run", "cut", 2),
    ]
