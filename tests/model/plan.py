"""The reference model of LANGUAGE.md sections 4 (weak), 5, 6 and 8 (rules only): from text to a plan.

Sets and definitions as the page has them, in its order; no thought is given to speed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

Ref = tuple[str, int | None]
Edge = tuple[str, str]

EVENTS = frozenset(
    ["done", "success", "ok", "changed", "created", "removed", "failure", "failed", "error", "skipped"]
)


class Refused(Exception):
    """The program has no plan (an error of section 5 or 6)."""


@dataclass(frozen=True)
class MRule:
    """A rule (section 2); `remove` marks `on a.remove changed b.run` made by a connect (section 8)."""

    emitters: tuple[Ref, ...]
    events: frozenset[str]
    all: bool
    to: Ref
    remove: bool = False


@dataclass(frozen=True)
class MOrder:
    """An order (section 2): `after needs before` or `after after before`."""

    before: str
    after: str
    kind: str  # 'after' | 'needs'
    weak: bool = False


@dataclass
class MProgram:
    """A program expanded to plain rules and orders (section 4); `actions` in order of first mention."""

    actions: list[str] = field(default_factory=list)
    rules: list[MRule] = field(default_factory=list)
    orders: list[MOrder] = field(default_factory=list)
    starts: list[str] = field(default_factory=list)
    agains: list[str] = field(default_factory=list)
    sinks: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class MPlanRule:
    """A rule of the plan. A look is an id (`a.run#0`), or an action (`a.run`): its fold (section 10)."""

    looks: tuple[str, ...]
    events: frozenset[str]
    all: bool
    to: str
    closing: bool


@dataclass(frozen=True)
class MPlanOrder:
    """An order of the plan: `after` is an instance, `before` a look as in MPlanRule."""

    before: str
    after: str
    kind: str


@dataclass
class MPlan:
    """The plan: sets as in the cases, ids always with their number."""

    start: set[str]
    steps: set[str]
    again: set[str]
    rules: set[MPlanRule]
    orders: set[MPlanOrder]
    dormant: set[str]

    def instances(self, action: str) -> list[str]:
        """The ids of an action in the order of their numbers."""
        return sorted((s for s in self.steps if s.rpartition("#")[0] == action), key=number)

    def canonical(self, look: str) -> str:
        """The fold of an action with one instance is that instance: one spelling for comparisons."""
        return f"{look}#0" if len(self.instances(look)) == 1 else look


def number(step: str) -> int:
    """The instance number of an id."""
    return int(step.rpartition("#")[2])


# --- rules-only text (sections 1, 2, 8) --------------------------------------------------------------------

_REF = r"[\w.+@-]+(?:#\d+)?"
_LIST = rf"{_REF}(?:\s*,\s*{_REF})*"
_RULE = re.compile(rf"on\s+(all\s+)?({_LIST})\s+(\w+(?:\|\w+)*)\s+({_LIST})")
_ORDER = re.compile(rf"({_LIST})\s+(after|needs)\s+({_LIST})")
_CONNECT = re.compile(r"connect\s+([\w.+@-]+)\s+([\w.+@-]+)")
_NAMING = re.compile(rf"(start|again)\s+({_LIST})")


def parse_rules_only(text: str) -> MProgram:
    """Parse a rules-only program (section 1, case 3), one statement a line."""
    program = MProgram()
    for raw in text.replace("\r\n", "\n").replace("\\\n", " ").split("\n"):
        line = re.sub(r"(^|(?<=\s))#.*", "", raw).strip()
        if not line:
            continue
        if m := _RULE.fullmatch(line):
            _add_rule(program, _refs(m[2]), m[3], bool(m[1]), _refs(m[4]))
        elif m := _CONNECT.fullmatch(line):
            _add_connect(program, m[1], m[2])
        elif m := _NAMING.fullmatch(line):
            names = _bare(_refs(m[2]))
            if m[1] == "start":
                _mention(program, names)
                program.starts += names
            else:
                program.agains += names
        elif m := _ORDER.fullmatch(line):
            later, earlier = _bare(_refs(m[1])), _bare(_refs(m[3]))
            _mention(program, later + earlier)
            program.orders += [MOrder(b, a, m[2]) for a in later for b in earlier]
        else:
            raise ValueError(f"not a rules-only statement: {raw!r}")
    return program


def _refs(text: str) -> list[Ref]:
    """References of a list; one segment is a resource, action `run` (section 1, case 3)."""
    refs: list[Ref] = []
    for item in text.split(","):
        name, _, num = item.strip().partition("#")
        refs.append((name if "." in name else f"{name}.run", int(num) if num else None))
    return refs


def _bare(refs: list[Ref]) -> list[str]:
    """Names where no number may stand (section 6, errors: a number on an order)."""
    if any(num is not None for _, num in refs):
        raise Refused("a number where none may stand")
    return [name for name, _ in refs]


def _mention(program: MProgram, names: Iterable[str]) -> None:
    program.actions += [n for n in dict.fromkeys(names) if n not in program.actions]


def _add_rule(program: MProgram, emitters: list[Ref], words: str, every: bool, to: list[Ref]) -> None:
    """Lists expand (section 4): a rule for each subscriber and, unless `all`, for each emitter."""
    events = frozenset(words.split("|"))
    if not events <= EVENTS:
        raise ValueError(f"not an event: {words}")
    _mention(program, [name for name, _ in [*emitters, *to]])
    for t in to:
        groups = [tuple(emitters)] if every else [(e,) for e in emitters]
        program.rules += [MRule(g, events, every, t) for g in groups]


def _add_connect(program: MProgram, a: str, b: str) -> None:
    """Section 8; `connect a a` makes nothing and mentions nothing (case random-37)."""
    if a == b:
        return
    a_run, a_remove = f"{a}.run", f"{a}.remove"
    b_run, b_reload, b_remove = f"{b}.run", f"{b}.reload", f"{b}.remove"
    _mention(program, [a_run, b_reload, a_remove, b_run, b_remove])
    changed = frozenset({"changed"})
    program.rules.append(MRule(((a_run, None),), changed, False, (b_reload, None)))
    program.rules.append(MRule(((a_remove, None),), changed, False, (b_run, None), remove=True))
    program.orders.append(MOrder(a_run, b_run, "needs", weak=True))
    program.orders.append(MOrder(b_run, b_reload, "needs", weak=True))
    program.orders.append(MOrder(b_remove, a_remove, "after", weak=True))


# --- graphs ------------------------------------------------------------------------------------------------


def _names(rule: MRule) -> frozenset[str]:
    return frozenset(name for name, _ in rule.emitters)


def _to_later(rule: MRule) -> bool:
    """The rule goes to an explicit #N above 0."""
    return (rule.to[1] or 0) > 0


