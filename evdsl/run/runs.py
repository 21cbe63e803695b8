"""The runs that are kept, as the journal has them, and what they have left."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

from ..base.events import OUTCOMES
from ..drivers.outcome import Outcome
from ..plan.plan import Plan
from ..plan.stored import Stored, from_bytes
from .debts import Debt
from .engine import Engine, Start, fold
from .journal import leave, times_cut, unfinished
from .state import State, Transaction

_RAN = frozenset(OUTCOMES)
_INTERRUPTED = 130


class Entry(NamedTuple):
    """What became of a step in a run.

    `state` is one of `base.events.SETTLED`; `cut` where it was in flight when the run broke off, or is in flight now.
    `began` and `ended` are seconds since 1970, `began` None where it did not run, `ended` None where it has not ended;
    `seconds` is how long it took, `tries` how often it was tried, `attempts` how often it was begun: more than once only
    if it was cut before.
    """

    id: str
    state: str
    reason: str
    began: float | None
    ended: float | None
    seconds: float
    tries: int
    attempts: int

    @property
    def action(self) -> str:
        return self.id.rpartition("#")[0]

    @property
    def ran(self) -> bool:
        return self.state in _RAN


class Run:
    """One run. `exit` is None where it has not come to its end; `over`: it cannot be resumed any more."""

    def __init__(self, state: State, row: Sequence[object]) -> None:
        self._state = state
        number, plan, file, options, debts, dirty, outside, pid, evdsl, began, ended, code, over, _ = row
        self.number = int(str(number))
        self.file = str(file)
        self.options: dict[str, object] = json.loads(str(options))
        self.debts = [Debt.from_json(found) for found in json.loads(str(debts))]
        """What was owed when it began."""
        self.dirty: dict[str, int] = json.loads(str(dirty))
        """What was dirty when it began, and how often each had been cut."""
        self.outside: list[str] = json.loads(str(outside))
        """The ids of the steps that were not to run."""
        self.pid = int(str(pid))
        self.evdsl = str(evdsl)
        self.began = float(str(began))
        self.ended = None if ended is None else float(str(ended))
        self.exit = None if code is None else int(str(code))
        self.over = bool(over)
        self._plan = plan

    @property
    def seconds(self) -> float | None:
        """How long it took, None where it has not come to its end."""
        # a run that was resumed may have been begun by another clock
        return None if self.ended is None else max(0.0, self.ended - self.began)

    @property
    def resumable(self) -> bool:
        return not self.over and self.exit in (None, _INTERRUPTED)

    @cached_property
    def stored(self) -> Stored:
        """Its plan. Raises stored.Unreadable."""
        (content,) = self._state.database.execute(
            "SELECT content FROM plan WHERE id = ?", (self._plan,)
        ).fetchone()
        return from_bytes(content)

    @cached_property
    def entries(self) -> list[Entry]:
        """What became of each step that is settled or was begun, in the order of the plan."""
        run, steps = self._state.database.execute, self.stored.plan.steps
        begun: dict[int, tuple[float, int]] = {}
        for step, at, attempt in run(
            "SELECT step, max(at), max(attempt) FROM started WHERE run = ? GROUP BY step", (self.number,)
        ):
            begun[step] = (at, attempt)
        found: dict[int, Entry] = {}
        for step, state, reason, at, seconds, tries in run(
            "SELECT step, state, reason, at, seconds, tries FROM ended WHERE run = ?", (self.number,)
        ):
            began, attempts = begun.get(step, (at if state in _RAN else None, 1 if state in _RAN else 0))
            found[step] = Entry(steps[step].id, state, reason, began, at, seconds, tries, attempts)
        for step, (at, attempts) in begun.items():
            if step not in found:
                found[step] = Entry(steps[step].id, "cut", "", at, None, 0.0, 0, attempts)
        return [found[step] for step in sorted(found)]

    def outcomes(self) -> dict[int, Outcome]:
        """What each step that ran said, without its output."""
        rows = self._state.database.execute(
            "SELECT step, state, reason, seconds, data FROM ended WHERE run = ? ORDER BY at, step",
            (self.number,),
        )
        return {
            step: Outcome(state, reason, json.loads(data) if data else {}, seconds=seconds)
            for step, state, reason, seconds, data in rows
            if state in _RAN
        }

    def cut(self) -> dict[int, int]:
        """The steps that were begun and have no end, each with the number of times that it was begun in this run."""
        return unfinished(self._state, self.number)

    def times_cut(self) -> dict[str, int]:
        """What was dirty when it began or was cut in it, each with the times that it was cut since it last came to an
        end."""
        return times_cut(self._state, self.number, self.stored.plan.steps)

    def broken(self) -> Now:
        """What it leaves if it goes no further."""
        engine = self.replayed()
        left = engine.left(self.number, self.cut())
        cuts = self.times_cut() if left.dirty else {}
        return Now(left.debts, {action: cuts.get(action, 0) for action in sorted(left.dirty)})

    def replayed(self) -> Engine:
        """The engine of this run, brought to where it was: `running` holds what was in flight or about to start."""
        plan = self.stored.plan
        numbers = {step.id: number for number, step in enumerate(plan.steps)}
        engine = Engine(
            plan,
            debts=self.debts,
            dirty=self.dirty,
            outside={numbers[id_] for id_ in self.outside if id_ in numbers},
        )
        replay(engine, self.outcomes())
        return engine


def replay(engine: Engine, outcomes: Mapping[int, Outcome]) -> None:
    """Begin, and settle all that has an outcome already."""
    waiting = engine.begin()
    while waiting:
        effect = waiting.pop()
        if isinstance(effect, Start) and effect.step in outcomes:
            waiting += engine.settle(effect.step, outcomes[effect.step], recorded=True)


class Now(NamedTuple):
    """What the next run begins with: debts, and the dirty actions, each with the number of times that it was cut."""

    debts: list[Debt]
    dirty: dict[str, int]

    def planned(self, plan: Plan) -> list[Debt]:
        """The debts whose subscriber is in a plan."""
        names = {step.name for step in plan.steps} if self.debts else set()
        return [debt for debt in self.debts if debt.subscriber in names]


def runs(state: State) -> list[Run]:
    """The runs that are kept, the last one at the end."""
    return [Run(state, row) for row in state.database.execute("SELECT * FROM run ORDER BY number")]


def last_run(state: State) -> Run | None:
    """The last run."""
    row = state.database.execute("SELECT * FROM run ORDER BY number DESC LIMIT 1").fetchone()
    return Run(state, row) if row else None


def now(state: State) -> Now:
    """What the next run begins with. Of a run that broke off it is worked out from what it wrote. Raises Unreadable."""
    last = last_run(state)
    if last is not None and last.exit is None and not last.over:
        return last.broken()
    run = state.database.execute
    debts = [Debt.from_json(json.loads(text)) for (text,) in run("SELECT content FROM debt ORDER BY rank")]
    return Now(debts, dict(run("SELECT action, cuts FROM dirty ORDER BY action").fetchall()))


def close(state: State, keep: Now) -> None:
    """Put this in place of what was owed and dirty. A run that broke off cannot be resumed any more after it.
    Raises Unwritable."""
    with Transaction(state):
        leave(state, keep.debts, keep.dirty)
        state.database.execute("UPDATE run SET over = 1")


class Last(NamedTuple):
    """The last that is known of an action: how it ended when it last ran, and its instances there."""

    action: str
    state: str
    run: Run
    entries: list[Entry]


def last_outcomes(found: Sequence[Run]) -> list[Last]:
    """Of each action that is in a kept run: how it ended when it last ran, or that it never did. By name."""
    latest: dict[str, Last] = {}
    for run in reversed(found):
        actions: dict[str, list[Entry]] = {}
        for entry in run.entries:
            actions.setdefault(entry.action, []).append(entry)
        for action, entries in actions.items():
            known = latest.get(action)
            ran = any(entry.began is not None for entry in entries)
            if known is None or (ran and not any(entry.began is not None for entry in known.entries)):
                states = [entry.state for entry in entries]
                latest[action] = Last(action, "cut" if "cut" in states else fold(states), run, entries)
    return [latest[action] for action in sorted(latest)]
