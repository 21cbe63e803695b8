"""What holds for every program: random ones against the reference model, and against themselves told otherwise."""

from __future__ import annotations

import hashlib
import json
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import networkx
import pytest
from model.plan import MPlan, MProgram, Refused, parse_rules_only
from model.plan import plan as model_plan
from model.random_programs import random_outcomes, random_program
from model.run import folds as model_folds
from model.run import simulate as model_simulate

import evdsl
from evdsl.base.source import Source
from evdsl.drivers.outcome import Outcome
from evdsl.faces.expand import expanded
from evdsl.run.engine import Effect, Engine, Settled, Start
from evdsl.syntax import ast
from evdsl.syntax.parser import parse
from evdsl.syntax.printer import fmt

CASES = Path(__file__).parent / "cases"
SEEDS = range(10)  # each is a test of EACH programs
EACH = 25


def known_again(text: str) -> str:
    """Without each `again` for an action that nothing else names: to the model it is dormant, here it is a typo."""
    lines = text.splitlines(keepends=True)
    named = set(parse_rules_only("".join(line for line in lines if not line.startswith("again"))).actions)
    return "".join(line for line in lines if not line.startswith("again") or line.split()[1] in named)


def programs(seed: int, many: int = EACH) -> Iterator[tuple[random.Random, str]]:
    rng = random.Random(f"properties {seed}")
    made = 0
    while made < many:
        text = random_program(rng, rng.randint(1, rng.choice([6, 14, 24])))
        try:
            text = known_again(text)
        except Refused:  # a number on an order: nothing that the model can read
            assert not evdsl.load(text).stands, text
            continue
        made += 1
        yield rng, text


def modelled(text: str, entry: str = "run") -> MPlan | None:
    try:
        return model_plan(parse_rules_only(text), entry)
    except Refused:
        return None


def planned(text: str, entry: str = "run", start: tuple[str, ...] = ()) -> evdsl.Plan | None:
    program = evdsl.load(text + "\n")
    assert program.stands, (text, program.diagnostics)
    plan, said = program.try_plan(entry, start)
    assert (plan is None) == any(d.severity == "error" for d in said), text
    return plan


def plans(seed: int, many: int = EACH) -> Iterator[tuple[random.Random, str, evdsl.Plan]]:
    for rng, text in programs(seed, many):
        plan = planned(text)
        if plan is not None:
            yield rng, text, plan


@pytest.mark.parametrize("entry", ["run", "remove", "reload"])
@pytest.mark.parametrize("seed", SEEDS)
def test_the_plan_is_the_models(seed: int, entry: str) -> None:
    refused = 0
    for _, text in programs(seed):
        program = evdsl.load(text + "\n")
        if entry != "run" and not any(name.endswith(f".{entry}") for name in program.actions):
            assert (
                program.try_plan(entry)[0] is None
            )  # an unknown --action is refused, the model has no such word
            continue
        made, ours = modelled(text, entry), planned(text, entry)
        if made is None or ours is None:
            refused += 1
            assert made is None, text
            assert ours is None, text
            continue
        assert ours.start == sorted(made.start), text
        assert sorted(step.id for step in ours.steps) == sorted(made.steps), text
        assert sorted(cycle.again for cycle in ours.cycles) == sorted(made.again), text
        assert ours.dormant == sorted(made.dormant), text
    assert refused < EACH


@pytest.mark.parametrize("seed", SEEDS)
def test_plans_are_acyclic_and_in_an_order_that_could_run(seed: int) -> None:
    for _, text, plan in plans(seed):
        graph = plan.to_networkx()
        assert networkx.is_directed_acyclic_graph(graph), text
        ids = [step.id for step in plan.steps]
        assert list(graph) == ids
        assert len(set(ids)) == len(ids)
        assert all(ids.index(a) < ids.index(b) for a, b in graph.edges()), text


