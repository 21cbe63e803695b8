"""From a step of the plan to the job that a driver runs: values of the moment, environment, place."""

from __future__ import annotations

import os
from collections.abc import Hashable, Sequence
from json.encoder import encode_basestring as _quoted

from ..base.diagnostic import Diagnostic
from ..base.drivers import SINK
from ..base.source import Span
from ..drivers.ansible_share import ALONE, may_share
from ..drivers.job import Inventory, Job, Place, Remote
from ..drivers.outcome import Outcome
from ..drivers.registry import FROM_HERE, SHARES, against_sudo, for_file, refusals
from ..drivers.sudo import user_at
from ..meaning.program import Action, Program
from ..meaning.render import LOCAL, Values, options_of, render
from ..meaning.values import Unknown, evaluate
from ..plan.plan import Plan
from ..syntax import ast
from .engine import Cause
from .handed import Connections, Missing, place
from .live import Reported, Sink
from .places import Unreachable, against_hosts, inventory, missing_programs, place_of


def refused(program: Program, plan: Plan) -> list[Diagnostic]:
    """All that stands against running this plan, before anything starts: EV610 to EV617.

    What `confirm` asks is not among it: see confirm.py.
    """
    found: list[Diagnostic] = []
    actions = [a for a in planned_actions(program, plan) if a.driver != SINK]
    mentioned = mentions(program) if any(a.span is None for a in actions) else {}
    for action in actions:
        span = action.span or mentioned.get(action.name)
        if not action.driver:
            hint = f"declare it, or put a file at {os.path.join('actions', action.resource, action.action)}"
            found.append(Diagnostic("EV613", f"`{action.name}` is found nowhere", span, hint))
            continue
        driver = for_file(action.file)[0] if action.file else action.driver
        options = _own_options(action)
        resource = program.resources.get(action.resource)
        host = resource.host if resource is not None else None
        found += refusals(action.name, driver, options, host, span, action.file)
    found += _against_sudo(program, actions)
    found += against_hosts(program, actions)
    if not found:
        found = missing_programs(program, actions)
    return found + _without_value(program, actions)


def _against_sudo(program: Program, actions: list[Action]) -> list[Diagnostic]:
    """EV612 for each `sudo`, be it from `defaults`, of an action whose tool runs here and changes users itself."""
    found = []
    for action in actions:
        if not action.driver.startswith(FROM_HERE) or action.scope is None:
            continue
        option = options_of(action).get("sudo")
        if option is None:
            continue
        try:
            place = place_of(program, action)
            value = evaluate(option.value, action.scope, Values(program, action.resource, action.scope).find)
        except (Unreachable, Unknown):
            continue  # told as EV611; what is handed over is looked at when the action starts
        if user_at(value, place):
            span = action.scope.span(option.name)
            found.append(against_sudo(action.name, action.driver, span))
    return found


def _without_value(program: Program, actions: list[Action]) -> list[Diagnostic]:
    """EV614 for each secret without a value that one of the actions would see."""
    used = {id(a.scope.unit) for a in actions if a.scope is not None}
    found = []
    for unit in program.units:
        for s in unit.file.statements if id(unit) in used else ():
            if isinstance(s, ast.Secret) and unit.secrets.get(s.name.text) is None:
                name = unit.prefix + s.name.text
                variable = "EVDSL_SET_" + name.replace("-", "_").replace(".", "_")
                message, hint = (
                    f"the secret `{name}` has no value",
                    f"give it one in the environment: {variable}=…",
                )
                found.append(Diagnostic("EV614", message, Span(unit.source, s.start, s.end), hint))
    return found


def planned_actions(program: Program, plan: Plan) -> list[Action]:
    """The actions that have a step, each once, in the order of their numbers."""
    return [program.actions[number] for number in sorted({s.of for s in plan.steps})]


def _own_options(action: Action) -> dict[str, Span | None]:
    """The options that stand at the action itself. One of `defaults` that its driver does not know is not meant for it."""
    if action.node is None or action.scope is None:
        return {}
    return {option.name.text: action.scope.span(option.name) for option in action.node.options}


def mentions(program: Program) -> dict[str, Span]:
    """The first statement that names each action."""
    found: dict[str, Span] = {}
    for item in program.sequence:
        if not isinstance(item, int):
            continue
        if item >= 0:
            rule = program.rules[item]
            named, origin = (*rule.emitters, rule.subscriber), rule.origin
        else:
            order = program.orders[~item]
            named, origin = (order.after, order.before), order.origin
        for number in named:
            found.setdefault(program.actions[number].name, origin)
    return found


