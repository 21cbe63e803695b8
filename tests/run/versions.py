"""Programs for lives of many runs: random ones, and what becomes of them when somebody edits them between runs."""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cache

from model.plan import MPlan, MPlanOrder, MPlanRule, Refused, parse_rules_only
from model.random_programs import random_program
from model.runs import MDebt, Shape

import evdsl
from evdsl.meaning.program import Program
from evdsl.plan.plan import Plan

SINK = "sink"
PROGRAMS = 240
EDITS = 4
_ON_CUT = ("fail", "ask")


@dataclass(frozen=True)
class Version:
    """A program as it stands in its file at some time: the product's, and what the model makes of it.

    `rules`: all rules of the file, dormant ones too. `connects`: (from, to) hands `v` over as `w`. `on_cut` by action.
    """

    text: str
    program: Program
    plan: Plan
    shape: Shape
    rules: frozenset[MDebt]
    connects: tuple[tuple[str, str], ...]
    commands: dict[str, str]
    on_cut: dict[str, str]

    def __hash__(self) -> int:
        return hash(self.text)

    def text_of(self, step: str) -> object:
        """All that decides what a step does and when, whatever else the plan has."""
        name, _, _ = step.rpartition("#")
        resource = name.rpartition(".")[0]
        into = frozenset((r.looks, r.events, r.all) for r in self.shape.into[step])
        behind = frozenset((o.before, o.kind) for o in self.shape.behind[step])
        starts = step == f"{name}#0" and name in self.shape.plan.start
        return self.commands.get(name, resource), into, behind, starts


@dataclass(frozen=True)
class _Draft:
    """The lines of a program, before anybody has looked at them."""

    rules: tuple[str, ...]
    connects: tuple[tuple[str, str], ...]
    on_cut: tuple[tuple[str, str], ...]
    changed: frozenset[str] = frozenset()  # actions whose command is another one
    comments: int = 0


@cache
def version(number: int, edit: int) -> Version:
    """Program `number`, after its edit `edit`; 0 is how it began."""
    rng = random.Random(f"program {number}")
    while True:
        draft = _drafted(rng)
        made = _read(draft)
        if made is not None:
            break
    rng = random.Random(f"program {number} edit {edit}")
    while edit:
        if (other := _read(_edited(draft, made, rng))) is not None:
            return other
    return made


def _drafted(rng: random.Random) -> _Draft:
    lines = [line for line in random_program(rng, rng.randint(2, 9)).split("\n") if line]
    names = _actions(lines)
    if len(names) > 1 and rng.random() < 0.4:  # what is told of a failure, and perhaps tries again
        first, second = rng.sample(sorted(names), 2)
        lines.append(f"on {first} {rng.choice(('failed', 'failure', 'failed|error'))} {second}")
        if rng.random() < 0.5:
            lines.append(f"on {rng.choice((first, second))} changed|failed {first}")
    resources = sorted({name.rpartition(".")[0] for name in names})
    connects = []
    for _ in range(rng.choice((0, 1, 1, 2)) if len(resources) > 1 else 0):
        connects.append(tuple(rng.sample(resources, 2)))
    if connects and rng.random() < 0.5:
        lines.append(f"on {SINK}.run changed {rng.choice(resources)}.run")
        connects.append((rng.choice(resources), SINK))
        if rng.random() < 0.6:
            lines.append(f"{SINK}.run after {connects[-1][0]}.run")
    on_cut = [(name, rng.choice(_ON_CUT)) for name in sorted(_actions(lines)) if rng.random() < 0.1]
    return _Draft(tuple(lines), tuple(dict.fromkeys(connects)), tuple(on_cut))  # type: ignore[arg-type]


def _edited(draft: _Draft, made: Version, rng: random.Random) -> _Draft:
    lines = list(draft.rules)
    kind = rng.random()
    changed = draft.changed
    if kind < 0.35 and len(lines) > 1:
        del lines[rng.randrange(len(lines))]
    elif kind < 0.6:
        lines.insert(rng.randrange(len(lines) + 1), random_program(rng, 1).strip())
    elif kind < 0.9:
        name = rng.choice(sorted(made.shape.instances))
        changed = draft.changed | {name}
    return _Draft(tuple(lines), draft.connects, draft.on_cut, changed, draft.comments + 1)


def _actions(lines: list[str]) -> set[str]:
    try:
        names = set(parse_rules_only("\n".join(lines)).actions)
    except (Refused, ValueError):
        return set()
    return {name for name in names if name.rpartition(".")[0] != SINK}


def _read(draft: _Draft) -> Version | None:
    """What the file means; None where it is refused."""
    names = sorted(_actions(list(draft.rules)))
    on_cut = dict(draft.on_cut)
    text = ["# comment"] * draft.comments
    commands: dict[str, str] = {}
    for resource in sorted({name.rpartition(".")[0] for name in names}):
        own = []
        for name in names:
            of, _, word = name.rpartition(".")
            if of == resource:
                commands[name] = f'sh "true {int(name in draft.changed)}"'
                option = f' [on_cut = "{on_cut[name]}"]' if name in on_cut else ""
                own.append(f"{word}: {commands[name]}{option}")
        text.append(f'resource {resource} {{ v = "0"; {"; ".join(own)} }}')
    connects = [c for c in draft.connects if {c[0], c[1]} <= {SINK, *(n.rpartition(".")[0] for n in names)}]
    if any(SINK in line for line in draft.rules) or any(SINK in c for c in connects):
        text.append(f"resource {SINK}")
    text += [f"connect {a} {b} {{ v -> w; no events }}" for a, b in connects]
    text += draft.rules
    whole = "\n".join(text) + "\n"
    try:
        loaded = evdsl.load(whole)
        plan = loaded.plan().inner
    except evdsl.Refused:
        return None
    program = loaded.inner
    if program is None:
        return None
    actions = program.actions
    rules = frozenset(
        MDebt(
            tuple([actions[e].name for e in r.emitters]),
            frozenset(r.events),
            r.all,
            actions[r.subscriber].name,
        )
        for r in program.rules
    )
    return Version(whole, program, plan, Shape(_modelled(plan)), rules, tuple(connects), commands, on_cut)


def _modelled(plan: Plan) -> MPlan:
    """The product's plan as the model has one. How plans are made is held against the model elsewhere."""
    ids = [step.id for step in plan.steps]
    rules = {
        MPlanRule(tuple([look.name for look in t.looks]), frozenset(t.events), t.all, ids[t.to], t.closing)
        for into in plan.triggers
        for t in into
    }
    orders = {
        MPlanOrder(e.before.name, ids[e.after], "needs" if e.needs else "after")
        for into in plan.orders
        for e in into
    }
    start = {plan.steps[step].name for step in plan.start}
    return MPlan(start, set(ids), set(), rules, orders, set(plan.dormant))
