"""What a run begins with: with which plan, what earlier runs have left, what lies outside of its limit."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import NamedTuple

from ..base.diagnostic import Diagnostic
from ..base.spell import nearest
from ..drivers.outcome import Outcome
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
    """The steps that `--limit` leaves out. Each word is a host's name or a reference; EV601 for one that is neither."""
    if not limits:
        return set(), []
    inside: set[int] = set()
    wrong: list[Diagnostic] = []
    for text in limits:
        if text in program.hosts:
            resources = {name for name, r in program.resources.items() if r.host == text}
            inside.update(n for n, a in enumerate(program.actions) if a.resource in resources)
        elif found := program.find(text):
            inside.update(found)
        else:
            near = nearest(text, [*program.hosts, *(a.name for a in program.actions)])
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

    `restored`: what steps have said before, of those that need not run again. `kept`: their new numbers by their old ones,
    None where the numbers are the same and nothing was dropped. `cut`: the steps that were in flight, by their new
    numbers; `now` and `outside` are what the run began with, with the cuts that it has had.
    """

    restored: dict[int, Outcome]
    kept: dict[int, int] | None
    cut: list[int]
    now: Now
    outside: set[int]
    difference: Difference


def resumed(run: Run, program: Program, plan: Plan) -> Resumed:
    """How a run goes on by this plan. What it has done stays done where the step and all before it are unchanged.

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
    outside = {numbers[id_] for id_ in run.outside if id_ in numbers}
    times = run.cut()
    dirty = dict(run.dirty)
    for step, number in times.items():
        name = old.plan.steps[step].name
        dirty[name] = dirty.get(name, 0) + number
    debts, _ = standing(program, run.debts)
    said = run.outcomes()
    known = {
        numbers[ids[step]]: outcome
        for step, outcome in said.items()
        if ids[step] in numbers and before[ids[step]] == after[ids[step]]
    }
    restored = _reached(Engine(plan, debts=debts, dirty=dirty, outside=outside), known)
    kept = {step: numbers[ids[step]] for step in said if numbers.get(ids[step]) in restored}
    same = not difference and len(kept) == len(said) and ids == [step.id for step in plan.steps]
    cut = sorted(numbers[ids[step]] for step in times if ids[step] in numbers)
    return Resumed(restored, None if same else kept, cut, Now(debts, dirty), outside, difference)


def _reached(engine: Engine, known: Mapping[int, Outcome]) -> dict[int, Outcome]:
    """Those of the known outcomes that are reached without running anything: what stands behind a step that is to run
    again is decided anew."""
    found: dict[int, Outcome] = {}
    waiting = engine.begin()
    while waiting:
        effect = waiting.pop()
        if isinstance(effect, Start) and effect.step in known:
            found[effect.step] = known[effect.step]
            waiting += engine.settle(effect.step, known[effect.step])
    return found
