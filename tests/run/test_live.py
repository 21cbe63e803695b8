"""A live run: engine and executor together, the same trace as simulate, sinks, interrupts, exit codes."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from model.random_programs import random_outcomes

from evdsl.drivers.job import Job
from evdsl.drivers.outcome import Outcome
from evdsl.plan.plan import Plan
from evdsl.run.engine import Cause, Engine
from evdsl.run.live import (
    Ended,
    Event,
    Interrupted,
    Reported,
    Result,
    Retried,
    Sink,
    Started,
    exit_code,
    run,
    ways_below,
)
from evdsl.run.local import LocalExecutor
from evdsl.run.simulate import simulate
from evdsl.run.state import State

from .jobs import sh
from .kept import journal
from .plans import plan_of
from .scripted import Scripted
from .test_engine import random_plans


class Prepared:
    """Makes a job `sh "true"` of each step, and keeps what it was asked with."""

    def __init__(self, made: Plan, **texts: str) -> None:
        self.plan = made
        self.texts = texts
        self.asked: dict[str, tuple[list[str], dict[str, dict[str, str]]]] = {}

    def __call__(self, step: int, because: Sequence[Cause], reported: Reported) -> Job | Sink | Outcome:
        one = self.plan.steps[step]
        seen = {self.plan.steps[s].id: dict(values) for s, values in reported.items()}
        self.asked[one.id] = ([cause.from_id for cause in because], seen)
        text = self.texts.get(one.resource, "true")
        return Job(step, one.id, one.resource, one.action, one.instance, "sh", (text,), {}, {}, "/")


def scripted(made: Plan, outcomes: dict[str, str], executor: Scripted | None = None, **more: Any) -> tuple[Result, list[Event]]:  # fmt: skip
    events: list[Event] = []
    executor = executor or Scripted(lambda job: Outcome(outcomes.get(job.id, "changed")))
    prepare = more.pop("prepare", None) or Prepared(made)
    kept = journal(made, outside=more.get("outside", ()))
    return run(made, prepare, executor, kept, events.append, **more), events


def test_as_simulated_in_any_order_of_completion() -> None:
    for model, made, rng in random_plans(80, 3):
        outcomes = random_outcomes(rng, model.steps)
        outside = {i for i in range(len(made.steps)) if rng.random() < 0.1}
        expected = simulate(made, outcomes, outside=outside)
        for seed in range(4):
            executor = Scripted(lambda job: Outcome(outcomes[job.id]), 1 + seed, random.Random(seed))  # noqa: B023
            result, events = scripted(made, outcomes, executor, outside=outside)
            assert sorted(result.trace) == sorted(expected.steps)
            assert result.fold == expected.fold
            assert executor.most <= 1 + seed
            assert len([e for e in events if isinstance(e, Ended)]) == len(made.steps)
            ran = {e.step for e in events if isinstance(e, Ended) and e.outcome}
            assert {e.step for e in events if isinstance(e, Started)} == ran


@pytest.mark.parametrize("seed", range(6))
def test_as_simulated_with_real_processes(seed: int) -> None:
    ((model, made, rng),) = random_plans(1, 100 + seed)
    outcomes = random_outcomes(rng, model.steps)
    texts = {"failed": "exit 1", "error": "exit 127"}

    def prepare(step: int, because: Sequence[Cause], reported: Reported) -> Job:
        id_ = made.steps[step].id
        word = outcomes[id_]
        text = texts.get(word, f'echo {word} > "$EVDSL_EVENT"')
        return sh(f"sleep {rng.random() / 50:.3f}; {text}", step)

    executor = LocalExecutor(3)
    try:
        result = run(made, prepare, executor, journal(made), lambda event: None)
    finally:
        executor.close()
    expected = simulate(made, outcomes)
    assert {line.id: line[1:3] for line in result.trace} == {line.id: line[1:3] for line in expected.steps}


def test_longest_path_first() -> None:
    made = plan_of(
        "start a.run, b.run, c.run", "on b.run done d.run", "on c.run done e.run", "on e.run done f.run"
    )
    assert {s.resource: n for s, n in zip(made.steps, ways_below(Engine(made)), strict=True)} == {
        "a": 0,
        "b": 1,
        "c": 2,
        "d": 0,
        "e": 1,
        "f": 0,
    }
    executor = Scripted(lambda job: Outcome("changed"), 1)
    scripted(made, {}, executor)
    assert [i[0] for i in executor.started] == ["c", "b", "e", "a", "d", "f"]


def test_causes_and_values_reach_the_preparation() -> None:
    made = plan_of("on a.run changed b.run", "on b.run changed c.run")
    prepare = Prepared(made)
    executor = Scripted(lambda job: Outcome("changed", data={"port": job.id}))
    scripted(made, {}, executor, prepare=prepare)
    assert prepare.asked["a.run#0"] == ([], {})
    assert prepare.asked["c.run#0"] == (
        ["b.run"],
        {"a.run#0": {"port": "a.run#0"}, "b.run#0": {"port": "b.run#0"}},
    )


def test_what_cannot_be_made_ready_is_an_error() -> None:
    made = plan_of("on a.run changed b.run", "on b.run error c.run")

    def prepare(step: int, because: Sequence[Cause], reported: Reported) -> Job | Outcome:
        return Outcome("error", "nobody hands over `port`") if step == 1 else sh("true", step)

    result, events = scripted(made, {}, prepare=prepare)
    assert [(line.id, line.outcome) for line in result.trace] == [("a.run#0", "changed"), ("b.run#0", "error"), ("c.run#0", "changed")]  # fmt: skip
    assert result.exit == 3
    assert [e.reason for e in events if isinstance(e, Ended)][1] == "nobody hands over `port`"


def test_sinks() -> None:
    made = plan_of("on a.run done s.run", "on s.run changed b.run")
    values: dict[str, object] = {}

    def prepare(step: int, because: Sequence[Cause], reported: Reported) -> Job | Sink:
        return Sink("s", dict(values)) if made.steps[step].resource == "s" else sh("true", step)

    with State.empty() as state:

        def say() -> dict[str, str]:
            executor = Scripted(lambda job: Outcome("ok"))
            return {
                line.id[0]: line.outcome
                for line in run(made, prepare, executor, journal(made, state), print).trace
            }

        assert say() == {"a": "ok", "s": "ok", "b": "idle"}, "nothing was handed to it"
        values["nodes"] = ["192.0.2.1"]
        assert say()["s"] == "changed", "new"
        assert say() == {"a": "ok", "s": "ok", "b": "idle"}
        values["nodes"] = ["192.0.2.1", "192.0.2.2"]
        assert say()["b"] == "ok", "it differs"
        del values["nodes"]
        assert say()["s"] == "ok", "none is new, none differs"
        values["nodes"] = []
        assert say()["s"] == "changed"


def test_fail_fast() -> None:
    made = plan_of(
        *["start b.run, z.run", "on a.run changed x.run", "on x.run changed y.run", "on y.run done w.run"],
        *["on b.run changed d.run", "on d.run done e.run"],
    )
    executor = Scripted(lambda job: Outcome("failed" if job.resource == "a" else "changed"), 2)
    result, _ = scripted(made, {}, executor, fail_fast=True)
    ends = {line.id[0]: (line.outcome, line.reason) for line in result.trace}
    assert executor.started == ["a.run#0", "b.run#0"]
    assert ends["b"] == ("changed", ""), "what runs may end"
    assert ends["d"] == ends["z"] == ("skipped", "stopped")
    assert ends["e"] == ends["x"] == ("idle", "")
    assert result.exit == 1
    slow = scripted(made, {"a.run#0": "failed"})[0]
    assert {line.id[0]: line.outcome for line in slow.trace}["e"] == "changed", "without it the rest goes on"


@pytest.mark.parametrize(
    ("ends", "owed", "interrupted", "detailed", "code"),
    [
        (["ok", "changed"], False, False, False, 0),
        (["ok", "changed"], False, False, True, 10),
        (["ok", "idle"], False, False, True, 0),
        (["created"], False, False, True, 10),
        (["ok", "failed", "error"], True, False, True, 1),
        (["ok", "error"], True, False, False, 3),
        (["skipped", "ok"], True, False, True, 4),
        (["failed"], True, True, False, 130),
        ([], False, True, False, 130),
    ],
)
def test_exit_codes(ends: list[str], owed: bool, interrupted: bool, detailed: bool, code: int) -> None:
    assert exit_code({str(i): end for i, end in enumerate(ends)}, owed, interrupted, detailed) == code


@pytest.mark.parametrize(
    ("text", "outcomes", "outside", "owed"),
    [
        (["on a.run changed b.run"], {}, [], []),
        (["on a.run changed b.run"], {"b.run#0": "failed"}, [], ["a.run changed b.run"]),
        (["on a.run changed b.run"], {"a.run#0": "failed"}, [], []),
        (["on a.run changed b.run"], {}, ["b.run#0"], ["a.run changed b.run"]),
        (
            ["on a.run changed b.run", "b.run needs n.run", "start n.run"],
            {"n.run#0": "error"},
            [],
            ["a.run changed b.run"],
        ),
        (["on j.run failed j.run"], {"j.run#0": "failed", "j.run#1": "ok"}, [], []),
        (["on j.run failed j.run"], {"j.run#0": "failed", "j.run#1": "failed"}, [], ["j.run failed j.run"]),
    ],
)
def test_what_is_owed(text: list[str], outcomes: dict[str, str], outside: list[str], owed: list[str]) -> None:
    made = plan_of(*text)
    ids = [step.id for step in made.steps]
    result, _ = scripted(made, outcomes, outside={ids.index(i) for i in outside})
    assert [debt.text for debt in result.left.debts] == owed
    assert (result.exit == 4) == (bool(owed) and not {"failed", "error"} & set(result.fold.values()))


def test_many_steps_go_through() -> None:
    made = plan_of(*[f"on a{i}.run changed a{i + 1}.run" for i in range(150)])
    assert len(scripted(made, {})[0].trace) == 151


def test_retries_are_told() -> None:
    made = plan_of("on a.run done b.run")
    executor = LocalExecutor(2)
    events: list[Event] = []

    def prepare(step: int, because: Sequence[Cause], reported: Reported) -> Job:
        return sh("false" if step == 0 else "true", step, retry=1, delay=0.01)

    run(made, prepare, executor, journal(made), events.append)
    executor.close()
    assert [type(e) for e in events] == [Started, Retried, Ended, Started, Ended]


# with signals: a process of its own

SCRIPT = """if True:
    import json, sys
    sys.path[:0] = sys.argv[1:3]
    from run.jobs import sh
    from run.plans import plan_of
    from evdsl.run.live import Ended, Interrupted, Started, run
    from evdsl.run.local import LocalExecutor
    from run.kept import journal
    plan = plan_of("start a.run, b.run", "on a.run done c.run")
    texts = json.loads(sys.argv[3])
    def prepare(step, because, reported):
        return sh(texts[plan.steps[step].resource], step)
    def listen(event):
        if isinstance(event, (Started, Ended, Interrupted)):
            print(json.dumps([type(event).__name__, *event[:3]]), flush=True)
    executor = LocalExecutor(2, grace=60)
    result = run(plan, prepare, executor, journal(plan), listen)
    executor.close()
    print(json.dumps([result.exit, {line.id[0]: [line.outcome, line.reason] for line in result.trace}]))