def can_be_set_off(document: dict[str, Any]) -> set[str]:
    """The ids that a start or a chain of rules leads to, from the document that other programs read."""
    ids = [step["id"] for step in document["steps"]]
    reached = {f"{name}#0" for name in document["start"]}

    def seen(look: str) -> bool:
        return (
            look in reached
            if "#" in look
            else any(id_ in reached for id_ in ids if id_.startswith(f"{look}#"))
        )

    while True:
        more = {
            rule["to"]
            for rule in document["rules"]
            if (all if rule["all"] else any)(seen(look) for look in rule["from"])
        } - reached
        if not more:
            return reached
        reached |= more


@pytest.mark.parametrize("seed", SEEDS)
def test_every_step_can_be_set_off(seed: int) -> None:
    for _, text, plan in plans(seed):
        document = plan.to_json()
        assert can_be_set_off(document) == {step["id"] for step in document["steps"]}, text


# ---- order of lines, hash seeds


def no_tie(rng: random.Random, text: str) -> bool:
    """Whether the model's plan is the same in whatever order its actions were mentioned."""
    program = parse_rules_only(text)

    def made(actions: list[str]) -> object:
        other = MProgram(
            actions, program.rules, program.orders, program.starts, program.agains, program.sinks
        )  # fmt: skip
        try:
            plan = model_plan(other)
        except Refused as refused:
            return str(refused)[:12]
        return plan.start, plan.steps, plan.again, plan.rules, plan.orders

    orders = [program.actions, program.actions[::-1]]
    orders += [rng.sample(program.actions, len(program.actions)) for _ in range(4)]
    first, *others = [made(list(order)) for order in orders]
    return all(other == first for other in others)