_NO_HOSTS = Inventory()


class Preparing:
    """Makes steps ready; callable as `live.Prepare`. `run` is the number of the run."""

    def __init__(self, program: Program, plan: Plan, connections: Connections, run: int) -> None:
        self.program = program
        self.plan = plan
        self.connections = connections
        self.run = run
        self._places: dict[int, Place] = {}  # by the number of the action
        self._folders: dict[str | None, str] = {}
        self._hosts: Inventory | None = None

    def __call__(self, step: int, because: Sequence[Cause], reported: Reported) -> Job | Sink | Outcome:
        """The job of a step, or its sink; `error` where a value is missing, naming the connect or the place."""
        try:
            return self.made(step, because, reported)
        except Missing as error:
            return Outcome("error", str(error))
        except Unknown as error:
            return unknown(error)

    def place(self, step: int) -> Place:
        """Where a step runs. Only for programs that `refused` had nothing against."""
        of = self.plan.steps[step].of
        place = self._places.get(of)
        if place is None:
            place = self._places[of] = place_of(self.program, self.program.actions[of])
        return place

    def kin(self, step: int) -> Hashable | None:
        """Equal for steps that are likely to be able to share a process; None for one that shares with none."""
        action = self.program.actions[self.plan.steps[step].of]
        if action.driver not in SHARES or action.node is None or action.scope is None:
            return None
        options = options_of(action)
        if not ALONE.isdisjoint(options):
            return None
        try:
            word = evaluate(action.node.arguments[0], action.scope) if action.node.arguments else ""
        except Unknown:
            return None
        unit, same = action.scope.unit, (options.get(name) for name in ("env", "cwd"))
        texts = (option and unit.source.text[option.start : option.end] for option in same)
        return (action.driver, unit.folder, *texts) if isinstance(word, str) and may_share(word) else None

    def _inventory(self, step: int) -> Inventory:
        """The hosts of the program, where a tool is to go to one of them by itself."""
        place = self.place(step)
        if not (isinstance(place, Remote) and place.from_here):
            return _NO_HOSTS
        if self._hosts is None:
            self._hosts = inventory(self.program)
        return self._hosts

    def made(self, step: int, because: Sequence[Cause], reported: Reported) -> Job | Sink:
        """As to be called, but raises Missing and Unknown."""
        action = self.program.actions[self.plan.steps[step].of]
        handed = self.connections.values(action.resource, step, reported)
        if action.driver == SINK:
            return Sink(action.resource, self._declared(action, handed))
        return self._job(step, action, handed, because)

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
        environment = {
            **rendered.environment,
            "EVDSL_RESOURCE": s.resource,
            "EVDSL_ACTION": s.action,
            "EVDSL_INSTANCE": str(s.instance),
            "EVDSL_HOST": (resource.host if resource and resource.host else LOCAL),
            "EVDSL_RUN": str(self.run),
            "EVDSL_CAUSE": causes_json(because),
        }
        folder = self._folders.get(scope.unit.folder)
        if folder is None:
            folder = self._folders[scope.unit.folder] = os.path.abspath(scope.unit.folder or "")
        return Job(
            step,
            s.id,
            s.resource,
            s.action,
            s.instance,
            driver,
            arguments,
            {name: value for name, value in rendered.options.items() if name != "env"}
            if "env" in rendered.options
            else rendered.options,
            environment,
            folder,
            self.place(step),
            names=rendered.names,
            secrets=rendered.secrets,
            inventory=self._inventory(step),
        )


def causes_json(because: Sequence[Cause]) -> str:
    """`$EVDSL_CAUSE` (section 9). By hand: an encoder spends on each list what writing all of this costs."""
    rows = [
        f'{{"from": {_quoted(c.from_id)}, "event": "{c.event}", "file": {_quoted(c.file)}, "line": {c.line}}}'
        for c in because
    ]
    return f"[{', '.join(rows)}]"


def unknown(error: Unknown) -> Outcome:
    """The outcome of an action of which a value does not fit."""
    d = error.diagnostics[0]
    return Outcome("error", d.message + (f" ({place(d.span)})" if d.span else ""))