"""


class Live:
    """A run in a process of its own; `a` and `b` run side by side, `c` is set off by `a`."""

    def __init__(self, **texts: str) -> None:
        paths = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]
        self.process = subprocess.Popen([sys.executable, "-c", SCRIPT, *paths, json.dumps(texts)], stdout=subprocess.PIPE, text=True)  # fmt: skip

    def line(self) -> Any:
        assert self.process.stdout
        return json.loads(self.process.stdout.readline())

    def until(self, kind: str, value: int) -> None:
        while self.line()[:2] != [kind, value]:
            pass

    def end(self) -> Any:
        assert self.process.stdout
        lines = self.process.stdout.read().splitlines()
        assert self.process.wait(20) == 0
        self.process.stdout.close()
        return json.loads(lines[-1])


def test_ctrl_c_once_lets_what_runs_end(tmp_path: Path) -> None:
    go = tmp_path / "go"
    live = Live(a=f"while ! test -e {go}; do sleep 0.02; done", b="true", c="true")
    live.until("Ended", 1)
    live.process.send_signal(signal.SIGINT)
    live.until("Interrupted", 1)
    go.touch()
    code, ends = live.end()
    assert code == 130
    assert ends == {"a": ["changed", ""], "b": ["changed", ""], "c": ["skipped", "stopped"]}


def test_the_second_asks_and_the_third_kills(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    live = Live(
        a=f"trap '' TERM; echo $$ > {pid}; while :; do sleep 0.05; done",
        b=f"while ! test -s {pid}; do sleep 0.02; done; exec sleep 60",
        c="true",
    )
    live.until("Started", 1)
    while not pid.exists() or not pid.read_text().strip():
        pass
    live.process.send_signal(signal.SIGTERM)
    live.until("Interrupted", 1)
    live.process.send_signal(signal.SIGINT)
    live.until("Interrupted", 2)
    live.until("Ended", 1)
    live.process.send_signal(signal.SIGINT)
    code, ends = live.end()
    assert code == 130
    assert {name: end[0] for name, end in ends.items()} == {"a": "error", "b": "error", "c": "skipped"}
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)


def test_more_than_three_interrupts_end_too() -> None:
    made = plan_of("on a.run changed b.run")
    executor = Scripted(lambda job: Outcome("changed"), 1)
    executor.on_wait = lambda: [os.kill(os.getpid(), signal.SIGINT) for _ in range(5)] and None
    result, events = scripted(made, {}, executor)
    assert [e.level for e in events if isinstance(e, Interrupted)] == [1, 2, 3] == executor.levels
    assert result.exit == 130
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