def _explicit(rule: MRule) -> bool:
    """An explicit #N above 0 stands on either side."""
    return _to_later(rule) or any((n or 0) > 0 for _, n in rule.emitters)


def _edges(rules: Iterable[MRule], orders: Iterable[MOrder]) -> set[Edge]:
    """Emitter → subscriber, earlier → later (section 4)."""
    return {(e, r.to[0]) for r in rules for e in _names(r)} | {(o.before, o.after) for o in orders}


def _reach(node: str, edges: set[Edge]) -> set[str]:
    """What is reached from `node` in one step or more."""
    found: set[str] = set()
    new = {node}
    while new := {b for a, b in edges if a in new} - found:
        found |= new
    return found


def _components(nodes: Iterable[str], edges: set[Edge]) -> list[frozenset[str]]:
    """The strongly connected components of the graph within `nodes`."""
    inside = set(nodes)
    kept = {(a, b) for a, b in edges if a in inside and b in inside}
    reach = {n: _reach(n, kept) | {n} for n in inside}
    return list({frozenset(m for m in reach[n] if n in reach[m]) for n in inside})


def _cyclic(nodes: Iterable[str], edges: set[Edge]) -> list[frozenset[str]]:
    """Those components with more than one action, or one that triggers itself (section 6)."""
    return [c for c in _components(nodes, edges) if len(c) > 1 or any((n, n) in edges for n in c)]


# --- section 4 ---------------------------------------------------------------------------------------------


def expand(program: MProgram) -> tuple[list[MRule], list[MOrder]]:
    """One emitter for each rule that is not `all`, exact duplicates merged, weak orders in cycles dropped."""
    merged: dict[tuple[object, ...], MRule] = {}
    for r in program.rules:
        for group in [r.emitters] if r.all else [(e,) for e in r.emitters]:
            key = (group, r.events, r.all, r.to)
            made = r.remove and (key not in merged or merged[key].remove)
            merged[key] = MRule(group, r.events, r.all, r.to, made)
    rules = list(merged.values())
    orders = list(dict.fromkeys(program.orders))
    edges = _edges([r for r in rules if not _explicit(r)], orders)
    components = _components(program.actions, edges)
    together = {(o.before, o.after) for o in orders for c in components if {o.before, o.after} <= c}
    return rules, [o for o in orders if not (o.weak and (o.before, o.after) in together)]


