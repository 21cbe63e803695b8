"""The life of one file: run after run, killed, interrupted, resumed, edited, each stretch held against the model.

A seed decides all of it; the same seed gives the same log, byte for byte.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence

from model.runs import MLeft, action, proceed

from evdsl.drivers.job import Job
from evdsl.drivers.outcome import Outcome
from evdsl.run import begin as begins
from evdsl.run import live
from evdsl.run.cut import MOST, Cuts, to_ask
from evdsl.run.engine import Cause
from evdsl.run.handed import Connections
from evdsl.run.journal import Begin, Journal
from evdsl.run.prepare import Preparing
from evdsl.run.runs import Now, close, last_run, now
from evdsl.run.state import State

from .held import Held, Truth, ids, modelled, outside_of, stored, values_of
from .versions import EDITS, PROGRAMS, version
from .world import Actions, Chances, Crash, Violation, World


class Life(Held):
    """One life. `live` ends it; raises Violation where something is not as it should be."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.world = World(self.rng)
        self.truth = Truth()
        self.program = self.rng.randrange(PROGRAMS)
        self.version = version(self.program, 0)
        self.crashes = 0
        names = sorted(self.version.shape.instances)
        self.stubborn = self.rng.choice(names) if self.rng.random() < 0.04 else ""

    def live(self) -> None:
        for _ in range(9 if self.stubborn else self.rng.randint(1, 3)):
            self.stretch(self.chances())
            self.between()
        # where all is well everything comes to its end, and nothing is owed any more; each that was cut may end as failed once
        for _ in range(2 + sum(map(bool, self.truth.cuts.values()))):
            self.stretch(Chances(self.rng.randint(1, 4), good=True), plain=True)
            if not self.truth.left.debts:
                break
        state = self.world.begin(Chances())
        self.same_left(now(state))
        self.world.end(False)
        for debt in self.truth.left.debts:
            if debt.to in self.version.shape.instances:
                raise Violation(f"{debt} is owed though all succeeded")

    def chances(self) -> Chances:
        rng = self.rng
        if self.stubborn and rng.random() < 0.9:
            return Chances(rng.randint(1, 3), crash_on=self.stubborn)
        return Chances(
            jobs=rng.randint(1, 4),
            crash_at=rng.randint(1, 30) if rng.random() < 0.75 else 0,
            power=rng.random() < 0.35,
            interrupt_at=rng.randint(1, 6) if rng.random() < 0.15 else 0,
            presses=rng.randint(1, 3),
            fail_fast=rng.random() < 0.12,
        )

    def between(self) -> None:
        """What people do between two runs."""
        rng = self.rng
        if rng.random() < 0.15:
            edit = rng.randrange(EDITS)
            self.version = version(self.program, edit)
            self.world.log.append(f"edit {edit}")
        if rng.random() < 0.04:
            self.drop()

    def drop(self) -> None:
        """`evdsl debts --drop`, of any."""
        state = self.world.begin(Chances())
        found = now(state)
        self.same_left(found)
        kept = [debt for debt in found.debts if self.rng.random() < 0.5]
        close(state, found._replace(debts=kept))
        self.world.end(False)
        self.truth.left = self.truth.left._replace(debts=frozenset(map(modelled, kept)))
        self.truth.resumable = False
        self.world.log.append(f"drop, {len(kept)} stay")

    def stretch(self, chances: Chances, plain: bool = False) -> None:
        """One command: a run of its own, or one that goes on; to its end or to the crash."""
        world, truth = self.world, self.truth
        state = world.begin(chances)
        goes_on = truth.resumable and not plain and self.rng.random() < 0.7
        if goes_on and not self.stubborn and self.rng.random() < 0.25:
            chances.crash_at, chances.interrupt_at = 0, self.rng.randint(1, 2)
        found = now(state)
        self.same_left(found)
        self.next, self.replanned = truth.copy(), 0
        try:
            result = self.resume(state) if goes_on else self.run(state, found)
        except Crash:
            self.crashes += 1
            self.crashed(world.end(True))
            return
        if result is None:
            world.end(False)
            return
        self.ended(result)
        world.end(False)

    # a run of its own, as faces/live.py begins one

    def run(self, state: State, found: Now) -> live.Result:
        world, rng, truth, v = self.world, self.rng, self.truth, self.version
        names = sorted(v.shape.instances)
        limit = None
        if not world.chances.good and rng.random() < 0.12:
            limit = frozenset(rng.sample(names, rng.randint(1, len(names))))
        debts, _ = begins.dropped(v.program, found.debts)
        before = found._replace(debts=debts)
        outside = outside_of(v, limit)
        done = {name for name in to_ask(v.program, v.plan, before.dirty) if rng.random() < 0.5}
        world.log.append(f"run {sorted(done)} {sorted(limit) if limit is not None else ''}")
        left = truth.left._replace(debts=truth.left.debts & v.rules)
        self.next = Truth(
            left,
            dict(truth.cuts),
            truth.values | values_of(truth),
            truth.sink,
            v,
            truth.number + 1,
            True,
            left,
            left.dirty,
            limit,
        )
        begin = Begin(
            "a.events",
            v.text,
            lambda: stored(v),
            {},
            before.debts,
            before.dirty,
            [v.plan.steps[n].id for n in outside],
        )
        journal = Journal.begin(state, begin, v.plan.steps, clock=world.clock)
        if journal.number != self.next.number:
            raise Violation(f"run {journal.number} instead of {self.next.number}")
        return self.go(state, journal, before, outside, done)

    # one that goes on, as faces/resume.py has it

    def resume(self, state: State) -> live.Result | None:
        world, truth, v = self.world, self.truth, self.version
        last = last_run(state)
        if last is None or not last.resumable:
            raise Violation("nothing can be resumed")
        outside = outside_of(v, truth.limit)
        how = begins.resumed(last, v.program, v.plan, outside)
        self.same_difference(how.difference)
        replan = self.rng.random() < 0.7
        world.log.append(f"resume {replan} {how.difference}")
        if how.difference and not replan:
            return None
        debts, _ = begins.dropped(v.program, how.now.debts)
        if debts != how.now.debts:
            raise Violation("debts whose rule is gone are still there")
        self.take_over(how.kept is not None)
        if {id_: end.event for id_, end in ids(v, how.restored).items()} != self.next.ends:
            raise Violation(f"restored {ids(v, how.restored)}, and not {self.next.ends}")
        done = {name for name in to_ask(v.program, v.plan, how.now.dirty) if self.rng.random() < 0.5}
        self.replanned = 2 if how.kept is not None else 0  # the commit that has the new plan
        journal = Journal.go_on(state, last.number, v.plan.steps, clock=world.clock)
        self.next.resumable = True
        if how.kept is not None:
            left_out = [v.plan.steps[n].id for n in outside]
            begin = Begin("a.events", v.text, lambda: stored(v), {}, how.now.debts, how.now.dirty, left_out)
            journal.replan(begin, how.kept)
        return self.go(state, journal, how.now, outside, done, how.restored, how.cut)

    def take_over(self, replan: bool) -> None:
        """What a run that goes on begins with, by the model."""
        truth, v = self.truth, self.version
        self.next = made = truth.copy()
        made.version = v
        if not replan:
            cut = {action(step) for step in truth.attempts}
            rules = truth.before.debts & v.rules
            made.before = MLeft(rules, truth.began | cut)
            return
        assert truth.version is not None
        old = truth.version
        same = {
            step: end
            for step, end in truth.ends.items()
            if step in v.shape.before and old.text_of(step) == v.text_of(step)
        }
        before = self.broken()
        made.before = before._replace(debts=before.debts & v.rules)
        made.began = made.before.dirty
        outside = {v.plan.steps[n].id for n in outside_of(v, truth.limit)}
        reached = proceed(v.shape, made.before, same, lambda step: None, outside).ran
        made.values |= values_of(truth)
        made.ends = {step: same[step] for step in reached}
        made.data = {step: value for step, value in truth.data.items() if step in reached}
        made.attempts = {step: n for step, n in truth.attempts.items() if step in v.shape.before}

    # both

    def go(
        self,
        state: State,
        journal: Journal,
        before: Now,
        outside: set[int],
        done: set[str],
        restored: Mapping[int, Outcome] | None = None,
        cut: Sequence[int] = (),
    ) -> live.Result:
        world, v = self.world, self.version
        self.done = done
        self.quick = {name: n for name, n in self.next.cuts.items() if n}
        connections = Connections(v.program, v.plan, state.reported())
        cuts = Cuts(
            Preparing(v.program, v.plan, connections, journal.number), v.program, v.plan, before.dirty, done
        )

        def prepare(
            step: int, because: Sequence[Cause], reported: live.Reported
        ) -> Job | live.Sink | Outcome:
            made = cuts(step, because, reported)
            self.prepared(v.plan.steps[step].id, made)
            return made

        def heard(event: live.Event) -> None:
            if isinstance(event, live.Ended):
                id_ = v.plan.steps[event.step].id
                world.stretch.told[id_] = (event.state, world.disk.commits)
                world.log.append(f"told {id_} {event.state} {event.reason}")
                world.moment(f"{id_} is told")

        return live.run(
            v.plan,
            prepare,
            Actions(world),
            journal,
            heard,
            fail_fast=world.chances.fail_fast,
            debts=before.debts,
            dirty=before.dirty,
            outside=outside,
            restored=restored,
            cut=cut,
        )

    def prepared(self, id_: str, made: Job | live.Sink | Outcome) -> None:
        """A step is made ready: as it should be, with the values that it should see?"""
        stretch, v, name = self.world.stretch, self.version, action(id_)
        times = self.quick.pop(name, 0)
        said = v.on_cut.get(name)
        expected = (
            "" if not times else "error" if times >= MOST else "failed" if said == "fail" else
            "changed" if said == "ask" and name in self.done else ""
        )  # fmt: skip
        if isinstance(made, Outcome):
            word = made.event
            stretch.said[id_] = made
            if word in ("failed", "error") and self.world.chances.fail_fast:
                stretch.stopped = True
        else:
            word = ""
            resource = name.rpartition(".")[0]
            wanted = [self.value(a, id_) for a, b in v.connects if b == resource]
            if isinstance(made, live.Sink):
                values: object = wanted[0] if len(wanted) == 1 else wanted
                if made.values.get("w") != values:
                    raise Violation(f"the sink gets {made.values} and not {values}")
                stretch.said[id_] = Outcome("changed" if values != self.next.sink else "ok")
                self.sunk = values
            elif wanted and made.environment["w"] != (wanted[0] if len(wanted) == 1 else listed(wanted)):
                raise Violation(f"{id_} gets {made.environment['w']} and not {wanted}")
        if word != expected:
            raise Violation(f"{id_}, cut {times} times, {said}: {word!r} and not {expected!r}")
        stretch.prepared[id_] = word

    def value(self, resource: str, reader: str) -> str:
        """The value `v` of a resource as a step sees it (section 8)."""
        data = dict(self.next.data)
        for step, outcome in self.world.stretch.said.items():
            if "v" in outcome.data:
                data[step] = outcome.data["v"]
        behind = self.version.shape.all_before(reader)
        order = [step.id for step in self.version.plan.steps]
        found = [s for s in order if s in data and s in behind and action(s).rpartition(".")[0] == resource]
        return data[found[-1]] if found else self.next.values.get(resource, "0")


def listed(values: Sequence[str]) -> str:
    return json.dumps(list(values))


def live_seed(seed: int) -> Life:
    """Live the life of a seed. Raises Violation, with the seed and what happened up to there."""
    life = Life(seed)
    try:
        life.live()
    except (Violation, AssertionError) as problem:
        happened = "\n".join(life.world.log)
        raise Violation(f"seed {seed}: {problem}\n\n{life.version.text}\n{happened}") from problem
    return life
