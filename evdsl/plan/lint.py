"""What is worth a warning although the program stands: findings that need no plan, and findings that need one.

Each pass is a function that yields one diagnostic for a place. A warning must be one that a maintainer thanks for:
where it cannot be known whether something is wrong, nothing is said.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator

from ..base.diagnostic import Diagnostic
from ..base.events import SUCCESS, matched
from ..base.memory import all_kept
from ..base.source import Span
from ..meaning.program import Program, Rule
from .lint_actions import not_set_off, unused_names, without_driver
from .lint_data import read_too_early
from .lint_names import near_misses, numbers_in_comments
from .lint_rules import every_changed, never_matching
from .places import Places, key
from .plan import Plan
from .says import Says

MOST_LABELS = 8
"""More places than that are not shown in one message."""


@all_kept()
def lint_program(program: Program) -> list[Diagnostic]:
    """What is known of a program without a plan: EV401 to EV406, EV409, EV411, EV412 and EV507."""
    places, says = Places(program), Says(program)
    return [
        *not_set_off(program, places),
        *never_matching(program, says, places),
        *without_driver(program, places),
        *unused_names(program),
        *every_changed(program, says, places),
        *near_misses(program),
        *read_too_early(program),
        *numbers_in_comments(program),
    ]


@all_kept()
def lint_plan(program: Program, plan: Plan, entry: str, start: list[int] | None) -> list[Diagnostic]:
    """What shows only in a plan: EV407, EV408 and EV413; `entry` and `start` are those that it was made with.

    EV407 and EV413 are about a plain run, so only of such a plan are they told.
    """
    places = Places(program)
    found = [*never_the_same(program, plan, Says(program))]
    if entry == "run" and start is None:
        found += [*started_and_set_off(program, plan, places), *dormant_emitters(program, plan, places)]
    return found


def started_and_set_off(program: Program, plan: Plan, places: Places) -> Iterator[Diagnostic]:
    """EV407: what a `start` names and rules set off too: it does not start, it runs once, after all of them.

    An entry action is left alone: there that is the only thing that `start` can mean.
    """
    for number in program.starts:
        action = program.actions[number]
        if action.action == "run":
            continue
        for step, triggers in zip(plan.steps, plan.triggers, strict=True):
            if step.of == number and not step.instance and triggers:
                span = places.started(action.name)
                if span is None:
                    continue
                message = (
                    f"`{action.name}` is set off by rules too: it runs once, after all of them are settled"
                )
                hint = f"take `start {action.name}` out if it need not run without them"
                label = (triggers[0].origin, f"this rule sets `{action.name}` off")
                yield Diagnostic("EV407", message, span, hint, (label,))


def never_the_same(program: Program, plan: Plan, says: Says) -> Iterator[Diagnostic]:
    """EV408: a cycle that runs again an action which never says `ok`, so that nothing shows whether it converged.

    A cycle that goes on only by a failure is a retry, and left alone.
    """
    if not plan.cycles:
        return
    numbers = {action.name: number for number, action in enumerate(program.actions)}
    loops: dict[int, list[tuple[str, ...]]] = {}
    for number, triggers in plan.loops.items():
        loops.setdefault(plan.steps[number].of, []).extend(trigger.events for trigger in triggers)
    closing: dict[int, list[tuple[str, ...]]] = {}
    for step, triggers in zip(plan.steps, plan.triggers, strict=True):
        closing.setdefault(step.of, []).extend(trigger.events for trigger in triggers if trigger.closing)
    for cycle in plan.cycles:
        number = numbers[cycle.again]
        said = says(number)
        if said is None or "ok" in said:
            continue
        if _goes_on(closing.get(number, ())) and _goes_on(loops.get(number, ())):
            message = f"`{cycle.again}` runs again in a cycle and never says `ok`: nothing shows that all is settled"
            hint = 'let it tell: by `changes`, by `unless`, or by `echo ok > "$EVDSL_EVENT"`'
            yield Diagnostic("EV408", message, cycle.hops[-1], hint)


def _goes_on(rules: Iterable[tuple[str, ...]]) -> bool:
    """Whether one of some rules can match without a failure."""
    return any(matched(events) & SUCCESS for events in rules)


def dormant_emitters(program: Program, plan: Plan, places: Places) -> Iterator[Diagnostic]:
    """EV413: rules that never match in a plain run, as nothing in it sets their emitter off.

    Told once for each emitter, at its first rule; not at what follows from it. Left alone: what `connect` made,
    imported files, emitters called `remove`, and names of which several resources have an action and none is planned:
    those are for `--action`. So is everything where no entry action starts the plan.
    """
    if not plan.dormant or any(note.code == "EV503" for note in plan.notes):
        return
    names = set(plan.dormant)
    dormant = bytearray([action.name in names for action in program.actions])
    families = _families(program, dormant)
    rules = [rule for rule in program.rules if any(dormant[e] for e in rule.emitters)]
    if not rules:
        return
    dead = Counter(key(rule.origin) for rule in rules)
    made = Counter(at for rule in program.rules if (at := key(rule.origin)) in dead)
    told: dict[int, list[Rule]] = {}
    for rule, emitter in _roots(program, rules, dormant):
        action = program.actions[emitter]
        if rule.removal or action.action == "remove" or action.action in families:
            continue
        if (
            dead[key(rule.origin)] < made[key(rule.origin)]
            or rule.origin.source is not program.units[0].source
        ):
            continue
        if emitter in told or (places.by_author(rule.origin) and not places.may_set_off(action.name)):
            told.setdefault(emitter, []).append(rule)
    done: set[tuple[int, int, int]] = set()
    for emitter, (first, *others) in told.items():
        at = key(first.origin)
        if at in done:
            continue
        done.add(at)
        name = program.actions[emitter].name
        more = {key(rule.origin): rule.origin for rule in others if key(rule.origin) != at}
        message = f"nothing in a plain run sets off `{name}`, so this rule never matches"
        if more:
            message += f", nor do{'es the other' if len(more) == 1 else f' the {len(more)} others'} on it"
        hint = f"write `start {name}`, or a rule that sets it off"
        labels = tuple((origin, "nor does this one") for origin in list(more.values())[:MOST_LABELS])
        yield Diagnostic("EV413", message, places.reference(first.origin, name), hint, labels)


def _families(program: Program, dormant: bytearray) -> set[str]:
    """The action names that several places declare (rules-only: several resources have) and of which none is planned."""
    at: dict[str, set[Hashable]] = {}
    awake: set[str] = set()
    for number, action in enumerate(program.actions):
        if not dormant[number]:
            awake.add(action.action)
        span: Span | None = action.span
        at.setdefault(action.action, set()).add(key(span) if span else action.resource)
    return {name for name, places in at.items() if len(places) > 1 and name not in awake}


def _roots(program: Program, rules: list[Rule], dormant: bytearray) -> Iterator[tuple[Rule, int]]:
    """The rules with a dormant emitter that nothing sets off; of a dormant cycle that nothing leads into the first.

    `rules` are those with dormant emitters; each comes with that emitter.
    """
    triggered: set[int] = set()
    out: dict[int, list[int]] = {}
    for rule in rules:
        for emitter in rule.emitters:
            if dormant[emitter]:
                out.setdefault(emitter, []).append(rule.subscriber)
        if not rule.number:
            triggered.add(rule.subscriber)
    explained: set[int] = set()

    def explain(action: int) -> None:
        todo = [action]
        while todo:
            at = todo.pop()
            if at not in explained:
                explained.add(at)
                todo += out.get(at, ())

    for rule in rules:
        for emitter in rule.emitters:
            if dormant[emitter] and emitter not in triggered:
                explain(emitter)
                yield rule, emitter
    for rule in rules:
        for emitter in rule.emitters:
            if dormant[emitter] and emitter in triggered and emitter not in explained:
                explain(emitter)
                yield rule, emitter