# --- section 5 ---------------------------------------------------------------------------------------------


@dataclass
class Planned:
    """The planned actions, what starts, and the rules and orders that hold between them (section 5, 3)."""

    actions: set[str]
    starts: set[str]
    rules: list[MRule]
    orders: list[MOrder]


def _hold(actions: set[str], starts: set[str], rules: list[MRule], orders: list[MOrder]) -> Planned:
    return Planned(
        actions,
        starts,
        [r for r in rules if _names(r) <= actions and r.to[0] in actions],
        [o for o in orders if o.before in actions and o.after in actions],
    )


def reached(begin: set[str], rules: list[MRule]) -> set[str]:
    """What rules can reach (section 5, 1): an `all` rule once all of its emitters are; #N above 0 never."""
    found = set(begin)
    while new := {r.to[0] for r in rules if not _to_later(r) and _names(r) <= found} - found:
        found |= new
    return found


def planned_of(
    program: MProgram, rules: list[MRule], orders: list[MOrder], entry: str, start: Iterable[str] | None
) -> Planned:
    """Section 5 for these rules and orders."""
    starts = set(start) if start is not None else _starts(program, rules, orders, entry)
    return _hold(reached(starts, rules), starts, rules, orders)


def _starts(program: MProgram, rules: list[MRule], orders: list[MOrder], entry: str) -> set[str]:
    """Section 5, 1 and 2."""
    entries = [a for a in program.actions if a.rpartition(".")[2] == entry]
    live = reached({*entries, *program.starts}, rules)
    live_rules = [r for r in rules if not _to_later(r) and _names(r) <= live]
    triggered = {r.to[0] for r in live_rules}
    starts = {a for a in entries if a not in triggered}
    if entry == "run":
        starts |= {*program.sinks, *program.starts}

    def serves(candidate: str, cycle: frozenset[str]) -> bool:
        if not cycle <= reached((live - cycle) | {candidate}, rules):
            return False
        planned = _hold(live, starts | {candidate}, rules, orders)
        parts = _cyclic(live, _edges(planned.rules, planned.orders))
        try:
            open_part(next(p for p in parts if candidate in p), planned, program)
        except Refused:
            return False
        return True

    cycles = _cyclic(live, _edges(live_rules, []))
    for cycle in sorted(cycles, key=lambda c: min(map(program.actions.index, c))):
        from_outside = any(r.to[0] in cycle and not _names(r) & cycle for r in live_rules)
        candidates = [a for a in entries if a in cycle]
        if not from_outside and not starts & cycle and candidates:
            starts.add(next((c for c in candidates if serves(c, cycle)), candidates[0]))
    if starts:
        return starts
    triggered = {r.to[0] for r in rules if not _to_later(r)}
    return {a for a in program.actions if a not in triggered and not a.endswith(".remove")}


# --- section 6 ---------------------------------------------------------------------------------------------


def open_part(part: frozenset[str], planned: Planned, program: MProgram) -> tuple[set[str], set[MRule]]:
    """Steps 1-4 for an outermost part: the actions that run again and the closing rules."""
    rules = [r for r in planned.rules if not _explicit(r)]
    chosen: set[str] = set()
    closing: set[MRule] = set()
    todo = _cyclic(part, _edges(rules, planned.orders))
    while todo:
        piece = todo.pop()
        again = _choose(piece, part, rules, planned, program)
        chosen.add(again)
        closing |= {r for r in rules if r.to[0] == again and _names(r) & piece}
        todo += _cyclic(piece, _edges(set(rules) - closing, planned.orders))
    return chosen, closing


def _choose(
    piece: frozenset[str], part: frozenset[str], rules: list[MRule], planned: Planned, program: MProgram
) -> str:
    """Steps 1 and 2: the action of a piece of an outermost part that runs again."""
    below = _below(planned)
    depth: dict[str, float] = {}
    from_outside = [r for r in planned.rules if not _to_later(r) and not _names(r) & piece]
    for action in piece:
        outside = [r for r in from_outside if r.to[0] == action]
        if any(_names(r) & part for r in outside):
            depth[action] = float("inf")  # step 4: from elsewhere in the outermost part
        elif action in planned.starts:
            depth[action] = 0
        elif outside:
            depth[action] = max(below[e] for r in outside for e in _names(r))
    pinned = {r.to[0] for r in rules if r.to[1] == 0 and _names(r) & piece}
    pinned |= {o.after for o in planned.orders if o.before in piece}
    ways = [a for a in depth if a not in pinned]
    if not ways:
        raise Refused(f"no way in can run again: {', '.join(sorted(piece))}")
    edges = {(a, b) for a, b in _edges(rules, planned.orders) if a in piece and b in piece}

    def rank(a: str) -> tuple[float, ...]:
        into, out = sum(b == a for _, b in edges), sum(b == a for b, _ in edges)
        return (a in program.agains, into * out, depth[a], -program.actions.index(a))

    return max(ways, key=rank)


