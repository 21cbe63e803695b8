"""What a plan comes to, as text: to tell whether two plans are the same, and which of their steps are.

The text of a step holds all that decides what it does and when: its command with the options and values it sees, the
rules and orders into it, whether it starts the plan. Places in files and comments are no part of it. A secret is there
by its name alone, a script under `actions/` by its path: one that was mended is still the same step.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256

from ..meaning.program import Action, Program
from ..meaning.render import Values, options_of
from ..meaning.values import Unknown
from ..syntax import oneline
from .hops import words
from .plan import Plan

_encoded = json.JSONEncoder(ensure_ascii=False, sort_keys=True, default=str).encode


def fingerprint(program: Program, plan: Plan) -> str:
    """64 hexadecimal digits, the same for two plans that do the same. Of a plan that was kept: `of_outline`."""
    return of_outline(outline(plan, commands(program, plan)))


def of_outline(texts: Mapping[str, str]) -> str:
    """The fingerprint of a plan of which this is the outline."""
    digest = sha256()
    for id_ in sorted(texts):
        digest.update(f"{id_}\0{texts[id_]}\0".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def outline(plan: Plan, doing: Mapping[str, str]) -> dict[str, str]:
    """The text of each step, by id. `doing`: what `commands` gave for its plan."""
    starting = set(plan.start)
    found: dict[str, str] = {}
    for number, step in enumerate(plan.steps):
        into = sorted(
            f"{'all ' if t.all else ''}{', '.join(look.name for look in t.looks)} {'|'.join(words(t.events))}"
            for t in plan.triggers[number]
        )
        behind = sorted({f"{'needs' if e.needs else 'after'} {e.before.name}" for e in plan.orders[number]})
        start = ["start"] if number in starting else []
        found[step.id] = "\n".join([doing.get(step.name, ""), *start, *into, *behind])
    return found


def commands(program: Program, plan: Plan) -> dict[str, str]:
    """What each planned action does, by name: driver, arguments and options as written, the values of the names it sees.

    An action of which nothing but its name is known has no entry.
    """
    names: dict[str, object] = {}
    found: dict[str, str] = {}
    for number in sorted({step.of for step in plan.steps}):
        action = program.actions[number]
        if action.scope is None or not (action.driver or action.file):
            continue
        if action.resource not in names:
            names[action.resource] = _names(program, action)
        found[action.name] = _encoded(
            {
                "driver": action.driver,
                "file": action.file,
                "arguments": [oneline.value(a) for a in action.node.arguments] if action.node else [],
                "options": {n: oneline.value(o.value) for n, o in options_of(action).items()},
                "names": names[action.resource],
                "loop": dict(action.scope.loop),
            }
        )
    return found


def _names(program: Program, action: Action) -> dict[str, object]:
    """The values that the actions of a resource see, as far as they are known before the run, and where it is."""
    scope = action.scope
    assert scope is not None
    values = Values(program, action.resource, scope)
    found: dict[str, object] = {"params": scope.unit.params}
    declared = values.declared
    if declared is not None:
        own = found["attributes"] = dict[str, object]()
        for name, attribute in declared.attributes.items():
            try:
                own[name] = values.attribute(name)
            except Unknown:  # made of what a connect hands over
                own[name] = [oneline.value(attribute.value)]
        if declared.host is not None and declared.host in program.hosts:
            host = program.hosts[declared.host]
            found["host"] = [host.name, host.address, host.options]
    return found
