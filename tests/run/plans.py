"""Plans for tests: from rules-only text by way of the reference model, so that they need no compiler."""

from __future__ import annotations

from model.plan import MPlan, number, parse_rules_only, plan, waits_for

from evdsl.base.source import Source, Span
from evdsl.plan.plan import Edge, Look, Plan, Step, Trigger


def plan_of(*lines: str) -> Plan:
    """The plan of a rules-only text. Every rule and order has its own line as origin where it can be told."""
    text = "\n".join(lines)
    return from_model(plan(parse_rules_only(text)), text)


def from_model(made: MPlan, text: str = "") -> Plan:
    """The reference model's plan as a Plan; steps in an order in which they could run, ties by name."""
    source = Source("test.events", text)
    ids = _in_order(made)
    at = {id_: i for i, id_ in enumerate(ids)}
    names = sorted({id_.rpartition("#")[0] for id_ in ids})
    of = {name: i for i, name in enumerate(names)}
    steps = []
    for id_ in ids:
        name, _, num = id_.rpartition("#")
        resource, _, action = name.rpartition(".")
        steps.append(Step(resource, action, int(num), of[name]))

    def look(name: str) -> Look:
        if "#" in name:
            return Look((at[name],), False, name)
        return Look(tuple(at[i] for i in made.instances(name)), True, name)

    def origin(*words: str) -> Span:
        for i, line in enumerate(text.split("\n")):
            if all(word in line for word in words):
                start = source.starts[i]
                return Span(source, start, start + len(line))
        return Span(source, 0, 0)

    triggers: list[list[Trigger]] = [[] for _ in ids]
    loops: dict[int, list[Trigger]] = {}
    for r in sorted(made.rules, key=lambda r: (r.to, r.looks, sorted(r.events), r.all)):
        bare = [lk.partition("#")[0] for lk in r.looks]
        trigger = Trigger(
            tuple(look(lk) for lk in r.looks),
            tuple(sorted(r.events)),
            r.all,
            at[r.to],
            r.closing,
            origin(*bare, r.to.partition("#")[0], *r.events),
        )
        triggers[at[r.to]].append(trigger)
        for name in bare:  # within the part: the rule looks at #0 though there are more instances
            last = made.instances(name)[-1]
            if number(last) > 0 and f"{name}#0" in r.looks and not r.to.startswith(f"{name}#1"):
                loops.setdefault(at[last], []).append(trigger)
    orders: list[list[Edge]] = [[] for _ in ids]
    for o in sorted(made.orders, key=lambda o: (o.after, o.before, o.kind)):
        orders[at[o.after]].append(Edge(look(o.before), at[o.after], o.kind == "needs", False, origin()))
    start = sorted(at[f"{a}#0"] for a in made.start)
    return Plan("test.events", steps, start, triggers, orders, [], sorted(made.dormant), {}, loops, [])


def _in_order(made: MPlan) -> list[str]:
    before: dict[str, set[str]] = {s: set() for s in made.steps}
    for a, b in waits_for(made):
        before[b].add(a)
    ids: list[str] = []
    while len(ids) < len(before):
        done = set(ids)
        ids.append(min(s for s in before if s not in done and before[s] <= done))
    return ids
