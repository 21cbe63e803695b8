"""The journal, the loop and the engine in simulated lives: thousands of files, each run after run, with crashes between
any two effects, commits lost with the power, Ctrl-C, edits, resume; all held against the reference model.

20,000 lives in a normal run. More: `EVDSL_SEEDS=1000000 python3 tests/all tests/run/test_crashes.py -n auto`. What fails
prints its seed; `EVDSL_SEED=n` lives that one alone, and the same seed is the same life.
"""

from __future__ import annotations

import hashlib
import inspect
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest

from evdsl.run import begin, cut, engine, journal, live, runs

from .lives import live_seed

SEEDS = int(os.environ.get("EVDSL_SEEDS", "20000"))
PARTS = 40
ONE = os.environ.get("EVDSL_SEED")
ENOUGH = 4000
"""Lives in which a planted defect must be found."""


@pytest.mark.parametrize("part", range(PARTS) if ONE is None else [0])
def test_lives(part: int) -> None:
    seeds = range(SEEDS * part // PARTS, SEEDS * (part + 1) // PARTS) if ONE is None else [int(ONE)]
    for seed in seeds:
        live_seed(seed)


def logs(seeds: range) -> str:
    """What happened in these lives, in short."""
    digest = hashlib.sha256()
    for seed in seeds:
        digest.update("\n".join(live_seed(seed).world.log).encode())
    return digest.hexdigest()


def test_a_seed_is_one_life() -> None:
    """Byte for byte the same, whatever ran before and whichever seed hashes have."""
    script = "import sys; sys.path.insert(0, sys.argv[1]); from run.test_crashes import logs; print(logs(range(40)))"
    found = {logs(range(40))}
    for number in ("0", "1"):
        done = subprocess.run(
            [sys.executable, "-c", script, str(Path(__file__).parents[1])],
            env=os.environ | {"PYTHONHASHSEED": number},
            capture_output=True,
            text=True,
            check=True,
        )
        found.add(done.stdout.strip())
    assert len(found) == 1


def test_the_lives_have_what_they_should() -> None:
    """Crashes before and after commits and starts, commits lost, interrupts, resumes by the same plan and by another."""
    happened = "\n".join(line for seed in range(600) for line in live_seed(seed).world.log)
    for word in (
        "crash: commit\n", "crash: committed", "crash: before ", "runs\n", " is told", "crash: ", "interrupt",
        "resume True", "resume False", "edit 1", "drop, ", "cut off 5 times", "on_cut = fail", "said to be done",
        "exit 130", "exit 4", "exit 3", "exit 1", "exit 0", "--limit", "0 commits are left", "changed=['",
    ):  # fmt: skip
        assert word in happened, word


# planted defects: the source of a function with one place changed

DEFECTS: dict[str, tuple[Callable[..., Any], str, str]] = {
    "a start is not written": (
        journal.Journal.started,
        "self._starts.append((self.number, step, attempt, self._clock()))",
        "pass",
    ),
    "an end is not written": (journal.Journal.commit, "many(_END, self._ends)", "pass"),
    "a sink is not written": (
        journal.Journal.commit,
        'many("INSERT OR REPLACE INTO sink VALUES (?, ?)", self._sinks)',
        "pass",
    ),
    "what is reported is not written": (
        journal.Journal.ended,
        'data = json.dumps(kept) if kept else ""',
        "pass",
    ),
    "what was reported is not taken over": (
        journal._take_in,
        "state.database.executemany",
        "(lambda *given: None)",
    ),
    "debts are not written at the end": (
        journal.leave,
        "[(json.dumps(debt.to_json()),) for debt in debts]",
        "[]",
    ),
    "dirty actions are not written at the end": (journal.leave, "sorted(dirty.items())", "[]"),
    "debts are not written at the beginning": (
        journal._words,
        "[debt.to_json() for debt in begin.debts]",
        "[]",
    ),
    "dirty actions are not written at the beginning": (journal._words, "dict(begin.dirty)", "{}"),
    "the limit is not written": (journal._words, "sorted(begin.outside)", "[]"),
    "an end and its sink in two commits": (
        journal.Journal.commit,
        "if self._sinks:",
        'if self._state.database.execute("COMMIT") and self._state.database.execute("BEGIN") and self._sinks:',
    ),
    "what an end sets off starts before the end is written": (
        live._Live._start_ready,
        "self._journal.commit()",
        "self._executor.start(jobs); self._out += len(jobs); self._journal.commit(); jobs = []",
    ),
    "the end of a run in two commits": (
        journal.leave,
        'run("DELETE FROM dirty")',
        'run("UPDATE run SET exit = 0 WHERE exit IS NULL"); run("COMMIT"); run("BEGIN"); run("DELETE FROM dirty")',
    ),
    "a cut action is forgotten": (runs.Run.broken, "self.cut()", "()"),
    "that anything was cut is forgotten": (journal.unfinished, "dict(rows.fetchall())", "{}"),
    "a broken run is taken for one that ended": (
        runs.now,
        "last.exit is None and not last.over",
        "False",
    ),
    "cuts are never counted anew": (journal.times_cut, "in found)", "in ())"),
    "cuts are not counted": (journal.times_cut, "+ times", "+ 0"),
    "it is never enough of cuts": (cut.Cuts.__call__, "times >= MOST", "False"),
    "on_cut is obeyed at each start": (cut.Cuts.__call__, "self._times.pop", "self._times.get"),
    "on_cut is ignored": (cut.Cuts.__call__, "if said == FAIL", "if False"),
    "a debt is counted twice": (
        engine.Engine.left,
        "found.setdefault(debt.key, debt)",
        "found[step, trigger] = debt",
    ),
    "debts are never paid": (engine.Engine.left, "if debt not in over", "if True"),
    "what failed first and succeeded then is owed": (
        engine.Engine.owed,
        "paid = paid or state in SUCCESS",
        "paid = state in SUCCESS",
    ),
    "the ok of a dirty action stays ok": (engine.Engine.settle, 'event = "changed"', "pass"),
    "what failed is not dirty": (
        engine.Engine.left,
        "dirty.update(name for name, end in folds.items() if end in FAILURE)",
        "pass",
    ),
    "a rule on failure is owed for ever": (engine.Engine.left, "debt.on_failure and any", "any(()) and any"),
    "a void debt sets off": (engine.Engine._due, "if any(self._seen(look) in SUCCESS", "if any(False"),
    "resume runs again what is done": (begin._reached, "effect.step in known", "False"),
    "resume forgets what was reported": (
        live._Live._take,
        "self._reported[effect.step] = before.data",
        "pass",
    ),
    "resume has what it was when it broke off": (
        journal.Journal.go_on,
        "with Transaction(state):",
        "with _take_in(state) or Transaction(state):",
    ),
    "resume changes what is recorded": (live._Live._take, "recorded=True", "recorded=False"),
    "resume counts starts from one": (journal.Journal.go_on, "dict(rows.fetchall())", "{}"),
    "resume keeps what was skipped": (
        journal.Journal.go_on,
        "AND state IN ('idle', 'skipped')",
        "AND state = 'none'",
    ),
    "resume forgets what is still cut": (live.run, "if engine.states[step] not in OUTCOMES", "if False"),
    "a new plan keeps what is changed": (
        begin.resumed,
        "and before[ids[step]] == after[ids[step]]",
        "",
    ),
    "a new plan forgets what has matched": (
        begin.resumed,
        "Now(run.debts, run.times_cut()) if same else run.broken()",
        "Now(run.debts, run.times_cut())",
    ),
    "a new plan forgets what was cut": (journal.Journal.replan, "if kept.get(row[1]) in cut", "if False"),
    "a new plan counts cuts twice": (journal.Journal.replan, "-= times", "-= 0"),
    "a new plan keeps debts whose rule is gone": (
        begin.resumed,
        "standing(program, began.debts)[0]",
        "began.debts",
    ),
    "what the user ended is recorded": (live._Live._end, "self._level < 2 or", "True or"),
    "nothing is stopped at the first failure": (live._Live._settle, "if self._fail_fast and", "if False and"),
    "an interrupt stops nothing": (live._Live._interrupt, "self._stop()", "pass"),
}


@contextmanager
def planted(function: Callable[..., Any], place: str, defect: str) -> Iterator[None]:
    """A function with this place of its source changed, wherever it is used."""
    function = getattr(function, "__func__", function)  # of a class method
    assert isinstance(function, FunctionType)
    source = textwrap.dedent(inspect.getsource(function))
    assert source.count(place) == 1, source
    space: dict[str, Any] = {}
    exec(compile(source.replace(place, defect), "<planted>", "exec"), dict(function.__globals__), space)
    (made,) = space.values()
    sound, function.__code__ = function.__code__, getattr(made, "__func__", made).__code__
    try:
        yield
    finally:
        function.__code__ = sound


@pytest.mark.parametrize("name", DEFECTS)
def test_a_planted_defect_is_found(name: str) -> None:
    with planted(*DEFECTS[name]):
        for seed in range(ENOUGH):
            try:
                live_seed(seed)
            except Exception:
                return
    pytest.fail(f"not found in {ENOUGH} lives")
