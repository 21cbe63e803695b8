"""From a step of the plan to the job that a driver runs: values of the moment, environment, place."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence

from ..base.diagnostic import Diagnostic
from ..base.drivers import SINK
from ..base.source import Span
from ..drivers.job import Job
from ..drivers.outcome import Outcome
from ..drivers.registry import for_file, refusals
from ..meaning.program import Action, Program
from ..meaning.render import LOCAL, Values, options_of, render
from ..meaning.values import Unknown
from ..plan.plan import Plan
from .engine import Cause
from .handed import Connections, Missing, place
from .live import Reported, Sink


def refused(program: Program, plan: Plan) -> list[Diagnostic]:
    """All that stands against running this plan, before anything starts: EV610 to EV614."""
    found: list[Diagnostic] = []
    secrets: dict[str, Span] = {}
    for action in planned_actions(program, plan):
        if action.driver == SINK:
            continue
        if not action.driver:
            where = os.path.join("actions", action.resource, action.action)
            message = f"`{action.name}` is found nowhere"
            found.append(
                Diagnostic(
                    "EV613", message, _mention(program, action), f"declare it, or put a file at {where}"
                )
            )
            continue
        driver = for_file(action.file)[0] if action.file else action.driver
        options = {name: _option_span(action, name) for name in options_of(action)}
        resource = program.resources.get(action.resource)
        host = resource.host if resource else None
        found += refusals(action.name, driver, options, host, action.span or _mention(program, action))
        if action.scope is not None:
            unit = action.scope.unit
            for name, value in unit.secrets.items():
                if value is None:
                    declared = next(
                        s
                        for s in unit.file.statements
                        if getattr(getattr(s, "name", None), "text", "") == name
                    )
                    secrets.setdefault(unit.prefix + name, Span(unit.source, declared.start, declared.end))
    for name, span in secrets.items():
        variable = "EVDSL_SET_" + name.replace("-", "_").replace(".", "_")
        found.append(
            Diagnostic(
                "EV614",
                f"the secret `{name}` has no value",
                span,
                f"give it one in the environment: {variable}=…",
            )
        )
    return found


def planned_actions(program: Program, plan: Plan) -> list[Action]:
    """The actions that have a step, each once, in the order of their numbers."""
    return [program.actions[number] for number in sorted({s.of for s in plan.steps})]


def _option_span(action: Action, name: str) -> Span | None:
    option = options_of(action)[name]
    assert action.scope is not None
    return action.scope.span(option.name)


def _mention(program: Program, action: Action) -> Span | None:
    """The first statement that names an action."""
    number = next(i for i, a in enumerate(program.actions) if a is action)
    for rule in program.rules:
        if number == rule.subscriber or number in rule.emitters:
            return rule.origin
    for order in program.orders:
        if number in (order.before, order.after):
            return order.origin
    return None


class Preparing:
    """Makes steps ready; callable as `live.Prepare`. `run` is the number of the run."""

    def __init__(self, program: Program, plan: Plan, connections: Connections, run: int) -> None:
        self.program = program
        self.plan = plan
        self.connections = connections
        self.run = run

    def __call__(self, step: int, because: Sequence[Cause], reported: Reported) -> Job | Sink | Outcome:
        """The job of a step, or its sink; `error` where a value is missing, naming the connect or the place."""
        action = self.program.actions[self.plan.steps[step].of]
        try:
            handed = self.connections.values(action.resource, step, reported)
            if action.driver == SINK:
                return Sink(action.resource, self._declared(action, handed))
            return self._job(step, action, handed, because)
        except Missing as error:
            return Outcome("error", str(error))
        except Unknown as error:
            d = error.diagnostic
            return Outcome("error", d.message + (f" ({place(d.span)})" if d.span else ""))

    def _declared(self, action: Action, handed: dict[str, object]) -> dict[str, object]:
        resource = self.program.resources[action.resource]
        values = Values(self.program, action.resource, resource.scope, handed)
        return {name: values.attribute(name) for name in resource.attributes} | handed

    def _job(self, step: int, action: Action, handed: dict[str, object], because: Sequence[Cause]) -> Job:
        scope = action.scope
        assert scope is not None
        rendered = render(self.program, action, handed)
        driver, arguments = for_file(action.file) if action.file else (action.driver, rendered.arguments)
        s = self.plan.steps[step]
        resource = self.program.resources.get(action.resource)
        cause = [{"from": c.from_id, "event": c.event, "file": c.file, "line": c.line} for c in because]
        environment = rendered.environment | {
            "EVDSL_RESOURCE": s.resource,
            "EVDSL_ACTION": s.action,
            "EVDSL_INSTANCE": str(s.instance),
            "EVDSL_HOST": (resource.host if resource and resource.host else LOCAL),
            "EVDSL_RUN": str(self.run),
            "EVDSL_CAUSE": json.dumps(cause, ensure_ascii=False),
        }
        folder = os.path.abspath(scope.unit.folder or "")
        return Job(
            step,
            s.id,
            s.resource,
            s.action,
            s.instance,
            driver,
            arguments,
            rendered.options,
            environment,
            folder,
        )