def _below(planned: Planned) -> dict[str, int]:
    """For each action the depth of its component plus the number of the component's actions (step 2)."""
    edges = _edges(planned.rules, planned.orders)
    components = _components(planned.actions, edges)
    below: dict[str, int] = {}
    while len(below) < len(planned.actions):
        for c in components:
            before = {a for a, b in edges if b in c and a not in c}
            if before <= below.keys():
                below |= dict.fromkeys(c, max((below[a] for a in before), default=0) + len(c))
    return below


def plan(program: MProgram, entry: str = "run", start: Iterable[str] | None = None) -> MPlan:
    """The plan of a program (sections 4, 5, 6), or Refused."""
    rules, orders = expand(program)
    start = None if start is None else list(start)
    # section 8: a connect's remove rule is not in a plan that contains b.remove without any such rule
    first = planned_of(program, [r for r in rules if not r.remove], orders, entry, start)
    rules = [r for r in rules if not (r.remove and f"{r.to[0].rpartition('.')[0]}.remove" in first.actions)]
    planned = planned_of(program, rules, orders, entry, start)
    if not planned.actions:
        raise Refused("a plan without steps")
    if any(o.before == o.after for o in planned.orders):
        raise Refused("an order of an action on itself")

    edges = _edges(planned.rules, planned.orders)
    component = {a: c for c in _components(planned.actions, edges) for a in c}
    chosen: set[str] = set()
    closing: set[MRule] = set()
    for part in _cyclic(planned.actions, edges):
        part_chosen, part_closing = open_part(part, planned, program)
        chosen |= part_chosen
        closing |= part_closing
    if ignored := {a for a in program.agains if a in planned.actions} - chosen:
        raise Refused(f"`again` is not obeyed: {', '.join(sorted(ignored))}")

    def look(ref: Ref, listener: str) -> str:
        """Who listens to whom: the instance named, else #0 within one outermost part, else the fold."""
        action, num = ref
        if num is not None:
            return f"{action}#{num}"
        return f"{action}#0" if component[action] == component[listener] else action

    numbers = {a: {0, 1} if a in chosen else {0} for a in planned.actions}
    for r in planned.rules:
        numbers[r.to[0]].add(r.to[1] or 0)
    for action, made in numbers.items():
        if made != set(range(len(made))):
            raise Refused(f"the numbers of {action} leave a gap")
    for action, num in (e for r in planned.rules for e in r.emitters):
        if num is not None and num not in numbers[action]:
            raise Refused(f"the plan does not make {action}#{num}")

    def target(r: MRule) -> str:
        return f"{r.to[0]}#{1 if r in closing else r.to[1] or 0}"

    made_plan = MPlan(
        start=planned.starts,
        steps={f"{a}#{n}" for a, made in numbers.items() for n in made},
        again=chosen,
        rules={
            MPlanRule(tuple(look(e, r.to[0]) for e in r.emitters), r.events, r.all, target(r), r in closing)
            for r in planned.rules
        },
        orders={
            MPlanOrder(look((o.before, None), o.after), f"{o.after}#{n}", o.kind)
            for o in planned.orders
            for n in numbers[o.after]
        },
        dormant=set(program.actions) - planned.actions,
    )
    waits = waits_for(made_plan)
    if any(s in _reach(s, waits) for s in made_plan.steps):
        raise Refused("an instance would wait for itself")
    return made_plan


def waits_for(made: MPlan) -> set[Edge]:
    """(earlier, later): what must be settled before what (section 7; #1 after #0: section 6)."""
    of_one = [made.instances(s.rpartition("#")[0]) for s in made.steps]
    waits = {(s, t) for steps in of_one for s in steps for t in steps if number(s) < number(t)}
    pairs = [(lk, r.to) for r in made.rules for lk in r.looks] + [(o.before, o.after) for o in made.orders]
    return waits | {(s, to) for lk, to in pairs for s in ([lk] if "#" in lk else made.instances(lk))}
