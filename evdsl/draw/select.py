"""Selectors: which steps of a plan a picture shows.

haproxy.run     an action, one instance of it (`haproxy.run#1`), or all actions of a resource or below a prefix
rmq.*           a pattern, of actions or of resources
@web1           all on a host, a pattern as well
+x  x+  +x+     also what leads to it, what follows from it, both, over any number of rules
x+2  2+x        over so many rules at most
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..meaning.pattern import is_pattern, matches, too_wild
from ..meaning.program import Program
from ..plan.plan import Look, Plan
from .labels import branches

_FORM = re.compile(r"(?:(?P<before>\d{0,6})\+)?(?P<core>.+?)(?:\+(?P<after>\d{0,6}))?", re.DOTALL)


def selected(plan: Plan, program: Program, selector: str) -> list[int]:
    """The steps that one selector names, in their order; none if it names nothing in the plan."""
    own = _named(plan, program, selector)  # `c+2` may be a name
    if own:
        return own
    form = _FORM.fullmatch(selector)
    if form is None:
        return []
    own = _named(plan, program, form["core"])
    ahead = [[branch.to for branch in found] for found in branches(plan)]
    last: dict[int, int] = {}
    for number, step in enumerate(plan.steps):
        if step.of in last:
            ahead[last[step.of]].append(number)
        last[step.of] = number
    back: list[list[int]] = [[] for _ in ahead]
    for number, follows in enumerate(ahead):
        for after in follows:
            back[after].append(number)
    found = set(own)
    for steps, far in ((back, form["before"]), (ahead, form["after"])):
        if far is not None:
            found |= _within(steps, own, int(far) if far else len(ahead))
    return sorted(found)


def _named(plan: Plan, program: Program, core: str) -> list[int]:
    steps = range(len(plan.steps))
    if core.startswith("@"):
        hosts = {name: r.host for name, r in program.resources.items() if r.host}
        wanted = set(_fitting(core[1:], dict.fromkeys(hosts.values())))
        return [s for s in steps if hosts.get(plan.steps[s].resource) in wanted]
    if is_pattern(core):
        wanted = set(_fitting(core, dict.fromkeys(step.name for step in plan.steps)))
        resources = set(_fitting(core, dict.fromkeys(step.resource for step in plan.steps)))
        return [s for s in steps if plan.steps[s].name in wanted or plan.steps[s].resource in resources]
    for texts in (
        [(step.id, step.name) for step in plan.steps],
        [(step.resource,) for step in plan.steps],
    ):
        found = [s for s in steps if core in texts[s]]
        if found:
            return found
    return [s for s in steps if plan.steps[s].resource.startswith(core + ".")]


def _fitting(pattern: str, names: Iterable[str]) -> list[str]:
    if not is_pattern(pattern):
        return [name for name in names if name == pattern]
    return [] if too_wild(pattern) else [name for name, _ in matches(pattern, names)]


def _within(steps: list[list[int]], begin: list[int], far: int) -> set[int]:
    """What can be reached over at most so many steps, the beginning included."""
    reached = set(begin)
    edge = list(begin)
    while edge and far:
        far -= 1
        edge = list(dict.fromkeys(n for step in edge for n in steps[step] if n not in reached))
        reached.update(edge)
    return reached


def part(plan: Plan, steps: Iterable[int]) -> Plan:
    """The plan with these steps alone, for drawing: what is not in it is not looked at."""
    kept = sorted(set(steps))
    number = {step: at for at, step in enumerate(kept)}

    def looks(given: Iterable[Look]) -> tuple[Look, ...]:
        cut = (look._replace(steps=tuple(number[s] for s in look.steps if s in number)) for look in given)
        return tuple(look for look in cut if look.steps)

    triggers, orders = [], []
    for step in kept:
        seen = ((looks(trigger.looks), trigger) for trigger in plan.triggers[step])
        triggers.append([t._replace(looks=own, to=number[step]) for own, t in seen if own])
        before = ((looks([order.before]), order) for order in plan.orders[step])
        orders.append([o._replace(before=own[0], after=number[step]) for own, o in before if own])
    return Plan(
        path=plan.path,
        steps=[plan.steps[step] for step in kept],
        start=[number[step] for step in plan.start if step in number],
        triggers=triggers,
        orders=orders,
        cycles=plan.cycles,
        dormant=plan.dormant,
        entry=plan.entry,
    )
