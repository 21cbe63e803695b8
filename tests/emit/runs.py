"""One plan, run in several ways: live with real processes, and as a compiled script under a shell."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Collection, Sequence, Set
from pathlib import Path

import pytest

from evdsl.api import Plan
from evdsl.drivers.outcome import Outcome
from evdsl.emit.target import Order, load
from evdsl.run.debts import Debt
from evdsl.run.engine import Engine, Start
from evdsl.run.handed import Connections
from evdsl.run.live import Sink, exit_code
from evdsl.run.local import LocalExecutor
from evdsl.run.prepare import Preparing
from evdsl.version import __version__

SHELLS: dict[str, list[str]] = {
    "dash": ["dash"],
    "bash": ["bash"],
    "busybox": ["busybox", "ash"],
    "ksh93": ["ksh93"],
    "mksh": ["mksh"],
}


def needed(program: str) -> str:
    """The path of a program; where it is missing the test is skipped, with EVDSL_REAL=1 it fails."""
    found = shutil.which(program) or shutil.which(program, path=str(Path(sys.executable).parent))
    if found is None:
        if os.environ.get("EVDSL_REAL") == "1":
            pytest.fail(f"`{program}` is not there")
        pytest.skip(f"`{program}` is not there")
    return found


def compiled(plan: Plan, to: str = "sh", allow: Collection[str] = ()) -> bytes:
    """The script."""
    order = Order(plan.program, plan.inner, __version__, "0" * 64, frozenset(allow))
    return load(to).emit(order).files[""].content


class Script:
    """A compiled script in a folder of its own."""

    def __init__(self, folder: Path, content: bytes, shell: str) -> None:
        needed(SHELLS[shell][0])
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.shell = folder, shell
        self.path = folder / "p.sh"
        self.path.write_bytes(content)

    def run(self, *options: str, env: dict[str, str] | None = None) -> tuple[dict[str, str], int, str]:
        """Its trace, by id, its exit code, and what it printed."""
        trace = self.folder / "trace"
        trace.unlink(missing_ok=True)
        command = [*SHELLS[self.shell], str(self.path), "-j3", "--trace", str(trace), *options]
        done = subprocess.run(
            command,
            cwd=self.folder,
            env={**os.environ, "TMPDIR": str(self.folder), **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=120,
        )
        lines = trace.read_text("utf-8").splitlines() if trace.exists() else []
        found = dict(line.split(" ") for line in lines)
        assert len(found) == len(lines), f"settled twice: {lines}"
        return found, done.returncode, done.stdout.decode("utf-8", "replace")


class Live:
    """Runs of a plan by evdsl's own engine and executor, one after the other, with what each leaves for the next."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.debts: Sequence[Debt] = ()
        self.dirty: Collection[str] = ()
        self._sinks: dict[str, dict[str, object]] = {}
        self._reported: dict[str, dict[str, str]] = {}
        self._number = 0
        self.outside: Set[int] = frozenset()
        self.successors: list[list[int]] = []
        """For each step those that waited for it in the last run."""
        self.code = 0
        """The exit code of the last run."""

    def run(self, limits: Sequence[str] = ()) -> tuple[dict[str, str], dict[str, str]]:
        """What became of each step, and what each that ran said before dirt was taken into account."""
        from evdsl.run.begin import outside_of

        plan = self.plan.inner
        self._number += 1
        self.outside = outside_of(self.plan.program, plan, limits)[0]
        engine = Engine(plan, debts=self.debts, dirty=self.dirty, outside=self.outside)
        before = {name: dict(values) for name, values in self._reported.items()}
        prepare = Preparing(
            self.plan.program, plan, Connections(self.plan.program, plan, before), self._number
        )
        executor = LocalExecutor(3)
        said: dict[str, str] = {}
        reported: dict[int, object] = {}
        try:
            waiting, out = list(engine.begin()), 0
            while waiting or out:
                while waiting:
                    effect = waiting.pop()
                    if not isinstance(effect, Start):
                        continue
                    made = prepare(effect.step, effect.because, reported)  # type: ignore[arg-type]
                    if isinstance(made, Sink):
                        made = self._drained(made)
                    if isinstance(made, Outcome):
                        said[plan.steps[effect.step].id] = made.event
                        waiting += engine.settle(effect.step, made)
                        continue
                    out += 1
                    executor.start([made])
                if out:
                    for notice in executor.wait():
                        if hasattr(notice, "pause"):
                            continue
                        out -= 1
                        step, outcome = notice.step, notice.outcome
                        if outcome.data:
                            reported[step] = outcome.data
                            self._reported.setdefault(plan.steps[step].resource, {}).update(outcome.data)
                        said[plan.steps[step].id] = outcome.event
                        waiting += engine.settle(step, outcome)
        finally:
            executor.close()
        self.successors = engine.successors
        left = engine.left(self._number)
        self.debts, self.dirty = left.debts, left.dirty
        self.code = exit_code(engine.folds(), bool(left.debts), False)
        states = {step.id: state for step, state in zip(plan.steps, engine.states, strict=True)}
        return states, said

    def _drained(self, sink: Sink) -> Outcome:
        last = self._sinks.get(sink.resource, {})
        differs = [n for n, v in sink.values.items() if n not in last or last[n] != v]
        self._sinks[sink.resource] = sink.values
        return Outcome("changed" if differs else "ok")
