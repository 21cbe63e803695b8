"""What to say of a plan: one sentence what, one what to do, and a label for each step of the path (section 6)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..base.diagnostic import Diagnostic
from ..base.source import Span
from ..meaning.program import Order, Program, Rule
from .cycles import Choice
from .hops import Hop, labels, numbered, told, way, words


def _name(program: Program, action: int) -> str:
    return program.actions[action].name


def listed(words: Sequence[str], last: str = "and", limit: int = 4) -> str:
    """`a`, `b` and `c`; a long list is cut."""
    shown = [f"`{w}`" for w in words]
    if len(shown) > limit:
        shown = [*shown[: limit - 1], f"{len(shown) - limit + 1} more"]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} {last} {shown[-1]}"


def _order(program: Program, order: Order) -> str:
    return f"{_name(program, order.after)} {order.kind} {_name(program, order.before)}"


def _rule(program: Program, rule: Rule) -> str:
    """A rule as it could be written."""
    emitters = [numbered(_name(program, e), n) for e, n in zip(rule.emitters, rule.numbers, strict=True)]
    to = numbered(_name(program, rule.subscriber), rule.number)
    return f"on {'all ' if rule.all else ''}{', '.join(emitters)} {'|'.join(words(rule.events))} {to}"


def written(program: Program, by: Rule | Order) -> str:
    """A rule or order as it could be written, in quotes."""
    return f"`{_order(program, by)}`" if isinstance(by, Order) else f"`{_rule(program, by)}`"


def could(program: Program, qualified: Sequence[int]) -> str:
    """The hint that names what an `again` line can choose."""
    return f"write {listed([f'again {_name(program, a)}' for a in qualified], 'or')}, or take the line out"


def _path(hops: Sequence[Hop]) -> list[int]:
    return [hop.before for hop in hops]


# ---- errors


def unopened(program: Program, hops: Sequence[Hop], ways: Sequence[int]) -> Diagnostic:
    """EV301. The last hop is what holds the first action of the path at `#0`.

    No `again` line is offered, for none could open the part (see cycles.opens).
    """
    held, last = _name(program, hops[-1].after), hops[-1]
    by = written(program, last.by)
    hint = f"take {by} out, or set off from outside an action of the cycle that no order leads into"
    if all(isinstance(hop.by, Order) for hop in hops):
        why = "it is made of orders alone"
        hint = "take one of these orders out, or make a rule of it"
    elif len(ways) == 1:
        why = f"its only way in is `{held}`, and {by} binds it from within"
    else:
        why = f"each of its ways in is bound from within, `{held}` by {by}"
    message = f"the cycle {way(program, _path(hops))} cannot be opened: {why}"
    if isinstance(last.by, Rule):
        hint = f"take the `#0` out of {by}, or set off another action of the cycle from outside"
    return Diagnostic("EV301", message, last.by.origin, hint, labels(program, hops))


def waits_for_itself(ids: Sequence[str], steps: Sequence[tuple[Span, str]]) -> Diagnostic:
    """EV302. `ids`: the instances of the circle; `steps`: a label for each hop."""
    shown = " → ".join([*ids, ids[0]]) if len(ids) < 8 else " → ".join([*ids[:4], "…", *ids[-2:], ids[0]])
    message = f"`{ids[0]}` would wait for itself: {shown}"
    hint = "take an explicit `#N` of this path out, or let it name another run"
    return Diagnostic("EV302", message, steps[0][0], hint, tuple(steps))


def order_on_itself(program: Program, order: Order) -> Diagnostic:
    """EV303."""
    name = _name(program, order.after)
    message = f"`{_order(program, order)}`: an action cannot wait for itself"
    step = labels(program, [Hop(order.before, order.after, order)])
    return Diagnostic("EV303", message, order.origin, f"take `{name}` out on one side", step)


def not_made(program: Program, rule: Rule, action: int, number: int, made: int) -> Diagnostic:
    """EV304: a rule listens to an instance that the plan does not make; it makes `made` of that action."""
    name = _name(program, action)
    message = f"the plan makes no `{name}#{number}`"
    hint = f"`{name}` runs once: write `{name}`" if made == 1 else f"the last one is `{name}#{made - 1}`"
    label = told(program, Hop(action, rule.subscriber, rule))
    return Diagnostic("EV304", message, rule.origin, hint, ((rule.origin, label),))


def gap(program: Program, rule: Rule, missing: int) -> Diagnostic:
    """EV305: the rule makes an instance, and the one numbered `missing` before it is made by nothing."""
    name = _name(program, rule.subscriber)
    message = f"the numbers of `{name}` leave a gap: there is a `#{rule.number}` and no `#{missing}`"
    label = told(program, Hop(rule.emitters[0], rule.subscriber, rule))
    return Diagnostic("EV305", message, rule.origin, f"write `{name}#{missing}`", ((rule.origin, label),))


def not_obeyed(
    program: Program, action: int, span: Span, why: str, hint: str, hops: Sequence[Hop]
) -> Diagnostic:
    """EV306."""
    message = f"`again {_name(program, action)}` is not obeyed: {why}"
    return Diagnostic("EV306", message, span, hint, labels(program, hops))


def no_steps(program: Program, entry: str) -> Diagnostic:
    """EV307."""
    message = f"this plan has no steps: nothing starts by itself under the entry action `{entry}`"
    hint = "name what starts: `start RESOURCE.ACTION` in the file, or `--start` or `--action`"
    return Diagnostic("EV307", message, None, hint, (), None, program.path)


# ---- notes


def reason(program: Program, choice: Choice) -> str:
    """Why the action of a cycle that runs again does (step 2 of section 6)."""
    rivals = listed(sorted(_name(program, a) for a in choice.rivals)) if choice.rivals else ""
    lead = "leads" if choice.into == 1 else "lead"
    return {
        "again": "an `again` line names it",
        "only": "it is the only way in",
        "free": "the other ways in are bound from within, by an order or a `#0`",
        "product": f"it is tied in most closely, {choice.into} of the cycle {lead} into it and it leads to {choice.onto}",
        "depth": f"it is tied in as closely as {rivals} and lies deeper",
        "mention": f"it is tied in as closely as {rivals}, lies as deep and is mentioned first",
    }[choice.by]


def cycle(program: Program, hops: Sequence[Hop], choice: Choice) -> Diagnostic:
    """EV501. `hops` begin and end with the action that runs again."""
    name = _name(program, choice.again)
    message = f"in the cycle {way(program, _path(hops))} `{name}` runs again: {reason(program, choice)}"
    others = [f"again {_name(program, a)}" for a in choice.qualified if a != choice.again]
    hint = ""
    if others and choice.by == "again":
        hint = f"in place of `again {name}` you could write {listed(others, 'or')}"
    elif others:
        hint = f"write {listed(others, 'or')} to choose another"
    return Diagnostic("EV501", message, hops[-1].by.origin, hint, labels(program, hops))


def closed(program: Program, hops: Sequence[Hop], entry: str) -> Diagnostic:
    """EV502. `hops`: the way round from the action that starts the cycle."""
    name = _name(program, hops[0].before)
    message = f"nothing from outside sets off the cycle {way(program, _path(hops))}: `{name}` starts it"
    hint = f"write `start {name}` to settle it" if entry == "run" else f"write a rule that sets off `{name}`"
    return Diagnostic("EV502", message, hops[0].by.origin, hint, labels(program, hops))


def fallback(program: Program, starts: Sequence[int], entry: str) -> Diagnostic:
    """EV503: nothing started by the rules, so what nothing sets off does."""
    names = [_name(program, a) for a in starts]
    called = any(a.action == entry for a in program.actions)
    message = f"no `{entry}` starts by itself" if called else f"no action is called `{entry}`"
    message += f": what no rule sets off starts, {listed(names)}"
    lines = "`start` lines" if entry == "run" else "`--start`"
    kinds = sorted({program.actions[a].action for a in starts})
    hint = f"name what starts with {lines}, or write {listed([f'--action {k}' for k in kinds], 'or')}"
    if entry == "run" and len(names) == 1:
        hint = f"write `start {names[0]}` to settle it"
    return Diagnostic("EV503", message, _mention(program, starts[0]), hint)


def _mention(program: Program, action: int) -> Span | None:
    """Where an action is first mentioned, or declared."""
    for rule in program.rules:
        if action == rule.subscriber or action in rule.emitters:
            return rule.origin
    for order in program.orders:
        if action in (order.before, order.after):
            return order.origin
    return program.actions[action].span


def _by_origin(items: Iterable[Rule | Order]) -> list[list[Rule | Order]]:
    """What one statement made, together: a pattern can make thousands."""
    groups: dict[tuple[int, int, int], list[Rule | Order]] = {}
    for item in items:
        span = item.origin
        groups.setdefault((id(span.source), span.start, span.end), []).append(item)
    return list(groups.values())


def gave_way(program: Program, orders: Iterable[Order]) -> list[Diagnostic]:
    """EV504: weak orders that were dropped, one note for each statement."""
    notes = []
    for group in _by_origin(orders):
        shown = [_order(program, o) for o in group if isinstance(o, Order)]
        gives = "give way: each lies" if len(shown) > 1 else "gives way: it lies"
        message = f"{listed(shown)} {gives} in a cycle"
        hint = "write a rule or an order of your own if one must come before the other"
        notes.append(Diagnostic("EV504", message, group[0].origin, hint))
    return notes


def removal(program: Program, rules: Iterable[Rule]) -> list[Diagnostic]:
    """EV505: rules of connects on `remove` that were dropped, one note for each statement."""
    notes = []
    for group in _by_origin(rules):
        made = [r for r in group if isinstance(r, Rule)]
        gone = list(dict.fromkeys(f"{program.actions[r.subscriber].resource}.remove" for r in made))
        left = "is left out" if len(made) == 1 else "are left out"
        message = f"{listed([_rule(program, r) for r in made])} {left}: this plan holds {listed(gone)}"
        hint = "write the rule yourself if it must hold there too"
        notes.append(Diagnostic("EV505", message, group[0].origin, hint))
    return notes
