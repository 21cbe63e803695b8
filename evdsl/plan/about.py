"""What can be told of one action or one statement: what sets it off, what it sets off, why it runs again."""

from __future__ import annotations

from bisect import bisect_left
from operator import attrgetter
from typing import NamedTuple

from ..base.diagnostic import Fix
from ..base.source import Span
from ..meaning.occurrences import Occurrence, Occurrences
from ..meaning.program import Order, Program, Rule
from ..syntax import ast
from .faults import written
from .places import Places, references
from .plan import Cycle, Plan
from .says import Said, Says

_start = attrgetter("start")


class Told(NamedTuple):
    """A rule or order as it could be written, and where it comes from."""

    text: str
    origin: Span


class About(NamedTuple):
    """Facts of an action. `said`: the outcomes it can end with, None if that does not show. `runs`: how often, at most,
    in the plan; 0 if it is not in it, None without a plan. `cycles`: those in which it runs again."""

    name: str
    doc: str
    driver: str
    file: str
    host: str
    said: Said | None
    into: list[Told]
    out: list[Told]
    orders: list[Told]
    runs: int | None
    starts: bool
    cycles: list[Cycle]


def about(program: Program, plan: Plan | None, name: str) -> About | None:
    """The facts of an action; None if there is no such action."""
    number = next((i for i, a in enumerate(program.actions) if a.name == name), None)
    if number is None:
        return None
    action = program.actions[number]
    resource = program.resources.get(action.resource)
    into = [r for r in program.rules if r.subscriber == number]
    out = [r for r in program.rules if number in r.emitters]
    orders = [o for o in program.orders if number in (o.before, o.after)]
    return About(
        name,
        action.doc or (resource.doc if resource else ""),
        action.driver,
        action.file,
        (resource.host or "") if resource else "",
        Says(program)(number),
        _told(program, into),
        _told(program, out),
        _told(program, orders),
        sum(s.of == number for s in plan.steps) if plan else None,
        bool(plan and any(plan.steps[s].of == number for s in plan.start)),
        [c for c in plan.cycles if c.again == name] if plan else [],
    )


def _told(program: Program, items: list[Rule] | list[Order]) -> list[Told]:
    return [Told(written(program, item).strip("`"), item.origin) for item in items]


def expanded(program: Program, statement: Span) -> list[Told]:
    """The rules and orders that a statement stands for, in their order."""
    found = list[Told]()
    items: list[Rule | Order] = [*program.rules, *program.orders]
    for item in items:
        origin = item.origin
        if (
            origin.source is statement.source
            and statement.start <= origin.start
            and origin.end <= statement.end
        ):
            weak = " (weak)" if isinstance(item, Order) and item.weak else ""
            found.append(Told(written(program, item).strip("`") + weak, origin))
    return found


class Numbers(NamedTuple):
    """The instances that a mention looks at or sets off, as `#0 #1`; they stand behind it, at `at`."""

    at: int
    text: str


def numbers(program: Program, plan: Plan, known: Occurrences, path: str) -> list[Numbers]:
    """The instances of actions that run more than once, at each mention in a rule and each declaration in a file."""
    several: dict[str, set[int]] = {}
    for step in plan.steps:
        if step.instance:
            several.setdefault(step.name, {0}).add(step.instance)
    if not several:
        return []
    seen: dict[int, set[int]] = {}
    mentions = [
        o for o in known.files.get(path, []) if o.kind == "action" and not several.keys().isdisjoint(o.names)
    ]
    for o in mentions:
        if o.declares:
            seen[o.end] = {n for name in o.names for n in several.get(name, ())}
    places = Places(program)
    for step, triggers in zip(plan.steps, plan.triggers, strict=True):
        for trigger in triggers:
            if trigger.origin.source.path != path or not (
                step.name in several
                or any(plan.steps[i].name in several for look in trigger.looks for i in look.steps)
            ):
                continue
            found = places.at(trigger.origin)
            if found is None or not isinstance(found.node, ast.Rule):
                continue
            looks: dict[str, set[int]] = {}
            for look in trigger.looks:
                for at in look.steps:
                    looks.setdefault(plan.steps[at].name, set()).add(plan.steps[at].instance)
            for o in _within(mentions, found.node):
                emits = o.start < found.node.events[0].start
                for name in o.names:
                    if name in several and emits and name in looks:
                        seen.setdefault(o.end, set()).update(looks[name])
                    elif name == step.name and name in several and not emits:
                        seen.setdefault(o.end, set()).add(step.instance)
    text = known.files[path][0].source.text
    return [
        Numbers(at, " ".join(f"#{n}" for n in sorted(found)))
        for at, found in sorted(seen.items())
        if text[at : at + 1] != "#"
    ]


def _within(mentions: list[Occurrence], node: ast.Rule) -> list[Occurrence]:
    first = bisect_left(mentions, node.start, key=_start)
    return mentions[first : bisect_left(mentions, node.end, key=_start)]


class Choice(NamedTuple):
    """A line that would resolve a cycle in another way: `title` says what it does, `at` where the cycle is told."""

    title: str
    at: Span
    fix: Fix


def choices(program: Program, plan: Plan) -> list[Choice]:
    """For each cycle, the `again` lines that would let another of its actions run again."""
    found: list[Choice] = []
    for cycle in plan.cycles:
        last = cycle.hops[-1]
        unit = next((u for u in program.units if u.source is last.source), None)
        if unit is None:
            continue
        line = next(
            (span for number, span in program.agains if program.actions[number].name == cycle.again), None
        )
        end = last.source.text.find("\n", last.end)
        end = len(last.source.text) if end < 0 else end
        for name in cycle.others:
            if not name.startswith(unit.prefix) or (line is not None and line.source is not last.source):
                continue
            local = name[len(unit.prefix) :]
            fix = Fix(line, local) if line else Fix(Span(last.source, end, end), f"\nagain {local}")
            found.append(Choice(f"Let `{name}` run again, not `{cycle.again}`", last, fix))
    return found


def statement_at(program: Program, path: str, offset: int) -> tuple[ast.Statement, Span] | None:
    """The innermost statement at an offset of a file, and its place."""
    for unit in program.units:
        if unit.source.path == path:
            body, found = unit.file.statements, None
            while inside := next((s for s in body if s.start <= offset <= s.end), None):
                found = inside
                body = inside.body if isinstance(inside, ast.For) else ()
            return (found, Span(unit.source, found.start, found.end)) if found is not None else None
    return None


def is_several(statement: ast.Statement) -> bool:
    """Whether a statement stands for more than is written: a connect, serial, a list, a pattern."""
    if isinstance(statement, (ast.Connect, ast.Serial)):
        return True
    if isinstance(statement, (ast.Rule, ast.Order)):
        refs = references(statement)
        return len(refs) > 2 or any("*" in r.text or "<" in r.text or "{{" in r.text for r in refs)
    return False
