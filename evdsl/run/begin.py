"""What a run begins with: with which plan, what earlier runs have left, what lies outside of its limit."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence, Set
from hashlib import sha256
from typing import NamedTuple

from ..base.diagnostic import Diagnostic
from ..drivers.outcome import Outcome
from ..meaning.pattern import is_pattern, matches
from ..meaning.program import Program
from ..plan.fingerprint import commands, outline
from ..plan.plan import Plan
from ..plan.stored import to_bytes
from ..version import __version__
from .debts import Debt, standing
from .engine import Engine, Start
from .journal import Begin
from .runs import Now, Run


def source_of(program: Program, options: Mapping[str, object]) -> str:
    """What tells whether a plan is the same as one that is kept: all that it is made of, hashed.

    It is cheaper than the plan's own fingerprint, and differs where that may be the same.
    """
    digest = sha256(json.dumps([__version__, dict(options)], sort_keys=True, default=str).encode())
    for unit in program.units:
        digest.update(f"\0{unit.prefix}\0{unit.source.path}\0".encode("utf-8", "surrogatepass"))
        digest.update(unit.source.text.encode("utf-8", "surrogatepass"))
        digest.update(json.dumps(unit.params, sort_keys=True, default=str).encode("utf-8", "surrogatepass"))
    found = "\0".join(f"{a.name} {a.file}" for a in program.actions if a.file)
    digest.update(found.encode("utf-8", "surrogatepass"))
    for host in program.hosts.values():
        digest.update(repr((host.name, host.address, sorted(host.options.items()))).encode())
    return digest.hexdigest()


def begin(
    program: Program,
    plan: Plan,
    file: str,
    options: Mapping[str, object],
    now: Now,
    outside: Iterable[int] = (),
) -> Begin:
    """What the journal notes of a run that begins. `now` as `runs.now` gives it, without debts whose rule is gone."""
    return Begin(
        file,
        source_of(program, options),
        lambda: to_bytes(plan, commands(program, plan)),
        options,
        now.debts,
        now.dirty,
        [plan.steps[step].id for step in outside],
    )


def dropped(program: Program, debts: Sequence[Debt]) -> tuple[list[Debt], list[Diagnostic]]:
    """The debts that still stand, and EV414 for each of which the rule is gone from the file (section 7)."""
    kept, gone = standing(program, debts)
    return kept, [
        Diagnostic(
            "EV414",
            f"the debt `{debt.text}` of run {debt.run} is dropped: its rule is no longer in the file",
            None,
            f"run `{debt.subscriber}` by yourself if it is still wanted: `evdsl run --start {debt.subscriber}`",
            path=program.path,
        )
        for debt in gone
    ]


def outside_of(program: Program, plan: Plan, limits: Sequence[str]) -> tuple[set[int], list[Diagnostic]]:
    """The steps that `--limit` leaves out. Each word names hosts or, where it names none, actions; EV601 for one that names
    neither."""
    if not limits:
        return set(), []
    inside: set[int] = set()
    wrong: list[Diagnostic] = []
    for text in limits:
        hosts = {text} & program.hosts.keys()
        if is_pattern(text):
            hosts = {name for name, _ in matches(text, program.hosts)}
        if hosts:
            resources = {name for name, r in program.resources.items() if r.host in hosts}
            inside.update(n for n, a in enumerate(program.actions) if a.resource in resources)
        elif found := program.find(text):
            inside.update(found)
        else:
            near = program.near(text, program.hosts)
            said = f"; did you mean `{near}`?" if near else ""
            hint = "name a host, or actions as `evdsl list` shows them; patterns too"
            message = f"`--limit {text}` names no host and no action{said}"
            wrong.append(Diagnostic("EV601", message, None, hint, path=program.path))
    return {number for number, step in enumerate(plan.steps) if step.of not in inside}, wrong


class Difference(NamedTuple):
    """How a plan differs from the one that a run began with: ids of steps, each list sorted."""

    new: list[str]
    gone: list[str]
    changed: list[str]

    def __bool__(self) -> bool:
        return bool(self.new or self.gone or self.changed)


class Resumed(NamedTuple):
    """How a run that broke off goes on.

    `restored`: what steps have said before, of those that need not run again; `cut`: the steps that were in flight.
    `kept`: the new numbers of both by their old ones, None where the plan is the same. `now`: what the run
    began with, with the cuts that it has had; by another plan what it has left so far, for what has matched in the old
    one need not match in the new one.
    """

    restored: dict[int, Outcome]
    kept: dict[int, int] | None
    cut: list[int]
    now: Now
    difference: Difference


def resumed(run: Run, program: Program, plan: Plan, outside: Set[int] = frozenset()) -> Resumed:
    """How a run goes on by this plan. What it has done stays done where the step and all before it are unchanged.
    `outside`: the steps of the plan that its limit leaves out.

    Raises stored.Unreadable.
    """
    old = run.stored
    before, after = outline(old.plan, old.commands), outline(plan, commands(program, plan))
    difference = Difference(
        sorted(after.keys() - before.keys()),
        sorted(before.keys() - after.keys()),
        sorted(id_ for id_ in before.keys() & after.keys() if before[id_] != after[id_]),
    )
    numbers = {step.id: number for number, step in enumerate(plan.steps)}
    ids = [step.id for step in old.plan.steps]
    same = not difference and ids == [step.id for step in plan.steps]
    began = Now(run.debts, run.times_cut()) if same else run.broken()
    began = began._replace(debts=standing(program, began.debts)[0])
    said = run.outcomes()
    known = {
        numbers[ids[step]]: outcome
        for step, outcome in said.items()
        if ids[step] in numbers and before[ids[step]] == after[ids[step]]
    }
    restored = _reached(Engine(plan, debts=began.debts, dirty=began.dirty, outside=outside), known)
    cut = {step: numbers[ids[step]] for step in run.cut() if ids[step] in numbers}
    kept = {step: numbers[ids[step]] for step in said if numbers.get(ids[step]) in restored} | cut
    return Resumed(restored, None if same else kept, sorted(cut.values()), began, difference)


def _reached(engine: Engine, known: Mapping[int, Outcome]) -> dict[int, Outcome]:
    """Those of the known outcomes that are reached without running anything: what stands behind a step that is to run
    again is decided anew."""
    found: dict[int, Outcome] = {}
    waiting = engine.begin()
    while waiting:
        effect = waiting.pop()
        if isinstance(effect, Start) and effect.step in known:
            found[effect.step] = known[effect.step]
            waiting += engine.settle(effect.step, known[effect.step], recorded=True)
    return found
