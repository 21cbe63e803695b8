"""The tasks of a step: one, or for a role and for guards before a module a few."""

from __future__ import annotations

from ..base.drivers import SINK
from ..drivers.driver import Unfit as Misfit
from ..drivers.registry import for_file
from ..meaning.program import Action
from ..meaning.render import Rendered, render
from ..meaning.values import Unknown
from .ansible_call import call, for_commands_only, guards, module_of
from .ansible_command import command
from .ansible_drivers import Unfit
from .ansible_files import Unusable
from .ansible_role import role
from .ansible_sink import sink
from .ansible_step import Making, Ready
from .ansible_values import Seen, Variables
from .ansible_yaml import Noted


def tasks(making: Making, step: int) -> list[Noted]:
    """The tasks of a step; none, refused, where it cannot be expressed."""
    action = making.program.actions[making.plan.steps[step].of]
    try:
        return _tasks(making, _ready(making, step, action))
    except Unknown as error:
        for d in error.diagnostics:
            making.findings.refuse(d.message, d.span or action.span, d.hint or "give it a value", d.code)
    except Unfit as problem:
        making.findings.refuse(f"`{action.name}`: {problem}", making.span(action), problem.hint)
    except (Unusable, Misfit) as problem:
        said = f"`{action.name}`: {problem}"
        making.findings.refuse(said, making.span(action), "mend it, then compile again")
    return []


def _ready(making: Making, step: int, action: Action) -> Ready:
    id_, variables = making.plan.steps[step].id, Variables()
    if action.driver == SINK:
        return Ready(step, id_, action, SINK, Rendered((), {}, {}), {}, variables, action.span)
    seen = Seen(making.giving, step, variables)
    rendered = render(making.program, action, seen.data)
    driver, arguments = for_file(action.file) if action.file else (action.driver, rendered.arguments)
    rendered = Rendered(arguments, rendered.options, rendered.environment)
    resource = making.program.resources.get(action.resource)
    host = (
        resource.host if resource and not driver.startswith("http.") else None
    )  # requests are sent from here
    if host is not None:
        making.hosts.setdefault(host)
    return Ready(step, id_, action, driver, rendered, seen.names, variables, making.span(action), host)


def _tasks(making: Making, ready: Ready) -> list[Noted]:
    if ready.driver == SINK:
        return [sink(making, ready)]
    if ready.driver in ("sh", "exec"):
        return [command(making, ready)]
    for_commands_only(making, ready)
    if ready.driver == "ansible.role":
        return role(making, ready)
    found = module_of(making, ready)
    if found is None:
        return []
    before = guards(making, ready)
    return [*before, call(making, ready, found, guarded=bool(before))]
