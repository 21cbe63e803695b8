"""The same plan, run by evdsl and by ansible-playbook: the same outcomes (docs/compile.md).

EVDSL_PLAYS=200 runs so many random programs, EVDSL_SEED=7 begins with another one.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from evdsl.api import Plan
from evdsl.base.events import matched
from evdsl.emit import ansible, ansible_step, ansible_when
from evdsl.emit.ansible_filters import BARS
from evdsl.emit.ansible_step import Making
from evdsl.emit.ansible_yaml import Noted
from evdsl.run.engine import fold
from evdsl.run.simulate import simulate

from . import programs
from .plays import differences, emitted, needs_ansible, play, written
from .runs import Live

PLAYS = int(os.environ.get("EVDSL_PLAYS", "20"))
SEED = int(os.environ.get("EVDSL_SEED", "1"))
MOST = 14
"""Steps of a random plan: a task takes a third of a second."""

pytestmark = [pytest.mark.real, needs_ansible]


def random_plan(seed: int, folder: Path) -> tuple[Plan, random.Random]:
    """A plan of a random program, and the generator it came from."""
    rng = random.Random(f"ansible {seed}")
    while True:
        plan = programs.planned(folder, programs.program(rng, rng.randint(3, 9)))
        if plan is not None and 2 < len(plan.inner.steps) <= MOST:
            return plan, rng


def expected(plan: Plan, folder: Path, rng: random.Random, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What becomes of the plan with random outcomes: run by evdsl, which agrees with what it simulates."""
    monkeypatch.setenv("OUTCOMES", str(folder / "say"))
    programs.tell(
        folder / "say", programs.outcomes(rng, [step.id for step in plan.inner.steps]), rng, tries=False
    )
    states, said = Live(plan).run()
    trace = simulate(plan.inner, said, "changed")
    assert {line.id: line.outcome for line in trace.steps} == states
    return states


@pytest.mark.parametrize("seed", range(SEED, SEED + PLAYS))
def test_a_playbook_does_what_a_run_does(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan, rng = random_plan(seed, tmp_path)
    states = expected(plan, tmp_path, rng, monkeypatch)
    played = play(written(emitted(plan), tmp_path / "project"))
    text = (tmp_path / "p.events").read_text()
    assert differences(states, plan, played) == [], f"{text}\n{played.output}"
    folds = simulate(plan.inner, states, "changed").fold.values()
    assert played.exit == (2 if {"failed", "error"} & set(folds) else 0), played.output


# Mutants: an emitter with a defect is found by the same comparison.


def _of_first_instance(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fold that looks at the first instance alone."""
    source = ansible._source

    def changed(name: str) -> str:
        return source(name).replace("ends = list(events)\n", "ends = list(events)[:1]\n")

    assert changed("ansible_filters.py") != source("ansible_filters.py")
    monkeypatch.setattr(ansible, "_source", changed)


def _without_vetoes(monkeypatch: pytest.MonkeyPatch) -> None:
    conditions = ansible_step.conditions
    monkeypatch.setattr(
        ansible_step, "conditions", lambda names, step: [c for c in conditions(names, step) if BARS not in c]
    )


def _second_instance_first(monkeypatch: pytest.MonkeyPatch) -> None:
    tasks = ansible.tasks

    def swapped(making: Making, step: int) -> list[Noted]:
        instances = making.names.instances[making.plan.steps[step].name]
        order = list(reversed(instances)) if step == instances[0] else []
        return [task for one in order for task in tasks(making, one)]

    monkeypatch.setattr(ansible, "tasks", swapped)


def _any_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    fires = ansible_when._fires
    monkeypatch.setattr(ansible_when, "_fires", lambda names, t: fires(names, t._replace(all=False)))


def _fold_matters(plan: Plan, states: dict[str, str]) -> bool:
    ends = [states[step.id] for step in plan.inner.steps]
    return any(
        (fold([ends[s] for s in look.steps]) in matched(t.events))
        != (ends[look.steps[0]] in matched(t.events))
        for triggers in plan.inner.triggers
        for t in triggers
        for look in t.looks
        if look.fold and len(look.steps) > 1 and states[plan.inner.steps[t.to].id] != "skipped"
    )


def _all_matters(plan: Plan, states: dict[str, str]) -> bool:
    ends = [states[step.id] for step in plan.inner.steps]
    return any(
        ends[t.to] == "idle"
        and any(ends[look.steps[0]] in matched(t.events) for look in t.looks if len(look.steps) == 1)
        for triggers in plan.inner.triggers
        for t in triggers
        if t.all
    )


MUTANTS: dict[str, tuple[Callable[[pytest.MonkeyPatch], None], Callable[[Plan, dict[str, str]], bool]]] = {
    "fold": (_of_first_instance, _fold_matters),
    "veto": (_without_vetoes, lambda plan, states: "skipped" in states.values()),
    "order": (
        _second_instance_first,
        lambda plan, states: any(id_.endswith("#1") and end != "idle" for id_, end in states.items()),
    ),
    "all": (_any_for_all, _all_matters),
}
"""An emitter with a defect, and whether the defect matters for a plan and its outcomes."""


@pytest.mark.parametrize("name", MUTANTS)
def test_a_defect_of_the_emitter_is_found(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mutate, matters = MUTANTS[name]
    for seed in range(1000, 5000):
        plan, rng = random_plan(seed, tmp_path)
        before = rng.getstate()
        told = programs.outcomes(rng, [step.id for step in plan.inner.steps])
        rng.setstate(before)
        if matters(plan, simulate(plan.inner, told).outcomes()):
            states = expected(plan, tmp_path, rng, monkeypatch)
            if matters(plan, states):
                break
    else:
        raise AssertionError("no random program has what the defect is about")
    mutate(monkeypatch)
    played = play(written(emitted(plan), tmp_path / "project"))
    assert played.outcomes, played.output
    assert differences(states, plan, played) != []
