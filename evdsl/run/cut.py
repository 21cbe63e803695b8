"""Actions that were cut off: in flight when evdsl died, so that nobody knows how far they came (option `on_cut`).

What the option says holds the next time that the action is to start, be it in `resume` or in a plain run: `rerun` runs it
again, `fail` ends it as `failed`, `ask` has asked before the run began, and any other text is a command that verifies:
where it succeeds the action counts as done and `changed`, else it runs again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from ..base.drivers import ON_CUT
from ..drivers.job import Job
from ..drivers.outcome import Outcome
from ..meaning.program import Program
from ..meaning.render import Values, options_of
from ..meaning.values import Unknown, evaluate
from ..plan.plan import Plan
from .engine import Cause
from .live import Prepare, Reported, Sink

MOST = 5
"""How often an action may be cut; the next time it ends with `error` and is not started: it may be what ends evdsl."""

RERUN, ASK, FAIL = ON_CUT


class Cuts:
    """Makes steps ready as `prepare` does; but the first start of each action that was cut goes as `on_cut` says.

    `times`: how often each action was cut, by name; `done`: those of `ask` of which the user has said that they are done.
    """

    def __init__(
        self,
        prepare: Prepare,
        program: Program,
        plan: Plan,
        times: Mapping[str, int],
        done: Collection[str] = (),
    ) -> None:
        self._prepare = prepare
        self._program = program
        self._plan = plan
        self._times = {name: number for name, number in times.items() if number}
        self._done = done

    def __call__(self, step: int, because: Sequence[Cause], reported: Reported) -> Job | Sink | Outcome:
        s = self._plan.steps[step]
        times = self._times.pop(s.name, 0) if self._times else 0
        if not times:
            return self._prepare(step, because, reported)
        if times >= MOST:
            return Outcome("error", f"it was cut off {times} times, and is not started in this run")
        said = on_cut(self._program, s.of)
        if said == FAIL:
            return Outcome("failed", "it was cut off, and has `on_cut = fail`")
        if said == ASK and s.name in self._done:
            return Outcome("changed", "it was cut off, and is said to be done")
        made = self._prepare(step, because, reported)
        if isinstance(made, Job) and said not in (RERUN, ASK):
            return made._replace(options={**made.options, "verify": made.options["on_cut"]})
        return made


def on_cut(program: Program, action: int) -> str:
    """What the option says of an action; of a command that is made of what only a run knows, nothing."""
    found = program.actions[action]
    option = options_of(found).get("on_cut") if found.scope is not None else None
    if option is None or found.scope is None:
        return RERUN
    values = Values(program, found.resource, found.scope)
    try:
        return str(evaluate(option.value, found.scope, values.find))
    except Unknown:
        return ""


def to_ask(program: Program, plan: Plan, times: Mapping[str, int]) -> list[str]:
    """The actions of the plan that were cut and have `on_cut = ask`, in the order of the plan."""
    found = [
        s.name
        for s in plan.steps
        if 0 < times.get(s.name, 0) < MOST and s.instance == 0 and on_cut(program, s.of) == ASK
    ]
    return list(dict.fromkeys(found))
