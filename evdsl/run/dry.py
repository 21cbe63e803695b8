"""A dry run: the plan gone through without anything being started, written or connected to.

With `ask`, engines that have a dry run of their own are asked by it, and that alone is started.

Drivers that can tell are asked: what `copy` and `template` would change is shown, and their outcome counts. `creates`
is a look at a path, so it is asked as well; `unless` and `onlyif` are commands and are not run. Of all else it is
assumed that it runs and changes something, as a bare command does; its line says so. What actions would report is not
known: an action that is to be handed such a value counts as changed too.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Sequence, Set
from typing import NamedTuple

from ..base.redact import Redactor
from ..drivers import registry
from ..drivers.driver import Foreteller, Try, Unfit, Would, brief
from ..drivers.job import Job, Remote
from ..drivers.outcome import Outcome
from ..drivers.output import Output
from ..meaning.template import plain
from ..meaning.values import Unknown
from ..plan.plan import Plan
from .debts import Debt
from .engine import Engine, Start
from .handed import Missing
from .live import Sink
from .prepare import Preparing, unknown
from .simulate import Line, Trace
from .state import State
from .task import unseen

Ask = Callable[[Job], Outcome | None]
"""What an engine says that it would do; None where there is none to ask."""


class Foretold(NamedTuple):
    """What a step would do. `event` is its outcome; `certain`: it was looked up, not assumed; `text` says why, and
    `shown` what would change, lines of a difference."""

    event: str
    certain: bool
    text: str
    shown: str = ""


class Dry(NamedTuple):
    """What a dry run came to: the trace as of `simulate`, and for each step that would run what is known of it."""

    trace: Trace
    steps: dict[int, Foretold]


def dry(
    plan: Plan,
    prepare: Preparing,
    state: State,
    *,
    debts: Sequence[Debt] = (),
    dirty: Collection[str] = (),
    outside: Set[int] = frozenset(),
    ask: Ask = lambda _: None,
) -> Dry:
    """Go through a plan as a run would. `state` is only read; the rest of the arguments is as for `Engine`, and `ask`
    may start what it likes.

    Secrets are taken out of all that is told.
    """
    engine = Engine(plan, debts=debts, dirty=dirty, outside=outside)
    redactor = Redactor(v for unit in prepare.program.units for v in unit.secrets.values() if v)
    found: dict[int, Foretold] = {}
    lines: dict[int, Line] = {}
    waiting = engine.begin()[::-1]
    while waiting:
        effect = waiting.pop()
        if isinstance(effect, Start):
            told = _step(effect, prepare, state, ask)
            told = found[effect.step] = told._replace(
                text=redactor.text(told.text), shown=redactor.text(told.shown)
            )
            waiting += engine.settle(effect.step, Outcome(told.event, told.text))[::-1]
        else:
            id_ = plan.steps[effect.step].id
            reason = effect.reason if effect.state == "skipped" else ""
            lines[effect.step] = Line(id_, effect.state, effect.because, reason)
    steps = [lines[step] for step in range(len(plan.steps))]
    return Dry(Trace(steps, engine.folds(), engine.unfollowed(), engine.left(0)), found)


def _step(start: Start, prepare: Preparing, state: State, ask: Ask) -> Foretold:
    try:
        made = prepare.made(start.step, start.because, {})
    except Missing as problem:
        return Foretold("changed", False, f"would run, if it is handed what it needs: {problem}")
    except Unknown as problem:
        return Foretold("error", True, unknown(problem).reason)
    if isinstance(made, Sink):
        last = state.sink(made.resource)
        differs = [name for name, value in made.values.items() if name not in last or last[name] != value]
        event = "changed" if differs else "ok"
        return Foretold(event, True, f"{', '.join(differs)} changed" if differs else "")
    return foretell(made, ask)


def foretell(job: Job, ask: Ask = lambda _: None) -> Foretold:
    """What a job would do."""
    if isinstance(job.place, Remote):
        return Foretold("changed", False, f"would run on {job.place}: {_shown(job)}")
    creates, guards = job.options.get("creates"), [g for g in ("unless", "onlyif") if g in job.options]
    if creates and os.path.exists(os.path.join(job.cwd, str(creates))):
        return Foretold("ok", True, f"`{creates}` exists")
    behind = f", unless its guard `{'` or `'.join(guards)}` says no" if guards else ""
    shown = _shown(job)
    asked = ask(job)
    if asked is not None:
        if job.changes and asked.event == "changed":
            behind += ", and `changes` decides"
        text = f"would run{behind}: {shown}" if behind else asked.reason
        return Foretold(asked.event, not behind, text, asked.output.text if asked.event != "ok" else "")
    driver = registry.load(job.driver)
    if isinstance(driver, Foreteller):
        try:
            would = driver.would(Try(job, 1, ""))
        except Unfit as problem:
            return Foretold("error", True, str(problem))
        except Exception as problem:  # a driver of another package may do anything
            would = Would("error", f"a defect of the driver: {type(problem).__name__}: {problem}")
        if would is not None:
            return _told(job, would, f"would run{behind}: {shown}" if behind else would.reason, not behind)
    return Foretold("changed", False, f"would run{behind}: {shown}")


def _told(job: Job, would: Would, text: str, certain: bool) -> Foretold:
    output = Output()
    output.add(would.shown.encode("utf-8", "backslashreplace"))
    kept = output.kept()
    return Foretold(would.event, certain, text, (unseen(kept) if job.sensitive else kept).text)


def _shown(job: Job) -> str:
    """A job in a few words, as its author wrote it."""
    words = " ".join(plain(argument) for argument in job.arguments)
    if job.driver.startswith("http."):
        from ..drivers.request import shown

        words = shown(words)
    return f"{job.driver} {brief(words)}"
