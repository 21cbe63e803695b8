"""When a step runs, as conditions of Ansible (section 7): the rules that set it off, and what it needs."""

from __future__ import annotations

from ..base.events import MATCHES, OUTCOMES, matched
from ..plan.hops import words
from ..plan.plan import Plan, Trigger
from .ansible_filters import BARS
from .ansible_names import Names
from .ansible_yaml import Flow, FlowMap, Jinja, expression

_SETS = {word: f"evdsl_{word}" for word in ("changed", "success", "failure", "done")}

VARIABLES: dict[str, object] = {
    **{name: Flow(MATCHES[word]) for word, name in _SETS.items()},
    BARS: Flow(["failed", "error", "skipped"]),
}
"""The variables that conditions are made of. What is `skipped` in a playbook was always vetoed."""


def conditions(names: Names, step: int) -> list[Jinja]:
    """What must hold for a step to run: first that it is set off (no condition for what starts), then what it needs."""
    plan, found = names.plan, []
    if step not in names.starting:
        found.append(_any([_fires(names, trigger) for trigger in plan.triggers[step]]))
    vetoes = [f"{names.look(edge.before)} not in {BARS}" for edge in plan.orders[step] if edge.needs]
    return found + [Jinja(veto) for veto in dict.fromkeys(vetoes)]


def _any(rules: list[str]) -> Jinja:
    rules = list(dict.fromkeys(rules))
    if not rules:
        return Jinja("false")
    return Jinja(rules[0] if len(rules) == 1 else " or ".join(rules))


def _fires(names: Names, trigger: Trigger) -> str:
    looks = [f"{names.look(look)} {_among(trigger.events)}" for look in trigger.looks]
    looks = list(dict.fromkeys(looks))
    if len(looks) == 1:
        return looks[0]
    return "(" + (" and " if trigger.all else " or ").join(looks) + ")"


def _among(events: tuple[str, ...]) -> str:
    if len(events) == 1 and events[0] in _SETS:
        return f"in {_SETS[events[0]]}"
    every = matched(events)
    found = [event for event in (*OUTCOMES, "skipped") if event in every]
    if len(found) == 1:
        return f"== '{found[0]}'"
    return "in [" + ", ".join(f"'{event}'" for event in found) + "]"


def causes(names: Names, step: int, place: dict[str, str]) -> list[object]:
    """The rules into a step with what they look at, for `$EVDSL_CAUSE`. `place`: how each file is named."""
    return [_cause(names, trigger, place) for trigger in names.plan.triggers[step]]


def _cause(names: Names, trigger: Trigger, place: dict[str, str]) -> object:
    line, path = trigger.origin.line, trigger.origin.source.path
    says = "|".join(words(trigger.events))
    looks: list[object] = [
        FlowMap(
            {
                "from": look.name,
                "event": expression(names.look(look)),
                "says": says,
                "file": place.get(path, path),
                "line": line,
            }
        )
        for look in trigger.looks
    ]
    return {"all": looks} if trigger.all else looks[0]


def follows_one_line(plan: Plan) -> bool:
    """Whether each step of a plan waits for the one before it, so that none could ever run beside another."""
    for step in range(1, len(plan.steps)):
        before = [s for trigger in plan.triggers[step] for look in trigger.looks for s in look.steps]
        before += [s for edge in plan.orders[step] for s in edge.before.steps]
        earlier = plan.steps[step - 1]
        again = plan.steps[step].instance and earlier.of == plan.steps[step].of
        if step - 1 not in before and not again:
            return False
    return True
