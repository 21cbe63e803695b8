"""What is known of a life whatever its journal says, and how the journal is held against it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from model.runs import NOTHING, MDebt, MLeft, MRun, action, proceed

from evdsl.drivers.outcome import Outcome
from evdsl.plan.stored import to_bytes
from evdsl.run import begin as begins
from evdsl.run import live
from evdsl.run.debts import Debt
from evdsl.run.runs import Now, Run, last_run

from .versions import SINK, Version
from .world import Chances, Violation, World


@dataclass
class Truth:
    """What is known of a file whatever its journal says: of the run that can still be resumed, and of all before it.

    `ends` and `data` by step; `attempts`: how often each step without an end was begun. `before`: what the run began
    with, and `began` what was dirty then, without what was cut since. `cuts`: how often each action was begun since it last came to an end. `values` by resource: what was reported
    before the run; `sink`: what it last saw.
    """

    left: MLeft = NOTHING
    cuts: dict[str, int] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)
    sink: object = None
    version: Version | None = None
    number: int = 0
    resumable: bool = False
    before: MLeft = NOTHING
    began: frozenset[str] = frozenset()
    limit: frozenset[str] | None = None
    ends: dict[str, str] = field(default_factory=dict)
    data: dict[str, str] = field(default_factory=dict)
    attempts: dict[str, int] = field(default_factory=dict)

    def copy(self) -> Truth:
        made = Truth(**vars(self))
        for name in ("cuts", "values", "ends", "data", "attempts"):
            setattr(made, name, dict(getattr(self, name)))
        return made


class Held:
    """What became of a stretch, held against the model. `truth` is what was known before it, `next` what it began with,
    `sunk` the values that the sink has just seen, `replanned` the commit that brought a new plan, 0 for none."""

    world: World
    truth: Truth
    next: Truth
    version: Version
    sunk: object
    replanned: int

    def broken(self) -> MLeft:
        """What the run that can be resumed leaves, if it is not."""
        old = self.truth
        assert old.version is not None
        outside = {old.version.plan.steps[n].id for n in outside_of(old.version, old.limit)}
        run = proceed(old.version.shape, old.before, old.ends, lambda step: None, outside)
        return run.left(old.attempts)

    def ran(self, partial: Mapping[str, str] | None = None) -> MRun:
        """The run as the model has it: to its end, or as far as these ends lead."""
        stretch, after, v = self.world.stretch, self.next, self.version
        outside = {v.plan.steps[n].id for n in outside_of(v, after.limit)}
        if partial is not None:
            return proceed(v.shape, after.before, partial, lambda step: None, outside)

        def says(step: str) -> str | None:
            return stretch.said[step].event if step in stretch.said else None

        return proceed(v.shape, after.before, after.ends, says, outside, stretch.stopped)

    def ended(self, result: live.Result) -> None:
        stretch, after = self.world.stretch, self.next
        run = self.ran()
        if run.open:
            raise Violation(f"never run: {run.open}")
        if run.ran != after.ends.keys() | stretch.said.keys():
            raise Violation(f"ran without cause: {(after.ends.keys() | stretch.said.keys()) ^ run.ran}")
        trace = {line.id: line.outcome for line in result.trace}
        if trace != run.trace:
            raise Violation(f"trace {trace}, and not {run.trace}")
        if result.fold != run.folds():
            raise Violation(f"fold {result.fold}, and not {run.folds()}")
        told = {step: end for step, (end, _) in stretch.told.items()}
        if told != {step: end for step, end in trace.items() if step not in after.ends}:
            raise Violation(f"told {told}, and not {trace}")
        self.note(set(run.trace) - stretch.unrecorded, run)
        after.left = run.left(after.attempts)
        after.resumable = stretch.presses > 0
        code = run.exit(stretch.presses > 0, after.left)
        if result.exit != code:
            raise Violation(f"exit {result.exit}, and not {code}")
        self.world.log.append(f"exit {code}, {len(after.left.debts)} debts, {sorted(after.left.dirty)}")
        self.truth = after

    def note(self, ended: set[str], run: MRun) -> None:
        """Take in what came of the steps of this stretch: `ended` of them, as far as they ran."""
        stretch, after = self.world.stretch, self.next
        for step in [s for s in self.version.shape.order if s in stretch.said or s in stretch.spawned]:
            name = action(step)
            if step in ended:
                after.ends[step] = run.trace[step]
                after.attempts.pop(step, None)
                after.cuts[name] = sum(n for s, n in after.attempts.items() if action(s) == name)
                if "v" in stretch.said[step].data:
                    after.data[step] = stretch.said[step].data["v"]
                if name == f"{SINK}.run":
                    after.sink = self.sunk
            elif step in stretch.spawned:
                after.attempts[step] = after.attempts.get(step, 0) + 1
                after.cuts[name] = after.cuts.get(name, 0) + 1

    def crashed(self, kept: int) -> None:
        """What outlived it must be all that counted, and no more than what happened."""
        world = self.world
        stretch, after = world.stretch, self.next
        state = world.begin(Chances())
        world.stretch = stretch
        last = last_run(state)
        world.log.append(f"{kept} commits are left; {last.number if last else None}")
        if last is None or last.number != after.number or last.exit is not None:
            # not even its beginning outlived it, or all of it did
            if last is not None and last.number == after.number and kept:
                self.complete()
            elif (last.number if last else 0) != self.truth.number:
                raise Violation(f"run {last} is not {self.truth.number}")
            elif any(commits <= kept for commits in stretch.spawned.values()):
                raise Violation("a run that ran something is not there")
            world.end(False)
            return
        if kept < self.replanned:  # the new plan is lost, and nothing of it can have begun
            if any(commits <= kept for commits in stretch.spawned.values()):
                raise Violation("a plan that ran something is not there")
            self.truth.left = self.broken()
            world.end(False)
            return
        self.outlived(last, kept)
        world.end(False)

    def outlived(self, last: Run, kept: int) -> None:
        stretch, after = self.world.stretch, self.next
        found = {last.stored.plan.steps[n].id: outcome for n, outcome in last.outcomes().items()}
        must = {s: end for s, (end, commits) in stretch.told.items() if commits <= kept and s in stretch.said}
        must = {s: end for s, end in must.items() if s not in stretch.unrecorded} | after.ends
        for step, end in must.items():
            if step not in found or found[step].event != end:
                raise Violation(f"{step} had ended {end}, and that is lost: {found.get(step)}")
        for step, outcome in found.items():
            if step in after.ends:
                continue
            if step not in stretch.said:
                raise Violation(f"{step} is recorded as {outcome.event} and never said so")
            if dict(outcome.data) != dict(stretch.said[step].data):
                raise Violation(f"{step} reported {stretch.said[step].data}; recorded is {outcome.data}")
        run = self.ran({step: outcome.event for step, outcome in found.items()})
        if run.ran != found.keys():
            raise Violation(f"recorded without cause: {found.keys() - run.ran}")
        begun = {last.stored.plan.steps[n].id: times for n, times in last.cut().items()}
        for step in begun.keys() | stretch.spawned.keys() | after.attempts.keys():
            times, earlier = begun.get(step, 0), after.attempts.get(step, 0)
            sure = step in stretch.spawned and stretch.spawned[step] <= kept
            if step not in found and not earlier + sure <= times <= earlier + (step in stretch.prepared):
                raise Violation(f"{step} is begun {times} times; before {earlier}, now {sure}")
        said = {step: outcome for step, outcome in stretch.said.items() if step in found}
        stretch.said = said
        now_begun = {step: 0 for step, times in begun.items() if times > after.attempts.get(step, 0)}
        stretch.spawned = {step: 0 for step in found if step in stretch.spawned} | now_begun
        self.note(set(said), run)
        if after.attempts != begun:
            raise Violation(f"cut {begun}, and not {after.attempts}")
        after.left = run.left(after.attempts)
        after.resumable = True
        self.truth = after

    def complete(self) -> None:
        """It was killed after all was written down."""
        stretch, after = self.world.stretch, self.next
        run = self.ran()
        if run.open:
            raise Violation(f"a run ended without {run.open}")
        self.note(set(run.trace) - stretch.unrecorded, run)
        after.left = run.left(after.attempts)
        after.resumable = stretch.presses > 0
        self.truth = after

    def same_left(self, found: Now) -> None:
        """What the product says that the next run begins with is what the model says."""
        truth = self.truth
        debts = [modelled(debt) for debt in found.debts]
        if len(set(debts)) != len(debts):
            raise Violation(f"a debt twice: {debts}")
        if set(debts) != truth.left.debts:
            lost, more = truth.left.debts - set(debts), set(debts) - truth.left.debts
            raise Violation(f"debts: lost {sorted(map(str, lost))}, and too many {sorted(map(str, more))}")
        if found.dirty.keys() != truth.left.dirty:
            raise Violation(f"dirty {sorted(found.dirty)}, and not {sorted(truth.left.dirty)}")
        cuts = {name: truth.cuts.get(name, 0) for name in found.dirty}
        if dict(found.dirty) != cuts:
            raise Violation(f"cut {found.dirty}, and not {cuts}")

    def same_difference(self, found: begins.Difference) -> None:
        old, v = self.truth.version, self.version
        assert old is not None
        before, after = set(old.shape.before), set(v.shape.before)
        changed = sorted(s for s in before & after if old.text_of(s) != v.text_of(s))
        if found != (sorted(after - before), sorted(before - after), changed):
            raise Violation(f"{found}, and not {changed}")


@cache
def stored(v: Version) -> bytes:
    return to_bytes(v.plan, begins.commands(v.program, v.plan))


def modelled(debt: Debt) -> MDebt:
    return MDebt(debt.emitters, frozenset(debt.events), debt.all, debt.subscriber)


def ids(v: Version, found: Mapping[int, Outcome]) -> dict[str, Outcome]:
    return {v.plan.steps[step].id: outcome for step, outcome in found.items()}


def values_of(truth: Truth) -> dict[str, str]:
    """What the resources reported in the last run, the last in the plan's order."""
    if truth.version is None:
        return {}
    order = [step.id for step in truth.version.plan.steps]
    return {action(s).rpartition(".")[0]: truth.data[s] for s in order if s in truth.data}


def outside_of(v: Version, limit: frozenset[str] | None) -> set[int]:
    if limit is None:
        return set()
    return {n for n, step in enumerate(v.plan.steps) if step.name not in limit}
