"""The journal of the run under way (section 7 of docs/language.md): what must not be lost is written before it counts.

The order of writes: the start of a step is committed before it is spawned; the end of a step, what it reported and what
a sink has seen are committed together, before anything that it sets off is spawned. What an end sets off is not written
down: it follows from the plan, from what the run began with and from the ends, all of which are. So the two cannot come
apart, and what a run that broke off owes is worked out from the same rows (runs.py).

At least once for each action, exactly once for each recorded end: the key of `ended` refuses a second one.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

from ..base.redact import Redactor
from ..drivers.outcome import Outcome
from ..plan.plan import Step
from ..version import __version__
from .debts import Debt
from .engine import Left
from .reported import of_last_run
from .state import State, Transaction

KEPT = 20
"""How many runs are kept."""


class Begin(NamedTuple):
    """What a run begins with.

    `source` tells whether the plan is one that is kept already, `plan` gives it as bytes; `options` is what `resume`
    needs to make the plan again; `dirty` by action the number of times that it was cut; `outside`: ids.
    """

    file: str
    source: str
    plan: Callable[[], bytes]
    options: Mapping[str, object]
    debts: Sequence[Debt] = ()
    dirty: Mapping[str, int] = {}
    outside: Collection[str] = ()


class Journal:
    """Writes down one run. `steps` are those of its plan. Nothing that `redactor` hides is written."""

    def __init__(
        self,
        state: State,
        number: int,
        steps: Sequence[Step],
        redactor: Redactor,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self.number = number
        self._state = state
        self._steps = steps
        self._redactor = redactor
        self._clock = clock or steady()
        self._tries: dict[int, int] = {}
        self._starts: list[tuple[int, int, int, float]] = []
        self._ends: list[tuple[int, int, str, str, float, float, int, str]] = []
        self._sinks: list[tuple[str, str]] = []
        self.attempts: dict[int, int] = {}
        """How often each step was started before, where it was: by an evdsl that broke off."""

    @classmethod
    def begin(
        cls,
        state: State,
        begin: Begin,
        steps: Sequence[Step],
        redactor: Redactor | None = None,
        above: int = 0,
        clock: Callable[[], float] | None = None,
    ) -> Journal:
        """Begin a run, with a number above `above`; no older one can be resumed from now on, and the oldest are
        forgotten. Raises Unwritable, stored.Unreadable."""
        run, clock = state.database.execute, clock or steady()
        with Transaction(state):
            _take_in(state)
            plan = _kept(state, begin)
            (last,) = run("SELECT coalesce(max(number), 0) FROM run").fetchone()
            values = (
                max(last, above) + 1,
                plan,
                begin.file,
                *_words(begin),
                os.getpid(),
                __version__,
                clock(),
            )
            run(
                "INSERT INTO run (number, plan, file, options, debts, dirty, outside, pid, evdsl, began)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                values,
            )
            run("UPDATE run SET over = 1 WHERE number < ?", (values[0],))
            _forget(state, values[0] - KEPT)
        return cls(state, values[0], steps, redactor or Redactor(()), clock)

    @classmethod
    def go_on(
        cls,
        state: State,
        number: int,
        steps: Sequence[Step],
        redactor: Redactor | None = None,
        clock: Callable[[], float] | None = None,
    ) -> Journal:
        """Go on with a run that broke off. What was not run in it is decided again. Raises Unwritable."""
        run = state.database.execute
        with Transaction(state):
            run("DELETE FROM ended WHERE run = ? AND state IN ('idle', 'skipped')", (number,))
            run("UPDATE run SET exit = NULL, ended = NULL, pid = ? WHERE number = ?", (os.getpid(), number))
        made = cls(state, number, steps, redactor or Redactor(()), clock)
        rows = run("SELECT step, max(attempt) FROM started WHERE run = ? GROUP BY step", (number,))
        made.attempts = dict(rows.fetchall())
        return made

    def replan(self, begin: Begin, kept: Mapping[int, int]) -> None:
        """Go on by another plan. `kept` has the new number of each step whose end still counts, or that was cut. What
        the run has left so far is what it begins with from now on. Raises Unwritable, stored.Unreadable."""
        run, many = self._state.database.execute, self._state.database.executemany
        with Transaction(self._state):
            _take_in(self._state)
            ends = run("SELECT * FROM ended WHERE run = ?", (self.number,)).fetchall()
            starts = run("SELECT * FROM started WHERE run = ?", (self.number,)).fetchall()
            cut = {kept[step]: n for step, n in unfinished(self._state, self.number).items() if step in kept}
            run("DELETE FROM ended WHERE run = ?", (self.number,))
            run("DELETE FROM started WHERE run = ?", (self.number,))
            ends = [(row[0], kept[row[1]], *row[2:]) for row in ends if row[1] in kept]
            many(_END, ends)
            many(_START, [(row[0], kept[row[1]], *row[2:]) for row in starts if kept.get(row[1]) in cut])
            dirty = dict(begin.dirty)
            for step, times in cut.items():  # these stay with their starts
                dirty[self._steps[step].name] -= times
            words = (*_words(begin._replace(dirty=dirty)), json.dumps(sorted(row[1] for row in ends)))
            run(
                "UPDATE run SET plan = ?, options = ?, debts = ?, dirty = ?, outside = ?, older = ? WHERE number = ?",
                (_kept(self._state, begin), *words, self.number),
            )
        self.attempts = cut

    def started(self, step: int) -> None:
        """A step is about to be spawned."""
        attempt = self.attempts.get(step, 0) + 1 if self.attempts else 1
        self._starts.append((self.number, step, attempt, self._clock()))

    def withdrawn(self, steps: Collection[int]) -> None:
        """Steps that `started` was said of, after the last commit, will not be spawned after all."""
        self._starts = [row for row in self._starts if row[1] not in steps]

    def retried(self, step: int, number: int) -> None:
        """Try `number` of a step has failed, and there is another."""
        self._tries[step] = number

    def sink(self, resource: str, values: Mapping[str, object]) -> list[str]:
        """The names under which a sink has something new. What it has now is written with the end of its step."""
        last = self._state.sink(resource)
        now = dict(values)
        if self._redactor:
            for name, value in values.items():
                text = json.dumps(value, ensure_ascii=False)
                if self._redactor.text(text) != text:
                    now[name] = self._state.sealed(value)
        if now != last:
            self._sinks.append((resource, json.dumps(now, sort_keys=True, ensure_ascii=False)))
        return [name for name, value in now.items() if name not in last or last[name] != value]

    def ended(self, step: int, state: str, reason: str, outcome: Outcome | None) -> None:
        """A step has its end. `outcome` is None where it did not run."""
        if outcome is None:
            self._ends.append((self.number, step, state, reason, self._clock(), 0.0, 0, ""))
            return
        tries = self._tries.pop(step, 0) + 1 if self._tries else 1
        data = ""
        if outcome.data:
            kept = {k: v for k, v in outcome.data.items() if self._redactor.text(v) == v}
            data = json.dumps(kept) if kept else ""
        why = self._redactor.text(reason) if reason else ""
        self._ends.append((self.number, step, state, why, self._clock(), outcome.seconds, tries, data))

    def commit(self) -> None:
        """Write down what was said since the last time. Raises Unwritable, and then keeps it."""
        if not (self._ends or self._starts):
            return
        many = self._state.database.executemany
        with Transaction(self._state):
            if self._ends:
                many(_END, self._ends)
                if self._sinks:
                    many("INSERT OR REPLACE INTO sink VALUES (?, ?)", self._sinks)
            if self._starts:
                many(_START, self._starts)
        self._ends, self._starts, self._sinks = [], [], []

    def end(self, exit: int, left: Left) -> None:
        """The run has come to its end, and this is what it leaves. Raises Unwritable."""
        self.commit()
        with Transaction(self._state):
            cuts = times_cut(self._state, self.number, self._steps) if left.dirty else {}
            leave(self._state, left.debts, {action: cuts.get(action, 0) for action in left.dirty})
            self._state.database.execute(
                "UPDATE run SET exit = ?, ended = ?, over = ? WHERE number = ?",
                (exit, self._clock(), exit != _INTERRUPTED, self.number),
            )


_INTERRUPTED = 130
_START = "INSERT INTO started VALUES (?, ?, ?, ?)"
_END = "INSERT INTO ended VALUES (?, ?, ?, ?, ?, ?, ?, ?)"


def unfinished(state: State, number: int) -> dict[int, int]:
    """The steps that were begun in a run and came to no end, each with the number of times that it was begun in it."""
    rows = state.database.execute(
        "SELECT step, max(attempt) FROM started WHERE run = ?1"
        " AND step NOT IN (SELECT step FROM ended WHERE run = ?1 AND tries > 0) GROUP BY step",
        (number,),
    )
    return dict(rows.fetchall())


def times_cut(state: State, number: int, steps: Sequence[Step]) -> dict[str, int]:
    """What was dirty when a run began or was cut in it, each with how often it was cut since it last came to an end, in
    whichever run."""
    run = state.database.execute
    before, kept = run("SELECT dirty, older FROM run WHERE number = ?", (number,)).fetchone()
    found: dict[str, int] = json.loads(before)
    cut = unfinished(state, number)
    if cut or any(found.values()):
        rows = run("SELECT step FROM ended WHERE run = ? AND tries > 0", (number,)).fetchall()
        later = {step for (step,) in rows}.difference(json.loads(kept))
        found.update((name, 0) for step in later if (name := steps[step].name) in found)
        for step, times in cut.items():
            found[steps[step].name] = found.get(steps[step].name, 0) + times
    return found


def steady() -> Callable[[], float]:
    """The time, in seconds since 1970, as it is now and as it goes on from here whatever is done to the clock."""
    offset = time.time() - time.monotonic()
    return lambda: offset + time.monotonic()


def leave(state: State, debts: Sequence[Debt], dirty: Mapping[str, int]) -> None:
    """Put this in place of what was owed and dirty; inside a transaction."""
    run, many = state.database.execute, state.database.executemany
    run("DELETE FROM debt")
    many("INSERT INTO debt (content) VALUES (?)", [(json.dumps(debt.to_json()),) for debt in debts])
    run("DELETE FROM dirty")
    many("INSERT INTO dirty VALUES (?, ?)", sorted(dirty.items()))


def _words(begin: Begin) -> tuple[str, ...]:
    """What a run begins with, as it is kept: options, debts, dirty, outside."""
    return (
        json.dumps(begin.options),
        json.dumps([debt.to_json() for debt in begin.debts]),
        json.dumps(dict(begin.dirty), sort_keys=True),
        json.dumps(sorted(begin.outside)),
    )


def _take_in(state: State) -> None:
    """What the steps of the last run reported is what the next one finds."""
    rows = of_last_run(state)
    state.database.executemany("INSERT OR REPLACE INTO reported VALUES (?, ?, ?)", rows)


def _kept(state: State, begin: Begin) -> int:
    """The id of the plan of a run; it is written down if no run before had the same."""
    row = state.database.execute("SELECT id FROM plan WHERE source = ?", (begin.source,)).fetchone()
    if row is None:
        insert = "INSERT INTO plan (source, content) VALUES (?, ?) RETURNING id"
        row = state.database.execute(insert, (begin.source, begin.plan())).fetchone()
    return int(row[0])


def _forget(state: State, number: int) -> None:
    """Forget the runs up to this one, and the plans that no run has any more."""
    run = state.database.execute
    if run("SELECT 1 FROM run WHERE number <= ?", (number,)).fetchone():
        for table, column in (("started", "run"), ("ended", "run"), ("run", "number")):
            run(f"DELETE FROM {table} WHERE {column} <= ?", (number,))
        run("DELETE FROM plan WHERE id NOT IN (SELECT plan FROM run)")