def placeless(value: Any) -> Any:
    """A document without what depends on the lines: file, line, weak, reason; lists of rules and the like as sets.

    A reason may tell of a tie between two that both run again in the end, once the one and once the other first.
    """
    if isinstance(value, dict):
        return {
            key: sorted(map(placeless, item), key=json.dumps)
            if isinstance(item, list) and key in ("rules", "orders", "closing", "cycles")
            else placeless(item)
            for key, item in value.items()
            if key not in ("file", "line", "weak", "reason")
        }
    return [placeless(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("seed", range(12))
def test_the_order_of_lines_does_not_matter(seed: int) -> None:
    """But for ties of 'first mentioned'; steps come in the same order, cycles the same way round."""
    compared = 0
    for rng, text in programs(seed + 1000, 20):
        if not no_tie(rng, text):
            continue
        lines = text.splitlines(keepends=True)
        first = planned(text)
        for _ in range(3):
            rng.shuffle(lines)
            other = planned("".join(lines))
            if first is None or other is None:
                assert first is None, text
                assert other is None, text
                break
            compared += 1
            assert placeless(other.to_json()) == placeless(first.to_json()), (text, lines)
    assert compared > 20


def test_the_reason_of_a_cycle_does_not_depend_on_the_order_of_lines() -> None:
    lines = [
        "on s.run changed x.run", "on x.run changed a.run", "on t.run changed b.run", "on u.run changed c.run",
        "on a.run changed b.run", "on b.run changed c.run", "on c.run changed a.run",
    ]  # fmt: skip
    reasons = {planned("\n".join(order)).cycles[0].reason for order in (lines, lines[::-1])}  # type: ignore[union-attr]
    assert len(reasons) == 1


_DIGEST = """
import hashlib, json, sys
import evdsl
from evdsl.faces.expand import expanded
texts = json.load(sys.stdin)
for text in texts:
    program = evdsl.load(text)
    said = [[d.code, d.message, d.hint, repr(d.span)] for d in program.diagnostics]
    plan, more = program.try_plan()
    said += [[d.code, d.message, d.hint, repr(d.span)] for d in more]
    shown = json.dumps(said)
    if plan is not None:
        trace = plan.simulate(rest="created")
        shown += json.dumps(plan.to_json()) + json.dumps(trace.to_json()) + expanded(program.inner)
    print(hashlib.sha256(shown.encode()).hexdigest())
"""

DECLARED = """\
host w1 = "192.0.2.1"
host w2 = "192.0.2.2"
group web = [w1, w2]
param env = "dev"
for h in web {
  resource app.{{h}} @{{h}} { run: sh "x {{env}}"; restart: sh ':'; smoke: sh ':' }
}
resource db { port = 5432; run: sh ':'; remove: sh ':' }
resource pool
resource lb { run: sh ':'; reload: sh ':' }
connect db app.<h> { port -> db_port; on run changed restart }
connect app.<h> pool { host -> nodes }
connect pool lb
on app.<h>.restart changed app.<h>.smoke
serial app.<h>.restart, app.<h>.smoke
on all app.*.smoke success lb.run
on lb.run failed lb.run
"""


def test_same_bytes_under_two_hash_seeds(tmp_path: Path) -> None:
    texts = [text + "\n" for seed in range(6) for _, text in programs(seed + 2000)] + [DECLARED]
    printed = []
    for seed in ("1", "4711"):
        done = subprocess.run(
            [sys.executable, "-c", _DIGEST],
            input=json.dumps(texts),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env={**os.environ, "PYTHONHASHSEED": seed, "XDG_CACHE_HOME": str(tmp_path)},
        )
        assert done.returncode == 0, done.stderr
        printed.append(done.stdout.splitlines())
    assert len(printed[0]) == len(texts)
    different = [text for text, a, b in zip(texts, *printed, strict=True) if a != b]
    assert different == []


# ---- running it


def completed(plan: evdsl.Plan, outcomes: dict[str, str], next_: Callable[[list[int]], int]) -> Engine:
    """Run a plan on an engine, the running step that `next_` picks being the next to end."""
    engine = Engine(plan.inner)
    settled: list[int] = []

    def take(effects: list[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Settled):
                settled.append(effect.step)
            else:
                assert isinstance(effect, Start)

    take(engine.begin())
    while engine.running:
        step = next_(sorted(engine.running))
        take(engine.settle(step, Outcome(outcomes[plan.steps[step].id])))
    assert engine.finished
    assert sorted(settled) == list(range(len(plan.steps)))  # each exactly once
    return engine


@pytest.mark.parametrize("seed", SEEDS)
def test_one_trace_in_any_order_of_completion(seed: int) -> None:
    for rng, text, plan in plans(seed + 3000, 12):
        outcomes = random_outcomes(rng, (step.id for step in plan.steps))
        trace = plan.simulate(outcomes=outcomes)
        for next_ in (min, max, rng.choice, rng.choice, rng.choice):
            engine = completed(plan, outcomes, next_)
            ends = {step.id: state for step, state in zip(plan.steps, engine.states, strict=True)}
            assert ends == trace.outcomes(), text
            assert engine.folds() == trace.fold, text
            assert engine.unfollowed() == trace.unfollowed, text


@pytest.mark.parametrize("seed", SEEDS)
def test_simulate_is_the_models(seed: int) -> None:
    for rng, text, plan in plans(seed + 4000):
        made = modelled(text)
        assert made is not None
        for rest in ("changed", "ok", "error"):
            outcomes = random_outcomes(rng, made.steps)
            for id_ in rng.sample(sorted(outcomes), len(outcomes) // 3):
                del outcomes[id_]
            expected = model_simulate(made, outcomes, rest)
            trace = plan.simulate(outcomes=outcomes, rest=rest)
            assert trace.outcomes() == expected, text
            assert trace.fold == model_folds(made, expected), text


@pytest.mark.parametrize("seed", SEEDS)
def test_causes_are_rules_that_matched(seed: int) -> None:
    """Each step that a rule set off names it: its line holds the emitter, and what the emitter said fits."""
    for rng, text, plan in plans(seed + 5000, 12):
        lines = text.splitlines()
        outcomes = random_outcomes(rng, (step.id for step in plan.steps))
        trace = plan.simulate(outcomes=outcomes)
        ends = trace.outcomes()
        starts = {f"{name}#0" for name in plan.start}
        for line in trace.steps:
            assert bool(line.because) or line.outcome == "idle" or line.id in starts, text
            for cause in line.because:
                said = ends[cause.from_id] if "#" in cause.from_id else trace.fold[cause.from_id]
                assert said == cause.event, text
                words = lines[cause.line - 1].replace(",", " ").split()
                emitter = cause.from_id.partition("#")[0]
                assert words[0] == "connect" or emitter in [w.partition("#")[0] for w in words], text


# ---- expand, fmt


@pytest.mark.parametrize("entry", ["run", "remove"])
@pytest.mark.parametrize("seed", SEEDS)
def test_expand_has_the_same_plan(seed: int, entry: str) -> None:
    for _, text in programs(seed + 6000, 15):
        same_plan(evdsl.load(text + "\n"), entry)


@pytest.mark.parametrize("seed", range(8))
def test_expand_has_the_same_plan_from_a_start(seed: int) -> None:
    for rng, text in programs(seed + 7000, 15):
        program = evdsl.load(text + "\n")
        same_plan(
            program, "run", tuple(rng.sample(program.actions, rng.randint(1, min(2, len(program.actions)))))
        )


@pytest.mark.parametrize("entry", ["run", "remove", "restart"])
def test_expand_of_declared_programs(entry: str) -> None:
    same_plan(evdsl.load(DECLARED), entry)
    for path in sorted(CASES.glob("declared/*.events")):
        same_plan(evdsl.load(path), entry)


def test_expand_where_a_sink_leads_to_the_entry_action() -> None:
    """Section 5: a sink starts only where the entry action is `run`; else nothing leads from it."""
    same_plan(evdsl.load(DECLARED), "reload")


def bare(value: Any) -> Any:
    """A document without file, line and weak: nothing else may differ, no order either."""
    if isinstance(value, dict):
        return {key: bare(item) for key, item in value.items() if key not in ("file", "line", "weak")}
    return [bare(item) for item in value] if isinstance(value, list) else value


def same_plan(program: evdsl.Program, entry: str, start: tuple[str, ...] = ()) -> None:
    assert program.inner is not None
    plan, _ = program.try_plan(entry, start)
    if plan is None:
        return
    text = expanded(program.inner, entry, [n for name in start for n in program.inner.find(name)] or None)
    other = evdsl.load(text)
    assert other.stands, (text, other.diagnostics)
    again, said = other.try_plan(entry, start)
    assert again is not None, (text, said)
    assert bare(again.to_json()) == bare(plan.to_json()), text
    assert {line.split()[0] for line in text.splitlines()} & {"connect", "serial", "for", "resource"} == set()


@cache
def parsed(text: str) -> ast.File:
    file, found = parse(Source("x.events", text))
    assert not found, (text, found)
    return file


@pytest.mark.parametrize("seed", SEEDS)
def test_fmt_keeps_the_tree_and_is_done_once(seed: int) -> None:
    for rng, text in programs(seed + 8000):
        messy = "".join(
            " " * rng.randrange(3) + line.replace(", ", rng.choice([",", " , ", ", \\\n "])) + rng.choice(["", " # x"])
            + "\n" * rng.randint(1, 4)
            for line in text.splitlines()
        )  # fmt: skip
        once = fmt(parsed(messy))
        assert fmt(parsed(once)) == once
        assert ast.shape(parsed(once).statements) == ast.shape(parsed(text).statements)
        plan, other = planned(text), planned(once)
        if plan is not None:
            assert other is not None
            assert placeless(other.to_json()) == placeless(plan.to_json())


def test_seeds_say_all() -> None:
    """The programs of a seed are the same wherever and whenever it is asked."""
    texts = "".join(text for _, text in programs(0))
    assert texts == "".join(text for _, text in programs(0))
    assert len(hashlib.sha256(texts.encode()).hexdigest()) == 64
